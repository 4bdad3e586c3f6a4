use serde::Serialize;
use serde_json::value::RawValue;

use crate::RoomEvent;

/// What the server says.
#[derive(Clone, Debug)]
pub enum ServerMessage {
    /// The session is established.
    GetUserData(Box<UserData>),
    /// The server's version.
    GetVersion(String),
    /// Keep-alive.
    Ping,
    /// The answer to a client's `ping`.
    Pong,
    /// The answer to an offer.
    SetRemoteSdp {
        /// The client's id.
        media_session_id: String,
        /// The SDP answer.
        sdp: String,
    },
    /// A publish or play changed its state.
    StreamStatus(Box<StreamStatus>),
    /// The picture of a stream has a new size.
    VideoFormat(VideoFormat),
    /// Something about a stream that is not its state.
    StreamEvent(StreamEvent),
    /// The answer to `sendData`.
    DataStatus(DataStatus),
    /// Something happened in a room.
    Room(RoomEvent),
    /// A refusal that answers no request.
    Fail(Fail),
    /// The answer to `availableStream`.
    Available(Available),
    /// A publisher's second of video.
    InboundVideoRate(VideoRate),
    /// A player's second of video.
    OutboundVideoRate(VideoRate),
    /// The answer to `sessionDebug`.
    SessionDebug {
        /// What became of it.
        status: &'static str,
        /// Why.
        info: &'static str,
    },
    /// The server is about to close the connection (ours).
    GoingAway(GoingAway),
}

/// `getUserData`
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    /// Names the session.
    pub auth_token: String,
    /// `ESTABLISHED`
    pub status: &'static str,
    /// As the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_key: Option<String>,
    /// As the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// As the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_providers: Option<Box<RawValue>>,
    /// As the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// Sessions end with their socket.
    pub keep_alive: bool,
    /// Never.
    pub use_ws_tunnel: bool,
    /// Never.
    pub use_ws_tunnel_packetization2: bool,
    /// Never.
    pub use_base64_binary_encoding: bool,
    /// Only for clients that know Veche.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub veche: Option<HelloReply>,
}

/// `veche` of `getUserData`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HelloReply {
    /// The version of our additions.
    pub protocol: u32,
    /// The server's version.
    pub server: String,
    /// To be presented by the next session of the same person.
    pub resume_token: String,
    /// The presented token was right.
    pub resumed: bool,
    /// The longest frame that the server takes.
    pub max_message_bytes: usize,
}

/// `notifyStreamStatusEvent`. Every field but the first four may be absent.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamStatus {
    /// The client's id.
    pub media_session_id: String,
    /// Name of the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is a publish.
    pub published: bool,
    /// `PUBLISHING`, `FAILED` and so on. Never absent: clients take what they
    /// find for the new state, also nothing.
    pub status: &'static str,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<String>,
    /// The stream has video.
    pub has_video: bool,
    /// The stream has audio.
    pub has_audio: bool,
    /// The stream is recorded.
    pub record: bool,
    /// Name of the recording's file, without its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_name: Option<String>,
    /// Encoding name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_codec: Option<&'static str>,
    /// Encoding name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_codec: Option<&'static str>,
    /// Pixels, 0 while unknown.
    pub width: u32,
    /// Pixels, 0 while unknown.
    pub height: u32,
    /// As the client asked, kbit/s.
    pub bitrate: u32,
    /// As the client asked, kbit/s.
    pub min_bitrate: u32,
    /// As the client asked, kbit/s.
    pub max_bitrate: u32,
    /// As it always is.
    pub quality: u32,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_date: Option<u64>,
    /// `WebRTC`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_provider: Option<String>,
    /// Whether the publisher's microphone is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_state: Option<Muted>,
    /// Whether the publisher's camera is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_state: Option<Muted>,
}

/// `audioState`, `videoState`
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Muted {
    /// The track is off.
    pub muted: bool,
}

/// `notifyVideoFormat`
#[derive(Clone, Debug)]
pub struct VideoFormat {
    /// The client's id.
    pub media_session_id: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// `notifyStreamEvent`
#[derive(Clone, Debug, Serialize)]
pub struct StreamEvent {
    /// The recipient's id of the stream.
    #[serde(rename = "mediaSessionId")]
    pub media_session_id: String,
    /// `audioMuted`, `resize`, `data` and so on.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Box<RawValue>>,
}

/// `DataStatusEvent`
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataStatus {
    /// The client's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// `ACCEPTED` or `FAILED`; clients throw on anything else.
    pub status: &'static str,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<String>,
    /// Why not, for programs (ours).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Id of the message that was accepted (ours).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<u64>,
    /// Milliseconds since 1970 of the message that was accepted (ours).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

/// `fail`
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fail {
    /// `FAILED`
    pub status: &'static str,
    /// Why, for people.
    pub info: String,
    /// Why, for programs (ours).
    pub code: &'static str,
    /// `ConnectionStatusEvent` when the session itself was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_method: Option<&'static str>,
}

/// `availableStream`
#[derive(Clone, Debug)]
pub struct Available {
    /// The client's id.
    pub media_session_id: String,
    /// It can be played.
    pub available: bool,
    /// Why not.
    pub info: Option<&'static str>,
}

/// `inboundVideoRate`, `outboundVideoRate`
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoRate {
    /// The client's id.
    pub media_session_id: String,
    /// Bits per second.
    pub video_rate: u64,
    /// Frames in the second.
    pub fps: u32,
    /// Lost packets asked for again, since the start.
    pub nack: u64,
    /// Keyframe requests, since the start.
    pub pli: u64,
    /// Packets lost, since the start.
    pub lost_packets: u64,
    /// Pixels, 0 while unknown.
    pub width: u32,
    /// Pixels, 0 while unknown.
    pub height: u32,
}

/// `goingAway` (ours).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GoingAway {
    /// `shutdown`, `replaced`, `slow`, `idle` or `error`.
    pub reason: &'static str,
    /// When to come back, if at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ServerMessage {
    /// The text frame.
    pub fn encode(&self) -> String {
        match self {
            Self::GetUserData(data) => frame("getUserData", (data,)),
            Self::GetVersion(version) => frame("getVersion", (version,)),
            // Clients read the first argument of every message, so there is one.
            Self::Ping => frame("ping", (None::<()>,)),
            Self::Pong => frame("pong", (None::<()>,)),
            // The third argument says that the text is an answer.
            Self::SetRemoteSdp {
                media_session_id,
                sdp,
            } => frame("setRemoteSDP", (media_session_id, sdp, true)),
            Self::StreamStatus(status) => frame("notifyStreamStatusEvent", (status,)),
            Self::VideoFormat(format) => frame("notifyVideoFormat", (Resize::from(format),)),
            Self::StreamEvent(event) => frame("notifyStreamEvent", (event,)),
            Self::DataStatus(status) => frame("DataStatusEvent", (status,)),
            Self::Room(payload) => frame("OnDataEvent", (Payload { payload },)),
            Self::Fail(fail) => frame("fail", (fail,)),
            Self::Available(available) => {
                frame("availableStream", (AvailableWire::from(available),))
            }
            Self::InboundVideoRate(rate) => frame("inboundVideoRate", (rate,)),
            Self::OutboundVideoRate(rate) => frame("outboundVideoRate", (rate,)),
            Self::SessionDebug { status, info } => {
                frame("notifySessionDebugEvent", (Debug { status, info },))
            }
            Self::GoingAway(going) => frame("goingAway", (going,)),
        }
    }
}

fn frame<T: Serialize>(message: &'static str, data: T) -> String {
    #[derive(Serialize)]
    struct Frame<T> {
        message: &'static str,
        data: T,
    }
    serde_json::to_string(&Frame { message, data })
        .expect("no map key and no Serialize of this crate can fail")
}

#[derive(Serialize)]
struct Payload<'a> {
    payload: &'a RoomEvent,
}

#[derive(Serialize)]
struct Debug<'a> {
    status: &'a str,
    info: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resize<'a> {
    media_session_id: &'a str,
    status: &'static str,
    streamer_video_width: u32,
    streamer_video_height: u32,
}

impl<'a> From<&'a VideoFormat> for Resize<'a> {
    fn from(format: &'a VideoFormat) -> Self {
        Self {
            media_session_id: &format.media_session_id,
            status: "RESIZE",
            streamer_video_width: format.width,
            streamer_video_height: format.height,
        }
    }
}

#[derive(Serialize)]
struct AvailableWire<'a> {
    id: &'a str,
    /// A JSON boolean would be read as "not available".
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'static str>,
}

impl<'a> From<&'a Available> for AvailableWire<'a> {
    fn from(available: &'a Available) -> Self {
        Self {
            id: &available.media_session_id,
            status: if available.available { "true" } else { "false" },
            info: available.info,
        }
    }
}
