//! As much of each codec's bitstream as a container has to know.

pub(crate) mod aac;
pub(crate) mod av1;
mod bits;
pub(crate) mod black;
pub(crate) mod g711;
pub(crate) mod h264;
pub(crate) mod opus;
pub(crate) mod vp8;
pub(crate) mod vp9;

use veche_media::{FrameSize, VideoCodec};

/// What a keyframe says about the pictures from it on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    /// As in [`crate::VideoTrack::config`].
    pub config: Vec<u8>,
    pub size: Option<FrameSize>,
}

/// Bytes from the start of a keyframe that are enough to describe it: parameter
/// sets and headers come first, and none is longer.
pub(crate) const DESCRIBE_BYTES: usize = 4096;

/// Read from a keyframe. `None` if it makes no sense as one.
pub(crate) fn describe(codec: VideoCodec, keyframe: &[u8]) -> Option<Description> {
    match codec {
        VideoCodec::Vp8 => Some(Description {
            config: Vec::new(),
            size: Some(vp8::size(keyframe)?),
        }),
        VideoCodec::H264 => h264::describe(keyframe),
        VideoCodec::Vp9 => vp9::describe(keyframe),
        VideoCodec::Av1 => av1::describe(keyframe),
    }
}
