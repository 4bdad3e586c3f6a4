//! Layouts that somebody described: boxes in boxes, one description for each
//! number of tiles. The language is that of the reference's `.mix` files; this is
//! what they mean, not how they are written.

mod resolve;
mod seats;

use std::collections::BTreeMap;

use super::{Fit, Placed, Rect, Stage, Tile};
pub(crate) use seats::Guest;

/// Layouts by the number of tiles they are for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layouts {
    by_count: BTreeMap<usize, Vec<Element>>,
}

/// A box, or a place for a tile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Element {
    /// How wide, of what it is in.
    pub width: Length,
    /// How high.
    pub height: Length,
    /// Where in what it is in.
    pub align: Align,
    /// Pixels to the right of there.
    pub x: i32,
    /// Pixels below.
    pub y: i32,
    /// What stays free inside.
    pub padding: Padding,
    /// What it is.
    pub content: Content,
}

/// One side of an element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Length {
    /// Not said: all there is, or in a row of elements a share as the others.
    #[default]
    Rest,
    /// Of the composed picture.
    Pixels(u32),
    /// Of a hundred, of what it is in.
    Percent(f32),
    /// So many of the equal parts that a row of elements has, one for each.
    Parts(f32),
}

/// Where an element stands. So does a picture that does not fill its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Left, upper corner; a picture in the middle of its place.
    #[default]
    Usual,
    /// The same; a picture at the left.
    Left,
    /// Right, upper corner; a picture at the right.
    Right,
    /// In the middle above.
    Top,
    /// In the middle below.
    Bottom,
    /// Left, upper corner.
    TopLeft,
    /// Right, upper corner.
    TopRight,
    /// Left, lower corner.
    BottomLeft,
    /// Right, lower corner.
    BottomRight,
    /// In the middle.
    Center,
    /// Side by side with those before it.
    Row,
    /// The same, and all of them in the middle.
    RowCenter,
    /// Below those before it.
    Column,
    /// The same, and all of them in the middle.
    ColumnCenter,
}

/// What stays free inside of an element, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// At its left.
    pub left: u32,
    /// At its right.
    pub right: u32,
    /// At its top.
    pub top: u32,
    /// At its bottom.
    pub bottom: u32,
}

/// What an element is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A box with others in it. Later ones lie over earlier ones.
    Box(Vec<Element>),
    /// A place for a tile.
    Seat(Seat),
}

impl Default for Content {
    fn default() -> Content {
        Content::Box(Vec::new())
    }
}

/// A place for a tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// Named so in [`crate::Mixer::seat`]; `desktop` is for screens.
    pub id: Option<String>,
    /// For somebody of this name; `*` stands for anything.
    pub name: Option<String>,
    /// Pictures fill it, and their edges are cut.
    pub crop: bool,
}

/// Why a layout cannot be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LayoutError {
    /// There is one for this number.
    #[error("there is a layout for {0} already")]
    Twice(usize),
    /// It has too few places.
    #[error("a layout for {count} has places for {seats}")]
    TooFewSeats {
        /// The number of tiles it is for.
        count: usize,
        /// As many have a place.
        seats: usize,
    },
}

impl Layouts {
    /// None at all.
    pub fn new() -> Layouts {
        Layouts::default()
    }

    /// Adds one, for `count` tiles, in a picture that is the box around `elements`.
    pub fn add(&mut self, count: usize, elements: Vec<Element>) -> Result<(), LayoutError> {
        if self.by_count.contains_key(&count) {
            return Err(LayoutError::Twice(count));
        }
        let seats = seats_in(&elements);
        if seats < count {
            return Err(LayoutError::TooFewSeats { count, seats });
        }
        self.by_count.insert(count, elements);
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_count.is_empty()
    }

    /// Everything's place; `None` if there is no layout for so many. In the order
    /// of the tiles.
    pub(crate) fn arrange(
        &self,
        stage: &Stage,
        tiles: &[Tile],
        guests: &[Guest<'_>],
    ) -> Option<Vec<Option<Placed>>> {
        let elements = self.by_count.get(&tiles.len())?;
        let places = resolve::places(elements, stage.width, stage.height);
        let seats: Vec<&Seat> = places.iter().map(|place| place.seat).collect();
        let taken = seats::assign(&seats, guests);
        let mut placed: Vec<Option<Placed>> = taken
            .iter()
            .zip(tiles)
            .map(|(seat, tile)| {
                let seat = (*seat)?;
                let (rect, fit) = places[seat].shown(tile, stage)?;
                Some(Placed {
                    rect,
                    fit,
                    radius: 0,
                    layer: seat as u32 + 1,
                })
            })
            .collect();
        round_those_that_stand_free(stage, tiles, &mut placed);
        Some(placed)
    }
}

fn seats_in(elements: &[Element]) -> usize {
    let of = |element: &Element| match &element.content {
        Content::Box(elements) => seats_in(elements),
        Content::Seat(_) => 1,
    };
    elements.iter().map(of).sum()
}

/// Corners are round where nothing is beside them; those that stand side by side
/// without a gap, or at an edge, are not.
fn round_those_that_stand_free(stage: &Stage, tiles: &[Tile], placed: &mut [Option<Placed>]) {
    const NEAR: u32 = 4;
    let rects: Vec<Rect> = placed.iter().flatten().map(|p| p.rect).collect();
    for (tile, placed) in tiles.iter().zip(placed) {
        let Some(placed) = placed else { continue };
        let rect = placed.rect;
        let at_edge = rect.x < NEAR
            || rect.y < NEAR
            || rect.right() + NEAR > stage.width
            || rect.bottom() + NEAR > stage.height;
        let wider = Rect {
            x: rect.x.saturating_sub(NEAR),
            y: rect.y.saturating_sub(NEAR),
            width: rect.width + 2 * NEAR,
            height: rect.height + 2 * NEAR,
        };
        let beside = rects
            .iter()
            .any(|other| other.overlaps(&wider) && !other.overlaps(&rect));
        if !at_edge && !beside {
            placed.radius = stage.radius(Some(tile), &rect);
        }
    }
}

/// How a picture is shown in a place.
impl resolve::Place<'_> {
    fn shown(&self, tile: &Tile, stage: &Stage) -> Option<(Rect, Fit)> {
        let area = self.rect.within(stage.width, stage.height);
        if self.rect.x >= stage.width || self.rect.y >= stage.height {
            return None;
        }
        let crop = self.seat.crop && !tile.whole;
        let Some(aspect) = tile.aspect.filter(|_| !crop) else {
            return Some((area, Fit::Cover));
        };
        Some((self.contained(area, aspect), Fit::Cover))
    }
}

#[cfg(test)]
mod tests;
