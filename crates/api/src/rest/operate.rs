//! What operators do to live streams and rooms. Paths, bodies and codes of WCS
//! where it has them; `/room` is ours.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use veche_room::{Published, Reason};

use super::multi_recorder;
use crate::archive::{Problem, Refusal};
use crate::http::Shared;
use crate::hub::{FromSession, RecordAsked, RecordWhat};
use crate::translate;

/// How long a recording may take to start: it only asks a disk for its space.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// For operators only: whoever serves it sees to that.
pub(crate) fn router() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(start_room))
        .routes(routes!(stop_room))
        .routes(routes!(find_all, post_find_all))
        .routes(routes!(find))
        .merge(multi_recorder::router())
}

/// Start recording a live stream.
#[utoipa::path(
    post, path = "/rest-api/stream/startRecording", tag = "live", request_body = Stream,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "`mediaSessionId` is missing", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such live stream, or it is not recorded", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn start(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Stream = read(&body, "mediaSessionId is missing")?;
    ask(&shared, which.record(true)).await
}

/// Stop recording a live stream. While its room is recorded, it is out of the room's file
/// from there on.
#[utoipa::path(
    post, path = "/rest-api/stream/stopRecording", tag = "live", request_body = Stream,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "`mediaSessionId` is missing", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such live stream, or it is not recorded", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn stop(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Stream = read(&body, "mediaSessionId is missing")?;
    ask(&shared, which.record(false)).await
}

/// Record nothing of a stream until it is resumed.
#[utoipa::path(
    post, path = "/rest-api/stream/pauseRecording", tag = "live", request_body = Stream,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "`mediaSessionId` is missing", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such live stream, or it is not recorded", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn pause(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Stream = read(&body, "mediaSessionId is missing")?;
    ask(&shared, which.pause(true)).await
}

/// Go on recording a stream, into the same file.
#[utoipa::path(
    post, path = "/rest-api/stream/resumeRecording", tag = "live", request_body = Stream,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "`mediaSessionId` is missing", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such live stream, or it is not recorded", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn resume(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Stream = read(&body, "mediaSessionId is missing")?;
    ask(&shared, which.pause(false)).await
}

/// Start recording a room.
#[utoipa::path(
    post, path = "/rest-api/room/startRecording", tag = "live", request_body = Room,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "`name` is missing", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such room, or it is not recorded", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn start_room(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Room = read(&body, "name is missing")?;
    ask(&shared, which.record(true)).await
}

/// Stop recording a room.
#[utoipa::path(
    post, path = "/rest-api/room/stopRecording", tag = "live", request_body = Room,
    responses(
        (status = 200, description = "Done"),
        (status = 400, description = "`name` is missing", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There is no such room, or it is not recorded", body = Problem),
        (status = 500, description = "Nothing can be recorded; the log says why", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    )
)]
async fn stop_room(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<(), Refusal> {
    let which: Room = read(&body, "name is missing")?;
    ask(&shared, which.record(false)).await
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Stream {
    /// Of a live stream.
    media_session_id: String,
}

impl Stream {
    fn record(self, on: bool) -> RecordWhat {
        let media_session = self.media_session_id.as_str().into();
        RecordWhat::Stream { media_session, on }
    }

    fn pause(self, paused: bool) -> RecordWhat {
        let media_session = self.media_session_id.as_str().into();
        RecordWhat::Pause {
            media_session,
            paused,
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct Room {
    /// The room's.
    name: String,
}

impl Room {
    fn record(self, on: bool) -> RecordWhat {
        let room = self.name.as_str().into();
        RecordWhat::Room { room, on }
    }
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Filter {
    media_session_id: Option<String>,
    name: Option<String>,
    published: Option<bool>,
}

impl Filter {
    fn takes(&self, stream: &Published) -> bool {
        let id = self.media_session_id.as_deref();
        let name = self.name.as_deref();
        id.is_none_or(|id| stream.media_session.as_str() == id)
            && name.is_none_or(|name| stream.name.as_str() == name)
            && self.published != Some(false)
    }
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8], missing: &str) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::bad_request(missing))
}

pub(super) async fn ask(shared: &Shared, what: RecordWhat) -> Result<(), Refusal> {
    let (answer, answered) = oneshot::channel();
    let asked = FromSession::Record(RecordAsked { what, answer });
    // Fails only when the hub has ended; then nobody answers.
    let _ = shared.context.hub.send(asked).await;
    let reason = match timeout(PATIENCE, answered).await {
        Ok(Ok(Ok(()))) => return Ok(()),
        Ok(Ok(Err(reason))) => reason,
        Ok(Err(_)) | Err(_) => Reason::RecordingFailed,
    };
    let status = match reason {
        Reason::StreamNotFound
        | Reason::NotRecorded
        | Reason::PublishNotReady
        | Reason::RoomNotFound
        | Reason::RecorderNotFound => StatusCode::NOT_FOUND,
        Reason::RecorderExists | Reason::RecordedElsewhere => StatusCode::CONFLICT,
        Reason::RecordingDiskFull => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let (code, message) = (translate::label(reason), translate::text(reason));
    Err(Refusal::new(status, code, message))
}

/// List the streams that are published.
#[utoipa::path(
    get, path = "/rest-api/stream/find_all", tag = "live",
    responses(
        (status = 200, description = "They are", body = Vec<Object>),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There are none", body = Problem),
        (status = 500, description = "The server goes down", body = Problem),
    )
)]
async fn find_all(State(shared): State<Arc<Shared>>) -> Result<Json<Vec<Value>>, Refusal> {
    found(&shared, &Filter::default()).await
}

/// List the streams that are published.
#[utoipa::path(
    post, path = "/rest-api/stream/find_all", tag = "live",
    responses(
        (status = 200, description = "They are", body = Vec<Object>),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There are none", body = Problem),
        (status = 500, description = "The server goes down", body = Problem),
    )
)]
async fn post_find_all(State(shared): State<Arc<Shared>>) -> Result<Json<Vec<Value>>, Refusal> {
    found(&shared, &Filter::default()).await
}

/// Find streams that are published.
#[utoipa::path(
    post, path = "/rest-api/stream/find", tag = "live", request_body = Filter,
    responses(
        (status = 200, description = "Those that fit the filter", body = Vec<Object>),
        (status = 400, description = "The filter is no JSON object", body = Problem),
        (status = 401, description = "Not an operator", body = Problem),
        (status = 404, description = "There are none", body = Problem),
        (status = 500, description = "The server goes down", body = Problem),
    )
)]
async fn find(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Json<Vec<Value>>, Refusal> {
    let filter: Filter = read(&body, "a filter is a JSON object")?;
    found(&shared, &filter).await
}

async fn found(shared: &Shared, filter: &Filter) -> Result<Json<Vec<Value>>, Refusal> {
    let (answer, answered) = oneshot::channel();
    // Fails only when the hub has ended; then nobody answers.
    let _ = shared.context.hub.send(FromSession::List(answer)).await;
    let Ok(Ok(streams)) = timeout(PATIENCE, answered).await else {
        return Err(Refusal::internal());
    };
    let streams: Vec<Value> = streams
        .iter()
        .filter(|stream| filter.takes(stream))
        .map(entry)
        .collect();
    match streams.is_empty() {
        true => {
            let message = "no such stream is published";
            Err(Refusal::new(
                StatusCode::NOT_FOUND,
                "stream_not_found",
                message,
            ))
        }
        false => Ok(Json(streams)),
    }
}

fn entry(stream: &Published) -> Value {
    let details = &stream.details;
    json!({
        "appKey": if stream.room.is_some() { "roomApp" } else { "defaultApp" },
        "sessionId": stream.session.to_string(),
        "mediaSessionId": stream.media_session.as_str(),
        "name": stream.name.as_str(),
        "room": stream.room.as_ref().map(|room| room.as_str()),
        "login": stream.login.as_ref().map(|login| login.as_str()),
        "published": true,
        "mediaType": "publish",
        "mediaProvider": "WebRTC",
        "status": if stream.flowing { "PUBLISHING" } else { "NEW" },
        "hasAudio": details.audio.is_some(),
        "hasVideo": details.video.is_some(),
        "audioCodec": details.audio.map(|codec| codec.name()),
        "videoCodec": details.video.map(|codec| codec.name()),
        "width": details.size.width,
        "height": details.size.height,
        "bitrate": details.bitrate_kbps,
        "minBitrate": details.min_bitrate_kbps,
        "maxBitrate": details.max_bitrate_kbps,
        "record": stream.recorded,
        "createDate": details.created_ms,
        "audioState": { "muted": details.audio_muted },
        "videoState": { "muted": details.video_muted },
    })
}
