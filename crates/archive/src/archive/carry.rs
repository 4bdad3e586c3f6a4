//! One recording on its way to the storage: what is there is asked of the disk
//! before each step, and written there after it.

mod local;
mod send;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use send::Cargo;

use super::Inner;
use super::uploads::Uploads;
use crate::catalogue::CatalogueError;
use crate::kept::{Kept, KeptUpload};
use crate::model::Recording;
use crate::source;
use crate::upload::{Bucket, CallError, Ended, Fault, FaultKind, Item, Meter, next};

/// Why a step was not taken.
#[derive(Debug)]
enum Halt {
    /// Somebody does not want it any more.
    Stopped,
    /// It did not work.
    Failed(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        Self::Failed(error.into_fault())
    }
}

impl From<CatalogueError> for Halt {
    fn from(error: CatalogueError) -> Self {
        Self::Failed(file_fault(&error.to_string()))
    }
}

fn file_fault(text: &str) -> Fault {
    Fault::new(FaultKind::File, text)
}

/// What one pass over a recording has at hand.
struct Pass<'a> {
    inner: &'a Inner,
    uploads: &'a Uploads,
    id: &'a str,
    stopped: watch::Receiver<bool>,
    meter: Arc<Meter>,
    bucket: Bucket,
}

impl Inner {
    /// Does whatever is to be done about a recording.
    pub(super) async fn carry(
        &self,
        uploads: &Uploads,
        id: &str,
        stopped: watch::Receiver<bool>,
    ) -> Ended {
        let meter = Arc::<Meter>::default();
        let bucket = uploads
            .store
            .bucket(&uploads.config.place.bucket, Arc::clone(&meter));
        let ended = match bucket {
            Ok(bucket) => {
                let pass = Pass {
                    inner: self,
                    uploads,
                    id,
                    stopped,
                    meter,
                    bucket,
                };
                pass.run().await
            }
            Err(fault) => Err(fault.into()),
        };
        match ended {
            Ok(()) => Ended::Done,
            Err(Halt::Stopped) => Ended::Stopped,
            Err(Halt::Failed(fault)) => Ended::Failed(fault),
        }
    }
}

impl Pass<'_> {
    async fn run(&self) -> Result<(), Halt> {
        let mut skip = BTreeSet::new();
        let mut first = None;
        loop {
            self.check_stopped()?;
            let kept = self.inner.with(|catalogue| catalogue.kept(self.id))?;
            if kept.purging {
                return self.remove_copies(kept).await;
            }
            let found = self.inner.with(|catalogue| catalogue.get(self.id))?;
            let wanted = |r: &Recording| r.state.is_final() && r.deleted_until_ms.is_none();
            let Some(recording) = found.filter(wanted) else {
                return Ok(());
            };
            self.forget_lost(&recording, &kept).await?;
            let Some(item) = self.next(&recording, &kept, &skip)? else {
                break;
            };
            let cargo = Cargo {
                item: &item,
                recording: &recording,
                kept: &kept,
            };
            self.show(cargo, 0);
            match self.send(cargo).await {
                Ok(()) => {}
                Err(Halt::Failed(fault)) if fault.kind == FaultKind::File => {
                    skip.insert(item.name.clone());
                    let text = format!("{}: {}", item.name, fault.text);
                    first.get_or_insert(file_fault(&text));
                }
                Err(halt) => return Err(halt),
            }
        }
        match first {
            Some(fault) => Err(fault.into()),
            None => self.drop_local(),
        }
    }

    fn next(
        &self,
        recording: &Recording,
        kept: &Kept,
        skip: &BTreeSet<String>,
    ) -> Result<Option<Item>, Halt> {
        let sidecars = self.inner.with(|catalogue| catalogue.sidecars(self.id))?;
        let folder = &self.inner.config.folder;
        let stat = |name: &str| source::stat(folder, name);
        Ok(next(recording, &sidecars, kept, stat, skip))
    }

    fn check_stopped(&self) -> Result<(), Halt> {
        match *self.stopped.borrow() {
            true => Err(Halt::Stopped),
            false => Ok(()),
        }
    }

    /// A file that has vanished before it was there as a whole: nothing will end
    /// its upload.
    async fn forget_lost(&self, recording: &Recording, kept: &Kept) -> Result<(), Halt> {
        let folder = &self.inner.config.folder;
        let begun = kept.uploads.iter().filter(|(_, u)| u.multipart.is_some());
        for (name, upload) in begun.filter(|(name, _)| source::stat(folder, name).is_none()) {
            tracing::warn!(
                recording = recording.id,
                file = name,
                "it vanished before it was uploaded"
            );
            self.give_up(name, upload).await?;
            self.inner.with(|catalogue| catalogue.refresh(self.id))?;
        }
        Ok(())
    }

    /// Ends a multipart upload that goes nowhere.
    async fn give_up(&self, name: &str, upload: &KeptUpload) -> Result<(), Halt> {
        if let Some(multipart) = &upload.multipart {
            let elsewhere = self.other_bucket(upload)?;
            let bucket = elsewhere.as_ref().unwrap_or(&self.bucket);
            bucket.abort(&upload.key, &multipart.id).await?;
            self.keep(name, |upload| upload.multipart = None)?;
        }
        Ok(())
    }

    /// Copies of before `record_upload_url` was changed are where they were.
    fn other_bucket(&self, upload: &KeptUpload) -> Result<Option<Bucket>, Halt> {
        if upload.bucket == self.uploads.config.place.bucket {
            return Ok(None);
        }
        let meter = Arc::clone(&self.meter);
        Ok(Some(self.uploads.store.bucket(&upload.bucket, meter)?))
    }

    /// Deletes what there is of a recording that was deleted for good.
    async fn remove_copies(&self, kept: Kept) -> Result<(), Halt> {
        for (name, upload) in &kept.uploads {
            self.check_stopped()?;
            let elsewhere = self.other_bucket(upload)?;
            let bucket = elsewhere.as_ref().unwrap_or(&self.bucket);
            if let Some(multipart) = &upload.multipart {
                bucket.abort(&upload.key, &multipart.id).await?;
            }
            bucket.delete(&upload.key).await?;
            self.inner.with(|catalogue| {
                catalogue.keep(self.id, |kept| {
                    kept.uploads.remove(name);
                    if kept.uploads.is_empty() {
                        *kept = Kept::default();
                    }
                })
            })?;
            self.succeeded();
        }
        tracing::info!(recording = self.id, "its copies are deleted");
        Ok(())
    }

    /// Deletes here what is there, if that is wanted and nobody needs it.
    fn drop_local(&self) -> Result<(), Halt> {
        let id = self.id;
        let Ok(recording) = self.inner.get(id) else {
            return Ok(());
        };
        let wanted = self.uploads.config.delete_local
            && recording.state.is_whole()
            && recording.deleted_until_ms.is_none()
            && recording
                .files
                .iter()
                .any(|f| f.local && f.uploaded.is_some());
        let needed = recording.is_mixing()
            || self.inner.is_held(id)
            || self.inner.with(|catalogue| catalogue.awaits_script(id))?;
        if wanted && !needed {
            let bytes = self
                .inner
                .with(|catalogue| catalogue.drop_local(id, false))?;
            tracing::info!(
                recording = id,
                bytes,
                "files deleted here: their copies are confirmed"
            );
        }
        Ok(())
    }

    /// Changes what is kept of a file, unless its recording is deleted for good.
    fn keep(&self, name: &str, change: impl FnOnce(&mut KeptUpload)) -> Result<(), Halt> {
        let mut change = Some(change);
        let mut stopped = false;
        self.inner.with(|catalogue| {
            let change = change.take();
            catalogue.keep(self.id, |kept| {
                stopped = kept.purging;
                if let Some(change) = change.filter(|_| !stopped) {
                    change(kept.uploads.entry(name.to_owned()).or_default());
                }
            })
        })?;
        match stopped {
            true => Err(Halt::Stopped),
            false => Ok(()),
        }
    }

    fn succeeded(&self) {
        let now = Instant::now();
        self.uploads.plan(|plan| plan.handle_success(self.id, now));
    }
}
