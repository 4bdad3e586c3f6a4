//! What flows through a room: codecs, session descriptions, RTP details, clocks.
//!
//! Pure. Nothing here reads a clock, opens a socket or starts a thread.

mod access_unit;
mod clock;
mod codec;
mod id;
mod keyframe;
mod keyframe_requests;
mod receive_bitrate;
mod rewrite;
pub mod sdp;

pub use access_unit::{AccessUnit, AccessUnitKind};
pub use clock::SenderClock;
pub use codec::{AudioCodec, CodecSet, UnknownCodec, VideoCodec};
pub use id::TransportId;
pub use keyframe::{FrameSize, Keyframe, keyframe};
pub use keyframe_requests::KeyframeRequests;
pub use receive_bitrate::ReceiveBitrate;
pub use rewrite::{Rewriter, Rewritten};
