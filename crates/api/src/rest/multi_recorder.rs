//! Recorders of chosen streams (`/multipleRecorder`), as WCS has them. The file
//! is made as that of a room is, and the same script runs for it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use veche_room::MultiRecord;

use super::operate::{PATIENCE, ask, read};
use crate::archive::{Problem, Refusal};
use crate::http::Shared;
use crate::hub::{FromSession, RecordWhat};

/// What the uris of recorders begin with.
const SCHEME: &str = "multi-recorder://";

/// For operators only: whoever serves it sees to that.
pub(super) fn router() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(startup))
        .routes(routes!(add))
        .routes(routes!(remove))
        .routes(routes!(terminate))
        .routes(routes!(find_all, post_find_all))
}

#[derive(Deserialize, ToSchema)]
struct Recorder {
    /// `multi-recorder://` and a name.
    uri: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Chosen {
    /// `multi-recorder://` and a name.
    uri: String,
    /// Of a live stream.
    media_session_id: String,
}

/// Make a recorder of chosen streams.
#[utoipa::path(
    post, path = "/rest-api/multipleRecorder/startup", tag = "live", request_body = Recorder,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "Something is missing in the body", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such recorder, or live stream in it", body = Problem),
        (status = 409, description = "It is there already, or the stream is recorded with others", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn startup(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Recorder = read(&body, "uri is missing")?;
    operate(&shared, &which.uri, MultiRecord::Startup).await
}

/// Record a live stream with a recorder.
#[utoipa::path(
    post, path = "/rest-api/multipleRecorder/add", tag = "live", request_body = Chosen,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "Something is missing in the body", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such recorder, or live stream in it", body = Problem),
        (status = 409, description = "It is there already, or the stream is recorded with others", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn add(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Chosen = read(&body, "uri or mediaSessionId is missing")?;
    let stream = which.media_session_id.as_str().into();
    operate(&shared, &which.uri, MultiRecord::Add(stream)).await
}

/// Record a stream with a recorder no more.
#[utoipa::path(
    post, path = "/rest-api/multipleRecorder/remove", tag = "live", request_body = Chosen,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "Something is missing in the body", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such recorder, or live stream in it", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn remove(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Chosen = read(&body, "uri or mediaSessionId is missing")?;
    let stream = which.media_session_id.as_str().into();
    operate(&shared, &which.uri, MultiRecord::Remove(stream)).await
}

/// End a recorder: its streams are put into one file.
#[utoipa::path(
    post, path = "/rest-api/multipleRecorder/terminate", tag = "live", request_body = Recorder,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "Something is missing in the body", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such recorder, or live stream in it", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn terminate(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Recorder = read(&body, "uri is missing")?;
    operate(&shared, &which.uri, MultiRecord::Terminate).await
}

async fn operate(shared: &Shared, uri: &str, what: MultiRecord) -> Result<(), Refusal> {
    let name = uri.strip_prefix(SCHEME).filter(|name| !name.is_empty());
    let Some(name) = name else {
        let problem = "uri must be multi-recorder:// and a name";
        return Err(Refusal::bad_request(problem));
    };
    let name = name.into();
    ask(shared, RecordWhat::Multi { name, what }).await
}

/// List the recorders of chosen streams.
#[utoipa::path(
    get, path = "/rest-api/multipleRecorder/find_all", tag = "live",
    responses(
        (status = 200, description = "They are", body = Vec<Object>),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There are none", body = Problem),
        (status = 500, description = "The server goes down", body = Problem),
    )
)]
async fn find_all(State(shared): State<Arc<Shared>>) -> Result<Json<Vec<Value>>, Refusal> {
    found(&shared).await
}

/// List the recorders of chosen streams.
#[utoipa::path(
    post, path = "/rest-api/multipleRecorder/find_all", tag = "live",
    responses(
        (status = 200, description = "They are", body = Vec<Object>),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There are none", body = Problem),
        (status = 500, description = "The server goes down", body = Problem),
    )
)]
async fn post_find_all(State(shared): State<Arc<Shared>>) -> Result<Json<Vec<Value>>, Refusal> {
    found(&shared).await
}

async fn found(shared: &Shared) -> Result<Json<Vec<Value>>, Refusal> {
    let (answer, answered) = oneshot::channel();
    // Fails only when the hub has ended; then nobody answers.
    let asked = FromSession::ListRecorders(answer);
    let _ = shared.context.hub.send(asked).await;
    let Ok(Ok(recorders)) = timeout(PATIENCE, answered).await else {
        return Err(Refusal::internal());
    };
    let file = |id| shared.recordings.as_ref()?.room_file(id);
    let recorders: Vec<Value> = recorders
        .iter()
        .map(|recorder| {
            let streams = recorder.streams.iter();
            json!({
                "uri": format!("{SCHEME}{}", recorder.name),
                "mediaSessionsId": streams.map(|id| id.as_str()).collect::<Vec<_>>(),
                "fileName": file(recorder.recording),
            })
        })
        .collect();
    match recorders.is_empty() {
        true => {
            let (code, message) = ("recorder_not_found", "no recorder runs");
            Err(Refusal::new(StatusCode::NOT_FOUND, code, message))
        }
        false => Ok(Json(recorders)),
    }
}
