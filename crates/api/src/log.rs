//! What happens, as log lines. Logins, names of streams, texts and addresses
//! stay out of them; ids and rooms are fields.

use tracing::{debug, error, info, warn};
use veche_room::{Note, RoomName};

/// Bytes of a client's own log that one line takes.
const CLIENT_LOG_BYTES: usize = 4_096;

pub(crate) fn note(note: &Note) {
    match note {
        Note::Connected { session, resumed } => info!(%session, resumed, "session established"),
        Note::RoomCreated { room } => info!(room = field(room), "room created"),
        Note::RoomEnded { room } => info!(room = field(room), "room ended"),
        Note::Joined { session, room } => info!(%session, room = field(room), "joined"),
        Note::Left { session, room } => info!(%session, room = field(room), "left"),
        Note::Stream {
            session,
            room,
            transport,
            published,
            state,
            reason,
        } => info!(
            %session,
            room = room.as_ref().map(field),
            transport = transport.map(tracing::field::display),
            published,
            ?state,
            reason = reason.map(tracing::field::debug),
            "stream"
        ),
        Note::Refused { session, reason } => debug!(%session, ?reason, "refused"),
        Note::RecordingFailed {
            transport,
            recording,
            reason,
        } => warn!(%transport, %recording, reason, "recording failed"),
        Note::RoomRecordingFailed {
            room,
            recording,
            reason,
        } => warn!(room = field(room), %recording, ?reason, "recording of a room failed"),
        Note::ClientLog { session, text } => {
            let mut end = text.len().min(CLIENT_LOG_BYTES);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            // Debug form, so that the text stays on its line.
            debug!(%session, log = ?&text[..end], "client log");
        }
        Note::Panicked {
            room,
            session,
            message,
        } => error!(
            room = room.as_ref().map(field),
            session = session.map(tracing::field::display),
            message,
            "panic caught: the room is discarded"
        ),
    }
}

fn field(room: &RoomName) -> &str {
    room.as_str()
}
