//! Where every tile lies. Pure: sizes in, rectangles out.
//!
//! Without a shared screen the faces form the grid whose tiles are largest. With
//! one it takes the stage and the faces stand in a strip beside it, which is a
//! grid again, of as many columns as show them largest.

use crate::settings::{DesktopAlign, Layout};

/// A part of the composed picture. All even, as I420 asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rect {
    /// One column after the last.
    pub fn right(&self) -> u32 {
        self.x + self.width
    }

    /// One row after the last.
    pub fn bottom(&self) -> u32 {
        self.y + self.height
    }

    /// What of it lies in a picture of this size; at least its first pixels.
    pub(crate) fn within(&self, width: u32, height: u32) -> Rect {
        let (x, y) = (self.x.min(width - 2), self.y.min(height - 2));
        Rect {
            x,
            y,
            width: self.width.min(width - x),
            height: self.height.min(height - y),
        }
    }

    /// Whether both have a pixel in common.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// How a picture fills a tile of other proportions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Whole, with bars beside it.
    Contain,
    /// The tile is full, the middle of the picture is seen.
    Cover,
}

/// What is known of a source that wants a tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tile {
    /// On the stage: a shared screen, the one who speaks. Others are beside.
    pub featured: bool,
    /// Never cropped.
    pub whole: bool,
    /// width / height of its upright pictures; `None` when not known.
    pub aspect: Option<f32>,
}

/// The picture that is laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How much larger than 720p, for gaps and smallest sizes.
    pub scale: f32,
    /// Gaps or edge to edge.
    pub layout: Layout,
    /// Where featured tiles stand.
    pub align: DesktopAlign,
}

/// Where one tile lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Its place.
    pub rect: Rect,
    /// How its picture fills it.
    pub fit: Fit,
    /// Radius of its corners.
    pub radius: u32,
}

/// Where all tiles lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrangement {
    /// In the order of the tiles; `None` found no room.
    pub tiles: Vec<Option<Placed>>,
    /// Where the number of those without room is shown.
    pub more: Option<Placed>,
}

/// Smaller tiles than this (at 720p, by area) show nobody; the rest are counted
/// instead.
const SMALLEST: (f32, f32) = (104.0, 72.0);

/// More tiles than this are not tried.
const MOST_TILES: usize = 400;

/// Proportions that differ by less are the same: a pixel or two of a screen.
const ROUNDING: f32 = 0.004;

/// Of a picture's width this much stays in sight when it is cropped: a face
/// stands in the middle. Of its height much less may go.
const KEEP_ACROSS: f32 = 0.45;
const KEEP_UPRIGHT: f32 = 0.6;

/// What tiles of a crowd ask of the pictures' proportions: a little less than
/// what a single picture may lose.
const CROWD_ACROSS: f32 = 0.5625;
const CROWD_UPRIGHT: f32 = 0.75;

const USUAL: f32 = 16.0 / 9.0;

/// Radius of a tile's corners and the gap between tiles at 720p.
const RADIUS: f32 = 14.0;
const GAP: f32 = 10.0;

/// A strip beside a screen grows this far over its usual depth.
const DEEPEST: f32 = 1.6;

#[derive(Clone, Copy, Debug)]
struct Area {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

/// The narrowest and the widest tile.
#[derive(Clone, Copy, Debug)]
struct Shape {
    min: f32,
    max: f32,
}

impl Shape {
    fn exactly(aspect: f32) -> Shape {
        Shape {
            min: aspect,
            max: aspect,
        }
    }

    /// The largest size of this shape inside a cell.
    fn fit(self, width: f32, height: f32) -> (f32, f32) {
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
struct Grid {
    columns: usize,
    rows: usize,
    width: f32,
    height: f32,
}

impl Grid {
    fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The grid of `count` tiles whose tiles are largest in `area`.
    fn largest(area: Area, count: usize, gap: f32, shape: Shape) -> Grid {
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

    fn extent(&self, gap: f32) -> (f32, f32) {
        (
            self.columns as f32 * (self.width + gap) - gap,
            self.rows as f32 * (self.height + gap) - gap,
        )
    }

    /// The tiles, the whole in the middle of `area`, a short last row too. Edges
    /// are rounded as those of `area` are, so that neighbours do not overlap.
    fn place(&self, area: Area, count: usize, gap: f32) -> Vec<Rect> {
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

fn even_down(value: f32) -> u32 {
    ((value.max(2.0) + 0.01) as u32 & !1).max(2)
}

fn even_near(value: f32) -> u32 {
    ((value.max(0.0) / 2.0).round() as u32) * 2
}

/// One aspect that stands for many: their geometric mean.
fn usual_aspect<'a>(tiles: impl Iterator<Item = &'a Tile>) -> f32 {
    let (mut sum, mut count) = (0.0, 0.0f32);
    for tile in tiles {
        sum += tile.aspect.unwrap_or(USUAL).clamp(0.2, 5.0).ln();
        count += 1.0;
    }
    match count > 0.0 {
        true => (sum / count).exp(),
        false => USUAL,
    }
}

/// Proportions of tiles for faces of this aspect.
fn crowd_shape(aspect: f32) -> Shape {
    Shape {
        min: (aspect * CROWD_ACROSS).clamp(0.4, 1.0),
        max: (aspect / CROWD_UPRIGHT).clamp(0.7, USUAL),
    }
}

/// Whether a picture of `aspect` may fill `rect` by cropping.
fn bears_cropping(tile: &Tile, rect: &Rect) -> bool {
    let Some(aspect) = tile.aspect else {
        return !tile.whole;
    };
    let kept = aspect / (rect.width as f32 / rect.height as f32);
    !tile.whole
        && match kept > 1.0 {
            true => 1.0 / kept >= KEEP_ACROSS,
            false => kept >= KEEP_UPRIGHT,
        }
}

impl Stage {
    fn gap(&self) -> f32 {
        match self.layout {
            Layout::GridNoPadding | Layout::CropNoPadding => 0.0,
            _ => even_near((GAP * self.scale).clamp(4.0, 40.0)) as f32,
        }
    }

    fn radius(&self, tile: Option<&Tile>, rect: &Rect) -> u32 {
        if self.gap() == 0.0 {
            return 0;
        }
        let full = match tile.is_some_and(|tile| tile.whole) {
            // Something may stand in the corners of a screen.
            true => RADIUS / 2.0,
            false => RADIUS,
        };
        let radius = (full * self.scale).max(5.0);
        let small = rect.width.min(rect.height) as f32 * 0.09;
        radius.min(small).round() as u32
    }

    fn whole(&self) -> Area {
        Area {
            x: 0.0,
            y: 0.0,
            width: self.width as f32,
            height: self.height as f32,
        }
    }

    fn inner(&self) -> Area {
        let gap = self.gap();
        Area {
            x: gap,
            y: gap,
            width: (self.width as f32 - 2.0 * gap).max(2.0),
            height: (self.height as f32 - 2.0 * gap).max(2.0),
        }
    }

    /// Whether that many tiles in `area` are large enough to show somebody.
    fn holds(&self, area: Area, count: usize, shape: Shape) -> bool {
        let scale = self.scale.min(1.0);
        let smallest = SMALLEST.0 * SMALLEST.1 * scale * scale;
        count <= 1 || Grid::largest(area, count, self.gap(), shape).area() >= smallest
    }

    /// Proportions of tiles for these.
    fn shape(&self, tiles: &[Tile], who: &[usize]) -> Shape {
        match self.layout {
            // Pictures alike have no bars.
            Layout::GridNoPadding => {
                let mut all: Vec<f32> = who
                    .iter()
                    .map(|&i| tiles[i].aspect.unwrap_or(USUAL))
                    .collect();
                all.sort_by(f32::total_cmp);
                Shape::exactly(all.get(all.len() / 2).map_or(USUAL, |a| a.clamp(0.2, 5.0)))
            }
            _ => crowd_shape(usual_aspect(who.iter().map(|&i| &tiles[i]))),
        }
    }

    fn placed(&self, tile: &Tile, rect: Rect) -> Placed {
        let shown = rect.width as f32 / rect.height as f32;
        // A tile made for a picture differs from it by the rounding of its size.
        let alike = tile.aspect.is_some_and(|aspect| {
            let kept = aspect / shown;
            (1.0 - ROUNDING..=1.0 + ROUNDING).contains(&kept)
        });
        let fit = match self.layout {
            _ if alike => Fit::Cover,
            Layout::GridNoPadding => Fit::Contain,
            Layout::CropNoPadding if !tile.whole => Fit::Cover,
            _ if bears_cropping(tile, &rect) => Fit::Cover,
            _ => Fit::Contain,
        };
        Placed {
            rect,
            fit,
            radius: self.radius(Some(tile), &rect),
        }
    }

    /// Everything's place.
    pub fn arrange(&self, tiles: &[Tile]) -> Arrangement {
        let featured: Vec<usize> = (0..tiles.len()).filter(|&i| tiles[i].featured).collect();
        let others: Vec<usize> = (0..tiles.len()).filter(|&i| !tiles[i].featured).collect();
        let mut out = Arrangement {
            tiles: vec![None; tiles.len()],
            more: None,
        };
        if tiles.is_empty() || self.width < 2 || self.height < 2 {
            return out;
        }
        match (featured.is_empty(), tiles.len()) {
            (_, 1) => out.tiles[0] = Some(self.alone(&tiles[0])),
            (true, _) => self.crowd(self.inner(), tiles, &others, &mut out),
            (false, _) => self.spotlight(tiles, &featured, &others, &mut out),
        }
        out
    }

    /// One tile has the whole picture, to its edges where that crops little.
    fn alone(&self, tile: &Tile) -> Placed {
        let aspect = tile.aspect.unwrap_or(USUAL);
        let (width, height) = (self.width as f32, self.height as f32);
        let kept = aspect / (width / height);
        let fills = match tile.whole {
            true => (0.97..1.03).contains(&kept),
            false => (0.74..1.34).contains(&kept),
        };
        if fills || self.layout == Layout::CropNoPadding {
            let rect = Grid::largest(self.whole(), 1, 0.0, Shape { min: 0.0, max: 1e9 });
            let rect = rect.place(self.whole(), 1, 0.0)[0];
            let mut placed = self.placed(tile, rect);
            placed.radius = 0;
            return placed;
        }
        let shape = match tile.whole || self.layout == Layout::GridNoPadding {
            true => Shape::exactly(aspect),
            false => Shape {
                min: aspect * 0.7,
                max: aspect / 0.8,
            },
        };
        let area = self.inner();
        let rect = Grid::largest(area, 1, 0.0, shape).place(area, 1, 0.0)[0];
        self.placed(tile, rect)
    }

    /// The grid of those who are not featured, in `area`.
    fn crowd(&self, area: Area, tiles: &[Tile], who: &[usize], out: &mut Arrangement) {
        if who.is_empty() {
            return;
        }
        let shape = self.shape(tiles, who);
        let (shown, more) = match self.holds(area, who.len(), shape) {
            true => (who.len(), false),
            false => {
                let mut room = who.len().min(MOST_TILES);
                while !self.holds(area, room, shape) {
                    room -= 1;
                }
                (room - 1, true)
            }
        };
        let count = shown + usize::from(more);
        let rects = self.crowd_rects(area, tiles, who, count);
        for (&i, &rect) in who[..shown].iter().zip(&rects) {
            out.tiles[i] = Some(self.placed(&tiles[i], rect));
        }
        if more {
            out.more = rects.last().map(|&rect| Placed {
                rect,
                fit: Fit::Cover,
                radius: self.radius(None, &rect),
            });
        }
    }

    fn crowd_rects(&self, area: Area, tiles: &[Tile], who: &[usize], count: usize) -> Vec<Rect> {
        match self.layout {
            Layout::CropNoPadding => {
                filled_rows(area, count, usual_aspect(who.iter().map(|&i| &tiles[i])))
            }
            _ => {
                let gap = self.gap();
                Grid::largest(area, count, gap, self.shape(tiles, who)).place(area, count, gap)
            }
        }
    }

    fn spotlight(
        &self,
        tiles: &[Tile],
        featured: &[usize],
        others: &[usize],
        out: &mut Arrangement,
    ) {
        let (area, gap) = (self.inner(), self.gap());
        let aspect = usual_aspect(featured.iter().map(|&i| &tiles[i]));
        let shape = match featured.iter().any(|&i| tiles[i].whole) {
            true => Shape::exactly(aspect),
            false => Shape {
                min: aspect * 0.8,
                max: aspect / 0.9,
            },
        };
        let beside = match self.align {
            DesktopAlign::Left | DesktopAlign::Right => true,
            DesktopAlign::Top | DesktopAlign::Bottom => false,
            // Between two strips, on those sides that leave more of the screen.
            DesktopAlign::Center => area.width / area.height >= aspect * 0.98,
        };
        let strips: Vec<Vec<usize>> = match self.align {
            DesktopAlign::Center if others.len() > 1 => {
                let half = others.len().div_ceil(2);
                vec![others[..half].to_vec(), others[half..].to_vec()]
            }
            _ if others.is_empty() => Vec::new(),
            _ => vec![others.to_vec()],
        };
        let (length, across) = match beside {
            true => (area.height, area.width),
            false => (area.width, area.height),
        };
        // What the featured picture cannot use anyway is the strips'.
        let stage_most = Grid::largest(area, featured.len(), gap, shape).extent(gap);
        let spare = across - if beside { stage_most.0 } else { stage_most.1 };
        let busiest = strips.iter().map(Vec::len).max().unwrap_or(0);
        let share = match (busiest, strips.len()) {
            (0..=2, 1) => 0.24,
            (_, 1) => 0.2,
            _ => 0.15,
        };
        let strip_area = |at: f32, deep: f32| match beside {
            true => Area {
                x: area.x + at,
                y: area.y,
                width: deep,
                height: length,
            },
            false => Area {
                x: area.x,
                y: area.y + at,
                width: length,
                height: deep,
            },
        };
        let mut each = match strips.len() {
            0 => 0.0,
            n => (across * share).max((spare - gap * n as f32) / n as f32),
        };
        let faces = self.shape(tiles, others);
        // Rather a deeper strip than people who are only counted, within bounds.
        while each < across * share * DEEPEST && !self.holds(strip_area(0.0, each), busiest, faces)
        {
            each += across * 0.01;
        }
        // Tiles that do not fill their strip give the rest back.
        let deepest = strips
            .iter()
            .map(|who| {
                let extent =
                    Grid::largest(strip_area(0.0, each), who.len(), gap, faces).extent(gap);
                if beside { extent.0 } else { extent.1 }
            })
            .fold(0.0f32, f32::max);
        let deep = match self.layout {
            // Filled strips use all they have, as those do that cannot show everybody.
            _ if !self.holds(strip_area(0.0, each), busiest, faces) => each,
            Layout::CropNoPadding => each,
            _ => deepest.min(each),
        };
        let taken = (deep + gap) * strips.len() as f32;
        let stage_area = strip_area(0.0, (across - taken).max(2.0));
        let grid = Grid::largest(stage_area, featured.len(), gap, shape);
        let extent = grid.extent(gap);
        let stage_deep = if beside { extent.0 } else { extent.1 };
        // The stage and its strips stand together in the middle.
        let start = ((across - stage_deep - taken) / 2.0).max(0.0);
        let strip_first = matches!(
            (self.align, strips.len()),
            (DesktopAlign::Right | DesktopAlign::Bottom, 1) | (DesktopAlign::Center, 2)
        );
        let stage_at = start + if strip_first { deep + gap } else { 0.0 };
        let rects = grid.place(strip_area(stage_at, stage_deep), featured.len(), gap);
        for (&i, rect) in featured.iter().zip(rects) {
            out.tiles[i] = Some(self.placed(&tiles[i], rect));
        }
        for (n, who) in strips.iter().enumerate() {
            let at = match strip_first && n == 0 {
                true => start,
                false => stage_at + stage_deep + gap,
            };
            self.crowd(strip_area(at, deep), tiles, who, out);
        }
    }
}

/// Rows that fill `area` without a gap, each tile as near to `aspect` as may be.
fn filled_rows(area: Area, count: usize, aspect: f32) -> Vec<Rect> {
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

#[cfg(test)]
mod tests;
