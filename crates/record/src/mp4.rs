//! MP4 (ISO/IEC 14496-12): fragments while open, plain and fast-start when
//! finished.

mod boxes;
mod describe;
mod edits;
pub(crate) mod entry;
pub(crate) mod finish;
mod fragment;
mod header;
mod index;
mod movie;
pub(crate) mod read;
mod survey;
mod tables;
mod text;
mod top;
mod writer;

pub use writer::Writer;

/// Ticks a second of the movie: those of pictures, so that start offsets in
/// edit lists are exact for them.
const MOVIE_TIMESCALE: u32 = 90_000;
