//! Several recordings of a room into one file with all their tracks.

mod silence;
mod sources;
mod texts;

pub use texts::{Text, chat};

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::container::Container;
use crate::error::ReadError;
use crate::extras::Extras;
use crate::finish::{self, FinishError, Summary};
use crate::growing::Growing;
use crate::track::{MAX_TRACKS, Track};
use silence::Silence;
use sources::Sources;

/// One recording, or one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file, open or finished.
    pub path: PathBuf,
    /// Whose it is, and what: the names of its tracks. Inputs of one name and
    /// layout that follow each other share tracks, so that the parts of one
    /// recording become one track each of picture and sound. Those that run at the
    /// same time have tracks of their own. A screen has another name than its
    /// person's camera ([`crate::journal::Journal::track_name`]).
    pub name: String,
    /// Where it starts in the room's file.
    pub start: Duration,
}

/// What else the room's file has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// A text track of that name, if there are texts.
    pub text_name: String,
    /// In order of time, none before the one before it ended: see [`chat`].
    pub texts: Vec<Text>,
    /// Title and chapters.
    pub extras: Extras,
}

/// What was put together.
#[derive(Debug)]
pub struct Merged {
    /// The room's file.
    pub summary: Summary,
    /// What of the inputs is not in it. Nothing else is missing.
    pub warnings: Vec<Warning>,
}

/// An input that could not be read, or not to its end.
#[derive(Debug)]
pub struct Warning {
    /// Which.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: ReadError,
    /// How much of it is in the room's file. `None`: nothing.
    pub until: Option<Duration>,
}

/// Why there is no file.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// None of the recordings can be read; this is the first.
    #[error("{}: {error}", path.display())]
    Input {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: ReadError,
    },
    /// There was nothing to put together.
    #[error("no recordings to put together")]
    Nothing,
    /// More than [`MAX_INPUTS`] or [`MAX_TRACKS`].
    #[error("more than {limit} {what}")]
    TooMany {
        /// Inputs or tracks.
        what: &'static str,
        /// As many may be.
        limit: usize,
    },
    /// By the caller.
    #[error("cancelled")]
    Cancelled,
    /// The result.
    #[error("cannot write: {0}")]
    Write(io::Error),
    /// The result, when it was made plain.
    #[error(transparent)]
    Finish(#[from] FinishError),
}

impl MergeError {
    /// There would be a file if it were Matroska: there is too much for one MP4.
    pub fn is_for_matroska(&self) -> bool {
        matches!(self, Self::Finish(FinishError::IndexTooLarge { .. }))
    }
}

/// Inputs: a hundred people who each lose their network forty times. Only those
/// that run at one time are open at once.
pub const MAX_INPUTS: usize = 4096;

/// [`merge_with`] without anything more than the recordings.
pub fn merge(inputs: &[Input], container: Container, to: &Path) -> Result<Merged, MergeError> {
    let options = MergeOptions::default();
    merge_with(inputs, container, to, &options, &mut |_| {
        ControlFlow::Continue(())
    })
}

/// Writes one file with all the tracks to `to`, a new name. Reads as it goes:
/// memory is for a second of media and the inputs that run at one time.
///
/// The file grows beside `to` and gets its name when it is whole. Inputs that
/// cannot be read, or not to their end, cost what cannot be read and a
/// [`Warning`]; if that is all of them it is an error. WebM becomes Matroska,
/// since a room may have any codecs.
///
/// `progress` gets how far it is, 0 to 1, about once in a megabyte, and may end
/// it all.
pub fn merge_with(
    inputs: &[Input],
    container: Container,
    to: &Path,
    options: &MergeOptions,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Merged, MergeError> {
    if inputs.len() > MAX_INPUTS {
        return Err(MergeError::TooMany {
            what: "recordings",
            limit: MAX_INPUTS,
        });
    }
    let mut sources = Sources::look_at(inputs);
    if sources.is_empty() {
        return Err(match sources.warnings.into_iter().next() {
            Some(Warning { path, error, .. }) => MergeError::Input { path, error },
            None => MergeError::Nothing,
        });
    }
    let mut tracks = std::mem::take(&mut sources.tracks);
    if !options.texts.is_empty() {
        sources.add_texts(tracks.len(), &options.texts);
        tracks.push(Track::text(&options.text_name));
    }
    if tracks.len() > MAX_TRACKS {
        return Err(MergeError::TooMany {
            what: "tracks",
            limit: MAX_TRACKS,
        });
    }
    let container = match container {
        Container::Webm => Container::Matroska,
        other => other,
    };
    let growing = {
        let mut name = finish::beside(to).into_os_string();
        name.push(finish::GROWING);
        PathBuf::from(name)
    };
    let result = write(&mut sources, tracks, container, &growing, progress).and_then(|()| {
        let beside = finish::beside(to);
        let summary = finish::finish_to_with(&growing, &beside, &options.extras)?;
        fs::rename(&beside, to).map_err(MergeError::Write)?;
        finish::sync_folder(to).map_err(MergeError::Write)?;
        let _ = progress(1.0);
        Ok(summary)
    });
    // Only half of the way, whether it was finished or failed.
    let _ = fs::remove_file(&growing);
    Ok(Merged {
        summary: result?,
        warnings: sources.warnings,
    })
}

/// Reading it all and writing it once is as much as finishing it.
const SHARE_OF_WRITING: f64 = 0.5;

/// Progress is told each time so much was written.
const TELL_EVERY: u64 = 1024 * 1024;

fn write(
    sources: &mut Sources<'_>,
    tracks: Vec<Track>,
    container: Container,
    growing: &Path,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<(), MergeError> {
    let file = File::create(growing).map_err(MergeError::Write)?;
    let out = BufWriter::with_capacity(256 * 1024, file);
    let mut last: Vec<Option<Duration>> = vec![None; tracks.len()];
    let mut silence = match container {
        Container::Mp4 => Silence::new(&tracks),
        _ => Silence::none(),
    };
    let mut growing = Growing::new(container, tracks, out).map_err(MergeError::Write)?;
    let (mut done, mut tell_at) = (0_u64, 0);
    while let Some(mut sample) = sources.next() {
        // A part that begins within the end of the one before goes on behind it.
        let last = &mut last[sample.track];
        if let Some(last) = last.filter(|l| sample.decode_at <= *l) {
            let in_order = sample.at == sample.decode_at;
            sample.decode_at = last + Duration::from_millis(1);
            if in_order {
                sample.at = sample.decode_at;
            }
        }
        *last = Some(sample.decode_at);
        done += sample.data.len() as u64;
        for silent in silence.before(&sample) {
            growing.push(silent).map_err(MergeError::Write)?;
        }
        growing.push(sample).map_err(MergeError::Write)?;
        if done >= tell_at {
            tell_at = done + TELL_EVERY;
            let share = done as f64 / sources.bytes.max(1) as f64;
            if progress(share.min(1.0) * SHARE_OF_WRITING).is_break() {
                return Err(MergeError::Cancelled);
            }
        }
    }
    growing.finish().map_err(MergeError::Write)
}
