//! Hours of sound.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use veche_media::AudioCodec;
use veche_record::{Container, Growing, Sample, Track, finish_to};

use crate::support::{ms, near, tone};
use crate::transcode;

/// The most memory that this process had so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

fn hours(folder: &TempDir, name: &str, seconds: u64) -> std::path::PathBuf {
    let tone = tone();
    let open = folder.path().join("open");
    let file = std::io::BufWriter::new(std::fs::File::create(&open).unwrap());
    let tracks = vec![Track::audio("Ann", AudioCodec::Opus)];
    let mut growing = Growing::new(Container::Mp4, tracks, file).unwrap();
    for n in 0..seconds * 50 {
        let at = ms(20 * n);
        let sample = Sample {
            track: 0,
            at,
            decode_at: at,
            duration: ms(20),
            keyframe: true,
            data: tone[n as usize % tone.len()].data.clone(),
        };
        growing.push(sample).unwrap();
    }
    growing.finish().unwrap();
    let to = folder.path().join(name);
    finish_to(&open, &to).unwrap();
    to
}

/// `VECHE_HOURS` says how many; a tenth by default.
#[test]
fn hours_of_sound_take_no_more_memory_than_minutes_but_for_their_tables() {
    let hours_of = std::env::var("VECHE_HOURS").map_or(0.1, |h| h.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let minutes = hours(&folder, "minutes.mp4", 60);
    transcode(&minutes);
    let little = peak();
    let seconds = (hours_of * 3600.0) as u64;
    let long = hours(&folder, "hours.mp4", seconds);
    let before = Instant::now();
    let (_, done) = transcode(&long);
    let took = before.elapsed();
    near(done.summary.duration.as_secs_f64(), seconds as f64, 0.05);
    let more = peak() - little;
    let times = Duration::from_secs(seconds).as_secs_f64() / took.as_secs_f64();
    println!("{hours_of:.2} h of sound: {times:.0} times real time, {more} bytes more");
    // Tables: some forty bytes for a frame in and one out; as PCM they are 8 KB.
    assert!(more < 8_000_000 + seconds * 50 * 40, "{more}");
}
