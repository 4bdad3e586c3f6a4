//! What flows through a room: codecs, session descriptions, RTP details, clocks.
//!
//! Pure. Nothing here reads a clock, opens a socket or starts a thread.

mod access_unit;
mod assemble;
mod clock;
mod codec;
mod depacketize;
mod id;
mod intake;
mod jitter;
mod keyframe;
mod keyframe_requests;
mod receive_bitrate;
mod rewrite;
mod room_clock;
pub mod sdp;

pub use access_unit::{AccessUnit, AccessUnitKind};
pub use clock::SenderClock;
pub use codec::{AudioCodec, CodecSet, UnknownCodec, VideoCodec};
pub use depacketize::DepacketizeError;
pub use id::TransportId;
pub use intake::{Intake, IntakeCounts};
pub use jitter::RecordedPacket;
pub use keyframe::{FrameSize, Keyframe, keyframe};
pub use keyframe_requests::KeyframeRequests;
pub use receive_bitrate::ReceiveBitrate;
pub use rewrite::{Rewriter, Rewritten};
pub use room_clock::{PublisherClock, Stamp, TrackKind};
