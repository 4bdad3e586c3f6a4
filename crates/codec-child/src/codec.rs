//! Which of FFmpeg's codecs are used for what.

use std::ffi::CStr;

use veche_codec::{AudioCodec, VideoCodec};

use crate::ff::{self, Side};

/// By preference.
pub(crate) fn video_decoders(codec: VideoCodec) -> &'static [&'static CStr] {
    match codec {
        VideoCodec::H264 => &[c"h264"],
        VideoCodec::Vp8 => &[c"vp8", c"libvpx"],
        VideoCodec::Vp9 => &[c"vp9", c"libvpx-vp9"],
        VideoCodec::Av1 => &[c"libdav1d", c"libaom-av1"],
        VideoCodec::Jpeg => &[],
    }
}

/// By preference.
pub(crate) fn audio_decoders(codec: AudioCodec) -> &'static [&'static CStr] {
    match codec {
        AudioCodec::Opus => &[c"libopus", c"opus"],
        AudioCodec::Pcmu => &[c"pcm_mulaw"],
        AudioCodec::Pcma => &[c"pcm_alaw"],
        AudioCodec::Aac => &[c"aac"],
    }
}

/// By preference.
pub(crate) fn video_encoders(codec: VideoCodec) -> &'static [&'static CStr] {
    match codec {
        VideoCodec::H264 => &[c"libx264"],
        VideoCodec::Vp8 => &[c"libvpx"],
        VideoCodec::Vp9 => &[c"libvpx-vp9"],
        VideoCodec::Av1 => &[c"libsvtav1"],
        VideoCodec::Jpeg => &[c"mjpeg"],
    }
}

/// By preference.
pub(crate) fn audio_encoders(codec: AudioCodec) -> &'static [&'static CStr] {
    match codec {
        AudioCodec::Aac => &[c"aac"],
        AudioCodec::Opus => &[c"libopus"],
        AudioCodec::Pcmu | AudioCodec::Pcma => &[],
    }
}

/// The first that FFmpeg was built with.
pub(crate) fn choose(side: Side, names: &[&'static CStr]) -> anyhow::Result<&'static CStr> {
    match names.iter().find(|name| ff::has(side, name)) {
        Some(name) => Ok(name),
        None if names.is_empty() => anyhow::bail!("not supported"),
        None => anyhow::bail!("FFmpeg was built without {}", names[0].to_string_lossy()),
    }
}

const VIDEO: [VideoCodec; 5] = [
    VideoCodec::H264,
    VideoCodec::Vp8,
    VideoCodec::Vp9,
    VideoCodec::Av1,
    VideoCodec::Jpeg,
];

const AUDIO: [AudioCodec; 4] = [
    AudioCodec::Opus,
    AudioCodec::Pcmu,
    AudioCodec::Pcma,
    AudioCodec::Aac,
];

/// Names of what can be decoded and encoded.
pub(crate) fn lists() -> (Vec<String>, Vec<String>) {
    type Names = &'static [&'static CStr];
    let list = |side, video: fn(VideoCodec) -> Names, audio: fn(AudioCodec) -> Names| {
        let video = VIDEO.map(|c| (format!("{c:?}"), video(c)));
        let audio = AUDIO.map(|c| (format!("{c:?}"), audio(c)));
        video
            .into_iter()
            .chain(audio)
            .filter(|(_, names)| choose(side, names).is_ok())
            .map(|(name, _)| name.to_lowercase())
            .collect()
    };
    (
        list(Side::Decoder, video_decoders, audio_decoders),
        list(Side::Encoder, video_encoders, audio_encoders),
    )
}
