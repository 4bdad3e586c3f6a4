//! Recordings, judged from outside: by ffprobe and ffmpeg, which must be there.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

mod containers;
mod crash;
mod damage;
mod films;
mod foreign;
mod journals;
mod machine;
mod rooms;
mod sounds;
mod stored;
mod support;
mod sync;
