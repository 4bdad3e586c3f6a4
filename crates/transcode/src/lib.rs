//! The sound of finished recordings as AAC (`record_audio`).
//!
//! Reads a file, has its sound decoded and encoded by `veche-codec`, and writes
//! another file beside it: pictures and texts as they were, sound without gaps.
//! [`Line`] says where each piece of sound goes and [`Plan`] what is done with
//! which track; both are pure. [`Aac`] is what the store of recordings is given.
//!
//! The encoder's delay is told in the file, as an edit list or a codec delay, so
//! that sound stays where it was. Memory is for some seconds of sound and the
//! tables of the file. Never replaces a file, and never works on two at a time by
//! itself: who calls it does that.

mod line;
mod output;
mod plan;
mod transcode;
mod voice;

pub use line::{Line, MAX_LENGTH, Place, RATE, TooLong};
pub use plan::{MAX_VOICES, Plan, PlanError, Treatment};
pub use transcode::{Aac, Error, to_aac};
