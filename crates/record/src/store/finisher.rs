use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::RecordingId;
use super::folder::Folder;
use super::manifest::{Manifest, State, manifest_path};
use super::sound::Sounds;
use crate::container::Container;
use crate::error::ReadError;
use crate::extras::Extras;
use crate::finish::{self, FinishError, Summary};
use crate::name::{End, Fields, Template};
use crate::track::{AudioCoding, Track, TrackMedia};

/// How files are finished.
pub(super) struct Finishing<'a> {
    pub folder: &'a Folder,
    pub template: &'a Template,
    pub min_free_bytes: u64,
    /// Sound becomes AAC afterwards.
    pub sounds: Option<&'a Sounds>,
}

/// A file to make plain.
pub(super) struct Job {
    pub id: Option<RecordingId>,
    /// For names that need the end; unknown after a crash.
    pub fields: Option<Fields>,
    pub manifest_path: PathBuf,
    pub manifest: Manifest,
    pub media: PathBuf,
    /// The state that it gets.
    pub finished: State,
}

/// Makes a file plain and says so in its manifest. Whatever goes wrong, the
/// file is there, open or plain. If its sound is left to be worked on, the
/// manifest says that, and it stays ours.
pub(super) fn finish_job(with: &Finishing<'_>, job: Job) -> Manifest {
    let mut manifest = job.manifest.clone();
    match attempt(with, &job, &mut manifest) {
        Ok(()) => {}
        Err(Problem::Empty) if length(&job.media) > MAX_EMPTY => {
            manifest.note = Some("there is media, but its header is lost".to_owned());
            manifest.state = State::Broken;
            save(&manifest, &job.manifest_path);
        }
        Err(Problem::Empty) => {
            let _ = fs::remove_file(&job.media);
            manifest.state = State::Empty;
            save(&manifest, &job.manifest_path);
        }
        Err(Problem::Later(note)) => {
            // Tried again at the next start.
            tracing::warn!(file = %job.media.display(), note, "a recording stays open");
            manifest.note = Some(note);
            save(&manifest, &job.manifest_path);
        }
        Err(Problem::Broken(note)) => {
            tracing::error!(file = %job.media.display(), note, "a recording cannot be finished");
            manifest.note = Some(note);
            manifest.state = State::Broken;
            save(&manifest, &job.manifest_path);
        }
    }
    if !has_sound_to_do(&manifest) {
        with.folder.release(&job.manifest_path);
    }
    manifest
}

/// Plain, and not yet what it shall be.
pub(super) fn has_sound_to_do(manifest: &Manifest) -> bool {
    manifest.state == State::Closed && manifest.sound.is_some()
}

/// A file without any whole fragment is removed if it is no larger: headers are
/// far smaller. In a larger one there is something that somebody may rescue.
const MAX_EMPTY: u64 = 64 * 1024;

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |m| m.len())
}

fn save(manifest: &Manifest, path: &Path) {
    if let Err(error) = manifest.write(path) {
        tracing::warn!(manifest = %path.display(), %error, "cannot write a manifest");
    }
}

/// Names that others may take between a look and a link. Nobody but an operator puts
/// files here by himself.
const MAX_TAKEN: u32 = 16;

enum Problem {
    Empty,
    Later(String),
    Broken(String),
}

impl From<FinishError> for Problem {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::Read(ReadError::NoMedia | ReadError::HeaderCutShort) => Self::Empty,
            FinishError::Read(ReadError::Io(error)) => Self::Later(error.to_string()),
            FinishError::Read(error) => Self::Broken(error.to_string()),
            FinishError::Write(error) => Self::Later(error.to_string()),
            FinishError::IndexTooLarge { .. } => Self::Broken(error.to_string()),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Later(error.to_string())
    }
}

fn attempt(with: &Finishing<'_>, job: &Job, manifest: &mut Manifest) -> Result<(), Problem> {
    let folder = with.folder;
    let length = match fs::metadata(&job.media) {
        // A power cut came between its manifest and itself.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Problem::Empty),
        found => found?.len(),
    };
    if length == 0 {
        return Err(Problem::Empty);
    }
    // Half of what new recordings must leave is for finishing old ones. What waits
    // for its sound is plain already.
    let free = folder.free_bytes()?;
    if manifest.sound.is_none() && free < length.saturating_add(with.min_free_bytes / 2) {
        return Err(Problem::Later(format!(
            "{free} bytes free on the disk, finishing takes {length}"
        )));
    }
    let summary = match &job.fields {
        Some(fields) if with.template.needs_end() => finish_renamed(with, job, fields, manifest)?,
        _ => finish::finish_turned(&job.media, rotation(manifest))?,
    };
    manifest.take_summary(&summary);
    manifest.bytes = fs::metadata(folder.path().join(&manifest.file))?.len();
    manifest.state = job.finished;
    manifest.note = None;
    manifest.final_file = None;
    match with.sounds {
        Some(sounds) => sounds.note(manifest),
        None => manifest.sound = None,
    }
    manifest.write(&job.manifest_path)?;
    Ok(())
}

/// What the manifest of a stream knows and its open file may not.
fn rotation(manifest: &Manifest) -> Option<u16> {
    let mut all = manifest.tracks.iter().filter_map(|track| track.rotation);
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// The name tells how long it is: the finished file gets another name than the
/// open one had. The manifest tells of both before the new one is there.
fn finish_renamed(
    with: &Finishing<'_>,
    job: &Job,
    fields: &Fields,
    manifest: &mut Manifest,
) -> Result<Summary, Problem> {
    let (folder, template) = (with.folder, with.template);
    let beside = finish::beside(&job.media);
    let summary =
        finish::finish_to_turned(&job.media, &beside, &Extras::default(), rotation(manifest))?;
    let duration_ms = u64::try_from(summary.duration.as_millis()).unwrap_or(u64::MAX);
    let start_ms = manifest.room_start_us / 1000;
    let mut named = Fields {
        start_time: start_ms,
        start_time_millis: manifest.started_at_ms,
        end: Some(End {
            time: start_ms.saturating_add(duration_ms),
            time_millis: manifest.started_at_ms.saturating_add(duration_ms),
            duration_ms,
        }),
        ..fields.clone()
    };
    let becomes_aac = with.sounds.is_some() && manifest.container != Container::Webm.extension();
    let tracks = summary.tracks.iter().map(|found| &found.track);
    name_codecs(&mut named, tracks, becomes_aac);
    let mut base = template.render(&named);
    if manifest.part > 1 {
        base.push_str(&format!("-part{}", manifest.part));
    }
    let name = take_name(folder, job, manifest, &beside, &base).inspect_err(|_| {
        // It is made again from the open file.
        let _ = fs::remove_file(&beside);
    })?;
    fs::remove_file(&beside)?;
    // Before the manifest forgets the open file, or a crash would leave it as
    // one that nobody knows.
    fs::remove_file(&job.media)?;
    manifest.file = name;
    manifest.final_file = None;
    Ok(summary)
}

/// Gives the finished file a name that nobody has. If that fails the manifest tells
/// of none: it could be the name of another by now.
fn take_name(
    folder: &Folder,
    job: &Job,
    manifest: &mut Manifest,
    beside: &Path,
    base: &str,
) -> io::Result<String> {
    for _ in 0..MAX_TAKEN {
        let Some(name) = folder.reserve_free_name(base, &manifest.container) else {
            break;
        };
        let path = folder.path().join(&name);
        manifest.final_file = Some(name.clone());
        let linked = manifest
            .write(&job.manifest_path)
            // A link, unlike a rename, takes no name that somebody has by now.
            .and_then(|()| fs::hard_link(beside, &path));
        folder.release(&manifest_path(&path));
        let Err(error) = linked else {
            return Ok(name);
        };
        manifest.final_file = None;
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// What the tracks are coded with, as names of files say it. Sound that becomes
/// AAC is called so from the beginning: the name is told before.
pub(super) fn name_codecs<'a>(
    fields: &mut Fields,
    tracks: impl IntoIterator<Item = &'a Track>,
    becomes_aac: bool,
) {
    for track in tracks {
        match &track.media {
            TrackMedia::Video(video) => fields.video_codec = video.codec.name().to_owned(),
            TrackMedia::Audio(_) if becomes_aac => {
                fields.audio_codec = AudioCoding::Aac.name().to_owned();
            }
            TrackMedia::Audio(audio) => fields.audio_codec = audio.codec.name().to_owned(),
            TrackMedia::Text => {}
        }
    }
}
