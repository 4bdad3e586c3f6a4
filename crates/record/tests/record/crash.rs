//! A child process records in real time and is killed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use veche_media::{AccessUnit, AudioCodec, VideoCodec};
use veche_record::Reader;
use veche_record::name::Fields;
use veche_record::store::{Config, Request, State, Store};

use crate::support::*;

const FOLDER: &str = "VECHE_RECORD_TEST_FOLDER";

fn config_of(folder: PathBuf) -> Config {
    Config {
        min_free_bytes: 1,
        ..Config::new(folder)
    }
}

/// Not a test of its own: what the killed process runs.
#[test]
#[ignore = "run by the test that kills it"]
fn child_that_records() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let store = Store::open(config_of(folder.into()), Arc::new(|_, _| {})).unwrap();
    let codecs = [VideoCodec::H264, VideoCodec::Vp8];
    let handles: Vec<_> = (0..4)
        .map(|n| {
            let request = Request {
                recorder: config(Some(codecs[n % 2]), Some(AudioCodec::Opus), ""),
                name: Fields {
                    login: format!("p{n}"),
                    ..Fields::default()
                },
                ..Request::default()
            };
            store.start(request).unwrap()
        })
        .collect();
    let units = codecs.map(|c| together(&[pictures(c), tone()]));
    let started = Instant::now();
    // Longer than anybody waits before the kill.
    for round in 0..30_u32 {
        for (h264, vp8) in units[0].iter().zip(&units[1]) {
            let due = h264.at + ms(4000) * round;
            std::thread::sleep(due.saturating_sub(started.elapsed()));
            for (n, handle) in handles.iter().enumerate() {
                let unit = [h264, vp8][n % 2];
                handle.push(AccessUnit {
                    at: unit.at + ms(4000) * round,
                    ..unit.clone()
                });
            }
            println!("pushed {}", due.as_millis());
        }
    }
}

fn kill_after(wait: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::child_that_records",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Of media time: the machine may be slow, the recording counts from what
    // it was given.
    let mut last = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(ms) = line.split("pushed ").nth(1) {
            last = ms.parse().unwrap();
            if last >= wait.as_millis() as u64 {
                break;
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let store = Store::open(config_of(folder.path().to_owned()), Arc::new(|_, _| {})).unwrap();
    let recovery = store.recover();
    let at_start = last < 1_000;
    assert!(recovery.files.len() == 4 || at_start, "killed at {last} ms");
    let mut names = std::collections::BTreeSet::new();
    for manifest in &recovery.files {
        assert!(names.insert(manifest.file.clone()), "listed twice");
        if manifest.state == State::Empty && at_start {
            continue;
        }
        assert_eq!(manifest.state, State::Recovered, "killed at {last} ms");
        let path = folder.path().join(&manifest.file);
        // Decoding all of them is for ffmpeg; a few say whether it can.
        if last.is_multiple_of(3) {
            assert_eq!(decode(&path, &[]), "");
        }
        let mut reader = Reader::open(&path).unwrap();
        let mut end = Duration::ZERO;
        while let Some(sample) = reader.next_sample().unwrap() {
            end = end.max(sample.at + sample.duration);
        }
        assert!(end.as_millis().abs_diff(u128::from(manifest.duration_ms)) < 100);
        assert!(
            manifest.duration_ms + 1000 >= last,
            "{} ms of {last} ms in {}",
            manifest.duration_ms,
            manifest.file
        );
    }
    let listed = store.catalogue().unwrap();
    assert_eq!(listed.manifests.len(), recovery.files.len());
    assert!(listed.bad.is_empty());
    assert!(store.recover().files.is_empty());
    store.close();
}

/// Children that record at the same time.
const AT_ONCE: usize = 10;

#[test]
fn killed_at_any_of_fifty_moments_it_keeps_all_but_the_last_second() {
    let mut random = fastrand::Rng::new();
    for round in 0..5 {
        let waits: Vec<Duration> = (0..AT_ONCE).map(|_| ms(random.u64(100..5000))).collect();
        println!("round {round}: killed after {waits:?}");
        std::thread::scope(|scope| {
            let threads: Vec<_> = waits
                .iter()
                .map(|w| scope.spawn(|| kill_after(*w)))
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }
}
