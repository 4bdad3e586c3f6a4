//! What encodes the film, and how.

use std::time::Duration;

use veche_codec::{
    AudioEncoder, AudioEncoderConfig, CodecError, Codecs, PictureRef, Rate, VideoEncoder,
    VideoEncoderConfig,
};
use veche_media::FrameSize;
use veche_mix::Picture;
use veche_record::{self as record, Track};

use crate::make::{FilmError, Order};
use crate::output::{Output, Tracks};
use crate::settings::{FilmCodec, Settings};

/// From one keyframe to the next: what a player has to decode when it seeks.
const KEYFRAMES: u32 = 4;

/// What encodes the film, in one process.
pub(crate) struct Encoders {
    pub(crate) video: Option<VideoEncoder>,
    pub(crate) audio: Option<AudioEncoder>,
}

impl Encoders {
    pub(crate) fn start(codecs: &Codecs, order: &Order) -> Result<Self, CodecError> {
        let settings = &order.settings;
        let name = order.output.file_name().unwrap_or_default();
        let child = codecs.spawn(name.to_string_lossy())?;
        let (width, height) = (settings.picture.width, settings.picture.height);
        let video = VideoEncoderConfig {
            codec: match settings.codec {
                FilmCodec::H264 => veche_codec::VideoCodec::H264,
                FilmCodec::Vp9 => veche_codec::VideoCodec::Vp9,
                FilmCodec::Av1 => veche_codec::VideoCodec::Av1,
            },
            rate: match settings.bitrate_kbps {
                Some(kbps) => Rate::Bitrate(kbps * 1000),
                None => Rate::Crf(f32::from(settings.crf())),
            },
            preset: match settings.codec {
                FilmCodec::H264 => settings.preset.clone(),
                FilmCodec::Vp9 | FilmCodec::Av1 => String::new(),
            },
            threads: settings.threads,
            keyframe_interval: settings.fps * KEYFRAMES,
            ..VideoEncoderConfig::h264(width, height, settings.fps)
        };
        let audio = AudioEncoderConfig::aac(settings.audio_bitrate_kbps * 1000);
        Ok(Self {
            video: settings
                .has_video
                .then(|| child.video_encoder(video))
                .transpose()?,
            audio: settings
                .has_audio
                .then(|| child.audio_encoder(audio))
                .transpose()?,
        })
    }
}

/// Encodes a picture, and writes what comes of those before.
pub(crate) fn encode(
    encoder: &mut Option<VideoEncoder>,
    picture: &Picture,
    at: Duration,
    output: &mut Output,
    tracks: Tracks,
) -> Result<(), FilmError> {
    let Some(encoder) = encoder else {
        return Ok(());
    };
    let planes = [0, 1, 2].map(|plane| picture.plane(plane));
    let picture = PictureRef {
        width: picture.width(),
        height: picture.height(),
        planes: planes.map(|(bytes, _)| bytes),
        strides: planes.map(|(_, stride)| stride),
    };
    while !encoder.send(picture, at)?.is_taken() {
        if let Some(coded) = encoder.recv()? {
            output.picture(tracks.video.unwrap_or_default(), coded)?;
        }
    }
    Ok(())
}

pub(crate) fn video_track(settings: &Settings, config: &[u8]) -> Track {
    let codec = match settings.codec {
        FilmCodec::H264 => veche_media::VideoCodec::H264,
        FilmCodec::Vp9 => veche_media::VideoCodec::Vp9,
        FilmCodec::Av1 => veche_media::VideoCodec::Av1,
    };
    let mut track = Track::video("", codec);
    if let record::TrackMedia::Video(media) = &mut track.media {
        media.config = config.to_vec();
        media.size = FrameSize {
            width: settings.picture.width,
            height: settings.picture.height,
        };
    }
    track
}
