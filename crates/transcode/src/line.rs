use std::time::Duration;

/// Samples of a channel a second, of everything that is decoded and encoded.
pub const RATE: u32 = 48_000;

/// The longest file. A damaged time would ask for years of silence.
pub const MAX_LENGTH: Duration = Duration::from_secs(48 * 3600);

/// How far a piece may be from the end of the one before and still follow it:
/// 5 ms. Matroska rounds times to milliseconds, and the silence that recordings
/// have is whole packets of 2.5 ms; a sound that follows must not click for it.
const SLACK: u64 = RATE as u64 / 200;

/// A time that no recording has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its sound is longer than {} hours", MAX_LENGTH.as_secs() / 3600)]
pub struct TooLong;

/// The sound of one track as it is encoded: from its beginning to its end without
/// a gap, in samples of a channel. Pure.
#[derive(Clone, Debug)]
pub struct Line {
    origin: u64,
    next: u64,
}

/// Where a piece of sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Samples of silence before it.
    pub silence: u64,
    /// Samples of it that come too late to be heard.
    pub skip: u64,
}

impl Line {
    /// Begins so far from the start of the file.
    pub fn new(origin: u64) -> Self {
        Self {
            origin,
            next: origin,
        }
    }

    /// Takes a piece that begins `at`, from the start of the file.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn place(&mut self, at: u64, length: u64) -> Result<Place, TooLong> {
        let silence = self.until(at)?;
        let skip = match self.next.saturating_sub(at) {
            little if little <= SLACK => 0,
            early => early.min(length),
        };
        self.next += length - skip;
        Ok(Place { silence, skip })
    }

    /// Silence up to `at`, if it is missing there.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn until(&mut self, at: u64) -> Result<u64, TooLong> {
        if at > MAX_LENGTH.as_secs() * u64::from(RATE) {
            return Err(TooLong);
        }
        let silence = match at.saturating_sub(self.next) {
            little if little <= SLACK => 0,
            gap => gap,
        };
        self.next += silence;
        Ok(silence)
    }

    /// Samples from its beginning to its end.
    pub fn length(&self) -> u64 {
        self.next - self.origin
    }
}

/// A time in samples, to the nearest.
pub(crate) fn samples(at: Duration) -> u64 {
    let samples = (at.as_nanos() * u128::from(RATE) + 500_000_000) / 1_000_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

/// The time of so many samples.
pub(crate) fn time(samples: u64) -> Duration {
    let nanos = u128::from(samples) * 1_000_000_000 / u128::from(RATE);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const FOLLOWS: Place = Place {
        silence: 0,
        skip: 0,
    };

    #[test]
    fn pieces_that_nearly_follow_each_other_follow_each_other() {
        let mut line = Line::new(0);
        assert_eq!(line.place(0, 960), Ok(FOLLOWS));
        assert_eq!(line.place(960 + SLACK, 960), Ok(FOLLOWS));
        assert_eq!(line.place(1920 - SLACK, 960), Ok(FOLLOWS));
        assert_eq!(line.length(), 2880);
    }

    #[test]
    fn gaps_are_silence_and_what_is_behind_the_end_is_left_out() {
        let mut line = Line::new(0);
        let gap = Place {
            silence: 48_000,
            skip: 0,
        };
        assert_eq!(line.place(48_000, 960), Ok(gap));
        let late = Place {
            silence: 0,
            skip: 960,
        };
        assert_eq!(line.place(47_000, 960), Ok(late), "heard already");
        let half = Place {
            silence: 0,
            skip: 480,
        };
        assert_eq!(line.place(48_480, 960), Ok(half));
        assert_eq!(line.length(), 48_000 + 960 + 480);
    }

    #[test]
    fn noise_of_times_never_adds_up_to_more_than_the_slack() {
        // Each piece a sample late: as a clock that is slow.
        let mut line = Line::new(0);
        let mut written = 0;
        for n in 0..100_000 {
            let at = n * 961;
            let place = line.place(at, 960).unwrap();
            written += place.silence;
            assert!(at.abs_diff(written) <= SLACK, "{at} is at {written}");
            written += 960 - place.skip;
        }
        assert_eq!(written, line.length());
    }

    #[test]
    fn a_line_may_begin_late_and_ends_where_it_should() {
        let mut line = Line::new(48_000);
        assert_eq!(line.place(48_000, 960), Ok(FOLLOWS));
        assert_eq!(line.until(96_000), Ok(96_000 - 48_960));
        assert_eq!(line.length(), 48_000);
    }

    #[test]
    fn a_time_of_years_is_refused() {
        let mut line = Line::new(0);
        assert_eq!(line.place(u64::MAX, 960), Err(TooLong));
        assert_eq!(line.place(samples(Duration::MAX), 960), Err(TooLong));
    }

    #[test]
    fn times_and_samples_are_each_others_inverse() {
        for n in [0, 1, 959, 1024, 48_000, 1 << 40] {
            assert_eq!(samples(time(n)), n);
        }
    }
}
