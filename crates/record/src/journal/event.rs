use serde::{Deserialize, Deserializer, Serialize};

/// Bytes of a name that are kept.
pub const MAX_NAME_BYTES: usize = 512;

/// Bytes of a message that are kept.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// The first line.
    Start(Start),
    /// Somebody came, or was there at the start.
    Join(Join),
    /// Somebody went.
    Leave(Leave),
    /// A stream is recorded from here on.
    Stream(StreamStart),
    /// A stream ended.
    Unstream(StreamEnd),
    /// A microphone or a camera was switched off, or on again.
    Mute(Mute),
    /// A message to the room.
    Chat(Chat),
    /// The last line.
    End(End),
}

/// Begins a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// [`super::VERSION`]; filled in when written.
    pub version: u32,
    /// Zero.
    pub at_ms: u64,
    /// The recording's id, which is the stem of its files.
    pub id: String,
    /// The room's name.
    pub room: String,
    /// This life of the room: names are used again.
    pub room_id: String,
    /// The room's clock at the start, in microseconds, as in
    /// [`crate::store::Manifest::room_start_us`].
    pub room_start_us: u64,
    /// The wall clock at the start, milliseconds since 1970.
    pub started_at_ms: u64,
    /// Who started it; nobody when the server did.
    #[serde(default)]
    pub by: Option<String>,
}

/// Somebody is in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// When.
    pub at_ms: u64,
    /// Unique in this journal. One that comes again may have the same or
    /// another.
    pub person: String,
    /// As shown.
    pub name: String,
}

/// Somebody is no longer in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// When.
    pub at_ms: u64,
    /// As joined.
    pub person: String,
}

/// A stream of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStart {
    /// When.
    pub at_ms: u64,
    /// Whose.
    pub person: String,
    /// The stream's name.
    pub stream: String,
    /// The same as in the manifests of its files.
    pub media_session_id: String,
    /// What its picture shows.
    pub source: Source,
    /// It has sound.
    pub audio: bool,
    /// It has a picture.
    pub video: bool,
}

/// What a stream's picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A person. Also everything that is not known.
    #[default]
    Camera,
    /// A screen, a window, a tab.
    Screen,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)?.as_str() {
            "screen" => Self::Screen,
            _ => Self::Camera,
        })
    }
}

/// A stream is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEnd {
    /// When.
    pub at_ms: u64,
    /// As started.
    pub media_session_id: String,
}

/// What of a stream is off on purpose. A stream begins with all of it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// When.
    pub at_ms: u64,
    /// As started.
    pub media_session_id: String,
    /// The microphone is.
    pub audio: bool,
    /// The camera is.
    pub video: bool,
}

/// A message to the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// When.
    pub at_ms: u64,
    /// Who.
    pub person: String,
    /// As shown then.
    pub name: String,
    /// As shown.
    pub text: String,
}

/// The recording is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at_ms: u64,
}

impl Event {
    /// Milliseconds since the start.
    pub fn at_ms(&self) -> u64 {
        match self {
            Self::Start(e) => e.at_ms,
            Self::Join(e) => e.at_ms,
            Self::Leave(e) => e.at_ms,
            Self::Stream(e) => e.at_ms,
            Self::Unstream(e) => e.at_ms,
            Self::Mute(e) => e.at_ms,
            Self::Chat(e) => e.at_ms,
            Self::End(e) => e.at_ms,
        }
    }

    /// Cuts texts to what is kept.
    pub(super) fn cut(&mut self) {
        let name = |s: &mut String| cut(s, MAX_NAME_BYTES);
        match self {
            Self::Start(e) => {
                name(&mut e.room);
                name(&mut e.room_id);
                if let Some(by) = &mut e.by {
                    name(by);
                }
            }
            Self::Join(e) => {
                name(&mut e.person);
                name(&mut e.name);
            }
            Self::Leave(e) => name(&mut e.person),
            Self::Stream(e) => {
                name(&mut e.person);
                name(&mut e.stream);
                name(&mut e.media_session_id);
            }
            Self::Unstream(e) => name(&mut e.media_session_id),
            Self::Mute(e) => name(&mut e.media_session_id),
            Self::Chat(e) => {
                name(&mut e.person);
                name(&mut e.name);
                cut(&mut e.text, MAX_TEXT_BYTES);
            }
            Self::End(_) => {}
        }
    }
}

fn cut(text: &mut String, limit: usize) {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}
