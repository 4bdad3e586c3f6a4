//! Real bitstreams come out as they went in.

use std::sync::Arc;

use veche_media::{
    AccessUnitKind, AudioCodec, FrameSize, Intake, RecordedPacket, TrackKind, VideoCodec,
};

use crate::support::{annex_b, avcc, ivf, ms, packets, pictures, record, rtp};

const SIZE: FrameSize = FrameSize {
    width: 160,
    height: 120,
};

#[test]
fn every_codec_comes_out_as_it_went_in() {
    for codec in VideoCodec::ALL {
        for mtu in [40, 300, 1100] {
            let pictures = pictures(codec, mtu);
            let mut intake = Intake::new(None, Some(codec));
            let units = record(&mut intake, TrackKind::Video, &packets(&pictures, 7, 9));
            assert_eq!(units.len(), pictures.len(), "{codec} {mtu}");
            for (unit, picture) in units.iter().zip(&pictures) {
                assert!(*unit.data == *picture.expected, "{codec} {mtu}");
                let expected = AccessUnitKind::Video {
                    codec,
                    keyframe: picture.keyframe,
                    size: picture.keyframe.then_some(SIZE),
                    rotation: 0,
                };
                assert_eq!(unit.kind, expected);
            }
            assert!(pictures.iter().filter(|p| p.keyframe).count() >= 2);
            let counts = intake.counts(TrackKind::Video);
            assert_eq!((counts.malformed, counts.dropped), (0, 0), "{counts:?}");
        }
    }
}

/// The payloads of another implementation (FFmpeg).
fn from_ffmpeg(name: &str) -> Vec<RecordedPacket> {
    let mut arrival = ms(0);
    let packets = rtp(name)
        .into_iter()
        .map(|(seq, timestamp, marker, payload)| {
            arrival += ms(1);
            RecordedPacket {
                source: 1,
                // Wraps once in a file of a few packets, at most.
                seq: u64::from(seq) + if seq < 0x8000 { 0x1_0000 } else { 0 },
                timestamp,
                marker,
                payload: Arc::from(payload),
                arrival,
                rotation: None,
                report: None,
            }
        });
    packets.collect()
}

#[test]
fn what_ffmpeg_packetized_is_understood() {
    let h264: Vec<Vec<u8>> = annex_b("h264.h264").iter().map(|p| avcc(p)).collect();
    for (codec, name, expected) in [
        (VideoCodec::Vp8, "vp8.rtp", ivf("vp8.ivf")),
        (VideoCodec::Vp9, "vp9.rtp", ivf("vp9.ivf")),
        (VideoCodec::H264, "h264.rtp", h264),
    ] {
        let mut intake = Intake::new(None, Some(codec));
        let units = record(&mut intake, TrackKind::Video, &from_ffmpeg(name));
        let counts = intake.counts(TrackKind::Video);
        assert_eq!(units.len(), expected.len(), "{codec} {counts:?}");
        for (unit, expected) in units.iter().zip(&expected) {
            assert!(*unit.data == **expected, "{codec}");
        }
    }
}

#[test]
fn opus_that_ffmpeg_packetized_lasts_a_second() {
    let mut intake = Intake::new(Some(AudioCodec::Opus), None);
    let units = record(&mut intake, TrackKind::Audio, &from_ffmpeg("opus.rtp"));
    let total: u128 = units
        .iter()
        .map(|unit| match unit.kind {
            AccessUnitKind::Audio { duration, .. } => duration.as_millis(),
            AccessUnitKind::Video { .. } => 0,
        })
        .sum();
    assert!((1000..=1040).contains(&total), "{total} ms");
}
