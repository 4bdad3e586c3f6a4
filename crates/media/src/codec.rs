use std::fmt;
use std::str::FromStr;

/// A video codec that is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VideoCodec {
    /// RFC 7741.
    Vp8,
    /// RFC 6184.
    H264,
    /// RFC 9628.
    Vp9,
    /// AOMedia "RTP Payload Format For AV1".
    Av1,
}

impl VideoCodec {
    /// Every video codec, in the default order of preference.
    pub const ALL: [Self; 4] = [Self::Vp8, Self::H264, Self::Vp9, Self::Av1];

    /// The encoding name of `a=rtpmap` (RFC 8866, 6.6).
    pub fn name(self) -> &'static str {
        match self {
            Self::Vp8 => "VP8",
            Self::H264 => "H264",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
        }
    }
}

/// An audio codec that is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AudioCodec {
    /// RFC 7587.
    Opus,
    /// G.711 µ-law, RFC 3551.
    Pcmu,
    /// G.711 A-law, RFC 3551.
    Pcma,
}

impl AudioCodec {
    /// Every audio codec, in the default order of preference.
    pub const ALL: [Self; 3] = [Self::Opus, Self::Pcmu, Self::Pcma];

    /// The encoding name of `a=rtpmap`. Opus is spelled in lower case, as
    /// browsers write it and as the published WebSDK looks for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// RTP clock rate in Hz.
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }
}

/// A codec name that this server does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown codec \"{0}\"")]
pub struct UnknownCodec(pub String);

impl FromStr for VideoCodec {
    type Err = UnknownCodec;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|c| c.name().eq_ignore_ascii_case(s))
            .ok_or_else(|| UnknownCodec(s.to_owned()))
    }
}

impl FromStr for AudioCodec {
    type Err = UnknownCodec;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|c| c.name().eq_ignore_ascii_case(s))
            .ok_or_else(|| UnknownCodec(s.to_owned()))
    }
}

impl fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for AudioCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which video codecs a peer can decode, as its offers said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodecSet(u8);

impl CodecSet {
    /// Every codec.
    pub const ALL: Self = Self(0b1111);

    /// No codec.
    pub const NONE: Self = Self(0);

    fn bit(codec: VideoCodec) -> u8 {
        match codec {
            VideoCodec::Vp8 => 1,
            VideoCodec::H264 => 2,
            VideoCodec::Vp9 => 4,
            VideoCodec::Av1 => 8,
        }
    }

    /// Adds a codec.
    pub fn insert(&mut self, codec: VideoCodec) {
        self.0 |= Self::bit(codec);
    }

    /// Whether the codec is in the set.
    pub fn contains(self, codec: VideoCodec) -> bool {
        self.0 & Self::bit(codec) != 0
    }

    /// The codecs that both sets have.
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set has no codec.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<VideoCodec> for CodecSet {
    fn from_iter<I: IntoIterator<Item = VideoCodec>>(iter: I) -> Self {
        let mut set = Self::NONE;
        for codec in iter {
            set.insert(codec);
        }
        set
    }
}
