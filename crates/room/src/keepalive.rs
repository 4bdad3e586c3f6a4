use crate::timers::Timer;
use crate::{CloseReason, Event, Hub, SessionId};

impl Hub {
    /// Any frame is a sign of life.
    pub(crate) fn frame_seen(&mut self, session: SessionId) {
        let Some(state) = self.sessions.get_mut(&session) else {
            return;
        };
        state.last_seen = self.now;
        state.seen_since_ping = true;
        if !self.probes.is_empty() {
            self.probed_session_lives(session);
        }
    }

    pub(crate) fn schedule_ping(&mut self, session: SessionId) {
        let interval = self.settings.keep_alive_interval;
        if !interval.is_zero() {
            self.timers.set(Timer::Ping(session), self.now + interval);
        }
    }

    pub(crate) fn ping_due(&mut self, session: SessionId) {
        self.blame.session = Some(session);
        let Some(state) = self.sessions.get_mut(&session) else {
            return;
        };
        if state.seen_since_ping {
            state.missed_pings = 0;
        } else {
            state.missed_pings += 1;
        }
        state.seen_since_ping = false;
        if state.missed_pings >= self.settings.keep_alive_probes {
            self.drop_session(session, Some(CloseReason::Idle));
            return;
        }
        self.send(session, Event::Ping);
        self.schedule_ping(session);
    }
}
