use crate::Hub;
use crate::recording::Tag;
use crate::session::Phase;

impl Hub {
    /// Panics if the maps do not agree with each other. For tests: takes time
    /// in proportion to everything there is.
    #[doc(hidden)]
    pub fn assert_consistent(&self) {
        for (id, session) in &self.sessions {
            let Phase::Established(state) = &session.phase else {
                continue;
            };
            for room in &state.rooms {
                let login = state.login.as_ref().expect("members have logins");
                assert_eq!(self.rooms[room].members.get(login), Some(id));
            }
            for room in &state.joining {
                let login = state.login.clone().expect("joiners have logins");
                assert_eq!(self.probes[&(room.clone(), login)].joiner, *id);
            }
            for transport in &state.streams {
                assert_eq!(self.streams[transport].session, *id);
            }
            for transport in &state.plays {
                assert_eq!(self.plays[transport].session, *id);
            }
        }
        for (name, room) in &self.rooms {
            for session in room.members.values() {
                let state = self.established(*session).expect("members are sessions");
                assert!(state.rooms.contains(name));
            }
            assert!(room.capacity == 0 || room.members.len() <= room.capacity);
        }
        for (transport, stream) in &self.streams {
            assert_eq!(self.stream_by_name.get(&stream.name), Some(transport));
            let by_id = self.transport_by_media_session.get(&stream.media_session);
            assert_eq!(by_id, Some(transport));
            let owner = self
                .established(stream.session)
                .expect("streams have owners");
            assert!(owner.streams.contains(transport));
            if let Some(room) = &stream.room {
                assert!(owner.rooms.contains(room), "publishers are members");
            }
            assert!(
                stream.recording.active.is_none() || stream.media.is_flowing(),
                "only what flows is recorded"
            );
            if let Some(active) = stream.recording.active {
                let room = stream.room.as_ref();
                let running = room.and_then(|room| self.running_room_recording(room));
                match active.tag {
                    Tag::Own => assert!(running.is_none(), "a recorded room has all its files"),
                    Tag::Room(id) => assert_eq!(running, Some(id)),
                    Tag::Chosen(id) => assert!(self.is_chosen(*transport, id)),
                }
            }
            for play in &stream.plays {
                assert_eq!(self.plays[play].source, *transport);
            }
        }
        for (transport, play) in &self.plays {
            let source = self
                .streams
                .get(&play.source)
                .expect("plays have a live source");
            assert!(source.media.is_flowing());
            assert!(source.plays.contains(transport));
            let owner = self.established(play.session).expect("plays have owners");
            assert!(owner.plays.contains(transport));
            if let Some(room) = &play.room {
                assert!(owner.rooms.contains(room), "players are members");
            }
        }
        let media = self.streams.len() + self.plays.len();
        assert_eq!(self.stream_by_name.len(), self.streams.len());
        assert_eq!(self.transport_by_media_session.len(), media);
        for ((room, login), probe) in &self.probes {
            assert!(self.rooms[room].members.contains_key(login));
            let joiner = self
                .established(probe.joiner)
                .expect("joiners are sessions");
            assert!(joiner.joining.contains(room));
        }
    }
}
