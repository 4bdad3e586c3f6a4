//! The recordings that a film is made of: found, opened, and read side by side
//! in the order of time.

mod find;
mod names;

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use veche_record::{ReadError, Reader, Sample, Track, TrackMedia, inspect};

pub use self::find::{Of, find, manifest_of};
use self::names::{name_of, own_names, stem_of};
use crate::script::{TrackInfo, TrackKind};

/// One recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The file, open or finished.
    pub path: PathBuf,
    /// Where it begins in the film.
    pub start: Duration,
    /// How much of its beginning was before the film, and is left out.
    pub skip: Duration,
    /// Whose it is, where that is known. Else its tracks say it, or its name if
    /// they have none.
    pub person: Option<String>,
    /// The stream that it is of, where that is known.
    pub media_session_id: Option<String>,
    /// When it was recorded, milliseconds since 1970, where that is known.
    pub began_ms: Option<u64>,
}

/// Why there is nothing to make a film of.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Not there.
    #[error("{}: no such file or folder", path.display())]
    Missing {
        /// What was named.
        path: PathBuf,
    },
    /// The folder.
    #[error("cannot read {}: {error}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The only recording, or the first of several none of which can be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: ReadError,
    },
    /// The folder has none, or they are empty.
    #[error("{}: no recordings in it", path.display())]
    Nothing {
        /// What was named.
        path: PathBuf,
    },
    /// The folder has those of several meetings.
    #[error("{} has recordings of several meetings; name one with --room-id: {}", path.display(), rooms.join(", "))]
    SeveralRooms {
        /// The folder.
        path: PathBuf,
        /// The ids, with the rooms' names.
        rooms: Vec<String>,
    },
    /// What was named is the film that is to be made.
    #[error("{} cannot be both a recording and the film that is made of it; --output names another", path.display())]
    IsOutput {
        /// What was named.
        path: PathBuf,
    },
    /// More than [`MAX_FILES`].
    #[error("more than {MAX_FILES} recordings")]
    TooMany,
}

/// Pictures of a track that are kept from before the film because later ones build
/// on them: a hundred seconds. Recorders ask for keyframes more often.
const MOST_KEPT: usize = 3_000;

/// Recordings of one film: as many files as are open at once.
pub const MAX_FILES: usize = 512;

/// All tracks of a film's recordings.
pub struct Inputs {
    files: Vec<Open>,
    tracks: Vec<(Track, TrackInfo)>,
    /// What files are called whose tracks have no names.
    stems: BTreeSet<String>,
    warnings: Vec<String>,
}

struct Open {
    path: PathBuf,
    reader: Reader,
    start: Duration,
    skip: Duration,
    /// Position of the file's first track among all.
    first: usize,
    /// Pictures from before the film, which those in it build on.
    before: VecDeque<Sample>,
    /// Not given out yet.
    head: Option<Sample>,
}

impl Open {
    /// When the next sample has to be read. Pictures that are decoded before
    /// others that are shown before them do not keep those back.
    fn due(&self) -> Option<Duration> {
        let next = self.before.front().or(self.head.as_ref())?;
        Some(self.time(next.at.min(next.decode_at)))
    }

    fn time(&self, at: Duration) -> Duration {
        film_time(self.start, self.skip, at)
    }

    /// A sample of it as one of the film.
    fn moved(&self, mut sample: Sample) -> Sample {
        sample.track += self.first;
        sample.at = self.time(sample.at);
        sample
    }
}

impl Inputs {
    /// Opens them. What cannot be read is left out and said in
    /// [`Inputs::warnings`]; that nothing can is an error.
    pub fn open(files: &[InputFile]) -> Result<Self, InputError> {
        let mut inputs = Self {
            files: Vec::new(),
            tracks: Vec::new(),
            stems: BTreeSet::new(),
            warnings: Vec::new(),
        };
        let mut first_error = None;
        for file in files {
            if let Err(error) = inputs.add(file) {
                inputs.warn(&file.path, &error);
                first_error.get_or_insert((file.path.clone(), error));
            }
        }
        match first_error {
            Some((path, error)) if inputs.files.is_empty() => Err(InputError::File { path, error }),
            _ => Ok(inputs),
        }
    }

    fn add(&mut self, file: &InputFile) -> Result<(), ReadError> {
        let summary = inspect(&file.path)?;
        let mut reader = Reader::open(&file.path)?;
        if summary.lost_bytes > 0 {
            let lost = format!(
                "its last {} bytes belong to no whole fragment",
                summary.lost_bytes
            );
            self.warn(&file.path, &lost);
        }
        let mut head = reader.next_sample()?;
        let before = before(&mut reader, &mut head, file.skip)?;
        let time = |at| film_time(file.start, file.skip, at);
        let first = self.tracks.len();
        let own = own_names(reader.tracks());
        let stem = match (&file.person, own.iter().any(String::is_empty)) {
            (None, true) => stem_of(&file.path, &mut self.stems),
            _ => String::new(),
        };
        for (position, track) in reader.tracks().iter().enumerate() {
            let told = summary.tracks.get(position).filter(|told| told.samples > 0);
            let info = TrackInfo {
                name: name_of(&own[position], file.person.as_deref(), &stem),
                media_session_id: file.media_session_id.clone(),
                kind: kind_of(track),
                start: time(told.map_or(Duration::ZERO, |told| told.start)),
                end: time(told.map_or(Duration::ZERO, |told| told.end)),
            };
            self.tracks.push((track.clone(), info));
        }
        self.files.push(Open {
            path: file.path.clone(),
            reader,
            start: file.start,
            skip: file.skip,
            first,
            before,
            head,
        });
        Ok(())
    }

    /// How the tracks are coded, and what the script needs of them. Those that
    /// have nothing in them begin and end at the same time.
    pub fn tracks(&self) -> &[(Track, TrackInfo)] {
        &self.tracks
    }

    /// The file that a track is in.
    pub fn path_of(&self, track: usize) -> &Path {
        let of = self.files.partition_point(|file| file.first <= track);
        &self.files[of.saturating_sub(1)].path
    }

    /// Whether nothing more comes of a track.
    pub fn is_over(&self, track: usize) -> bool {
        let of = self.files.partition_point(|file| file.first <= track);
        let file = &self.files[of.saturating_sub(1)];
        let end = self.tracks[track].1.end;
        let over = |head: &Sample| end <= file.time(head.at);
        file.before.is_empty() && file.head.as_ref().is_none_or(over)
    }

    /// What was wrong and could be done without.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn warn(&mut self, path: &Path, what: &dyn std::fmt::Display) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.warnings.push(format!("{name}: {what}"));
    }

    /// The next sample that begins before `limit`, of all files: the earliest of
    /// each file's next. Its track is its position in [`Inputs::tracks`], its
    /// times are those of the film.
    pub fn next_before(&mut self, limit: Duration) -> Option<Sample> {
        let (position, _) = self
            .files
            .iter()
            .enumerate()
            .filter_map(|(position, file)| Some((position, file.due()?)))
            .filter(|(_, due)| *due < limit)
            .min_by_key(|(_, due)| *due)?;
        let file = &mut self.files[position];
        if let Some(sample) = file.before.pop_front() {
            return Some(file.moved(sample));
        }
        let following = file.reader.next_sample();
        let (following, failed) = match following {
            Ok(following) => (following, None),
            Err(error) => (None, Some(error)),
        };
        let sample = std::mem::replace(&mut file.head, following);
        let sample = sample.map(|sample| file.moved(sample));
        if let Some(error) = failed {
            let path = file.path.clone();
            self.warn(&path, &format!("ends early: {error}"));
        }
        sample
    }
}

fn kind_of(track: &Track) -> TrackKind {
    match track.media {
        TrackMedia::Video(_) => TrackKind::Video,
        TrackMedia::Audio(_) => TrackKind::Audio,
        TrackMedia::Text => TrackKind::Text,
    }
}

/// When something of a file is in the film. What was before is at the file's
/// start: a picture that is seen when the film begins.
fn film_time(start: Duration, skip: Duration, at: Duration) -> Duration {
    start + at.saturating_sub(skip)
}

/// Reads on to what is in the film, and gives the pictures that this builds on:
/// those since the last keyframe.
fn before(
    reader: &mut Reader,
    head: &mut Option<Sample>,
    skip: Duration,
) -> Result<VecDeque<Sample>, ReadError> {
    let videos: Vec<bool> = reader.tracks().iter().map(Track::is_video).collect();
    let mut kept: Vec<Vec<Sample>> = vec![Vec::new(); videos.len()];
    while let Some(sample) = head.take_if(|sample| sample.at.min(sample.decode_at) < skip) {
        *head = reader.next_sample()?;
        if !videos[sample.track] {
            continue;
        }
        let kept = &mut kept[sample.track];
        if sample.keyframe || kept.len() == MOST_KEPT {
            kept.clear();
        }
        kept.push(sample);
    }
    Ok(kept.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_the_film_is_at_its_start() {
        let ms = Duration::from_millis;
        assert_eq!(film_time(ms(3), ms(0), ms(4)), ms(7));
        assert_eq!(film_time(ms(0), ms(3), ms(4)), ms(1));
        assert_eq!(film_time(ms(0), ms(3), ms(2)), ms(0));
    }
}
