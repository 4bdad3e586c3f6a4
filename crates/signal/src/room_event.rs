use serde::Serialize;
use serde_json::value::RawValue;

/// What happened in a room: the payload of `OnDataEvent`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomEvent {
    /// The room.
    pub room_name: String,
    /// `STATE`, `JOINED` and so on.
    pub name: &'static str,
    /// What it carries.
    pub info: RoomEventInfo,
}

/// What an event of a room carries.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum RoomEventInfo {
    /// `STATE`
    State(Vec<StateEntry>),
    /// `JOINED`, `LEFT`
    Login(String),
    /// `PUBLISHED`, `UNPUBLISHED`, `FAILED`
    Stream {
        /// Whose stream.
        login: String,
        /// Its name.
        name: String,
    },
    /// `MESSAGE`
    Message(ChatLine),
    /// `HISTORY`
    History(Vec<ChatLine>),
    /// `RECORDING` (ours)
    Recording(RoomRecording),
}

/// Whether a room is recorded.
#[derive(Clone, Debug, Serialize)]
pub struct RoomRecording {
    /// It is.
    pub on: bool,
    /// Who switched it; `null`: the operator.
    pub by: Option<String>,
    /// Milliseconds since 1970 of the last switch.
    pub since: u64,
    /// What is wrong with it, for people.
    pub problem: Option<&'static str>,
}

/// One entry of `STATE`: a participant without streams, or one stream.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum StateEntry {
    /// A participant that publishes nothing.
    Login(String),
    /// A stream of a participant.
    Stream {
        /// Whose stream.
        login: String,
        /// Its name.
        name: String,
    },
}

/// One chat message.
#[derive(Clone, Debug, Serialize)]
pub struct ChatLine {
    /// Who said it.
    pub from: String,
    /// The JSON value that the sender passed.
    pub text: Box<RawValue>,
    /// Grows within the room.
    pub id: u64,
    /// Milliseconds since 1970.
    pub time: u64,
    /// It was said to everybody.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub broadcast: bool,
}
