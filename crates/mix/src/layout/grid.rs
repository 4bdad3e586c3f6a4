//! Grids: which is largest, and where its tiles lie.

use super::Rect;

#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// The narrowest and the widest tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub min: f32,
    pub max: f32,
}

impl Shape {
    pub fn exactly(aspect: f32) -> Shape {
        Shape {
            min: aspect,
            max: aspect,
        }
    }

    /// The largest size of this shape inside a cell.
    pub fn fit(self, width: f32, height: f32) -> (f32, f32) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        if width > height * self.max {
            (height * self.max, height)
        } else if width < height * self.min {
            (width, width / self.min)
        } else {
            (width, height)
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub columns: usize,
    pub rows: usize,
    pub width: f32,
    pub height: f32,
}

impl Grid {
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The grid of `count` tiles whose tiles are largest in `area`.
    pub fn largest(area: Area, count: usize, gap: f32, shape: Shape) -> Grid {
        let mut best: Option<Grid> = None;
        for columns in 1..=count.max(1) {
            let rows = count.max(1).div_ceil(columns);
            // A column that stays empty only makes tiles smaller.
            if columns > 1 && (columns - 1) * rows >= count {
                continue;
            }
            let (width, height) = shape.fit(
                (area.width - gap * (columns - 1) as f32) / columns as f32,
                (area.height - gap * (rows - 1) as f32) / rows as f32,
            );
            let grid = Grid {
                columns,
                rows,
                width,
                height,
            };
            if best.is_none_or(|best| grid.area() > best.area() + 1.0) {
                best = Some(grid);
            }
        }
        best.unwrap_or(Grid {
            columns: 1,
            rows: 1,
            width: area.width,
            height: area.height,
        })
    }

    pub fn extent(&self, gap: f32) -> (f32, f32) {
        (
            self.columns as f32 * (self.width + gap) - gap,
            self.rows as f32 * (self.height + gap) - gap,
        )
    }

    /// The tiles, the whole in the middle of `area`, a short last row too. Edges
    /// are rounded as those of `area` are, so that neighbours do not overlap.
    pub fn place(&self, area: Area, count: usize, gap: f32) -> Vec<Rect> {
        let gap = even_near(gap);
        let (columns, rows) = (self.columns as u32, self.rows as u32);
        let span = |begin: f32, length: f32| (even_near(begin), even_near(begin + length));
        let (x, right) = span(area.x, area.width);
        let (y, bottom) = span(area.y, area.height);
        let fitting = |side: f32, count: u32, room: u32| {
            let most = (room.saturating_sub(gap * (count - 1)) / count) & !1;
            even_down(side).min(most.max(2))
        };
        let width = fitting(self.width, columns, right - x);
        let height = fitting(self.height, rows, bottom - y);
        let middle = |begin: u32, end: u32, count: u32, side: u32| {
            let used = count * (side + gap) - gap;
            begin + ((end - begin).saturating_sub(used) / 4 * 2)
        };
        let top = middle(y, bottom, rows, height);
        (0..count)
            .map(|i| {
                let row = i / self.columns;
                let in_row = self.columns.min(count - row * self.columns);
                let left = middle(x, right, in_row as u32, width);
                Rect {
                    x: left + (i % self.columns) as u32 * (width + gap),
                    y: top + row as u32 * (height + gap),
                    width,
                    height,
                }
            })
            .collect()
    }
}

pub(super) fn even_down(value: f32) -> u32 {
    ((value.max(2.0) + 0.01) as u32 & !1).max(2)
}

pub(super) fn even_near(value: f32) -> u32 {
    ((value.max(0.0) / 2.0).round() as u32) * 2
}

/// Rows that fill `area` without a gap, each tile as near to `aspect` as may be.
pub(super) fn filled_rows(area: Area, count: usize, aspect: f32) -> Vec<Rect> {
    // What is lost by cropping, over all tiles.
    let lost = |rows: usize| -> f32 {
        (0..rows)
            .map(|row| {
                let in_row = row_len(count, rows, row);
                let tile = area.width / in_row as f32 / (area.height / rows as f32);
                let kept = (tile / aspect).min(aspect / tile);
                in_row as f32 * (1.0 - kept)
            })
            .sum()
    };
    let rows = (1..=count)
        .min_by(|&a, &b| lost(a).total_cmp(&lost(b)))
        .unwrap_or(1);
    let mut rects = Vec::with_capacity(count);
    for row in 0..rows {
        let in_row = row_len(count, rows, row);
        let y0 = even_near(area.y + area.height * row as f32 / rows as f32);
        let y1 = even_near(area.y + area.height * (row + 1) as f32 / rows as f32);
        for column in 0..in_row {
            let x0 = even_near(area.x + area.width * column as f32 / in_row as f32);
            let x1 = even_near(area.x + area.width * (column + 1) as f32 / in_row as f32);
            rects.push(Rect {
                x: x0,
                y: y0,
                width: x1 - x0,
                height: y1 - y0,
            });
        }
    }
    rects
}

/// Tiles in a row when `count` are spread over `rows`, the fuller rows last.
fn row_len(count: usize, rows: usize, row: usize) -> usize {
    (count + row) / rows
}
