//! Several recordings of a room into one file with all their tracks.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::container::{Container, Writer};
use crate::error::ReadError;
use crate::finish::{self, FinishError, Summary};
use crate::reader::Reader;
use crate::track::{MAX_TRACKS, Sample, Track};

/// One recording, or one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file, open or finished.
    pub path: PathBuf,
    /// Whose it is. Inputs of one name and layout share tracks, so that the
    /// parts of one recording become one track each of picture and sound.
    pub name: String,
    /// Where it starts in the room's file.
    pub start: Duration,
}

/// Why there is no file.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// One of the recordings.
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
    /// The result.
    #[error("cannot write: {0}")]
    Write(io::Error),
    /// The result, when it was made plain.
    #[error(transparent)]
    Finish(#[from] FinishError),
}

/// Files that are open at once while merging; below what a process may have.
pub const MAX_INPUTS: usize = 512;

/// Media time of a fragment of the room's file.
const FRAGMENT: Duration = Duration::from_secs(1);

/// Bytes of a fragment of the room's file, however short.
const FRAGMENT_BYTES: usize = 4 * 1024 * 1024;

struct Source {
    input: usize,
    reader: Reader,
    /// Of the file's tracks, in the room's file.
    tracks: Vec<usize>,
    start: Duration,
    head: Sample,
}

/// Writes one file with all the tracks to `to`, a new name. Reads as it goes:
/// memory is for a second of media and an open file for each input.
///
/// The file grows beside `to` and gets its name when it is whole. Inputs that
/// cannot be read at all are an error; one that ends early just ends.
pub fn merge(inputs: &[Input], container: Container, to: &Path) -> Result<Summary, MergeError> {
    if inputs.len() > MAX_INPUTS {
        return Err(MergeError::TooMany {
            what: "recordings",
            limit: MAX_INPUTS,
        });
    }
    let (mut sources, tracks) = open(inputs)?;
    // Which codecs a room will have is not known before.
    let container = match container {
        Container::Webm => Container::Matroska,
        other => other,
    };
    if tracks.is_empty() || sources.is_empty() {
        return Err(MergeError::Nothing);
    }
    let mut growing = finish::beside(to).into_os_string();
    growing.push(".open");
    let growing = PathBuf::from(growing);
    let written = write(inputs, &mut sources, tracks, container, &growing);
    let result = written.and_then(|()| {
        let beside = finish::beside(to);
        let summary = finish::finish_to(&growing, &beside)?;
        fs::rename(&beside, to).map_err(MergeError::Write)?;
        finish::sync_folder(to).map_err(MergeError::Write)?;
        Ok(summary)
    });
    // Only half of the way, whether it was finished or failed.
    let _ = fs::remove_file(&growing);
    result
}

fn open(inputs: &[Input]) -> Result<(Vec<Source>, Vec<Track>), MergeError> {
    let mut tracks: Vec<Track> = Vec::new();
    let mut owners: Vec<&str> = Vec::new();
    let mut sources = Vec::new();
    for (position, input) in inputs.iter().enumerate() {
        let failed = |error| MergeError::Input {
            path: input.path.clone(),
            error,
        };
        let mut reader = Reader::open(&input.path).map_err(failed)?;
        let mut taken: Vec<usize> = Vec::new();
        for track in reader.tracks() {
            let same = (0..tracks.len()).find(|i| {
                owners[*i] == input.name && !taken.contains(i) && tracks[*i].media == track.media
            });
            let index = same.unwrap_or_else(|| {
                owners.push(&input.name);
                tracks.push(Track {
                    name: input.name.clone(),
                    media: track.media.clone(),
                });
                tracks.len() - 1
            });
            taken.push(index);
        }
        if tracks.len() > MAX_TRACKS {
            return Err(MergeError::TooMany {
                what: "tracks",
                limit: MAX_TRACKS,
            });
        }
        if let Some(head) = reader.next_sample().map_err(failed)? {
            sources.push(Source {
                input: position,
                reader,
                tracks: taken,
                start: input.start,
                head,
            });
        }
    }
    Ok((sources, tracks))
}

fn write(
    inputs: &[Input],
    sources: &mut Vec<Source>,
    tracks: Vec<Track>,
    container: Container,
    growing: &Path,
) -> Result<(), MergeError> {
    let file = File::create(growing).map_err(MergeError::Write)?;
    let mut out = BufWriter::new(file);
    let mut last: Vec<Option<Duration>> = vec![None; tracks.len()];
    let mut writer = Writer::new(container, tracks);
    out.write_all(&writer.header()).map_err(MergeError::Write)?;
    let mut waiting: Vec<Sample> = Vec::new();
    let mut bytes = 0;
    while let Some(next) =
        (0..sources.len()).min_by_key(|i| sources[*i].start + sources[*i].head.decode_at)
    {
        let source = &mut sources[next];
        let path = &inputs[source.input].path;
        let following = source
            .reader
            .next_sample()
            .map_err(|error| MergeError::Input {
                path: path.clone(),
                error,
            })?;
        let (start, tracks) = (source.start, source.tracks.clone());
        let mut sample = match following {
            Some(following) => std::mem::replace(&mut source.head, following),
            None => sources.swap_remove(next).head,
        };
        sample.track = tracks[sample.track];
        sample.at += start;
        sample.decode_at += start;
        // A part that overlaps the one before goes on behind it.
        let last = &mut last[sample.track];
        if let Some(last) = last.filter(|l| sample.decode_at <= *l) {
            let in_order = sample.at == sample.decode_at;
            sample.decode_at = last + Duration::from_millis(1);
            if in_order {
                sample.at = sample.decode_at;
            }
        }
        *last = Some(sample.decode_at);
        let full = waiting
            .first()
            .is_some_and(|f| sample.decode_at >= f.decode_at + FRAGMENT);
        if full || bytes >= FRAGMENT_BYTES {
            let fragment = writer.fragment(&waiting);
            out.write_all(&fragment).map_err(MergeError::Write)?;
            waiting.clear();
            bytes = 0;
        }
        bytes += sample.data.len();
        waiting.push(sample);
    }
    let fragment = writer.fragment(&waiting);
    out.write_all(&fragment).map_err(MergeError::Write)?;
    out.flush().map_err(MergeError::Write)
}
