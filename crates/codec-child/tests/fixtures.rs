//! Pictures of one colour from other encoders: odd sizes, ten bits, full range.
//! Made by ffmpeg 5.1, see `data/README.md`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::{at, child, decode, ivf};
use veche_codec::{Fit, Output, Picture, Target, VideoCodec, VideoDecoderConfig};

/// Red in BT.601, limited range.
const RED: [u8; 3] = [81, 90, 240];

/// The access units of a byte stream that has delimiters, as record files have them.
fn access_units(annex_b: &[u8]) -> Vec<Vec<u8>> {
    let mut starts: Vec<usize> = (0..annex_b.len() - 3)
        .filter(|i| annex_b[*i..].starts_with(&[0, 0, 1]))
        .map(|i| i + 3)
        .collect();
    starts.push(annex_b.len() + 3);
    let mut units: Vec<Vec<u8>> = Vec::new();
    for pair in starts.windows(2) {
        let nal = annex_b[pair[0]..pair[1] - 3].strip_suffix(&[0]);
        let nal = nal.unwrap_or(&annex_b[pair[0]..pair[1] - 3]);
        if nal[0] & 0x1f == 9 {
            units.push(Vec::new());
            continue;
        }
        let unit = units.last_mut().unwrap();
        unit.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        unit.extend_from_slice(nal);
    }
    units
}

fn pictures(codec: VideoCodec, units: &[Vec<u8>], output: Output) -> Vec<Picture> {
    let child = child();
    let mut decoder = child.video_decoder(VideoDecoderConfig::new(codec)).unwrap();
    decoder.set_output(output);
    let units = units.iter().enumerate().map(|(n, u)| (&u[..], at(n)));
    let decoded = decode(&mut decoder, units);
    assert_eq!(decoder.errors(), 0);
    decoded.into_iter().map(|p| p.picture).collect()
}

#[track_caller]
fn check(codec: VideoCodec, units: &[Vec<u8>], size: (u32, u32), colour: [u8; 3]) {
    assert_eq!(units.len(), 3);
    let cover = Target {
        width: 40,
        height: 40,
        fit: Fit::Cover,
    };
    for (output, size) in [
        (Output::AsIs, size),
        (Output::Scaled(cover), (40, 40)),
        (
            Output::scaled(400, 800),
            (400, (400 * size.1 / size.0 + 1) & !1),
        ),
    ] {
        let pictures = pictures(codec, units, output);
        assert_eq!(pictures.len(), 3);
        let picture = &pictures[2];
        assert_eq!(picture.width, size.0);
        assert!(picture.height.abs_diff(size.1) <= 2, "{}", picture.height);
        for (plane, colour) in [picture.y(), picture.u(), picture.v()].iter().zip(colour) {
            for (i, value) in plane.iter().enumerate() {
                assert!(
                    value.abs_diff(colour) <= 3,
                    "{output:?}: {value} at {i}, not {colour}"
                );
            }
        }
    }
}

#[test]
fn odd_sizes_of_vp8_are_made_even() {
    let units = ivf(include_bytes!("data/odd-vp8.ivf"));
    check(VideoCodec::Vp8, &units, (102, 58), RED);
}

#[test]
fn full_colour_of_vp9_is_halved() {
    let units = ivf(include_bytes!("data/odd-444-vp9.ivf"));
    check(VideoCodec::Vp9, &units, (102, 58), RED);
}

#[test]
fn ten_bits_of_h264_become_eight() {
    let units = access_units(include_bytes!("data/ten-bit.h264"));
    check(VideoCodec::H264, &units, (128, 64), RED);
}

#[test]
fn ten_bits_of_av1_become_eight() {
    let units = ivf(include_bytes!("data/ten-bit-av1.ivf"));
    check(VideoCodec::Av1, &units, (128, 64), RED);
}

#[test]
fn full_range_becomes_limited() {
    let units = access_units(include_bytes!("data/full-range.h264"));
    check(VideoCodec::H264, &units, (128, 64), [235, 128, 128]);

    let units = access_units(include_bytes!("data/full-range-ten-bit.h264"));
    check(VideoCodec::H264, &units, (128, 64), [235, 128, 128]);
}
