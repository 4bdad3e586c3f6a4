/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    /// The first message.
    Connection(Box<Connection>),
    /// The client's own keep-alive.
    Ping,
    /// The answer to a server's `ping`.
    Pong,
    /// Publish a stream.
    PublishStream(Box<StreamRequest>),
    /// Play a stream.
    PlayStream(Box<StreamRequest>),
    /// End a publish.
    UnPublishStream(StopRequest),
    /// End a play.
    StopStream(StopRequest),
    /// Tell the players of a stream something.
    SendStreamEvent(SendStreamEvent),
    /// A room command, or anything else an application sends.
    SendData(SendData),
    /// Whether a stream can be played.
    AvailableStream(AvailableStream),
    /// A picture of a stream is wanted.
    Snapshot(Snapshot),
    /// The client wants its session traced.
    SessionDebug {
        /// `start` or `stop`.
        command: Option<String>,
    },
    /// The client's own log.
    PushLogs {
        /// The text.
        logs: String,
    },
    /// A report, as JSON text.
    SubmitBugReport {
        /// The report.
        report: String,
    },
    /// A message that this server does not know.
    Unknown {
        /// Its name.
        message: String,
    },
}

/// `connection`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connection {
    /// The server application; `roomApp` for rooms.
    pub app_key: Option<String>,
    /// Who the client says it is (`custom.login`).
    pub login: Option<String>,
    /// Proof of it, for a backend (`custom.token`).
    pub token: Option<String>,
    /// The client knows Veche (`custom.veche`).
    pub veche: Option<Hello>,
    /// As JSON text, echoed: `mediaProviders`.
    pub media_providers: Option<String>,
    /// Echoed: `clientVersion`.
    pub client_version: Option<String>,
}

/// `custom.veche` of `connection`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The version of our additions that the client knows.
    pub protocol: u32,
    /// From an earlier `getUserData`.
    pub resume_token: Option<String>,
}

/// `publishStream` or `playStream`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamRequest {
    /// The client's id.
    pub media_session_id: String,
    /// Name of the stream.
    pub name: String,
    /// The room (`custom.name`).
    pub room: Option<String>,
    /// The SDP offer.
    pub sdp: String,
    /// The client has video to send (publish only).
    pub has_video: bool,
    /// The client has audio to send (publish only).
    pub has_audio: bool,
    /// The stream is to be recorded.
    pub record: bool,
    /// Media over TCP is wanted (`transport: "TCP"`).
    pub tcp: bool,
    /// `mediaProvider`, echoed.
    pub media_provider: Option<String>,
    /// What was asked about bitrate.
    pub bitrates: Bitrates,
}

/// Bitrates that a client asks for, kbit/s. 0: nothing asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bitrates {
    /// `bitrate`
    pub target_kbps: u32,
    /// `minBitrate`
    pub min_kbps: u32,
    /// `maxBitrate`
    pub max_kbps: u32,
}

/// `unPublishStream` or `stopStream`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopRequest {
    /// The client's id.
    pub media_session_id: String,
    /// Name of the stream, as the client remembers it.
    pub name: Option<String>,
}

/// `sendStreamEvent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendStreamEvent {
    /// The publish or play that it belongs to.
    pub media_session_id: String,
    /// `audioMuted`, `audioUnmuted`, `videoMuted`, `videoUnmuted`, `data`.
    pub kind: String,
    /// As JSON text.
    pub payload: Option<String>,
}

/// `sendData`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendData {
    /// The client's id; without it the answer carries none.
    pub operation_id: Option<String>,
    /// What is to be done.
    pub command: AppCommand,
}

/// A command of the room application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppCommand {
    /// Enter a room.
    Join(Join),
    /// Leave a room.
    Leave {
        /// The room.
        room: String,
    },
    /// Say something to one participant.
    SendMessage {
        /// The room.
        room: String,
        /// The recipient's login.
        to: String,
        /// As JSON text.
        text: String,
    },
    /// Say something to everybody else (ours).
    Broadcast {
        /// The room.
        room: String,
        /// As JSON text.
        text: String,
    },
    /// Record a room, or stop doing so (ours).
    Record {
        /// The room.
        room: String,
        /// Start, not stop.
        on: bool,
    },
    /// Anything else.
    Unknown {
        /// Its name, empty if it has none.
        command: String,
    },
}

/// `join`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// The room.
    pub room: String,
    /// The whole room is to be recorded.
    pub record: bool,
    /// How many participants the room takes (ours).
    pub capacity: Option<u32>,
    /// Earlier broadcasts are wanted (ours).
    pub history: bool,
    /// Only those with a greater id (ours).
    pub history_since: u64,
}

/// `availableStream`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvailableStream {
    /// The client's id, echoed.
    pub media_session_id: String,
    /// Name of the stream.
    pub name: String,
}

/// `snapshot`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The client's id, echoed.
    pub media_session_id: String,
    /// Name of the stream.
    pub name: Option<String>,
}
