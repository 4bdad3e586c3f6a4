//! The WCS room protocol: JSON text frames `{"message": …, "data": […]}`.
//!
//! [`decode`] reads what a client sent, [`ServerMessage::encode`] writes what
//! it is told, [`info`] holds every human text that goes along. Pure: no
//! socket, no clock, no rule about rooms. Everything a client may leave out
//! is optional here, and a frame that cannot be read still says whom its
//! refusal is to be addressed to ([`ReplyTo`]).

mod client;
mod decode;
mod error;
mod field;
pub mod info;
mod room_event;
mod server;

pub use client::{
    AppCommand, AvailableStream, Bitrates, ClientMessage, Connection, Hello, Join, SendData,
    SendStreamEvent, Snapshot, StopRequest, StreamRequest,
};
pub use decode::{Limits, decode};
pub use error::{DecodeError, ErrorCode, ReplyTo};
pub use room_event::{ChatLine, RoomEvent, RoomEventInfo, RoomRecording, StateEntry};
pub use server::{
    Available, DataStatus, Fail, GoingAway, HelloReply, Muted, ServerMessage, StreamEvent,
    StreamStatus, UserData, VideoFormat, VideoRate,
};
