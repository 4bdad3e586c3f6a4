use veche_room::{Command, Connect, Join, Json, Request, Resume, ResumeToken, StreamEventKind};
use veche_signal::{AppCommand, ClientMessage, Connection, SendData, StreamRequest};

/// Sessions with this application key have rooms; others publish and play without.
const ROOM_APP: &str = "roomApp";

/// `fresh` is random and new.
pub(crate) fn connect(connection: &Connection, fresh: ResumeToken) -> Connect {
    Connect {
        rooms: connection.app_key.as_deref() == Some(ROOM_APP),
        login: connection.login.as_deref().map(Into::into),
        resume: connection.veche.as_ref().map(|hello| Resume {
            token: hello.resume_token.as_deref().map(Into::into),
            fresh,
        }),
    }
}

/// `None` for keep-alive and `connection`, which the session handles itself.
pub(crate) fn command(message: ClientMessage) -> Option<Command> {
    Some(match message {
        ClientMessage::Connection(_) | ClientMessage::Ping | ClientMessage::Pong => return None,
        ClientMessage::PublishStream(stream) => Command::Publish(request(*stream)),
        ClientMessage::PlayStream(stream) => Command::Play(request(*stream)),
        ClientMessage::UnPublishStream(stop) => Command::Unpublish {
            media_session: stop.media_session_id.as_str().into(),
            name: stop.name.as_deref().map(Into::into),
        },
        ClientMessage::StopStream(stop) => Command::Stop {
            media_session: stop.media_session_id.as_str().into(),
            name: stop.name.as_deref().map(Into::into),
        },
        ClientMessage::SendStreamEvent(event) => Command::StreamEvent {
            media_session: event.media_session_id.as_str().into(),
            kind: stream_event_kind(&event.kind),
            payload: event.payload.map(Json::new),
        },
        ClientMessage::SendData(data) => app_command(data),
        ClientMessage::AvailableStream(available) => Command::Available {
            media_session: available.media_session_id.as_str().into(),
            name: available.name.as_str().into(),
        },
        ClientMessage::Snapshot(snapshot) => Command::Snapshot {
            media_session: snapshot.media_session_id.as_str().into(),
        },
        ClientMessage::SessionDebug { .. } => Command::SessionDebug,
        ClientMessage::PushLogs { logs: text }
        | ClientMessage::SubmitBugReport { report: text } => Command::ClientLog { text },
        ClientMessage::Unknown { .. } => Command::Unknown,
    })
}

fn app_command(data: SendData) -> Command {
    let operation = data.operation_id.as_deref().map(Into::into);
    match data.command {
        AppCommand::Join(join) => Command::Join {
            operation,
            join: Join {
                room: join.room.as_str().into(),
                capacity: join.capacity,
                history_since: join.history.then_some(join.history_since),
                record: join.record,
            },
        },
        AppCommand::Leave { room } => Command::Leave {
            operation,
            room: room.as_str().into(),
        },
        AppCommand::SendMessage { room, to, text } => Command::Say {
            operation,
            room: room.as_str().into(),
            to: Some(to.as_str().into()),
            text: Json::new(text),
        },
        AppCommand::Broadcast { room, text } => Command::Say {
            operation,
            room: room.as_str().into(),
            to: None,
            text: Json::new(text),
        },
        AppCommand::Record { room, on } => Command::Record {
            operation,
            room: room.as_str().into(),
            on,
        },
        AppCommand::Unknown { .. } => Command::UnknownCommand { operation },
    }
}

fn request(stream: StreamRequest) -> Request {
    Request {
        media_session: stream.media_session_id.as_str().into(),
        name: stream.name.as_str().into(),
        room: stream.room.as_deref().map(Into::into),
        offer: stream.sdp,
        tcp_only: stream.tcp,
        record: stream.record,
        bitrate_kbps: stream.bitrates.target_kbps,
        min_bitrate_kbps: stream.bitrates.min_kbps,
        max_bitrate_kbps: stream.bitrates.max_kbps,
    }
}

fn stream_event_kind(kind: &str) -> Option<StreamEventKind> {
    Some(match kind {
        "audioMuted" => StreamEventKind::AudioMuted,
        "audioUnmuted" => StreamEventKind::AudioUnmuted,
        "videoMuted" => StreamEventKind::VideoMuted,
        "videoUnmuted" => StreamEventKind::VideoUnmuted,
        "data" => StreamEventKind::Data,
        _ => return None,
    })
}
