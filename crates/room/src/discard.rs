use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::session::Phase;
use crate::timers::Timer;
use crate::{CloseReason, Hub, Note, Output, Reason, RoomName, SessionId};

/// What the current step is about, should it panic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blame {
    pub(crate) session: Option<SessionId>,
    /// Only a room that the session is in: whoever finds a panic is not to
    /// choose whom it costs.
    pub(crate) room: Option<RoomName>,
}

impl Hub {
    /// Carries out one step. A panic costs the room that the step is about:
    /// its state may be half done, so it is thrown away as a whole.
    pub(crate) fn guarded(&mut self, step: impl FnOnce(&mut Self)) {
        self.blame = Blame::default();
        let result = catch_unwind(AssertUnwindSafe(|| step(self)));
        if let Err(panic) = result {
            let blame = std::mem::take(&mut self.blame);
            self.discard(&blame);
            self.note(Note::Panicked {
                room: blame.room,
                session: blame.session,
                message: message(panic.as_ref()),
            });
        }
    }

    fn discard(&mut self, blame: &Blame) {
        let mut sessions: BTreeSet<SessionId> = blame.session.into_iter().collect();
        let mut room_recording = None;
        if let Some(name) = &blame.room {
            if let Some(mut room) = self.rooms.remove(name) {
                room_recording = room.recording.take();
                sessions.extend(room.members.into_values());
            }
            self.timers.cancel(&Timer::RoomIdle(name.clone()));
            self.probes.retain(|(room, _), _| room != name);
            // Whoever believes to be in the room, whatever the room believed.
            let believers = self.sessions.iter().filter(|(_, session)| {
                let Phase::Established(state) = &session.phase else {
                    return false;
                };
                state.rooms.contains(name) || state.joining.contains(name)
            });
            sessions.extend(believers.map(|(id, _)| *id));
        }
        for session in sessions {
            // Their other rooms are sound, and see an ordinary departure.
            let dropped = catch_unwind(AssertUnwindSafe(|| {
                self.drop_session(session, Some(CloseReason::Fault));
            }));
            if dropped.is_err() {
                self.output(Output::CloseSession {
                    session,
                    reason: CloseReason::Fault,
                });
            }
            self.purge(session);
        }
        // After those of its streams.
        self.abandon_room_recording(room_recording);
    }

    /// Makes sure that nothing of a session is left, without trusting that
    /// the maps agree.
    fn purge(&mut self, session: SessionId) {
        self.sessions.remove(&session);
        let mut closed = Vec::new();
        self.plays.retain(|transport, play| {
            let gone = play.session == session;
            if gone && play.media.is_answered() {
                closed.push(*transport);
            }
            !gone
        });
        let mut recordings = Vec::new();
        self.streams.retain(|transport, stream| {
            let gone = stream.session == session;
            if gone {
                recordings.push((*transport, std::mem::take(&mut stream.recording)));
            }
            if gone && stream.media.is_answered() {
                closed.push(*transport);
            }
            !gone
        });
        let (streams, plays) = (&self.streams, &self.plays);
        self.stream_by_name
            .retain(|_, transport| streams.contains_key(transport));
        self.transport_by_media_session.retain(|_, transport| {
            streams.contains_key(transport) || plays.contains_key(transport)
        });
        for room in self.rooms.values_mut() {
            room.members.retain(|_, member| *member != session);
        }
        self.purge_recorders();
        for (transport, mut recording) in recordings {
            self.stop_recording(transport, &mut recording, Reason::Internal);
        }
        for transport in closed {
            self.output(Output::CloseTransport { transport });
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}
