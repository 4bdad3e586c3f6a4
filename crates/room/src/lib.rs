//! The rules of rooms: who is in, what they publish and play, what they say.
//!
//! Pure. Feed a [`Hub`] with an [`Input`] and the current time, then drain
//! [`Hub::poll_output`]; feed [`Input::Timeout`] when [`Hub::next_timeout`]
//! comes. Nothing here reads a clock or a socket, knows JSON or SDP, or
//! draws a random number.
//!
//! Everything is decided in the call that brings it: when an output is
//! there, names are free, members are gone and maps agree.

mod bucket;
mod chat;
mod codecs;
mod discard;
mod figures;
mod hub;
mod ids;
mod input;
mod invariants;
mod join;
mod keepalive;
mod limits;
mod list;
mod media;
mod multi_recorder;
mod output;
mod play;
mod reason;
mod recording;
mod remembered;
mod room;
mod room_recording;
mod say;
mod session;
mod settings;
mod stream;
mod stream_end;
mod stream_event;
mod timers;

pub use chat::ChatMessage;
pub use hub::{Counts, Hub};
pub use ids::{
    Json, Login, MediaSessionId, OperationId, PersonId, RecordName, RecordRequestId, ResumeToken,
    RoomLife, RoomName, SessionId, StreamName,
};
pub use input::{
    Command, Connect, Input, Join, PlayAnswer, PublishAnswer, Rate, Request, Resume,
    StreamEventKind, VideoSize,
};
pub use limits::Limits;
pub use list::{Published, RoomState};
pub use multi_recorder::{MultiRecord, MultiRecorderEntry};
pub use output::{
    Answer, CloseReason, Event, JournalEntry, Note, Output, PlayOrder, PublishOrder, RecordOrder,
    RecordRoomOrder, Resumed, RoomEvent, RoomRecordingState, StreamDetails, StreamState,
    StreamStatus,
};
pub use reason::Reason;
pub use recording::RecordingId;
pub use room_recording::{RecordBy, RoomRecordingId};
pub use settings::Settings;
