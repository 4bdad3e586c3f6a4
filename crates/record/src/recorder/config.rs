use std::time::Duration;

use veche_media::{AudioCodec, VideoCodec};

use crate::container::Formats;

/// What is recorded, and to what.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The participant's name: what tracks are called.
    pub name: String,
    /// What the stream's pictures are coded with, as negotiated. A stream that
    /// turns to another codec gets another part.
    pub video: Option<VideoCodec>,
    /// What the stream's sound is coded with, as negotiated.
    pub audio: Option<AudioCodec>,
    /// Containers.
    pub formats: Formats,
    /// Begin earlier than the media does: `enable_empty_shift_writer`.
    pub aligned: Option<Aligned>,
    /// The file is laid beside others of its room: what is paused is a gap in it
    /// instead of being left out. Aligned files always are.
    pub keeps_time: bool,
}

/// When an aligned file starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aligned {
    /// On the room's clock: the room's first publish.
    pub origin: Duration,
}
