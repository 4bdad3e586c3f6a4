//! What a room's recording waits for before its file is made. Pure.

use std::time::Duration;

/// How long no file of a room may be finished after its recording ended, while no
/// sound is worked on. Then it is for the next start.
const PATIENCE: Duration = Duration::from_secs(600);

/// The files of a room.
#[derive(Debug, Default)]
pub(super) struct Wait {
    /// Those that are not finished.
    open: usize,
    /// Since it ended, or a file of it was finished after that.
    since: Option<Duration>,
}

impl Wait {
    /// One more file belongs to it.
    pub(super) fn handle_opened(&mut self) {
        self.open += 1;
    }

    /// One is finished, or never will be.
    pub(super) fn handle_closed(&mut self, now: Duration) {
        self.open = self.open.saturating_sub(1);
        if let Some(since) = &mut self.since {
            *since = now;
        }
    }

    /// Its recording ended.
    pub(super) fn handle_end(&mut self, now: Duration) {
        self.since = Some(now);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.since.is_some()
    }

    /// Its file can be made.
    pub(super) fn is_over(&self) -> bool {
        self.has_ended() && self.open == 0
    }

    /// Nothing comes any more. `busy` is when sound was last worked on.
    pub(super) fn is_in_vain(&self, busy: Duration, now: Duration) -> bool {
        let late = |since: Duration| now.saturating_sub(since.max(busy)) > PATIENCE;
        self.since.is_some_and(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(files: usize) -> Wait {
        let mut wait = Wait::default();
        for _ in 0..files {
            wait.handle_opened();
        }
        wait.handle_end(at(0));
        wait
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn files_that_come_slowly_are_waited_for() {
        let mut wait = ended(10);
        for minute in (9..=90).step_by(9) {
            let now = at(60 * minute);
            assert!(!wait.is_in_vain(at(0), now), "{minute}");
            assert!(!wait.is_over());
            wait.handle_closed(now);
        }
        assert!(wait.is_over());
    }

    #[test]
    fn files_that_never_come_are_given_up() {
        let wait = ended(1);
        assert!(!wait.is_in_vain(at(0), at(600)));
        assert!(wait.is_in_vain(at(0), at(601)));
        assert!(!wait.is_in_vain(at(100), at(601)), "sound was worked on");
    }

    #[test]
    fn a_room_that_goes_on_waits_for_nothing() {
        let mut wait = Wait::default();
        wait.handle_opened();
        wait.handle_closed(at(1));
        assert!(!wait.is_over());
        assert!(!wait.is_in_vain(at(0), at(100_000)));
    }
}
