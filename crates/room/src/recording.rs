use std::fmt;

use veche_media::TransportId;

use crate::{
    Hub, MediaSessionId, Note, Output, Reason, RecordName, RecordOrder, RecordRequestId,
    RoomRecordingId,
};

/// One recording of one stream. Never reused while the process lives: a
/// stream may be recorded, and stop being recorded, many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId(pub u64);

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// For whom a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// For whoever wants this stream.
    Own,
    /// For the room, and for whoever wants this stream.
    Room(RoomRecordingId),
    /// For an operator who put streams together, and for whoever wants this one.
    Chosen(RoomRecordingId),
}

/// Whether a stream is recorded.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// Its client, an operator or the configuration wants it, whatever
    /// becomes of its room.
    pub(crate) wanted: bool,
    /// Ordered, and neither stopped nor failed.
    pub(crate) active: Option<Active>,
    /// The operator who waits to hear that it began.
    waiting: Option<RecordRequestId>,
    /// Of the recording, or of the last one.
    pub(crate) name: Option<RecordName>,
    /// What was lost, or why there is nothing.
    pub(crate) problem: Option<Reason>,
    /// Nothing is taken until it is resumed.
    paused: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Active {
    pub(crate) id: RecordingId,
    pub(crate) tag: Tag,
}

impl Recording {
    pub(crate) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Its file belongs to others already.
    pub(crate) fn is_of_others(&self) -> bool {
        self.active.is_some_and(|active| active.tag != Tag::Own)
    }

    pub(crate) fn is_for(&self, room: RoomRecordingId) -> bool {
        self.active
            .is_some_and(|active| active.tag == Tag::Room(room))
    }
}

impl Hub {
    /// Media flows: what was asked for at publish, or of the room, begins.
    pub(crate) fn begin_wanted_recording(&mut self, transport: TransportId) {
        self.record_for_room(transport);
        let stream = self.streams.get(&transport);
        let recording = stream.map(|stream| &stream.recording);
        if recording.is_some_and(|r| r.wanted && r.active.is_none()) {
            self.begin_recording(transport, Tag::Own, None);
        }
    }

    /// Goes on in another file, which belongs to somebody else: each file is
    /// of at most one recording of a room. With [`Tag::Own`] only if anybody
    /// wants the stream itself.
    pub(crate) fn restart_recording(&mut self, transport: TransportId, tag: Tag) {
        let Some(stream) = self.streams.get_mut(&transport) else {
            return;
        };
        let state = &mut stream.recording;
        let wanted = state.wanted || tag != Tag::Own;
        let waiting = state.waiting.take();
        if let Some(Active { id: recording, .. }) = state.active.take() {
            self.output(Output::StopRecord {
                transport,
                recording,
            });
        }
        if wanted {
            self.begin_recording(transport, tag, waiting);
        } else if let Some(request) = waiting {
            let result = Err(Reason::NotRecorded);
            self.output(Output::RecordAnswered { request, result });
        }
    }

    fn begin_recording(
        &mut self,
        transport: TransportId,
        tag: Tag,
        waiting: Option<RecordRequestId>,
    ) {
        let recording = self.new_recording();
        let Some(stream) = self.streams.get_mut(&transport) else {
            return;
        };
        let id = recording;
        stream.recording.active = Some(Active { id, tag });
        stream.recording.waiting = waiting;
        stream.recording.name = None;
        stream.recording.problem = None;
        stream.recording.paused = false;
        let room = stream.room.as_ref().and_then(|name| self.rooms.get(name));
        let order = RecordOrder {
            recording,
            transport,
            session: stream.session,
            media_session: stream.media_session.clone(),
            login: stream.login.clone(),
            stream: stream.name.clone(),
            room: stream.room.clone(),
            life: room.map(|room| room.life),
            first_publish: room.and_then(|room| room.first_publish),
            room_recording: match tag {
                Tag::Own => None,
                Tag::Room(id) | Tag::Chosen(id) => Some(id),
            },
            audio: stream.details.audio,
            video: stream.details.video,
        };
        self.output(Output::Record(order));
    }

    /// Ends what is under way of a stream's recording, if anything is. Whoever
    /// waits for it is told `reason`.
    pub(crate) fn stop_recording(
        &mut self,
        transport: TransportId,
        state: &mut Recording,
        reason: Reason,
    ) {
        if let Some(Active { id: recording, .. }) = state.active.take() {
            self.output(Output::StopRecord {
                transport,
                recording,
            });
        }
        if let Some(request) = state.waiting.take() {
            let result = Err(reason);
            self.output(Output::RecordAnswered { request, result });
        }
    }

    pub(crate) fn recording_started(
        &mut self,
        transport: TransportId,
        recording: RecordingId,
        name: Option<RecordName>,
    ) {
        let Some(state) = self.current_recording(transport, recording) else {
            return;
        };
        if name.is_some() {
            state.name = name;
        }
        if let Some(request) = state.waiting.take() {
            let result = Ok(());
            self.output(Output::RecordAnswered { request, result });
        }
    }

    /// It ended by itself; there is nothing to stop.
    pub(crate) fn recording_failed(
        &mut self,
        transport: TransportId,
        recording: RecordingId,
        problem: Reason,
        detail: String,
    ) {
        let Some(state) = self.current_recording(transport, recording) else {
            return;
        };
        let tag = state.active.take().map(|active| active.tag);
        state.problem = Some(problem);
        if let Some(request) = state.waiting.take() {
            let result = Err(problem);
            self.output(Output::RecordAnswered { request, result });
        }
        self.note(Note::RecordingFailed {
            transport,
            recording,
            reason: detail,
        });
        self.trouble(transport, tag, problem);
    }

    /// Something of it is lost; it goes on.
    pub(crate) fn recording_degraded(
        &mut self,
        transport: TransportId,
        recording: RecordingId,
        problem: Reason,
    ) {
        let Some(state) = self.current_recording(transport, recording) else {
            return;
        };
        if state.problem.replace(problem) == Some(problem) {
            return;
        }
        let tag = state.active.map(|active| active.tag);
        self.trouble(transport, tag, problem);
    }

    fn trouble(&mut self, transport: TransportId, tag: Option<Tag>, problem: Reason) {
        self.tell_publisher(transport, problem);
        if let Some(Tag::Room(room)) = tag {
            self.room_recording_trouble(room, problem);
        }
    }

    /// What an operator wants of a live stream.
    pub(crate) fn record(
        &mut self,
        request: RecordRequestId,
        media_session: &MediaSessionId,
        on: bool,
    ) {
        let result = match self.try_record(request, media_session, on) {
            Ok(true) => Ok(()),
            Ok(false) => return,
            Err(reason) => Err(reason),
        };
        self.output(Output::RecordAnswered { request, result });
    }

    /// False: the answer comes later.
    fn try_record(
        &mut self,
        request: RecordRequestId,
        media_session: &MediaSessionId,
        on: bool,
    ) -> Result<bool, Reason> {
        let transport = self.transport_by_media_session.get(media_session);
        let transport = *transport.ok_or(Reason::StreamNotFound)?;
        let stream = self.streams.get_mut(&transport);
        let stream = stream.ok_or(Reason::StreamNotFound)?;
        self.blame.room.clone_from(&stream.room);
        if !on {
            let mut state = std::mem::take(&mut stream.recording);
            let was_on = state.active.is_some() || state.wanted;
            // Also one that would have begun with the media.
            state.wanted = false;
            self.stop_recording(transport, &mut state, Reason::NotRecorded);
            if let Some(stream) = self.streams.get_mut(&transport) {
                stream.recording = state;
            }
            return was_on.then_some(true).ok_or(Reason::NotRecorded);
        }
        if !stream.media.is_flowing() {
            return Err(Reason::PublishNotReady);
        }
        stream.recording.wanted = true;
        if stream.recording.active.is_some() {
            return Ok(true);
        }
        let room = stream.room.clone();
        let room = room.and_then(|room| self.running_room_recording(&room));
        let tag = room.map_or(Tag::Own, Tag::Room);
        self.begin_recording(transport, tag, Some(request));
        Ok(false)
    }

    /// An operator pauses the recording of a live stream, or resumes it. The
    /// file stays the same.
    pub(crate) fn pause_recording(
        &mut self,
        request: RecordRequestId,
        media_session: &MediaSessionId,
        paused: bool,
    ) {
        let result = self.try_pause(media_session, paused);
        self.output(Output::RecordAnswered { request, result });
    }

    fn try_pause(&mut self, media_session: &MediaSessionId, paused: bool) -> Result<(), Reason> {
        let transport = self.transport_by_media_session.get(media_session);
        let transport = *transport.ok_or(Reason::StreamNotFound)?;
        let stream = self.streams.get_mut(&transport);
        let state = &mut stream.ok_or(Reason::StreamNotFound)?.recording;
        let recording = state.active.ok_or(Reason::NotRecorded)?.id;
        if std::mem::replace(&mut state.paused, paused) != paused {
            self.output(Output::PauseRecord { recording, paused });
        }
        Ok(())
    }

    /// The state of a recording, unless it was stopped, or replaced by another.
    fn current_recording(
        &mut self,
        transport: TransportId,
        recording: RecordingId,
    ) -> Option<&mut Recording> {
        let state = &mut self.streams.get_mut(&transport)?.recording;
        let current = state.active.is_some_and(|active| active.id == recording);
        current.then_some(state)
    }
}
