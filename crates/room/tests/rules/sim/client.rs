use std::collections::{BTreeMap, BTreeSet};

use veche_room::{
    Answer, Command, Event, MediaSessionId, OperationId, Reason, RoomEvent, StreamState,
};

/// A client that trusts nobody: it keeps the maps that real clients keep, and
/// panics where they would break, or wait for ever.
#[derive(Debug, Default)]
pub struct Client {
    pub login: String,
    pub answers_pings: bool,
    pub token: Option<String>,
    pub resumed: bool,
    pub refusals: Vec<Reason>,
    pub answers: BTreeMap<OperationId, Answer>,
    pub room_events: Vec<RoomEvent>,
    pub events: Vec<Event>,
    pub rooms: BTreeMap<String, View>,
    /// Rooms that are recorded, as far as this client was told.
    pub recorded: BTreeSet<String>,
    /// Rooms that were ever asked for.
    joins: BTreeSet<String>,
    commands: BTreeMap<OperationId, Asked>,
    pub media: BTreeMap<MediaSessionId, Media>,
}

/// What a client knows of a room: the streams of each participant.
pub type View = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug)]
struct Asked {
    kind: Kind,
    times: usize,
    answered: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    Leave(String),
    Other,
}

/// A publish or play, as its client sees it.
#[derive(Debug, Default)]
pub struct Media {
    pub published: bool,
    pub name: String,
    requests: usize,
    stops: usize,
    sdp: bool,
    pub state: Option<StreamState>,
    reason: Option<Reason>,
    finals: usize,
}

impl Media {
    pub fn is_over(&self) -> bool {
        self.state.is_some_and(StreamState::is_final)
    }

    /// The client does not wait for anything.
    pub fn is_answered(&self) -> bool {
        self.state.is_some()
    }
}

impl Client {
    pub fn new() -> Self {
        Self {
            answers_pings: true,
            ..Self::default()
        }
    }

    pub fn state(&self, id: &MediaSessionId) -> Option<StreamState> {
        self.media.get(id)?.state
    }

    pub fn reason(&self, id: &MediaSessionId) -> Option<Reason> {
        self.media.get(id)?.reason
    }

    /// Commands and requests that have not got their answer.
    pub fn unanswered(&self) -> usize {
        let commands = self.commands.values();
        let media = self.media.values();
        commands.filter(|asked| asked.answered == 0).count()
            + media.filter(|media| !media.is_answered()).count()
    }

    /// Publishes and plays that stand, as far as this client knows.
    pub fn standing(&self, published: bool) -> usize {
        let media = self.media.values();
        media
            .filter(|media| media.published == published && media.requests > 0 && !media.is_over())
            .count()
    }

    pub fn sent(&mut self, command: &Command) {
        let (operation, kind) = match command {
            Command::Join { operation, join } => {
                self.joins.insert(join.room.to_string());
                (operation, Kind::Other)
            }
            Command::Leave { operation, room } => (operation, Kind::Leave(room.to_string())),
            Command::Say { operation, .. }
            | Command::Record { operation, .. }
            | Command::UnknownCommand { operation } => (operation, Kind::Other),
            Command::Publish(request) | Command::Play(request) => {
                let media = self.media.entry(request.media_session.clone()).or_default();
                if media.requests == 0 {
                    media.published = matches!(command, Command::Publish(_));
                    media.name = request.name.to_string();
                }
                media.requests += 1;
                return;
            }
            Command::Unpublish { media_session, .. } | Command::Stop { media_session, .. } => {
                self.media.entry(media_session.clone()).or_default().stops += 1;
                return;
            }
            _ => return,
        };
        if let Some(operation) = operation {
            let asked = self.commands.entry(operation.clone()).or_insert(Asked {
                kind,
                times: 0,
                answered: 0,
            });
            asked.times += 1;
        }
    }

    pub fn receive(&mut self, event: &Event) {
        self.events.push(event.clone());
        match event {
            Event::Established {
                resume: Some(resume),
            } => {
                self.token = Some(resume.token.to_string());
                self.resumed = resume.resumed;
            }
            Event::Denied(reason) | Event::Refused(reason) => self.refusals.push(*reason),
            Event::Answered {
                operation: Some(operation),
                answer,
            } => self.answered(operation, *answer),
            Event::Sdp { media_session, .. } => {
                let media = self.media.get_mut(media_session).expect("asked for");
                assert!(!media.sdp, "one answer to one offer");
                assert!(media.state.is_none(), "the answer comes first");
                media.sdp = true;
            }
            Event::Stream(status) => {
                let media = self.media.get_mut(&status.media_session);
                let media = media.expect("asked for");
                if status.state.is_final() {
                    media.finals += 1;
                    assert!(
                        media.finals <= media.requests + media.stops,
                        "one final state for one request: {status:?}"
                    );
                } else {
                    assert!(media.sdp, "media flows after the answer");
                    assert!(!media.is_over(), "nothing comes after the end");
                }
                // Clients ignore what comes after a final state.
                if !media.is_over() {
                    media.state = Some(status.state);
                    media.reason = status.reason;
                }
            }
            Event::StreamEvent { media_session, .. } | Event::Resized { media_session, .. } => {
                assert_eq!(self.state(media_session), Some(StreamState::Playing));
            }
            Event::Room { room, event } => self.room(room.as_str(), event),
            _ => {}
        }
    }

    fn answered(&mut self, operation: &OperationId, answer: Answer) {
        let asked = self.commands.get_mut(operation).expect("asked for");
        asked.answered += 1;
        assert!(asked.answered <= asked.times, "one answer to one command");
        let first = self.answers.insert(operation.clone(), answer);
        assert!(first.is_none_or(|first| first == answer), "the same answer");
        if first.is_some() {
            return;
        }
        if let (Kind::Leave(room), Answer::Accepted) = (asked.kind.clone(), answer) {
            self.rooms.remove(&room);
            self.recorded.remove(&room);
        }
    }

    fn room(&mut self, room: &str, event: &RoomEvent) {
        self.room_events.push(event.clone());
        let own = self.login.as_str();
        if let RoomEvent::State(state) = event {
            assert!(self.joins.contains(room), "a state nobody asked for");
            let mut view = View::new();
            for (login, streams) in state {
                assert_ne!(login.as_str(), own, "one is not in one's own state");
                let streams: Vec<String> = streams.iter().map(ToString::to_string).collect();
                let set: BTreeSet<String> = streams.iter().cloned().collect();
                assert_eq!(set.len(), streams.len(), "each stream once");
                assert!(
                    view.insert(login.to_string(), set).is_none(),
                    "each login once"
                );
            }
            let older = self.rooms.insert(room.to_owned(), view);
            assert!(older.is_none(), "the state comes once");
            return;
        }
        let view = self.rooms.get_mut(room);
        let view = view.expect("no event before the state, none after leaving");
        match event {
            RoomEvent::State(_) | RoomEvent::History(_) => {}
            RoomEvent::Recording(recording) => {
                assert!(self.token.is_some(), "only to those who know it");
                let was_on = match recording.on {
                    true => !self.recorded.insert(room.to_owned()),
                    false => self.recorded.remove(room),
                };
                let news = was_on != recording.on || recording.problem.is_some();
                assert!(news, "each change once: {recording:?}");
            }
            RoomEvent::Joined(login) => {
                assert_ne!(login.as_str(), own);
                let older = view.insert(login.to_string(), BTreeSet::new());
                assert!(older.is_none(), "{login} joined once");
            }
            RoomEvent::Left(login) => {
                let streams = view.remove(login.as_str()).expect("knew them");
                assert!(
                    streams.is_empty(),
                    "streams end before their publisher leaves"
                );
            }
            RoomEvent::Published(login, name) => {
                let streams = view.get_mut(login.as_str()).expect("joined before");
                assert!(streams.insert(name.to_string()), "published once");
            }
            RoomEvent::Unpublished(login, name) | RoomEvent::Failed(login, name) => {
                let streams = view.get_mut(login.as_str()).expect("joined before");
                assert!(streams.remove(name.as_str()), "ended once, after its start");
            }
            RoomEvent::Message(message) => {
                assert_ne!(message.from.as_str(), own);
                assert!(
                    view.contains_key(message.from.as_str()),
                    "from a participant"
                );
            }
        }
    }
}
