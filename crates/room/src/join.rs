use crate::room::{Departure, Room};
use crate::room_recording::Creator;
use crate::stream_end::StreamEnd;
use crate::timers::Timer;
use crate::{
    Answer, CloseReason, Event, Hub, Join, Login, Note, OperationId, Reason, RoomEvent, RoomName,
    SessionId, StreamState,
};

/// Logins that misbehave when `Settings::test_hooks` is set.
const THROW_JOIN_EXCEPTION: &str = "throw_join_exception";

/// A join that waits to see whether the holder of its login lives. There is
/// at most one for each room and login: whoever comes later is refused.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) joiner: SessionId,
    operation: Option<OperationId>,
    join: Join,
}

enum Decision {
    Admit(Login),
    /// The session is in the room. It is let in, but not told the state
    /// again: clients publish whenever they are told the state.
    Already,
    Probe(Login, SessionId),
}

impl Hub {
    pub(crate) fn join(&mut self, session: SessionId, operation: Option<OperationId>, join: Join) {
        match self.decide_join(session, &join) {
            Ok(Decision::Admit(login)) => self.admit(session, operation, login, &join),
            Ok(Decision::Already) => self.answer(session, operation, Answer::Accepted),
            Ok(Decision::Probe(login, holder)) => {
                self.probe(session, operation, login, holder, join);
            }
            Err(reason) => self.answer(session, operation, Answer::Failed(reason)),
        }
    }

    fn decide_join(&self, session: SessionId, join: &Join) -> Result<Decision, Reason> {
        let state = self.established(session).ok_or(Reason::NotConnected)?;
        if !state.rooms_app {
            return Err(Reason::NotARoomSession);
        }
        if join.room.as_str().is_empty() {
            return Err(Reason::RoomNameMissing);
        }
        self.check_name(join.room.as_str())?;
        let login = state.login.clone().ok_or(Reason::LoginMissing)?;
        if self.settings.test_hooks && login.as_str() == THROW_JOIN_EXCEPTION {
            return Err(Reason::JoinException);
        }
        if state.rooms.contains(&join.room) {
            return Ok(Decision::Already);
        }
        let limits = &self.settings.limits;
        if state.rooms.len() + state.joining.len() >= limits.rooms_per_session {
            return Err(Reason::TooManyRoomsOfSession);
        }
        let Some(room) = self.rooms.get(&join.room) else {
            if self.rooms.len() >= limits.rooms {
                return Err(Reason::TooManyRooms);
            }
            return Ok(Decision::Admit(login));
        };
        if let Some(holder) = room.members.get(&login) {
            return self.decide_taken(&join.room, login, *holder);
        }
        if room.is_full() {
            return Err(Reason::RoomFull);
        }
        Ok(Decision::Admit(login))
    }

    fn decide_taken(
        &self,
        room: &RoomName,
        login: Login,
        holder: SessionId,
    ) -> Result<Decision, Reason> {
        let last_seen = self.sessions.get(&holder).map(|state| state.last_seen);
        let silent_for = last_seen.map(|at| self.now.saturating_sub(at));
        let alive = silent_for.is_some_and(|silent| silent < self.settings.login_probe_grace);
        if alive || self.probes.contains_key(&(room.clone(), login.clone())) {
            return Err(Reason::LoginInUse);
        }
        Ok(Decision::Probe(login, holder))
    }

    fn admit(
        &mut self,
        session: SessionId,
        operation: Option<OperationId>,
        login: Login,
        join: &Join,
    ) {
        let name = &join.room;
        self.blame.room = Some(name.clone());
        let state = self.room_state(name);
        let created = !self.rooms.contains_key(name);
        if created {
            let creator = Creator::of(session, self.established(session));
            let room = Room::new(self.new_life(), creator, self.capacity(join.capacity));
            self.rooms.insert(name.clone(), room);
            self.note(Note::RoomCreated { room: name.clone() });
        }
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        self.timers.cancel(&Timer::RoomIdle(name.clone()));
        room.members.insert(login.clone(), session);
        let history = join.history_since.map(|since| room.chat.since(since));
        if let Some(state) = self.established_mut(session) {
            state.rooms.insert(name.clone());
        }
        self.answer(session, operation, Answer::Accepted);
        self.send_room(vec![session], name, RoomEvent::State(state));
        if let Some(history) = history {
            self.send_room(vec![session], name, RoomEvent::History(history));
        }
        self.tell_joiner_of_recording(session, name);
        self.journal_join(name, session, &login);
        if created {
            self.begin_wanted_room_recording(name, &login, join.record);
        }
        let others = self.others(name, session);
        self.send_room(others, name, RoomEvent::Joined(login));
        self.note(Note::Joined {
            session,
            room: name.clone(),
        });
    }

    /// The server's limit, or less if the creator wants less. 0: no limit.
    fn capacity(&self, wanted: Option<u32>) -> usize {
        let server = self.settings.limits.room_capacity;
        match wanted.and_then(|wanted| usize::try_from(wanted).ok()) {
            None | Some(0) => server,
            Some(wanted) if server == 0 => wanted,
            Some(wanted) => wanted.min(server),
        }
    }

    fn probe(
        &mut self,
        joiner: SessionId,
        operation: Option<OperationId>,
        login: Login,
        holder: SessionId,
        join: Join,
    ) {
        let room = join.room.clone();
        if let Some(state) = self.established_mut(joiner) {
            state.joining.insert(room.clone());
        }
        let at = self.now + self.settings.login_probe_timeout;
        self.timers
            .set(Timer::Probe(room.clone(), login.clone()), at);
        let probe = Probe {
            joiner,
            operation,
            join,
        };
        self.probes.insert((room, login), probe);
        self.send(holder, Event::Ping);
    }

    pub(crate) fn remove_probe(&mut self, room: &RoomName, login: &Login) -> Option<Probe> {
        let probe = self.probes.remove(&(room.clone(), login.clone()))?;
        self.timers
            .cancel(&Timer::Probe(room.clone(), login.clone()));
        if let Some(state) = self.established_mut(probe.joiner) {
            state.joining.remove(room);
        }
        Some(probe)
    }

    /// A frame came: whoever wants the session's login does not get it.
    pub(crate) fn probed_session_lives(&mut self, session: SessionId) {
        let Some(state) = self.established(session) else {
            return;
        };
        let Some(login) = state.login.clone() else {
            return;
        };
        for room in state.rooms.clone() {
            if let Some(probe) = self.remove_probe(&room, &login) {
                let answer = Answer::Failed(Reason::LoginInUse);
                self.answer(probe.joiner, probe.operation, answer);
            }
        }
    }

    /// No frame came: the holder is dead, and its whole session with it.
    pub(crate) fn probe_lost(&mut self, room: RoomName, login: Login) {
        self.blame.room = Some(room.clone());
        let holder = self
            .rooms
            .get(&room)
            .and_then(|room| room.members.get(&login));
        match holder.copied() {
            // The join is taken up again when the member is removed.
            Some(holder) => self.drop_session(holder, Some(CloseReason::Idle)),
            None => self.retry_probed_join(&room, &login),
        }
    }

    /// The login is free: the join that waited for it is decided anew.
    pub(crate) fn retry_probed_join(&mut self, room: &RoomName, login: &Login) {
        if let Some(probe) = self.remove_probe(room, login) {
            self.join(probe.joiner, probe.operation, probe.join);
        }
    }

    pub(crate) fn leave(
        &mut self,
        session: SessionId,
        operation: Option<OperationId>,
        room: RoomName,
    ) {
        let login = self
            .established(session)
            .and_then(|state| state.login.clone());
        if let Some(login) = login {
            let waits = |hub: &Self| {
                let state = hub.established(session);
                state.is_some_and(|state| state.joining.contains(&room))
            };
            if waits(self)
                && let Some(probe) = self.remove_probe(&room, &login)
            {
                let answer = Answer::Failed(Reason::LeftMeanwhile);
                self.answer(session, probe.operation, answer);
            }
            self.leave_room(session, &room, &login);
        }
        // Leaving what one is not in is done already.
        self.answer(session, operation, Answer::Accepted);
    }

    fn leave_room(&mut self, session: SessionId, room: &RoomName, login: &Login) {
        let Some(state) = self.established(session) else {
            return;
        };
        if !state.rooms.contains(room) {
            return;
        }
        let (streams, plays) = (state.streams.clone(), state.plays.clone());
        self.blame.room = Some(room.clone());
        for play in plays {
            if self
                .plays
                .get(&play)
                .is_some_and(|play| play.room.as_ref() == Some(room))
            {
                self.end_play(play, StreamState::Stopped, None);
            }
        }
        for stream in streams {
            if self
                .streams
                .get(&stream)
                .is_some_and(|stream| stream.room.as_ref() == Some(room))
            {
                self.end_stream(stream, StreamEnd::Left);
            }
        }
        self.remove_member(session, room, login, Departure::Leave);
    }
}
