//! Recordings that survive anything.
mod bitstream;
mod container;
mod error;
mod finish;
mod merge;
pub mod mp4;
pub mod name;
mod reader;
pub mod recorder;
pub mod store;
mod track;
pub mod webm;

pub use container::{Container, Formats, FormatsError, Writer};
pub use error::ReadError;
pub use finish::{FinishError, Summary, TrackSummary, finish, finish_to, inspect};
pub use merge::{Input, MAX_INPUTS, MergeError, merge};
pub use reader::Reader;
pub use track::{
    AudioTrack, MAX_SAMPLE_BYTES, MAX_TRACK_NAME, MAX_TRACKS, Sample, Track, TrackMedia, VideoTrack,
};
