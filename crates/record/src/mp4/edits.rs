//! Edit lists (8.6.6): when what of a track is shown.

use super::boxes::Fields;
use super::tables::{MAX_TICKS, scale};

/// Edits of one track. An editor's own format is for more cuts than that.
const MAX_EDITS: u32 = 4096;

/// When what of a track is shown, in ticks of the track. Parts that are shown
/// twice or backwards end the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edits {
    /// In order of both times; at least one.
    parts: Vec<Part>,
    /// By how much times in the list may be off: it has the movie's ticks.
    slack: i64,
}

/// Media that is shown as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// Of the media: from here,
    from: i64,
    /// to here.
    to: i64,
    /// When it begins to be shown.
    at: i64,
}

impl Edits {
    /// All of the media as it is, `at` its start.
    pub(super) fn whole(at: u64) -> Self {
        let part = Part {
            from: 0,
            to: i64::MAX,
            at: ticks(at),
        };
        Self {
            parts: vec![part],
            slack: 0,
        }
    }

    /// Reads an `elst` of a movie of `movie_rate` about a track of `rate`.
    pub(super) fn read(elst: &[u8], movie_rate: u32, rate: u32) -> Option<Self> {
        let mut fields = Fields(elst);
        let (version, _) = fields.full()?;
        let count = fields.u32()?;
        if version > 1 || count > MAX_EDITS {
            return None;
        }
        let here = |ticks| scale(ticks, movie_rate, rate);
        let mut clock = 0_u64;
        let mut parts: Vec<Part> = Vec::new();
        for _ in 0..count {
            let length = fields.wide(version)?;
            let from = match version {
                1 => fields.u64()?.cast_signed().min(ticks(MAX_TICKS)),
                _ => i64::from(fields.u32()?.cast_signed()),
            };
            let speed = fields.u32()?;
            let at = ticks(here(clock));
            clock = clock.saturating_add(length);
            // Nothing is shown, or a picture that stands still.
            if from < 0 || speed == 0 {
                continue;
            }
            let to = match length {
                // Of a file that still grew when it was written: all the rest.
                0 => i64::MAX,
                _ => from.saturating_add(ticks(here(length))),
            };
            match parts.last_mut() {
                Some(last) if from < last.to.saturating_sub(1) => break,
                Some(last) if joins(last, from, at) => last.to = to,
                _ => parts.push(Part { from, to, at }),
            }
        }
        if parts.is_empty() {
            return Some(Self::whole(here(clock)));
        }
        let slack = ticks(here(2)).saturating_add(1);
        Some(Self { parts, slack })
    }

    /// When the first of it is shown.
    pub(super) fn start(&self) -> i64 {
        self.parts[0].at
    }

    /// What of the media is before that.
    pub(super) fn skip(&self) -> i64 {
        self.parts[0].from
    }

    /// When what is at `media` would be shown if nothing were cut off: what is
    /// before the first part is before its time, what is between two at the
    /// beginning of the later.
    pub(super) fn place(&self, media: i64) -> i64 {
        let next = self.parts.partition_point(|part| part.from <= media);
        let Some(part) = self.parts[..next].last() else {
            let first = &self.parts[0];
            return first.at.saturating_sub(first.from.saturating_sub(media));
        };
        match self.parts.get(next) {
            Some(later) if media >= part.to => later.at,
            _ => part.at.saturating_add(media - part.from),
        }
    }

    /// Whether what is at `media` is shown, or before all that is.
    pub(super) fn has(&self, media: i64) -> bool {
        let next = self.parts.partition_point(|part| part.from <= media);
        let part = self.parts[..next].last();
        part.is_none_or(|part| media < part.to.saturating_add(self.slack))
    }

    /// A time, or the end of the last part where it is behind that.
    pub(super) fn until_end(&self, at: i64) -> i64 {
        let last = self.parts[self.parts.len() - 1];
        let end = last.at.saturating_add(last.to - last.from);
        match at > end.saturating_add(self.slack) {
            true => end,
            false => at,
        }
    }
}

/// Whether media from `from` at `at` goes on where `last` ends.
fn joins(last: &Part, from: i64, at: i64) -> bool {
    from.abs_diff(last.to) <= 1 && at.abs_diff(last.at.saturating_add(last.to - last.from)) <= 1
}

fn ticks(ticks: u64) -> i64 {
    i64::try_from(ticks.min(MAX_TICKS)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a movie of 1000 ticks a second about a track of 48000: length, media
    /// time.
    fn edits(list: &[(u32, i32)]) -> Edits {
        let mut elst = vec![0, 0, 0, 0];
        elst.extend_from_slice(&(list.len() as u32).to_be_bytes());
        for (length, media) in list {
            elst.extend_from_slice(&length.to_be_bytes());
            elst.extend_from_slice(&media.to_be_bytes());
            elst.extend_from_slice(&[0, 1, 0, 0]);
        }
        Edits::read(&elst, 1000, 48_000).unwrap()
    }

    #[test]
    fn nothing_before_and_a_skipped_beginning() {
        let edits = edits(&[(500, -1), (2000, 1024)]);
        assert_eq!((edits.start(), edits.skip()), (24_000, 1024));
        assert_eq!(edits.place(1024), 24_000);
        assert_eq!(edits.place(0), 24_000 - 1024);
        assert!(edits.has(0) && edits.has(96_000));
        assert!(!edits.has(1024 + 96_000 + 200));
        assert_eq!(edits.until_end(24_000 + 96_000 + 4_800), 24_000 + 96_000);
    }

    #[test]
    fn what_is_cut_out_of_the_midst_is_not_there() {
        let edits = edits(&[(1000, 0), (1000, 96_000)]);
        assert_eq!(edits.place(24_000), 24_000);
        assert_eq!(edits.place(60_000), 48_000, "hidden: at the next part");
        assert_eq!(edits.place(96_000), 48_000);
        assert!(edits.has(47_999) && !edits.has(60_000) && edits.has(100_000));
    }

    #[test]
    fn parts_that_follow_each_other_are_one() {
        let edits = edits(&[(1000, 0), (1000, 48_000)]);
        assert_eq!(edits.parts.len(), 1);
        assert_eq!(edits.place(95_000), 95_000);
    }

    #[test]
    fn repetitions_and_empty_lists_are_left_out() {
        assert_eq!(edits(&[(1000, 0), (1000, 0)]).parts.len(), 1);
        assert_eq!(edits(&[(500, -1)]).start(), 24_000);
        assert_eq!(edits(&[]).start(), 0);
        assert_eq!(edits(&[(0, 312)]).until_end(1 << 40), 1 << 40);
    }
}
