//! Carries recordings to the storage, on a thread of its own: hashes and
//! encryption take time that belongs to calls.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::setpriority_process;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};

use super::{Inner, lock, unix_ms};
use crate::counters::{count, set};
use crate::model::{Recording, Upload};
use crate::upload::{Config, Ended, Fault, FaultKind, Plan, Store, tell};

/// Calls come first.
const NICE: i32 = 10;

/// What is being carried.
pub(super) struct Uploads {
    pub(super) config: Config,
    pub(super) store: Store,
    /// Another client for what viewers fetch: its connections are those of the
    /// threads that serve them.
    pub(super) shop: Store,
    plan: Mutex<Plan>,
    /// True for those that are to stop, by recording.
    stops: Mutex<BTreeMap<String, watch::Sender<bool>>>,
    wake: Notify,
}

impl Uploads {
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        let store = || Store::new(config).map_err(|fault| fault.text);
        Ok(Self {
            config: config.clone(),
            store: store()?,
            shop: store()?,
            plan: Mutex::new(Plan::new(config.jobs, config.pauses, fastrand::u64(..))),
            stops: Mutex::default(),
            wake: Notify::new(),
        })
    }

    pub(super) fn plan<T>(&self, ask: impl FnOnce(&mut Plan) -> T) -> T {
        ask(&mut lock(&self.plan))
    }

    fn stop(&self, id: &str) {
        if let Some(stop) = lock(&self.stops).get(id) {
            stop.send_replace(true);
        }
    }
}

pub(super) fn start(inner: Arc<Inner>) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("upload".to_owned())
        .spawn(move || {
            // Of this thread alone: Linux takes it so.
            if let Err(error) = setpriority_process(None, NICE) {
                tracing::debug!(%error, "recordings are uploaded at full priority");
            }
            runtime.block_on(run(inner));
        })
}

/// Begins with recordings as places become free and pauses end.
async fn run(inner: Arc<Inner>) {
    let Some(uploads) = &inner.uploads else {
        return;
    };
    tracing::info!(to = %uploads.config.place, "recordings are uploaded");
    let mut closing = inner.closing.subscribe();
    let mut passes = JoinSet::new();
    let mut ids: BTreeMap<Id, String> = BTreeMap::new();
    loop {
        while let Some(id) = inner.next_upload(uploads) {
            let pass = passes.spawn(pass(Arc::clone(&inner), id.clone()));
            ids.insert(pass.id(), id);
        }
        let next = uploads.plan(|plan| plan.next());
        let pause = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = uploads.wake.notified() => {}
            () = pause => {}
            Some(ended) = passes.join_next_with_id() => match ended {
                Ok((task, ended)) => inner.upload_ended(uploads, ids.remove(&task), ended),
                Err(panic) => {
                    let fault = Fault::new(FaultKind::File, "the server has a fault; its log tells");
                    tracing::error!(error = %panic, "panic while uploading");
                    inner.upload_ended(uploads, ids.remove(&panic.id()), Ended::Failed(fault));
                }
            },
            _ = closing.wait_for(|closing| *closing) => break,
        }
    }
    for id in ids.values() {
        uploads.stop(id);
    }
    while passes.join_next().await.is_some() {}
}

async fn pass(inner: Arc<Inner>, id: String) -> Ended {
    let Some(uploads) = &inner.uploads else {
        return Ended::Done;
    };
    let stop = watch::Sender::new(false);
    let stopped = stop.subscribe();
    lock(&uploads.stops).insert(id.clone(), stop);
    let ended = inner.carry(uploads, &id, stopped).await;
    lock(&uploads.stops).remove(&id);
    ended
}

impl Inner {
    /// There may be something to carry of a recording.
    pub(super) fn upload(&self, id: &str) {
        if let Some(uploads) = &self.uploads {
            uploads.plan(|plan| plan.add(id));
            uploads.wake.notify_one();
        }
    }

    /// Nothing of it is carried any more.
    pub(super) fn stop_upload(&self, id: &str) {
        if let Some(uploads) = &self.uploads {
            uploads.plan(|plan| plan.remove(id));
            uploads.stop(id);
        }
    }

    /// The copies of a recording that was deleted for good have to go.
    pub(super) fn purge_copies(&self, id: &str) {
        let Some(uploads) = &self.uploads else {
            tracing::warn!(
                recording = id,
                "copies of a deleted recording stay in the bucket until record_upload_url is set again"
            );
            return;
        };
        uploads.plan(|plan| plan.add_now(id));
        uploads.stop(id);
        uploads.wake.notify_one();
    }

    pub(super) fn upload_of(&self, recording: &Recording) -> Option<Upload> {
        let planned = self.uploads.as_ref().and_then(|uploads| {
            uploads.plan(|plan| plan.state(&recording.id, Instant::now(), unix_ms()))
        });
        let shown = tell(recording, self.uploads.is_some());
        match shown {
            // It may be looked at again for nothing.
            Some(ref upload) if upload.progress >= 1.0 => shown,
            shown => planned.or(shown),
        }
    }

    fn next_upload(&self, uploads: &Uploads) -> Option<String> {
        if self.is_closing() {
            return None;
        }
        let (next, (waiting, running)) = uploads.plan(|plan| {
            let next = plan.poll_start(Instant::now());
            (next, plan.counts())
        });
        set(&self.counters.uploads_waiting, waiting);
        set(&self.counters.uploads_running, running);
        next
    }

    fn upload_ended(&self, uploads: &Uploads, id: Option<String>, ended: Ended) {
        let Some(id) = id else {
            return;
        };
        let why = match &ended {
            Ended::Failed(fault) => Some(fault.text.clone()),
            _ => None,
        };
        let pause = uploads.plan(|plan| plan.handle_end(&id, ended, Instant::now()));
        if let (Some(why), Some(pause)) = (why, pause) {
            count(&self.counters.uploads_failed);
            let again_s = pause.as_secs_f32().ceil() as u64;
            tracing::warn!(
                recording = id,
                why,
                again_s,
                "upload failed; it is tried again"
            );
        }
    }
}
