use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time in milliseconds, as the keys of the seed system give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// The same for the clocks of the standard library.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

/// Which participants may switch the recording of their room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomRecordBy {
    /// Everybody who is in it.
    Everyone,
    /// Who made it.
    Creator,
    /// Only operators.
    Nobody,
}

/// What the file of a recorded room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomRecordFormat {
    /// Matroska, which takes every codec.
    Mkv,
    /// MP4 where its codecs are usual there, else Matroska.
    Mp4,
}

/// What the sound of finished recordings is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordAudio {
    /// As it came: Opus or G.711.
    AsPublished,
    /// AAC, in MP4 and Matroska.
    Aac,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line for a person.
    Text,
    /// One JSON object a line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// A text that is never shown, neither in logs nor by `veche config`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

/// What is shown in its place.
pub(super) const MASK: &str = "***";

impl Secret {
    fn shown(&self) -> &'static str {
        match self.0.as_str() {
            "" => "",
            _ => MASK,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.shown())
    }
}

/// Things written by their names, such as codecs.
pub(super) mod names {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<T: Display, S: Serializer>(list: &[T], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(T::to_string))
    }

    pub fn deserialize<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        Vec::<String>::deserialize(from)?
            .iter()
            .map(|name| name.parse().map_err(D::Error::custom))
            .collect()
    }
}

/// `"192.0.2.1"` and `["192.0.2.1", "2001:db8::1"]` alike.
pub(super) mod one_or_many {
    use std::net::IpAddr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "an address or a list of addresses")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    pub fn serialize<S: Serializer>(list: &[IpAddr], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpAddr>, D::Error> {
        let texts = match OneOrMany::deserialize(from)? {
            OneOrMany::One(text) if text.is_empty() => Vec::new(),
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        texts
            .iter()
            .map(|text| {
                text.parse().map_err(|_| {
                    D::Error::custom(format!(
                        "\"{text}\" is not an IP address (expected something like 203.0.113.7 or 2001:db8::7)"
                    ))
                })
            })
            .collect()
    }
}
