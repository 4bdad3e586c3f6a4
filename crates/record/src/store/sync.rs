//! Syncs of open files, beside the threads that write: a disk that takes its time
//! with them holds up no fragment of any recording.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::manifest::Manifest;
use crate::finish::sync_folder;

/// Where files to sync are sent. Each is there once at a time, so no more wait than
/// there are files that are open or end.
pub(super) type Syncs = Sender<Arc<Synced>>;

/// Syncs what is sent until nobody can send any more.
pub(super) fn start(number: usize) -> io::Result<(Syncs, JoinHandle<()>)> {
    let (sender, files) = mpsc::channel::<Arc<Synced>>();
    let thread = thread::Builder::new()
        .name(format!("record-sync-{number}"))
        .spawn(move || {
            for file in files {
                file.sync();
            }
        })?;
    Ok((sender, thread))
}

/// A sync that takes so long is told of.
const SLOW: Duration = Duration::from_secs(10);

/// An open file.
#[derive(Debug)]
pub(super) struct Synced {
    pub(super) file: File,
    path: PathBuf,
    /// What is to be done about its manifest first.
    manifest: Mutex<Told>,
    state: Mutex<State>,
}

/// What became of a manifest.
#[derive(Debug)]
enum Told {
    /// It is written, and may not be there after a power cut.
    Written,
    /// It is to be written.
    Changed(Box<Manifest>),
    /// It is there for good, or somebody else's.
    There,
}

#[derive(Debug)]
enum State {
    Idle,
    /// Sent.
    Running {
        /// Asked for again since it began.
        again: bool,
        since: Instant,
        /// It was told of that it takes long.
        told: bool,
    },
    Done {
        result: io::Result<()>,
        again: bool,
    },
}

impl Synced {
    /// A new file, and the manifest that was written for it.
    pub(super) fn new(file: File, manifest: &Path) -> Arc<Self> {
        Arc::new(Self {
            file,
            path: manifest.to_owned(),
            manifest: Mutex::new(Told::Written),
            state: Mutex::new(State::Idle),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Asks for a sync of what is written by now. While one runs, for another behind it.
    pub(super) fn ask(self: &Arc<Self>, syncs: &Syncs) {
        let mut state = self.state();
        match &mut *state {
            State::Running { again, .. } | State::Done { again, .. } => *again = true,
            State::Idle => {
                *state = State::Running {
                    again: false,
                    since: Instant::now(),
                    told: false,
                };
                drop(state);
                // The thread lives as long as those who ask.
                let _ = syncs.send(Arc::clone(self));
            }
        }
    }

    /// The next sync writes this manifest first; those after it, until it is written.
    pub(super) fn tell(&self, manifest: Manifest) {
        *lock(&self.manifest) = Told::Changed(Box::new(manifest));
    }

    /// From here on its manifest is somebody else's.
    pub(super) fn leave(&self) {
        *lock(&self.manifest) = Told::There;
    }

    /// Whether the sync that was asked for takes long; said once.
    pub(super) fn is_slow(&self) -> bool {
        match &mut *self.state() {
            State::Running { since, told, .. } if !*told && since.elapsed() >= SLOW => {
                *told = true;
                true
            }
            _ => false,
        }
    }

    /// How the sync that was asked for went, once.
    pub(super) fn result(self: &Arc<Self>, syncs: &Syncs) -> Option<io::Result<()>> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Idle) {
            State::Done { result, again } => {
                drop(state);
                if again {
                    self.ask(syncs);
                }
                Some(result)
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Whether it is there after a power cut, with its manifest.
    pub(super) fn is_there(&self) -> bool {
        // Who holds it is about to.
        matches!(self.manifest.try_lock().as_deref(), Ok(Told::There))
    }

    pub(super) fn sync(&self) {
        // What was written before is in it.
        if let State::Running { again, .. } = &mut *self.state() {
            *again = false;
        }
        let result = self.sync_all();
        let mut state = self.state();
        let again = matches!(*state, State::Running { again: true, .. });
        *state = State::Done { result, again };
    }

    fn sync_all(&self) -> io::Result<()> {
        // It was finished, and there is another in its place, before its turn came.
        if self.file.metadata()?.nlink() == 0 {
            return Ok(());
        }
        // Held, so that nobody who is left it finds an older one written over his.
        let mut manifest = lock(&self.manifest);
        let told = match &*manifest {
            Told::Written => File::open(&self.path)
                .and_then(|file| file.sync_all())
                .and_then(|()| sync_folder(&self.path)),
            Told::Changed(manifest) => manifest.write(&self.path),
            Told::There => Ok(()),
        };
        if told.is_ok() {
            *manifest = Told::There;
        }
        drop(manifest);
        self.file.sync_data().and(told)
    }
}

/// Each change of what is behind these is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That is in its folder as long as the test runs.
    fn open_file() -> File {
        let (file, path) = tempfile::NamedTempFile::new().unwrap().into_parts();
        // Its name goes with the other half.
        std::mem::forget(path);
        file
    }

    fn result(file: &Arc<Synced>, syncs: &Syncs) -> io::Result<()> {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(result) = file.result(syncs) {
                return result;
            }
            assert!(Instant::now() < limit, "no result");
            thread::yield_now();
        }
    }

    #[test]
    fn what_is_asked_for_meanwhile_is_one_more() {
        let manifest = tempfile::NamedTempFile::new().unwrap();
        let file = Synced::new(open_file(), manifest.path());
        let (syncs, waiting) = mpsc::channel();
        for _ in 0..100 {
            file.ask(&syncs);
        }
        assert!(file.result(&syncs).is_none());
        waiting.try_recv().unwrap().sync();
        assert!(waiting.try_recv().is_err());
        // Asked for before it began.
        assert!(file.result(&syncs).unwrap().is_ok());
        assert!(waiting.try_recv().is_err());

        file.ask(&syncs);
        waiting.try_recv().unwrap().sync();
        for _ in 0..100 {
            file.ask(&syncs);
        }
        assert!(file.result(&syncs).unwrap().is_ok());
        waiting.try_recv().unwrap().sync();
        assert!(waiting.try_recv().is_err());
        assert!(file.result(&syncs).unwrap().is_ok());
        assert!(file.result(&syncs).is_none());
    }

    #[test]
    fn a_manifest_is_written_when_it_can_be_and_never_over_somebody_elses() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("gone/a.json");
        let told = Manifest {
            file: "a.mp4".to_owned(),
            ..Manifest::default()
        };
        let (syncs, waiting) = mpsc::channel();
        let file = Synced::new(open_file(), &path);
        file.tell(told.clone());
        for is_there in [false, true] {
            file.ask(&syncs);
            waiting.try_recv().unwrap().sync();
            assert_eq!(file.result(&syncs).unwrap().is_ok(), is_there);
            assert_eq!(file.is_there(), is_there);
            let _ = std::fs::create_dir(place.path().join("gone"));
        }
        assert_eq!(Manifest::read(&path).unwrap(), told);

        file.tell(Manifest::default());
        file.ask(&syncs);
        file.leave();
        waiting.try_recv().unwrap().sync();
        assert_eq!(Manifest::read(&path).unwrap(), told);
    }

    #[test]
    fn one_that_takes_long_is_told_of_once() {
        let manifest = tempfile::NamedTempFile::new().unwrap();
        let file = Synced::new(open_file(), manifest.path());
        let (syncs, waiting) = mpsc::channel();
        file.ask(&syncs);
        assert!(!file.is_slow());
        *file.state() = State::Running {
            again: false,
            since: Instant::now().checked_sub(SLOW).unwrap(),
            told: false,
        };
        assert!(file.is_slow());
        assert!(!file.is_slow());
        waiting.try_recv().unwrap().sync();
        assert!(file.result(&syncs).unwrap().is_ok());
    }

    #[test]
    fn a_refusal_is_told() {
        let (syncs, thread) = start(0).unwrap();
        let manifest = tempfile::NamedTempFile::new().unwrap();
        let good = Synced::new(open_file(), manifest.path());
        good.ask(&syncs);
        assert!(result(&good, &syncs).is_ok());
        // A pipe cannot be synced.
        let (_reader, writer) = io::pipe().unwrap();
        let writer = File::from(std::os::fd::OwnedFd::from(writer));
        let bad = Synced::new(writer, manifest.path());
        bad.ask(&syncs);
        assert!(result(&bad, &syncs).is_err());
        let lost = manifest.path().to_owned();
        let file = Synced::new(open_file(), &lost);
        drop(manifest);
        file.ask(&syncs);
        assert!(result(&file, &syncs).is_err());
        assert!(!file.is_there());
        std::fs::write(&lost, "again").unwrap();
        file.ask(&syncs);
        assert!(result(&file, &syncs).is_ok());
        assert!(file.is_there());
        std::fs::remove_file(&lost).unwrap();
        drop(syncs);
        thread.join().unwrap();
    }
}
