use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Fault, FaultKind, Pauses};
use crate::model::{Upload, UploadState};

/// Which recordings wait to be carried, which are being carried, and when it is
/// tried again. Pure: time and chance are arguments. As long as the folder has
/// recordings.
#[derive(Debug)]
pub(crate) struct Plan {
    at_a_time: usize,
    pauses: Pauses,
    chance: fastrand::Rng,
    entries: BTreeMap<String, Entry>,
    /// Who asks next comes after all others.
    turns: u64,
    storage: Storage,
}

/// What is known of the storage as a whole.
#[derive(Debug, Default)]
struct Storage {
    /// In a row.
    failures: u32,
    until: Option<Instant>,
    succeeded: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    turn: u64,
    standing: Standing,
    /// In a row.
    failures: u32,
    failed: Option<(Instant, String)>,
}

#[derive(Debug)]
enum Standing {
    Waiting {
        not_before: Option<Instant>,
    },
    Running {
        /// It has changed since: it is looked at once more.
        again: bool,
        done: u64,
        bytes: u64,
    },
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing is left to be done.
    Done,
    /// It was to be stopped.
    Stopped,
    /// It did not work.
    Failed(Fault),
}

impl Plan {
    pub(crate) fn new(at_a_time: usize, pauses: Pauses, seed: u64) -> Self {
        Self {
            at_a_time: at_a_time.max(1),
            pauses,
            chance: fastrand::Rng::with_seed(seed),
            entries: BTreeMap::new(),
            turns: 0,
            storage: Storage::default(),
        }
    }

    /// There is, or may be, something to do about a recording.
    pub(crate) fn add(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id) {
            if let Standing::Running { again, .. } = &mut entry.standing {
                *again = true;
            }
            return;
        }
        let entry = Entry {
            turn: self.turn(),
            standing: Standing::Waiting { not_before: None },
            failures: 0,
            failed: None,
        };
        self.entries.insert(id.to_owned(), entry);
    }

    /// As [`Plan::add`], and it is tried without waiting for its pause.
    pub(crate) fn add_now(&mut self, id: &str) {
        self.add(id);
        if let Some(entry) = self.entries.get_mut(id)
            && let Standing::Waiting { not_before } = &mut entry.standing
        {
            *not_before = None;
        }
    }

    /// There is nothing to do about it any more. One that is being carried is
    /// forgotten when it has ended.
    pub(crate) fn remove(&mut self, id: &str) {
        match self.entries.get_mut(id).map(|entry| &mut entry.standing) {
            Some(Standing::Running { again, .. }) => *again = false,
            Some(Standing::Waiting { .. }) => {
                self.entries.remove(id);
            }
            None => {}
        }
    }

    /// The recording to begin with now.
    pub(crate) fn poll_start(&mut self, now: Instant) -> Option<String> {
        if !self.has_place() || self.storage.until.is_some_and(|until| until > now) {
            return None;
        }
        let ready = |entry: &Entry| match entry.standing {
            Standing::Waiting { not_before } => not_before.is_none_or(|at| at <= now),
            Standing::Running { .. } => false,
        };
        let waiting = self.entries.iter_mut().filter(|(_, entry)| ready(entry));
        let (id, entry) = waiting.min_by_key(|(_, entry)| entry.turn)?;
        entry.standing = Standing::Running {
            again: false,
            done: 0,
            bytes: 0,
        };
        Some(id.clone())
    }

    /// When [`Plan::poll_start`] may have one again, if nothing else happens.
    pub(crate) fn next(&self) -> Option<Instant> {
        if !self.has_place() {
            return None;
        }
        let waiting = self
            .entries
            .values()
            .filter_map(|entry| match entry.standing {
                Standing::Waiting { not_before } => Some(not_before.max(self.storage.until)),
                Standing::Running { .. } => None,
            });
        // One without a time was not begun for want of nothing else.
        waiting.min().flatten()
    }

    /// While the storage fails, one attempt at a time is enough.
    fn has_place(&self) -> bool {
        let running = self.counts().1;
        let places = match self.storage.failures {
            0 => self.at_a_time,
            _ => 1,
        };
        running < places
    }

    /// How much of a recording is there, of how much.
    pub(crate) fn handle_progress(&mut self, id: &str, so_far: u64, all: u64) {
        if let Some(entry) = self.entries.get_mut(id)
            && let Standing::Running { done, bytes, .. } = &mut entry.standing
        {
            (*done, *bytes) = (so_far.min(all), all);
        }
    }

    /// Something of it has arrived: whatever was wrong before is over.
    pub(crate) fn handle_success(&mut self, id: &str, now: Instant) {
        self.storage = Storage {
            succeeded: Some(now),
            ..Storage::default()
        };
        if let Some(entry) = self.entries.get_mut(id) {
            entry.failures = 0;
        }
    }

    /// An attempt has ended. After a failure: how long until the next one.
    pub(crate) fn handle_end(&mut self, id: &str, ended: Ended, now: Instant) -> Option<Duration> {
        let turn = self.turn();
        let entry = self.entries.get_mut(id)?;
        let again = matches!(entry.standing, Standing::Running { again: true, .. });
        let fault = match ended {
            Ended::Failed(fault) => fault,
            Ended::Done | Ended::Stopped if again => {
                entry.turn = turn;
                entry.standing = Standing::Waiting { not_before: None };
                entry.failed = None;
                return None;
            }
            Ended::Done | Ended::Stopped => {
                self.entries.remove(id);
                return None;
            }
        };
        let own = entry.failed.as_ref().map(|(at, _)| *at);
        // Others succeeded since it failed: it is not the storage.
        let alone = own.is_some_and(|at| self.storage.succeeded > Some(at));
        entry.turn = turn;
        entry.failures = entry.failures.saturating_add(1);
        let pause = pause(self.pauses, fault.kind, entry.failures, &mut self.chance);
        let mut not_before = now + pause;
        entry.standing = Standing::Waiting {
            not_before: Some(not_before),
        };
        let of_storage = fault.kind != FaultKind::File && !alone;
        entry.failed = Some((now, fault.text));
        if of_storage {
            let failures = self.storage.failures.saturating_add(1);
            let pause = self::pause(self.pauses, fault.kind, failures, &mut self.chance);
            self.storage.failures = failures;
            self.storage.until = Some(now + pause);
            not_before = not_before.max(now + pause);
        }
        Some(not_before - now)
    }

    /// How far it is, if it is here. `unix_ms` is the same time as `now`.
    pub(crate) fn state(&self, id: &str, now: Instant, unix_ms: u64) -> Option<Upload> {
        let entry = self.entries.get(id)?;
        let ms = |at: Instant| {
            let left = at.saturating_duration_since(now).as_millis();
            unix_ms.saturating_add(u64::try_from(left).unwrap_or(u64::MAX))
        };
        Some(match (&entry.standing, &entry.failed) {
            (Standing::Running { done, bytes, .. }, _) => Upload {
                state: UploadState::Uploading,
                progress: *done as f64 / (*bytes).max(1) as f64,
                ..Upload::new(UploadState::Uploading)
            },
            (Standing::Waiting { not_before }, Some((_, why))) => Upload {
                error: Some(why.clone()),
                retry_at_ms: Some(not_before.max(&self.storage.until).map_or(unix_ms, ms)),
                ..Upload::new(UploadState::Failed)
            },
            (Standing::Waiting { .. }, None) => Upload::new(UploadState::Waiting),
        })
    }

    /// How many wait and how many are being carried.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let standings = self.entries.values().map(|entry| &entry.standing);
        let running = standings.filter(|s| matches!(s, Standing::Running { .. }));
        let running = running.count();
        (self.entries.len() - running, running)
    }

    fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}

/// Half of it is chance, so that many do not come at once.
fn pause(pauses: Pauses, kind: FaultKind, failures: u32, chance: &mut fastrand::Rng) -> Duration {
    let doubled = match kind {
        FaultKind::Refused => pauses.longest,
        FaultKind::Line | FaultKind::File => {
            let times = 1_u32
                .checked_shl(failures.saturating_sub(1))
                .unwrap_or(u32::MAX);
            pauses.first.saturating_mul(times).min(pauses.longest)
        }
    };
    doubled.mul_f64(0.5 + chance.f64() / 2.0)
}

#[cfg(test)]
mod tests;
