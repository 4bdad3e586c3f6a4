use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use veche_media::TransportId;

use crate::{Login, ResumeToken, RoomName, SessionId};

/// What a deadline is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The session has not said `connection`.
    Handshake(SessionId),
    /// The next ping.
    Ping(SessionId),
    /// The holder of the login has not answered.
    Probe(RoomName, Login),
    /// The room is empty.
    RoomIdle(RoomName),
    /// The media of a publish or play does not flow yet.
    Setup(TransportId),
    /// The session of the token has ended.
    Token(ResumeToken),
}

/// Every deadline, at most one of each [`Timer`].
#[derive(Debug, Default)]
pub(crate) struct Timers {
    deadline_by_timer: BTreeMap<Timer, Duration>,
    queue: BTreeSet<(Duration, Timer)>,
}

impl Timers {
    pub(crate) fn set(&mut self, timer: Timer, at: Duration) {
        self.cancel(&timer);
        self.queue.insert((at, timer.clone()));
        self.deadline_by_timer.insert(timer, at);
    }

    pub(crate) fn cancel(&mut self, timer: &Timer) {
        if let Some(at) = self.deadline_by_timer.remove(timer) {
            self.queue.remove(&(at, timer.clone()));
        }
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.queue.first().map(|(at, _)| *at)
    }

    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        self.deadline_by_timer.remove(&timer);
        Some(timer)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}
