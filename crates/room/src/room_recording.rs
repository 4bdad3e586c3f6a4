use std::collections::BTreeMap;
use std::fmt;

use veche_media::TransportId;

use crate::recording::Tag;
use crate::session::Established;
use crate::{
    Answer, ChatMessage, Event, Hub, JournalEntry, Login, Note, OperationId, Output, PersonId,
    Reason, RecordRequestId, RecordRoomOrder, ResumeToken, RoomEvent, RoomLife, RoomName,
    RoomRecordingState, SessionId,
};

/// One recording of one room. Never reused while the process lives: a room
/// may be recorded, and stop being recorded, many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomRecordingId(pub u64);

impl fmt::Display for RoomRecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rr{}", self.0)
    }
}

/// Which participants may switch the recording of their room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordBy {
    /// Everybody in the room.
    #[default]
    Everyone,
    /// Who made the room.
    Creator,
    /// Only operators.
    Nobody,
}

/// Who made a room.
#[derive(Clone, Debug)]
pub(crate) struct Creator {
    session: SessionId,
    /// Logins are anybody's; the token is only the creator's.
    token: Option<ResumeToken>,
}

/// The recording of a whole room.
#[derive(Debug)]
pub(crate) struct RoomRecording {
    pub(crate) id: RoomRecordingId,
    by: Option<Login>,
    since_ms: u64,
    progress: Progress,
    /// What was lost, or what is wrong.
    problem: Option<Reason>,
}

#[derive(Debug)]
enum Progress {
    /// Ordered; whoever asked waits to hear that it runs.
    Starting(Waiting),
    /// Every participant that it knows.
    On {
        people: BTreeMap<SessionId, PersonId>,
        next_person: u64,
    },
}

#[derive(Debug)]
enum Waiting {
    Nobody,
    Participant(SessionId, Option<OperationId>),
    Operator(RecordRequestId),
}

impl RoomRecording {
    fn is_on(&self) -> bool {
        matches!(self.progress, Progress::On { .. })
    }

    fn state(&self, on: bool) -> RoomRecordingState {
        RoomRecordingState {
            on,
            by: self.by.clone(),
            since_ms: self.since_ms,
            problem: self.problem,
        }
    }
}

impl Creator {
    pub(crate) fn of(session: SessionId, state: Option<&Established>) -> Self {
        let token = state.and_then(|state| state.token.clone());
        Self { session, token }
    }

    fn is(&self, session: SessionId, state: &Established) -> bool {
        self.session == session || (self.token.is_some() && self.token == state.token)
    }
}

impl Hub {
    /// A participant switches the recording of a room.
    pub(crate) fn switch_room_recording(
        &mut self,
        session: SessionId,
        operation: Option<OperationId>,
        room: RoomName,
        on: bool,
    ) {
        match self.may_switch(session, &room) {
            Err(reason) => self.answer(session, operation, Answer::Failed(reason)),
            Ok(by) => {
                let waiting = Waiting::Participant(session, operation);
                self.switch(&room, on, Some(by), waiting);
            }
        }
    }

    fn may_switch(&mut self, session: SessionId, name: &RoomName) -> Result<Login, Reason> {
        let state = self.established(session).ok_or(Reason::NotConnected)?;
        if !state.rooms.contains(name) {
            return Err(Reason::NotInRoom);
        }
        let login = state.login.clone().ok_or(Reason::LoginMissing)?;
        let room = self.rooms.get(name).ok_or(Reason::NotInRoom)?;
        let settings = &self.settings;
        if !settings.record_streams {
            return Err(Reason::RecordingDisabled);
        }
        let allowed = !settings.record_all_rooms
            && match settings.room_record_by {
                RecordBy::Everyone => true,
                RecordBy::Creator => room.creator.is(session, state),
                RecordBy::Nobody => false,
            };
        self.blame.room = Some(name.clone());
        allowed.then_some(login).ok_or(Reason::RecordingNotAllowed)
    }

    /// An operator switches the recording of a room.
    pub(crate) fn operate_room_recording(
        &mut self,
        request: RecordRequestId,
        room: RoomName,
        on: bool,
    ) {
        if self.rooms.contains_key(&room) {
            self.blame.room = Some(room.clone());
            self.switch(&room, on, None, Waiting::Operator(request));
        } else {
            let result = Err(Reason::RoomNotFound);
            self.output(Output::RecordAnswered { request, result });
        }
    }

    /// A room was made: it may be recorded from the beginning.
    pub(crate) fn begin_wanted_room_recording(
        &mut self,
        room: &RoomName,
        creator: &Login,
        record: bool,
    ) {
        let settings = &self.settings;
        let asked = record && settings.room_record_by != RecordBy::Nobody;
        if settings.record_streams && settings.record_all_rooms {
            self.switch(room, true, None, Waiting::Nobody);
        } else if settings.record_streams && asked {
            self.switch(room, true, Some(creator.clone()), Waiting::Nobody);
        }
    }

    fn switch(&mut self, name: &RoomName, on: bool, by: Option<Login>, waiting: Waiting) {
        let Some(room) = self.rooms.get(name) else {
            return;
        };
        match (on, &room.recording) {
            (true, None) => self.order_room_recording(name, by, waiting),
            // Also one that begins: should it fail, everybody is told.
            (true, Some(_)) => self.reply(waiting, Ok(())),
            (false, None) => {
                // Off is off, as with what one has left already. An operator,
                // who names rooms by hand, is told.
                let result = match waiting {
                    Waiting::Operator(_) => Err(Reason::NotRecorded),
                    _ => Ok(()),
                };
                self.reply(waiting, result);
            }
            (false, Some(_)) => {
                self.end_room_recording(name, by);
                self.reply(waiting, Ok(()));
            }
        }
    }

    fn order_room_recording(&mut self, name: &RoomName, by: Option<Login>, waiting: Waiting) {
        let since_ms = self.unix_ms();
        let id = self.new_room_recording();
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        room.recording = Some(RoomRecording {
            id,
            by: by.clone(),
            since_ms,
            progress: Progress::Starting(waiting),
            problem: None,
        });
        let order = RecordRoomOrder {
            recording: id,
            room: name.clone(),
            life: room.life,
            by,
        };
        self.output(Output::RecordRoom(order));
    }

    fn reply(&mut self, waiting: Waiting, result: Result<(), Reason>) {
        match waiting {
            Waiting::Nobody => {}
            Waiting::Participant(session, operation) => {
                let answer = Answer::of(result.map(|()| Answer::Accepted));
                self.answer(session, operation, answer);
            }
            Waiting::Operator(request) => self.output(Output::RecordAnswered { request, result }),
        }
    }

    /// There is a place to write to: everybody who is in, and every stream
    /// that flows, is in it from now on.
    pub(crate) fn room_recording_started(&mut self, id: RoomRecordingId) {
        if self.multi_recorder_started(id) {
            return;
        }
        let Some(name) = self.room_of_recording(id) else {
            return;
        };
        self.blame.room = Some(name.clone());
        let since_ms = self.unix_ms();
        let Some(room) = self.rooms.get_mut(&name) else {
            return;
        };
        let members = room.members.clone();
        let Some(recording) = room.recording.as_mut().filter(|r| !r.is_on()) else {
            return;
        };
        let on = Progress::On {
            people: BTreeMap::new(),
            next_person: 1,
        };
        let before = std::mem::replace(&mut recording.progress, on);
        recording.since_ms = since_ms;
        for (login, session) in members {
            self.journal_join(&name, session, &login);
        }
        if let Progress::Starting(waiting) = before {
            self.reply(waiting, Ok(()));
        }
        self.tell_recording(&name, true);
        for transport in self.flowing_in(&name) {
            self.record_for_room(transport);
        }
    }

    /// It could not begin; there is nothing to stop.
    pub(crate) fn room_recording_failed(&mut self, id: RoomRecordingId, reason: Reason) {
        if self.multi_recorder_failed(id, reason) {
            return;
        }
        let Some(name) = self.room_of_recording(id) else {
            return;
        };
        self.blame.room = Some(name.clone());
        let room = self.rooms.get_mut(&name);
        let Some(mut recording) = room.and_then(|room| room.recording.take()) else {
            return;
        };
        recording.problem = Some(reason);
        let event = RoomEvent::Recording(recording.state(false));
        self.release_streams(&name, id);
        if let Progress::Starting(waiting) = recording.progress {
            self.reply(waiting, Err(reason));
        }
        let everybody = self.who_knows_recordings(&name);
        self.send_room(everybody, &name, event);
        self.note(Note::RoomRecordingFailed {
            room: name,
            recording: id,
            reason,
        });
    }

    /// Something is lost of a room's recording. The last word counts.
    pub(crate) fn room_recording_trouble(&mut self, id: RoomRecordingId, problem: Reason) {
        let Some(name) = self.room_of_recording(id) else {
            return;
        };
        let room = self.rooms.get_mut(&name);
        let Some(recording) = room.and_then(|room| room.recording.as_mut()) else {
            return;
        };
        let news = recording.problem.replace(problem) != Some(problem);
        if news && recording.is_on() {
            self.tell_recording(&name, true);
        }
    }

    /// Ends the recording of a room, if there is one, and keeps it.
    pub(crate) fn end_room_recording(&mut self, name: &RoomName, by: Option<Login>) {
        let room = self.rooms.get_mut(name);
        let Some(mut recording) = room.and_then(|room| room.recording.take()) else {
            return;
        };
        self.release_streams(name, recording.id);
        self.output(Output::StopRecordRoom {
            recording: recording.id,
        });
        recording.by = by;
        recording.since_ms = self.unix_ms();
        let event = RoomEvent::Recording(recording.state(false));
        match recording.progress {
            Progress::Starting(waiting) => self.reply(waiting, Err(Reason::NotRecorded)),
            Progress::On { .. } => {
                let everybody = self.who_knows_recordings(name);
                self.send_room(everybody, name, event);
            }
        }
    }

    /// What stands in the way when a room is thrown away after a panic: no
    /// member is told anything.
    pub(crate) fn abandon_room_recording(&mut self, recording: Option<RoomRecording>) {
        let Some(recording) = recording else { return };
        self.output(Output::StopRecordRoom {
            recording: recording.id,
        });
        if let Progress::Starting(waiting @ Waiting::Operator(_)) = recording.progress {
            self.reply(waiting, Err(Reason::Internal));
        }
    }

    /// To the joiner, who has heard the state.
    pub(crate) fn tell_joiner_of_recording(&mut self, session: SessionId, name: &RoomName) {
        let recording = self.rooms.get(name).and_then(|r| r.recording.as_ref());
        let Some(recording) = recording.filter(|r| r.is_on()) else {
            return;
        };
        let event = RoomEvent::Recording(recording.state(true));
        if self.knows_veche(session) {
            self.send_room(vec![session], name, event);
        }
    }

    fn tell_recording(&mut self, name: &RoomName, on: bool) {
        let recording = self.rooms.get(name).and_then(|r| r.recording.as_ref());
        let Some(recording) = recording else { return };
        let event = RoomEvent::Recording(recording.state(on));
        let everybody = self.who_knows_recordings(name);
        self.send_room(everybody, name, event);
    }

    fn who_knows_recordings(&self, name: &RoomName) -> Vec<SessionId> {
        let members = self.rooms.get(name).map(|room| room.members.values());
        let members = members.into_iter().flatten().copied();
        members
            .filter(|session| self.knows_veche(*session))
            .collect()
    }

    /// Whether the client said that it knows our additions.
    pub(crate) fn knows_veche(&self, session: SessionId) -> bool {
        let state = self.established(session);
        state.is_some_and(|state| state.token.is_some())
    }

    fn room_of_recording(&self, id: RoomRecordingId) -> Option<RoomName> {
        let mut rooms = self.rooms.iter();
        let is_it = |recording: &RoomRecording| recording.id == id;
        let found = rooms.find(|(_, room)| room.recording.as_ref().is_some_and(is_it));
        found.map(|(name, _)| name.clone())
    }

    fn flowing_in(&self, name: &RoomName) -> Vec<TransportId> {
        let streams = self.streams.iter();
        streams
            .filter(|(_, s)| s.room.as_ref() == Some(name) && s.media.is_flowing())
            .map(|(transport, _)| *transport)
            .collect()
    }

    /// The recording that runs of a room.
    pub(crate) fn running_room_recording(&self, name: &RoomName) -> Option<RoomRecordingId> {
        let recording = self.rooms.get(name)?.recording.as_ref()?;
        recording.is_on().then_some(recording.id)
    }

    /// A stream flows in a room: if that is recorded, so is the stream. One
    /// file serves the room and whoever wants the stream itself.
    pub(crate) fn record_for_room(&mut self, transport: TransportId) {
        let Some(stream) = self.streams.get(&transport) else {
            return;
        };
        let (Some(room), session) = (stream.room.clone(), stream.session) else {
            return;
        };
        let Some(recording) = self.running_room_recording(&room) else {
            return;
        };
        if stream.recording.is_of_others() {
            return;
        }
        let Some(person) = self.person(&room, session) else {
            return;
        };
        let Some(login) = stream.login.clone() else {
            return;
        };
        let entry = JournalEntry::Stream {
            person,
            login,
            room,
            stream: stream.name.clone(),
            media_session: stream.media_session.clone(),
            audio: stream.details.audio.is_some(),
            video: stream.details.video.is_some(),
        };
        let stream = self.streams.get_mut(&transport);
        let before = stream.and_then(|stream| stream.journaled.replace(recording));
        // One that was taken elsewhere for a while is told of once.
        if before != Some(recording) {
            self.output(Output::Journal { recording, entry });
            self.journal_muted(transport, recording);
        }
        self.restart_recording(transport, Tag::Room(recording));
    }

    /// The room is not recorded any more; who wants a stream itself goes on.
    fn release_streams(&mut self, name: &RoomName, id: RoomRecordingId) {
        for transport in self.flowing_in(name) {
            let stream = self.streams.get(&transport);
            if stream.is_some_and(|stream| stream.recording.is_for(id)) {
                self.restart_recording(transport, Tag::Own);
            }
        }
    }

    fn person(&self, name: &RoomName, session: SessionId) -> Option<PersonId> {
        match &self.rooms.get(name)?.recording.as_ref()?.progress {
            Progress::On { people, .. } => people.get(&session).copied(),
            Progress::Starting(_) => None,
        }
    }

    pub(crate) fn journal_join(&mut self, name: &RoomName, session: SessionId, login: &Login) {
        let room = self.rooms.get_mut(name);
        let Some(recording) = room.and_then(|room| room.recording.as_mut()) else {
            return;
        };
        let Progress::On {
            people,
            next_person,
        } = &mut recording.progress
        else {
            return;
        };
        let person = PersonId(*next_person);
        *next_person += 1;
        people.insert(session, person);
        let (recording, login) = (recording.id, login.clone());
        let entry = JournalEntry::Join { person, login };
        self.output(Output::Journal { recording, entry });
    }

    pub(crate) fn journal_leave(&mut self, name: &RoomName, session: SessionId) {
        let room = self.rooms.get_mut(name);
        let Some(recording) = room.and_then(|room| room.recording.as_mut()) else {
            return;
        };
        let Progress::On { people, .. } = &mut recording.progress else {
            return;
        };
        if let Some(person) = people.remove(&session) {
            let (recording, entry) = (recording.id, JournalEntry::Leave { person });
            self.output(Output::Journal { recording, entry });
        }
    }

    /// A microphone or camera was switched: told to whoever was told of the stream.
    pub(crate) fn journal_mute(&mut self, transport: TransportId) {
        let Some(stream) = self.streams.get(&transport) else {
            return;
        };
        let room = stream.room.as_ref();
        let of_room = room.and_then(|room| self.running_room_recording(room));
        let of_room = of_room.filter(|recording| stream.journaled == Some(*recording));
        let chosen = self.recorders_of(transport);
        for recording in chosen.into_iter().chain(of_room) {
            self.journal_switches(transport, recording);
        }
    }

    /// A stream begins to be recorded; what is off is told, if something is.
    pub(crate) fn journal_muted(&mut self, transport: TransportId, recording: RoomRecordingId) {
        let details = self.streams.get(&transport).map(|stream| &stream.details);
        if details.is_some_and(|details| details.audio_muted || details.video_muted) {
            self.journal_switches(transport, recording);
        }
    }

    fn journal_switches(&mut self, transport: TransportId, recording: RoomRecordingId) {
        let Some(stream) = self.streams.get(&transport) else {
            return;
        };
        let entry = JournalEntry::Mute {
            media_session: stream.media_session.clone(),
            audio: stream.details.audio_muted,
            video: stream.details.video_muted,
        };
        self.output(Output::Journal { recording, entry });
    }

    /// Only of streams that it was told of.
    pub(crate) fn journal_unstream(&mut self, stream: &crate::stream::Stream) {
        let Some(room) = &stream.room else { return };
        if !stream.media.is_flowing() {
            return;
        }
        // Another recorder may have had it.
        if let Some(recording) = self.running_room_recording(room)
            && stream.journaled == Some(recording)
        {
            let media_session = stream.media_session.clone();
            let entry = JournalEntry::Unstream { media_session };
            self.output(Output::Journal { recording, entry });
        }
    }

    /// Only what everybody was told.
    pub(crate) fn journal_chat(
        &mut self,
        name: &RoomName,
        session: SessionId,
        message: &ChatMessage,
    ) {
        if !message.broadcast {
            return;
        }
        if let Some(person) = self.person(name, session)
            && let Some(recording) = self.running_room_recording(name)
        {
            let entry = JournalEntry::Chat {
                person,
                login: message.from.clone(),
                text: message.text.clone(),
            };
            self.output(Output::Journal { recording, entry });
        }
    }

    /// A publisher is told that the recording of its stream is in trouble.
    /// Only those who know our additions: for others a second PUBLISHING is
    /// another start.
    pub(crate) fn tell_publisher(&mut self, transport: TransportId, problem: Reason) {
        let Some(stream) = self.streams.get(&transport) else {
            return;
        };
        if stream.media.is_flowing() && self.knows_veche(stream.session) {
            let state = crate::StreamState::Publishing;
            let status = stream.status(state, Some(problem));
            let session = stream.session;
            self.send(session, Event::Stream(Box::new(status)));
        }
    }
}

impl fmt::Display for RoomLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
