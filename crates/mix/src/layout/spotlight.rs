//! The stage and the strips beside it.

use super::grid::{Area, Grid, Shape};
use super::{Arrangement, Stage, Tile, usual_aspect};
use crate::settings::{DesktopAlign, Layout};

/// A strip beside a screen grows this far over its usual depth.
const DEEPEST: f32 = 1.6;

impl Stage {
    pub(super) fn spotlight(
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
