//! The REST API about recordings. Every request carries the admin token.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_http::services::ServeFile;
use veche_record::store::Manifest;
use veche_room::Reason;

use crate::http::Shared;
use crate::hub::{FromSession, RecordAsked, RecordWhat};
use crate::translate;

/// Bytes of a request's body; an id has a few dozen.
const MAX_BODY: usize = 4_096;

/// How long a recording may take to start: it only asks a disk for its space.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn router(shared: Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/rest-api/stream/startRecording", post(start))
        .route("/rest-api/stream/stopRecording", post(stop))
        .route("/rest-api/recordings", get(list).post(list))
        .route("/client/records/{name}", get(download))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(from_fn_with_state(shared, authorize))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Which {
    media_session_id: String,
}

async fn start(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    record(&shared, &body, true).await
}

async fn stop(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    record(&shared, &body, false).await
}

async fn record(shared: &Shared, body: &[u8], on: bool) -> Response {
    let Ok(which) = serde_json::from_slice::<Which>(body) else {
        return refuse(StatusCode::BAD_REQUEST, "mediaSessionId is missing");
    };
    let (answer, answered) = oneshot::channel();
    let asked = FromSession::Record(RecordAsked {
        what: RecordWhat::Stream {
            media_session: which.media_session_id.as_str().into(),
            on,
        },
        answer,
    });
    // Fails only when the hub has ended; then nobody answers.
    let _ = shared.context.hub.send(asked).await;
    match timeout(PATIENCE, answered).await {
        Ok(Ok(Ok(()))) => StatusCode::OK.into_response(),
        Ok(Ok(Err(reason))) => {
            let status = match reason {
                Reason::StreamNotFound | Reason::NotRecorded | Reason::PublishNotReady => {
                    StatusCode::NOT_FOUND
                }
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            refuse(status, translate::text(reason))
        }
        Ok(Err(_)) | Err(_) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            translate::text(Reason::RecordingFailed),
        ),
    }
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let all = shared.recordings.as_ref();
    let all = all.map(|recordings| recordings.catalogue().all());
    let all: Vec<_> = all.unwrap_or_default().iter().map(entry).collect();
    axum::Json(all).into_response()
}

fn entry(manifest: &Manifest) -> Value {
    json!({
        "recordName": manifest.file,
        "state": manifest.state,
        "recording": manifest.recording,
        "part": manifest.part,
        "room": manifest.origin.room,
        "login": manifest.origin.login,
        "stream": manifest.origin.stream,
        "mediaSessionId": manifest.origin.media_session_id,
        "startedAt": manifest.started_at_ms,
        "duration": manifest.duration_ms,
        "bytes": manifest.bytes,
        "degraded": manifest.degraded,
        "tracks": manifest.tracks,
        "note": manifest.note,
    })
}

/// Only files that the catalogue knows, so no name leads anywhere else.
async fn download(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let path = shared.recordings.as_ref();
    let path = path.and_then(|recordings| recordings.catalogue().path(&name));
    let Some(path) = path else {
        return refuse(StatusCode::NOT_FOUND, "no finished recording has this name");
    };
    let Ok(mut file) = ServeFile::new(path).try_call(request).await else {
        return refuse(StatusCode::NOT_FOUND, "the file is gone");
    };
    let headers = file.headers_mut();
    let value = HeaderValue::from_static;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, value("nosniff"));
    headers.insert(header::CACHE_CONTROL, value("private, no-cache"));
    file.into_response()
}

async fn authorize(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let presented = bearer(request.headers());
    let expected = shared.admin_token.as_deref();
    let allowed = presented
        .zip(expected)
        .is_some_and(|(presented, expected)| same(presented.as_bytes(), expected.as_bytes()));
    if allowed {
        return next.run(request).await;
    }
    let mut response = refuse(StatusCode::UNAUTHORIZED, "an admin token is needed");
    let challenge = HeaderValue::from_static("Bearer");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// Takes as long wherever they differ, so that the time tells nothing.
fn same(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(differences) == 0 && a.len() == b.len()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "status": status.as_u16(),
        "error": status.canonical_reason(),
        "message": message,
    });
    (status, axum::Json(body)).into_response()
}
