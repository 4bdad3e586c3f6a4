use std::collections::BTreeMap;
use std::time::Duration;

use crate::chat::Chat;
use crate::room_recording::{Creator, RoomRecording};
use crate::timers::Timer;
use crate::{Hub, Login, Note, RoomEvent, RoomLife, RoomName, SessionId, StreamName};

/// A named meeting.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) life: RoomLife,
    pub(crate) creator: Creator,
    pub(crate) members: BTreeMap<Login, SessionId>,
    /// 0: no limit.
    pub(crate) capacity: usize,
    pub(crate) chat: Chat,
    /// When media began to flow in it.
    pub(crate) first_publish: Option<Duration>,
    pub(crate) recording: Option<RoomRecording>,
}

impl Room {
    pub(crate) fn new(life: RoomLife, creator: Creator, capacity: usize) -> Self {
        Self {
            life,
            creator,
            members: BTreeMap::new(),
            capacity,
            chat: Chat::default(),
            first_publish: None,
            recording: None,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.capacity != 0 && self.members.len() >= self.capacity
    }
}

/// How a participant goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// With `leave`: an empty room ends at once.
    Leave,
    /// The connection was lost: an empty room waits for somebody to come back.
    Vanish,
}

impl Hub {
    pub(crate) fn others(&self, room: &RoomName, except: SessionId) -> Vec<SessionId> {
        let Some(room) = self.rooms.get(room) else {
            return Vec::new();
        };
        let members = room.members.values().copied();
        members.filter(|member| *member != except).collect()
    }

    /// Who is in, with the streams that can be played.
    pub(crate) fn room_state(&self, room: &RoomName) -> Vec<(Login, Vec<StreamName>)> {
        let Some(members) = self.rooms.get(room).map(|room| &room.members) else {
            return Vec::new();
        };
        let streams_of = |session: &SessionId| {
            let streams = self.established(*session).map(|state| &state.streams);
            streams
                .into_iter()
                .flatten()
                .filter_map(|transport| self.streams.get(transport))
                .filter(|stream| stream.room.as_ref() == Some(room) && stream.media.is_flowing())
                .map(|stream| stream.name.clone())
                .collect()
        };
        members
            .iter()
            .map(|(login, session)| (login.clone(), streams_of(session)))
            .collect()
    }

    /// Takes somebody out of a room; their streams and plays there have ended.
    pub(crate) fn remove_member(
        &mut self,
        session: SessionId,
        room_name: &RoomName,
        login: &Login,
        departure: Departure,
    ) {
        self.blame.room = Some(room_name.clone());
        let Some(room) = self.rooms.get_mut(room_name) else {
            return;
        };
        room.members.remove(login);
        let empty = room.members.is_empty();
        if let Some(state) = self.established_mut(session) {
            state.rooms.remove(room_name);
        }
        self.journal_leave(room_name, session);
        let others = self.others(room_name, session);
        self.send_room(others, room_name, RoomEvent::Left(login.clone()));
        self.note(Note::Left {
            session,
            room: room_name.clone(),
        });
        if empty && departure == Departure::Leave {
            self.end_room(room_name);
        } else if empty {
            let at = self.now + self.settings.room_idle_timeout;
            self.timers.set(Timer::RoomIdle(room_name.clone()), at);
        }
        self.retry_probed_join(room_name, login);
    }

    /// Nobody is in it.
    pub(crate) fn end_room(&mut self, room: &RoomName) {
        self.timers.cancel(&Timer::RoomIdle(room.clone()));
        self.end_room_recording(room, None);
        if self.rooms.remove(room).is_some() {
            self.note(Note::RoomEnded { room: room.clone() });
        }
    }
}
