//! The card before a film.

use std::time::Duration;

use time::OffsetDateTime;
use veche_mix::{Picture, Title};

use crate::look::Look;
use crate::script::Script;
use crate::settings::Opening;

/// How long the card takes to become the meeting, at its end.
const FADE: Duration = Duration::from_millis(400);

/// A card that is seen for a while.
pub(crate) struct Card {
    pub(crate) length: Duration,
    /// What it says in large letters.
    pub(crate) title: String,
    picture: Picture,
}

impl Card {
    pub(crate) fn new(length: Duration, title: String, picture: Picture) -> Self {
        Self {
            length,
            title,
            picture,
        }
    }

    /// What is seen `at` a moment of it, before a film that begins with `first`.
    pub(crate) fn at(&self, at: Duration, first: &Picture) -> Picture {
        let left = self.length.saturating_sub(at);
        let fade = FADE.min(self.length / 2);
        if left >= fade {
            return self.picture.clone();
        }
        let share = 1.0 - left.as_secs_f32() / fade.as_secs_f32();
        self.picture.faded(first, share)
    }
}

/// What the card says.
pub(crate) fn title(
    opening: &Opening,
    room: &str,
    began_ms: Option<u64>,
    script: &Script,
    look: &Look,
) -> Title {
    let own = opening.title.as_deref().map(str::trim).unwrap_or_default();
    let date = match &opening.date {
        Some(date) => date.clone(),
        None => began_ms.and_then(day).unwrap_or_default(),
    };
    let cast = script.cast().into_iter();
    Title {
        text: if own.is_empty() { room } else { own }.to_owned(),
        date,
        people: cast
            .map(|role| (role.label.clone(), look.avatar(role).cloned()))
            .collect(),
    }
}

/// `2026-11-21`, in UTC: what the machine's time was called there and then is not
/// known.
fn day(ms: u64) -> Option<String> {
    let seconds = i64::try_from(ms / 1000).ok()?;
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok()?.date();
    let (year, month, day) = date.to_calendar_date();
    Some(format!("{year:04}-{:02}-{day:02}", u8::from(month)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(day(0).as_deref(), Some("1970-01-01"));
        assert_eq!(day(1_795_219_199_999).as_deref(), Some("2026-11-20"));
        assert_eq!(day(u64::MAX), None);
    }

    #[test]
    fn the_card_becomes_the_film_at_its_end() {
        let white = veche_mix::Yuv {
            y: 235,
            u: 128,
            v: 128,
        };
        let card = Card::new(Duration::from_secs(2), String::new(), Picture::black(2, 2));
        let film = Picture::solid(2, 2, white);
        let luma = |ms| card.at(Duration::from_millis(ms), &film).row(0, 0)[0];
        assert_eq!((luma(0), luma(1500)), (16, 16));
        assert!(luma(1700) < luma(1900) && luma(1990) > 220);
    }
}
