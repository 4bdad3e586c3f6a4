//! From lengths and alignments to rectangles.

use super::{Align, Content, Element, Length, Seat};
use crate::layout::Rect;
use crate::layout::grid::even_near;

/// A place for a tile.
pub(super) struct Place<'a> {
    pub seat: &'a Seat,
    /// May reach beyond the picture.
    pub rect: Rect,
    align: Align,
}

impl Place<'_> {
    /// The largest rectangle of these proportions in `area`, where the place
    /// stands in what it is in.
    pub(super) fn contained(&self, area: Rect, aspect: f32) -> Rect {
        let (w, h) = (area.width as f32, area.height as f32);
        let aspect = aspect.clamp(0.05, 20.0);
        let (width, height) = match w > h * aspect {
            true => (even_near(h * aspect), area.height),
            false => (area.width, even_near(w / aspect)),
        };
        let (width, height) = (width.clamp(2, area.width), height.clamp(2, area.height));
        let (left, top) = ((area.width - width) / 4 * 2, (area.height - height) / 4 * 2);
        let (right, bottom) = (area.width - width, area.height - height);
        let (dx, dy) = match self.align {
            Align::Left => (0, top),
            Align::Right => (right, top),
            Align::Top => (left, 0),
            Align::Bottom => (left, bottom),
            Align::TopLeft => (0, 0),
            Align::TopRight => (right, 0),
            Align::BottomLeft => (0, bottom),
            Align::BottomRight => (right, bottom),
            _ => (left, top),
        };
        Rect {
            x: area.x + dx,
            y: area.y + dy,
            width,
            height,
        }
    }
}

#[derive(Clone, Copy)]
struct Area {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

/// All places in the order in which they are described.
pub(super) fn places(elements: &[Element], width: u32, height: u32) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    let whole = Area {
        x: 0.0,
        y: 0.0,
        width: width as f32,
        height: height as f32,
    };
    lay_out(elements, whole, &mut places);
    places
}

/// Which way elements of one kind go on.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    Across,
    Down,
}

fn flow(element: &Element) -> Option<Flow> {
    match element.align {
        Align::Row | Align::RowCenter => Some(Flow::Across),
        Align::Column | Align::ColumnCenter => Some(Flow::Down),
        _ => None,
    }
}

/// A length of what has `whole`, of which a part is `part`.
fn length(length: Length, whole: f32, part: Option<f32>) -> f32 {
    let part = part.unwrap_or(whole);
    match length {
        Length::Rest => part,
        Length::Pixels(pixels) => pixels as f32,
        Length::Percent(percent) => whole * percent / 100.0,
        Length::Parts(parts) => part * parts,
    }
}

fn lay_out<'a>(elements: &'a [Element], area: Area, places: &mut Vec<Place<'a>>) {
    let count = |wanted: Flow| elements.iter().filter(|e| flow(e) == Some(wanted)).count();
    let (across, down) = (count(Flow::Across), count(Flow::Down));
    let part_of = |whole: f32, count: usize| whole / count.max(1) as f32;
    let size = |element: &Element| {
        let column = part_of(area.width, across);
        let row = part_of(area.height, down);
        // Who stands alone has all there is.
        let wide = flow(element) == Some(Flow::Across);
        let high = flow(element) == Some(Flow::Down);
        (
            length(element.width, area.width, wide.then_some(column)),
            length(element.height, area.height, high.then_some(row)),
        )
    };
    let taken = |wanted: Flow| -> f32 {
        let those = elements.iter().filter(|e| flow(e) == Some(wanted));
        those
            .map(|element| match wanted {
                Flow::Across => size(element).0,
                Flow::Down => size(element).1,
            })
            .sum()
    };
    // Where the next of a row or column begins.
    let centred = |align: Align, whole: f32, taken: f32| {
        let found = elements.iter().any(|element| element.align == align);
        if found { (whole - taken) / 2.0 } else { 0.0 }
    };
    let mut next_x = centred(Align::RowCenter, area.width, taken(Flow::Across));
    let mut next_y = centred(Align::ColumnCenter, area.height, taken(Flow::Down));
    for element in elements {
        let (width, height) = size(element);
        let (right, bottom) = (area.width - width, area.height - height);
        let (dx, dy) = match element.align {
            Align::Usual | Align::Left | Align::TopLeft => (0.0, 0.0),
            Align::Right | Align::TopRight => (right, 0.0),
            Align::Top => (right / 2.0, 0.0),
            Align::Bottom => (right / 2.0, bottom),
            Align::BottomLeft => (0.0, bottom),
            Align::BottomRight => (right, bottom),
            Align::Center => (right / 2.0, bottom / 2.0),
            Align::Row => (next_x, 0.0),
            Align::RowCenter => (next_x, bottom / 2.0),
            Align::Column => (0.0, next_y),
            Align::ColumnCenter => (right / 2.0, next_y),
        };
        match flow(element) {
            Some(Flow::Across) => next_x += width,
            Some(Flow::Down) => next_y += height,
            None => {}
        }
        let padding = element.padding;
        let inner = Area {
            x: area.x + dx + element.x as f32 + padding.left as f32,
            y: area.y + dy + element.y as f32 + padding.top as f32,
            width: width - (padding.left + padding.right) as f32,
            height: height - (padding.top + padding.bottom) as f32,
        };
        match &element.content {
            Content::Box(elements) => lay_out(elements, inner, places),
            Content::Seat(seat) => places.push(Place {
                seat,
                rect: rect(inner),
                align: element.align,
            }),
        }
    }
}

/// Edges are rounded, so that neighbours stay neighbours.
fn rect(area: Area) -> Rect {
    const MOST: f32 = 65_536.0;
    let edge = |at: f32| even_near(at.clamp(0.0, MOST));
    let (x, y) = (edge(area.x), edge(area.y));
    Rect {
        x,
        y,
        width: edge(area.x + area.width).saturating_sub(x).max(2),
        height: edge(area.y + area.height).saturating_sub(y).max(2),
    }
}
