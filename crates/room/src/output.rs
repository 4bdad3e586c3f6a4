use std::time::Duration;

use veche_media::{AudioCodec, TransportId, VideoCodec};

use crate::{
    ChatMessage, Json, Login, MediaSessionId, OperationId, PersonId, Rate, Reason, RecordName,
    RecordRequestId, RecordingId, ResumeToken, RoomLife, RoomName, RoomRecordingId, SessionId,
    StreamEventKind, StreamName, VideoSize,
};

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Tell each of these sessions.
    Send {
        /// Whom.
        to: Vec<SessionId>,
        /// What.
        event: Event,
    },
    /// Close a session. The rules have forgotten it already.
    CloseSession {
        /// Which.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
    /// Have an offer to publish answered: [`crate::Input::PublishAnswered`] is awaited.
    Publish(PublishOrder),
    /// Have an offer to play answered: [`crate::Input::PlayAnswered`] is awaited.
    Play(PlayOrder),
    /// End a transport. Only for those whose offer was answered.
    CloseTransport {
        /// Which.
        transport: TransportId,
    },
    /// Record a stream whose media flows: [`crate::Input::RecordingStarted`]
    /// or [`crate::Input::RecordingFailed`] is awaited.
    Record(RecordOrder),
    /// End a recording, and keep it. Once for each that has not failed, and
    /// before its stream is closed.
    StopRecord {
        /// Of the order.
        transport: TransportId,
        /// Of the order.
        recording: RecordingId,
    },
    /// Take nothing into a recording until it is resumed.
    PauseRecord {
        /// Of the order.
        recording: RecordingId,
        /// Pause, not resume.
        paused: bool,
    },
    /// Record a room: [`crate::Input::RoomRecordingStarted`] or
    /// [`crate::Input::RoomRecordingFailed`] is awaited. What happens in it,
    /// and its streams, are ordered when it has started.
    RecordRoom(RecordRoomOrder),
    /// Something happened in a room that is recorded.
    Journal {
        /// Of the order.
        recording: RoomRecordingId,
        /// What.
        entry: JournalEntry,
    },
    /// The end of the recording of a room. Once for each that has not failed,
    /// after its streams' recordings were stopped.
    StopRecordRoom {
        /// Of the order.
        recording: RoomRecordingId,
    },
    /// The one answer to [`crate::Input::Record`] and its like.
    RecordAnswered {
        /// Of the input.
        request: RecordRequestId,
        /// Why not.
        result: Result<(), Reason>,
    },
    /// Worth a line in the log.
    Note(Note),
}

/// An offer to publish.
#[derive(Clone, Debug)]
pub struct PublishOrder {
    /// New.
    pub transport: TransportId,
    /// The SDP offer.
    pub offer: String,
    /// In order of preference: first what everybody in the room can decode.
    pub video_codecs: Vec<VideoCodec>,
    /// In order of preference.
    pub audio_codecs: Vec<AudioCodec>,
    /// Media over TCP only.
    pub tcp_only: bool,
    /// 0: no bound.
    pub max_bitrate_bps: u64,
}

/// A stream to record.
#[derive(Clone, Debug)]
pub struct RecordOrder {
    /// New.
    pub recording: RecordingId,
    /// Of the publisher.
    pub transport: TransportId,
    /// Of the publisher.
    pub session: SessionId,
    /// The client's id of the publish.
    pub media_session: MediaSessionId,
    /// The publisher, if it has a name.
    pub login: Option<Login>,
    /// Of the stream.
    pub stream: StreamName,
    /// Where, if in a room.
    pub room: Option<RoomName>,
    /// Which life of the room.
    pub life: Option<RoomLife>,
    /// When media began to flow in this life of the room, on the clock of
    /// [`crate::Hub::handle`].
    pub first_publish: Option<Duration>,
    /// The recording of the room that it belongs to.
    pub room_recording: Option<RoomRecordingId>,
    /// If it has audio.
    pub audio: Option<AudioCodec>,
    /// If it has video.
    pub video: Option<VideoCodec>,
}

/// A room to record.
#[derive(Clone, Debug)]
pub struct RecordRoomOrder {
    /// New.
    pub recording: RoomRecordingId,
    /// Which.
    pub room: RoomName,
    /// Which life of it.
    pub life: RoomLife,
    /// Who wants it; `None`: the operator.
    pub by: Option<Login>,
}

/// What happened in a room that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEntry {
    /// Somebody is in.
    Join {
        /// New.
        person: PersonId,
        /// Who.
        login: Login,
    },
    /// Somebody went.
    Leave {
        /// Who.
        person: PersonId,
    },
    /// A stream flows; its own recording is ordered next.
    Stream {
        /// Whose.
        person: PersonId,
        /// Their name.
        login: Login,
        /// Where.
        room: RoomName,
        /// Its name.
        stream: StreamName,
        /// The client's id.
        media_session: MediaSessionId,
        /// It has sound.
        audio: bool,
        /// It has a picture.
        video: bool,
    },
    /// The microphone or the camera of a stream was switched off, or on again.
    Mute {
        /// The client's id.
        media_session: MediaSessionId,
        /// Nothing is heard on purpose.
        audio: bool,
        /// Nothing is seen on purpose.
        video: bool,
    },
    /// A stream ended.
    Unstream {
        /// The client's id.
        media_session: MediaSessionId,
    },
    /// Something was said to everybody.
    Chat {
        /// Who said it.
        person: PersonId,
        /// Their name.
        login: Login,
        /// What.
        text: Json,
    },
}

/// An offer to play.
#[derive(Clone, Debug)]
pub struct PlayOrder {
    /// New.
    pub transport: TransportId,
    /// Of the publisher.
    pub source: TransportId,
    /// The SDP offer.
    pub offer: String,
    /// Media over TCP only.
    pub tcp_only: bool,
}

/// Why a session is closed by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// The server goes down.
    Shutdown,
    /// A session with the same resume token took over.
    Replaced,
    /// Missed pongs, or a lost probe for the login.
    Idle,
    /// No `connection` in time.
    Silent,
    /// Refused at the door.
    Denied,
    /// It went on sending after a great many refusals.
    Flood,
    /// It does not read what it is told. Decided by the shell, which sees queues.
    Slow,
    /// A fault of the server in its room.
    Fault,
}

/// What a session is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// The session is established.
    Established {
        /// Present if the client knows resume tokens.
        resume: Option<Resumed>,
    },
    /// The session is refused; it is closed next.
    Denied(Reason),
    /// A command without an id of its own is refused.
    Refused(Reason),
    /// Keep-alive.
    Ping,
    /// The one answer to a command.
    Answered {
        /// The client's id.
        operation: Option<OperationId>,
        /// The answer.
        answer: Answer,
    },
    /// The SDP answer of a publish or play.
    Sdp {
        /// The client's id.
        media_session: MediaSessionId,
        /// The text.
        sdp: String,
    },
    /// The state of a publish or play.
    Stream(Box<StreamStatus>),
    /// The picture has a new size.
    Resized {
        /// The client's id.
        media_session: MediaSessionId,
        /// Of the picture.
        size: VideoSize,
    },
    /// The publisher tells something.
    StreamEvent {
        /// The player's id.
        media_session: MediaSessionId,
        /// What.
        kind: StreamEventKind,
        /// What it carries.
        payload: Option<Json>,
    },
    /// Something happened in a room.
    Room {
        /// The room.
        room: RoomName,
        /// What.
        event: RoomEvent,
    },
    /// Whether a stream can be played.
    Available {
        /// The client's id.
        media_session: MediaSessionId,
        /// It can.
        available: bool,
    },
    /// A second of media.
    Rate {
        /// The client's id.
        media_session: MediaSessionId,
        /// Of a publish, not of a play.
        published: bool,
        /// The figures.
        rate: Rate,
    },
    /// No picture can be made.
    SnapshotFailed {
        /// The client's id.
        media_session: MediaSessionId,
    },
    /// Sessions are not traced.
    SessionDebugUnavailable,
}

/// What a client needs to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// To be presented next time.
    pub token: ResumeToken,
    /// The presented token was right.
    pub resumed: bool,
}

/// The answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Accepted,
    /// Said.
    Said {
        /// Of the message.
        id: u64,
        /// Of the message, since 1970.
        time_ms: u64,
    },
    /// Not done.
    Failed(Reason),
}

/// The state of a publish or play.
#[derive(Clone, Debug)]
pub struct StreamStatus {
    /// The client's id.
    pub media_session: MediaSessionId,
    /// Of the stream, if known.
    pub name: Option<StreamName>,
    /// Of a publish, not of a play.
    pub published: bool,
    /// The state.
    pub state: StreamState,
    /// Why.
    pub reason: Option<Reason>,
    /// What is known of the media.
    pub details: Option<StreamDetails>,
    /// The stream is recorded; in a final state: it was, up to its end.
    pub record: bool,
    /// The file of its recording, or of its last one. Told to publishers only.
    pub record_name: Option<RecordName>,
}

/// The state of a publish or play, as its client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamState {
    /// Published.
    Publishing,
    /// Played.
    Playing,
    /// A publish ended as its client wanted.
    Unpublished,
    /// A play ended as its client wanted.
    Stopped,
    /// Ended otherwise.
    Failed,
}

impl StreamState {
    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Publishing | Self::Playing)
    }
}

/// What is known of a stream's media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamDetails {
    /// If it has audio.
    pub audio: Option<AudioCodec>,
    /// If it has video.
    pub video: Option<VideoCodec>,
    /// Of the picture.
    pub size: VideoSize,
    /// As asked, kbit/s.
    pub bitrate_kbps: u32,
    /// As asked, kbit/s.
    pub min_bitrate_kbps: u32,
    /// As asked, kbit/s.
    pub max_bitrate_kbps: u32,
    /// Since 1970.
    pub created_ms: u64,
    /// The publisher's microphone is off.
    pub audio_muted: bool,
    /// The publisher's camera is off.
    pub video_muted: bool,
}

/// What happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// To the joiner: who is in, and the streams of each.
    State(Vec<(Login, Vec<StreamName>)>),
    /// Somebody came.
    Joined(Login),
    /// Somebody went.
    Left(Login),
    /// Somebody's stream can be played.
    Published(Login, StreamName),
    /// Somebody's stream ended.
    Unpublished(Login, StreamName),
    /// Somebody's stream broke.
    Failed(Login, StreamName),
    /// Somebody said something.
    Message(ChatMessage),
    /// What was said to everybody.
    History(Vec<ChatMessage>),
    /// The room is recorded, or not any more. Only to clients that know it.
    Recording(RoomRecordingState),
}

/// The recording of a room, as its participants are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecordingState {
    /// It runs.
    pub on: bool,
    /// Who switched it; `None`: the operator, or its end.
    pub by: Option<Login>,
    /// When it was switched, milliseconds since 1970.
    pub since_ms: u64,
    /// What is lost of it, or why it does not run.
    pub problem: Option<Reason>,
}

/// Worth a line in the log.
#[derive(Clone, Debug)]
pub enum Note {
    /// A client said who it is.
    Connected {
        /// Which.
        session: SessionId,
        /// It took over from an earlier session.
        resumed: bool,
    },
    /// A room began.
    RoomCreated {
        /// Which.
        room: RoomName,
    },
    /// A room ended.
    RoomEnded {
        /// Which.
        room: RoomName,
    },
    /// Somebody came.
    Joined {
        /// Who.
        session: SessionId,
        /// Where.
        room: RoomName,
    },
    /// Somebody went.
    Left {
        /// Who.
        session: SessionId,
        /// Where.
        room: RoomName,
    },
    /// A stream or play flows, or ended.
    Stream {
        /// Whose.
        session: SessionId,
        /// Where, if in a room.
        room: Option<RoomName>,
        /// Its transport, if it got one.
        transport: Option<TransportId>,
        /// Of a publish, not of a play.
        published: bool,
        /// What became of it.
        state: StreamState,
        /// Why.
        reason: Option<Reason>,
    },
    /// Something was refused.
    Refused {
        /// Who asked.
        session: SessionId,
        /// Why.
        reason: Reason,
    },
    /// A recording could not begin, or ended before it was stopped.
    RecordingFailed {
        /// Of the stream.
        transport: TransportId,
        /// Which.
        recording: RecordingId,
        /// Why.
        reason: String,
    },
    /// The recording of a room could not begin.
    RoomRecordingFailed {
        /// Of the room.
        room: RoomName,
        /// Which.
        recording: RoomRecordingId,
        /// Why.
        reason: Reason,
    },
    /// The client's own log.
    ClientLog {
        /// Whose.
        session: SessionId,
        /// What it says.
        text: String,
    },
    /// A panic was caught; the room's participants lost their sessions.
    Panicked {
        /// Where, if in a room.
        room: Option<RoomName>,
        /// Who caused it, if a session.
        session: Option<SessionId>,
        /// What it said.
        message: String,
    },
}
