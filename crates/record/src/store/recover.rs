use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::finisher::{Finishing, Job, finish_job, has_sound_to_do};
use super::folder::{Folder, MEDIA};
use super::manifest::{self, EXTENSION, Manifest, ManifestError, State, TrackEntry, kind};
use crate::finish;
use crate::journal;
use crate::reader::Reader;

/// What was done about files that were left open.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Files that were open: finished now, empty, broken, or still open for
    /// want of space or time. Their state tells.
    pub files: Vec<Manifest>,
    /// Manifests that cannot be read. Their media has got new ones.
    pub bad_manifests: Vec<(PathBuf, ManifestError)>,
}

/// Finishes everything in the folder that is not being written by us.
pub(super) fn recover(with: &Finishing<'_>, mut told: impl FnMut(&Manifest)) -> Recovery {
    let folder = with.folder;
    let mut recovery = Recovery::default();
    let mut sounds: Vec<(PathBuf, Manifest)> = Vec::new();
    let mut finish = |recovery: &mut Recovery, job: Job| {
        let path = job.manifest_path.clone();
        let manifest = finish_job(with, job);
        if has_sound_to_do(&manifest) {
            sounds.push((path, manifest));
        } else {
            told(&manifest);
            recovery.files.push(manifest);
        }
    };
    if let Err(error) = folder.sweep() {
        tracing::warn!(%error, "cannot remove what a crash left");
    }
    let paths = manifest::paths(folder.path()).unwrap_or_default();
    let mut named = Named::default();
    let mut open: Vec<(PathBuf, Manifest)> = Vec::new();
    let mut nothing = BTreeSet::new();
    for path in paths.iter().filter(|p| !folder.is_busy(p)) {
        match Manifest::read(path) {
            Ok(found) => {
                named.add(&found);
                if matches!(found.state, State::Recording | State::Closed) {
                    open.push((path.clone(), found));
                }
            }
            Err(error) => {
                // What it belonged to is found by its media below.
                let _ = match fs::metadata(path) {
                    Ok(found) if found.len() == 0 => {
                        nothing.insert(path.clone());
                        fs::remove_file(path)
                    }
                    _ => fs::rename(path, path.with_extension("json.bad")),
                };
                recovery.bad_manifests.push((path.clone(), error));
            }
        }
    }
    for (path, found) in open {
        finish(&mut recovery, job(folder, &named, path, found));
    }
    for media in orphans(folder) {
        // Nothing of either came to the disk. One alone may be what somebody begins.
        let is_of_nothing = nothing.contains(&media.with_extension(EXTENSION));
        if is_of_nothing && fs::metadata(&media).is_ok_and(|m| m.len() == 0) {
            let _ = fs::remove_file(&media);
            continue;
        }
        if let Some(job) = adopt(folder, media) {
            finish(&mut recovery, job);
        }
    }
    for (path, mut manifest) in sounds {
        if let Some(sounds) = with.sounds {
            sounds.work(&path, &mut manifest);
        }
        folder.release(&path);
        if !has_sound_to_do(&manifest) {
            told(&manifest);
        }
        recovery.files.push(manifest);
    }
    recovery
}

/// How many manifests tell of each file.
#[derive(Default)]
struct Named(BTreeMap<String, usize>);

impl Named {
    fn add(&mut self, manifest: &Manifest) {
        for name in std::iter::once(&manifest.file).chain(&manifest.final_file) {
            *self.0.entry(name.clone()).or_default() += 1;
        }
    }

    fn only_once(&self, name: &str) -> bool {
        self.0.get(name) == Some(&1)
    }
}

fn job(folder: &Folder, named: &Named, manifest_path: PathBuf, found: Manifest) -> Job {
    let mut manifest = found;
    let mut media = folder.path().join(&manifest.file);
    if let Some(name) = manifest.final_file.take() {
        let finished = folder.path().join(&name);
        // A name that others tell of, too, may be theirs.
        if named.only_once(&name) && finished.exists() {
            // It got its name when it was whole; the open one is not needed.
            let _ = fs::remove_file(&media);
            manifest.file = name;
            media = finished;
        }
    }
    Job {
        id: None,
        fields: None,
        finished: match (manifest.state, manifest.sound) {
            (State::Closed, Some(pending)) => pending.then,
            (State::Closed, None) => State::Finished,
            _ => State::Recovered,
        },
        manifest_path,
        manifest,
        media,
    }
}

/// Media that no manifest tells of.
fn orphans(folder: &Folder) -> Vec<PathBuf> {
    let known: BTreeSet<String> = manifest::read_all(folder.path())
        .map(|all| {
            let names = |m: Manifest| std::iter::once(m.file).chain(m.final_file);
            all.manifests.into_iter().flat_map(names).collect()
        })
        .unwrap_or_default();
    let Ok(entries) = fs::read_dir(folder.path()) else {
        return Vec::new();
    };
    let mut orphans: Vec<PathBuf> = entries
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|path| {
            let media = path
                .extension()
                .is_some_and(|e| MEDIA.iter().any(|m| e == *m));
            let name = path.file_name().and_then(|n| n.to_str());
            let busy = folder.is_busy(&path.with_extension(EXTENSION));
            media && !busy && name.is_some_and(|n| !known.contains(n))
        })
        .collect();
    orphans.sort();
    orphans
}

/// A manifest for media that lost its own: what the file itself tells.
fn adopt(folder: &Folder, media: PathBuf) -> Option<Job> {
    let reader = Reader::open(&media).ok()?;
    finish::inspect(&media).ok()?;
    let name = media.file_name()?.to_str()?.to_owned();
    let stem = media.file_stem()?.to_str()?.to_owned();
    let manifest_path = folder.path().join(format!("{stem}.{EXTENSION}"));
    if manifest_path.exists() {
        return None;
    }
    let modified = fs::metadata(&media).and_then(|m| m.modified()).ok()?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
    if let Some(manifest) = of_room(folder, &media, &stem) {
        return Some(Job {
            id: None,
            fields: None,
            finished: State::Finished,
            manifest_path,
            manifest,
            media,
        });
    }
    let manifest = Manifest {
        version: 1,
        state: State::Recording,
        container: media.extension()?.to_str()?.to_owned(),
        file: name,
        recording: stem,
        part: 1,
        part_reason: "start".to_owned(),
        started_at_ms: u64::try_from(since.as_millis()).ok()?,
        tracks: reader.tracks().iter().map(TrackEntry::of).collect(),
        note: Some("its manifest was lost".to_owned()),
        ..Manifest::default()
    };
    Some(Job {
        id: None,
        fields: None,
        finished: State::Recovered,
        manifest_path,
        manifest,
        media,
    })
}

/// Of a room's file or film that a crash left without manifest.
fn of_room(folder: &Folder, media: &Path, stem: &str) -> Option<Manifest> {
    let (id, kind) = match stem.strip_suffix(".film") {
        Some(id) => (id, kind::FILM),
        None => (stem, kind::ROOM),
    };
    let journal = journal::read(&journal::path(folder.path(), id)?).ok()?;
    Manifest::of_room(media, kind, &journal.start).ok()
}
