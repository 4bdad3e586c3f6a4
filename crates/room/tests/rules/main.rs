//! The rules on virtual time: fake clients that complain of every message
//! that their real kin would stumble over, and an engine that answers when told.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

mod chat;
mod join;
mod keepalive;
mod limits;
mod panics;
mod play;
mod probe;
mod random;
mod recording;
mod resume;
mod room_recording;
mod sim;
mod stream;
mod stream_event;
