//! Films of rooms: made one after the other by another process.

mod queue;
pub(crate) mod rest;
mod run;
mod settings;

use std::path::PathBuf;
use std::time::Duration;

pub use queue::QueueFull;
pub(crate) use queue::{Cancel, Ended, Queue, Verdict};
pub(crate) use run::{Job, run};
pub(crate) use settings::merged;

/// How films are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `mix_rooms`: a film of every recorded room. Else only when asked.
    pub automatic: bool,
    /// The executable, and arguments before the input's path.
    pub command: Vec<PathBuf>,
    /// `offline_mixer.json`, if it is there.
    pub settings: PathBuf,
    /// `mix_jobs`: films at a time.
    pub jobs: usize,
    /// `mix_queue_max`: films that wait.
    pub waiting: usize,
    /// Without a word for so long, a mixer is taken for stuck and killed.
    pub stall: Duration,
    /// How far it stands back for calls: 0 to 19.
    pub nice: i32,
}

impl Config {
    /// The usual, with this executable as `EXECUTABLE mix INPUT …`.
    pub fn new(executable: PathBuf, settings: PathBuf) -> Self {
        Self {
            automatic: true,
            command: vec![executable, PathBuf::from("mix")],
            settings,
            jobs: 1,
            waiting: 1_000,
            stall: Duration::from_secs(600),
            nice: 10,
        }
    }
}
