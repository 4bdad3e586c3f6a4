//! What flows through a room: codecs, session descriptions, RTP details, clocks.
//!
//! Pure. Nothing here reads a clock, opens a socket or starts a thread.

mod codec;
mod id;

pub use codec::{AudioCodec, CodecSet, UnknownCodec, VideoCodec};
pub use id::TransportId;
