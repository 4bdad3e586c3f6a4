use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use veche_record::store::Manifest;

use crate::{Metrics, config};

/// Scripts at a time; others wait. They may convert films, and calls come first.
const AT_A_TIME: usize = 2;

/// Runs the script for every manifest that is sent; the task ends with the
/// last sender, when all scripts have ended.
///
/// The queue is as long as files were finished: none is forgotten.
pub(super) fn start(
    config: &config::Recordings,
    metrics: Arc<Metrics>,
) -> (UnboundedSender<Manifest>, JoinHandle<()>) {
    let (sender, manifests) = unbounded_channel();
    let config = config.clone();
    let task = tokio::spawn(run(config, metrics, manifests));
    (sender, task)
}

async fn run(
    config: config::Recordings,
    metrics: Arc<Metrics>,
    mut manifests: UnboundedReceiver<Manifest>,
) {
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut scripts = JoinSet::new();
    while let Some(manifest) = manifests.recv().await {
        let Some(script) = config.hook.clone() else {
            continue;
        };
        while scripts.try_join_next().is_some() {}
        let folder = config.store.folder.clone();
        let (places, metrics) = (Arc::clone(&places), Arc::clone(&metrics));
        let limit = config.hook_timeout;
        scripts.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire_owned().await;
            if let Err(error) = call(&script, &folder, &manifest, limit).await {
                Metrics::count(&metrics.record_hooks_failed);
                tracing::warn!(script = %script.display(), file = manifest.file, error, "hook script failed");
            }
        });
    }
    while scripts.join_next().await.is_some() {}
}

/// Runs it as it is, not through a shell: names are arguments, whatever they are.
async fn call(
    script: &Path,
    folder: &Path,
    manifest: &Manifest,
    limit: Duration,
) -> Result<(), String> {
    let path = absolute(folder)?.join(&manifest.file);
    let mut child = Command::new(script)
        .arg(&manifest.origin.stream)
        .arg(&path)
        .env("VECHE_RECORD_FILE", &path)
        .env("VECHE_RECORD_STREAM", &manifest.origin.stream)
        .env("VECHE_RECORD_ROOM", &manifest.origin.room)
        .env("VECHE_RECORD_LOGIN", &manifest.origin.login)
        .env(
            "VECHE_RECORD_MEDIA_SESSION_ID",
            &manifest.origin.media_session_id,
        )
        .env(
            "VECHE_RECORD_STATE",
            format!("{:?}", manifest.state).to_lowercase(),
        )
        .env("VECHE_RECORD_DURATION_MS", manifest.duration_ms.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
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
