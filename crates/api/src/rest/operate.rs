//! What operators do to live streams and rooms. Paths, bodies and codes of WCS
//! where it has them; `/room` is ours.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;
use veche_room::{Published, Reason};

use super::refuse;
use crate::http::Shared;
use crate::hub::{FromSession, RecordAsked, RecordWhat};
use crate::translate;

/// How long a recording may take to start: it only asks a disk for its space.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn router() -> Router<Arc<Shared>> {
    let stream = |what: fn(Stream) -> RecordWhat| {
        post(
            move |State(shared): State<Arc<Shared>>, body: Bytes| async move {
                match read(&body, "mediaSessionId is missing") {
                    Ok(which) => ask(&shared, what(which)).await,
                    Err(refusal) => refusal,
                }
            },
        )
    };
    let room = |on: bool| {
        post(
            move |State(shared): State<Arc<Shared>>, body: Bytes| async move {
                match read::<Room>(&body, "name is missing") {
                    Ok(Room { name }) => {
                        let room = name.as_str().into();
                        ask(&shared, RecordWhat::Room { room, on }).await
                    }
                    Err(refusal) => refusal,
                }
            },
        )
    };
    Router::new()
        .route(
            "/rest-api/stream/startRecording",
            stream(|which| which.record(true)),
        )
        .route(
            "/rest-api/stream/stopRecording",
            stream(|which| which.record(false)),
        )
        .route(
            "/rest-api/stream/pauseRecording",
            stream(|which| which.pause(true)),
        )
        .route(
            "/rest-api/stream/resumeRecording",
            stream(|which| which.pause(false)),
        )
        .route("/rest-api/stream/find_all", get(find_all).post(find_all))
        .route("/rest-api/stream/find", post(find))
        .route("/rest-api/room/startRecording", room(true))
        .route("/rest-api/room/stopRecording", room(false))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stream {
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

#[derive(Deserialize)]
struct Room {
    name: String,
}

#[derive(Default, Deserialize)]
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

fn read<T: DeserializeOwned>(body: &[u8], missing: &str) -> Result<T, Response> {
    serde_json::from_slice(body).map_err(|_| refuse(StatusCode::BAD_REQUEST, missing))
}

async fn ask(shared: &Shared, what: RecordWhat) -> Response {
    let (answer, answered) = oneshot::channel();
    let asked = FromSession::Record(RecordAsked { what, answer });
    // Fails only when the hub has ended; then nobody answers.
    let _ = shared.context.hub.send(asked).await;
    let result = timeout(PATIENCE, answered).await;
    match result.unwrap_or(Ok(Err(Reason::RecordingFailed))) {
        Ok(Ok(())) => StatusCode::OK.into_response(),
        Ok(Err(reason)) => {
            let status = match reason {
                Reason::StreamNotFound
                | Reason::NotRecorded
                | Reason::PublishNotReady
                | Reason::RoomNotFound => StatusCode::NOT_FOUND,
                Reason::RecordingDiskFull => StatusCode::INSUFFICIENT_STORAGE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            refuse(status, translate::text(reason))
        }
        Err(_) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            translate::text(Reason::RecordingFailed),
        ),
    }
}

async fn find_all(State(shared): State<Arc<Shared>>) -> Response {
    found(&shared, &Filter::default()).await
}

async fn find(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match read(&body, "a filter is a JSON object") {
        Ok(filter) => found(&shared, &filter).await,
        Err(refusal) => refusal,
    }
}

async fn found(shared: &Shared, filter: &Filter) -> Response {
    let (answer, answered) = oneshot::channel();
    // Fails only when the hub has ended; then nobody answers.
    let _ = shared.context.hub.send(FromSession::List(answer)).await;
    let Ok(Ok(streams)) = timeout(PATIENCE, answered).await else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the hub has ended");
    };
    let streams: Vec<Value> = streams
        .iter()
        .filter(|stream| filter.takes(stream))
        .map(entry)
        .collect();
    match streams.is_empty() {
        true => refuse(StatusCode::NOT_FOUND, "no such stream is published"),
        false => axum::Json(streams).into_response(),
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
