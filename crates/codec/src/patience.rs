//! How long a silent child is waited for. Pure.
//!
//! Waits are counted in slices, not measured by a clock: one who is stopped for a
//! minute (Ctrl-Z) finds a slice over when they go on, and not all of it.

use std::time::Duration;

/// What is waited at a time. A machine that sleeps costs one.
const SLICE: Duration = Duration::from_secs(1);

/// What is left to wait.
#[derive(Debug)]
pub(crate) struct Patience {
    slice: Duration,
    allowed: u32,
    left: u32,
    /// Messages that were heard when the count began.
    heard: u64,
}

impl Patience {
    /// For an answer that may take so long.
    pub(crate) fn new(answer: Duration, heard: u64) -> Self {
        let slice = answer.clamp(Duration::from_millis(1), SLICE);
        let slices = answer.as_nanos().div_ceil(slice.as_nanos());
        let allowed = u32::try_from(slices).unwrap_or(u32::MAX).max(1);
        Self {
            slice,
            allowed,
            left: allowed,
            heard,
        }
    }

    /// How long to wait now.
    pub(crate) fn slice(&self) -> Duration {
        self.slice
    }

    /// A slice is over, and so many messages were heard by now. Whether that was
    /// the last.
    pub(crate) fn is_lost(&mut self, heard: u64) -> bool {
        if self.heard != heard {
            self.heard = heard;
            self.left = self.allowed;
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_long_a_slice_was_it_is_one() {
        let mut patience = Patience::new(Duration::from_secs(30), 7);
        assert_eq!(patience.slice(), Duration::from_secs(1));
        assert!((0..29).all(|_| !patience.is_lost(7)));
        assert!(patience.is_lost(7));
    }

    #[test]
    fn a_word_of_the_child_begins_the_count_anew() {
        let mut patience = Patience::new(Duration::from_secs(2), 0);
        assert!(!patience.is_lost(0));
        assert!(!patience.is_lost(1));
        assert!(!patience.is_lost(1));
        assert!(patience.is_lost(1));
    }

    #[test]
    fn short_answers_have_short_slices() {
        let mut patience = Patience::new(Duration::from_millis(200), 0);
        assert_eq!(patience.slice(), Duration::from_millis(200));
        assert!(patience.is_lost(0));
        assert!(Patience::new(Duration::ZERO, 0).is_lost(0));
    }
}
