use std::fmt;

use veche_media::{AudioCodec, VideoCodec};

use crate::track::{Sample, Track};
use crate::webm::DocType;
use crate::{mp4, webm};

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Container {
    /// ISO/IEC 14496-12.
    Mp4,
    /// Matroska with the codecs that browsers know.
    Webm,
    /// Matroska with any codec.
    Matroska,
}

impl Container {
    /// The ending of file names, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Webm => "webm",
            Self::Matroska => "mkv",
        }
    }

    /// This one, or Matroska where WebM does not allow the codecs.
    #[must_use]
    pub fn fitting(self, video: Option<VideoCodec>, audio: Option<AudioCodec>) -> Self {
        let plain =
            video != Some(VideoCodec::H264) && matches!(audio, None | Some(AudioCodec::Opus));
        match self {
            Self::Webm if !plain => Self::Matroska,
            other => other,
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// Writes an open file of any kind. Bytes out; no file.
#[derive(Clone, Debug)]
pub enum Writer {
    /// Fragments.
    Mp4(mp4::Writer),
    /// Clusters.
    Webm(webm::Writer),
}

impl Writer {
    /// For a file with these tracks.
    pub fn new(container: Container, tracks: Vec<Track>) -> Self {
        match container {
            Container::Mp4 => Self::Mp4(mp4::Writer::new(tracks)),
            Container::Webm => Self::Webm(webm::Writer::new(DocType::Webm, tracks)),
            Container::Matroska => Self::Webm(webm::Writer::new(DocType::Matroska, tracks)),
        }
    }

    /// The beginning of the file.
    pub fn header(&self) -> Vec<u8> {
        match self {
            Self::Mp4(writer) => writer.header(),
            Self::Webm(writer) => writer.header(),
        }
    }

    /// What to append for these samples, those of a track in order of time.
    pub fn fragment(&mut self, samples: &[Sample]) -> Vec<u8> {
        match self {
            Self::Mp4(writer) => writer.fragment(samples),
            Self::Webm(writer) => writer.fragment(samples),
        }
    }
}

/// Which container for which video codec: `record_formats`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats {
    by_codec: Vec<(VideoCodec, Container)>,
    /// For sound without pictures.
    pub audio_only: Container,
}

/// What `record_formats` cannot mean.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatsError {
    /// Not `codec-container`.
    #[error("\"{0}\" is not a codec and a container with a dash between")]
    NotAPair(String),
    /// Not a codec.
    #[error("\"{0}\" is not a video codec: h264, vp8, vp9 or av1")]
    Codec(String),
    /// Not a container.
    #[error("\"{0}\" is not a container: mp4, webm or mkv")]
    Container(String),
}

impl Default for Formats {
    /// `h264-mp4,vp8-webm`, and WebM for what they do not name.
    fn default() -> Self {
        Self {
            by_codec: vec![
                (VideoCodec::H264, Container::Mp4),
                (VideoCodec::Vp8, Container::Webm),
            ],
            audio_only: Container::Webm,
        }
    }
}

impl std::str::FromStr for Formats {
    type Err = FormatsError;

    fn from_str(text: &str) -> Result<Self, FormatsError> {
        let mut formats = Self::default();
        for pair in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (codec, container) = pair
                .split_once('-')
                .ok_or_else(|| FormatsError::NotAPair(pair.to_owned()))?;
            let codec = codec
                .parse()
                .map_err(|_| FormatsError::Codec(codec.to_owned()))?;
            let container = match container.to_ascii_lowercase().as_str() {
                "mp4" => Container::Mp4,
                "webm" => Container::Webm,
                "mkv" => Container::Matroska,
                _ => return Err(FormatsError::Container(container.to_owned())),
            };
            formats.by_codec.retain(|(c, _)| *c != codec);
            formats.by_codec.push((codec, container));
        }
        Ok(formats)
    }
}

impl Formats {
    /// The container for a stream of these codecs.
    pub fn container(&self, video: Option<VideoCodec>, audio: Option<AudioCodec>) -> Container {
        let chosen = match video {
            None => self.audio_only,
            Some(codec) => self
                .by_codec
                .iter()
                .find(|(c, _)| *c == codec)
                .map_or(Container::Webm, |(_, container)| *container),
        };
        chosen.fitting(video, audio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_the_seed_system_writes_them() {
        let formats: Formats = "h264-mp4,vp8-webm".parse().unwrap();
        assert_eq!(formats, Formats::default());
        let formats: Formats = " h264-mkv , VP8-mkv".parse().unwrap();
        let container = |v| formats.container(Some(v), Some(AudioCodec::Opus));
        assert_eq!(container(VideoCodec::H264), Container::Matroska);
        assert_eq!(container(VideoCodec::Vp8), Container::Matroska);
        assert_eq!(container(VideoCodec::Vp9), Container::Webm);
        assert!("h264".parse::<Formats>().is_err());
        assert!("h265-mp4".parse::<Formats>().is_err());
        assert!("h264-avi".parse::<Formats>().is_err());
    }

    #[test]
    fn what_webm_does_not_allow_is_matroska() {
        let formats: Formats = "h264-webm".parse().unwrap();
        let h264 = formats.container(Some(VideoCodec::H264), None);
        assert_eq!(h264, Container::Matroska);
        let vp8 = formats.container(Some(VideoCodec::Vp8), Some(AudioCodec::Pcmu));
        assert_eq!(vp8, Container::Matroska);
    }
}
