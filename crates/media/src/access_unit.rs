use std::sync::Arc;
use std::time::Duration;

use crate::{AudioCodec, FrameSize, VideoCodec};

/// One coded picture or one packet of sound, on the room's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// What it is coded with, and what only that kind has.
    pub kind: AccessUnitKind,
    /// When it was captured, as a distance from the origin of the room's clock.
    pub at: Duration,
    /// How long ago its first packet was received: it waited for others.
    pub waited: Duration,
    /// The coded bytes.
    ///
    /// VP8, VP9: one frame. H.264: NAL units, each behind its length in four
    /// bytes (ISO/IEC 14496-15). AV1: OBUs with sizes, without temporal
    /// delimiter. Opus: one packet. G.711: samples.
    pub data: Arc<[u8]>,
}

/// What kind of access unit it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessUnitKind {
    /// A picture.
    Video {
        /// Coded with.
        codec: VideoCodec,
        /// Decodable without any before it.
        keyframe: bool,
        /// Pixels, on keyframes that tell.
        size: Option<FrameSize>,
        /// Clockwise degrees to turn it for display: 0, 90, 180 or 270.
        rotation: u16,
    },
    /// Sound.
    Audio {
        /// Coded with.
        codec: AudioCodec,
        /// How long it lasts.
        duration: Duration,
    },
}
