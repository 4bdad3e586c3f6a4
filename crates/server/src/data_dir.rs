use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What is locked. Never removed: who waits for its name would lock another file.
const LOCK: &str = "lock";

/// The folder of everything that is kept, as this process alone uses it: what one
/// server writes is to another what a crash left. Free again when this is dropped,
/// and whenever the process ends, however it does.
#[derive(Debug)]
pub struct DataDir {
    _lock: Option<File>,
}

/// Why there is no data directory.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It is not there, and cannot be made.
    #[error(
        "cannot make the data directory {}; set data_dir to one that can be written",
        path.display()
    )]
    Make {
        /// The folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Two would take each other's recordings for broken ones.
    #[error(
        "another veche uses the data directory {}; stop that one, or set data_dir to a folder of its own",
        path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Its lock cannot be opened.
    #[error(
        "cannot write {}; let the user that runs veche write it, or set data_dir to another folder",
        path.display()
    )]
    Lock {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl DataDir {
    /// Makes the folder if it is not there, and takes it, without waiting.
    ///
    /// # Errors
    /// If another process has it, or it cannot be written.
    pub fn take(path: &Path) -> Result<Self, DataDirError> {
        fs::create_dir_all(path).map_err(|source| DataDirError::Make {
            path: path.to_owned(),
            source,
        })?;
        let name = path.join(LOCK);
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        let lock = options.open(&name);
        let lock = lock.map_err(|source| DataDirError::Lock { path: name, source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse {
                path: path.to_owned(),
            }),
            // Some network file systems have no locks, and worked without.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, folder = %path.display(), "cannot tell whether another veche uses this folder");
                Ok(Self { _lock: None })
            }
        }
    }

    /// Whether another process has the folder now. Makes nothing there.
    pub fn is_taken(path: &Path) -> bool {
        let lock = File::open(path.join(LOCK));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_server_until_that_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        assert!(!DataDir::is_taken(&path));
        assert!(!path.exists(), "a look makes nothing");
        let first = DataDir::take(&path).unwrap();
        assert!(DataDir::is_taken(&path));
        let second = DataDir::take(&path);
        assert!(matches!(second, Err(DataDirError::InUse { .. })));
        drop(first);
        assert!(!DataDir::is_taken(&path));
        DataDir::take(&path).unwrap();
    }
}
