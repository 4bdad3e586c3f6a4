//! What is drawn for a frame, and what is not drawn again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::member::{Caption, Drawn};
use super::{Mixer, SourceKind};
use crate::card;
use crate::colour::theme;
use crate::draw::{Corner, Ring, Sprite};
use crate::layout::{Fit, Rect};
use crate::picture::Picture;
use crate::scale::{Rotation, Scaler};

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

        let chat = self.chat_at(at);
        let under_chat = [self.chat_was, chat];
        let mut canvas = self.canvas.edit();
        let whole = Rect {
            x: 0,
            y: 0,
            width: self.settings.width,
            height: self.settings.height,
        };
        if all {
            canvas.fill(&whole, self.background);
        } else {
            for rect in under_chat.iter().flatten() {
                canvas.fill(rect, self.background);
            }
        }
        if let Some((placed, count, picture)) = &mut self.more {
            let touched = under_chat
                .iter()
                .flatten()
                .any(|r| r.overlaps(&placed.rect));
            if all || touched || picture.is_none() {
                let size = (placed.rect.width, placed.rect.height);
                let picture = picture.get_or_insert_with(|| {
                    card::more(&mut self.writer, &self.settings, *count, size)
                });
                let corner = corner(&mut self.corners, placed.radius).clone();
                let mut canvas = self.canvas.edit();
                canvas.blit(picture, placed.rect.x, placed.rect.y);
                canvas.round(&placed.rect, &corner, self.background);
            }
        }
        // Those who leave lie under those who stay.
        for leaving in [true, false] {
            for i in 0..self.members.len() {
                if self.members[i].leaving == leaving {
                    self.draw_member(i, at, all, &under_chat);
                }
            }
        }
        self.draw_chat(at);
        self.chat_was = chat;
    }

    fn draw_member(&mut self, i: usize, at: Duration, all: bool, under: &[Option<Rect>; 2]) {
        let alone = self.members.iter().filter(|m| !m.leaving).count() < 2;
        let member = &mut self.members[i];
        let Some(motion) = member.motion else {
            member.drawn = None;
            return;
        };
        let moving = !motion.over(at, self.settings.animation);
        let place = motion.place(at, self.settings.animation);
        let rect = place
            .rect()
            .within(self.settings.width, self.settings.height);
        let fit = member.placed.map_or(Fit::Cover, |p| p.fit);
        // Of somebody alone everybody knows who speaks.
        let rings =
            self.settings.voice_activity && member.source.kind == SourceKind::Camera && !alone;
        let drawn = Drawn {
            rect,
            radius: place.radius.round() as u32,
            opacity: (place.opacity * 255.0).round() as u8,
            ring: if rings {
                (member.voice.ring * 255.0).round() as u8
            } else {
                0
            },
            pictures: member.pictures,
            fit,
        };
        let touched = under.iter().flatten().any(|r| r.overlaps(&rect));
        if !all && !touched && member.drawn == Some(drawn) {
            return;
        }
        member.drawn = Some(drawn);
        if drawn.opacity == 0 {
            return;
        }
        self.fit_member(i, rect, fit);
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
        // Tiles lie over each other only while they move.
        let kept = moving.then(|| {
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
            canvas.round(&rect, corner, self.background);
        }
    }

    /// Makes the picture or the card of a member fit its tile, and its name.
    fn fit_member(&mut self, i: usize, rect: Rect, fit: Fit) {
        let member = &mut self.members[i];
        let size = member
            .placed
            .map_or((rect.width, rect.height), |p| (p.rect.width, p.rect.height));
        if !member.shows_picture() {
            let card = member.card.get_or_insert_with(|| {
                let name = member.source.name.as_str();
                card::card(&mut self.writer, &self.settings, name, size)
            });
            let spare = member.fitted.take().map(|(_, picture)| picture);
            let fitted = fitted(
                &mut self.scaler,
                card,
                Rotation::None,
                rect,
                Fit::Cover,
                spare,
            );
            member.fitted = Some((u64::MAX, fitted));
            return;
        }
        if self.settings.show_names && member.caption.as_ref().is_none_or(|c| c.size != size) {
            let screen = member.source.kind == SourceKind::Screen;
            let name = member.source.name.as_str();
            member.caption = Some(Caption {
                size,
                sprite: card::caption(&mut self.writer, &self.settings, name, screen, size),
            });
        }
        let Some(picture) = &member.picture else {
            return;
        };
        let there = member.fitted.as_ref().is_some_and(|(made_from, picture)| {
            *made_from == member.pictures
                && (picture.width() == rect.width || picture.height() == rect.height)
                && (fit == Fit::Contain
                    || (picture.width(), picture.height()) == (rect.width, rect.height))
        });
        if !there {
            let spare = member.fitted.take().map(|(_, picture)| picture);
            let fitted = fitted(&mut self.scaler, picture, member.rotation, rect, fit, spare);
            member.fitted = Some((member.pictures, fitted));
        }
    }

    fn chat_edge(&self) -> (f32, f32) {
        let scale = self.settings.scale();
        ((20.0 * scale).max(6.0), (8.0 * scale).max(3.0))
    }

    /// The messages in sight, each with its place.
    fn with_chat(
        &mut self,
        at: Duration,
        mut each: impl FnMut(&mut Picture, &Sprite, i64, i64, u8),
    ) {
        let (edge, gap) = self.chat_edge();
        let (width, height) = (self.settings.width as f32, self.settings.height as f32);
        // Letters do not shrink as far as pictures do.
        let most = if self.settings.scale() < 0.5 { 2 } else { 4 };
        let (writer, settings) = (&mut self.writer, &self.settings);
        let draw = |name: &str, text: &str| card::message(writer, settings, name, text);
        for shown in self.chat.shown(at, (settings.chat_stays, most), gap, draw) {
            let even = |value: f32| ((value / 2.0).round() as i64) * 2;
            let x = even(width - edge) - i64::from(shown.sprite.width);
            let y = even(height - edge - shown.above) - i64::from(shown.sprite.height);
            each(&mut self.canvas, shown.sprite, x, y, shown.opacity);
        }
    }

    /// What part of the picture the chat covers.
    fn chat_at(&mut self, at: Duration) -> Option<Rect> {
        let (mut x0, mut y0, mut x1, mut y1) = (i64::MAX, i64::MAX, 0, 0);
        self.with_chat(at, |_, sprite, x, y, _| {
            x0 = x0.min(x);
            y0 = y0.min(y);
            x1 = x1.max(x + i64::from(sprite.width));
            y1 = y1.max(y + i64::from(sprite.height));
        });
        let (x0, y0) = (x0.max(0), y0.max(0));
        (x1 > x0 && y1 > y0).then(|| Rect {
            x: x0 as u32,
            y: y0 as u32,
            width: (x1 - x0) as u32,
            height: (y1 - y0) as u32,
        })
    }

    fn draw_chat(&mut self, at: Duration) {
        let whole = Rect {
            x: 0,
            y: 0,
            width: self.settings.width,
            height: self.settings.height,
        };
        self.with_chat(at, |canvas, sprite, x, y, opacity| {
            canvas.edit().sprite(sprite, x, y, &whole, opacity);
        });
    }
}

fn corner(corners: &mut BTreeMap<u32, Corner>, radius: u32) -> &Corner {
    corners.entry(radius).or_insert_with(|| Corner::new(radius))
}

/// A picture in the size of a tile, or for [`Fit::Contain`] as large as it gets
/// within. What is right already is shared, not copied.
fn fitted(
    scaler: &mut Scaler,
    picture: &Picture,
    rotation: Rotation,
    rect: Rect,
    fit: Fit,
    spare: Option<Picture>,
) -> Picture {
    let (width, height) = rotation.size(rect.width, rect.height);
    let (pw, ph) = (picture.width(), picture.height());
    let wider = u64::from(pw) * u64::from(height) > u64::from(ph) * u64::from(width);
    let part = |side: u32, num: u32, den: u32| {
        ((u64::from(side) * u64::from(num) / u64::from(den)) as u32).max(2)
    };
    let (source, (width, height)) = match fit {
        _ if (pw, ph) == (width, height) => (picture.clone(), (width, height)),
        // Scaled for us already, with another rounding than ours.
        Fit::Contain if pw <= width && ph <= height && (pw == width || ph == height) => {
            (picture.clone(), (pw, ph))
        }
        Fit::Contain => {
            let even = |side: u32, most: u32| ((side + 1) & !1).min(most);
            let size = match wider {
                true => (width, even(part(ph, width, pw), height)),
                false => (even(part(pw, height, ph), width), height),
            };
            (picture.clone(), size)
        }
        Fit::Cover => {
            let (w, h) = match wider {
                true => (part(ph, width, height), ph),
                false => (pw, part(pw, height, width)),
            };
            let (x, y) = ((pw - w.min(pw)) / 2, (ph - h.min(ph)) / 2);
            (
                picture.crop(x, y, (w + 1) & !1, (h + 1) & !1),
                (width, height),
            )
        }
    };
    if rotation == Rotation::None && (source.width(), source.height()) == (width, height) {
        return source;
    }
    let (width, height) = rotation.size(width, height);
    let mut into = match spare {
        Some(spare) if (spare.width(), spare.height()) == (width, height) => spare,
        _ => Picture::black(width, height),
    };
    scaler.fill(&source, rotation, &mut into);
    into
}
