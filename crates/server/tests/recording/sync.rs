//! A flash and a beep at each other second, through the real server for a while.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::files::{is_settled, manifests, meeting};
use crate::veche::{Veche, until};

/// Between two flashes, in seconds.
const EVERY: f64 = 2.0;

/// How far apart picture and sound, and people, may be.
const APART: f64 = 0.040;

/// Sound at which a beep has begun, of 32,768.
const LOUD: i16 = 3_000;

const RATE: f64 = 16_000.0;

/// `VECHE_SYNC_SECONDS` says how long; a short while by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn flashes_and_beeps_are_where_they_were() {
    let seconds = std::env::var("VECHE_SYNC_SECONDS").ok();
    let seconds: f64 = seconds.map_or(11.0, |seconds| seconds.parse().unwrap());
    let arguments = [
        "--no-https",
        "--set=video_codecs=VP8",
        "--set=mix_rooms=false",
        // They answer no pings while they send.
        "--set=keep_alive.probes=100000",
    ];
    let veche = Veche::start(&arguments);
    let records = veche.directory.path().join("data/records");
    let (light, sound) = source(veche.directory.path());
    let people = meeting(veche.http(), "r", "", 2).await;
    let mut sending = Vec::new();
    // The second one's clock is another: it begins between two flashes of the first.
    for (n, (client, mut live)) in people.into_iter().enumerate() {
        live.repeat(&light, &sound);
        tokio::time::sleep(Duration::from_millis(700 * n as u64)).await;
        sending.push(tokio::spawn(async move {
            let began = Instant::now();
            live.send(seconds).await;
            (client, began)
        }));
    }
    let mut began = Vec::new();
    for each in sending {
        let (mut client, at) = each.await.unwrap();
        let left = client.command("leave", json!({"name": "r"})).await;
        assert_eq!(left["status"], "ACCEPTED");
        began.push(at);
    }
    let room = until("the room is one file", || {
        let all = manifests(&records);
        let room = all.iter().find(|m| m.kind() == "room").cloned();
        room.filter(|_| all.iter().all(is_settled))
    });
    let path = records.join(&room.file);
    let seen: Vec<_> = (0..2)
        .map(|n| (flashes(&path, n), beeps(&path, n)))
        .collect();
    let wanted = (seconds / EVERY) as usize - 1;
    for (n, (flashes, beeps)) in seen.iter().enumerate() {
        assert!(
            flashes.len() >= wanted && beeps.len() >= wanted,
            "{n}: {} {} of {wanted}",
            flashes.len(),
            beeps.len()
        );
        let worst = worst(flashes, beeps, 0.0);
        println!(
            "person {n}: {} flashes, the worst {:.1} ms from its beep",
            flashes.len(),
            worst * 1_000.0
        );
        assert!(worst <= APART, "person {n}: {worst} s");
    }
    let later = began[1].duration_since(began[0]).as_secs_f64();
    for (what, of) in [
        ("flash", [&seen[0].0, &seen[1].0]),
        ("beep", [&seen[0].1, &seen[1].1]),
    ] {
        let worst = worst(of[0], of[1], later);
        println!(
            "{what} of one to {what} of the other: the worst {:.1} ms",
            worst * 1_000.0
        );
        assert!(worst <= APART, "{what}: {worst} s");
    }
}

/// How far the times of `those`, less `later`, are from `these` at most.
fn worst(these: &[f64], those: &[f64], later: f64) -> f64 {
    let from = those.iter().map(|at| at - later);
    let far = from.filter_map(|at| {
        let all = these.iter().map(|other| (other - at).abs());
        // The first and the last may be alone.
        all.min_by(f64::total_cmp).filter(|far| *far < EVERY / 2.0)
    });
    let far: Vec<_> = far.collect();
    assert!(
        far.len() + 2 >= these.len(),
        "{these:?} and {those:?}, {later}"
    );
    far.into_iter().fold(0.0, f64::max)
}

/// Two seconds that begin white and loud, as IVF and Ogg.
fn source(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let make = |name: &str, arguments: &[&str]| {
        let path = folder.join(name);
        ffmpeg(arguments, Some(&path));
        std::fs::read(path).unwrap()
    };
    let light = "color=white:s=160x120:r=15:d=0.2[a];color=gray:s=160x120:r=15:d=1.8[b];\
                 [a][b]concat=n=2";
    let light = make(
        "flash.ivf",
        &[
            "-f",
            "lavfi",
            "-i",
            light,
            "-c:v",
            "libvpx",
            "-b:v",
            "200k",
            "-auto-alt-ref",
            "0",
        ],
    );
    let beep = "aevalsrc='0.5*sin(2*PI*800*t)*lt(t,0.2)':s=48000:d=2";
    let beep = make(
        "beep.ogg",
        &["-f", "lavfi", "-i", beep, "-c:a", "libopus", "-b:a", "48k"],
    );
    (light, beep)
}

fn ffmpeg(arguments: &[&str], to: Option<&PathBuf>) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .args(to)
        .output()
        .expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output.stdout
}

/// The seconds at which the `n`th video track turns white.
fn flashes(path: &Path, n: usize) -> Vec<f64> {
    let graph = format!(
        "movie={}:s=v\\\\:{n},signalstats",
        path.display().to_string().replace(':', "\\\\:")
    );
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-f", "lavfi", "-i", &graph])
        .args([
            "-show_entries",
            "frame=pts_time:frame_tags=lavfi.signalstats.YAVG",
        ])
        .args(["-of", "csv=p=0"])
        .output()
        .expect("ffprobe is installed");
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().filter_map(|line| line.split_once(','));
    let rows = rows.map(|(at, light)| (number(at), number(light) > 180.0));
    rising(rows)
}

/// The seconds at which the `n`th audio track becomes loud.
fn beeps(path: &Path, n: usize) -> Vec<f64> {
    let filter = format!("aresample={RATE}:async=1:first_pts=0");
    let (from, which) = (path.to_str().unwrap(), format!("0:a:{n}"));
    let bytes = ffmpeg(
        &[
            "-i", from, "-map", &which, "-af", &filter, "-ac", "1", "-f", "s16le", "-",
        ],
        None,
    );
    let samples = bytes
        .chunks_exact(2)
        .map(|two| i16::from_le_bytes([two[0], two[1]]));
    // A wave passes zero: it is loud for as long as it was so lately.
    let mut left = 0;
    let rows = samples.enumerate().map(|(index, sample)| {
        let loud = sample.unsigned_abs() > LOUD as u16;
        left = if loud {
            RATE as usize / 10
        } else {
            left.saturating_sub(1)
        };
        (index as f64 / RATE, left > 0)
    });
    rising(rows)
}

fn rising(rows: impl Iterator<Item = (f64, bool)>) -> Vec<f64> {
    let (mut before, mut found) = (true, Vec::new());
    for (at, on) in rows {
        if on && !before {
            found.push(at);
        }
        before = on;
    }
    found
}

fn number(text: &str) -> f64 {
    text.trim_end_matches(',').parse().unwrap()
}
