use std::fmt;

/// Stable codes of refusals (docs/protocol.md, "Errors").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The frame is not JSON, or not an object with `message`.
    BadJson,
    /// A field has the wrong type or is missing.
    BadMessage,
    /// A frame, name or text is over its limit.
    TooLarge,
    /// Anything before `connection`.
    NotConnected,
    /// Too many messages in a second.
    RateLimited,
    /// The server does not take this session.
    Refused,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 6] = [
        Self::BadJson,
        Self::BadMessage,
        Self::TooLarge,
        Self::NotConnected,
        Self::RateLimited,
        Self::Refused,
    ];

    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BadMessage => "bad_message",
            Self::TooLarge => "too_large",
            Self::NotConnected => "not_connected",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// To what a refusal is an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReplyTo {
    /// The frame names nothing that waits: answered with `fail`.
    #[default]
    Nothing,
    /// The handshake: answered with `fail`, and nothing can follow.
    Connection,
    /// A `sendData`: answered with `DataStatusEvent`.
    Operation(String),
    /// A publish or play: answered with `notifyStreamStatusEvent`.
    Stream {
        /// The client's id.
        media_session_id: String,
        /// Whether it is a publish.
        published: bool,
    },
}

/// A frame that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {problem}")]
pub struct DecodeError {
    /// What kind of fault.
    pub code: ErrorCode,
    /// What is wrong and where, for the client's author.
    pub problem: String,
    /// Whom to tell.
    pub reply_to: ReplyTo,
}

impl DecodeError {
    pub(crate) fn new(code: ErrorCode, problem: impl Into<String>) -> Self {
        Self {
            code,
            problem: problem.into(),
            reply_to: ReplyTo::Nothing,
        }
    }

    pub(crate) fn bad(problem: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadMessage, problem)
    }
}
