//! What lies in the folder of recordings, read one file at a time.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use veche_record::journal;
use veche_record::store::{Manifest, ROOM_RECORDING, kind};

use crate::kept::{self, Kept};
use crate::upload::Stat;

/// Something that tells of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    Manifest(Box<Manifest>),
    Journal(Room),
    Kept(Kept),
}

/// What the list shows of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub id: String,
    pub room: String,
    pub started_at_ms: u64,
    pub people: Vec<String>,
    /// Its end was written.
    pub ended: bool,
    /// Up to the end, or to the last event.
    pub length_ms: u64,
}

/// What the names of files here end with.
const MANIFEST: &str = ".json";
const FILM: &str = ".film";

/// People of a room that are shown and found. A conference of five hundred fits.
const MAX_PEOPLE: usize = 1_000;

impl Source {
    /// Reads one. `None`: the file is none of these.
    ///
    /// # Errors
    /// If it cannot be read, or not understood.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Ok(None);
        };
        if journal::id_of(path).is_some() {
            let journal = journal::read(path).map_err(io::Error::other)?;
            return Ok(Some(Self::Journal(room(&journal))));
        }
        if name.ends_with(kept::EXTENSION) {
            return Kept::read(path).map(Self::Kept).map(Some);
        }
        if name.ends_with(MANIFEST) {
            let manifest = Manifest::read(path).map_err(io::Error::other)?;
            return Ok(Some(Self::Manifest(Box::new(manifest))));
        }
        Ok(None)
    }

    /// The recording that it tells of. `name` is the file's.
    pub(crate) fn recording(&self, name: &str) -> String {
        match self {
            Self::Manifest(manifest) => recording_of(manifest),
            Self::Journal(room) => room.id.clone(),
            Self::Kept(_) => name
                .strip_suffix(kept::EXTENSION)
                .unwrap_or(name)
                .to_owned(),
        }
    }
}

/// Whether a file of this name may be one of ours: nothing else is opened.
pub(crate) fn is_source(name: &str) -> bool {
    [journal::EXTENSION, kept::EXTENSION, MANIFEST]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The recording that a file belongs to.
pub(crate) fn recording_of(manifest: &Manifest) -> String {
    let attributes = &manifest.origin.attributes;
    if let Some(room) = attributes
        .get(ROOM_RECORDING)
        .filter(|id| journal::is_id(id))
    {
        return room.clone();
    }
    match manifest.kind() {
        kind::FILM => {
            let stem = stem(&manifest.file);
            stem.strip_suffix(FILM).unwrap_or(stem).to_owned()
        }
        _ => manifest.recording.clone(),
    }
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Where the manifest of a file usually lies.
pub(crate) fn manifest_name(folder: &Path, manifest: &Manifest) -> String {
    // A finished file may have another name than the open one, whose stem the
    // manifest keeps.
    let by_file = format!("{}{MANIFEST}", stem(&manifest.file));
    if folder.join(&by_file).exists() {
        return by_file;
    }
    match manifest.part {
        0 | 1 => format!("{}{MANIFEST}", manifest.recording),
        part => format!("{}-part{part}{MANIFEST}", manifest.recording),
    }
}

/// Changes when a file does.
pub(crate) fn stamp(metadata: &Metadata) -> String {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    format!("{seconds}.{nanos:09}:{}:{}", metadata.len(), metadata.ino())
}

/// A file of the folder as it is now. `None`: there is none of that name. No name
/// leads out of the folder.
pub(crate) fn stat(folder: &Path, name: &str) -> Option<Stat> {
    let plain = Path::new(name)
        .file_name()
        .is_some_and(|plain| plain == name);
    let metadata = fs::metadata(plain.then(|| folder.join(name))?).ok()?;
    metadata.is_file().then(|| stat_of(&metadata))
}

pub(crate) fn stat_of(metadata: &Metadata) -> Stat {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    Stat {
        bytes: metadata.len(),
        stamp: format!("{seconds}.{nanos:09}:{}", metadata.len()),
    }
}

pub(crate) fn stamp_of(path: &Path) -> io::Result<String> {
    fs::metadata(path).map(|metadata| stamp(&metadata))
}

fn room(journal: &journal::Journal) -> Room {
    let mut people: Vec<String> = Vec::new();
    for person in journal.people() {
        if people.len() < MAX_PEOPLE && !people.contains(&person.name) {
            people.push(person.name);
        }
    }
    Room {
        id: journal.start.id.clone(),
        room: journal.start.room.clone(),
        started_at_ms: journal.start.started_at_ms,
        people,
        ended: journal.ended_at_ms.is_some(),
        length_ms: journal.length_ms(),
    }
}
