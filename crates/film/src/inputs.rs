//! The recordings that a film is made of: found, opened, and read side by side
//! in the order of time.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use veche_record::journal::{SCREEN_SUFFIX, person_name};
use veche_record::store::{Manifest, ROOM_RECORDING, State, kind};
use veche_record::{ReadError, Reader, Sample, Track, TrackMedia, inspect};

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

/// Extensions of what can be read.
const EXTENSIONS: &[&str] = &["mkv", "mp4", "webm", "mov", "m4v", "m4a", "mka"];

/// Ends the names of films, which are not recordings to make one of.
const FILM: &str = ".film.mp4";

/// Which recordings are wanted, and where the film begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Of {
    /// Of a folder's recordings those of this life of a room, or of this
    /// recording of one.
    pub room_id: Option<String>,
    /// The room's clock at the start of the film, in microseconds; the first
    /// recording's start, if not known. What was recorded before is left out.
    pub origin_us: Option<u64>,
    /// The film, which may be there from an earlier try: it is no recording.
    pub output: Option<PathBuf>,
}

/// The recordings that `path` names: itself, or those of a meeting in it.
pub fn find(path: &Path, of: &Of) -> Result<Vec<InputFile>, InputError> {
    if path.is_dir() {
        return in_folder(path, of);
    }
    if !path.is_file() {
        return Err(InputError::Missing {
            path: path.to_owned(),
        });
    }
    if is_output(path, of) {
        return Err(InputError::IsOutput {
            path: path.to_owned(),
        });
    }
    let manifest = manifest_of(path);
    let (start, skip) = match (&manifest, of.origin_us) {
        (Some(manifest), Some(origin)) => place(manifest.room_start_us, origin),
        _ => (Duration::ZERO, Duration::ZERO),
    };
    let began_ms = manifest.as_ref().map(|manifest| manifest.started_at_ms);
    let stream = manifest.filter(|manifest| manifest.kind() == kind::STREAM);
    Ok(vec![InputFile {
        path: path.to_owned(),
        start,
        skip,
        person: stream.as_ref().and_then(person),
        media_session_id: stream.as_ref().and_then(media_session),
        began_ms,
    }])
}

fn in_folder(folder: &Path, of: &Of) -> Result<Vec<InputFile>, InputError> {
    let failed = |error| InputError::Folder {
        path: folder.to_owned(),
        error,
    };
    let mut found: Vec<(PathBuf, Option<Manifest>)> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if !EXTENSIONS.contains(&&*extension) || name.ends_with(FILM) || is_output(&path, of) {
            continue;
        }
        let manifest = manifest_of(&path);
        let of_a_stream = manifest.as_ref().is_none_or(|m| {
            m.kind() == kind::STREAM && !matches!(m.state, State::Empty | State::Broken)
        });
        let of_the_room = of.room_id.as_ref().is_none_or(|id| {
            manifest.as_ref().is_some_and(|m| {
                let recording = m.origin.attributes.get(ROOM_RECORDING);
                m.origin.room_id == *id || recording.is_some_and(|recording| recording == id)
            })
        });
        if of_a_stream && of_the_room {
            if found.len() == MAX_FILES {
                return Err(InputError::TooMany);
            }
            found.push((path, manifest));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    one_room(folder, &found)?;
    if found.is_empty() {
        return Err(InputError::Nothing {
            path: folder.to_owned(),
        });
    }
    let first = found
        .iter()
        .filter_map(|(_, m)| Some(m.as_ref()?.room_start_us))
        .min();
    let origin = of.origin_us.or(first).unwrap_or_default();
    Ok(found
        .into_iter()
        .map(|(path, manifest)| match manifest {
            Some(manifest) => of_manifest(path, &manifest, origin),
            None => InputFile {
                person: None,
                path,
                start: Duration::ZERO,
                skip: Duration::ZERO,
                media_session_id: None,
                began_ms: None,
            },
        })
        .collect())
}

/// Whether a file is the film that is to be made, by whatever name.
fn is_output(path: &Path, of: &Of) -> bool {
    let file = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    let output = of.output.as_deref().and_then(file);
    output.is_some() && output == file(path)
}

fn of_manifest(path: PathBuf, manifest: &Manifest, origin_us: u64) -> InputFile {
    let (start, skip) = place(manifest.room_start_us, origin_us);
    InputFile {
        path,
        start,
        skip,
        person: person(manifest),
        media_session_id: media_session(manifest),
        began_ms: Some(manifest.started_at_ms),
    }
}

/// Where what begins at `start_us` is in a film that begins at `origin_us` of the
/// same clock, and how much of it was before that.
fn place(start_us: u64, origin_us: u64) -> (Duration, Duration) {
    let apart = Duration::from_micros(start_us.abs_diff(origin_us));
    match start_us >= origin_us {
        true => (apart, Duration::ZERO),
        false => (Duration::ZERO, apart),
    }
}

fn person(manifest: &Manifest) -> Option<String> {
    let origin = &manifest.origin;
    let names = [&origin.login, &origin.stream];
    names.into_iter().find(|name| !name.is_empty()).cloned()
}

fn media_session(manifest: &Manifest) -> Option<String> {
    let id = &manifest.origin.media_session_id;
    (!id.is_empty()).then(|| id.clone())
}

fn one_room(folder: &Path, found: &[(PathBuf, Option<Manifest>)]) -> Result<(), InputError> {
    let mut rooms: Vec<String> = found
        .iter()
        .filter_map(|(_, manifest)| {
            let origin = &manifest.as_ref()?.origin;
            Some(format!("{} ({})", origin.room_id, origin.room))
        })
        .collect();
    rooms.sort();
    rooms.dedup();
    if rooms.len() > 1 {
        rooms.truncate(20);
        return Err(InputError::SeveralRooms {
            path: folder.to_owned(),
            rooms,
        });
    }
    Ok(())
}

/// What is known of a file, if something is.
pub fn manifest_of(media: &Path) -> Option<Manifest> {
    let manifest = Manifest::read(&media.with_extension("json")).ok()?;
    let same = media
        .file_name()
        .is_some_and(|name| name == manifest.file.as_str());
    same.then_some(manifest)
}

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

/// What the tracks of a file are called by themselves. If its pictures have no
/// names, all of it is one person's, whatever a program calls the sounds. Texts are
/// nobody's.
fn own_names(tracks: &[Track]) -> Vec<String> {
    let unnamed = |track: &Track| track.name.trim().is_empty();
    let mut pictures = tracks.iter().filter(|t| t.is_video()).peekable();
    let one = pictures.peek().is_some() && pictures.all(unnamed);
    let own = tracks.iter().map(|track| match track.media {
        TrackMedia::Text => "Chat",
        _ if one => "",
        _ => track.name.trim(),
    });
    own.map(str::to_owned).collect()
}

/// What a file is called, and how many with that name were before.
fn stem_of(path: &Path, taken: &mut BTreeSet<String>) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut name = stem.clone().into_owned();
    let mut count = 1_u32;
    while !taken.insert(name.clone()) {
        count += 1;
        name = format!("{stem} {count}");
    }
    name
}

/// A track is its person's, if that is known, or their screen; else it is called
/// as it calls itself, else as its file.
fn name_of(own: &str, person: Option<&str>, stem: &str) -> String {
    match (person, own.strip_suffix(SCREEN_SUFFIX)) {
        (_, Some(own)) => format!("{}{SCREEN_SUFFIX}", person_name(own)),
        (Some(person), None) => person_name(person).to_owned(),
        (None, None) if own.is_empty() => stem.to_owned(),
        (None, None) => person_name(own).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use veche_media::AudioCodec;

    use super::*;

    #[test]
    fn what_was_recorded_before_the_film_is_left_out() {
        let ms = Duration::from_millis;
        assert_eq!(place(5_000, 2_000), (ms(3), ms(0)));
        assert_eq!(place(2_000, 5_000), (ms(0), ms(3)));
        assert_eq!(film_time(ms(3), ms(0), ms(4)), ms(7));
        assert_eq!(film_time(ms(0), ms(3), ms(4)), ms(1));
        assert_eq!(film_time(ms(0), ms(3), ms(2)), ms(0));
    }

    #[test]
    fn files_of_one_name_are_two_peoples() {
        let mut taken = BTreeSet::new();
        let names = ["ann/rec.webm", "bob/rec.mp4", "bob.mp4", "c/rec.mkv"]
            .map(|path| stem_of(Path::new(path), &mut taken));
        assert_eq!(names, ["rec", "rec 2", "bob", "rec 3"]);
    }

    #[test]
    fn a_track_is_its_persons_or_called_by_itself_or_as_its_file() {
        assert_eq!(name_of("stream-1", Some("Ann"), "rec"), "Ann");
        assert_eq!(name_of("Ann (screen)", Some("Ann"), "rec"), "Ann (screen)");
        assert_eq!(name_of("", Some("Ann"), "rec"), "Ann");
        assert_eq!(name_of("Bob", None, "part1"), "Bob");
        assert_eq!(name_of("", None, "rec"), "rec");
        assert_eq!(name_of("Ann  (screen)", None, "rec"), "Ann (screen)");
        assert_eq!(name_of("s", Some(" Ann "), "rec"), "Ann");
    }

    #[test]
    fn sounds_alone_say_whose_they_are() {
        let tracks = ["Ann", " Bob ", ""].map(|name| Track::audio(name, AudioCodec::Opus));
        assert_eq!(own_names(&tracks), ["Ann", "Bob", ""]);
        assert_eq!(own_names(&[Track::text("Chat")]), ["Chat"]);
    }
}
