//! Sample entries: what a track is coded with.

use veche_media::{AudioCodec, FrameSize, VideoCodec};

use super::boxes::{Fields, boxed, child, full, u16, u32, zeros};
use crate::bitstream::h264;
use crate::track::{AudioTrack, TrackMedia, VideoTrack};

/// Appends the sample entry of `media`.
pub(super) fn write(out: &mut Vec<u8>, media: &TrackMedia) {
    match media {
        TrackMedia::Video(video) => write_video(out, video),
        TrackMedia::Audio(audio) => write_audio(out, *audio),
    }
}

fn write_video(out: &mut Vec<u8>, video: &VideoTrack) {
    let (kind, config): (&[u8; 4], &[u8; 4]) = match video.codec {
        // ISO/IEC 14496-15: parameter sets between the pictures make it avc3.
        VideoCodec::H264 if video.config_changes => (b"avc3", b"avcC"),
        VideoCodec::H264 => (b"avc1", b"avcC"),
        VideoCodec::Vp8 => (b"vp08", b"vpcC"),
        VideoCodec::Vp9 => (b"vp09", b"vpcC"),
        VideoCodec::Av1 => (b"av01", b"av1C"),
    };
    boxed(out, kind, |out| {
        zeros(out, 6);
        u16(out, 1); // data reference
        zeros(out, 16);
        u16(out, u16::try_from(video.size.width).unwrap_or(u16::MAX));
        u16(out, u16::try_from(video.size.height).unwrap_or(u16::MAX));
        u32(out, 0x0048_0000); // 72 dpi
        u32(out, 0x0048_0000);
        u32(out, 0);
        u16(out, 1);
        zeros(out, 32);
        u16(out, 24);
        u16(out, 0xffff);
        boxed(out, config, |out| {
            if video.config.is_empty() {
                out.extend_from_slice(&unknown(video.codec));
            } else {
                out.extend_from_slice(&video.config);
            }
        });
    });
}

/// A configuration that says nothing, for a track that has no keyframe yet.
fn unknown(codec: VideoCodec) -> Vec<u8> {
    match codec {
        VideoCodec::H264 => h264::config(&[], &[]),
        VideoCodec::Vp8 => vec![1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0],
        VideoCodec::Vp9 => vec![1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0],
        VideoCodec::Av1 => vec![0x81, 0, 0x0c, 0],
    }
}

fn write_audio(out: &mut Vec<u8>, audio: AudioTrack) {
    let kind = match audio.codec {
        AudioCodec::Opus => b"Opus",
        AudioCodec::Pcmu => b"ulaw",
        AudioCodec::Pcma => b"alaw",
    };
    boxed(out, kind, |out| {
        zeros(out, 6);
        u16(out, 1);
        zeros(out, 8);
        u16(out, u16::from(audio.channels));
        u16(out, 16);
        u32(out, 0);
        u32(out, audio.codec.clock_rate() << 16);
        if audio.codec == AudioCodec::Opus {
            // "Encapsulation of Opus in ISO BMFF", 4.3.2; no pre-skip, as in
            // the identification header that Matroska gets.
            boxed(out, b"dOps", |out| {
                out.extend_from_slice(&[0, audio.channels]);
                u16(out, 0);
                u32(out, 48_000);
                u16(out, 0);
                out.push(0);
            });
        }
    });
}

/// Reads the first sample entry of `stsd`. `None` if it is of a kind that
/// [`write`] does not make.
pub(super) fn read(stsd: &[u8]) -> Option<TrackMedia> {
    let (kind, body) = super::boxes::children(stsd.get(8..)?).next()?;
    let video = |codec, config: &[u8; 4]| {
        let mut fields = Fields(body.get(24..)?);
        let (width, height) = (fields.u16()?, fields.u16()?);
        let config = child(body.get(78..)?, config)?;
        let config = if config == unknown(codec) {
            Vec::new()
        } else {
            config.to_vec()
        };
        Some(TrackMedia::Video(VideoTrack {
            codec,
            config,
            config_changes: &kind == b"avc3",
            size: FrameSize {
                width: u32::from(width),
                height: u32::from(height),
            },
            rotation: 0,
        }))
    };
    let audio = |codec| {
        let channels = Fields(body.get(16..)?).u16()?;
        Some(TrackMedia::Audio(AudioTrack {
            codec,
            channels: u8::try_from(channels).ok()?,
        }))
    };
    match &kind {
        b"avc1" | b"avc3" => video(VideoCodec::H264, b"avcC"),
        b"vp08" => video(VideoCodec::Vp8, b"vpcC"),
        b"vp09" => video(VideoCodec::Vp9, b"vpcC"),
        b"av01" => video(VideoCodec::Av1, b"av1C"),
        b"Opus" => audio(AudioCodec::Opus),
        b"ulaw" => audio(AudioCodec::Pcmu),
        b"alaw" => audio(AudioCodec::Pcma),
        _ => None,
    }
}

/// `stsd` with one entry.
pub(super) fn description(out: &mut Vec<u8>, media: &TrackMedia) {
    full(out, b"stsd", 0, 0, |out| {
        u32(out, 1);
        write(out, media);
    });
}
