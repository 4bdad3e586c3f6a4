//! Names of files, from a template and from what clients called things.
//!
//! Whatever a client sends, the result is one path component of at most 255
//! bytes that starts with a letter or digit, of characters that no shell and
//! no file system takes for anything else.

/// Values of the elements of `stream_record_policy_template`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// `{streamName}`.
    pub stream_name: String,
    /// `{roomName}`.
    pub room_name: String,
    /// `{mediaSessionId}`, at most 36 characters of it.
    pub media_session_id: String,
    /// `{login}`, at most 32.
    pub login: String,
    /// `{sessionId}`, at most 60.
    pub session_id: String,
    /// `{audioCodec}`, at most 4.
    pub audio_codec: String,
    /// `{videoCodec}`, at most 4.
    pub video_codec: String,
    /// `{startTime}`: milliseconds of the stream's own time.
    pub start_time: u64,
    /// `{startTimeMillis}`: milliseconds since 1970.
    pub start_time_millis: u64,
    /// `{endTime}`, `{endTimeMillis}` and `{duration}`; known when it ended.
    pub end: Option<End>,
}

/// What is known of a recording when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// `{endTime}`: milliseconds of the stream's own time.
    pub time: u64,
    /// `{endTimeMillis}`: milliseconds since 1970.
    pub time_millis: u64,
    /// `{duration}` in milliseconds.
    pub duration_ms: u64,
}

/// `stream_record_policy_template`, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Element(Element),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    StreamName,
    RoomName,
    Duration,
    StartTime,
    EndTime,
    StartTimeMillis,
    EndTimeMillis,
    SessionId,
    MediaSessionId,
    Login,
    AudioCodec,
    VideoCodec,
}

const ELEMENTS: [(&str, Element); 12] = [
    ("streamName", Element::StreamName),
    ("roomName", Element::RoomName),
    ("duration", Element::Duration),
    ("startTime", Element::StartTime),
    ("endTime", Element::EndTime),
    ("startTimeMillis", Element::StartTimeMillis),
    ("endTimeMillis", Element::EndTimeMillis),
    ("sessionId", Element::SessionId),
    ("mediaSessionId", Element::MediaSessionId),
    ("login", Element::Login),
    ("audioCodec", Element::AudioCodec),
    ("videoCodec", Element::VideoCodec),
];

/// The template unless configured otherwise.
pub const DEFAULT_TEMPLATE: &str = "stream-{mediaSessionId}-{login}";

/// `room_record_policy_template`, unless configured otherwise.
pub const DEFAULT_ROOM_TEMPLATE: &str = "room-{roomName}-{startTimeMillis}";

/// What a file system takes (Linux: `NAME_MAX`).
const MAX_NAME: usize = 255;

/// Room for what is appended to the name of a template: `-part999`, `-99999` to
/// be unique, the extension and `.finishing` while it is finished.
const RESERVED: usize = 40;

/// Bytes that a template's name has at most.
pub const MAX_BASE: usize = MAX_NAME - RESERVED;

/// Ends the name of what an archive keeps of a recording beside its files. While it
/// is there the name is not given again: what it had elsewhere may still have to go.
pub const KEPT: &str = ".state";

/// Ends the name of a film that is being made. Whoever makes it has a lock on it.
pub const MAKING: &str = ".making";

/// Ends the name of what a film that is being made becomes.
pub const MAKING_PLAIN: &str = ".making.plain";

/// Names that are tried before a file is given up. Mine is the name of a day's
/// worth of one a second.
pub(crate) const MAX_TRIES: u32 = 99_999;

/// Characters of elements without a limit of their own.
const MAX_ELEMENT: usize = 128;

/// A template that cannot be used.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not among the elements.
    #[error("unknown element \"{{{0}}}\" in the template")]
    UnknownElement(String),
    /// A brace has no other.
    #[error("unbalanced brace in the template")]
    Brace,
    /// Nothing in it.
    #[error("the template is empty")]
    Empty,
}

impl Default for Template {
    fn default() -> Self {
        Self(vec![
            Piece::Text("stream-".to_owned()),
            Piece::Element(Element::MediaSessionId),
            Piece::Text("-".to_owned()),
            Piece::Element(Element::Login),
        ])
    }
}

impl Template {
    /// What recordings of rooms are called unless configured otherwise.
    pub fn of_rooms() -> Self {
        Self(vec![
            Piece::Text("room-".to_owned()),
            Piece::Element(Element::RoomName),
            Piece::Text("-".to_owned()),
            Piece::Element(Element::StartTimeMillis),
        ])
    }
}

impl std::str::FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let open = rest.find('{').unwrap_or(rest.len());
            let (plain, tail) = rest.split_at(open);
            if plain.contains('}') {
                return Err(TemplateError::Brace);
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.to_owned()));
            }
            if tail.is_empty() {
                break;
            }
            let close = tail.find('}').ok_or(TemplateError::Brace)?;
            let name = &tail[1..close];
            let element = ELEMENTS
                .iter()
                .find(|(n, _)| *n == name)
                .ok_or_else(|| TemplateError::UnknownElement(name.to_owned()))?;
            pieces.push(Piece::Element(element.1));
            rest = &tail[close + 1..];
        }
        if pieces.is_empty() {
            return Err(TemplateError::Empty);
        }
        Ok(Self(pieces))
    }
}

impl Template {
    /// Whether the name is complete only when the recording has ended.
    pub fn needs_end(&self) -> bool {
        self.0.iter().any(|p| {
            matches!(
                p,
                Piece::Element(Element::Duration | Element::EndTime | Element::EndTimeMillis)
            )
        })
    }

    /// The name, without extension. Not unique yet.
    pub fn render(&self, fields: &Fields) -> String {
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => name.push_str(&encode(text, MAX_ELEMENT)),
                Piece::Element(element) => name.push_str(&element.render(fields)),
            }
        }
        component(name)
    }
}

impl Element {
    fn render(self, f: &Fields) -> String {
        let end = |of: fn(&End) -> u64| f.end.as_ref().map_or(0, of).to_string();
        match self {
            Self::StreamName => encode(&f.stream_name, MAX_ELEMENT),
            Self::RoomName => encode(&f.room_name, MAX_ELEMENT),
            Self::Duration => end(|e| e.duration_ms),
            Self::StartTime => f.start_time.to_string(),
            Self::EndTime => end(|e| e.time),
            Self::StartTimeMillis => f.start_time_millis.to_string(),
            Self::EndTimeMillis => end(|e| e.time_millis),
            Self::SessionId => encode(&f.session_id, 60),
            Self::MediaSessionId => encode(&f.media_session_id, 36),
            Self::Login => encode(&f.login, 32),
            Self::AudioCodec => encode(&f.audio_codec, 4),
            Self::VideoCodec => encode(&f.video_codec, 4),
        }
    }
}

/// The name of a file for anything that a client named, such as a room. Not
/// unique yet, but different for different names unless they were cut.
pub fn from_client(name: &str) -> String {
    component(encode(name, MAX_ELEMENT))
}

/// The first `limit` characters, those that are not plain as `=` and the hex
/// digits of their bytes. Letters of other alphabets too: file systems differ
/// in what they take for equal.
fn encode(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(limit) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push('=');
                for digit in [byte >> 4, byte & 15] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
        }
    }
    out
}

/// Makes one path component of plain characters: not too long, not hidden, no
/// option of a command, no device of another system.
fn component(name: String) -> String {
    let mut name = name;
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || is_reserved(&name) {
        name.insert_str(0, "r-");
    }
    if name.len() > MAX_BASE {
        // Two long names that differ late stay different.
        let mark = format!("-{:016x}", fnv(name.as_bytes()));
        name.truncate(MAX_BASE - mark.len());
        name.push_str(&mark);
    }
    name
}

fn is_reserved(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let numbered = |prefix| {
        stem.strip_prefix(prefix)
            .is_some_and(|n: &str| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// The name of the `n`th that would have this one.
pub(crate) fn numbered(base: &str, n: u32) -> String {
    if n == 1 {
        base.to_owned()
    } else {
        format!("{base}-{n}")
    }
}

/// FNV-1a, 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default_name(login: &str) -> String {
        Template::default().render(&Fields {
            media_session_id: "9d5f6a3c".to_owned(),
            login: login.to_owned(),
            ..Fields::default()
        })
    }

    #[test]
    fn the_default_template_is_the_seed_systems() {
        assert_eq!(DEFAULT_TEMPLATE.parse(), Ok(Template::default()));
        assert_eq!(default_name("Alice"), "stream-9d5f6a3c-Alice");
    }

    #[test]
    fn no_client_string_leaves_the_folder() {
        let long = "x".repeat(4096);
        let emoji = "😀".repeat(1024);
        let hostile = [
            "../../etc/passwd",
            "..",
            ".",
            "/",
            "\0",
            "a\0b",
            &long,
            &emoji,
            "; rm -rf /",
            "$(id)",
            "`id`",
            "-rf",
            "--help",
            ".bashrc",
            "con",
            "NUL.txt",
            "com1",
            "a/b\\c",
            "\n",
            "",
            "%2e%2e%2f",
            "a:b",
            "a|b",
            "\u{202e}gpj",
            "a b",
            "~",
            "*",
            "?",
            "'",
            "\"",
        ];
        let template: Template = "{login}".parse().unwrap();
        let mut seen = std::collections::BTreeMap::new();
        for login in hostile {
            for name in [
                from_client(login),
                default_name(login),
                template.render(&Fields {
                    login: login.to_owned(),
                    ..Fields::default()
                }),
            ] {
                assert!(name.len() <= MAX_BASE, "{login:?} gives {name:?}");
                assert!(
                    name.starts_with(|c: char| c.is_ascii_alphanumeric()),
                    "{name:?}"
                );
                assert!(
                    name.chars()
                        .all(|c| c.is_ascii_alphanumeric() || "-_.=".contains(c)),
                    "{name:?}"
                );
                let path = std::path::Path::new(&name);
                assert_eq!(path.components().count(), 1);
                assert!(matches!(
                    path.components().next(),
                    Some(std::path::Component::Normal(_))
                ));
            }
            let before = seen.insert(from_client(login), login);
            assert_eq!(before, None, "{login:?} is called as another");
        }
    }

    #[test]
    fn what_is_encoded_cannot_be_sent_plain() {
        assert_ne!(from_client("/"), from_client("=2f"));
        assert_eq!(from_client("=2f"), "r-=3d2f");
    }

    #[test]
    fn elements_have_their_lengths() {
        let template: Template = "{mediaSessionId}{login}{sessionId}{audioCodec}{streamName}"
            .parse()
            .unwrap();
        let a = "a".repeat(100);
        let name = template.render(&Fields {
            media_session_id: a.clone(),
            login: a.clone(),
            session_id: a.clone(),
            audio_codec: a,
            ..Fields::default()
        });
        assert_eq!(name.len(), 36 + 32 + 60 + 4);
    }

    #[test]
    fn names_cut_for_their_length_stay_different() {
        let a = "ж".repeat(127);
        assert_ne!(from_client(&format!("{a}1")), from_client(&format!("{a}2")));
    }

    #[test]
    fn templates_that_make_no_sense_say_why() {
        let parse = |t: &str| t.parse::<Template>();
        assert_eq!(
            parse("{lgoin}"),
            Err(TemplateError::UnknownElement("lgoin".to_owned()))
        );
        assert_eq!(parse("a{login"), Err(TemplateError::Brace));
        assert_eq!(parse("a}"), Err(TemplateError::Brace));
        assert_eq!(parse(""), Err(TemplateError::Empty));
        assert!(parse("{duration}").unwrap().needs_end());
        assert!(!Template::default().needs_end());
    }
}
