use std::time::Duration;

use super::local::Local;
use super::{Halt, Pass};
use crate::counters::{add, count};
use crate::kept::{Kept, KeptUpload, Multipart};
use crate::model::Recording;
use crate::upload::{CallError, Fault, FaultKind, Item, Parts, tag_of_parts};

/// How often it is looked how much of a request has left.
const LOOK: Duration = Duration::from_millis(500);

/// A file to carry, and what was known when it was chosen.
#[derive(Clone, Copy)]
pub(super) struct Cargo<'a> {
    pub(super) item: &'a Item,
    pub(super) recording: &'a Recording,
    pub(super) kept: &'a Kept,
}

impl Pass<'_> {
    /// Carries one file, as a whole or what is missing of it.
    pub(super) async fn send(&self, cargo: Cargo<'_>) -> Result<(), Halt> {
        let Cargo {
            item,
            recording,
            kept,
        } = cargo;
        let local = Local::open(&self.inner.config.folder, &item.name)?;
        let place = &self.uploads.config.place;
        let fresh = KeptUpload {
            bucket: place.bucket.clone(),
            key: place.key(&item.name),
            bytes: local.stat.bytes,
            stamp: local.stat.stamp.clone(),
            confirmed: None,
            multipart: None,
        };
        let before = kept.uploads.get(&item.name);
        let same = before
            .filter(|b| (&b.bucket, &b.key, &b.stamp) == (&fresh.bucket, &fresh.key, &fresh.stamp));
        let begun = same.and_then(|before| before.multipart.clone());
        if let Some(before) = before.filter(|_| begun.is_none()) {
            self.give_up(&item.name, before).await?;
        }
        if begun.is_none() {
            self.keep(&item.name, |upload| *upload = fresh.clone())?;
        }
        let small = local.stat.bytes <= self.uploads.config.single_bytes;
        let tag = if small && begun.is_none() {
            let bytes = local.read(0..local.stat.bytes)?;
            let put = self.bucket.put(&fresh.key, item.mime, bytes);
            self.watched(put, cargo, 0).await??
        } else {
            self.send_parts(cargo, &local, &fresh, begun).await?
        };
        self.confirm(&item.name, &local, &fresh, tag).await?;
        self.succeeded();
        count(&self.inner.counters.uploaded);
        add(&self.inner.counters.uploaded_bytes, fresh.bytes);
        let (file, bytes) = (&item.name, fresh.bytes);
        match recording.files.iter().any(|f| f.name == *file) {
            true => tracing::info!(recording = self.id, file, bytes, "uploaded"),
            false => tracing::debug!(recording = self.id, file, bytes, "uploaded"),
        }
        Ok(())
    }

    async fn send_parts(
        &self,
        cargo: Cargo<'_>,
        local: &Local<'_>,
        fresh: &KeptUpload,
        begun: Option<Multipart>,
    ) -> Result<Option<String>, Halt> {
        let (name, key) = (cargo.item.name.as_str(), fresh.key.as_str());
        let Multipart {
            id,
            part_bytes,
            parts: mut tags,
        } = match begun {
            Some(begun) => begun,
            None => self.begin(cargo.item, key, fresh.bytes).await?,
        };
        let parts = Parts {
            bytes: fresh.bytes,
            part_bytes: part_bytes.max(1),
        };
        tags.truncate(parts.count());
        for part in tags.len()..parts.count() {
            self.check_stopped()?;
            let bytes = local.read(parts.range(part))?;
            let sent = self.bucket.part(key, &id, part, bytes);
            let before = parts.before(part);
            let tag = match self.watched(sent, cargo, before).await? {
                Err(CallError::Forgotten(fault)) => {
                    self.keep(name, |upload| upload.multipart = None)?;
                    return Err(fault.into());
                }
                sent => sent?,
            };
            tags.push(tag.clone());
            self.keep(name, |upload| {
                if let Some(multipart) = &mut upload.multipart {
                    multipart.parts.push(tag);
                }
            })?;
            self.succeeded();
        }
        local.check_unchanged()?;
        match self.bucket.complete(key, &id, &tags).await {
            Ok(tag) => Ok(tag),
            // It may have been put together without our being told.
            Err(CallError::Forgotten(fault)) => match tag_of_parts(&tags) {
                Some(tag) if self.is_there(key, fresh.bytes, &tag).await? => Ok(Some(tag)),
                _ => {
                    self.keep(name, |upload| upload.multipart = None)?;
                    Err(fault.into())
                }
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a multipart upload. Not interrupted: one without an id that is kept
    /// would never be ended.
    async fn begin(&self, item: &Item, key: &str, bytes: u64) -> Result<Multipart, Halt> {
        let id = self.bucket.begin(key, item.mime).await?;
        let multipart = Multipart {
            id: id.clone(),
            part_bytes: Parts::of(bytes, self.uploads.config.part_bytes).part_bytes,
            parts: Vec::new(),
        };
        let kept = self.keep(&item.name, |upload| {
            upload.multipart = Some(multipart.clone());
        });
        if let Err(halt) = kept {
            if let Err(error) = self.bucket.abort(key, &id).await {
                let why = error.into_fault().text;
                tracing::warn!(
                    recording = self.id,
                    why,
                    "an upload that was begun stays open"
                );
            }
            return Err(halt);
        }
        Ok(multipart)
    }

    async fn is_there(&self, key: &str, bytes: u64, tag: &str) -> Result<bool, Halt> {
        match self.bucket.head(key).await {
            Ok(head) => Ok(head.bytes == bytes && head.tag.as_deref() == Some(tag)),
            Err(CallError::Missing(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A copy counts when the storage, asked again, tells of the same.
    async fn confirm(
        &self,
        name: &str,
        local: &Local<'_>,
        sent: &KeptUpload,
        tag: Option<String>,
    ) -> Result<(), Halt> {
        let head = self.bucket.head(&sent.key).await?;
        let other = match (&tag, &head.tag) {
            (Some(tag), Some(found)) if tag != found => true,
            _ => head.bytes != sent.bytes,
        };
        if other {
            self.keep(name, |upload| upload.multipart = None)?;
            let text = format!(
                "{name}: the storage has {} bytes of {} that were sent, or others; it is sent again",
                head.bytes, sent.bytes
            );
            return Err(Fault::new(FaultKind::Refused, text).into());
        }
        local.check_unchanged()?;
        self.keep(name, |upload| {
            upload.multipart = None;
            upload.confirmed = Some(head.tag.or(tag).unwrap_or_default());
        })
    }

    /// Waits for a request, shows how much of it has left, and ends it when nobody
    /// wants it any more.
    async fn watched<T>(
        &self,
        request: impl Future<Output = T>,
        cargo: Cargo<'_>,
        before: u64,
    ) -> Result<T, Halt> {
        tokio::pin!(request);
        let mut stopped = self.stopped.clone();
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                done = &mut request => return Ok(done),
                _ = stopped.wait_for(|stopped| *stopped) => return Err(Halt::Stopped),
                _ = looks.tick() => {
                    self.show(cargo, before + self.meter.sent());
                }
            }
        }
    }

    /// Shows how much of the recording is there, when so much of this file is.
    pub(super) fn show(&self, cargo: Cargo<'_>, sent: u64) {
        let files = cargo.recording.files.iter();
        let mut so_far = sent;
        let mut all = 0;
        for file in files.filter(|f| f.state.is_whole()) {
            all += file.bytes;
            let upload = cargo.kept.uploads.get(&file.name);
            let there = upload.is_some_and(|upload| upload.confirmed.is_some());
            if there && file.name != cargo.item.name {
                so_far += file.bytes;
            }
        }
        self.uploads
            .plan(|plan| plan.handle_progress(self.id, so_far, all));
    }
}
