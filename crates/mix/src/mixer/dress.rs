//! What is chosen besides settings: layouts, a background, a watermark,
//! portraits; and who is silent.

use std::collections::BTreeSet;

use super::{Mixer, SourceId};
use crate::draw::{Sketch, Sprite};
use crate::image::Image;
use crate::layout::Rect;
use crate::layout::custom::Layouts;
use crate::picture::Picture;
use crate::settings::Settings;
use crate::text::Writer;

/// Where something lies over the whole picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// In a corner, a little inside, or in the middle.
    Anchor(Anchor),
    /// Pixels of a 720p picture from the left and from the top.
    At(u32, u32),
}

/// A corner, or the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// Above at the left.
    TopLeft,
    /// Above at the right.
    #[default]
    TopRight,
    /// Below at the left.
    BottomLeft,
    /// Below at the right.
    BottomRight,
    /// In the middle.
    Center,
}

/// Distance of a watermark from the edges, at 720p.
const INSET: f32 = 24.0;

#[derive(Debug)]
pub(super) struct Watermark {
    pub sprite: Sprite,
    pub rect: Rect,
}

impl Mixer {
    /// Places tiles as somebody described it, for those numbers of tiles that
    /// there is a description for. Empty: as [`crate::Settings::layout`] says.
    pub fn set_layouts(&mut self, layouts: Layouts) {
        self.layouts = layouts;
        self.arrange();
    }

    /// Numbers of tiles for which [`Mixer::set_layouts`] had no layout, so far.
    pub fn counts_without_layout(&self) -> &BTreeSet<usize> {
        &self.without_layout
    }

    /// Chooses somebody's place by its id; `None`: whichever is next.
    pub fn seat(&mut self, id: SourceId, seat: Option<&str>) {
        if let Some(member) = self.member(id) {
            member.seat = seat.map(str::to_owned);
            self.arrange();
        }
    }

    /// What is seen where nothing is: an image that covers everything, its edges
    /// cut where it has another shape, or the colour of the settings.
    pub fn set_background(&mut self, image: Option<&Image>) {
        let (width, height) = (self.settings.width, self.settings.height);
        let matrix = self.settings.matrix;
        let colour = Picture::solid(width, height, matrix.yuv(self.settings.background));
        self.background = colour;
        self.background_image = image.is_some();
        if let Some(image) = image {
            let sprite = image.covering(width, height).to_sprite(matrix);
            let whole = self.whole();
            self.background.edit().sprite(&sprite, 0, 0, &whole, 255);
        }
        self.draw_all = true;
    }

    /// An image over everything. Its pixels are those of a 720p picture; one that
    /// is larger than the picture is made smaller.
    pub fn set_watermark(&mut self, image: Option<&Image>, spot: Spot) {
        self.draw_all = true;
        let Some(image) = image else {
            self.watermark = None;
            return;
        };
        let rect = self.spot(image, spot);
        let sprite = image.to_sprite(rect.width, rect.height, self.settings.matrix);
        self.watermark = Some(Watermark { sprite, rect });
    }

    fn spot(&self, image: &Image, spot: Spot) -> Rect {
        let even = |value: f32| ((value.max(0.0) / 2.0).round() as u32) * 2;
        let (width, height) = (self.settings.width, self.settings.height);
        let scale = self.settings.scale();
        let (w, h) = (image.width() as f32 * scale, image.height() as f32 * scale);
        let smaller = (width as f32 / w).min(height as f32 / h).min(1.0);
        let w = even(w * smaller).clamp(2, width);
        let h = even(h * smaller).clamp(2, height);
        let inset = even(INSET * scale);
        let (right, bottom) = (width - w, height - h);
        let near = |free: u32| inset.min(free / 4 * 2);
        let far = |free: u32| free - near(free);
        let (x, y) = match spot {
            Spot::At(x, y) => {
                let at = |side: u32, free: u32| even(side as f32 * scale).min(free);
                (at(x, right), at(y, bottom))
            }
            Spot::Anchor(anchor) => match anchor {
                Anchor::TopLeft => (near(right), near(bottom)),
                Anchor::TopRight => (far(right), near(bottom)),
                Anchor::BottomLeft => (near(right), far(bottom)),
                Anchor::BottomRight => (far(right), far(bottom)),
                Anchor::Center => (right / 4 * 2, bottom / 4 * 2),
            },
        };
        Rect {
            x: x & !1,
            y: y & !1,
            width: w,
            height: h,
        }
    }

    pub(crate) fn has_background_image(&self) -> bool {
        self.background_image
    }

    /// What texts are drawn with.
    pub(crate) fn writing(&mut self) -> (&mut Writer, &Settings) {
        (&mut self.writer, &self.settings)
    }

    /// Something over the background, below the watermark.
    pub(crate) fn dressed(&self, sketch: &Sketch) -> Picture {
        let (mut picture, whole) = (self.background.clone(), self.whole());
        let mut edit = picture.edit();
        let sprite = sketch.to_sprite(self.settings.matrix);
        edit.sprite(&sprite, 0, 0, &whole, 255);
        if let Some(Watermark { sprite, rect }) = &self.watermark {
            edit.sprite(sprite, i64::from(rect.x), i64::from(rect.y), &whole, 255);
        }
        picture
    }

    /// What is seen of somebody without a picture, instead of letters.
    pub fn set_avatar(&mut self, id: SourceId, image: Option<&Image>) {
        if let Some(member) = self.member(id) {
            member.avatar = image.cloned();
            member.card = None;
            member.pictures += 1;
        }
    }

    /// A microphone is switched on or off; a sign beside the name tells it.
    pub fn set_audio(&mut self, id: SourceId, on: bool) {
        if let Some(member) = self.member(id)
            && member.muted == on
        {
            member.muted = !on;
            member.card = None;
            member.caption = None;
            member.pictures += 1;
        }
    }
}
