use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use veche_record::journal;
use veche_record::store::Manifest;

use super::pictures::Pictures;
use super::{Inner, films};
use crate::catalogue::CatalogueError;
use crate::model::{Kind, Recording};

/// What the archive is told. The queue is as long as files begin and end: none
/// is forgotten.
pub(super) enum Told {
    Manifest(Box<Manifest>),
    /// This process writes it, or does so no more.
    Journal(PathBuf, bool),
    RoomFailed(PathBuf, String),
    /// Look what is to do about it.
    Changed(String),
    Close,
}

pub(super) fn start(
    inner: Arc<Inner>,
    pictures: Option<Pictures>,
    told: mpsc::Receiver<Told>,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("archive".to_owned())
        .spawn(move || {
            let mut worker = Worker { inner, pictures };
            while let Ok(told) = told.recv() {
                if matches!(told, Told::Close) {
                    break;
                }
                if let Err(error) = worker.handle(told) {
                    worker.inner.dirty.store(true, Ordering::Relaxed);
                    tracing::error!(%error, "the list of recordings misses something; the folder is read again soon");
                }
            }
        })
}

struct Worker {
    inner: Arc<Inner>,
    pictures: Option<Pictures>,
}

impl Worker {
    fn handle(&mut self, told: Told) -> Result<(), CatalogueError> {
        let inner = Arc::clone(&self.inner);
        let (id, recording) = match told {
            Told::Manifest(manifest) => inner.with(|catalogue| catalogue.put(&manifest))?,
            Told::Journal(path, live) => {
                inner.with(|catalogue| catalogue.put_journal(&path, live))?
            }
            Told::RoomFailed(path, why) => {
                let Some(id) = journal::id_of(&path) else {
                    return Ok(());
                };
                let failed = inner.with(|c| c.keep(id, |kept| kept.failed = Some(why.clone())))?;
                (id.to_owned(), failed)
            }
            Told::Changed(id) => {
                let found = inner.with(|catalogue| catalogue.get(&id))?;
                (id, found)
            }
            Told::Close => return Ok(()),
        };
        match recording {
            Some(recording) => self.consider(&recording),
            None => tracing::debug!(recording = id, "nothing of it is left"),
        }
        Ok(())
    }

    /// What is to do about a recording that has changed.
    fn consider(&mut self, recording: &Recording) {
        if !recording.state.is_final() || recording.deleted_until_ms.is_some() {
            return;
        }
        if recording.state.is_whole() {
            self.complete(recording);
        }
        // After the film and the picture were seen to: both need the files here.
        let asked = self.pictures.as_mut().is_some_and(|p| p.ask(recording));
        if !asked {
            self.inner.upload(&recording.id);
        }
    }

    fn complete(&self, recording: &Recording) {
        if self.wants_film(recording)
            && let Err(error) = self.inner.queue_film(&recording.id, serde_json::Map::new())
        {
            tracing::warn!(recording = recording.id, %error, "a film is not made");
        }
        self.inner.wake.notify_one();
    }

    /// A room's recording of which no film was ever asked for.
    fn wants_film(&self, recording: &Recording) -> bool {
        let automatic = self.inner.config.mix.as_ref().is_some_and(|m| m.automatic);
        let possible = recording.kind == Kind::Room
            && recording.mix.is_none()
            && films::input(recording).is_some_and(|file| file.local);
        if !automatic || !possible {
            return false;
        }
        // One that was given up shows none, too.
        let kept = self.inner.with(|catalogue| catalogue.kept(&recording.id));
        kept.is_ok_and(|kept| kept.mix.is_none())
    }
}
