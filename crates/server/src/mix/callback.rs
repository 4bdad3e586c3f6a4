//! Telling an address that a film is there (`callbackUrl`).

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use veche_film::Film;

/// Why the address does not know.
#[derive(Debug, thiserror::Error)]
#[error("{url} could not be told: {error}")]
pub(crate) struct CallbackError {
    url: String,
    error: ureq::Error,
}

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Tries, and the pauses behind the first ones.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Posts what the film is. Tries three times.
pub(crate) fn tell(url: &str, output: &Path, film: &Film) -> Result<(), CallbackError> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .build()
        .into();
    let body = body(output, film).to_string();
    let post = || {
        agent
            .post(url)
            .header("content-type", "application/json")
            .send(&body)
            .map(drop)
    };
    let mut told = post();
    for pause in PAUSES {
        if told.is_ok() {
            break;
        }
        std::thread::sleep(pause);
        told = post();
    }
    told.map_err(|error| CallbackError {
        url: url.to_owned(),
        error,
    })
}

fn body(output: &Path, film: &Film) -> Value {
    json!({
        "fileName": output.file_name().map(|name| name.to_string_lossy()),
        "file": output,
        "room": film.room,
        "people": film.people,
        "durationMs": film.duration.as_millis() as u64,
        "bytes": film.bytes,
        "warnings": film.warnings,
    })
}
