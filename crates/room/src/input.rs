use veche_media::{AudioCodec, CodecSet, TransportId, VideoCodec};

use crate::{
    Json, Login, MediaSessionId, MultiRecord, OperationId, Reason, RecordName, RecordRequestId,
    RecordingId, ResumeToken, RoomName, RoomRecordingId, SessionId, StreamName,
};

/// What the rules are told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A client connected; it has not said anything.
    SessionOpened {
        /// Which.
        session: SessionId,
    },
    /// A client asks for something. Also a sign of life.
    Command {
        /// Who.
        session: SessionId,
        /// What.
        command: Command,
    },
    /// Any other frame of a client came.
    FrameSeen {
        /// Whose.
        session: SessionId,
    },
    /// The connection is gone.
    SessionClosed {
        /// Which.
        session: SessionId,
    },
    /// The answer to [`crate::Output::Publish`].
    PublishAnswered {
        /// Of the order.
        transport: TransportId,
        /// The media engine's answer.
        result: Result<PublishAnswer, Reason>,
    },
    /// The answer to [`crate::Output::Play`].
    PlayAnswered {
        /// Of the order.
        transport: TransportId,
        /// The media engine's answer.
        result: Result<PlayAnswer, Reason>,
    },
    /// Media may flow.
    TransportConnected {
        /// Which.
        transport: TransportId,
    },
    /// A transport ended by itself; it is closed already.
    TransportFailed {
        /// Which.
        transport: TransportId,
        /// [`Reason::StoppedByUser`] if the client closed it.
        reason: Reason,
    },
    /// A publisher's picture has a new size.
    VideoSize {
        /// Which.
        transport: TransportId,
        /// Of the picture.
        size: VideoSize,
    },
    /// A second of media.
    Rate {
        /// Which.
        transport: TransportId,
        /// The figures.
        rate: Rate,
    },
    /// A recording runs; told again when its first file is there.
    RecordingStarted {
        /// Of the order.
        transport: TransportId,
        /// Of the order.
        recording: RecordingId,
        /// Of the file, once it is there.
        name: Option<RecordName>,
    },
    /// A recording could not begin, or ended before it was stopped.
    RecordingFailed {
        /// Of the order.
        transport: TransportId,
        /// Of the order.
        recording: RecordingId,
        /// For clients.
        problem: Reason,
        /// For the log.
        detail: String,
    },
    /// Something of a recording is lost; it goes on.
    RecordingDegraded {
        /// Of the order.
        transport: TransportId,
        /// Of the order.
        recording: RecordingId,
        /// For clients.
        problem: Reason,
    },
    /// The recording of a room runs.
    RoomRecordingStarted {
        /// Of the order.
        recording: RoomRecordingId,
    },
    /// The recording of a room could not begin.
    RoomRecordingFailed {
        /// Of the order.
        recording: RoomRecordingId,
        /// For clients.
        problem: Reason,
    },
    /// Something of the recording of a room is lost; it goes on.
    RoomRecordingDegraded {
        /// Of the order.
        recording: RoomRecordingId,
        /// For clients.
        problem: Reason,
    },
    /// An operator wants a live stream recorded, or not any more. Answered
    /// with [`crate::Output::RecordAnswered`].
    Record {
        /// Carried by the answer.
        request: RecordRequestId,
        /// Of the publish.
        media_session: MediaSessionId,
        /// Start, not stop.
        on: bool,
    },
    /// An operator wants the recording of a live stream paused, or resumed.
    /// Answered with [`crate::Output::RecordAnswered`].
    PauseRecord {
        /// Carried by the answer.
        request: RecordRequestId,
        /// Of the publish.
        media_session: MediaSessionId,
        /// Pause, not resume.
        paused: bool,
    },
    /// What an operator does with a recorder of chosen streams. Answered with
    /// [`crate::Output::RecordAnswered`].
    MultiRecord {
        /// Carried by the answer.
        request: RecordRequestId,
        /// Of the recorder.
        name: RoomName,
        /// What.
        what: MultiRecord,
    },
    /// An operator wants a room recorded, or not any more. Answered with
    /// [`crate::Output::RecordAnswered`].
    RecordRoom {
        /// Carried by the answer.
        request: RecordRequestId,
        /// Which.
        room: RoomName,
        /// Start, not stop.
        on: bool,
    },
    /// [`crate::Hub::next_timeout`] is reached.
    Timeout,
    /// The server goes down: every session is closed, none is taken any more.
    Shutdown,
}

/// Pixels; zero while unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoSize {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// One second of a transport's video. Passed on to its client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Bits per second.
    pub video_bps: u64,
    /// Frames in the second.
    pub fps: u32,
    /// Lost packets asked for again, since the start.
    pub nack: u64,
    /// Keyframe requests, since the start.
    pub pli: u64,
    /// Packets lost, since the start.
    pub lost_packets: u64,
    /// Of the last keyframe.
    pub size: VideoSize,
}

/// How the media engine answered an offer to publish.
#[derive(Clone, Debug)]
pub struct PublishAnswer {
    /// The SDP answer.
    pub sdp: String,
    /// If the offer sends audio.
    pub audio: Option<AudioCodec>,
    /// If the offer sends video.
    pub video: Option<VideoCodec>,
    /// What the client knows for sure.
    pub offered_video: CodecSet,
}

/// How the media engine answered an offer to play.
#[derive(Clone, Debug)]
pub struct PlayAnswer {
    /// The SDP answer.
    pub sdp: String,
    /// If audio is sent.
    pub audio: Option<AudioCodec>,
    /// If video is sent.
    pub video: Option<VideoCodec>,
    /// What the client can receive.
    pub receivable: CodecSet,
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// The first command of a session.
    Connect(Connect),
    /// Enter a room.
    Join {
        /// The client's id.
        operation: Option<OperationId>,
        /// Which room and how.
        join: Join,
    },
    /// Leave a room.
    Leave {
        /// The client's id.
        operation: Option<OperationId>,
        /// Which.
        room: RoomName,
    },
    /// Say something in a room.
    Say {
        /// The client's id.
        operation: Option<OperationId>,
        /// Where.
        room: RoomName,
        /// To whom; `None`: to everybody else.
        to: Option<Login>,
        /// What.
        text: Json,
    },
    /// Record a room, or stop doing so.
    Record {
        /// The client's id.
        operation: Option<OperationId>,
        /// Which.
        room: RoomName,
        /// Start, not stop.
        on: bool,
    },
    /// A room command that does not exist.
    UnknownCommand {
        /// The client's id.
        operation: Option<OperationId>,
    },
    /// Publish a stream.
    Publish(Request),
    /// Play a stream.
    Play(Request),
    /// End a publish.
    Unpublish {
        /// The client's id.
        media_session: MediaSessionId,
        /// As the client remembers it.
        name: Option<StreamName>,
    },
    /// End a play.
    Stop {
        /// The client's id.
        media_session: MediaSessionId,
        /// As the client remembers it.
        name: Option<StreamName>,
    },
    /// Tell the players of one's stream something.
    StreamEvent {
        /// Of the stream.
        media_session: MediaSessionId,
        /// What; `None` if it does not exist.
        kind: Option<StreamEventKind>,
        /// What it carries.
        payload: Option<Json>,
    },
    /// Whether a stream can be played.
    Available {
        /// Echoed.
        media_session: MediaSessionId,
        /// Which.
        name: StreamName,
    },
    /// A picture of a stream.
    Snapshot {
        /// Echoed.
        media_session: MediaSessionId,
    },
    /// Trace this session.
    SessionDebug,
    /// The client's own log, for ours.
    ClientLog {
        /// What it says.
        text: String,
    },
    /// Nothing that the rules know.
    Unknown,
}

/// The first command of a session.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The session is of the room application.
    pub rooms: bool,
    /// Who the client is.
    pub login: Option<Login>,
    /// Present if the client knows resume tokens.
    pub resume: Option<Resume>,
}

/// Resuming an earlier session.
#[derive(Clone, Debug)]
pub struct Resume {
    /// What the client presented.
    pub token: Option<ResumeToken>,
    /// A new one, random, taken if the presented one is not right.
    pub fresh: ResumeToken,
}

/// Which room to enter, and how.
#[derive(Clone, Debug)]
pub struct Join {
    /// The room.
    pub room: RoomName,
    /// How many participants it takes, if this join creates it.
    pub capacity: Option<u32>,
    /// Earlier broadcasts are wanted: those with a greater id.
    pub history_since: Option<u64>,
    /// The room is to be recorded, if this join creates it.
    pub record: bool,
}

/// A publish or a play.
#[derive(Clone, Debug)]
pub struct Request {
    /// The client's id.
    pub media_session: MediaSessionId,
    /// Of the stream.
    pub name: StreamName,
    /// Where the stream is.
    pub room: Option<RoomName>,
    /// The SDP offer.
    pub offer: String,
    /// Media over TCP only.
    pub tcp_only: bool,
    /// It is to be recorded (publish only).
    pub record: bool,
    /// Echoed, kbit/s, 0: not asked.
    pub bitrate_kbps: u32,
    /// Echoed, kbit/s, 0: not asked.
    pub min_bitrate_kbps: u32,
    /// An upper bound for the publisher, kbit/s, 0: not asked.
    pub max_bitrate_kbps: u32,
}

/// What a publisher tells its players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamEventKind {
    /// The microphone went off.
    AudioMuted,
    /// The microphone went on.
    AudioUnmuted,
    /// The camera went off.
    VideoMuted,
    /// The camera went on.
    VideoUnmuted,
    /// Anything of the application's.
    Data,
}
