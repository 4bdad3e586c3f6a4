use std::sync::Arc;
use std::time::Duration;

use super::{Inner, lock, unix_ms};
use crate::catalogue::{Catalogue, CatalogueError};
use crate::counters::count;
use crate::model::Recording;
use crate::retention::{Candidate, Removal, Times, removals};

/// How often it is looked whether something has to go.
const EVERY: Duration = Duration::from_secs(60);

/// Empties the trash, keeps the folder within its limits, and the list complete.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut closing = inner.closing.subscribe();
    let mut believed = true;
    loop {
        let worker = Arc::clone(&inner);
        let times = inner.times();
        if times.now_ms().is_none() && believed {
            tracing::warn!(
                ?times,
                "the system's clock was set by more than an hour: until it is right again, or the next start, nothing is deleted for its age"
            );
        }
        believed = times.now_ms().is_some();
        let done = tokio::task::spawn_blocking(move || worker.keep_house(times)).await;
        match done {
            Ok(Err(error)) => tracing::warn!(%error, "cannot look what has to be deleted"),
            Err(error) => tracing::error!(%error, "panic while deleting recordings"),
            Ok(Ok(())) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}

impl Inner {
    fn times(&self) -> Times {
        let (started_ms, started) = self.started;
        Times {
            started_ms,
            now_ms: unix_ms(),
            passed: started.elapsed(),
        }
    }

    pub(super) fn keep_house(&self, times: Times) -> Result<(), CatalogueError> {
        self.catch_up();
        let all: Vec<Candidate> = self.with(|catalogue| {
            let all = catalogue.all()?.into_iter();
            all.map(|recording| self.candidate(catalogue, recording))
                .collect()
        })?;
        for (decided, removal) in removals(times.now_ms(), self.config.retention, all) {
            if let Err(error) = self.remove(&decided, removal) {
                let recording = decided.id;
                tracing::warn!(recording, %error, "a recording could not be deleted");
            }
        }
        Ok(())
    }

    /// Removes what was decided about, unless it is not the same any more: somebody
    /// took it back, or its film or its script began. The next round decides anew.
    pub(super) fn remove(
        &self,
        decided: &Candidate,
        removal: Removal,
    ) -> Result<(), CatalogueError> {
        let id = &decided.id;
        let same = |catalogue: &Catalogue| -> Result<bool, CatalogueError> {
            let now = catalogue.get(id)?;
            let now = now.map(|recording| self.candidate(catalogue, recording));
            Ok(now.transpose()?.as_ref() == Some(decided))
        };
        let done = match removal {
            Removal::LocalOnly => self.with(|catalogue| {
                let same = same(catalogue)?;
                if same {
                    catalogue.drop_local(id, true)?;
                }
                Ok(same)
            })?,
            _ => self.purge_if(id, same)?,
        };
        if !done {
            return Ok(());
        }
        let (why, counter) = match removal {
            Removal::Trash => ("its time in the trash is over", &self.counters.deleted),
            Removal::Expired => ("it is older than record_keep_days", &self.counters.expired),
            Removal::NoRoom => (
                "recordings were larger than record_max_bytes",
                &self.counters.no_room,
            ),
            Removal::LocalOnly => (
                "recordings were larger than record_max_bytes: this one has its copy in the bucket alone",
                &self.counters.no_room,
            ),
        };
        tracing::info!(recording = id, why, "recording gone by itself");
        count(counter);
        Ok(())
    }

    /// A recording as the rules look at it, at this moment.
    pub(super) fn candidate(
        &self,
        catalogue: &Catalogue,
        mut recording: Recording,
    ) -> Result<Candidate, CatalogueError> {
        self.measure(&mut recording);
        let mixing = recording.is_mixing() || lock(&self.films).state(&recording.id).is_some();
        let mut whole = recording.files.iter().filter(|f| f.state.is_whole());
        let uploaded = whole.clone().any(|f| f.uploaded.is_some())
            && whole.clone().all(|f| f.uploaded.is_some());
        let missing = whole.any(|f| f.uploaded.is_none() && f.local);
        let in_use = mixing || self.is_held(&recording.id);
        let told_end_ms = recording
            .started_at_ms
            .saturating_add(recording.duration_ms);
        Ok(Candidate {
            // The start may be of a clock that was wrong at that time.
            ended_at_ms: told_end_ms.max(catalogue.told_at_ms(&recording.id)?),
            local_bytes: recording.local_bytes(),
            deleted_until_ms: recording.deleted_until_ms,
            free: recording.state.is_final() && !in_use,
            pending: self.uploads.is_some() && missing,
            uploaded,
            id: recording.id,
        })
    }
}
