//! What is encoded and decoded again is the same, judged by pixels and tones.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use support::{
    at, channel, child, decode, decode_sound, encode, encode_sound, pattern, psnr, strength, tones,
    units,
};
use veche_codec::{
    AudioCodec, AudioDecoderConfig, AudioEncoderConfig, Fit, Output, Picture, Target, VideoCodec,
    VideoDecoderConfig, VideoEncoderConfig,
};

fn pictures(count: usize) -> Vec<Picture> {
    (0..count).map(|n| pattern(320, 180, n)).collect()
}

fn config(codec: VideoCodec) -> VideoEncoderConfig {
    VideoEncoderConfig {
        codec,
        preset: String::new(),
        ..VideoEncoderConfig::h264(320, 180, 25)
    }
}

#[track_caller]
fn check(codec: VideoCodec, with_config: bool) {
    let child = child();
    let pictures = pictures(60);
    let mut encoder = child.video_encoder(config(codec)).unwrap();
    let header = encoder.header().clone();
    let coded = encode(&mut encoder, &pictures);
    assert_eq!(coded.len(), pictures.len());
    assert!(coded[0].key);
    assert_eq!(coded[0].at, coded[0].decode_at);
    assert!(coded.is_sorted_by_key(|c| c.decode_at));
    // Temporal delimiters of AV1 are for streams, not for files.
    assert!(codec != VideoCodec::Av1 || coded.iter().all(|c| c.data[0] & 0x78 != 0x10));

    let mut about = VideoDecoderConfig::new(codec);
    if with_config {
        about.config = header.config;
    }
    let mut decoder = child.video_decoder(about).unwrap();
    let decoded = decode(&mut decoder, units(&coded));
    assert_eq!(decoder.errors(), 0);
    assert_eq!(decoded.len(), pictures.len());
    for (n, picture) in decoded.iter().enumerate() {
        assert_eq!(picture.at, at(n));
        let likeness = psnr(&picture.picture, &pictures[n]);
        assert!(likeness > 33.0, "picture {n}: {likeness} dB");
    }
}

#[test]
fn h264_with_b_frames() {
    check(VideoCodec::H264, true);
}

#[test]
fn vp8() {
    check(VideoCodec::Vp8, false);
}

#[test]
fn vp9() {
    check(VideoCodec::Vp9, false);
}

#[test]
fn av1() {
    check(VideoCodec::Av1, false);
}

#[test]
fn pictures_come_in_the_size_that_is_wanted_from_then_on() {
    let child = child();
    let pictures = pictures(12);
    let mut encoder = child.video_encoder(config(VideoCodec::Vp8)).unwrap();
    let coded = encode(&mut encoder, &pictures);
    let mut decoder = child
        .video_decoder(VideoDecoderConfig::new(VideoCodec::Vp8))
        .unwrap();
    let outputs = [
        (Output::AsIs, Some((320, 180))),
        (Output::scaled(160, 160), Some((160, 90))),
        (Output::Nothing, None),
        (
            Output::Scaled(Target {
                width: 100,
                height: 100,
                fit: Fit::Cover,
            }),
            Some((100, 100)),
        ),
    ];
    for (n, coded) in coded.iter().enumerate() {
        let (output, size) = outputs[n / 3];
        decoder.set_output(output);
        assert!(decoder.send(&coded.data, coded.at).unwrap().is_taken());
        let picture = decoder.recv().unwrap();
        assert_eq!(
            picture
                .as_ref()
                .map(|p| (p.picture.width, p.picture.height)),
            size
        );
        if let Some(picture) = picture {
            assert_eq!(picture.at, at(n));
            assert_eq!(picture.frame, (320, 180), "however it was scaled");
        }
    }
}

#[test]
fn covering_shows_the_middle() {
    let child = child();
    // Left third dark, middle bright, right dark.
    let mut picture = pattern(300, 100, 0);
    for y in 0..100 {
        for x in 0..300 {
            picture.data[y * 300 + x] = if (100..200).contains(&x) { 200 } else { 30 };
        }
    }
    let about = VideoEncoderConfig::h264(300, 100, 25);
    let mut encoder = child.video_encoder(about).unwrap();
    let header = encoder.header().config.clone();
    let coded = encode(&mut encoder, &[picture]);
    let mut about = VideoDecoderConfig::new(VideoCodec::H264);
    about.config = header;
    let mut decoder = child.video_decoder(about).unwrap();
    decoder.set_output(Output::Scaled(Target {
        width: 200,
        height: 200,
        fit: Fit::Cover,
    }));
    let decoded = decode(&mut decoder, units(&coded));
    let shown = &decoded[0].picture;
    for (x, y) in [(10, 10), (100, 100), (190, 190)] {
        let luma = shown.y()[y * 200 + x];
        assert!(luma.abs_diff(200) < 12, "{luma} at {x}, {y}");
    }
}

#[test]
fn h264_without_a_configuration_finds_its_parameter_sets_between_the_pictures() {
    let child = child();
    let pictures = pictures(5);
    let mut encoder = child.video_encoder(config(VideoCodec::H264)).unwrap();
    let avcc = encoder.header().config.clone();
    let mut coded = encode(&mut encoder, &pictures);
    // One SPS and one PPS, each behind its length in two bytes.
    let sps_len = usize::from(u16::from_be_bytes([avcc[6], avcc[7]]));
    let sps = &avcc[8..8 + sps_len];
    let pps = &avcc[8 + sps_len + 1..];
    let pps_len = usize::from(u16::from_be_bytes([pps[0], pps[1]]));
    let mut first = Vec::new();
    for set in [sps, &pps[2..2 + pps_len]] {
        first.extend_from_slice(&(set.len() as u32).to_be_bytes());
        first.extend_from_slice(set);
    }
    first.append(&mut coded[0].data);
    coded[0].data = first;
    let mut decoder = child
        .video_decoder(VideoDecoderConfig::new(VideoCodec::H264))
        .unwrap();
    let decoded = decode(&mut decoder, units(&coded));
    assert_eq!(decoded.len(), 5);
    assert!(psnr(&decoded[4].picture, &pictures[4]) > 33.0);
}

#[track_caller]
fn check_sound(codec: AudioCodec) {
    let child = child();
    let samples = tones(440.0, 1000.0, 96_000);
    let mut encoder = child
        .audio_encoder(AudioEncoderConfig {
            codec,
            ..AudioEncoderConfig::aac(128_000)
        })
        .unwrap();
    let header = encoder.header().clone();
    let coded = encode_sound(&mut encoder, &samples);
    assert_eq!(coded[0].at, Duration::ZERO);
    let mut decoder = child
        .audio_decoder(AudioDecoderConfig {
            codec,
            channels: 2,
            config: header.config,
        })
        .unwrap();
    let sounds = decode_sound(&mut decoder, coded.iter().map(|c| (&c.data[..], c.at)));
    assert_eq!(decoder.errors(), 0);
    let (left, right) = (channel(&sounds, 0), channel(&sounds, 1));
    assert!(
        left.len() >= 96_000 && left.len() < 99_000,
        "{}",
        left.len()
    );
    let middle = 10_000..80_000;
    for (side, there, not_there) in [(left, 440.0, 1000.0), (right, 1000.0, 440.0)] {
        let side = &side[middle.clone()];
        assert!((strength(side, there) - 0.5).abs() < 0.05);
        assert!(strength(side, not_there) < 0.02);
    }
}

#[test]
fn aac() {
    check_sound(AudioCodec::Aac);
}

/// Where a tone begins: the first window of two milliseconds that is loud.
fn onset(samples: &[f32]) -> usize {
    let loud = |w: &[f32]| w.iter().map(|s| s * s).sum::<f32>() / w.len() as f32 > 0.02;
    96 * samples.chunks_exact(96).position(loud).unwrap()
}

#[test]
fn aac_of_one_channel_says_what_comes_before_its_first_sample() {
    let child = child();
    let begin = 48_000;
    let mut samples = vec![0.0; 2 * begin];
    samples.extend(tones(440.0, 1000.0, 48_000));
    let about = AudioEncoderConfig {
        channels: 1,
        priming: true,
        ..AudioEncoderConfig::aac(80_000)
    };
    let mut encoder = child.audio_encoder(about).unwrap();
    let header = encoder.header().clone();
    assert_eq!(header.priming, 1024);
    // AAC-LC, 48 kHz, one channel.
    assert_eq!(header.config[..2], [0x11, 0x88]);
    let coded = encode_sound(&mut encoder, &samples);
    assert_eq!(coded.len(), (1024 + 96_000_usize).div_ceil(1024));
    assert_eq!(coded[0].at, Duration::ZERO);
    let mut decoder = child
        .audio_decoder(AudioDecoderConfig {
            codec: AudioCodec::Aac,
            channels: 1,
            config: header.config,
        })
        .unwrap();
    let sounds = decode_sound(&mut decoder, coded.iter().map(|c| (&c.data[..], c.at)));
    let heard = channel(&sounds, 0);
    let at = onset(&heard[1024..]);
    assert!(at.abs_diff(begin) <= 192, "{at}");
    let tone = &heard[1024 + 60_000..1024 + 90_000];
    assert!((strength(tone, 440.0) - 0.5).abs() < 0.05);
    assert!(strength(tone, 1000.0) < 0.02, "the left alone");
}

#[test]
fn opus() {
    check_sound(AudioCodec::Opus);
}

/// G.711 µ-law of one sample (ITU-T G.711, table 2).
fn mu_law(sample: f32) -> u8 {
    let value = (sample * 32_767.0) as i32;
    let magnitude = value.abs().min(32_635) + 132;
    let exponent = 24 - (magnitude as u32).leading_zeros();
    let mantissa = (magnitude >> (exponent + 3)) & 0xf;
    let sign = if value < 0 { 0x80 } else { 0 };
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

#[test]
fn telephone_sound_is_as_loud_on_both_sides_and_in_time() {
    let child = child();
    let samples: Vec<u8> = (0..16_000)
        .map(|n| 0.5 * (n as f32 * 440.0 * std::f32::consts::TAU / 8_000.0).sin())
        .map(mu_law)
        .collect();
    let mut decoder = child
        .audio_decoder(AudioDecoderConfig {
            codec: AudioCodec::Pcmu,
            channels: 1,
            config: Vec::new(),
        })
        .unwrap();
    let packets = samples.chunks(160).enumerate();
    let start = Duration::from_secs(3);
    let packets = packets.map(|(n, p)| (p, start + Duration::from_millis(20 * n as u64)));
    let sounds = decode_sound(&mut decoder, packets);
    let first = sounds[0].at.as_secs_f64();
    assert!((first - 3.0).abs() < 0.003, "{first}");
    for side in [0, 1] {
        let samples = channel(&sounds, side);
        assert!(samples.len().abs_diff(96_000) < 200, "{}", samples.len());
        assert!((strength(&samples[4_800..91_200], 440.0) - 0.5).abs() < 0.02);
        // A sine that begins at zero is still one where its time says.
        let late = ((3.0 - first) * 48_000.0).round() as usize;
        let quarter = late + 48_000 * 11 / 440 + 27;
        assert!(samples[quarter] > 0.45, "{}", samples[quarter]);
    }
}

#[test]
fn gaps_stay_where_they_were() {
    let child = child();
    let mut decoder = child
        .audio_decoder(AudioDecoderConfig {
            codec: AudioCodec::Pcma,
            channels: 1,
            config: Vec::new(),
        })
        .unwrap();
    let packet = [0xd5u8; 160];
    let times = [0, 20, 1000, 1020].map(Duration::from_millis);
    let sounds = decode_sound(&mut decoder, times.map(|at| (&packet[..], at)));
    let heard: Vec<f64> = sounds.iter().map(|s| s.at.as_secs_f64()).collect();
    for at in [0.0, 0.02, 1.0, 1.02] {
        assert!(
            heard.iter().any(|h| (h - at).abs() < 0.005),
            "{at}: {heard:?}"
        );
    }
}

#[test]
fn a_thumbnail_is_a_jpeg() {
    let jpeg = child().jpeg(&pattern(320, 180, 0), 5).unwrap();
    assert_eq!(jpeg[..3], [0xff, 0xd8, 0xff]);
    assert_eq!(jpeg[jpeg.len() - 2..], [0xff, 0xd9]);
}
