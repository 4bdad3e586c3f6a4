//! When the list is told that a recorded room has changed. Pure.

use std::time::Duration;

use veche_record::journal::Event;

/// Between two tellings. For each the whole journal is read again, and people may come
/// and go as fast as they like; nobody who looks at the list needs them sooner.
const BETWEEN: Duration = Duration::from_secs(3);

/// How often the list hears of one room.
#[derive(Debug, Default)]
pub(super) struct Pace {
    told: Option<Duration>,
    /// Something was not told yet.
    waits: bool,
}

impl Pace {
    /// Something was written to the journal.
    pub(super) fn handle_event(&mut self, event: &Event) {
        self.waits |= is_listed(event);
    }

    /// Whether the list is to be told now. To be asked after each event, and now and
    /// then without one.
    pub(super) fn poll(&mut self, now: Duration) -> bool {
        let early = |told| now.saturating_sub(told) < BETWEEN;
        if !self.waits || self.told.is_some_and(early) {
            return false;
        }
        self.waits = false;
        self.told = Some(now);
        true
    }
}

/// Whether the list shows anything of it. The beginning and the end of a journal are
/// told apart from this, at once.
fn is_listed(event: &Event) -> bool {
    matches!(event, Event::Join(_))
}

#[cfg(test)]
mod tests {
    use veche_record::journal::{Chat, Join, Leave};

    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn join() -> Event {
        Event::Join(Join {
            at_ms: 0,
            person: "1".to_owned(),
            name: "Ann".to_owned(),
        })
    }

    #[test]
    fn who_writes_much_has_the_journal_read_no_more_often() {
        let mut pace = Pace::default();
        let chat = Event::Chat(Chat {
            at_ms: 0,
            person: "1".to_owned(),
            name: "Ann".to_owned(),
            text: "x".to_owned(),
        });
        let leave = Event::Leave(Leave {
            at_ms: 0,
            person: "1".to_owned(),
        });
        for ms in 0..10_000 {
            pace.handle_event(&chat);
            pace.handle_event(&leave);
            assert!(!pace.poll(at(ms)));
        }
    }

    #[test]
    fn the_first_who_joins_is_told_at_once_and_a_crowd_once_in_a_while() {
        let mut pace = Pace::default();
        let mut told = Vec::new();
        for ms in 0..10_000 {
            pace.handle_event(&join());
            if pace.poll(at(ms)) {
                told.push(ms);
            }
        }
        assert_eq!(told, [0, 3_000, 6_000, 9_000]);
    }

    #[test]
    fn what_waits_is_told_in_time_without_anything_new() {
        let mut pace = Pace::default();
        pace.handle_event(&join());
        assert!(pace.poll(at(0)));
        pace.handle_event(&join());
        assert!(!pace.poll(at(2_999)));
        assert!(pace.poll(at(3_000)));
        assert!(!pace.poll(at(60_000)), "once");
    }
}
