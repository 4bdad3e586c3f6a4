use veche_room::Reason;
use veche_signal::{ErrorCode, info};

/// The human text. Fixed by WCS where it has one for the case.
pub(crate) fn text(reason: Reason) -> &'static str {
    match reason {
        Reason::IceTimeout => info::ICE_TIMEOUT,
        Reason::IceError => info::ICE_ERROR,
        Reason::IceKeepAlive => info::ICE_KEEP_ALIVE,
        Reason::DtlsFingerprint => info::DTLS_FINGERPRINT_ERROR,
        Reason::DtlsError => info::DTLS_ERROR,
        Reason::Internal => info::FAILED_BY_ERROR,
        Reason::StoppedByPublisher => info::STOPPED_BY_PUBLISHER_STOP,
        Reason::StoppedByUser => info::STOPPED_BY_USER,
        Reason::PublishNotReady => info::PUBLISH_STREAM_NOT_READY,
        Reason::StreamNotFound => info::STREAM_NOT_FOUND,
        Reason::NotRecorded => info::NOT_RECORDED,
        Reason::RecordingFailed => info::RECORDING_FAILED,
        Reason::RecordingDiskFull => info::RECORDING_DISK_FULL,
        Reason::RecordingTooSlow => info::RECORDING_TOO_SLOW,
        Reason::RecordingDisabled => info::RECORDING_DISABLED,
        Reason::RecordingNotAllowed => info::RECORDING_NOT_ALLOWED,
        Reason::RecorderExists => info::RECORDER_EXISTS,
        Reason::RecorderNotFound => info::RECORDER_NOT_FOUND,
        Reason::RecordedElsewhere => info::RECORDED_ELSEWHERE,
        Reason::RoomNotFound => info::ROOM_NOT_FOUND,
        Reason::StreamNameInUse => info::STREAM_NAME_IN_USE,
        Reason::MediaSessionIdInUse => info::MEDIA_SESSION_ID_IN_USE,
        Reason::NoCommonCodecs => info::NO_COMMON_CODECS,
        Reason::NotAMember => info::RESTRICTED_ACCESS,
        Reason::LoginInUse => info::LOGIN_IN_USE,
        Reason::RoomFull => info::ROOM_FULL,
        Reason::LoginMissing => info::LOGIN_MISSING,
        Reason::RoomNameMissing => info::ROOM_NAME_MISSING,
        Reason::NameBad => info::NAME_BAD,
        Reason::NameTooLong => info::NAME_TOO_LONG,
        Reason::IdTooLong => info::ID_TOO_LONG,
        Reason::MessageTooLong => info::MESSAGE_TOO_LONG,
        Reason::NotInRoom => info::NOT_IN_ROOM,
        Reason::NoSuchRecipient => info::NO_SUCH_RECIPIENT,
        Reason::NotARoomSession => info::NOT_A_ROOM_SESSION,
        Reason::TooManySessions => info::TOO_MANY_SESSIONS,
        Reason::TooManyRooms => info::TOO_MANY_ROOMS,
        Reason::TooManyRoomsOfSession => info::TOO_MANY_ROOMS_OF_SESSION,
        Reason::TooManyStreams => info::TOO_MANY_STREAMS,
        Reason::TooManyPlays => info::TOO_MANY_PLAYS,
        Reason::TooManyTransports => info::TOO_MANY_TRANSPORTS,
        Reason::RateLimited => info::TOO_MANY_MESSAGES,
        Reason::Busy => info::BUSY,
        Reason::BadOffer => info::BAD_OFFER,
        Reason::UnknownCommand => info::UNKNOWN_COMMAND,
        Reason::UnknownStreamEvent => info::UNKNOWN_STREAM_EVENT,
        Reason::OnlyPublisher => info::ONLY_PUBLISHER,
        Reason::AlreadyConnected => info::ALREADY_CONNECTED,
        Reason::NotConnected => info::NOT_CONNECTED,
        Reason::LeftMeanwhile => info::LEFT_MEANWHILE,
        Reason::ShuttingDown => info::SHUTTING_DOWN,
        Reason::JoinException => info::JOIN_EXCEPTION,
        Reason::MessageException => info::MESSAGE_EXCEPTION,
    }
}

/// The stable code, for `fail`.
pub(super) fn code(reason: Reason) -> ErrorCode {
    match reason {
        Reason::NotConnected => ErrorCode::NotConnected,
        Reason::RateLimited => ErrorCode::RateLimited,
        Reason::NameTooLong | Reason::IdTooLong | Reason::MessageTooLong => ErrorCode::TooLarge,
        Reason::NameBad | Reason::AlreadyConnected | Reason::UnknownStreamEvent => {
            ErrorCode::BadMessage
        }
        _ => ErrorCode::Refused,
    }
}

/// A name for metrics: the variant's, in snake case.
pub(crate) fn label(reason: Reason) -> String {
    let mut label = String::new();
    for letter in format!("{reason:?}").chars() {
        if letter.is_uppercase() && !label.is_empty() {
            label.push('_');
        }
        label.extend(letter.to_lowercase());
    }
    label
}
