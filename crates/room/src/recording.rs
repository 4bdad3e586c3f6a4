use std::fmt;

use veche_media::TransportId;

use crate::{Hub, MediaSessionId, Note, Output, Reason, RecordName, RecordOrder, RecordRequestId};

/// One recording of one stream. Never reused while the process lives: a
/// stream may be recorded, and stop being recorded, many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId(pub u64);

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// Whether a stream is recorded.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// Its client, or the configuration, wants it from its first media on.
    pub(crate) wanted: bool,
    /// Ordered, and neither stopped nor failed.
    pub(crate) active: Option<RecordingId>,
    /// The operator who waits to hear that it began.
    waiting: Option<RecordRequestId>,
    /// Of the recording, or of the last one.
    pub(crate) name: Option<RecordName>,
}

impl Recording {
    pub(crate) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }
}

impl Hub {
    /// Media flows: what was asked for at publish begins.
    pub(crate) fn begin_wanted_recording(&mut self, transport: TransportId) {
        let wanted = self.streams.get(&transport);
        if wanted.is_some_and(|stream| stream.recording.wanted) {
            self.begin_recording(transport, None);
        }
    }

    fn begin_recording(&mut self, transport: TransportId, waiting: Option<RecordRequestId>) {
        let recording = self.new_recording();
        let Some(stream) = self.streams.get_mut(&transport) else {
            return;
        };
        stream.recording.active = Some(recording);
        stream.recording.waiting = waiting;
        stream.recording.name = None;
        let order = RecordOrder {
            recording,
            transport,
            session: stream.session,
            media_session: stream.media_session.clone(),
            login: stream.login.clone(),
            stream: stream.name.clone(),
            room: stream.room.clone(),
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
        if let Some(recording) = state.active.take() {
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
        reason: String,
    ) {
        let Some(state) = self.current_recording(transport, recording) else {
            return;
        };
        state.active = None;
        if let Some(request) = state.waiting.take() {
            let result = Err(Reason::RecordingFailed);
            self.output(Output::RecordAnswered { request, result });
        }
        self.note(Note::RecordingFailed {
            transport,
            recording,
            reason,
        });
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
        if stream.recording.active.is_some() {
            return Ok(true);
        }
        self.begin_recording(transport, Some(request));
        Ok(false)
    }

    /// The state of a recording, unless it was stopped, or replaced by another.
    fn current_recording(
        &mut self,
        transport: TransportId,
        recording: RecordingId,
    ) -> Option<&mut Recording> {
        let state = &mut self.streams.get_mut(&transport)?.recording;
        (state.active == Some(recording)).then_some(state)
    }
}
