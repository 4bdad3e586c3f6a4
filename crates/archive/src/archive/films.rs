use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet, spawn_blocking};
use veche_record::journal;
use veche_record::store::{self, Manifest};

use super::{Inner, lock};
use crate::counters::{count, set};
use crate::kept::KeptMixState;
use crate::mix::{self, Ended, Job, Verdict};
use crate::model::{File, FileKind, Recording};

/// How to kill the mixers that run.
#[derive(Default)]
pub(super) struct Kills(Mutex<BTreeMap<String, oneshot::Sender<()>>>);

impl Kills {
    pub(super) fn has(&self, id: &str) -> bool {
        lock(&self.0).contains_key(id)
    }

    pub(super) fn kill(&self, id: &str) {
        if let Some(kill) = lock(&self.0).remove(id) {
            // Fails only when it has just ended.
            let _ = kill.send(());
        }
    }

    fn kill_all(&self) {
        lock(&self.0).clear();
    }
}

/// What a film is made from.
pub(super) fn input(recording: &Recording) -> Option<&File> {
    recording
        .files
        .iter()
        .find(|f| f.kind == FileKind::Room && f.state.is_whole())
}

/// Begins films as places become free.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut closing = inner.closing.subscribe();
    let mut mixers = JoinSet::new();
    loop {
        while let Some(id) = inner.next_film() {
            mixers.spawn(one(Arc::clone(&inner), id));
        }
        tokio::select! {
            () = inner.wake.notified() => {}
            Some(ended) = mixers.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "panic about a film");
                }
            }
            _ = closing.wait_for(|closing| *closing) => break,
        }
    }
    inner.kills.kill_all();
    while mixers.join_next().await.is_some() {}
}

async fn one(inner: Arc<Inner>, id: String) {
    let Some(config) = inner.config.mix.clone() else {
        return;
    };
    let (kill, killed) = oneshot::channel();
    lock(&inner.kills.0).insert(id.clone(), kill);
    let job = {
        let id = id.clone();
        apart(&inner, move |inner| inner.prepare(&id)).await
    };
    let ended = match job {
        Ok(Ok(job)) => {
            tracing::info!(recording = id, "film begun");
            let progress = |done, left| {
                lock(&inner.films).handle_progress(&id, done, left);
            };
            let ended = mix::run(&config, &job, killed, progress).await;
            let taken = {
                let id = id.clone();
                apart(&inner, move |inner| {
                    inner.clean(&id);
                    match ended {
                        Ended::Done => inner.take_film(&id, &job),
                        other => other,
                    }
                })
            };
            taken.await.unwrap_or_else(|error| panicked(&error))
        }
        Ok(Err(why)) => Ended::Failed(why),
        Err(error) => panicked(&error),
    };
    lock(&inner.kills.0).remove(&id);
    let kept = apart(&inner, move |inner| inner.film_ended(&id, ended)).await;
    if let Err(error) = kept {
        tracing::error!(%error, "panic about a film");
    }
}

/// Where waiting for the disk keeps nobody.
async fn apart<T: Send + 'static>(
    inner: &Arc<Inner>,
    work: impl FnOnce(&Inner) -> T + Send + 'static,
) -> Result<T, JoinError> {
    let inner = Arc::clone(inner);
    spawn_blocking(move || work(&inner)).await
}

fn panicked(error: &JoinError) -> Ended {
    tracing::error!(%error, "panic about a film");
    Ended::Failed("a fault of the server".to_owned())
}

impl Inner {
    fn next_film(&self) -> Option<String> {
        if self.is_closing() {
            return None;
        }
        let mut films = lock(&self.films);
        let next = films.poll_start();
        let (waiting, running) = films.counts();
        set(&self.counters.mixes_waiting, waiting);
        set(&self.counters.mixes_running, running);
        next
    }

    /// What to run for a film.
    fn prepare(&self, id: &str) -> Result<Job, String> {
        let recording = self.get(id).map_err(|error| error.to_string())?;
        self.check_mixable(&recording)
            .map_err(|error| error.to_string())?;
        let input = input(&recording).ok_or("its file is not there")?;
        let folder = &self.config.folder;
        let kept = self.with(|catalogue| catalogue.kept(id));
        let kept = kept
            .map_err(|error| error.to_string())?
            .mix
            .unwrap_or_default();
        let journal = journal::path(folder, id).ok_or("its id is none")?;
        self.film_kept(id, |mix| mix.attempts += 1)
            .map_err(|error| error.to_string())?;
        Ok(Job {
            input: folder.join(&input.name),
            journal,
            output: folder.join(format!("{id}.film.mp4")),
            settings: self.settings(id, kept.options)?,
        })
    }

    /// The settings of all films with those of this one over them.
    fn settings(
        &self,
        id: &str,
        options: serde_json::Map<String, Value>,
    ) -> Result<Option<PathBuf>, String> {
        let Some(config) = &self.config.mix else {
            return Ok(None);
        };
        let common = config.settings.exists().then(|| config.settings.clone());
        if options.is_empty() {
            return Ok(common);
        }
        let mut all = match &common {
            Some(path) => {
                let text = std::fs::read(path).map_err(|error| error.to_string())?;
                let read: Value = serde_json::from_slice(&text)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                read.as_object().cloned().unwrap_or_default()
            }
            None => serde_json::Map::new(),
        };
        all.extend(options);
        let path = self.own_settings(id);
        let text = Value::Object(all).to_string();
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        Ok(Some(path))
    }

    fn own_settings(&self, id: &str) -> PathBuf {
        self.config.folder.join(format!("{id}.film.settings"))
    }

    fn clean(&self, id: &str) {
        // Usually there is none.
        let _ = std::fs::remove_file(self.own_settings(id));
    }

    /// A mixer that ended well has left a film, and usually its manifest.
    fn take_film(&self, id: &str, job: &Job) -> Ended {
        let path = store::manifest_path(&job.output);
        let manifest = Manifest::read(&path).or_else(|_| {
            let journal = journal::read(&job.journal).map_err(|error| error.to_string())?;
            let manifest = Manifest::of_room(&job.output, store::kind::FILM, &journal.start)
                .map_err(|error| error.to_string())?;
            manifest.write(&path).map_err(|error| error.to_string())?;
            Ok::<_, String>(manifest)
        });
        match manifest {
            Ok(manifest) => match self.with(|catalogue| catalogue.put(&manifest)) {
                Ok(_) => Ended::Done,
                Err(error) => Ended::Failed(error.to_string()),
            },
            Err(why) => Ended::Failed(format!("the film of {id} is not usable: {why}")),
        }
    }

    fn film_ended(&self, id: &str, ended: Ended) {
        if self.is_closing() && ended != Ended::Done {
            // Kept as one that waits.
            return;
        }
        if let Ended::Crashed(why) = &ended {
            count(&self.counters.mixes_crashed);
            tracing::warn!(recording = id, why, "a mixer crashed");
        }
        let verdict = lock(&self.films).handle_end(id, ended);
        let kept = match verdict {
            Verdict::Again => Ok(()),
            Verdict::Done => {
                count(&self.counters.mixed);
                tracing::info!(recording = id, "film made");
                self.film_kept(id, |mix| {
                    mix.state = KeptMixState::Done;
                    mix.error = None;
                })
            }
            Verdict::Cancelled => {
                tracing::info!(recording = id, "film given up");
                self.film_kept(id, |mix| mix.state = KeptMixState::Cancelled)
            }
            Verdict::Failed(why) => {
                count(&self.counters.mixes_failed);
                tracing::warn!(recording = id, why, "film failed");
                self.film_kept(id, |mix| {
                    mix.state = KeptMixState::Failed;
                    mix.error = Some(why);
                })
            }
        };
        if let Err(error) = kept {
            tracing::warn!(recording = id, %error, "what became of a film is not kept");
        }
        self.tell(super::Told::Changed(id.to_owned()));
    }
}
