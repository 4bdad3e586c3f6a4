//! Picture and sound stay together; sound is what it was.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use veche_record::{AudioCoding, Container, Reader, TrackMedia};

use crate::ffmpeg::{lumas, probe, run, tone};
use crate::made::recording;
use crate::support::{near, number, stream};
use crate::{loudness, transcode};

const OPUS: [&str; 4] = ["-c:a", "libopus", "-b:a", "96k"];

/// White and loud for a tenth of each second from half of it on.
const BEAT: &str = "between(mod(t\\,1)\\,0.5\\,0.6)";

fn flashes() -> String {
    format!("color=c=black:s=320x180:r=30,drawbox=c=white:t=fill:enable='{BEAT}'")
}

/// When flashes and beeps begin, on the file's own clock.
fn beats(path: &Path) -> (Vec<f64>, Vec<f64>) {
    let lumas = lumas(path, "100:100:190:60");
    let begins = number(&stream(&probe(path), "video")["start_time"]);
    let flashes = (1..lumas.len())
        .filter(|n| lumas[*n] > 180 && lumas[*n - 1] <= 180)
        .map(|n| begins + n as f64 / 30.0)
        .collect();
    let window = 240;
    let sound = heard(path);
    let loud: Vec<bool> = sound
        .chunks_exact(window)
        .map(|w| w.iter().map(|s| s * s).sum::<f32>() / window as f32 > 0.01)
        .collect();
    let beeps = (1..loud.len())
        .filter(|n| loud[*n] && !loud[*n - 1])
        .map(|n| n as f64 * window as f64 / 48_000.0)
        .collect();
    (flashes, beeps)
}

/// The sound from the file's time zero on. ffmpeg by itself lets a file begin with
/// what is before that.
fn heard(path: &Path) -> Vec<f32> {
    let path = path.display().to_string();
    let filter = "aresample=async=1:first_pts=0";
    let args = ["-v", "error", "-copyts", "-i", &path, "-af", filter];
    floats(&[&args[..], &["-ac", "1", "-ar", "48000", "-f", "f32le", "-"]].concat())
}

fn floats(args: &[&str]) -> Vec<f32> {
    let bytes = run("ffmpeg", args);
    let floats = bytes.chunks_exact(4);
    floats
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

#[test]
fn flashes_and_beeps_stay_together() {
    for container in [Container::Mp4, Container::Matroska] {
        let folder = TempDir::new().unwrap();
        let beeps = format!("aevalsrc=exprs='sin(2*PI*1000*t)*{BEAT}':s=48000:c=mono");
        let coding = [&OPUS[..], &["-ac", "2"]].concat();
        let path = recording(
            &folder,
            container,
            Some(&flashes()),
            (&beeps, &coding),
            20.0,
        );
        let (to, done) = transcode(&path);
        assert_eq!(done.warning, None);
        let (before, after) = (beats(&path), beats(&to));
        for (flashes, beeps) in [&before, &after] {
            assert_eq!((flashes.len(), beeps.len()), (20, 20), "{container}");
        }
        let mut worst: f64 = 0.0;
        for n in 0..20 {
            near(after.0[n], before.0[n], 0.001);
            worst = worst.max((after.0[n] - after.1[n]).abs());
            near(after.1[n], before.1[n], 0.02);
        }
        println!("{container}: beeps are at most {worst:.3} s from their flashes");
        assert!(worst <= 0.04, "{container}: {worst}");
    }
}

fn elst(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let found: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, w)| w == b"elst")
        .map(|(at, _)| at)
        .collect();
    assert_eq!(found.len(), 1);
    bytes[found[0] + 4..found[0] + 4 + 28].to_vec()
}

#[test]
fn a_tone_in_mp4_is_aac_lc_of_two_channels_with_its_priming_told() {
    let folder = TempDir::new().unwrap();
    // Left and right are not the same.
    let tones = "aevalsrc=exprs='0.5*sin(2*PI*440*t)|0.5*sin(2*PI*1000*t)':s=48000:c=stereo";
    let path = recording(&folder, Container::Mp4, None, (tones, &OPUS), 5.0);
    let (to, done) = transcode(&path);
    let before = veche_record::inspect(&path).unwrap();
    let lengths = [&before, &done.summary].map(|s| s.duration.as_secs_f64());
    near(lengths[0], lengths[1], 0.005);

    let probed = probe(&to);
    let audio = stream(&probed, "audio");
    assert_eq!(audio["codec_name"], "aac");
    assert_eq!(audio["profile"], "LC");
    assert_eq!(
        (&audio["channels"], &audio["sample_rate"]),
        (&2.into(), &"48000".into())
    );
    near(number(&audio["start_time"]), 0.0, 0.0001);
    near(number(&probed["format"]["duration"]), lengths[1], 0.001);
    assert_eq!(
        fast_start(&to),
        ["ftyp", "moov", "mdat"],
        "the index comes first"
    );
    for mark in [b"sgpd", b"sbgp"] {
        let bytes = std::fs::read(&to).unwrap();
        assert!(bytes.windows(4).any(|w| w == mark));
    }
    // One entry: from the sample behind the priming.
    let elst = elst(&to);
    assert_eq!(elst[4..8], 1_u32.to_be_bytes());
    assert_eq!(elst[16..24], 1024_u64.to_be_bytes());

    for (side, there, not_there) in [("FL", 440.0, 1000.0), ("FR", 1000.0, 440.0)] {
        let samples = channel(&to, side);
        // ffmpeg gives the last frame whole.
        near(samples.len() as f64 / 48_000.0, lengths[1], 0.022);
        // From its first moment on.
        let begin = tone(&samples[..4_800], there);
        near(begin, 0.5, 0.06);
        near(tone(&samples[48_000..192_000], there), 0.5, 0.02);
        assert!(tone(&samples[48_000..192_000], not_there) < 0.01);
    }
}

/// The boxes at the top of a file.
fn fast_start(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut kinds = Vec::new();
    while rest.len() >= 8 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        kinds.push(String::from_utf8(rest[4..8].to_vec()).unwrap());
        let size = match size {
            1 => u64::from_be_bytes(rest[8..16].try_into().unwrap()) as usize,
            n => n,
        };
        rest = &rest[size..];
    }
    kinds
}

fn channel(path: &Path, side: &str) -> Vec<f32> {
    let (path, pan) = (path.display().to_string(), format!("pan=mono|c0={side}"));
    let args = ["-v", "error", "-i", &path, "-af", &pan, "-f", "f32le", "-"];
    floats(&args)
}

#[test]
fn telephone_sound_is_aac_of_one_channel_as_loud_as_it_was() {
    for (coding, container) in [
        ("pcm_mulaw", Container::Mp4),
        ("pcm_alaw", Container::Matroska),
    ] {
        let folder = TempDir::new().unwrap();
        let coding = ["-c:a", coding, "-ar", "8000", "-ac", "1"];
        let beeps = format!("aevalsrc=exprs='0.5*sin(2*PI*1000*t)*{BEAT}':s=8000:c=mono");
        let path = recording(&folder, container, Some(&flashes()), (&beeps, &coding), 6.0);
        let (to, _) = transcode(&path);
        let probed = probe(&to);
        let audio = stream(&probed, "audio");
        let said: [&Value; 3] = ["codec_name", "channels", "sample_rate"].map(|k| &audio[k]);
        assert_eq!(said, [&Value::from("aac"), &1.into(), &"48000".into()]);
        let (flashes, beeps) = beats(&to);
        assert_eq!((flashes.len(), beeps.len()), (6, 6), "{container}");
        for (flash, beep) in flashes.iter().zip(&beeps) {
            near(*flash, *beep, 0.04);
        }
        let sound = heard(&to);
        let beep = &sound[(2.52 * 48_000.0) as usize..(2.58 * 48_000.0) as usize];
        near(tone(beep, 1000.0), 0.5, 0.05);
        let quiet = loudness(&sound[48_000 * 2..48_000 * 2 + 20_000]);
        assert!(quiet.iter().all(|l| *l < 0.01));
    }
}

#[test]
fn what_is_written_is_read_again_and_is_not_done_twice() {
    let folder = TempDir::new().unwrap();
    let path = recording(
        &folder,
        Container::Mp4,
        Some(&flashes()),
        ("sine=440", &OPUS),
        2.0,
    );
    let (to, _) = transcode(&path);
    let reader = Reader::open(&to).unwrap();
    assert_eq!(reader.tracks()[1].name, "Ann");
    let TrackMedia::Audio(audio) = &reader.tracks()[1].media else {
        panic!("{:?}", reader.tracks());
    };
    assert_eq!((audio.codec, audio.priming), (AudioCoding::Aac, 1024));
    let again = veche_transcode::to_aac(
        &to,
        &folder.path().join("again.mp4"),
        &veche_codec::Codecs::find().unwrap(),
        &|| true,
    );
    assert_eq!(
        again.unwrap_err().to_string(),
        "it has no sound that is not AAC"
    );
    assert!(!folder.path().join("again.mp4").exists());
}
