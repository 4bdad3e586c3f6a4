//! Which recordings a film is made of, and where in it they are.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use veche_record::store::{Manifest, ROOM_RECORDING, State, kind};

use super::{InputError, InputFile, MAX_FILES};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_begin_before_the_film() {
        let ms = Duration::from_millis;
        assert_eq!(place(5_000, 2_000), (ms(3), ms(0)));
        assert_eq!(place(2_000, 5_000), (ms(0), ms(3)));
    }
}
