//! One task that owns the rules: it feeds them, and carries out what they say.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use veche_media::TransportId;
use veche_room::{
    CloseReason, Command, Event, Hub, Input, MediaSessionId, MultiRecord, MultiRecorderEntry, Note,
    Output, PlayOrder, PublishOrder, Published, Reason, RecordOrder, RecordRequestId,
    RecordRoomOrder, RoomName, RoomState, SessionId,
};
use veche_signal::Connection;
use veche_transport::EventSink;

use crate::link::Link;
use crate::recordings::Recordings;
use crate::{Config, MediaEngine, Metrics, log, token, translate};

/// Media figures that wait for the hub. They come every second again, so
/// when the hub is busy the newest are dropped.
const RATE_QUEUE: usize = 4_096;

/// Offers that wait for a negotiator. Each takes about a millisecond, so the
/// last of them still gets its answer in a few seconds; more are refused.
const OFFER_QUEUE: usize = 4_096;

/// How old the gauges may be while something happens. Counting takes time in
/// proportion to the rooms, so it is not done for every input.
const GAUGES_EVERY: Duration = Duration::from_millis(100);

/// What sessions tell the hub.
pub(crate) enum FromSession {
    Opened(SessionId, Link),
    Connect(SessionId, Box<Connection>),
    Command(SessionId, Box<Command>),
    FrameSeen(SessionId),
    Record(RecordAsked),
    List(oneshot::Sender<Vec<Published>>),
    LookIn(RoomName, oneshot::Sender<RoomState>),
    ListRecorders(oneshot::Sender<Vec<MultiRecorderEntry>>),
    Closed(SessionId),
    Shutdown,
}

/// What an operator wants recorded, or not any more.
pub(crate) enum RecordWhat {
    Stream {
        media_session: MediaSessionId,
        on: bool,
    },
    Pause {
        media_session: MediaSessionId,
        paused: bool,
    },
    Room {
        room: RoomName,
        on: bool,
    },
    Multi {
        name: RoomName,
        what: MultiRecord,
    },
}

/// What an operator wants.
pub(crate) struct RecordAsked {
    pub(crate) what: RecordWhat,
    pub(crate) answer: oneshot::Sender<Result<(), Reason>>,
}

/// The receiving ends of the hub's queues.
pub(crate) struct Queues {
    sessions: mpsc::Receiver<FromSession>,
    /// Answers to offers and the lives of transports: nothing here may be
    /// lost. Bounded by their number, at most three for each transport, and
    /// so by `max_transports` and the limits on streams and plays.
    media: mpsc::UnboundedReceiver<Input>,
    rates: mpsc::Receiver<Input>,
}

/// The sending ends.
pub(crate) struct Senders {
    pub(crate) sessions: mpsc::Sender<FromSession>,
    media: mpsc::UnboundedSender<Input>,
    rates: mpsc::Sender<Input>,
}

pub(crate) fn queues(config: &Config) -> (Senders, Queues) {
    let (sessions, from_sessions) = mpsc::channel(config.socket.hub_queue.max(1));
    let (media, from_media) = mpsc::unbounded_channel();
    let (rates, from_rates) = mpsc::channel(RATE_QUEUE);
    let senders = Senders {
        sessions,
        media,
        rates,
    };
    let queues = Queues {
        sessions: from_sessions,
        media: from_media,
        rates: from_rates,
    };
    (senders, queues)
}

impl Senders {
    /// Where those who answer orders say so.
    pub(crate) fn answers(&self) -> mpsc::UnboundedSender<Input> {
        self.media.clone()
    }

    /// Takes the media engine's events, on its own threads.
    pub(crate) fn event_sink(&self, metrics: Arc<Metrics>) -> EventSink {
        // Not the sessions' queue: the hub runs until that one is let go.
        let (media, rates) = (self.media.clone(), self.rates.clone());
        Arc::new(move |event| {
            let input = translate::engine_event(event);
            match input {
                Input::Rate { .. } | Input::VideoSize { .. } => {
                    if rates.try_send(input).is_err() {
                        Metrics::count(&metrics.dropped_rates);
                    }
                }
                // Fails only when the hub has ended.
                input => drop(media.send(input)),
            }
        })
    }
}

/// The task.
pub(crate) struct Task {
    hub: Hub,
    config: Config,
    engine: Arc<dyn MediaEngine>,
    metrics: Arc<Metrics>,
    answers: mpsc::UnboundedSender<Input>,
    negotiators: Arc<Semaphore>,
    waiting_offers: Arc<Semaphore>,
    recordings: Option<Arc<Recordings>>,
    /// Operators that wait for an answer: at most one for each stream.
    record_asked: BTreeMap<RecordRequestId, oneshot::Sender<Result<(), Reason>>>,
    next_record_request: u64,
    links: BTreeMap<SessionId, Link>,
    started: Instant,
    /// Of the hub's clock at the origin of the room's.
    clock_offset: Duration,
}

impl Task {
    pub(crate) fn new(
        config: Config,
        engine: Arc<dyn MediaEngine>,
        metrics: Arc<Metrics>,
        recordings: Option<Arc<Recordings>>,
        senders: &Senders,
    ) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let epoch_ms = since_1970.map_or(0, |since| since.as_millis());
        let negotiators = match config.socket.negotiators {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            some => some,
        };
        let started = Instant::now();
        let clock_offset = started
            .into_std()
            .saturating_duration_since(engine.origin());
        Self {
            hub: Hub::new(
                config.rooms.clone(),
                u64::try_from(epoch_ms).unwrap_or(u64::MAX),
            ),
            config,
            engine,
            metrics,
            answers: senders.media.clone(),
            negotiators: Arc::new(Semaphore::new(negotiators)),
            waiting_offers: Arc::new(Semaphore::new(OFFER_QUEUE)),
            recordings,
            record_asked: BTreeMap::new(),
            next_record_request: 0,
            links: BTreeMap::new(),
            started,
            clock_offset,
        }
    }

    /// Runs until every sender of a session's queue is gone.
    pub(crate) async fn run(mut self, mut queues: Queues) {
        let mut gauges_at = Instant::now();
        let mut gauges_stale = false;
        loop {
            let timeout = self.hub.next_timeout();
            let sleep = async {
                match timeout {
                    Some(at) => tokio::time::sleep_until(self.started + at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                from = queues.sessions.recv() => match from {
                    Some(from) => self.take(from),
                    None => return,
                },
                Some(input) = queues.media.recv() => self.handle(input),
                Some(input) = queues.rates.recv() => self.handle(input),
                () = sleep => self.handle(Input::Timeout),
                () = tokio::time::sleep_until(gauges_at + GAUGES_EVERY), if gauges_stale => {
                    self.metrics.set_counts(self.hub.counts());
                    gauges_at = Instant::now();
                    gauges_stale = false;
                    continue;
                }
            }
            gauges_stale = true;
        }
    }

    fn take(&mut self, from: FromSession) {
        match from {
            FromSession::Opened(session, link) => {
                self.links.insert(session, link);
                self.handle(Input::SessionOpened { session });
            }
            FromSession::Connect(session, connection) => {
                let connect = translate::connect(&connection, token::random().as_str().into());
                if let Some(link) = self.links.get_mut(&session)
                    && link.connection.is_none()
                {
                    link.connection = Some(connection);
                }
                let command = Command::Connect(connect);
                self.handle(Input::Command { session, command });
            }
            FromSession::Command(session, command) => self.handle(Input::Command {
                session,
                command: *command,
            }),
            FromSession::FrameSeen(session) => self.handle(Input::FrameSeen { session }),
            FromSession::Record(asked) => self.record_asked(asked),
            // These fail only when whoever asked has gone.
            FromSession::LookIn(room, answer) => drop(answer.send(self.hub.look_in(&room))),
            FromSession::ListRecorders(answer) => drop(answer.send(self.hub.multi_recorders())),
            FromSession::List(answer) => drop(answer.send(self.hub.published())),
            FromSession::Closed(session) => {
                self.links.remove(&session);
                self.handle(Input::SessionClosed { session });
            }
            FromSession::Shutdown => self.handle(Input::Shutdown),
        }
    }

    fn handle(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        // Carrying out outputs may show that a session does not read; that is
        // an input again. Each can happen once for each session.
        while let Some(input) = inputs.pop_front() {
            self.hub.handle(self.started.elapsed(), input);
            while let Some(output) = self.hub.poll_output() {
                for session in self.carry_out(output) {
                    inputs.push_back(Input::SessionClosed { session });
                }
            }
        }
    }

    /// Returns the sessions that were cut off as slow.
    fn carry_out(&mut self, output: Output) -> Vec<SessionId> {
        match output {
            Output::Send { to, event } => return self.send(&to, &event),
            Output::CloseSession { session, reason } => {
                if let Some(link) = self.links.remove(&session) {
                    link.close(reason);
                }
            }
            Output::Publish(order) => self.publish(order),
            Output::Play(order) => self.play(order),
            Output::CloseTransport { transport } => self.engine.close(transport),
            Output::Record(order) => self.record(order),
            Output::StopRecord {
                transport,
                recording,
            } => {
                if let Some(recordings) = &self.recordings {
                    recordings.stop(transport, recording);
                }
            }
            Output::PauseRecord { recording, paused } => {
                if let Some(recordings) = &self.recordings {
                    recordings.pause(recording, paused);
                }
            }
            Output::RecordRoom(order) => self.record_room(order),
            Output::Journal { recording, entry } => {
                if let Some(recordings) = &self.recordings {
                    recordings.journal(recording, entry);
                }
            }
            Output::StopRecordRoom { recording } => {
                if let Some(recordings) = &self.recordings {
                    recordings.stop_room(recording);
                }
            }
            Output::RecordAnswered { request, result } => {
                if let Some(answer) = self.record_asked.remove(&request) {
                    // Fails only when the operator has gone.
                    let _ = answer.send(result);
                }
            }
            Output::Note(note) => {
                match &note {
                    Note::Refused { reason, .. } => self.metrics.error(translate::label(*reason)),
                    Note::Panicked { .. } => Metrics::count(&self.metrics.room_panics),
                    _ => {}
                }
                log::note(&note);
            }
        }
        Vec::new()
    }

    fn send(&mut self, to: &[SessionId], event: &Event) -> Vec<SessionId> {
        if let Event::Established { resume } = event {
            let Some(session) = to.first() else {
                return Vec::new();
            };
            let connection = self
                .links
                .get(session)
                .and_then(|link| link.connection.as_deref());
            let frames = translate::established(
                &format!("s-{}", token::random()),
                connection.unwrap_or(&Connection::default()),
                resume.as_ref(),
                &self.config.version,
                self.config.socket.max_message_bytes,
            );
            return self.push(to, &frames);
        }
        let frames = translate::event(event);
        self.push(to, &frames)
    }

    fn push(&mut self, to: &[SessionId], frames: &[Utf8Bytes]) -> Vec<SessionId> {
        let mut slow = Vec::new();
        for session in to {
            let Some(link) = self.links.get(session) else {
                continue;
            };
            if frames.iter().any(|frame| link.push(frame.clone()).is_err()) {
                slow.push(*session);
                Metrics::count(&self.metrics.slow_sessions);
                if let Some(link) = self.links.remove(session) {
                    link.close(CloseReason::Slow);
                }
            }
        }
        slow
    }

    fn record(&self, order: RecordOrder) {
        match &self.recordings {
            Some(recordings) => {
                let first = order.first_publish.map(|at| at + self.clock_offset);
                recordings.record(order, first);
            }
            // Fails only when the hub has ended.
            None => drop(self.answers.send(Input::RecordingFailed {
                transport: order.transport,
                recording: order.recording,
                problem: Reason::RecordingDisabled,
                detail: "this server records nothing".to_owned(),
            })),
        }
    }

    fn record_room(&self, order: RecordRoomOrder) {
        match &self.recordings {
            Some(recordings) => recordings.record_room(order),
            // Fails only when the hub has ended.
            None => drop(self.answers.send(Input::RoomRecordingFailed {
                recording: order.recording,
                problem: Reason::RecordingDisabled,
            })),
        }
    }

    fn record_asked(&mut self, asked: RecordAsked) {
        let request = RecordRequestId(self.next_record_request);
        self.next_record_request += 1;
        self.record_asked.insert(request, asked.answer);
        self.handle(match asked.what {
            RecordWhat::Stream { media_session, on } => Input::Record {
                request,
                media_session,
                on,
            },
            RecordWhat::Pause {
                media_session,
                paused,
            } => Input::PauseRecord {
                request,
                media_session,
                paused,
            },
            RecordWhat::Multi { name, what } => Input::MultiRecord {
                request,
                name,
                what,
            },
            RecordWhat::Room { room, on } => Input::RecordRoom { request, room, on },
        });
    }

    fn publish(&self, order: PublishOrder) {
        let transport = order.transport;
        let request = translate::publish_request(order);
        let answered = move |result| Input::PublishAnswered { transport, result };
        let work =
            move |engine: &dyn MediaEngine| translate::publish_answer(engine.publish(request));
        self.negotiate(transport, work, answered);
    }

    fn play(&self, order: PlayOrder) {
        let transport = order.transport;
        let request = translate::play_request(order);
        let answered = move |result| Input::PlayAnswered { transport, result };
        let work = move |engine: &dyn MediaEngine| translate::play_answer(engine.play(request));
        self.negotiate(transport, work, answered);
    }

    /// Has an offer answered where that may take its time. Should the engine
    /// panic over it, the offer is refused and nothing else is lost.
    fn negotiate<T: Send + 'static>(
        &self,
        transport: TransportId,
        work: impl FnOnce(&dyn MediaEngine) -> Result<T, Reason> + Send + 'static,
        answered: impl FnOnce(Result<T, Reason>) -> Input + Send + 'static,
    ) {
        let engine = Arc::clone(&self.engine);
        let negotiators = Arc::clone(&self.negotiators);
        let answers = self.answers.clone();
        let Ok(place) = Arc::clone(&self.waiting_offers).try_acquire_owned() else {
            let _ = answers.send(answered(Err(Reason::Busy)));
            return;
        };
        tokio::spawn(async move {
            let _place = place;
            // The semaphore is never closed.
            let _permit = negotiators.acquire().await;
            let worker = Arc::clone(&engine);
            let result = tokio::task::spawn_blocking(move || work(worker.as_ref())).await;
            let result = result.unwrap_or_else(|error| {
                tracing::error!(%transport, %error, "the media engine panicked over an offer");
                engine.close(transport);
                Err(Reason::Internal)
            });
            // Fails only when the hub has ended.
            let _ = answers.send(answered(result));
        });
    }
}
