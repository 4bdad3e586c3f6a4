//! Sample entries, written: what a track is coded with.

use veche_media::VideoCodec;

use super::boxes::{boxed, full, u16, u32, zeros};
use super::text;
use crate::bitstream::h264;
use crate::track::{AudioCoding, AudioTrack, TrackMedia, VideoTrack};

/// Appends the sample entry of `media`.
pub(super) fn write(out: &mut Vec<u8>, media: &TrackMedia) {
    match media {
        TrackMedia::Video(video) => write_video(out, video),
        TrackMedia::Audio(audio) => write_audio(out, audio),
        TrackMedia::Text => text::entry(out, b"tx3g"),
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
pub(super) fn unknown(codec: VideoCodec) -> Vec<u8> {
    match codec {
        VideoCodec::H264 => h264::config(&[], &[]),
        VideoCodec::Vp8 => vec![1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0],
        VideoCodec::Vp9 => vec![1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0],
        VideoCodec::Av1 => vec![0x81, 0, 0x0c, 0],
    }
}

fn write_audio(out: &mut Vec<u8>, audio: &AudioTrack) {
    let kind = match audio.codec {
        AudioCoding::Opus => b"Opus",
        AudioCoding::Pcmu => b"ulaw",
        AudioCoding::Pcma => b"alaw",
        AudioCoding::Aac => b"mp4a",
    };
    boxed(out, kind, |out| {
        zeros(out, 6);
        u16(out, 1);
        zeros(out, 8);
        u16(out, u16::from(audio.channels));
        u16(out, 16);
        u32(out, 0);
        // A rate that does not fit is in the configuration only.
        u32(
            out,
            u16::try_from(audio.sample_rate).map_or(0, u32::from) << 16,
        );
        if audio.codec == AudioCoding::Aac {
            stream_descriptor(out, &audio.config);
        }
        if audio.codec == AudioCoding::Opus {
            // "Encapsulation of Opus in ISO BMFF", 4.3.2.
            boxed(out, b"dOps", |out| {
                out.extend_from_slice(&[0, audio.channels]);
                u16(out, audio.priming);
                u32(out, 48_000);
                u16(out, 0);
                out.push(0);
            });
        }
    });
}

/// `esds` (ISO/IEC 14496-14, 5.6; descriptors: 14496-1, 7.2.6).
fn stream_descriptor(out: &mut Vec<u8>, config: &[u8]) {
    let config = &config[..config.len().min(64)];
    // Descriptors of less than 128 bytes have their size in one.
    let size = |n: usize| n as u8;
    full(out, b"esds", 0, 0, |out| {
        out.extend_from_slice(&[3, size(23 + config.len())]);
        out.extend_from_slice(&[0, 0, 0]);
        out.extend_from_slice(&[4, size(15 + config.len())]);
        out.extend_from_slice(&[0x40, 0x15]); // MPEG-4 audio stream
        zeros(out, 3 + 4 + 4);
        out.extend_from_slice(&[5, size(config.len())]);
        out.extend_from_slice(config);
        out.extend_from_slice(&[6, 1, 2]);
    });
}

/// `stsd` with one entry.
pub(super) fn description(out: &mut Vec<u8>, media: &TrackMedia) {
    full(out, b"stsd", 0, 0, |out| {
        u32(out, 1);
        write(out, media);
    });
}
