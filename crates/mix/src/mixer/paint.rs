//! What is drawn for a frame, and what is not drawn again.

mod chat;
mod fit;

use std::collections::BTreeMap;
use std::time::Duration;

use super::member::{Caption, Drawn};
use super::{Mixer, SourceKind};
use crate::card;
use crate::colour::theme;
use crate::draw::{Corner, Ring};
use crate::layout::Rect;
use crate::picture::Picture;

/// Corners and rings of different radius that are kept drawn. While tiles move
/// there are some tens.
const KEPT_SHAPES: usize = 256;

impl Mixer {
    /// Draws what changed since the last frame.
    pub(super) fn draw(&mut self, at: Duration) {
        let lasts = self.settings.animation;
        let moving = self
            .members
            .iter()
            .any(|m| m.motion.is_some_and(|motion| !motion.over(at, lasts)));
        self.members.retain_mut(|member| {
            let gone = member
                .motion
                .is_none_or(|motion| motion.to.opacity == 0.0 && motion.over(at, lasts));
            if gone && member.placed.is_none() {
                member.motion = None;
            }
            !(gone && member.leaving)
        });
        let all = self.draw_all || moving;
        // After the last step of a movement everything is drawn once more in place.
        self.draw_all = moving;

        let looks: Vec<Option<Drawn>> =
            (0..self.members.len()).map(|i| self.looks(i, at)).collect();
        let chat = self.chat_at(at);
        let mut dirty: Vec<Rect> = [self.chat_was, chat].into_iter().flatten().collect();
        self.chat_was = chat;
        let mut again = self.drawn_again(&looks, all, &dirty);
        // What lies over something is drawn again with it, but not twice over itself.
        if let Some(watermark) = self.watermark.as_ref().map(|w| w.rect) {
            let below = looks.iter().zip(&again).any(|(look, again)| {
                *again && look.is_some_and(|look| look.rect.overlaps(&watermark))
            });
            if all || below || dirty.iter().any(|rect| rect.overlaps(&watermark)) {
                dirty.push(watermark);
                again = self.drawn_again(&looks, all, &dirty);
            }
        }
        self.clear(&looks, &again, all, &dirty);
        self.draw_more(all, &dirty);
        for i in self.upwards() {
            let moving =
                |m: &super::member::Member| m.motion.is_some_and(|motion| !motion.over(at, lasts));
            match looks[i] {
                Some(look) if again[i] => {
                    let over = moving(&self.members[i]) || self.lies_over(i, &looks);
                    self.draw_member(i, look, over);
                }
                Some(_) => {}
                None => self.members[i].drawn = None,
            }
        }
        self.draw_chat(at);
        let whole = self.whole();
        if let Some(watermark) = &self.watermark
            && (all || dirty.contains(&watermark.rect))
        {
            let (x, y) = (i64::from(watermark.rect.x), i64::from(watermark.rect.y));
            let mut canvas = self.canvas.edit();
            canvas.sprite(&watermark.sprite, x, y, &whole, 255);
        }
    }

    pub(super) fn whole(&self) -> Rect {
        Rect {
            x: 0,
            y: 0,
            width: self.settings.width,
            height: self.settings.height,
        }
    }

    /// How a tile is to look at `at`; `None` where it is not.
    fn looks(&self, i: usize, at: Duration) -> Option<Drawn> {
        let alone = self.members.iter().filter(|m| !m.leaving).count() < 2;
        let member = &self.members[i];
        let place = member.motion?.place(at, self.settings.animation);
        // Of somebody alone everybody knows who speaks.
        let rings =
            self.settings.voice_activity && member.source.kind == SourceKind::Camera && !alone;
        let rect = place.rect();
        let rect = rect.within(self.settings.width, self.settings.height);
        Some(Drawn {
            rect,
            radius: place.radius.round() as u32,
            opacity: (place.opacity * 255.0).round() as u8,
            ring: match rings {
                true => (member.voice.ring * 255.0).round() as u8,
                false => 0,
            },
            pictures: member.pictures,
            fit: member.fit(&rect),
        })
    }

    /// Which tiles are drawn again.
    fn drawn_again(&self, looks: &[Option<Drawn>], all: bool, dirty: &[Rect]) -> Vec<bool> {
        let mut again: Vec<bool> = looks
            .iter()
            .zip(&self.members)
            .map(|(look, member)| {
                look.is_some_and(|look| {
                    let touched = dirty.iter().any(|rect| rect.overlaps(&look.rect));
                    all || touched || member.drawn != Some(look)
                })
            })
            .collect();
        if !self.is_layered() || all {
            return again;
        }
        // Those that lie over each other are drawn together, from below.
        loop {
            let drawn: Vec<Rect> = looks
                .iter()
                .zip(&again)
                .filter_map(|(look, again)| look.filter(|_| *again))
                .map(|look| look.rect)
                .collect();
            let mut more = false;
            for (look, again) in looks.iter().zip(&mut again) {
                let touched =
                    look.is_some_and(|look| drawn.iter().any(|rect| rect.overlaps(&look.rect)));
                more |= touched && !*again;
                *again |= touched;
            }
            if !more {
                return again;
            }
        }
    }

    /// Whether tiles may lie over each other when they do not move.
    fn is_layered(&self) -> bool {
        self.members
            .iter()
            .any(|m| m.placed.is_some_and(|placed| placed.layer > 0))
    }

    /// Whether a tile lies over or under others.
    fn lies_over(&self, i: usize, looks: &[Option<Drawn>]) -> bool {
        let Some(look) = looks[i].filter(|_| self.is_layered()) else {
            return false;
        };
        let mut others = looks.iter().enumerate().filter(|(other, _)| *other != i);
        others.any(|(_, other)| other.is_some_and(|other| other.rect.overlaps(&look.rect)))
    }

    /// Everybody, those who leave first: they lie under those who stay.
    fn upwards(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by_key(|i| {
            let member = &self.members[*i];
            (!member.leaving, member.placed.map_or(0, |p| p.layer))
        });
        order
    }

    /// Takes away what was drawn where something is drawn again.
    fn clear(&mut self, looks: &[Option<Drawn>], again: &[bool], all: bool, dirty: &[Rect]) {
        let (whole, layered) = (self.whole(), self.is_layered());
        let mut canvas = self.canvas.edit();
        if all {
            canvas.restore(&whole, &self.background);
            return;
        }
        for rect in dirty {
            canvas.restore(rect, &self.background);
        }
        for (look, again) in looks.iter().zip(again) {
            if let (Some(look), true) = (look, layered && *again) {
                canvas.restore(&look.rect, &self.background);
            }
        }
    }

    /// The tile that counts those who found no room.
    fn draw_more(&mut self, all: bool, dirty: &[Rect]) {
        let Some((placed, count, picture)) = &mut self.more else {
            return;
        };
        let touched = dirty.iter().any(|rect| rect.overlaps(&placed.rect));
        if !all && !touched && picture.is_some() {
            return;
        }
        let size = (placed.rect.width, placed.rect.height);
        let picture = picture
            .get_or_insert_with(|| card::more(&mut self.writer, &self.settings, *count, size));
        let corner = corner(&mut self.corners, placed.radius);
        let mut canvas = self.canvas.edit();
        canvas.blit(picture, placed.rect.x, placed.rect.y);
        canvas.round(&placed.rect, corner, &self.background);
    }

    /// Draws a tile. `over`: there may be others below it.
    fn draw_member(&mut self, i: usize, drawn: Drawn, over: bool) {
        self.members[i].drawn = Some(drawn);
        if drawn.opacity == 0 {
            return;
        }
        let rect = drawn.rect;
        self.fit_member(i, rect, drawn.fit);
        let member = &self.members[i];
        let shown = member.shows_picture();
        let Some((_, picture)) = &member.fitted else {
            return;
        };
        let small = rect.width.min(rect.height);
        let thickness = ((small as f32 * 0.012).clamp(2.0, 5.0 * self.settings.scale().max(0.5))
            / 2.0)
            .ceil() as u32
            * 2;
        if self.corners.len() + self.rings.len() > KEPT_SHAPES {
            self.corners.clear();
            self.rings.clear();
        }
        let mut canvas = self.canvas.edit();
        let kept = over.then(|| {
            let fits = |kept: &Picture| (kept.width(), kept.height()) == (rect.width, rect.height);
            let mut kept = match self.kept.take().filter(fits) {
                Some(kept) => kept,
                None => Picture::black(rect.width, rect.height),
            };
            canvas.keep(&rect, &mut kept);
            kept
        });
        if (picture.width(), picture.height()) != (rect.width, rect.height) {
            // Bars beside a picture that is shown whole.
            canvas.fill(&rect, self.settings.matrix.yuv(theme::SUNKEN));
        }
        let left = (rect.width.saturating_sub(picture.width()) / 2) & !1;
        let top = (rect.height.saturating_sub(picture.height()) / 2) & !1;
        canvas.blit(picture, rect.x + left, rect.y + top);
        if shown
            && let Some(Caption {
                sprite: Some(sprite),
                ..
            }) = &member.caption
        {
            let inset = card::caption_inset(
                &self.settings,
                member.placed.map_or(rect.height, |p| p.rect.height),
            );
            let x = i64::from(rect.x + inset);
            let y = i64::from(rect.bottom()) - i64::from(inset + sprite.height);
            canvas.sprite(sprite, x, y, &rect, 255);
        }
        if drawn.ring > 0 {
            let ring = self
                .rings
                .entry((drawn.radius, thickness))
                .or_insert_with(|| Ring::new(drawn.radius, thickness));
            let colour = self.settings.matrix.yuv(self.settings.voice_colour);
            canvas.ring(&rect, ring, colour, drawn.ring);
        }
        let corner = corner(&mut self.corners, drawn.radius);
        if let Some(kept) = kept {
            canvas.uncover(&rect, &kept, corner, drawn.opacity);
            self.kept = Some(kept);
        } else if drawn.radius > 0 {
            canvas.round(&rect, corner, &self.background);
        }
    }
}

fn corner(corners: &mut BTreeMap<u32, Corner>, radius: u32) -> &Corner {
    corners.entry(radius).or_insert_with(|| Corner::new(radius))
}
