use axum::extract::ws::Utf8Bytes;
use serde_json::value::RawValue;
use veche_room::{
    Answer, ChatMessage, CloseReason, Event, Json, Resumed, RoomEvent, StreamEventKind,
    StreamState, StreamStatus,
};
use veche_signal as wire;
use veche_signal::{Connection, DecodeError, ErrorCode, ReplyTo, ServerMessage, info};

use super::reason::{code, text};

/// Of our additions (docs/protocol.md).
const PROTOCOL: u32 = 1;

/// `apiMethod` of a refused session.
const CONNECTION_STATUS: Option<&str> = Some("ConnectionStatusEvent");

/// The frames of an event. [`Event::Established`] is made by [`established`].
pub(crate) fn event(event: &Event) -> Vec<Utf8Bytes> {
    let message = match event {
        Event::Established { .. } => return Vec::new(),
        Event::Denied(reason) => fail(code(*reason), text(*reason).to_owned(), CONNECTION_STATUS),
        Event::Refused(reason) => fail(code(*reason), text(*reason).to_owned(), None),
        Event::Ping => ServerMessage::Ping,
        Event::Answered { operation, answer } => {
            let operation = operation.as_ref().map(|id| id.as_str().to_owned());
            data_status(operation, *answer)
        }
        Event::Sdp { media_session, sdp } => ServerMessage::SetRemoteSdp {
            media_session_id: media_session.as_str().to_owned(),
            sdp: sdp.clone(),
        },
        Event::Stream(status) => stream_status(status),
        Event::Resized {
            media_session,
            size,
        } => return resized(media_session.as_str(), *size),
        Event::StreamEvent {
            media_session,
            kind,
            payload,
        } => ServerMessage::StreamEvent(wire::StreamEvent {
            media_session_id: media_session.as_str().to_owned(),
            kind: stream_event_kind(*kind),
            payload: payload.as_ref().map(raw),
        }),
        Event::Room { room, event } => ServerMessage::Room(room_event(room.as_str(), event)),
        Event::Available {
            media_session,
            available,
        } => ServerMessage::Available(wire::Available {
            media_session_id: media_session.as_str().to_owned(),
            available: *available,
            info: (!available).then_some(info::STREAM_NOT_FOUND),
        }),
        Event::Rate {
            media_session,
            published,
            rate,
        } => {
            let rate = wire::VideoRate {
                media_session_id: media_session.as_str().to_owned(),
                video_rate: rate.video_bps,
                fps: rate.fps,
                nack: rate.nack,
                pli: rate.pli,
                lost_packets: rate.lost_packets,
                width: rate.size.width,
                height: rate.size.height,
            };
            if *published {
                ServerMessage::InboundVideoRate(rate)
            } else {
                ServerMessage::OutboundVideoRate(rate)
            }
        }
        Event::SnapshotFailed { media_session } => {
            let payload = serde_json::json!({ "info": info::SNAPSHOT_UNAVAILABLE });
            ServerMessage::StreamEvent(wire::StreamEvent {
                media_session_id: media_session.as_str().to_owned(),
                kind: "snapshotFailed",
                payload: serde_json::value::to_raw_value(&payload).ok(),
            })
        }
        Event::SessionDebugUnavailable => ServerMessage::SessionDebug {
            status: "FAILED",
            info: info::SESSION_DEBUG_UNAVAILABLE,
        },
    };
    vec![message.encode().into()]
}

/// The server's half of the handshake.
pub(crate) fn established(
    auth_token: &str,
    connection: &Connection,
    resume: Option<&Resumed>,
    version: &str,
    max_message_bytes: usize,
) -> Vec<Utf8Bytes> {
    let providers = connection.media_providers.clone();
    let data = wire::UserData {
        auth_token: auth_token.to_owned(),
        status: "ESTABLISHED",
        app_key: connection.app_key.clone(),
        login: connection.login.clone(),
        media_providers: providers.and_then(|json| RawValue::from_string(json).ok()),
        client_version: connection.client_version.clone(),
        veche: resume.map(|resume| wire::HelloReply {
            protocol: PROTOCOL,
            server: version.to_owned(),
            resume_token: resume.token.as_str().to_owned(),
            resumed: resume.resumed,
            max_message_bytes,
        }),
        ..wire::UserData::default()
    };
    vec![
        ServerMessage::GetUserData(Box::new(data)).encode().into(),
        ServerMessage::GetVersion(version.to_owned())
            .encode()
            .into(),
    ]
}

/// The refusal of a frame that cannot be read.
pub(crate) fn bad_frame(error: DecodeError) -> Utf8Bytes {
    let message = match error.reply_to {
        ReplyTo::Operation(operation) => ServerMessage::DataStatus(wire::DataStatus {
            operation_id: Some(operation),
            status: "FAILED",
            info: Some(error.problem),
            code: Some(error.code.as_str()),
            ..wire::DataStatus::default()
        }),
        ReplyTo::Stream {
            media_session_id,
            published,
        } => ServerMessage::StreamStatus(Box::new(wire::StreamStatus {
            media_session_id,
            published,
            status: status(StreamState::Failed),
            info: Some(error.problem),
            ..wire::StreamStatus::default()
        })),
        ReplyTo::Connection => fail(error.code, error.problem, CONNECTION_STATUS),
        ReplyTo::Nothing => fail(error.code, error.problem, None),
    };
    message.encode().into()
}

/// The answer to a client's `ping`.
pub(crate) fn pong() -> Utf8Bytes {
    ServerMessage::Pong.encode().into()
}

/// What a client is told before its connection is closed, if anything.
pub(crate) fn going_away(reason: CloseReason, retry_after_ms: u64) -> Option<Utf8Bytes> {
    let (reason, retry_after_ms) = match reason {
        CloseReason::Shutdown => ("shutdown", Some(retry_after_ms)),
        CloseReason::Fault => ("error", Some(retry_after_ms)),
        CloseReason::Replaced => ("replaced", None),
        CloseReason::Idle => ("idle", None),
        CloseReason::Slow => ("slow", None),
        CloseReason::Flood => ("flood", None),
        CloseReason::Silent | CloseReason::Denied => return None,
    };
    let message = ServerMessage::GoingAway(wire::GoingAway {
        reason,
        retry_after_ms,
    });
    Some(message.encode().into())
}

fn fail(code: ErrorCode, info: String, api_method: Option<&'static str>) -> ServerMessage {
    ServerMessage::Fail(wire::Fail {
        status: "FAILED",
        info,
        code: code.as_str(),
        api_method,
    })
}

fn data_status(operation_id: Option<String>, answer: Answer) -> ServerMessage {
    let status = wire::DataStatus {
        operation_id,
        status: "ACCEPTED",
        ..wire::DataStatus::default()
    };
    ServerMessage::DataStatus(match answer {
        Answer::Accepted => status,
        Answer::Said { id, time_ms } => wire::DataStatus {
            message_id: Some(id),
            time: Some(time_ms),
            ..status
        },
        Answer::Failed(reason) => wire::DataStatus {
            status: "FAILED",
            info: Some(text(reason).to_owned()),
            code: Some(code(reason).as_str()),
            ..status
        },
    })
}

fn stream_status(event: &StreamStatus) -> ServerMessage {
    let mut message = wire::StreamStatus {
        media_session_id: event.media_session.as_str().to_owned(),
        name: event.name.as_ref().map(|name| name.as_str().to_owned()),
        published: event.published,
        status: status(event.state),
        info: event.reason.map(|reason| text(reason).to_owned()),
        media_provider: Some("WebRTC".to_owned()),
        record: event.record,
        record_name: event.record_name.as_ref().map(ToString::to_string),
        ..wire::StreamStatus::default()
    };
    if let Some(details) = event.details {
        message.has_audio = details.audio.is_some();
        message.has_video = details.video.is_some();
        message.audio_codec = details.audio.map(|codec| codec.name());
        message.video_codec = details.video.map(|codec| codec.name());
        message.width = details.size.width;
        message.height = details.size.height;
        message.bitrate = details.bitrate_kbps;
        message.min_bitrate = details.min_bitrate_kbps;
        message.max_bitrate = details.max_bitrate_kbps;
        message.create_date = Some(details.created_ms);
        let muted = |muted| Some(wire::Muted { muted });
        message.audio_state = muted(details.audio_muted);
        message.video_state = muted(details.video_muted);
    }
    ServerMessage::StreamStatus(Box::new(message))
}

fn status(state: StreamState) -> &'static str {
    match state {
        StreamState::Publishing => "PUBLISHING",
        StreamState::Playing => "PLAYING",
        StreamState::Unpublished => "UNPUBLISHED",
        StreamState::Stopped => "STOPPED",
        StreamState::Failed => "FAILED",
    }
}

/// The old message and the newer event, as clients know one or the other.
fn resized(media_session_id: &str, size: veche_room::VideoSize) -> Vec<Utf8Bytes> {
    let format = ServerMessage::VideoFormat(wire::VideoFormat {
        media_session_id: media_session_id.to_owned(),
        width: size.width,
        height: size.height,
    });
    let payload = serde_json::json!({
        "streamerVideoWidth": size.width,
        "streamerVideoHeight": size.height,
    });
    let event = ServerMessage::StreamEvent(wire::StreamEvent {
        media_session_id: media_session_id.to_owned(),
        kind: "resize",
        payload: serde_json::value::to_raw_value(&payload).ok(),
    });
    vec![format.encode().into(), event.encode().into()]
}

fn stream_event_kind(kind: StreamEventKind) -> &'static str {
    match kind {
        StreamEventKind::AudioMuted => "audioMuted",
        StreamEventKind::AudioUnmuted => "audioUnmuted",
        StreamEventKind::VideoMuted => "videoMuted",
        StreamEventKind::VideoUnmuted => "videoUnmuted",
        StreamEventKind::Data => "data",
    }
}

fn room_event(room: &str, event: &RoomEvent) -> wire::RoomEvent {
    let stream =
        |login: &veche_room::Login, name: &veche_room::StreamName| wire::RoomEventInfo::Stream {
            login: login.as_str().to_owned(),
            name: name.as_str().to_owned(),
        };
    let (name, info) = match event {
        RoomEvent::State(state) => ("STATE", wire::RoomEventInfo::State(state_entries(state))),
        RoomEvent::Joined(login) => ("JOINED", wire::RoomEventInfo::Login(login.to_string())),
        RoomEvent::Left(login) => ("LEFT", wire::RoomEventInfo::Login(login.to_string())),
        RoomEvent::Published(login, name) => ("PUBLISHED", stream(login, name)),
        RoomEvent::Unpublished(login, name) => ("UNPUBLISHED", stream(login, name)),
        RoomEvent::Failed(login, name) => ("FAILED", stream(login, name)),
        RoomEvent::Message(message) => {
            ("MESSAGE", wire::RoomEventInfo::Message(chat_line(message)))
        }
        RoomEvent::History(messages) => (
            "HISTORY",
            wire::RoomEventInfo::History(messages.iter().map(chat_line).collect()),
        ),
        RoomEvent::Recording(recording) => (
            "RECORDING",
            wire::RoomEventInfo::Recording(wire::RoomRecording {
                on: recording.on,
                by: recording.by.as_ref().map(ToString::to_string),
                since: recording.since_ms,
                problem: recording.problem.map(text),
            }),
        ),
    };
    wire::RoomEvent {
        room_name: room.to_owned(),
        name,
        info,
    }
}

/// A bare login, or one entry for each stream, never both: the bare form
/// would make clients forget the streams.
fn state_entries(
    state: &[(veche_room::Login, Vec<veche_room::StreamName>)],
) -> Vec<wire::StateEntry> {
    let mut entries = Vec::with_capacity(state.len());
    for (login, streams) in state {
        if streams.is_empty() {
            entries.push(wire::StateEntry::Login(login.to_string()));
        }
        entries.extend(streams.iter().map(|name| wire::StateEntry::Stream {
            login: login.to_string(),
            name: name.to_string(),
        }));
    }
    entries
}

fn chat_line(message: &ChatMessage) -> wire::ChatLine {
    wire::ChatLine {
        from: message.from.to_string(),
        text: raw(&message.text),
        id: message.id,
        time: message.time_ms,
        broadcast: message.broadcast,
    }
}

/// What the decoder wrote as JSON is JSON.
fn raw(json: &Json) -> Box<RawValue> {
    RawValue::from_string(json.as_str().to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
