use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use veche_media::TransportId;

use crate::discard::Blame;
use crate::join::Probe;
use crate::multi_recorder::MultiRecorder;
use crate::play::Play;
use crate::room::Room;
use crate::session::{Phase, Session, Token};
use crate::stream::Stream;
use crate::timers::{Timer, Timers};
use crate::{
    Answer, CloseReason, Command, Event, Input, Login, MediaSessionId, Note, OperationId, Output,
    Reason, RecordingId, ResumeToken, RoomEvent, RoomLife, RoomName, RoomRecordingId, SessionId,
    Settings, StreamName,
};

/// Every session, room, stream and play of a server, and the rules between them.
#[derive(Debug)]
pub struct Hub {
    pub(crate) settings: Settings,
    /// Milliseconds since 1970 at time zero.
    epoch_ms: u64,
    pub(crate) now: Duration,
    pub(crate) closing: bool,
    next_transport: u64,
    next_recording: u64,
    next_room_recording: u64,
    next_life: u64,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) rooms: BTreeMap<RoomName, Room>,
    pub(crate) streams: BTreeMap<TransportId, Stream>,
    pub(crate) stream_by_name: BTreeMap<StreamName, TransportId>,
    pub(crate) plays: BTreeMap<TransportId, Play>,
    pub(crate) transport_by_media_session: BTreeMap<MediaSessionId, TransportId>,
    pub(crate) probes: BTreeMap<(RoomName, Login), Probe>,
    pub(crate) tokens: BTreeMap<ResumeToken, Token>,
    pub(crate) multi_recorders: BTreeMap<RoomName, MultiRecorder>,
    pub(crate) timers: Timers,
    pub(crate) blame: Blame,
    outputs: VecDeque<Output>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections.
    pub sessions: usize,
    /// Rooms, also those that wait for somebody to come back.
    pub rooms: usize,
    /// Participants, summed over the rooms.
    pub participants: usize,
    /// Publishes, also those being set up.
    pub streams: usize,
    /// Plays, also those being set up.
    pub plays: usize,
    /// Deadlines.
    pub timers: usize,
}

impl Hub {
    /// No rooms yet. `epoch_ms` is the wall clock at time zero, in
    /// milliseconds since 1970: messages are stamped with it.
    pub fn new(settings: Settings, epoch_ms: u64) -> Self {
        Self {
            settings,
            epoch_ms,
            now: Duration::ZERO,
            closing: false,
            next_transport: 1,
            next_recording: 1,
            next_room_recording: 1,
            next_life: 1,
            sessions: BTreeMap::new(),
            rooms: BTreeMap::new(),
            streams: BTreeMap::new(),
            stream_by_name: BTreeMap::new(),
            plays: BTreeMap::new(),
            transport_by_media_session: BTreeMap::new(),
            probes: BTreeMap::new(),
            tokens: BTreeMap::new(),
            multi_recorders: BTreeMap::new(),
            timers: Timers::default(),
            blame: Blame::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input. A panic within costs at most the room that it is about.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.now = self.now.max(now);
        if let Input::Timeout = input {
            while let Some(timer) = self.timers.pop_due(self.now) {
                self.guarded(|hub| hub.handle_timer(timer));
            }
        } else {
            self.guarded(|hub| hub.handle_input(input));
        }
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is wanted, on the clock of [`Hub::handle`].
    pub fn next_timeout(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// How much there is. Takes time in proportion to the rooms.
    pub fn counts(&self) -> Counts {
        Counts {
            sessions: self.sessions.len(),
            rooms: self.rooms.len(),
            participants: self.rooms.values().map(|room| room.members.len()).sum(),
            streams: self.streams.len(),
            plays: self.plays.len(),
            timers: self.timers.len(),
        }
    }

    fn handle_input(&mut self, input: Input) {
        match input {
            Input::SessionOpened { session } => self.open_session(session),
            Input::Command { session, command } => {
                self.blame.session = Some(session);
                self.frame_seen(session);
                self.handle_command(session, command);
            }
            Input::FrameSeen { session } => {
                self.blame.session = Some(session);
                self.frame_seen(session);
            }
            Input::SessionClosed { session } => {
                self.blame.session = Some(session);
                self.drop_session(session, None);
            }
            Input::PublishAnswered { transport, result } => {
                self.publish_answered(transport, result)
            }
            Input::PlayAnswered { transport, result } => self.play_answered(transport, result),
            Input::TransportConnected { transport } => {
                if self.streams.contains_key(&transport) {
                    self.stream_connected(transport);
                } else {
                    self.play_connected(transport);
                }
            }
            Input::TransportFailed { transport, reason } => {
                if self.streams.contains_key(&transport) {
                    self.stream_failed(transport, reason);
                } else {
                    self.play_failed(transport, reason);
                }
            }
            Input::VideoSize { transport, size } => self.resized(transport, size),
            Input::Rate { transport, rate } => self.rate(transport, rate),
            Input::RecordingStarted {
                transport,
                recording,
                name,
            } => self.recording_started(transport, recording, name),
            Input::RecordingFailed {
                transport,
                recording,
                problem,
                detail,
            } => self.recording_failed(transport, recording, problem, detail),
            Input::RecordingDegraded {
                transport,
                recording,
                problem,
            } => self.recording_degraded(transport, recording, problem),
            Input::RoomRecordingStarted { recording } => self.room_recording_started(recording),
            Input::RoomRecordingFailed { recording, problem } => {
                self.room_recording_failed(recording, problem);
            }
            Input::RoomRecordingDegraded { recording, problem } => {
                self.room_recording_trouble(recording, problem);
            }
            Input::Record {
                request,
                media_session,
                on,
            } => self.record(request, &media_session, on),
            Input::PauseRecord {
                request,
                media_session,
                paused,
            } => self.pause_recording(request, &media_session, paused),
            Input::MultiRecord {
                request,
                name,
                what,
            } => self.multi_record(request, name, what),
            Input::RecordRoom { request, room, on } => {
                self.operate_room_recording(request, room, on);
            }
            Input::Timeout => {}
            Input::Shutdown => self.shut_down(),
        }
    }

    fn handle_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Handshake(session) => self.drop_session(session, Some(CloseReason::Silent)),
            Timer::Ping(session) => self.ping_due(session),
            Timer::Probe(room, login) => self.probe_lost(room, login),
            Timer::RoomIdle(room) => self.end_room(&room),
            Timer::Setup(transport) => self.setup_expired(transport),
            Timer::Token(token) => {
                self.tokens.remove(&token);
            }
        }
    }

    fn handle_command(&mut self, session: SessionId, command: Command) {
        let Some(state) = self.sessions.get(&session) else {
            return;
        };
        let greeting = matches!(state.phase, Phase::Greeting);
        if !self.admit_command(session, &command) {
            return;
        }
        if let Command::Connect(connect) = command {
            self.connect(session, connect);
            return;
        }
        if greeting {
            self.refuse(session, &command, Reason::NotConnected);
            return;
        }
        if self.is_repeated(session, &command) {
            return;
        }
        match command {
            Command::Connect(_) => {}
            Command::Join { operation, join } => self.join(session, operation, join),
            Command::Leave { operation, room } => self.leave(session, operation, room),
            Command::Say {
                operation,
                room,
                to,
                text,
            } => {
                let answer = self.say(session, room, to, text);
                self.answer(session, operation, answer);
            }
            Command::Record {
                operation,
                room,
                on,
            } => self.switch_room_recording(session, operation, room, on),
            Command::UnknownCommand { operation } => {
                self.answer(session, operation, Answer::Failed(Reason::UnknownCommand));
            }
            Command::Publish(request) => self.publish(session, request),
            Command::Play(request) => self.play(session, request),
            Command::Unpublish {
                media_session,
                name,
            } => self.stop(session, media_session, name, true),
            Command::Stop {
                media_session,
                name,
            } => self.stop(session, media_session, name, false),
            Command::StreamEvent {
                media_session,
                kind,
                payload,
            } => self.stream_event(session, &media_session, kind, payload),
            Command::Available {
                media_session,
                name,
            } => {
                let available = self
                    .visible_stream(session, &name, None)
                    .is_some_and(|stream| stream.media.is_flowing());
                self.send(
                    session,
                    Event::Available {
                        media_session,
                        available,
                    },
                );
            }
            Command::Snapshot { media_session } => {
                self.send(session, Event::SnapshotFailed { media_session });
            }
            Command::SessionDebug => self.send(session, Event::SessionDebugUnavailable),
            Command::ClientLog { text } => self.note(Note::ClientLog { session, text }),
            Command::Unknown => {}
        }
    }

    /// Answers a command that is not carried out, in the way that it waits for.
    pub(crate) fn refuse(&mut self, session: SessionId, command: &Command, reason: Reason) {
        match command {
            Command::Join { operation, .. }
            | Command::Leave { operation, .. }
            | Command::Say { operation, .. }
            | Command::Record { operation, .. }
            | Command::UnknownCommand { operation } => self.send(
                session,
                Event::Answered {
                    operation: operation.clone(),
                    answer: Answer::Failed(reason),
                },
            ),
            Command::Publish(request) => self.refuse_stream(session, request, true, reason),
            Command::Play(request) => self.refuse_stream(session, request, false, reason),
            _ => self.send(session, Event::Refused(reason)),
        }
        self.note(Note::Refused { session, reason });
    }

    /// Gives a command its one answer.
    pub(crate) fn answer(
        &mut self,
        session: SessionId,
        operation: Option<OperationId>,
        answer: Answer,
    ) {
        if let (Some(operation), Some(state)) = (&operation, self.established_mut(session)) {
            state.remembered.answered(operation, answer);
        }
        if let Answer::Failed(reason) = answer {
            self.note(Note::Refused { session, reason });
        }
        self.send(session, Event::Answered { operation, answer });
    }

    pub(crate) fn send(&mut self, session: SessionId, event: Event) {
        self.send_all(vec![session], event);
    }

    /// Those who are gone already are told nothing.
    pub(crate) fn send_all(&mut self, mut to: Vec<SessionId>, event: Event) {
        to.retain(|session| self.sessions.contains_key(session));
        if !to.is_empty() {
            self.output(Output::Send { to, event });
        }
    }

    pub(crate) fn send_room(&mut self, to: Vec<SessionId>, room: &RoomName, event: RoomEvent) {
        let room = room.clone();
        self.send_all(to, Event::Room { room, event });
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.output(Output::Note(note));
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn new_transport(&mut self) -> TransportId {
        let transport = TransportId(self.next_transport);
        self.next_transport += 1;
        transport
    }

    pub(crate) fn new_recording(&mut self) -> RecordingId {
        let recording = RecordingId(self.next_recording);
        self.next_recording += 1;
        recording
    }

    pub(crate) fn new_room_recording(&mut self) -> RoomRecordingId {
        let recording = RoomRecordingId(self.next_room_recording);
        self.next_room_recording += 1;
        recording
    }

    pub(crate) fn new_life(&mut self) -> RoomLife {
        let life = RoomLife(self.next_life);
        self.next_life += 1;
        life
    }

    pub(crate) fn unix_ms(&self) -> u64 {
        let elapsed = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        self.epoch_ms.saturating_add(elapsed)
    }

    fn shut_down(&mut self) {
        self.closing = true;
        let mut streams = std::mem::take(&mut self.streams);
        for (transport, stream) in &mut streams {
            self.stop_recording(*transport, &mut stream.recording, Reason::ShuttingDown);
        }
        self.streams = streams;
        self.abandon_recorders();
        let rooms = std::mem::take(&mut self.rooms);
        for room in rooms.into_values() {
            self.abandon_room_recording(room.recording);
        }
        let transports = self.answered_transports();
        for transport in transports {
            self.output(Output::CloseTransport { transport });
        }
        let sessions = std::mem::take(&mut self.sessions);
        for (session, _) in sessions {
            self.output(Output::CloseSession {
                session,
                reason: CloseReason::Shutdown,
            });
        }
        self.streams.clear();
        self.stream_by_name.clear();
        self.plays.clear();
        self.transport_by_media_session.clear();
        self.probes.clear();
        self.tokens.clear();
        self.timers = Timers::default();
    }

    fn answered_transports(&self) -> Vec<TransportId> {
        let streams = self.streams.iter().map(|(id, stream)| (*id, stream.media));
        let plays = self.plays.iter().map(|(id, play)| (*id, play.media));
        streams
            .chain(plays)
            .filter(|(_, media)| media.is_answered())
            .map(|(id, _)| id)
            .collect()
    }
}
