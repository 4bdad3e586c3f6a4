use serde_json::Value;

use crate::client::*;
use crate::field::Fields;
use crate::{DecodeError, ErrorCode, ReplyTo, info};

/// Bounds on one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the frame.
    pub max_bytes: usize,
    /// Nesting of arrays and objects.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 65_536,
            max_depth: 32,
        }
    }
}

/// Reads one text frame of a client.
///
/// # Errors
/// [`DecodeError`] says what is wrong and, where the frame could be read so
/// far, to which request the refusal is an answer.
pub fn decode(text: &str, limits: &Limits) -> Result<ClientMessage, DecodeError> {
    if text.len() > limits.max_bytes {
        return Err(DecodeError::new(
            ErrorCode::TooLarge,
            format!("frame is longer than {} bytes", limits.max_bytes),
        ));
    }
    if depth(text) > limits.max_depth {
        return Err(DecodeError::new(
            ErrorCode::TooLarge,
            format!("frame is nested deeper than {}", limits.max_depth),
        ));
    }
    let frame: Value = serde_json::from_str(text)
        .map_err(|error| DecodeError::new(ErrorCode::BadJson, format!("not JSON: {error}")))?;
    let Value::Object(frame) = &frame else {
        return Err(DecodeError::new(
            ErrorCode::BadJson,
            "frame is not an object",
        ));
    };
    let message = match frame.get("message") {
        Some(Value::String(message)) => message.as_str(),
        _ => {
            return Err(DecodeError::new(
                ErrorCode::BadJson,
                "frame has no \"message\"",
            ));
        }
    };
    let argument = match frame.get("data") {
        None | Some(Value::Null) => None,
        Some(Value::Array(arguments)) => arguments.first(),
        // Keep-alive is answered whatever it carries.
        Some(_) if matches!(message, "ping" | "pong") => None,
        Some(_) => return Err(DecodeError::bad("\"data\" must be an array")),
    };
    decode_message(message, argument).map_err(|error| DecodeError {
        reply_to: reply_to(message, argument),
        ..error
    })
}

fn decode_message(message: &str, argument: Option<&Value>) -> Result<ClientMessage, DecodeError> {
    let fields = || Fields::of(argument, message);
    Ok(match message {
        "ping" => ClientMessage::Ping,
        "pong" => ClientMessage::Pong,
        "connection" => ClientMessage::Connection(Box::new(connection(fields()?)?)),
        "publishStream" => ClientMessage::PublishStream(Box::new(stream(fields()?)?)),
        "playStream" => ClientMessage::PlayStream(Box::new(stream(fields()?)?)),
        "unPublishStream" => ClientMessage::UnPublishStream(stop(fields()?)?),
        "stopStream" => ClientMessage::StopStream(stop(fields()?)?),
        "sendStreamEvent" => {
            let fields = fields()?;
            ClientMessage::SendStreamEvent(SendStreamEvent {
                media_session_id: media_session_id(fields)?,
                kind: fields.required("type")?,
                payload: fields.json("payload"),
            })
        }
        "sendData" => {
            let fields = fields()?;
            ClientMessage::SendData(SendData {
                operation_id: fields.text("operationId")?.map(str::to_owned),
                command: command(fields)?,
            })
        }
        "availableStream" => {
            let fields = fields()?;
            ClientMessage::AvailableStream(AvailableStream {
                media_session_id: media_session_id(fields)?,
                name: fields.required("name")?,
            })
        }
        "snapshot" => {
            let fields = fields()?;
            ClientMessage::Snapshot(Snapshot {
                media_session_id: media_session_id(fields)?,
                name: fields.text("name")?.map(str::to_owned),
            })
        }
        "sessionDebug" => ClientMessage::SessionDebug {
            command: fields()?.text("command")?.map(str::to_owned),
        },
        "pushLogs" => ClientMessage::PushLogs {
            logs: fields()?.text("logs")?.unwrap_or_default().to_owned(),
        },
        "submitBugReport" => ClientMessage::SubmitBugReport {
            report: argument.map(Value::to_string).unwrap_or_default(),
        },
        unknown => ClientMessage::Unknown {
            message: unknown.to_owned(),
        },
    })
}

fn connection(fields: Fields<'_>) -> Result<Connection, DecodeError> {
    let custom = fields.object("custom")?;
    let veche = match custom.value("veche") {
        None => None,
        Some(_) => {
            let veche = custom.object("veche")?;
            Some(Hello {
                protocol: veche.small("protocol")?,
                resume_token: veche.text("resumeToken")?.map(str::to_owned),
            })
        }
    };
    Ok(Connection {
        app_key: fields.text("appKey")?.map(str::to_owned),
        login: custom.text("login")?.map(str::to_owned),
        token: custom.text("token")?.map(str::to_owned),
        veche,
        media_providers: fields.json("mediaProviders"),
        client_version: fields.text("clientVersion")?.map(str::to_owned),
    })
}

fn stream(fields: Fields<'_>) -> Result<StreamRequest, DecodeError> {
    let custom = fields.object("custom")?;
    Ok(StreamRequest {
        media_session_id: media_session_id(fields)?,
        name: fields.required("name")?,
        room: custom.text("name")?.map(str::to_owned),
        sdp: fields.required("sdp")?,
        has_video: fields.flag("hasVideo")?,
        has_audio: fields.flag("hasAudio")?,
        record: fields.flag("record")?,
        tcp: fields
            .text("transport")?
            .is_some_and(|transport| transport.eq_ignore_ascii_case("TCP")),
        media_provider: fields.text("mediaProvider")?.map(str::to_owned),
        bitrates: Bitrates {
            target_kbps: fields.small("bitrate")?,
            min_kbps: fields.small("minBitrate")?,
            max_kbps: fields.small("maxBitrate")?,
        },
    })
}

fn stop(fields: Fields<'_>) -> Result<StopRequest, DecodeError> {
    Ok(StopRequest {
        media_session_id: media_session_id(fields)?,
        name: fields.text("name")?.map(str::to_owned),
    })
}

fn command(fields: Fields<'_>) -> Result<AppCommand, DecodeError> {
    // Applications may send any payload; only objects can be room commands.
    let Some(payload @ Value::Object(_)) = fields.value("payload") else {
        return Ok(AppCommand::Unknown {
            command: String::new(),
        });
    };
    let payload = Fields::of(Some(payload), "payload")?;
    let options = || payload.object("options");
    Ok(match payload.text("command")?.unwrap_or_default() {
        "join" => {
            let options = options()?;
            let capacity = options.number("capacity")?;
            if capacity == Some(0) {
                return Err(DecodeError::bad(
                    "\"capacity\" of options must be 1 or more",
                ));
            }
            AppCommand::Join(Join {
                room: options.required("name")?,
                record: options.flag("record")?,
                capacity: capacity.map(|capacity| u32::try_from(capacity).unwrap_or(u32::MAX)),
                history: options.flag("history")?,
                history_since: options.number("historySince")?.unwrap_or(0),
            })
        }
        "leave" => AppCommand::Leave {
            room: options()?.required("name")?,
        },
        "sendMessage" => {
            let options = options()?;
            AppCommand::SendMessage {
                room: options.object("roomConfig")?.required("name")?,
                to: options.required("to")?,
                text: text(options)?,
            }
        }
        "broadcast" => {
            let options = options()?;
            AppCommand::Broadcast {
                room: options.object("roomConfig")?.required("name")?,
                text: text(options)?,
            }
        }
        "record" => {
            let options = options()?;
            AppCommand::Record {
                room: options.required("name")?,
                on: options.required_flag("on")?,
            }
        }
        unknown => AppCommand::Unknown {
            command: unknown.to_owned(),
        },
    })
}

/// Whatever JSON value the application passed; absent is `null`, as
/// `JSON.stringify` leaves `undefined` out.
fn text(options: Fields<'_>) -> Result<String, DecodeError> {
    Ok(options.json("text").unwrap_or_else(|| "null".to_owned()))
}

fn media_session_id(fields: Fields<'_>) -> Result<String, DecodeError> {
    match fields.text("mediaSessionId")? {
        Some(id) if !id.is_empty() => Ok(id.to_owned()),
        _ => Err(DecodeError::bad(info::MEDIA_SESSION_ID_NULL)),
    }
}

/// The request that a bad message belongs to, as far as it can be told.
fn reply_to(message: &str, argument: Option<&Value>) -> ReplyTo {
    let id = |name: &str| {
        argument
            .and_then(|argument| argument.get(name))
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
    };
    let stream = |published| {
        id("mediaSessionId").map(|media_session_id| ReplyTo::Stream {
            media_session_id,
            published,
        })
    };
    match message {
        "connection" => Some(ReplyTo::Connection),
        "sendData" => id("operationId").map(ReplyTo::Operation),
        "publishStream" => stream(true),
        "playStream" => stream(false),
        _ => None,
    }
    .unwrap_or_default()
}

/// How deep arrays and objects of a JSON text nest, told before it is parsed.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
