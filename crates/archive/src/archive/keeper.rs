use std::sync::Arc;
use std::time::Duration;

use super::{Inner, lock, unix_ms};
use crate::catalogue::CatalogueError;
use crate::counters::count;
use crate::model::Recording;
use crate::retention::{Candidate, Removal, removals};

/// How often it is looked whether something has to go.
const EVERY: Duration = Duration::from_secs(60);

/// Empties the trash, keeps the folder within its limits, and the list complete.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut closing = inner.closing.subscribe();
    loop {
        let worker = Arc::clone(&inner);
        let done = tokio::task::spawn_blocking(move || worker.keep_house(unix_ms())).await;
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
    pub(super) fn keep_house(&self, now_ms: u64) -> Result<(), CatalogueError> {
        self.catch_up();
        let all = self.with(|catalogue| catalogue.all())?;
        let mut rest = Vec::new();
        for mut recording in all {
            self.measure(&mut recording);
            let over = recording
                .deleted_until_ms
                .is_some_and(|until| until <= now_ms);
            if over {
                self.removed(&recording.id, "its time in the trash is over");
                count(&self.counters.deleted);
            } else {
                rest.push(self.candidate(&recording));
            }
        }
        for (id, removal) in removals(now_ms, self.config.retention, rest) {
            match removal {
                Removal::Expired => {
                    self.removed(&id, "it is older than record_keep_days");
                    count(&self.counters.expired);
                }
                Removal::NoRoom => {
                    self.removed(&id, "recordings were larger than record_max_bytes");
                    count(&self.counters.no_room);
                }
                Removal::LocalOnly => {
                    self.with(|catalogue| catalogue.drop_local(&id, true))?;
                    tracing::info!(
                        recording = id,
                        "recordings were larger than record_max_bytes: this one has its copy in the bucket alone"
                    );
                    count(&self.counters.no_room);
                }
            }
        }
        Ok(())
    }

    fn removed(&self, id: &str, why: &str) {
        tracing::info!(recording = id, why, "recording goes for good");
        if let Err(error) = self.purge(id) {
            tracing::warn!(recording = id, %error, "a recording could not be deleted");
        }
    }

    fn candidate(&self, recording: &Recording) -> Candidate {
        let mixing = recording.is_mixing() || lock(&self.films).state(&recording.id).is_some();
        let mut whole = recording.files.iter().filter(|f| f.state.is_whole());
        let uploaded = whole.clone().any(|f| f.uploaded.is_some())
            && whole.clone().all(|f| f.uploaded.is_some());
        let missing = whole.any(|f| f.uploaded.is_none() && f.local);
        let in_use = mixing || self.is_held(&recording.id);
        Candidate {
            id: recording.id.clone(),
            ended_at_ms: recording
                .started_at_ms
                .saturating_add(recording.duration_ms),
            local_bytes: recording.local_bytes(),
            trashed: recording.deleted_until_ms.is_some(),
            free: recording.state.is_final() && !in_use,
            pending: self.uploads.is_some() && missing,
            uploaded,
        }
    }
}
