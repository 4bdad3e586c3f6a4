//! What is deleted when recordings are too old or too many. Pure.

use std::time::Duration;

/// The rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// `record_keep_days`: since the recording ended. `None`: as long as there is room.
    pub keep: Option<Duration>,
    /// `record_max_bytes`: of all files in the folder. `None`: as many as fit.
    pub max_bytes: Option<u64>,
}

/// The time as two clocks tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// What the clock on the wall said at the start, milliseconds since 1970.
    pub started_ms: u64,
    /// What it says now.
    pub now_ms: u64,
    /// What has passed by a clock that nobody sets.
    pub passed: Duration,
}

/// How far both clocks may be from each other. Corrections are smaller; a clock that
/// is set by more may be wrong now, and would have everything deleted at once.
const MAX_STRAY: Duration = Duration::from_secs(3600);

impl Times {
    /// Milliseconds since 1970, if they can be believed.
    pub(crate) fn now_ms(self) -> Option<u64> {
        let passed = u64::try_from(self.passed.as_millis()).unwrap_or(u64::MAX);
        let expected = self.started_ms.saturating_add(passed);
        let stray = Duration::from_millis(expected.abs_diff(self.now_ms));
        (stray <= MAX_STRAY).then_some(self.now_ms)
    }
}

/// A recording, as far as the rules look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub id: String,
    pub ended_at_ms: u64,
    /// In the folder.
    pub local_bytes: u64,
    /// In the trash until then, milliseconds since 1970.
    pub deleted_until_ms: Option<u64>,
    /// Nothing writes to it or reads it.
    pub free: bool,
    /// It still has to be carried away.
    pub pending: bool,
    /// Every file that can be played has a confirmed copy elsewhere.
    pub uploaded: bool,
}

impl Candidate {
    fn is_trashed(&self) -> bool {
        self.deleted_until_ms.is_some()
    }

    fn gives_room(&self) -> bool {
        let wanted = self.pending && !self.is_trashed();
        self.free && !wanted && self.local_bytes > 0
    }
}

/// What becomes of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// All of it: its time in the trash is over.
    Trash,
    /// All of it, wherever it lies: it is too old.
    Expired,
    /// All of it: there is no room.
    NoRoom,
    /// Its files here: there is no room, and it has a copy elsewhere.
    LocalOnly,
}

/// What has to go now, in that order. Where nobody knows what time it is, nothing
/// goes for its age.
///
/// What was deleted goes when its time in the trash is over, what is too old goes
/// wherever it is. For want of room the trash goes first, then the oldest. What still
/// runs, or is nowhere else yet though it shall be, is left alone, though it may be
/// over the limit by itself.
pub(crate) fn removals(
    now_ms: Option<u64>,
    rules: Rules,
    mut all: Vec<Candidate>,
) -> Vec<(Candidate, Removal)> {
    let mut removals = Vec::new();
    let past = |at: u64| now_ms.is_some_and(|now| at <= now);
    let over = |c: &Candidate| c.free && c.deleted_until_ms.is_some_and(past);
    for candidate in all.extract_if(.., |c| over(c)) {
        removals.push((candidate, Removal::Trash));
    }
    if let Some(keep) = rules.keep {
        let keep_ms = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        let expired = |c: &Candidate| c.free && past(c.ended_at_ms.saturating_add(keep_ms));
        for candidate in all.extract_if(.., |c| expired(c)) {
            removals.push((candidate, Removal::Expired));
        }
    }
    if let Some(max) = rules.max_bytes {
        let mut total: u64 = all.iter().map(|c| c.local_bytes).sum();
        all.sort_by_key(|c| (!c.is_trashed(), c.ended_at_ms));
        for candidate in all.into_iter().filter(Candidate::gives_room) {
            if total <= max {
                break;
            }
            total -= candidate.local_bytes;
            let removal = match candidate.uploaded && !candidate.is_trashed() {
                true => Removal::LocalOnly,
                false => Removal::NoRoom,
            };
            removals.push((candidate, removal));
        }
    }
    removals
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 3600 * 1000;

    fn one(id: &str, ended_day: u64, bytes: u64) -> Candidate {
        Candidate {
            id: id.to_owned(),
            ended_at_ms: ended_day * DAY_MS,
            local_bytes: bytes,
            deleted_until_ms: None,
            free: true,
            pending: false,
            uploaded: false,
        }
    }

    fn check(day: u64, rules: Rules, all: &[Candidate], expected: &[(&str, Removal)]) {
        let found = removals(Some(day * DAY_MS), rules, all.to_vec());
        let found: Vec<_> = found.iter().map(|(c, r)| (c.id.as_str(), *r)).collect();
        assert_eq!(found, expected);
    }

    fn keep(days: u64) -> Rules {
        Rules {
            keep: Some(Duration::from_secs(days * 24 * 3600)),
            max_bytes: None,
        }
    }

    fn max(bytes: u64) -> Rules {
        Rules {
            keep: None,
            max_bytes: Some(bytes),
        }
    }

    #[test]
    fn without_rules_everything_stays() {
        check(10_000, Rules::default(), &[one("a", 0, u64::MAX)], &[]);
    }

    #[test]
    fn a_recording_goes_on_the_day_that_it_is_too_old() {
        let all = [one("old", 1, 5), one("new", 2, 5)];
        check(30, keep(30), &all, &[]);
        check(31, keep(30), &all, &[("old", Removal::Expired)]);
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let all = [one("b", 2, 40), one("c", 3, 40), one("a", 1, 40)];
        check(9, max(120), &all, &[]);
        check(9, max(80), &all, &[("a", Removal::NoRoom)]);
        let two = [("a", Removal::NoRoom), ("b", Removal::NoRoom)];
        check(9, max(79), &all, &two);
    }

    #[test]
    fn what_is_in_use_stays_and_counts() {
        let mut running = one("run", 1, 100);
        running.free = false;
        check(99, keep(1), &[running.clone()], &[]);
        let all = [running, one("a", 2, 10)];
        check(9, max(50), &all, &[("a", Removal::NoRoom)]);
    }

    #[test]
    fn what_was_deleted_goes_when_its_time_is_over_and_nobody_uses_it() {
        let mut trashed = one("t", 5, 10);
        trashed.deleted_until_ms = Some(DAY_MS * 7);
        check(6, Rules::default(), &[trashed.clone()], &[]);
        let gone = [("t", Removal::Trash)];
        check(7, keep(1), &[trashed.clone()], &gone);
        trashed.free = false;
        check(7, keep(1), &[trashed], &[]);
    }

    #[test]
    fn the_trash_goes_first() {
        let mut trashed = one("t", 5, 10);
        trashed.deleted_until_ms = Some(DAY_MS * 10);
        trashed.uploaded = true;
        let all = [one("a", 1, 10), trashed];
        check(9, max(10), &all, &[("t", Removal::NoRoom)]);
    }

    #[test]
    fn for_want_of_room_a_copy_elsewhere_is_enough() {
        let mut away = one("u", 1, 10);
        away.uploaded = true;
        check(9, max(5), &[away.clone()], &[("u", Removal::LocalOnly)]);
        check(99, keep(1), &[away], &[("u", Removal::Expired)]);
    }

    #[test]
    fn what_is_still_to_be_carried_away_stays_until_it_is_too_old() {
        let mut pending = one("p", 1, 10);
        pending.pending = true;
        check(9, max(0), &[pending.clone()], &[]);
        check(99, keep(1), &[pending.clone()], &[("p", Removal::Expired)]);
        // Nobody carries what was deleted.
        pending.deleted_until_ms = Some(DAY_MS * 10);
        check(9, max(0), &[pending], &[("p", Removal::NoRoom)]);
    }

    #[test]
    fn at_an_unknown_time_nothing_goes_for_its_age() {
        let mut trashed = one("t", 1, 10);
        trashed.deleted_until_ms = Some(0);
        let all = vec![one("a", 1, 10), trashed];
        assert_eq!(removals(None, keep(1), all.clone()), []);
        // Room is needed at any time.
        assert_eq!(removals(None, max(10), all).len(), 1);
    }

    #[test]
    fn the_time_is_unknown_while_two_clocks_differ_by_more_than_an_hour() {
        let day = Duration::from_secs(24 * 3600);
        let at = |now_ms| Times {
            started_ms: 10 * DAY_MS,
            now_ms,
            passed: day,
        };
        const HOUR_MS: u64 = 3600 * 1000;
        for known in [0, HOUR_MS] {
            for now in [11 * DAY_MS - known, 11 * DAY_MS + known] {
                assert_eq!(at(now).now_ms(), Some(now));
            }
        }
        for set in [
            0,
            11 * DAY_MS - HOUR_MS - 1,
            11 * DAY_MS + HOUR_MS + 1,
            u64::MAX,
        ] {
            assert_eq!(at(set).now_ms(), None, "{set}");
        }
    }

    #[test]
    fn a_recording_is_named_once() {
        let rules = Rules {
            max_bytes: Some(0),
            ..keep(1)
        };
        check(9, rules, &[one("a", 1, 10)], &[("a", Removal::Expired)]);
    }
}
