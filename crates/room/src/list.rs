use crate::{Hub, Login, MediaSessionId, RoomName, SessionId, StreamDetails, StreamName};

/// A stream that is published, for operators.
#[derive(Clone, Debug)]
pub struct Published {
    /// Whose.
    pub session: SessionId,
    /// The client's id.
    pub media_session: MediaSessionId,
    /// Its name.
    pub name: StreamName,
    /// Where, if in a room.
    pub room: Option<RoomName>,
    /// The publisher, if it has a name.
    pub login: Option<Login>,
    /// Its media flows.
    pub flowing: bool,
    /// What is known of its media.
    pub details: StreamDetails,
    /// It is recorded.
    pub recorded: bool,
}

/// What somebody who has not entered yet may know of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// How many are in it; 0 as well if it does not exist.
    pub people: usize,
    /// What they say is recorded, or would be from the moment of entering.
    pub recording: bool,
}

impl Hub {
    /// What there is behind a room's door.
    pub fn look_in(&self, name: &RoomName) -> RoomState {
        let settings = &self.settings;
        let all = settings.record_all_rooms || settings.record_all;
        let always = settings.record_streams && all;
        let room = self.rooms.get(name);
        RoomState {
            people: room.map_or(0, |room| room.members.len()),
            recording: always || room.is_some_and(|room| room.recording.is_some()),
        }
    }

    /// Every stream, also those being set up, in the order of their beginning.
    pub fn published(&self) -> Vec<Published> {
        let streams = self.streams.values();
        streams
            .map(|stream| Published {
                session: stream.session,
                media_session: stream.media_session.clone(),
                name: stream.name.clone(),
                room: stream.room.clone(),
                login: stream.login.clone(),
                flowing: stream.media.is_flowing(),
                details: stream.details,
                recorded: stream.recording.active.is_some(),
            })
            .collect()
    }
}
