//! The human texts of refusals and ends, each written once.
//!
//! The first part is fixed by WCS: clients compare these texts. The second
//! part is ours.

macro_rules! table {
    ($($name:ident = $text:literal;)*) => {
        $(#[doc = concat!("`", $text, "`")] pub const $name: &str = $text;)*

        /// Every text of the table.
        pub const ALL: &[&str] = &[$($text),*];
    };
}

table! {
    ICE_ERROR = "Failed by ICE error";
    ICE_TIMEOUT = "Failed by ICE timeout";
    ICE_KEEP_ALIVE = "Failed by ICE keep alive";
    DTLS_FINGERPRINT_ERROR = "Failed by DTLS fingerprint error";
    DTLS_ERROR = "Failed by DTLS error";
    FAILED_BY_ERROR = "Failed by error";
    STOPPED_BY_SESSION_DISCONNECT = "Stopped by session disconnect";
    STOPPED_BY_PUBLISHER_STOP = "Stopped by publisher stop";
    STOPPED_BY_USER = "Stopped by user";
    PUBLISH_STREAM_NOT_READY = "Publish stream is not ready";
    STREAM_NOT_FOUND = "Stream not found";
    STREAM_NAME_IN_USE = "Stream name is already in use";
    MEDIA_SESSION_ID_NULL = "MediaSessionId is null";
    MEDIA_SESSION_ID_IN_USE = "MediaSessionId is already in use";
    SESSION_NOT_READY = "Session not ready";
    NO_COMMON_CODECS = "No common codecs";
    RESTRICTED_ACCESS = "Restricted access";
    LOGIN_IN_USE = "Room already has user with such login";
    ROOM_FULL = "Current room is full";

    LOGIN_MISSING = "Login is missing";
    ROOM_NAME_MISSING = "Room name is missing";
    NAME_BAD = "Name has characters that are not allowed";
    NAME_TOO_LONG = "Name is too long";
    ID_TOO_LONG = "Id is too long";
    MESSAGE_TOO_LONG = "Message is too long";
    NOT_IN_ROOM = "Session is not in the room";
    NO_SUCH_RECIPIENT = "No such user in the room";
    NOT_A_ROOM_SESSION = "Session is not connected to the room application";
    TOO_MANY_SESSIONS = "Server carries its limit of sessions";
    TOO_MANY_ROOMS = "Server carries its limit of rooms";
    TOO_MANY_ROOMS_OF_SESSION = "Session is in its limit of rooms";
    TOO_MANY_STREAMS = "Session publishes its limit of streams";
    TOO_MANY_PLAYS = "Session plays its limit of streams";
    TOO_MANY_TRANSPORTS = "Server carries its limit of media connections";
    TOO_MANY_MESSAGES = "Too many messages";
    BUSY = "Server is busy";
    BAD_OFFER = "Offer cannot be used";
    UNKNOWN_COMMAND = "Unknown command";
    UNKNOWN_STREAM_EVENT = "Unknown stream event";
    ONLY_PUBLISHER = "Only the publisher may send this";
    ALREADY_CONNECTED = "Session is connected already";
    NOT_CONNECTED = "Session has not said connection";
    LEFT_MEANWHILE = "Session has left the room meanwhile";
    SHUTTING_DOWN = "Server is shutting down";
    SNAPSHOT_UNAVAILABLE = "Snapshots need a codec that this server does not have";
    SESSION_DEBUG_UNAVAILABLE = "Session debugging is not available";
    NOT_RECORDED = "Stream is not recorded";
    RECORDING_FAILED = "Recording failed";
    RECORDING_DISK_FULL = "Recording failed: the disk is full";
    RECORDING_TOO_SLOW = "Parts of the recording are lost: the server is too slow";
    RECORDING_DISABLED = "Recording is off on this server";
    RECORDING_NOT_ALLOWED = "Only others may switch the recording";
    RECORDER_EXISTS = "Recorder exists already";
    RECORDER_NOT_FOUND = "Recorder not found";
    RECORDED_ELSEWHERE = "Stream is recorded with others already";
    ROOM_NOT_FOUND = "Room not found";
    JOIN_EXCEPTION = "Join exception";
    MESSAGE_EXCEPTION = "Message exception";
}
