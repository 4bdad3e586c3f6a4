/// Why a request was refused, or why a stream or play ended.
///
/// The shell gives each its text and code on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No ICE check of the client came in time.
    IceTimeout,
    /// ICE failed otherwise.
    IceError,
    /// The client was connected and went silent.
    IceKeepAlive,
    /// The certificate is not the one of the offer.
    DtlsFingerprint,
    /// The DTLS handshake failed.
    DtlsError,
    /// A fault of the server.
    Internal,
    /// The publisher ended the stream, or went.
    StoppedByPublisher,
    /// The client itself ended it.
    StoppedByUser,
    /// The stream is being set up; its media does not flow yet.
    PublishNotReady,
    /// There is no such stream for this session.
    StreamNotFound,
    /// The stream is not being recorded.
    NotRecorded,
    /// Nothing can be recorded; the log says why.
    RecordingFailed,
    /// Nothing can be recorded, or something is lost: the disk is full.
    RecordingDiskFull,
    /// Something of a recording is lost: the server or its disk is too slow.
    RecordingTooSlow,
    /// `Settings::record_streams` is off.
    RecordingDisabled,
    /// `Settings::room_record_by`, or the operator records every room.
    RecordingNotAllowed,
    /// There is a recorder of chosen streams with that name.
    RecorderExists,
    /// There is no such recorder of chosen streams.
    RecorderNotFound,
    /// The stream's file belongs to a room's recording, or to another recorder.
    RecordedElsewhere,
    /// There is no such room.
    RoomNotFound,
    /// Another live stream has the name.
    StreamNameInUse,
    /// Another publish or play has, or had, the id.
    MediaSessionIdInUse,
    /// The offer and the server, or the stream, share no codec.
    NoCommonCodecs,
    /// The session is not in the room that it wants to publish in.
    NotAMember,
    /// A living participant has the login.
    LoginInUse,
    /// The room takes no more participants.
    RoomFull,
    /// A room cannot be entered without a login.
    LoginMissing,
    /// The command names no room.
    RoomNameMissing,
    /// A name has control characters or is empty.
    NameBad,
    /// A name is over its limit.
    NameTooLong,
    /// A client's id is over its limit.
    IdTooLong,
    /// A message is over its limit.
    MessageTooLong,
    /// The session is not in the room of the command.
    NotInRoom,
    /// Nobody in the room has the login.
    NoSuchRecipient,
    /// Only sessions of the room application have rooms.
    NotARoomSession,
    /// `Limits::sessions`
    TooManySessions,
    /// `Limits::rooms`
    TooManyRooms,
    /// `Limits::rooms_per_session`
    TooManyRoomsOfSession,
    /// `Limits::streams_per_session`
    TooManyStreams,
    /// `Limits::plays_per_session`
    TooManyPlays,
    /// The media engine's limit.
    TooManyTransports,
    /// `Limits::command_burst`, `Limits::message_burst` and their rates.
    RateLimited,
    /// Too many offers wait for the media engine.
    Busy,
    /// The media engine cannot use the offer.
    BadOffer,
    /// A room command that does not exist.
    UnknownCommand,
    /// A stream event that does not exist.
    UnknownStreamEvent,
    /// Players cannot send it.
    OnlyPublisher,
    /// `connection` was said before.
    AlreadyConnected,
    /// `connection` was not said yet.
    NotConnected,
    /// The session left, or joined anew, before the join was decided.
    LeftMeanwhile,
    /// No new sessions any more.
    ShuttingDown,
    /// Test hook.
    JoinException,
    /// Test hook.
    MessageException,
}
