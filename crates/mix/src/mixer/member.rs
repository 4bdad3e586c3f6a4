//! One of those who are seen.

use super::motion::Motion;
use super::{Source, SourceId, SourceKind};
use crate::draw::Sprite;
use crate::image::Image;
use crate::layout::{Fit, Placed, Rect, is_filled};
use crate::picture::Picture;
use crate::scale::Rotation;
use crate::voice::Voice;

/// What a tile looked like when it was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    pub rect: Rect,
    pub radius: u32,
    pub opacity: u8,
    pub ring: u8,
    pub pictures: u64,
    pub fit: Fit,
}

/// A name drawn for a size of tile.
#[derive(Debug)]
pub(super) struct Caption {
    pub size: (u32, u32),
    pub sprite: Option<Sprite>,
}

#[derive(Debug)]
pub(super) struct Member {
    pub id: SourceId,
    pub source: Source,
    pub picture: Option<Picture>,
    pub rotation: Rotation,
    /// Counts what changed of the picture.
    pub pictures: u64,
    pub natural: Option<(u32, u32)>,
    pub natural_was_told: bool,
    pub voice: Voice,
    pub leaving: bool,
    pub placed: Option<Placed>,
    pub motion: Option<Motion>,
    pub drawn: Option<Drawn>,
    /// The picture in the size of the tile, and what it was made from.
    pub fitted: Option<(u64, Picture)>,
    pub card: Option<Picture>,
    pub caption: Option<Caption>,
    pub avatar: Option<Image>,
    /// The microphone is off.
    pub muted: bool,
    /// The place of a layout that was chosen for them.
    pub seat: Option<String>,
}

impl Member {
    /// Somebody who has just come.
    pub fn new(id: SourceId, source: Source) -> Member {
        Member {
            id,
            source,
            picture: None,
            rotation: Rotation::None,
            pictures: 0,
            natural: None,
            natural_was_told: false,
            voice: Voice::default(),
            leaving: false,
            placed: None,
            motion: None,
            drawn: None,
            fitted: None,
            card: None,
            caption: None,
            avatar: None,
            muted: false,
            seat: None,
        }
    }

    pub fn shows_picture(&self) -> bool {
        self.source.has_video && self.picture.is_some()
    }

    /// How its picture fills a rectangle. A screen is never cut, whatever its tile
    /// was made for and while it moves.
    pub fn fit(&self, rect: &Rect) -> Fit {
        let fit = self.placed.map_or(Fit::Cover, |placed| placed.fit);
        let screen = self.source.kind == SourceKind::Screen;
        let Some(picture) = self.picture.as_ref().filter(|_| screen) else {
            return fit;
        };
        let (width, height) = self.rotation.size(picture.width(), picture.height());
        match is_filled(width as f32 / height as f32, rect) {
            true => fit,
            false => Fit::Contain,
        }
    }

    /// Proportions of the upright picture. Cards have none of their own: they are
    /// counted as the usual camera.
    pub fn aspect(&self) -> Option<f32> {
        let (width, height) = self.natural.filter(|_| self.source.has_video)?;
        let (width, height) = self.rotation.size(width, height);
        Some(width as f32 / height as f32)
    }
}
