//! Pictures, cards and names in the size of their tiles.

use crate::card;
use crate::layout::{Fit, Rect};
use crate::mixer::member::Caption;
use crate::mixer::{Mixer, SourceKind};
use crate::picture::Picture;
use crate::scale::{Rotation, Scaler};

impl Mixer {
    /// Makes the picture or the card of a member fit its tile, and its name.
    pub(super) fn fit_member(&mut self, i: usize, rect: Rect, fit: Fit) {
        let member = &mut self.members[i];
        let size = member
            .placed
            .map_or((rect.width, rect.height), |p| (p.rect.width, p.rect.height));
        if !member.shows_picture() {
            let card = member.card.get_or_insert_with(|| {
                let who = card::Who {
                    name: &member.source.name,
                    muted: member.muted,
                    avatar: member.avatar.as_ref(),
                };
                card::card(&mut self.writer, &self.settings, who, size)
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
            let sign = match member.source.kind {
                SourceKind::Screen => Some(card::Sign::Screen),
                SourceKind::Camera => member.muted.then_some(card::Sign::Muted),
            };
            let name = member.source.name.as_str();
            member.caption = Some(Caption {
                size,
                sprite: card::caption(&mut self.writer, &self.settings, name, sign, size),
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
