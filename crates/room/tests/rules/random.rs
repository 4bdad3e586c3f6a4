//! Random schedules against a model that is so simple that it is right.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use veche_room::{
    Answer, Command, Input, Join, Json, Limits, MediaSessionId, MultiRecord, OperationId, Reason,
    Request, SessionId, Settings, StreamEventKind, StreamState,
};

use crate::sim::{Sim, State, ms, secs};

const LOGINS: [&str; 3] = ["ann", "bob", "cat"];
const ROOMS: [&str; 3] = ["r1", "r2", "r1-ann"];
const STREAMS: [&str; 5] = ["s1", "s2", "r1-ann-1", "r1-bob-1", "s3"];
const STEPS: usize = 120;

/// Who is in which room, and how many a room takes.
#[derive(Default)]
struct Model {
    rooms: BTreeMap<String, Room>,
}

struct Room {
    capacity: Option<u32>,
    members: BTreeMap<String, SessionId>,
    empty_since: Option<Duration>,
}

struct Schedule {
    sim: Sim,
    rng: Rng,
    model: Model,
    /// When each session was heard last.
    heard: BTreeMap<SessionId, Duration>,
    tokens: Vec<(String, String)>,
    /// Joins that wait for a probe, by the session that waits.
    waiting: Vec<(SessionId, OperationId, Join)>,
    ids: Vec<MediaSessionId>,
}

#[test]
fn a_thousand_random_schedules_keep_every_rule() {
    for seed in 0..1_000 {
        let result = std::panic::catch_unwind(|| Schedule::new(seed).run());
        assert!(result.is_ok(), "seed {seed}");
    }
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let settings = Settings {
            limits: Limits {
                streams_per_session: 3,
                plays_per_session: 4,
                remembered_operations: 8,
                ..Limits::default()
            },
            ..Settings::default()
        };
        Self {
            sim: Sim::with(settings),
            rng: Rng::with_seed(seed),
            model: Model::default(),
            heard: BTreeMap::new(),
            tokens: Vec::new(),
            waiting: Vec::new(),
            ids: Vec::new(),
        }
    }

    fn run(mut self) {
        for _ in 0..STEPS {
            self.step();
            self.check();
        }
        self.come_to_rest();
        self.end();
    }

    fn step(&mut self) {
        match self.rng.u32(0..100) {
            0..10 => self.arrive(),
            10..14 => self.reload(),
            14..18 => self.crash(),
            18..32 => self.join(),
            32..38 => self.leave(),
            38..48 => self.publish(),
            48..58 => self.play(),
            58..64 => self.stop(),
            64..70 => self.say(),
            70..73 => self.stream_event(),
            73..75 => self.fall_silent(),
            75..86 => self.media(),
            86..92 => self.recording(),
            _ => self.pass_time(),
        }
        self.settle_waiting();
    }

    /// An operator, or the disk.
    fn recording(&mut self) {
        let ids = self.ids.clone();
        match self.rng.u32(0..15) {
            12..15 => self.multi_recorder(),
            0 | 1 => self.switch_recording(),
            2 | 3 => self.sim.room_record_begins(),
            4 => self.sim.room_record_fails(Reason::RecordingDiskFull),
            5 => {
                let (room, on) = (self.room(), self.rng.bool());
                self.sim.operate_room(room, on);
            }
            6 => {
                if let Some(id) = self.pick(&ids) {
                    let paused = self.rng.bool();
                    self.sim.pause(&id, paused);
                }
            }
            7 | 8 => {
                if let Some(id) = self.pick(&ids) {
                    let on = self.rng.bool();
                    self.sim.record(&id, on);
                }
            }
            _ if self.sim.recorder.orders.is_empty() => {}
            9 => self.sim.record_begins("file"),
            _ => self.sim.record_fails(),
        }
    }

    fn multi_recorder(&mut self) {
        let ids = self.ids.clone();
        let id = self.pick(&ids).unwrap_or_else(|| "none".into());
        let what = match self.rng.u32(0..6) {
            0 => MultiRecord::Startup,
            1..4 => MultiRecord::Add(id),
            4 => MultiRecord::Remove(id),
            _ => MultiRecord::Terminate,
        };
        self.sim.multi("chosen", what);
    }

    fn switch_recording(&mut self) {
        let Some(session) = self.someone() else {
            return;
        };
        let (room, on) = (self.room(), self.rng.bool());
        self.hear(session);
        let member = self.sim.clients[&session].rooms.contains_key(room);
        let answer = self.sim.switch_recording(session, room, on);
        let refused = answer == Some(Answer::Failed(Reason::NotInRoom));
        assert_eq!(refused, !member);
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.rng.usize(0..from.len())].clone())
    }

    fn someone(&mut self) -> Option<SessionId> {
        let sessions: Vec<_> = self.sim.clients.keys().copied().collect();
        self.pick(&sessions)
    }

    fn room(&mut self) -> &'static str {
        ROOMS[self.rng.usize(0..ROOMS.len())]
    }

    fn name(&mut self) -> &'static str {
        STREAMS[self.rng.usize(0..STREAMS.len())]
    }

    fn arrive(&mut self) {
        let login = LOGINS[self.rng.usize(0..LOGINS.len())];
        let session = match self.rng.u32(0..4) {
            0 => self.sim.plain(),
            1 => self.sim.session(login),
            _ => self.sim.session_with_token(login, None),
        };
        self.arrived(session, login);
    }

    fn arrived(&mut self, session: SessionId, login: &str) {
        self.heard.insert(session, self.sim.now);
        let token = self.sim.clients[&session].token.clone();
        self.tokens
            .extend(token.map(|token| (login.to_owned(), token)));
    }

    /// A page that comes back with its token, its old self still there or not.
    fn reload(&mut self) {
        let tokens = self.tokens.clone();
        if let Some((login, token)) = self.pick(&tokens) {
            let session = self.sim.session_with_token(&login, Some(&token));
            self.arrived(session, &login);
        }
    }

    fn crash(&mut self) {
        if let Some(session) = self.someone() {
            self.sim.crash(session);
        }
    }

    fn join(&mut self) {
        let Some(session) = self.someone() else {
            return;
        };
        let join = Join {
            room: self.room().into(),
            capacity: (self.rng.u32(0..3) == 0).then(|| self.rng.u32(1..4)),
            history_since: self.rng.bool().then_some(0),
            record: self.rng.u32(0..3) == 0,
        };
        let expected = self.expected(session, &join);
        self.hear(session);
        let operation = self.sim.operation();
        let command = Command::Join {
            operation: Some(operation.clone()),
            join: join.clone(),
        };
        self.sim.command(session, command.clone());
        let answer = self.sim.answer(session, &operation);
        if let Some(expected) = expected {
            assert_eq!(answer, Some(expected), "{session} joins {}", join.room);
        }
        match answer {
            Some(Answer::Accepted) => self.model_join(session, &join),
            Some(_) => {}
            None => self.waiting.push((session, operation, join)),
        }
        if self.rng.u32(0..8) == 0 && self.sim.clients.contains_key(&session) {
            self.sim.command(session, command);
        }
    }

    /// What the answer must be, where the model can tell.
    fn expected(&self, session: SessionId, join: &Join) -> Option<Answer> {
        let login = self.sim.clients[&session].login.clone();
        if login.is_empty() {
            return Some(Answer::Failed(Reason::NotARoomSession));
        }
        let Some(room) = self.model.rooms.get(join.room.as_str()) else {
            return Some(Answer::Accepted);
        };
        match room.members.get(&login) {
            Some(holder) if *holder == session => Some(Answer::Accepted),
            Some(holder) if self.sim.now - self.heard[holder] < secs(1) => {
                Some(Answer::Failed(Reason::LoginInUse))
            }
            // Probed: the holder answers now or never.
            Some(holder) if self.sim.clients[holder].answers_pings => {
                Some(Answer::Failed(Reason::LoginInUse))
            }
            Some(_) => None,
            None if room
                .capacity
                .is_some_and(|most| room.members.len() >= most as usize) =>
            {
                Some(Answer::Failed(Reason::RoomFull))
            }
            None => Some(Answer::Accepted),
        }
    }

    fn model_join(&mut self, session: SessionId, join: &Join) {
        let login = self.sim.clients[&session].login.clone();
        let room = self.model.rooms.entry(join.room.to_string());
        let room = room.or_insert(Room {
            capacity: join.capacity,
            members: BTreeMap::new(),
            empty_since: None,
        });
        room.members.insert(login, session);
        room.empty_since = None;
    }

    fn leave(&mut self) {
        let Some(session) = self.someone() else {
            return;
        };
        let room = self.room();
        self.hear(session);
        assert_eq!(self.sim.leave(session, room), Some(Answer::Accepted));
        self.settle_waiting();
        let Some(state) = self.model.rooms.get_mut(room) else {
            return;
        };
        let before = state.members.len();
        state.members.retain(|_, member| *member != session);
        if before > 0 && state.members.is_empty() {
            self.model.rooms.remove(room);
        }
    }

    fn publish(&mut self) {
        let Some(session) = self.someone() else {
            return;
        };
        let (name, room) = (self.name(), self.room());
        let plain = self.sim.clients[&session].login.is_empty();
        let member = self.sim.clients[&session].rooms.contains_key(room);
        let taken = self.sim.clients.values().any(|client| {
            let mut media = client.media.values();
            media.any(|media| media.published && media.name == name && !media.is_over())
        });
        let many = self.sim.clients[&session].standing(true) >= 3;
        self.hear(session);
        let request = Request {
            record: self.rng.bool(),
            ..self.sim.request(name, Some(room))
        };
        let id = request.media_session.clone();
        self.sim.command(session, Command::Publish(request));
        let refused = self.sim.state(session, &id) == Some(StreamState::Failed);
        assert_eq!(refused, taken || many || !(plain || member));
        self.ids.push(id);
    }

    fn play(&mut self) {
        let Some(session) = self.someone() else {
            return;
        };
        let (name, room) = (self.name(), self.room());
        self.hear(session);
        let id = self.sim.play(session, name, Some(room));
        self.ids.push(id);
    }

    /// Of one's own, of others, of what has ended.
    fn stop(&mut self) {
        let ids = self.ids.clone();
        let (Some(session), Some(id)) = (self.someone(), self.pick(&ids)) else {
            return;
        };
        self.hear(session);
        if self.rng.bool() {
            self.sim.unpublish(session, &id);
        } else {
            self.sim.stop(session, &id);
        }
        let state = self.sim.state(session, &id);
        assert!(state.is_some_and(StreamState::is_final), "answered at once");
    }

    fn say(&mut self) {
        let Some(session) = self.someone() else {
            return;
        };
        let (room, to) = (self.room(), LOGINS[self.rng.usize(0..LOGINS.len())]);
        let to = self.rng.bool().then_some(to);
        self.hear(session);
        let answer = self.sim.say(session, room, to, "\"hi\"");
        let client = &self.sim.clients[&session];
        let heard = match (client.rooms.get(room), to) {
            (None, _) => false,
            (Some(view), Some(to)) => view.contains_key(to),
            (Some(_), None) => true,
        };
        assert_eq!(matches!(answer, Some(Answer::Said { .. })), heard);
    }

    fn stream_event(&mut self) {
        let ids = self.ids.clone();
        let (Some(session), Some(id)) = (self.someone(), self.pick(&ids)) else {
            return;
        };
        self.hear(session);
        self.sim.command(
            session,
            Command::StreamEvent {
                media_session: id,
                kind: Some(StreamEventKind::VideoMuted),
                payload: self.rng.bool().then(|| Json::new("1")),
            },
        );
    }

    fn fall_silent(&mut self) {
        if let Some(session) = self.someone() {
            let client = self.sim.clients.get_mut(&session).unwrap();
            client.answers_pings = false;
        }
    }

    /// Answers, connections and failures, in any order, also too late or twice.
    fn media(&mut self) {
        let wanted = self.rng.u32(0..10);
        let asked = self
            .sim
            .engine
            .in_state(|state| matches!(state, State::Asked { .. }));
        let open = self.sim.engine.in_state(|state| state == State::Open);
        match wanted {
            0..4 => {
                if let Some(transport) = self.pick(&asked) {
                    self.sim.answer_offer(transport, None);
                }
            }
            4 => {
                if let Some(transport) = self.pick(&asked) {
                    self.sim
                        .answer_offer(transport, Some(Reason::NoCommonCodecs));
                }
            }
            5..8 => {
                if let Some(transport) = self.pick(&open) {
                    self.sim.connected(transport);
                }
            }
            8 => {
                if let Some(transport) = self.pick(&open) {
                    let closed = self.rng.bool();
                    let reason = if closed {
                        Reason::StoppedByUser
                    } else {
                        Reason::IceError
                    };
                    self.sim.failed(transport, reason);
                }
            }
            _ => {
                let late = self
                    .sim
                    .engine
                    .in_state(|state| matches!(state, State::Connected | State::Ended));
                if let Some(transport) = self.pick(&late) {
                    self.sim.input(Input::TransportConnected { transport });
                }
            }
        }
    }

    fn pass_time(&mut self) {
        let by = match self.rng.u32(0..10) {
            0 => secs(self.rng.u64(10..70)),
            1..4 => secs(self.rng.u64(1..6)),
            _ => ms(self.rng.u64(0..900)),
        };
        let end = self.sim.now + by;
        // Pongs are heard when they come, which the model has to know.
        while let Some(at) = self.sim.hub.next_timeout().filter(|at| *at <= end) {
            self.sim.now = self.sim.now.max(at);
            let silent = |session: &SessionId| !self.sim.clients[session].answers_pings;
            let lively: Vec<_> = self
                .sim
                .clients
                .keys()
                .copied()
                .filter(|s| !silent(s))
                .collect();
            self.sim.input(Input::Timeout);
            for session in lively {
                let Some(client) = self.sim.clients.get_mut(&session) else {
                    continue;
                };
                let pinged = |event: &veche_room::Event| matches!(event, veche_room::Event::Ping);
                if client.events.iter().any(pinged) {
                    self.heard.insert(session, self.sim.now);
                }
                self.sim.events(session);
            }
            self.settle_waiting();
            self.expire();
        }
        self.sim.now = end;
        self.expire();
    }

    fn hear(&mut self, session: SessionId) {
        self.heard.insert(session, self.sim.now);
        // Whoever was probed and is heard keeps the login.
        self.sim.events(session);
    }

    /// Probed holders answer within the step, so their time is now.
    fn settle_waiting(&mut self) {
        let sessions: Vec<_> = self.sim.clients.keys().copied().collect();
        for session in sessions {
            let events = self.sim.events(session);
            let pinged = events
                .iter()
                .any(|event| matches!(event, veche_room::Event::Ping));
            if pinged && self.sim.clients[&session].answers_pings {
                self.heard.insert(session, self.sim.now);
            }
        }
        self.forget_the_gone();
        for (session, operation, join) in std::mem::take(&mut self.waiting) {
            if !self.sim.clients.contains_key(&session) {
                continue;
            }
            match self.sim.answer(session, &operation) {
                Some(Answer::Accepted) => self.model_join(session, &join),
                Some(_) => {}
                None => self.waiting.push((session, operation, join)),
            }
        }
    }

    fn forget_the_gone(&mut self) {
        let (clients, now) = (&self.sim.clients, self.sim.now);
        for room in self.model.rooms.values_mut() {
            let before = room.members.len();
            room.members
                .retain(|_, session| clients.contains_key(session));
            if before > 0 && room.members.is_empty() {
                room.empty_since = Some(now);
            }
        }
    }

    fn expire(&mut self) {
        let (now, idle) = (self.sim.now, self.sim.settings.room_idle_timeout);
        let over = |room: &Room| room.empty_since.is_some_and(|since| now >= since + idle);
        self.model.rooms.retain(|_, room| !over(room));
    }

    fn check(&self) {
        let counts = self.sim.hub.counts();
        let model = &self.model;
        assert_eq!(counts.sessions, self.sim.clients.len());
        let rooms: Vec<_> = model.rooms.keys().collect();
        assert_eq!(counts.rooms, rooms.len(), "{rooms:?}");
        let participants: usize = model.rooms.values().map(|room| room.members.len()).sum();
        assert_eq!(counts.participants, participants);
        // Everybody sees exactly the others.
        for (name, room) in &model.rooms {
            for (login, session) in &room.members {
                let client = &self.sim.clients[session];
                let on = client.token.is_some() && self.sim.room_recorder.is_on(name);
                assert_eq!(client.recorded.contains(name), on, "everybody knows");
                let view = &client.rooms[name];
                let others: Vec<_> = room
                    .members
                    .keys()
                    .filter(|other| *other != login)
                    .collect();
                assert_eq!(view.keys().collect::<Vec<_>>(), others);
                for (other, streams) in view {
                    let publisher = &self.sim.clients[&room.members[other]];
                    let flowing = |name: &String| {
                        publisher.media.values().any(|media| {
                            media.state == Some(StreamState::Publishing) && &media.name == name
                        })
                    };
                    assert!(streams.iter().all(flowing), "{streams:?} of {other}");
                }
            }
        }
        let clients = self.sim.clients.values();
        let streams: usize = clients.clone().map(|client| client.standing(true)).sum();
        assert_eq!(counts.streams, streams);
        let plays: usize = clients.map(|client| client.standing(false)).sum();
        assert_eq!(counts.plays, plays);
    }

    /// Time passes and nothing new happens: nobody waits for an answer.
    fn come_to_rest(&mut self) {
        while let Some(transport) = self.sim.engine.next_asked() {
            self.sim.answer_offer(transport, None);
        }
        while self.sim.room_recorder.starting().is_some() {
            self.sim.room_record_begins();
        }
        self.sim.multi("chosen", MultiRecord::Terminate);
        self.sim.advance(secs(40));
        for (session, client) in &self.sim.clients {
            assert_eq!(client.unanswered(), 0, "{session} waits for ever");
        }
    }

    /// Everybody goes: nothing is left.
    fn end(&mut self) {
        while let Some(session) = self.someone() {
            self.sim.crash(session);
        }
        assert_eq!(self.sim.engine.open_count(), 0);
        assert!(self.sim.recorder.running.is_empty());
        assert_eq!(self.sim.recorder.unanswered(), 0);
        self.sim.advance(secs(200));
        let recorder = &self.sim.room_recorder;
        assert!(recorder.running.is_empty(), "what started has stopped");
        let ended = recorder.stopped.len() + recorder.failed;
        assert_eq!(recorder.orders.len(), ended);
        assert_eq!(self.sim.hub.counts(), veche_room::Counts::default());
        assert_eq!(self.sim.panics, 0);
    }
}
