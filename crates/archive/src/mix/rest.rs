//! What films have in the folder while they are made, and what is left of it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use veche_record::name::{MAKING, MAKING_PLAIN};

/// Ends the name of a film.
const FILM: &str = ".film.mp4";

/// Ends the name of the settings of one film.
const SETTINGS: &str = ".film.settings";

/// Where the film of a recording lies.
pub(crate) fn film(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}{FILM}"))
}

/// Where its own settings lie while it is made.
pub(crate) fn own_settings(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}{SETTINGS}"))
}

/// Removes what a mixer left that was killed. One that runs, whoever started it, keeps
/// what it has.
pub(crate) fn remove(folder: &Path, id: &str) {
    if let Err(error) = try_remove(folder, id) {
        tracing::warn!(recording = id, %error, "half a film stays in the folder");
    }
}

fn try_remove(folder: &Path, id: &str) -> io::Result<()> {
    let film = film(folder, id);
    let growing = with_end(&film, MAKING);
    // Its lock is held until the film has its name; without the file there is none.
    let lock = match File::open(&growing) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(file) = &lock
        && flock(file, FlockOperation::NonBlockingLockExclusive).is_err()
    {
        return Ok(());
    }
    for path in [
        own_settings(folder, id),
        with_end(&film, MAKING_PLAIN),
        growing,
    ] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_film_goes_and_what_is_being_made_stays() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "a.film.settings",
            "a.film.mp4.making",
            "a.film.mp4.making.plain",
        ];
        for name in names {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        for other in ["a.film.mp4", "b.film.mp4.making"] {
            fs::write(folder.path().join(other), "film").unwrap();
        }
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let mixer = File::open(folder.path().join("a.film.mp4.making")).unwrap();
        flock(&mixer, FlockOperation::LockExclusive).unwrap();
        remove(folder.path(), "a");
        assert_eq!(count(), 5);
        drop(mixer);
        remove(folder.path(), "a");
        assert_eq!(count(), 2);
        remove(folder.path(), "a");
    }
}
