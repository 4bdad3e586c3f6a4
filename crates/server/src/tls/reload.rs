use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use axum_server::tls_rustls::RustlsConfig;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::Files;

/// How often the files are looked at. Renewals happen weeks before the end.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Reads the certificate again when its files change and on SIGHUP. New
/// connections get the new one; one that cannot be used is logged and left.
/// Never returns unless SIGHUP cannot be listened to.
pub async fn keep_fresh(files: Files, listener: RustlsConfig) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = changed(&files);
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            _ = look.tick() => false,
        };
        let now = changed(&files);
        if !asked && now == seen {
            continue;
        }
        seen = now;
        match files.server_config() {
            Ok(config) => {
                listener.reload_from_config(config);
                tracing::info!(certificate = %files.cert.display(), "certificate read again");
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate cannot be used; the old one stays");
            }
        }
    }
}

fn changed(files: &Files) -> [Option<SystemTime>; 2] {
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    [modified(&files.cert), modified(&files.key)]
}
