use std::collections::BTreeSet;
use std::time::Duration;

use veche_media::TransportId;

use crate::bucket::Bucket;
use crate::codecs::Decodes;
use crate::remembered::{Known, Remembered};
use crate::room::Departure;
use crate::stream_end::StreamEnd;
use crate::timers::Timer;
use crate::{
    Answer, CloseReason, Command, Connect, Event, Hub, Login, Note, Output, Reason, Resume,
    ResumeToken, Resumed, RoomName, SessionId,
};

/// One connection of a client.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) phase: Phase,
    pub(crate) last_seen: Duration,
    pub(crate) seen_since_ping: bool,
    /// Pings in a row without any frame after them.
    pub(crate) missed_pings: u32,
    commands: Bucket,
    messages: Bucket,
    /// Refusals for `RateLimited` in a row.
    refusals: u32,
}

/// How far the handshake has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Nothing was said.
    Greeting,
    /// `connection` was said.
    Established(Box<Established>),
}

/// What a session has.
#[derive(Debug)]
pub(crate) struct Established {
    /// It is of the room application.
    pub(crate) rooms_app: bool,
    pub(crate) login: Option<Login>,
    /// Of clients that know our additions.
    pub(crate) token: Option<ResumeToken>,
    pub(crate) rooms: BTreeSet<RoomName>,
    /// Rooms whose join waits for a probe.
    pub(crate) joining: BTreeSet<RoomName>,
    pub(crate) streams: BTreeSet<TransportId>,
    pub(crate) plays: BTreeSet<TransportId>,
    pub(crate) decodes: Decodes,
    pub(crate) remembered: Remembered,
}

/// What a resume token stands for.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) login: Option<Login>,
    pub(crate) session: Option<SessionId>,
}

impl Hub {
    pub(crate) fn established(&self, session: SessionId) -> Option<&Established> {
        match &self.sessions.get(&session)?.phase {
            Phase::Established(state) => Some(state),
            Phase::Greeting => None,
        }
    }

    pub(crate) fn established_mut(&mut self, session: SessionId) -> Option<&mut Established> {
        match &mut self.sessions.get_mut(&session)?.phase {
            Phase::Established(state) => Some(state),
            Phase::Greeting => None,
        }
    }

    pub(crate) fn open_session(&mut self, session: SessionId) {
        let limits = &self.settings.limits;
        let full = self.sessions.len() >= limits.sessions;
        let state = Session {
            phase: Phase::Greeting,
            last_seen: self.now,
            seen_since_ping: true,
            missed_pings: 0,
            commands: Bucket::full(limits.command_burst, self.now),
            messages: Bucket::full(limits.message_burst, self.now),
            refusals: 0,
        };
        self.sessions.insert(session, state);
        let handshake = self.now + self.settings.handshake_timeout;
        self.timers.set(Timer::Handshake(session), handshake);
        if self.closing {
            self.deny(session, Reason::ShuttingDown);
        } else if full {
            self.deny(session, Reason::TooManySessions);
        }
    }

    pub(crate) fn connect(&mut self, session: SessionId, connect: Connect) {
        if self.established(session).is_some() {
            self.send(session, Event::Refused(Reason::AlreadyConnected));
            return;
        }
        if let Some(login) = &connect.login
            && let Err(reason) = self.check_name(login.as_str())
        {
            self.deny(session, reason);
            return;
        }
        let resume = connect
            .resume
            .map(|resume| self.resume(session, connect.login.as_ref(), resume));
        let Some(state) = self.sessions.get_mut(&session) else {
            return;
        };
        state.phase = Phase::Established(Box::new(Established {
            rooms_app: connect.rooms,
            login: connect.login,
            token: resume.as_ref().map(|resumed| resumed.token.clone()),
            rooms: BTreeSet::new(),
            joining: BTreeSet::new(),
            streams: BTreeSet::new(),
            plays: BTreeSet::new(),
            decodes: Decodes::default(),
            remembered: Remembered::default(),
        }));
        self.timers.cancel(&Timer::Handshake(session));
        self.schedule_ping(session);
        let resumed = resume.as_ref().is_some_and(|resume| resume.resumed);
        self.send(session, Event::Established { resume });
        self.note(Note::Connected { session, resumed });
    }

    /// Takes over from the session that holds the presented token.
    fn resume(&mut self, session: SessionId, login: Option<&Login>, resume: Resume) -> Resumed {
        let known = resume.token.and_then(|token| {
            let entry = self.tokens.get(&token)?;
            (entry.login.as_ref() == login).then_some((token, entry.session))
        });
        let resumed = known.is_some();
        let token = match known {
            Some((token, older)) => {
                if let Some(older) = older {
                    self.drop_session(older, Some(CloseReason::Replaced));
                }
                self.timers.cancel(&Timer::Token(token.clone()));
                token
            }
            None => resume.fresh,
        };
        let entry = Token {
            login: login.cloned(),
            session: Some(session),
        };
        self.tokens.insert(token.clone(), entry);
        Resumed { token, resumed }
    }

    fn deny(&mut self, session: SessionId, reason: Reason) {
        self.send(session, Event::Denied(reason));
        self.note(Note::Refused { session, reason });
        self.drop_session(session, Some(CloseReason::Denied));
    }

    /// Ends a session and all that it has. With a reason the connection is
    /// still there and is closed.
    pub(crate) fn drop_session(&mut self, session: SessionId, close: Option<CloseReason>) {
        let Some(state) = self.sessions.remove(&session) else {
            return;
        };
        self.timers.cancel(&Timer::Handshake(session));
        self.timers.cancel(&Timer::Ping(session));
        if let Phase::Established(state) = state.phase {
            self.drop_established(session, *state);
        }
        if let Some(reason) = close {
            self.output(Output::CloseSession { session, reason });
        }
    }

    fn drop_established(&mut self, session: SessionId, state: Established) {
        if let Some(login) = &state.login {
            for room in &state.joining {
                self.remove_probe(room, login);
            }
        }
        for play in state.plays {
            self.end_play_silently(play);
        }
        for stream in state.streams {
            self.end_stream(stream, StreamEnd::SessionGone);
        }
        if let Some(login) = &state.login {
            for room in &state.rooms {
                self.remove_member(session, room, login, Departure::Vanish);
            }
        }
        if let Some(token) = state.token {
            self.keep_token(token, session);
        }
    }

    /// A token outlives its session for a while, within a bound.
    fn keep_token(&mut self, token: ResumeToken, session: SessionId) {
        let limits = &self.settings.limits;
        let crowded = self.tokens.len() > limits.sessions + limits.remembered_tokens;
        let Some(entry) = self.tokens.get_mut(&token) else {
            return;
        };
        if entry.session != Some(session) {
            return;
        }
        entry.session = None;
        if crowded {
            self.tokens.remove(&token);
        } else {
            let at = self.now + self.settings.resume_window;
            self.timers.set(Timer::Token(token), at);
        }
    }

    /// Whether the session may go on asking; if not, it is told so.
    pub(crate) fn admit_command(&mut self, session: SessionId, command: &Command) -> bool {
        let now = self.now;
        let limits = self.settings.limits;
        let Some(state) = self.sessions.get_mut(&session) else {
            return false;
        };
        let admitted = match command {
            Command::Say { .. } | Command::StreamEvent { .. } => {
                let (burst, rate) = (limits.message_burst, limits.messages_per_second);
                state.messages.take(burst, rate, now)
            }
            _ => {
                let (burst, rate) = (limits.command_burst, limits.commands_per_second);
                state.commands.take(burst, rate, now)
            }
        };
        if admitted {
            state.refusals = 0;
            return true;
        }
        state.refusals += 1;
        if state.refusals > limits.flood_refusals {
            self.drop_session(session, Some(CloseReason::Flood));
            return false;
        }
        // What ends something is cheap, and a client that is refused it would
        // believe that it has ended.
        let ends = matches!(
            command,
            Command::Unpublish { .. } | Command::Stop { .. } | Command::Leave { .. }
        );
        if !ends {
            self.refuse(session, command, Reason::RateLimited);
        }
        ends
    }

    /// Whether the command was given before; then it is answered as before.
    pub(crate) fn is_repeated(&mut self, session: SessionId, command: &Command) -> bool {
        let operation = match command {
            Command::Join { operation, .. }
            | Command::Leave { operation, .. }
            | Command::Say { operation, .. }
            | Command::Record { operation, .. }
            | Command::UnknownCommand { operation } => operation.clone(),
            _ => None,
        };
        let Some(operation) = operation else {
            return false;
        };
        let limits = self.settings.limits;
        if operation.as_str().len() > limits.id_bytes {
            self.refuse(session, command, Reason::IdTooLong);
            return true;
        }
        let Some(state) = self.established_mut(session) else {
            return true;
        };
        match state
            .remembered
            .begin(&operation, limits.remembered_operations)
        {
            Known::New => false,
            Known::Pending => true,
            Known::Answered(answer) => {
                let operation = Some(operation);
                self.send(session, Event::Answered { operation, answer });
                true
            }
        }
    }

    pub(crate) fn check_name(&self, name: &str) -> Result<(), Reason> {
        check_text(name, self.settings.limits.name_bytes)
    }
}

/// Names are opaque, but not empty, endless or able to break a line of a log.
pub(crate) fn check_text(name: &str, bytes: usize) -> Result<(), Reason> {
    if name.len() > bytes {
        Err(Reason::NameTooLong)
    } else if name.is_empty() || name.chars().any(char::is_control) {
        Err(Reason::NameBad)
    } else {
        Ok(())
    }
}

impl Answer {
    pub(crate) fn of(result: Result<Self, Reason>) -> Self {
        result.unwrap_or_else(Self::Failed)
    }
}
