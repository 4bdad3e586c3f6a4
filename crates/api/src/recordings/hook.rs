use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;
use veche_archive::{Archive, HOOK_PENDING, Hold};
use veche_record::store::{Manifest, manifest_path};

use crate::{Metrics, config};

/// Scripts at a time; others wait. They may convert films, and calls come first.
const AT_A_TIME: usize = 2;

/// How far the script of a file is, in its manifest.
pub(super) use veche_archive::HOOK;

/// It is to be run, or was being run when the server died.
pub(super) const PENDING: &str = HOOK_PENDING;

/// There was none to be run.
pub(super) const NONE: &str = "none";

/// It ended, well or not.
const DONE: &str = "done";
const FAILED: &str = "failed";

/// What a script is run for.
pub(super) enum Hook {
    /// A finished file of a stream, which stays where it is until then.
    Stream { manifest: Manifest, _hold: Hold },
    /// The file of a room.
    Room {
        manifest: Manifest,
        journal: PathBuf,
    },
}

/// Runs a script for everything that is sent; the task ends with the last
/// sender, when all scripts have ended.
///
/// The queue is as long as files were finished: none is forgotten.
pub(super) fn start(
    config: &config::Recordings,
    metrics: Arc<Metrics>,
    archive: Arc<Archive>,
) -> (UnboundedSender<Hook>, JoinHandle<()>) {
    let (sender, hooks) = unbounded_channel();
    let config = config.clone();
    let task = tokio::spawn(run(config, metrics, archive, hooks));
    (sender, task)
}

async fn run(
    config: config::Recordings,
    metrics: Arc<Metrics>,
    archive: Arc<Archive>,
    mut hooks: UnboundedReceiver<Hook>,
) {
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut scripts = JoinSet::new();
    while let Some(hook) = hooks.recv().await {
        let script = match &hook {
            Hook::Stream { .. } => config.hook.clone(),
            Hook::Room { .. } => config.room_hook.clone(),
        };
        let folder = config.store.folder.clone();
        let archive = Arc::clone(&archive);
        let Some(script) = script else {
            // There was one when it was recorded.
            if hook.is_pending() {
                remember(&folder, &archive, hook.into_manifest(), NONE).await;
            }
            continue;
        };
        while scripts.try_join_next().is_some() {}
        let (places, metrics) = (Arc::clone(&places), Arc::clone(&metrics));
        let limit = config.hook_timeout;
        scripts.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire_owned().await;
            let called = call(&script, &folder, &hook, limit).await;
            if let Err(error) = &called {
                Metrics::count(&metrics.record_hooks_failed);
                let file = &hook.manifest().file;
                tracing::warn!(script = %script.display(), file, error, "hook script failed");
            }
            let state = if called.is_ok() { DONE } else { FAILED };
            remember(&folder, &archive, hook.into_manifest(), state).await;
        });
    }
    while scripts.join_next().await.is_some() {}
}

/// So that the next start does not run it again.
async fn remember(folder: &Path, archive: &Archive, mut manifest: Manifest, state: &str) {
    let attributes = &mut manifest.origin.attributes;
    attributes.insert(HOOK.to_owned(), state.to_owned());
    let path = manifest_path(&folder.join(&manifest.file));
    let changed = manifest.clone();
    let written = spawn_blocking(move || {
        // Who deleted the recording meanwhile does not want it back.
        path.exists().then(|| manifest.write(&path))
    });
    match written.await {
        Ok(Some(Ok(()))) => archive.put(&changed),
        Ok(Some(Err(error))) => {
            tracing::warn!(%error, "a hook script will be run again at the next start");
        }
        _ => {}
    }
}

impl Hook {
    fn manifest(&self) -> &Manifest {
        match self {
            Self::Stream { manifest, .. } | Self::Room { manifest, .. } => manifest,
        }
    }

    fn into_manifest(self) -> Manifest {
        match self {
            Self::Stream { manifest, .. } | Self::Room { manifest, .. } => manifest,
        }
    }

    fn is_pending(&self) -> bool {
        is_pending(self.manifest())
    }

    fn arguments(&self, path: &Path) -> Vec<OsString> {
        match self {
            Self::Stream { manifest, .. } => {
                vec![manifest.origin.stream.as_str().into(), path.into()]
            }
            Self::Room { manifest, .. } => vec![
                path.into(),
                manifest.started_at_ms.to_string().into(),
                manifest.duration_ms.to_string().into(),
                uri(manifest).into(),
            ],
        }
    }

    fn environment(&self, path: &Path) -> Vec<(&'static str, OsString)> {
        let manifest = self.manifest();
        let origin = &manifest.origin;
        let mut all = vec![
            ("VECHE_RECORD_FILE", path.into()),
            ("VECHE_RECORD_ROOM", origin.room.as_str().into()),
            (
                "VECHE_RECORD_STATE",
                format!("{:?}", manifest.state).to_lowercase().into(),
            ),
            (
                "VECHE_RECORD_STARTED_AT_MS",
                manifest.started_at_ms.to_string().into(),
            ),
            (
                "VECHE_RECORD_DURATION_MS",
                manifest.duration_ms.to_string().into(),
            ),
        ];
        match self {
            Self::Stream { .. } => all.extend([
                ("VECHE_RECORD_STREAM", origin.stream.as_str().into()),
                ("VECHE_RECORD_LOGIN", origin.login.as_str().into()),
                (
                    "VECHE_RECORD_MEDIA_SESSION_ID",
                    origin.media_session_id.as_str().into(),
                ),
            ]),
            Self::Room { journal, .. } => all.extend([
                ("VECHE_RECORD_URI", uri(manifest).into()),
                ("VECHE_RECORD_JOURNAL", journal.into()),
            ]),
        }
        all
    }
}

/// Its script is to be run, or was being run when the server died.
pub(super) fn is_pending(manifest: &Manifest) -> bool {
    let state = manifest.origin.attributes.get(HOOK);
    state.is_some_and(|state| state == PENDING)
}

fn uri(manifest: &Manifest) -> String {
    format!("multi-recorder://{}", manifest.origin.room)
}

/// Runs it as it is, not through a shell: names are arguments, whatever they are.
async fn call(script: &Path, folder: &Path, hook: &Hook, limit: Duration) -> Result<(), String> {
    let path = absolute(folder)?.join(&hook.manifest().file);
    let mut child = Command::new(script)
        .args(hook.arguments(&path))
        .envs(hook.environment(&path))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // What it complains of stands in the server's log.
        .stderr(Stdio::inherit())
        // What it starts is killed with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    match timeout(limit, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(status.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            if let Some(group) = group {
                // Fails only when it has just ended.
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait().await;
            Err(format!("killed: it took longer than {limit:?}"))
        }
    }
}

fn absolute(folder: &Path) -> Result<PathBuf, String> {
    std::path::absolute(folder).map_err(|error| error.to_string())
}
