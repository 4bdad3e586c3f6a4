//! Payload formats: from the RTP payloads of one frame to its bitstream.
//!
//! Every parser is total: what is cut short, contradicts itself or belongs to
//! a mode that was not negotiated is a [`DepacketizeError`], and nothing is
//! allocated that the payloads do not fill.

use std::sync::Arc;

use crate::{FrameSize, VideoCodec};

pub(crate) mod audio;
mod av1;
mod bits;
mod h264;
mod vp8;
mod vp9;

/// A frame is no larger: a 4K keyframe of a screen is about 2 MiB.
pub(crate) const MAX_FRAME_BYTES: usize = 8 << 20;

/// NAL units or OBUs of one frame: an encoder makes tens, and each costs more
/// than the bytes that it has.
const MAX_UNITS: usize = 1024;

/// Why payloads make no frame.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DepacketizeError {
    /// A payload ends where more must follow.
    #[error("payload ends inside its {0}")]
    Truncated(&'static str),
    /// The first packets of the frame are not there.
    #[error("frame does not begin with its first packet")]
    NoBeginning,
    /// A fragment without the one that it continues, or without its end.
    #[error("fragments do not follow one another")]
    Fragments,
    /// RFC 6184 packetization-mode 2, which is never negotiated.
    #[error("NAL unit type {0} belongs to the interleaved mode")]
    Interleaved(u8),
    /// An IDR picture before any SPS and PPS.
    #[error("keyframe without parameter sets")]
    NoParameterSets,
    /// A parameter set that no encoder writes.
    #[error("parameter set of {0} bytes")]
    ParameterSet(usize),
    /// Nothing to decode inside.
    #[error("frame is empty")]
    Empty,
    /// The bitstream's first bytes are not of its codec.
    #[error("bitstream does not begin as {0}")]
    Bitstream(&'static str),
    /// Larger than any frame.
    #[error("frame is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Made of more units than any encoder writes.
    #[error("frame has more than {limit} units")]
    TooManyUnits {
        /// The limit.
        limit: usize,
    },
    /// An Opus packet that breaks RFC 6716, 3.4.
    #[error("Opus packet of impossible length")]
    Opus,
    /// A packet of samples that is longer than any sender makes.
    #[error("audio packet of {0} bytes")]
    AudioTooLong(usize),
}

/// One frame without its RTP payload headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodedFrame {
    pub data: Vec<u8>,
    pub keyframe: bool,
    pub size: Option<FrameSize>,
    /// The decoder's configuration is not that of the keyframe before.
    pub reconfigured: bool,
}

/// The payload format of one video track, with what it remembers between frames.
#[derive(Debug)]
pub(crate) enum Depacketizer {
    Vp8,
    H264(Box<h264::H264>),
    Vp9,
    Av1(av1::Av1),
}

impl Depacketizer {
    pub(crate) fn new(codec: VideoCodec) -> Self {
        match codec {
            VideoCodec::Vp8 => Self::Vp8,
            VideoCodec::H264 => Self::H264(Box::default()),
            VideoCodec::Vp9 => Self::Vp9,
            VideoCodec::Av1 => Self::Av1(av1::Av1::default()),
        }
    }

    /// The frame of all payloads with one timestamp, in order and without gap.
    ///
    /// `after_gap`: packets before the first one are missing, which may or may
    /// not have been of this frame. `None`: it has nothing to show by itself.
    pub(crate) fn frame(
        &mut self,
        payloads: &[Arc<[u8]>],
        after_gap: bool,
    ) -> Result<Option<CodedFrame>, DepacketizeError> {
        match self {
            Self::Vp8 => vp8::frame(payloads).map(Some),
            Self::H264(h264) => h264.frame(payloads, after_gap),
            Self::Vp9 => vp9::frame(payloads).map(Some),
            Self::Av1(av1) => av1.frame(payloads),
        }
    }
}
