use std::sync::Arc;
use std::time::Duration;

use veche_media::{AudioCodec, FrameSize, VideoCodec};

use crate::bitstream::aac;

/// One track of a file: what it is coded with and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Shown by players and editors; the participant's name in a room's file.
    pub name: String,
    /// Picture or sound.
    pub media: TrackMedia,
}

/// What a track carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackMedia {
    /// Pictures.
    Video(VideoTrack),
    /// Sound.
    Audio(AudioTrack),
    /// Text to be shown with the rest, as subtitles are: not by itself, but
    /// when asked for. Not for WebM.
    Text,
}

/// How the pictures of a track are coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoTrack {
    /// Coded with.
    pub codec: VideoCodec,
    /// What a decoder needs before the first picture: the contents of `avcC`,
    /// `vpcC` or `av1C`. Empty when no keyframe has been seen yet.
    pub config: Vec<u8>,
    /// Parameter sets change within the track, so decoders have to read those
    /// that lie between the pictures (H.264 `avc3`).
    pub config_changes: bool,
    /// Pixels of the largest picture; zero when not known yet.
    pub size: FrameSize,
    /// Clockwise degrees to turn it for display: 0, 90, 180 or 270.
    pub rotation: u16,
}

/// How the sound of a track is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioTrack {
    /// Coded with.
    pub codec: AudioCoding,
    /// One or two. RTP's Opus is always declared as two (RFC 7587, 7).
    pub channels: u8,
    /// In Hz; ticks a second of the track.
    pub sample_rate: u32,
    /// What a decoder needs before the first packet: of AAC the
    /// `AudioSpecificConfig` (ISO/IEC 14496-3, 1.6.2.1). Empty otherwise.
    pub config: Vec<u8>,
    /// Samples that the encoder put before the sound. Players leave them out,
    /// so that what follows them is heard at the time of the first packet.
    pub priming: u16,
}

/// What sound in a file is coded with: more than what calls have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AudioCoding {
    /// RFC 6716.
    Opus,
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// ISO/IEC 14496-3.
    Aac,
}

impl AudioCoding {
    /// A short name; as in SDP where it has one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opus => AudioCodec::Opus.name(),
            Self::Pcmu => AudioCodec::Pcmu.name(),
            Self::Pcma => AudioCodec::Pcma.name(),
            Self::Aac => "AAC",
        }
    }
}

impl From<AudioCodec> for AudioCoding {
    fn from(codec: AudioCodec) -> Self {
        match codec {
            AudioCodec::Opus => Self::Opus,
            AudioCodec::Pcmu => Self::Pcmu,
            AudioCodec::Pcma => Self::Pcma,
        }
    }
}

/// Tracks that a file may have. A conference of five hundred with picture
/// and sound, and far below what a track number may be.
pub const MAX_TRACKS: usize = 1024;

/// Bytes of a track's name that are kept; more is cut at a character.
pub const MAX_TRACK_NAME: usize = 255;

/// Bytes of one coded picture or packet. A lossless 4K keyframe is below it.
pub const MAX_SAMPLE_BYTES: usize = 8 * 1024 * 1024;

impl Track {
    /// A track of pictures of which nothing but the codec is known yet.
    pub fn video(name: &str, codec: VideoCodec) -> Self {
        Self {
            name: name.to_owned(),
            media: TrackMedia::Video(VideoTrack {
                codec,
                config: Vec::new(),
                config_changes: false,
                size: FrameSize {
                    width: 0,
                    height: 0,
                },
                rotation: 0,
            }),
        }
    }

    /// A track of sound.
    pub fn audio(name: &str, codec: AudioCodec) -> Self {
        let channels = match codec {
            AudioCodec::Opus => 2,
            AudioCodec::Pcmu | AudioCodec::Pcma => 1,
        };
        Self {
            name: name.to_owned(),
            media: TrackMedia::Audio(AudioTrack {
                codec: codec.into(),
                channels,
                sample_rate: codec.clock_rate(),
                config: Vec::new(),
                priming: 0,
            }),
        }
    }

    /// A track of AAC with this `AudioSpecificConfig`; `None` if it is none of
    /// a known rate and number of channels.
    pub fn aac(name: &str, config: &[u8], priming: u16) -> Option<Self> {
        let found = aac::describe(config)?;
        Some(Self {
            name: name.to_owned(),
            media: TrackMedia::Audio(AudioTrack {
                codec: AudioCoding::Aac,
                channels: found.channels,
                sample_rate: found.sample_rate,
                config: config.to_owned(),
                priming,
            }),
        })
    }

    /// A track of text.
    pub fn text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            media: TrackMedia::Text,
        }
    }

    /// Whether it carries pictures.
    pub fn is_video(&self) -> bool {
        matches!(self.media, TrackMedia::Video(_))
    }

    /// Whether it carries sound.
    pub fn is_audio(&self) -> bool {
        matches!(self.media, TrackMedia::Audio(_))
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.media, TrackMedia::Text)
    }

    /// Ticks a second of the track in MP4.
    pub(crate) fn timescale(&self) -> u32 {
        match &self.media {
            TrackMedia::Video(_) => 90_000,
            TrackMedia::Audio(a) => a.sample_rate.max(1),
            TrackMedia::Text => 1000,
        }
    }

    pub(crate) fn short_name(&self) -> &str {
        cut(&self.name, MAX_TRACK_NAME)
    }
}

/// At most so many bytes of `text`, whole characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// One coded picture, packet of sound or text in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Position of its track among the file's tracks.
    pub track: usize,
    /// Distance from the start of the file: when it is shown or heard.
    pub at: Duration,
    /// When it is decoded: increases from sample to sample of a track. The same
    /// as [`Self::at`] but for pictures that are shown in another order than
    /// they are decoded (B-frames). Only order and distances mean something: an
    /// encoder's times that begin below zero are shifted as a whole. May be
    /// later than `at`. Matroska does not say it: read from there it is the
    /// latest `at` so far.
    pub decode_at: Duration,
    /// How long it lasts. Of pictures only the last one's is used: the others
    /// last until the next. Matroska does not say it of pictures: read from
    /// there it is zero. A text must end before the next one begins.
    pub duration: Duration,
    /// Decodable without any before it. True for all sound and text.
    pub keyframe: bool,
    /// The coded bytes, formed as in [`veche_media::AccessUnit::data`]. AAC:
    /// one raw frame, without ADTS. Text: UTF-8.
    pub data: Arc<[u8]>,
}

/// `at` in ticks of `rate`, to the nearest.
pub(crate) fn ticks(at: Duration, rate: u32) -> u64 {
    let ticks = (at.as_nanos() * u128::from(rate) + 500_000_000) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// The time of `ticks` of `rate`, to the nearest nanosecond.
pub(crate) fn time(ticks: u64, rate: u32) -> Duration {
    let rate = u128::from(rate.max(1));
    let nanos = (u128::from(ticks) * 1_000_000_000 + rate / 2) / rate;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_times_are_each_others_inverse() {
        for rate in [8_000, 48_000, 90_000] {
            for n in [0, 1, 2, 7, 959, 960, 90_001, 1 << 40] {
                assert_eq!(ticks(time(n, rate), rate), n);
            }
        }
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let track = Track::audio(&"ж".repeat(300), AudioCodec::Opus);
        assert_eq!(track.short_name().len(), 254);
    }
}
