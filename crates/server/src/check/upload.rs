use std::time::Duration;

use tokio::time::timeout;
use veche_archive::upload;

use super::Report;
use crate::Config;

/// Nobody wants to wait longer for a report.
const PATIENCE: Duration = Duration::from_secs(30);

/// After so long on a silent line it is told what was waited for.
const STALL: Duration = Duration::from_secs(10);

pub(super) fn look(config: &Config, report: &mut Report) {
    let Some(mut upload) = config.upload() else {
        return;
    };
    upload.stall = STALL;
    let at = match &upload.endpoint {
        Some(endpoint) => format!("{} at {endpoint}", upload.place),
        None => format!("{} in {}", upload.place, upload.region),
    };
    match attempt(&upload) {
        Ok(()) => report.ok("upload", format!("{at} can be written, read and deleted")),
        Err(why) => report.broken(
            "upload",
            format!("{at}: {why}"),
            "correct record_upload_*, or what the storage allows; until then recordings stay here",
        ),
    }
    let plain = upload
        .viewers_from()
        .filter(|from| from.starts_with("http:"));
    if let Some(from) = plain.filter(|_| config.https) {
        report.warn(
            "upload",
            format!("viewers come over https, and browsers do not play from {from} there"),
            "give the storage TLS, or set record_upload_redirect = false",
        );
    }
}

fn attempt(config: &upload::Config) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let checked = timeout(PATIENCE, upload::check(config)).await;
        checked.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
    })
}
