use std::collections::BTreeMap;

use veche_media::TransportId;

use crate::recording::Tag;
use crate::stream::Stream;
use crate::{
    Hub, JournalEntry, Login, MediaSessionId, Output, PersonId, Reason, RecordRequestId,
    RecordRoomOrder, RoomName, RoomRecordingId,
};

/// What an operator does with a recorder of chosen streams, of any rooms.
#[derive(Clone, Debug)]
pub enum MultiRecord {
    /// Make it.
    Startup,
    /// Record a live stream with it.
    Add(MediaSessionId),
    /// Do so no more.
    Remove(MediaSessionId),
    /// End it: its streams are put into one file.
    Terminate,
}

/// A recorder of chosen streams, for operators.
#[derive(Clone, Debug)]
pub struct MultiRecorderEntry {
    /// Its name.
    pub name: RoomName,
    /// Its recording.
    pub recording: RoomRecordingId,
    /// What is recorded with it.
    pub streams: Vec<MediaSessionId>,
}

/// Chosen streams that become one file. Each is somebody in its journal.
#[derive(Debug)]
pub(crate) struct MultiRecorder {
    id: RoomRecordingId,
    /// The operator who waits for it to begin.
    waiting: Option<RecordRequestId>,
    on: bool,
    streams: BTreeMap<TransportId, PersonId>,
    next_person: u64,
}

impl Hub {
    /// Every recorder of chosen streams.
    pub fn multi_recorders(&self) -> Vec<MultiRecorderEntry> {
        let entry = |(name, recorder): (&RoomName, &MultiRecorder)| MultiRecorderEntry {
            name: name.clone(),
            recording: recorder.id,
            streams: recorder
                .streams
                .keys()
                .filter_map(|transport| Some(self.streams.get(transport)?.media_session.clone()))
                .collect(),
        };
        self.multi_recorders.iter().map(entry).collect()
    }

    pub(crate) fn multi_record(
        &mut self,
        request: RecordRequestId,
        name: RoomName,
        what: MultiRecord,
    ) {
        let result = match what {
            MultiRecord::Startup => match self.start_recorder(request, &name) {
                Ok(()) => return,
                Err(reason) => Err(reason),
            },
            MultiRecord::Add(stream) => self.add_to_recorder(&name, &stream),
            MultiRecord::Remove(stream) => self.remove_from_recorder(&name, &stream),
            MultiRecord::Terminate => self.end_recorder(&name),
        };
        self.output(Output::RecordAnswered { request, result });
    }

    /// Answered when it runs.
    fn start_recorder(&mut self, request: RecordRequestId, name: &RoomName) -> Result<(), Reason> {
        self.check_name(name.as_str())?;
        if self.multi_recorders.contains_key(name) {
            return Err(Reason::RecorderExists);
        }
        if self.multi_recorders.len() >= self.settings.limits.rooms {
            return Err(Reason::TooManyRooms);
        }
        let id = self.new_room_recording();
        let recorder = MultiRecorder {
            id,
            waiting: Some(request),
            on: false,
            streams: BTreeMap::new(),
            next_person: 1,
        };
        self.multi_recorders.insert(name.clone(), recorder);
        let life = self.new_life();
        self.output(Output::RecordRoom(RecordRoomOrder {
            recording: id,
            room: name.clone(),
            life,
            by: None,
        }));
        Ok(())
    }

    /// Whether it was one of these.
    pub(crate) fn multi_recorder_started(&mut self, id: RoomRecordingId) -> bool {
        let Some(recorder) = self.multi_recorders.values_mut().find(|r| r.id == id) else {
            return false;
        };
        recorder.on = true;
        if let Some(request) = recorder.waiting.take() {
            let result = Ok(());
            self.output(Output::RecordAnswered { request, result });
        }
        true
    }

    /// Whether it was one of these.
    pub(crate) fn multi_recorder_failed(&mut self, id: RoomRecordingId, reason: Reason) -> bool {
        let mut found = self.multi_recorders.iter();
        let Some((name, _)) = found.find(|(_, recorder)| recorder.id == id) else {
            return false;
        };
        let name = name.clone();
        if let Some(recorder) = self.multi_recorders.remove(&name)
            && let Some(request) = recorder.waiting
        {
            let result = Err(reason);
            self.output(Output::RecordAnswered { request, result });
        }
        true
    }

    fn add_to_recorder(&mut self, name: &RoomName, id: &MediaSessionId) -> Result<(), Reason> {
        let recorder = self.multi_recorders.get(name);
        let recorder = recorder.filter(|r| r.on).ok_or(Reason::RecorderNotFound)?;
        let recording = recorder.id;
        let transport = self.transport_by_media_session.get(id);
        let transport = *transport.ok_or(Reason::StreamNotFound)?;
        let stream = self.streams.get(&transport);
        let stream = stream.ok_or(Reason::StreamNotFound)?;
        if !stream.media.is_flowing() {
            return Err(Reason::PublishNotReady);
        }
        if stream.recording.is_of_others() {
            return Err(Reason::RecordedElsewhere);
        }
        self.blame.room.clone_from(&stream.room);
        let login = stream.login.clone();
        let login = login.unwrap_or_else(|| Login::from(stream.name.as_str()));
        let place = stream.room.clone().unwrap_or_else(|| name.clone());
        let (media_session, stream_name) = (stream.media_session.clone(), stream.name.clone());
        let (audio, video) = (
            stream.details.audio.is_some(),
            stream.details.video.is_some(),
        );
        let Some(recorder) = self.multi_recorders.get_mut(name) else {
            return Err(Reason::RecorderNotFound);
        };
        let person = PersonId(recorder.next_person);
        recorder.next_person += 1;
        recorder.streams.insert(transport, person);
        let join = JournalEntry::Join {
            person,
            login: login.clone(),
        };
        let began = JournalEntry::Stream {
            person,
            login,
            room: place,
            stream: stream_name,
            media_session,
            audio,
            video,
        };
        for entry in [join, began] {
            self.output(Output::Journal { recording, entry });
        }
        self.journal_muted(transport, recording);
        self.restart_recording(transport, Tag::Chosen(recording));
        Ok(())
    }

    fn remove_from_recorder(&mut self, name: &RoomName, id: &MediaSessionId) -> Result<(), Reason> {
        let recorder = self.multi_recorders.get(name);
        let recorder = recorder.ok_or(Reason::RecorderNotFound)?;
        let transport = self.transport_by_media_session.get(id);
        let transport = *transport
            .filter(|transport| recorder.streams.contains_key(transport))
            .ok_or(Reason::StreamNotFound)?;
        self.release_chosen(name, transport, id.clone());
        Ok(())
    }

    /// Whoever wants the stream besides goes on: itself, or its room.
    fn release_chosen(&mut self, name: &RoomName, transport: TransportId, id: MediaSessionId) {
        self.restart_recording(transport, Tag::Own);
        self.leave_recorder(name, transport, id);
        self.record_for_room(transport);
    }

    /// The recorders that a stream was added to.
    pub(crate) fn recorders_of(&self, transport: TransportId) -> Vec<RoomRecordingId> {
        let all = self.multi_recorders.values();
        let those = all.filter(|recorder| recorder.streams.contains_key(&transport));
        those.map(|recorder| recorder.id).collect()
    }

    fn leave_recorder(&mut self, name: &RoomName, transport: TransportId, id: MediaSessionId) {
        let Some(recorder) = self.multi_recorders.get_mut(name) else {
            return;
        };
        let Some(person) = recorder.streams.remove(&transport) else {
            return;
        };
        let recording = recorder.id;
        let over = JournalEntry::Unstream { media_session: id };
        for entry in [over, JournalEntry::Leave { person }] {
            self.output(Output::Journal { recording, entry });
        }
    }

    fn end_recorder(&mut self, name: &RoomName) -> Result<(), Reason> {
        let recorder = self.multi_recorders.get(name);
        let recorder = recorder.ok_or(Reason::RecorderNotFound)?;
        let transports: Vec<_> = recorder.streams.keys().copied().collect();
        for transport in transports {
            if let Some(stream) = self.streams.get(&transport) {
                let id = stream.media_session.clone();
                self.release_chosen(name, transport, id);
            }
        }
        if let Some(recorder) = self.multi_recorders.remove(name) {
            self.abandon_recorder(recorder, Reason::NotRecorded);
        }
        Ok(())
    }

    /// The server goes down.
    pub(crate) fn abandon_recorders(&mut self) {
        for recorder in std::mem::take(&mut self.multi_recorders).into_values() {
            self.abandon_recorder(recorder, Reason::ShuttingDown);
        }
    }

    fn abandon_recorder(&mut self, recorder: MultiRecorder, reason: Reason) {
        let recording = recorder.id;
        self.output(Output::StopRecordRoom { recording });
        if let Some(request) = recorder.waiting {
            let result = Err(reason);
            self.output(Output::RecordAnswered { request, result });
        }
    }

    /// A stream has ended: so it has in the recorder that took it.
    pub(crate) fn forget_in_recorders(&mut self, transport: TransportId, stream: &Stream) {
        let mut found = self.multi_recorders.iter();
        let found = found.find(|(_, recorder)| recorder.streams.contains_key(&transport));
        if let Some((name, _)) = found {
            let name = name.clone();
            self.leave_recorder(&name, transport, stream.media_session.clone());
        }
    }

    /// For the checks of tests.
    pub(crate) fn is_chosen(&self, transport: TransportId, id: RoomRecordingId) -> bool {
        let mut recorders = self.multi_recorders.values();
        recorders.any(|r| r.id == id && r.streams.contains_key(&transport))
    }

    /// After a fault: what is gone is gone.
    pub(crate) fn purge_recorders(&mut self) {
        let streams = &self.streams;
        for recorder in self.multi_recorders.values_mut() {
            recorder
                .streams
                .retain(|transport, _| streams.contains_key(transport));
        }
    }
}
