//! The sum of voices, judged by its samples.
#![allow(clippy::unwrap_used, reason = "tests")]

use veche_mix::{AudioMixer, RATE, SourceId};

const CEILING: f32 = 0.891_251;

fn id(n: u32) -> SourceId {
    SourceId(n)
}

fn tone(hertz: f32, loud: f32, frames: usize) -> Vec<f32> {
    (0..frames * 2)
        .map(|i| ((i / 2) as f32 * hertz * std::f32::consts::TAU / RATE as f32).sin() * loud)
        .collect()
}

fn add(mixer: &mut AudioMixer, who: u32, at: u64, samples: &[f32]) {
    let left_out = mixer.add(id(who), at, samples);
    assert_eq!(left_out, Default::default());
}

/// The whole, in pieces of odd lengths.
fn mix_all(mixer: &mut AudioMixer, frames: usize) -> Vec<f32> {
    let (mut out, mut at) = (Vec::new(), 0);
    for length in [960, 1, 333, 960, 4800, 7].iter().cycle() {
        let length = (*length).min(frames - at);
        out.extend(mixer.mix(at as u64, length).all);
        at += length;
        if at == frames {
            return out;
        }
    }
    out
}

#[test]
fn one_voice_passes_bit_by_bit() {
    let mut mixer = AudioMixer::new();
    let voice = tone(220.0, 0.8, 20_000);
    for (i, piece) in voice.chunks(2 * 961).enumerate() {
        add(&mut mixer, 1, i as u64 * 961, piece);
    }
    assert_eq!(mix_all(&mut mixer, 20_000), voice);
}

#[test]
fn nobody_is_exactly_silent() {
    let mut mixer = AudioMixer::new();
    assert!(mix_all(&mut mixer, 5000).iter().all(|&s| s == 0.0));
    // After something loud too.
    add(&mut mixer, 1, 5240, &vec![3.0; 2000]);
    assert!(mixer.mix(5000, 2000).all.iter().any(|&s| s > 0.5));
    assert!(mixer.mix(7000, 96_000).all.iter().all(|&s| s == 0.0));
}

#[test]
fn nine_that_shout_do_not_clip() {
    let mut mixer = AudioMixer::new();
    for n in 0..9 {
        add(
            &mut mixer,
            n,
            0,
            &tone(200.0 + 37.0 * n as f32, 1.0, 96_000),
        );
    }
    let out = mix_all(&mut mixer, 96_000);
    let peak = out.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
    assert!(peak <= CEILING && peak > 0.8, "{peak}");
    // Not a square wave: no runs at the ceiling, as clipping makes.
    let clipped = out
        .windows(6)
        .filter(|w| w.iter().all(|s| s.abs() > 0.89))
        .count();
    assert!(clipped < 20, "{clipped}");
}

#[test]
fn a_loud_word_does_not_hold_the_next_voice_down() {
    let mut mixer = AudioMixer::new();
    add(&mut mixer, 1, 0, &tone(300.0, 2.0, 4800));
    add(&mut mixer, 2, 0, &tone(500.0, 0.2, 72_000));
    let out = mix_all(&mut mixer, 72_000);
    let loudest = |from: usize| {
        out[from * 2..(from + 960) * 2]
            .iter()
            .fold(0.0f32, |m, s| m.max(s.abs()))
    };
    assert!(loudest(2000) <= CEILING);
    // A third of a second later it is within a decibel.
    assert!(loudest(4800 + 16_000) > 0.178, "{}", loudest(20_800));
}

#[test]
fn gaps_are_silence_and_what_is_there_twice_counts_once() {
    let mut mixer = AudioMixer::new();
    let voice = tone(100.0, 0.5, 3000);
    add(&mut mixer, 1, 0, &voice[..2000]);
    add(&mut mixer, 1, 2000, &voice[4000..]);
    // Overlaps both: only the hole between is new.
    let left_out = mixer.add(id(1), 500, &voice[1000..5000]);
    assert_eq!(
        (left_out.doubled, left_out.late, left_out.early),
        (1000, 0, 0)
    );
    add(&mut mixer, 1, 4000, &voice[..200]);
    let out = mixer.mix(0, 5000).all;
    assert_eq!(out[..6000], voice[..]);
    assert!(out[6000..8000].iter().all(|&s| s == 0.0));
    assert_eq!(out[8000..8200], voice[..200]);
}

#[test]
fn late_and_far_sound_is_left_out_and_told() {
    let mut mixer = AudioMixer::new();
    let voice = tone(100.0, 0.5, 2000);
    mixer.mix(0, 4800);
    let left_out = mixer.add(id(1), 4000, &voice);
    // 5 ms of look-ahead are decided as well.
    assert_eq!(left_out.late, 800 + 240);
    let out = mixer.mix(4800, 2000).all;
    assert!(out[..480].iter().all(|&s| s == 0.0));
    assert_eq!(out[480..2400], voice[2080..4000]);
    let left_out = mixer.add(id(1), 60 * u64::from(RATE), &voice);
    assert_eq!(left_out.early, 2000);
    // A million small pieces are bounded.
    let early: u64 = (0..20_000)
        .map(|i| mixer.add(id(2), 10_000 + i * 3, &voice[..2]).early)
        .sum();
    assert!(early > 15_000);
}

#[test]
fn broken_samples_do_no_harm() {
    let mut mixer = AudioMixer::new();
    add(&mut mixer, 1, 0, &[f32::NAN, f32::INFINITY, -1e30, 0.5]);
    add(&mut mixer, 2, 0, &tone(200.0, 0.1, 4000));
    let out = mix_all(&mut mixer, 4000);
    assert!(out.iter().all(|s| s.is_finite() && s.abs() <= CEILING));
    assert!(out[7000..].iter().any(|s| s.abs() > 0.05));
}

#[test]
fn each_hears_the_others_only() {
    let mut mixer = AudioMixer::new();
    let (ann, bob) = (tone(200.0, 0.3, 1200), tone(333.0, 0.4, 1200));
    mixer.listen(id(1));
    mixer.listen(id(2));
    mixer.listen(id(3));
    add(&mut mixer, 1, 0, &ann);
    add(&mut mixer, 2, 0, &bob);
    let sound = mixer.mix(0, 960);
    let both: Vec<f32> = ann
        .iter()
        .zip(&bob)
        .map(|(a, b)| a + b)
        .take(1920)
        .collect();
    assert_eq!(sound.all, both);
    assert_eq!(sound.without[0], (id(1), bob[..1920].to_vec()));
    assert_eq!(sound.without[1], (id(2), ann[..1920].to_vec()));
    assert_eq!(sound.without[2], (id(3), both));
    let [(_, ann), (_, bob)] = sound.levels[..] else {
        panic!("{:?}", sound.levels)
    };
    assert!((ann - 0.212).abs() < 0.01 && (bob - 0.283).abs() < 0.01);
    mixer.remove(id(1));
    assert_eq!(mixer.mix(960, 10).without.len(), 2);
}

#[test]
fn a_level_comes_without_a_click() {
    let mut mixer = AudioMixer::new();
    add(&mut mixer, 1, 0, &vec![0.5; 8000]);
    mixer.mix(0, 1000);
    mixer.set_level(id(1), 0.0);
    let out = mixer.mix(1000, 2000);
    assert!(
        out.all
            .chunks(2)
            .collect::<Vec<_>>()
            .windows(2)
            .all(|w| (w[0][0] - w[1][0]).abs() < 0.003)
    );
    assert_eq!(*out.all.last().unwrap(), 0.0);
    assert!(mixer.mix(3000, 900).levels.is_empty());
}

#[test]
fn jumping_forward_leaves_out_and_back_is_silence() {
    let mut mixer = AudioMixer::new();
    add(&mut mixer, 1, 0, &tone(200.0, 0.5, 20_000));
    let straight = tone(200.0, 0.5, 20_000);
    mixer.mix(0, 960);
    assert_eq!(mixer.mix(9000, 960).all, straight[18_000..19_920]);
    let again = mixer.mix(9500, 960).all;
    assert!(again[..920].iter().all(|&s| s == 0.0));
    assert_eq!(again[920..], straight[19_920..20_920]);
}
