use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::manifest::{EXTENSION, manifest_path};
use crate::finish::UNFINISHED;
use crate::journal;
use crate::name::{KEPT, MAX_TRIES, numbered};

/// The folder of recordings, and which of its names are in use by us.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Manifests of files that are being written or finished, and those that would
    /// lie beside the names that finished files are about to get.
    busy: Mutex<BTreeSet<PathBuf>>,
}

/// The endings that media has here.
pub(super) const MEDIA: [&str; 3] = ["mp4", "webm", "mkv"];

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let path = path.canonicalize()?;
        Ok(Self {
            path,
            busy: Mutex::default(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        // Sets of names stay whole whoever panics.
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_busy(&self, manifest: &Path) -> bool {
        self.busy().contains(manifest)
    }

    pub(super) fn release(&self, manifest: &Path) {
        self.busy().remove(manifest);
    }

    /// Takes a name that nobody has, `base` or one with a number behind it, by
    /// making its manifest. The manifest's path and the name.
    pub(super) fn reserve(&self, base: &str) -> io::Result<(PathBuf, String)> {
        for n in 1..=MAX_TRIES {
            let name = numbered(base, n);
            let manifest = self.path.join(format!("{name}.{EXTENSION}"));
            // Held over all, or a recovery that runs meanwhile would find a
            // manifest without content and without owner, and who finishes a file
            // could take the name.
            let mut busy = self.busy();
            if busy.contains(&manifest) || self.has_media(&name) || self.is_of_another(&name) {
                continue;
            }
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&manifest);
            match made {
                Ok(_) => {
                    busy.insert(manifest.clone());
                    return Ok((manifest, name));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn has_media(&self, name: &str) -> bool {
        MEDIA.iter().any(|e| {
            self.path
                .join(format!("{name}.{e}"))
                .symlink_metadata()
                .is_ok()
        })
    }

    /// Whether the files of a room's recording have, or will have, that name, or
    /// something is kept of one that had it.
    fn is_of_another(&self, name: &str) -> bool {
        let id = name.strip_suffix(".film").unwrap_or(name);
        [journal::EXTENSION, KEPT].iter().any(|end| {
            self.path
                .join(format!("{id}{end}"))
                .symlink_metadata()
                .is_ok()
        })
    }

    /// A name for a finished file that nobody has, and that nobody else gets before
    /// [`Folder::release`] of its manifest.
    pub(super) fn reserve_free_name(&self, base: &str, extension: &str) -> Option<String> {
        let mut busy = self.busy();
        let name = self.free_name(base, extension, &busy)?;
        busy.insert(manifest_path(&self.path.join(&name)));
        Some(name)
    }

    fn free_name(&self, base: &str, extension: &str, busy: &BTreeSet<PathBuf>) -> Option<String> {
        (1..=MAX_TRIES)
            .map(|n| numbered(base, n))
            .find(|name| {
                let manifest = self.path.join(format!("{name}.{EXTENSION}"));
                !self.has_media(name)
                    && !self.is_of_another(name)
                    && manifest.symlink_metadata().is_err()
                    && !busy.contains(&manifest)
            })
            .map(|name| format!("{name}.{extension}"))
    }

    /// What a user may still write on the disk.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Removes halves that a crash left: what they were made from is there.
    /// Only those of ours: others may be writing theirs already.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let manifest = format!(".{EXTENSION}{}", super::manifest::GROWING);
        let ends = [UNFINISHED, ".finishing.open", &manifest];
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let half = ends.iter().any(|end| name.ends_with(end));
            let owner = half_of(&path);
            if half && !owner.is_some_and(|m| self.is_busy(&m)) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The manifest of what half a file would become.
fn half_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = MEDIA
        .iter()
        .chain(&[EXTENSION])
        .find_map(|e| name.find(&format!(".{e}.")).map(|at| &name[..at]))?;
    Some(path.with_file_name(format!("{stem}.{EXTENSION}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_who_finish_at_once_get_two_names() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let first = folder.reserve_free_name("bob-4000", "webm").unwrap();
        let second = folder.reserve_free_name("bob-4000", "webm").unwrap();
        assert_eq!([first, second], ["bob-4000.webm", "bob-4000-2.webm"]);
        // Nor does what begins meanwhile.
        let (manifest, begun) = folder.reserve("bob-4000").unwrap();
        assert_eq!(begun, "bob-4000-3");
        folder.release(&manifest);
        folder.release(&folder.path().join("bob-4000.json"));
        let again = folder.reserve_free_name("bob-4000", "mp4").unwrap();
        assert_eq!(again, "bob-4000.mp4");
    }

    #[test]
    fn a_name_of_which_something_is_kept_is_not_given_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        fs::write(place.path().join("gone.state"), "{}").unwrap();
        assert_eq!(folder.reserve("gone").unwrap().1, numbered("gone", 2));
        let third = format!("{}.webm", numbered("gone", 3));
        assert_eq!(folder.reserve_free_name("gone", "webm"), Some(third));
        let film = folder.reserve("gone.film").unwrap().1;
        assert_eq!(film, numbered("gone.film", 2));
        assert_eq!(folder.reserve("other").unwrap().1, "other");
    }
}
