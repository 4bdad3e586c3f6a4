use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sound::PendingSound;
use crate::container::Container;
use crate::error::ReadError;
use crate::extras::Chapter;
use crate::finish::{Summary, sync_folder};
use crate::journal::Start;
use crate::reader::Reader;
use crate::track::{AudioCoding, Track, TrackMedia};

/// What is known of a file, beside it as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this form: 1.
    pub version: u32,
    /// How far it is.
    pub state: State,
    /// The media file, in the same folder.
    pub file: String,
    /// What it will be called when it is finished, if otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_file: Option<String>,
    /// Whose it is.
    #[serde(default)]
    pub origin: Origin,
    /// The first part's file name without extension: the same for all parts of
    /// one recording.
    pub recording: String,
    /// From 1.
    pub part: u32,
    /// Why this part began: `start`, `codec`, `rotation` or `length`.
    pub part_reason: String,
    /// `mp4`, `webm` or `mkv`.
    pub container: String,
    /// The wall clock at the start of the file, milliseconds since 1970.
    pub started_at_ms: u64,
    /// The room's clock at the start of the file, in microseconds. Parts and
    /// files of one room are laid side by side with it.
    pub room_start_us: u64,
    /// How long it is, when finished.
    #[serde(default)]
    pub duration_ms: u64,
    /// How large it is, when finished.
    #[serde(default)]
    pub bytes: u64,
    /// What is in it.
    #[serde(default)]
    pub tracks: Vec<TrackEntry>,
    /// Places in a film to jump to, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chapters: Vec<ChapterEntry>,
    /// Something was lost while it was written.
    #[serde(default)]
    pub degraded: bool,
    /// Packets and pictures that never came or could not be written; with those
    /// before it in the recording all that is known to be missing. What was lost
    /// in a crash is not in it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
    /// Its sound is still to be put in another codec. The file is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<PendingSound>,
    /// Why it ended, why it is not finished, or what else is not as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Being written, or left open by a crash.
    #[default]
    Recording,
    /// Complete and not yet plain, or its sound is still to be put in another
    /// codec.
    Closed,
    /// Plain.
    Finished,
    /// Plain, after a crash.
    Recovered,
    /// There was nothing in it; the file is gone.
    Empty,
    /// Cannot be finished; the file is as it was.
    Broken,
}

/// Whose recording it is. Texts of clients as they are: to be shown, not to be
/// paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The room's name.
    pub room: String,
    /// This life of the room: names are used again.
    pub room_id: String,
    /// The participant.
    pub login: String,
    /// The stream's name.
    pub stream: String,
    /// The stream's id.
    pub media_session_id: String,
    /// Whatever else the one who recorded wants to find again.
    pub attributes: BTreeMap<String, String>,
}

/// Key of [`Origin::attributes`]: what the file is, one of the constants of
/// [`kind`]. Without it: the recording of a stream.
pub const KIND: &str = "kind";

/// Key of [`Origin::attributes`]: the id of the room's recording that the file
/// belongs to ([`crate::journal::Start::id`]).
pub const ROOM_RECORDING: &str = "room_recording";

/// What a file is.
pub mod kind {
    /// One stream, as it came.
    pub const STREAM: &str = "stream";
    /// All streams of a room in one file, as they came.
    pub const ROOM: &str = "room";
    /// The room as one picture and one sound.
    pub const FILM: &str = "film";
}

/// Where the manifest of a media file lies: beside it, with the same stem.
pub fn manifest_path(media: &Path) -> PathBuf {
    media.with_extension(EXTENSION)
}

/// What a track is and where its media lies in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackEntry {
    /// `video`, `audio` or `text`.
    pub kind: String,
    /// As in SDP.
    pub codec: String,
    /// The track's name.
    pub name: String,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Clockwise degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<u16>,
    /// Pictures or packets.
    pub samples: u64,
    /// From the start of the file, in milliseconds.
    pub start_ms: u64,
    /// From the start of the file, in milliseconds.
    pub end_ms: u64,
}

/// A place to jump to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChapterEntry {
    /// From the start of the file, in milliseconds.
    pub at_ms: u64,
    /// What begins there.
    pub title: String,
}

impl ChapterEntry {
    fn of(chapter: &Chapter) -> Self {
        Self {
            at_ms: u64::try_from(chapter.at.as_millis()).unwrap_or(u64::MAX),
            title: chapter.title.clone(),
        }
    }
}

/// Why a manifest cannot be read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The system said no.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
    /// Not JSON of that form.
    #[error("not a manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// Larger than any that is written here.
    #[error("larger than {MAX_MANIFEST_BYTES} bytes")]
    TooLarge,
    /// Names a file outside of its folder.
    #[error("names a file in another folder")]
    Outside,
}

/// A manifest with a thousand tracks is below it.
pub const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;

impl Manifest {
    /// Reads one.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let mut text = Vec::new();
        File::open(path)?
            .take(MAX_MANIFEST_BYTES + 1)
            .read_to_end(&mut text)?;
        if text.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge);
        }
        let manifest: Self = serde_json::from_slice(&text)?;
        let inside = |name: &str| {
            !name.is_empty() && !name.contains(['/', '\\', '\0']) && name != "." && name != ".."
        };
        if !inside(&manifest.file) || !manifest.final_file.as_deref().is_none_or(inside) {
            return Err(ManifestError::Outside);
        }
        Ok(manifest)
    }

    /// Writes it in the place of what is there, at once or not at all.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        self.replace(path, true)
    }

    /// The same, in the place of an empty one. Whoever calls it syncs it afterwards,
    /// and the folder.
    pub(super) fn write_unsynced(&self, path: &Path) -> io::Result<()> {
        self.replace(path, false)
    }

    fn replace(&self, path: &Path, sync: bool) -> io::Result<()> {
        let mut growing = path.as_os_str().to_owned();
        growing.push(GROWING);
        let growing = PathBuf::from(growing);
        let attempt = || {
            let mut file = File::create(&growing)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            if sync {
                file.sync_all()?;
            }
            fs::rename(&growing, path)?;
            if sync {
                sync_folder(path)?;
            }
            Ok(())
        };
        attempt().inspect_err(|_: &io::Error| {
            let _ = fs::remove_file(&growing);
        })
    }

    /// Of a finished file of a room: [`kind::ROOM`] or [`kind::FILM`]. Looks at
    /// the file for what is in it. Write it to [`manifest_path`].
    pub fn of_room(media: &Path, kind: &str, start: &Start) -> Result<Self, ReadError> {
        let summary = crate::finish::inspect(media)?;
        let part = |of: Option<&std::ffi::OsStr>| {
            of.and_then(|s| s.to_str()).unwrap_or_default().to_owned()
        };
        let mut origin = Origin {
            room: start.room.clone(),
            room_id: start.room_id.clone(),
            login: start.by.clone().unwrap_or_default(),
            ..Origin::default()
        };
        let attributes = [(KIND, kind), (ROOM_RECORDING, &start.id)];
        origin
            .attributes
            .extend(attributes.map(|(k, v)| (k.to_owned(), v.to_owned())));
        let mut manifest = Self {
            version: 1,
            state: State::Finished,
            file: part(media.file_name()),
            origin,
            recording: part(media.file_stem()),
            part: 1,
            part_reason: "start".to_owned(),
            container: part(media.extension()),
            started_at_ms: start.started_at_ms,
            room_start_us: start.room_start_us,
            bytes: fs::metadata(media)?.len(),
            ..Self::default()
        };
        manifest.take_summary(&summary);
        let reader = Reader::open(media)?;
        manifest.chapters = reader.chapters().iter().map(ChapterEntry::of).collect();
        Ok(manifest)
    }

    /// What the file is, as [`KIND`] says it.
    pub fn kind(&self) -> &str {
        let attributes = &self.origin.attributes;
        attributes.get(KIND).map_or(kind::STREAM, String::as_str)
    }

    /// Whether it has sound that is not AAC and could be: WebM takes none, and
    /// films are as they were asked for.
    pub fn wants_aac(&self) -> bool {
        let is_other =
            |track: &TrackEntry| track.kind == "audio" && track.codec != AudioCoding::Aac.name();
        self.container != Container::Webm.extension()
            && self.kind() != kind::FILM
            && self.tracks.iter().any(is_other)
    }

    pub(super) fn take_summary(&mut self, summary: &Summary) {
        self.duration_ms = ms(summary.duration);
        self.tracks = summary
            .tracks
            .iter()
            .map(|t| TrackEntry {
                samples: t.samples,
                start_ms: ms(t.start),
                end_ms: ms(t.end),
                ..TrackEntry::of(&t.track)
            })
            .collect();
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

fn ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl TrackEntry {
    pub(super) fn of(track: &Track) -> Self {
        let mut entry = Self {
            name: track.name.clone(),
            ..Self::default()
        };
        match &track.media {
            TrackMedia::Video(video) => {
                entry.kind = "video".to_owned();
                entry.codec = video.codec.name().to_owned();
                entry.width = Some(video.size.width);
                entry.height = Some(video.size.height);
                entry.rotation = Some(video.rotation);
            }
            TrackMedia::Audio(audio) => {
                entry.kind = "audio".to_owned();
                entry.codec = audio.codec.name().to_owned();
            }
            TrackMedia::Text => {
                entry.kind = "text".to_owned();
                entry.codec = "text".to_owned();
            }
        }
        entry
    }
}

/// Ends the name of a manifest that is being written.
pub(super) const GROWING: &str = ".tmp";

/// Ends the name of a manifest.
pub(super) const EXTENSION: &str = "json";

/// What the manifests of a folder tell.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Oldest first.
    pub manifests: Vec<Manifest>,
    /// Those that cannot be read.
    pub bad: Vec<(PathBuf, ManifestError)>,
}

/// Every manifest in a folder, oldest first, and what could not be read.
pub(super) fn read_all(folder: &Path) -> io::Result<Catalogue> {
    let (mut manifests, mut bad) = (Vec::new(), Vec::new());
    for path in paths(folder)? {
        match Manifest::read(&path) {
            Ok(manifest) => manifests.push(manifest),
            Err(error) => bad.push((path, error)),
        }
    }
    manifests.sort_by(|a, b| {
        (a.started_at_ms, &a.recording, a.part).cmp(&(b.started_at_ms, &b.recording, b.part))
    });
    Ok(Catalogue { manifests, bad })
}

pub(super) fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == EXTENSION) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
