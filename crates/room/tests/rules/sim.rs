mod client;
mod engine;
mod recorder;
mod room_recorder;

use std::collections::BTreeMap;
use std::time::Duration;

use veche_media::TransportId;
use veche_room::{
    Answer, CloseReason, Command, Connect, Event, Hub, Input, Join, Json, MediaSessionId,
    MultiRecord, Note, OperationId, Output, Reason, Request, Resume, RoomEvent, SessionId,
    Settings, StreamState,
};

pub use client::Client;
pub use engine::{Engine, State};
pub use recorder::Recorder;
pub use room_recorder::RoomRecorder;

/// What the wall clock says at time zero.
pub const EPOCH_MS: u64 = 1_000_000;

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A hub, its clients and its engine. After every input all outputs are
/// carried out, every client checks what it is told, and the hub checks itself.
pub struct Sim {
    pub hub: Hub,
    pub now: Duration,
    pub settings: Settings,
    pub clients: BTreeMap<SessionId, Client>,
    /// Why sessions were closed by the hub.
    pub closed: BTreeMap<SessionId, CloseReason>,
    pub engine: Engine,
    pub recorder: Recorder,
    pub room_recorder: RoomRecorder,
    pub panics: usize,
    switched: Option<OperationId>,
    next_session: u64,
    next_id: u64,
}

impl Sim {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        Self {
            hub: Hub::new(settings.clone(), EPOCH_MS),
            now: Duration::ZERO,
            settings,
            clients: BTreeMap::new(),
            closed: BTreeMap::new(),
            engine: Engine::default(),
            recorder: Recorder::default(),
            room_recorder: RoomRecorder::default(),
            panics: 0,
            switched: None,
            next_session: 1,
            next_id: 1,
        }
    }

    pub fn input(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        self.drain();
    }

    pub fn command(&mut self, session: SessionId, command: Command) {
        if let Some(client) = self.clients.get_mut(&session) {
            client.sent(&command);
        }
        self.input(Input::Command { session, command });
    }

    fn drain(&mut self) {
        let mut pongs = Vec::new();
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { to, event } => {
                    for session in to {
                        let client = self.clients.get_mut(&session);
                        let client = client.expect("nothing is sent to those who are gone");
                        client.receive(&event);
                        if matches!(event, Event::Ping) && client.answers_pings {
                            pongs.push(session);
                        }
                    }
                }
                Output::CloseSession { session, reason } => {
                    let client = self.clients.remove(&session);
                    assert!(client.is_some(), "closed once");
                    self.closed.insert(session, reason);
                }
                Output::Publish(order) => self.engine.publish(order),
                Output::Play(order) => self.engine.play(order),
                Output::CloseTransport { transport } => self.engine.close(transport),
                Output::Record(order) => {
                    let state = self.engine.transports.get(&order.transport);
                    assert_eq!(state, Some(&State::Connected), "what flows is recorded");
                    self.recorder.record(order);
                }
                Output::StopRecord {
                    transport,
                    recording,
                } => self.recorder.stop(transport, recording),
                Output::PauseRecord { recording, paused } => {
                    self.recorder.pause(recording, paused);
                }
                Output::RecordRoom(order) => self.room_recorder.order(order),
                Output::Journal { recording, entry } => {
                    self.room_recorder.entry(recording, entry);
                }
                Output::StopRecordRoom { recording } => {
                    let tagged = |o: &&veche_room::RecordOrder| o.room_recording == Some(recording);
                    for order in self.recorder.orders.iter().filter(tagged) {
                        let open = self.recorder.running.contains_key(&order.recording);
                        assert!(!open, "files end before their room's");
                    }
                    self.room_recorder.stop(recording);
                }
                Output::RecordAnswered { request, result } => {
                    self.recorder.answered(request, result);
                }
                Output::Note(Note::Panicked { .. }) => self.panics += 1,
                Output::Note(_) => {}
            }
        }
        self.hub.assert_consistent();
        let starting = self.room_recorder.running.values();
        let starting = starting.filter(|journal| !journal.started).count();
        self.recorder.check(&self.engine, starting);
        for session in pongs {
            if self.clients.contains_key(&session) {
                self.input(Input::FrameSeen { session });
            }
        }
    }

    /// Lets time pass, with every timeout at its time.
    pub fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.hub.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = end;
    }

    pub fn open(&mut self) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        self.clients.insert(session, Client::new());
        self.input(Input::SessionOpened { session });
        session
    }

    pub fn connect(&mut self, session: SessionId, connect: Connect) {
        if let (Some(client), Some(login)) = (self.clients.get_mut(&session), &connect.login) {
            client.login = login.to_string();
        }
        self.command(session, Command::Connect(connect));
    }

    /// An established session of the room application.
    pub fn session(&mut self, login: &str) -> SessionId {
        let session = self.open();
        self.connect(
            session,
            Connect {
                rooms: true,
                login: Some(login.into()),
                resume: None,
            },
        );
        session
    }

    /// An established session that knows resume tokens.
    pub fn session_with_token(&mut self, login: &str, token: Option<&str>) -> SessionId {
        let session = self.open();
        let fresh = self.fresh("token");
        self.connect(
            session,
            Connect {
                rooms: true,
                login: Some(login.into()),
                resume: Some(Resume {
                    token: token.map(Into::into),
                    fresh: fresh.as_str().into(),
                }),
            },
        );
        session
    }

    /// An established session without rooms.
    pub fn plain(&mut self) -> SessionId {
        let session = self.open();
        self.connect(
            session,
            Connect {
                rooms: false,
                login: None,
                resume: None,
            },
        );
        session
    }

    /// Established and in the room.
    pub fn member(&mut self, login: &str, room: &str) -> SessionId {
        let session = self.session(login);
        assert_eq!(self.join(session, room), Some(Answer::Accepted));
        session
    }

    /// The connection is gone.
    pub fn crash(&mut self, session: SessionId) {
        self.clients.remove(&session);
        self.input(Input::SessionClosed { session });
    }

    pub fn join(&mut self, session: SessionId, room: &str) -> Option<Answer> {
        self.join_as(session, room, None, None)
    }

    pub fn join_as(
        &mut self,
        session: SessionId,
        room: &str,
        capacity: Option<u32>,
        history_since: Option<u64>,
    ) -> Option<Answer> {
        let operation = self.operation();
        self.command(
            session,
            Command::Join {
                operation: Some(operation.clone()),
                join: Join {
                    room: room.into(),
                    capacity,
                    history_since,
                    record: false,
                },
            },
        );
        self.answer(session, &operation)
    }

    pub fn leave(&mut self, session: SessionId, room: &str) -> Option<Answer> {
        let operation = self.operation();
        self.command(
            session,
            Command::Leave {
                operation: Some(operation.clone()),
                room: room.into(),
            },
        );
        self.answer(session, &operation)
    }

    pub fn say(
        &mut self,
        session: SessionId,
        room: &str,
        to: Option<&str>,
        text: &str,
    ) -> Option<Answer> {
        let operation = self.operation();
        self.command(
            session,
            Command::Say {
                operation: Some(operation.clone()),
                room: room.into(),
                to: to.map(Into::into),
                text: Json::new(text),
            },
        );
        self.answer(session, &operation)
    }

    /// The answer to a command, if it came.
    pub fn answer(&self, session: SessionId, operation: &OperationId) -> Option<Answer> {
        self.clients.get(&session)?.answers.get(operation).copied()
    }

    /// Asks to publish; nothing is answered yet.
    pub fn publish(
        &mut self,
        session: SessionId,
        name: &str,
        room: Option<&str>,
    ) -> MediaSessionId {
        let request = self.request(name, room);
        let id = request.media_session.clone();
        self.command(session, Command::Publish(request));
        id
    }

    /// Asks to play; nothing is answered yet.
    pub fn play(&mut self, session: SessionId, name: &str, room: Option<&str>) -> MediaSessionId {
        let request = self.request(name, room);
        let id = request.media_session.clone();
        self.command(session, Command::Play(request));
        id
    }

    pub fn request(&mut self, name: &str, room: Option<&str>) -> Request {
        Request {
            media_session: self.fresh("media").as_str().into(),
            name: name.into(),
            room: room.map(Into::into),
            offer: "an offer".into(),
            tcp_only: false,
            record: false,
            bitrate_kbps: 0,
            min_bitrate_kbps: 0,
            max_bitrate_kbps: 0,
        }
    }

    /// Publishes with `record: true`, up to flowing media.
    pub fn recorded(
        &mut self,
        session: SessionId,
        name: &str,
        room: Option<&str>,
    ) -> MediaSessionId {
        let request = Request {
            record: true,
            ..self.request(name, room)
        };
        let id = request.media_session.clone();
        self.command(session, Command::Publish(request));
        self.settle();
        assert_eq!(self.state(session, &id), Some(StreamState::Publishing));
        id
    }

    /// An operator asks; the answer, if it came.
    pub fn record(&mut self, id: &MediaSessionId, on: bool) -> Option<Result<(), Reason>> {
        let request = self.recorder.ask();
        self.input(Input::Record {
            request,
            media_session: id.clone(),
            on,
        });
        self.recorder.answer(request)
    }

    /// The newest recording has its file.
    pub fn record_begins(&mut self, name: &str) {
        let (recording, transport) = self.recorder.newest();
        self.input(Input::RecordingStarted {
            transport,
            recording,
            name: Some(name.into()),
        });
    }

    /// The newest recording fails.
    pub fn record_fails(&mut self) {
        let (recording, transport) = self.recorder.newest();
        self.recorder.failed(recording);
        self.input(Input::RecordingFailed {
            transport,
            recording,
            problem: Reason::RecordingDiskFull,
            detail: "no space left".into(),
        });
    }

    /// Of a client that knows our additions, in the room.
    pub fn modern_member(&mut self, login: &str, room: &str, record: bool) -> SessionId {
        let session = self.session_with_token(login, None);
        let operation = self.operation();
        self.command(
            session,
            Command::Join {
                operation: Some(operation.clone()),
                join: Join {
                    room: room.into(),
                    capacity: None,
                    history_since: None,
                    record,
                },
            },
        );
        assert_eq!(self.answer(session, &operation), Some(Answer::Accepted));
        session
    }

    /// A participant switches the recording of a room; the answer, if it came.
    pub fn switch_recording(&mut self, session: SessionId, room: &str, on: bool) -> Option<Answer> {
        let operation = self.operation();
        self.switched = Some(operation.clone());
        self.command(
            session,
            Command::Record {
                operation: Some(operation.clone()),
                room: room.into(),
                on,
            },
        );
        self.answer(session, &operation)
    }

    /// The answer to the last [`Sim::switch_recording`], if it came.
    pub fn last_answer(&self, session: SessionId) -> Option<Answer> {
        self.answer(session, self.switched.as_ref()?)
    }

    /// An operator switches the recording of a room; the answer, if it came.
    pub fn operate_room(&mut self, room: &str, on: bool) -> Option<Result<(), Reason>> {
        let request = self.recorder.ask();
        let room = room.into();
        self.input(Input::RecordRoom { request, room, on });
        self.recorder.answer(request)
    }

    /// The newest recording of a room has its journal, if it waits for it.
    pub fn room_record_begins(&mut self) {
        if let Some(recording) = self.room_recorder.starting() {
            self.room_recorder.started(recording);
            self.input(Input::RoomRecordingStarted { recording });
        }
    }

    /// The newest recording of a room cannot begin, if it waits for it.
    pub fn room_record_fails(&mut self, problem: Reason) {
        if let Some(recording) = self.room_recorder.starting() {
            self.room_recorder.fails(recording);
            self.input(Input::RoomRecordingFailed { recording, problem });
        }
    }

    /// What an operator does with a recorder of chosen streams; the answer, if
    /// it came.
    pub fn multi(&mut self, name: &str, what: MultiRecord) -> Option<Result<(), Reason>> {
        let request = self.recorder.ask();
        self.input(Input::MultiRecord {
            request,
            name: name.into(),
            what,
        });
        self.recorder.answer(request)
    }

    /// An operator pauses or resumes; the answer, if it came.
    pub fn pause(&mut self, id: &MediaSessionId, paused: bool) -> Option<Result<(), Reason>> {
        let request = self.recorder.ask();
        self.input(Input::PauseRecord {
            request,
            media_session: id.clone(),
            paused,
        });
        self.recorder.answer(request)
    }

    /// Publishes, up to flowing media.
    pub fn published(
        &mut self,
        session: SessionId,
        name: &str,
        room: Option<&str>,
    ) -> MediaSessionId {
        let id = self.publish(session, name, room);
        self.settle();
        assert_eq!(self.state(session, &id), Some(StreamState::Publishing));
        id
    }

    /// Plays, up to flowing media.
    pub fn played(&mut self, session: SessionId, name: &str, room: Option<&str>) -> MediaSessionId {
        let id = self.play(session, name, room);
        self.settle();
        assert_eq!(self.state(session, &id), Some(StreamState::Playing));
        id
    }

    /// The engine answers and connects all that it was asked for.
    pub fn settle(&mut self) {
        while let Some(transport) = self.engine.next_asked() {
            self.answer_offer(transport, None);
            self.connected(transport);
        }
    }

    /// The engine answers an offer.
    pub fn answer_offer(&mut self, transport: TransportId, refusal: Option<Reason>) {
        let input = self.engine.answer(transport, refusal);
        self.input(input);
    }

    pub fn connected(&mut self, transport: TransportId) {
        self.engine.connected(transport);
        self.input(Input::TransportConnected { transport });
    }

    pub fn failed(&mut self, transport: TransportId, reason: Reason) {
        self.engine.failed(transport);
        self.input(Input::TransportFailed { transport, reason });
    }

    pub fn unpublish(&mut self, session: SessionId, id: &MediaSessionId) {
        self.command(
            session,
            Command::Unpublish {
                media_session: id.clone(),
                name: None,
            },
        );
    }

    pub fn stop(&mut self, session: SessionId, id: &MediaSessionId) {
        self.command(
            session,
            Command::Stop {
                media_session: id.clone(),
                name: None,
            },
        );
    }

    /// The last state that a client was told of its publish or play.
    pub fn state(&self, session: SessionId, id: &MediaSessionId) -> Option<StreamState> {
        self.clients.get(&session)?.state(id)
    }

    /// Why the client was told so.
    pub fn reason(&self, session: SessionId, id: &MediaSessionId) -> Option<Reason> {
        self.clients.get(&session)?.reason(id)
    }

    /// What the client was told of rooms since it was asked last.
    pub fn room_events(&mut self, session: SessionId) -> Vec<RoomEvent> {
        let client = self.clients.get_mut(&session).expect("connected");
        std::mem::take(&mut client.room_events)
    }

    /// Everything that the client was told since it was asked last.
    pub fn events(&mut self, session: SessionId) -> Vec<Event> {
        let client = self.clients.get_mut(&session).expect("connected");
        std::mem::take(&mut client.events)
    }

    pub fn operation(&mut self) -> OperationId {
        self.fresh("op").as_str().into()
    }

    fn fresh(&mut self, kind: &str) -> String {
        self.next_id += 1;
        format!("{kind}-{}", self.next_id)
    }
}
