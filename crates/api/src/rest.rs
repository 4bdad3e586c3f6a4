//! The REST API. Every request carries the admin token.

mod operate;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tower_http::services::ServeFile;
use veche_record::store::Manifest;

use crate::http::Shared;

/// Bytes of a request's body; an id has a few dozen.
const MAX_BODY: usize = 4_096;

pub(crate) fn router(shared: Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/rest-api/recordings", get(list).post(list))
        .route("/client/records/{name}", get(download))
        .merge(operate::router())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(from_fn_with_state(shared, authorize))
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

pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "status": status.as_u16(),
        "error": status.canonical_reason(),
        "message": message,
    });
    (status, axum::Json(body)).into_response()
}
