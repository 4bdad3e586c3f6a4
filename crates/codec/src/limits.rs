//! What is bounded, and why by that much.

use std::time::Duration;

/// Bytes of one coded picture or packet: as in record files.
pub const MAX_PACKET_BYTES: usize = 8 * 1024 * 1024;

/// Pixels of one picture: 8K UHD and DCI.
pub const MAX_PIXELS: u64 = 8192 * 4320;

/// Pixels of one side of a picture.
pub const MAX_SIDE: u32 = 8192;

/// Bytes of one message: the largest picture, and room for its description.
pub const MAX_MESSAGE_BYTES: usize = (MAX_PIXELS as usize) * 3 / 2 + 64 * 1024;

/// Bytes of what a decoder is configured with (`avcC` and the like).
pub const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// Samples of each channel in one message of sound: five seconds at 48 kHz,
/// what Opus can put in many packets.
pub const MAX_SOUND_FRAMES: usize = 240_000;

/// Streams of one child. Each has threads and codec state of its own.
pub const MAX_STREAMS: usize = 256;

/// Inputs of one stream that the child has not taken yet. Enough to keep its
/// thread busy while the next are read from a file.
pub const INPUTS: u32 = 8;

/// Pictures to be encoded that the child has not taken yet. They are large.
pub const INPUT_PICTURES: u32 = 3;

/// Decoded pictures of one stream that nobody received yet.
pub const OUTPUT_PICTURES: u32 = 4;

/// Packets or pieces of sound of one stream that nobody received yet.
pub const OUTPUT_PACKETS: u32 = 64;

/// Bytes of one line of the child's log that are kept.
pub const MAX_LOG_LINE: usize = 512;

/// Lines of the child's log that are passed on; more are counted only.
pub const MAX_LOG_LINES: u32 = 1000;

/// Coded pictures or packets after which a stream of which nothing could be
/// decoded is given up: ten seconds of video.
pub const MAX_UNDECODABLE: u64 = 300;

/// What a child may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Silence of the child, while it owes an answer, after which it is killed.
    /// Longer than the slowest encoder takes for the largest picture on a busy
    /// machine.
    pub answer: Duration,
    /// Address space in bytes.
    pub memory: u64,
    /// Added to the child's niceness, 0 to 19.
    pub nice: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            memory: 16 << 30,
            nice: 10,
        }
    }
}
