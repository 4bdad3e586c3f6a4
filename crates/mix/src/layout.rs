//! Where every tile lies. Pure: sizes in, rectangles out.
//!
//! Without a shared screen the faces form the grid whose tiles are largest. With
//! one it takes the stage and the faces stand in a strip beside it, which is a
//! grid again, of as many columns as show them largest.

pub mod custom;
mod grid;
mod spotlight;

use self::grid::{Area, Grid, Shape, even_near, filled_rows};
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
    /// Higher ones lie over lower ones. Those of a grid lie beside each other.
    pub layer: u32,
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

/// The same of what is drawn, in pixels of a side: of a small one they are more.
const ROUNDED: f32 = 2.0;

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

/// Whether a tile was made for pictures of this aspect: it differs from them by the
/// rounding of its size.
fn is_alike(aspect: f32, rect: &Rect) -> bool {
    let kept = aspect / (rect.width as f32 / rect.height as f32);
    (1.0 - ROUNDING..=1.0 + ROUNDING).contains(&kept)
}

/// Whether a picture of this aspect fills a rectangle, but for the rounding of both.
pub(crate) fn is_filled(aspect: f32, rect: &Rect) -> bool {
    let (width, height) = (rect.width as f32, rect.height as f32);
    is_alike(aspect, rect)
        || (height * aspect - width).abs() <= ROUNDED
        || (width / aspect - height).abs() <= ROUNDED
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
        let alike = tile.aspect.is_some_and(|aspect| is_alike(aspect, &rect));
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
            layer: 0,
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
                layer: 0,
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
}

#[cfg(test)]
mod tests;
