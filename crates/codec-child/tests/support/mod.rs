//! What the tests share: a child, pictures and sounds whose content is known.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a failed unwrap is a failed test; no test uses all of it"
)]

use std::time::Duration;

use veche_codec::{
    AudioDecoder, AudioEncoder, Child, Codecs, CodedPacket, CodedPicture, Picture, Sound,
    TimedPicture, VideoDecoder, VideoEncoder,
};

/// The executable of this build.
pub fn codecs() -> Codecs {
    Codecs::at(env!("CARGO_BIN_EXE_veche-codec")).unwrap()
}

pub fn child() -> Child {
    codecs().spawn("test").unwrap()
}

/// The time of the n-th picture at 25 a second.
pub fn at(n: usize) -> Duration {
    Duration::from_millis(40 * n as u64)
}

/// A picture of soft waves that move, in colour.
pub fn pattern(width: u32, height: u32, n: usize) -> Picture {
    let (w, h) = (width as usize, height as usize);
    let mut data = Vec::with_capacity(w * h * 3 / 2);
    let wave = |x: usize, y: usize, phase: f32| {
        let x = x as f32 / w as f32 * 9.0 + n as f32 * 0.1 + phase;
        let y = y as f32 / h as f32 * 7.0;
        128.0 + 50.0 * x.sin() + 40.0 * (y + phase).cos()
    };
    for y in 0..h {
        for x in 0..w {
            data.push(wave(x, y, 0.0) as u8);
        }
    }
    for phase in [1.0, 2.0] {
        for y in 0..h / 2 {
            for x in 0..w / 2 {
                data.push((wave(x * 2, y * 2, phase) * 0.5 + 64.0) as u8);
            }
        }
    }
    Picture::new(width, height, data).unwrap()
}

/// Likeness of two pictures of one size, all planes, in dB. Above 30 people
/// see little difference.
pub fn psnr(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let error: f64 = a
        .data
        .iter()
        .zip(&b.data)
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        .sum();
    10.0 * (255.0 * 255.0 * a.data.len() as f64 / error.max(1e-9)).log10()
}

/// Encodes pictures, and takes what comes on the way.
pub fn encode(encoder: &mut VideoEncoder, pictures: &[Picture]) -> Vec<CodedPicture> {
    let mut coded = Vec::new();
    for (n, picture) in pictures.iter().enumerate() {
        while !encoder.send(picture.as_ref(), at(n)).unwrap().is_taken() {
            coded.extend(encoder.recv().unwrap());
        }
    }
    encoder.finish().unwrap();
    while let Some(one) = encoder.recv().unwrap() {
        coded.push(one);
    }
    coded
}

/// Decodes all, and takes what comes on the way.
pub fn decode<'a>(
    decoder: &mut VideoDecoder,
    coded: impl IntoIterator<Item = (&'a [u8], Duration)>,
) -> Vec<TimedPicture> {
    let mut pictures = Vec::new();
    for (data, at) in coded {
        while !decoder.send(data, at).unwrap().is_taken() {
            pictures.extend(decoder.recv().unwrap());
        }
    }
    decoder.finish().unwrap();
    while let Some(one) = decoder.recv().unwrap() {
        pictures.push(one);
    }
    pictures
}

pub fn units(coded: &[CodedPicture]) -> impl Iterator<Item = (&[u8], Duration)> {
    coded.iter().map(|c| (&c.data[..], c.at))
}

/// A tone on the left, another on the right.
pub fn tones(left: f32, right: f32, frames: usize) -> Vec<f32> {
    let sample = |hz: f32, n: usize| 0.5 * (n as f32 * hz * std::f32::consts::TAU / 48_000.0).sin();
    (0..frames)
        .flat_map(|n| [sample(left, n), sample(right, n)])
        .collect()
}

pub fn encode_sound(encoder: &mut AudioEncoder, samples: &[f32]) -> Vec<CodedPacket> {
    let mut coded = Vec::new();
    // A size that is no packet's.
    for (n, part) in samples.chunks(2 * 700).enumerate() {
        let at = Duration::from_nanos(n as u64 * 700 * 1_000_000_000 / 48_000);
        while !encoder.send(part, at).unwrap().is_taken() {
            coded.extend(encoder.recv().unwrap());
        }
    }
    encoder.finish().unwrap();
    while let Some(one) = encoder.recv().unwrap() {
        coded.push(one);
    }
    coded
}

pub fn decode_sound<'a>(
    decoder: &mut AudioDecoder,
    coded: impl IntoIterator<Item = (&'a [u8], Duration)>,
) -> Vec<Sound> {
    let mut sounds = Vec::new();
    for (data, at) in coded {
        while !decoder.send(data, at).unwrap().is_taken() {
            sounds.extend(decoder.recv().unwrap());
        }
    }
    decoder.finish().unwrap();
    while let Some(one) = decoder.recv().unwrap() {
        sounds.push(one);
    }
    sounds
}

/// One channel (0 left, 1 right) of sounds that must follow each other without gaps.
pub fn channel(sounds: &[Sound], channel: usize) -> Vec<f32> {
    let mut out = Vec::new();
    for sound in sounds {
        let expected = sounds[0].at.as_secs_f64() + out.len() as f64 / 48_000.0;
        let off = sound.at.as_secs_f64() - expected;
        assert!(off.abs() < 0.001, "a gap of {off} s at {:?}", sound.at);
        out.extend(sound.samples.chunks_exact(2).map(|pair| pair[channel]));
    }
    out
}

/// The strength of a tone in samples, 1 being full scale (Goertzel).
pub fn strength(samples: &[f32], hz: f32) -> f32 {
    let step = f64::from(hz) * std::f64::consts::TAU / 48_000.0;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let angle = step * n as f64;
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
    }
    (2.0 * (re * re + im * im).sqrt() / samples.len() as f64) as f32
}

/// The frames of an IVF file. Of AV1 without temporal delimiters.
pub fn ivf(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &file[32..];
    let mut frames = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(12) {
        let len = u32::from_le_bytes(head[..4].try_into().unwrap()) as usize;
        let (frame, after) = after.split_at(len);
        frames.push(frame.strip_prefix(&[0x12, 0]).unwrap_or(frame).to_vec());
        rest = after;
    }
    frames
}
