//! A disk that is full at random moments of a meeting.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use veche_media::VideoCodec;
use veche_record::store::{Manifest, State};

use crate::chance::{chance, times};
use crate::files::{LATE, LOST, is_settled, manifests, meeting, plays};
use crate::player::Player;
use crate::publisher::{LENGTH, Publisher};
use crate::support::Client;
use crate::veche::{Veche, until};

const ARGUMENTS: [&str; 4] = [
    "--no-https",
    "--set=video_codecs=VP8",
    "--set=record_min_free_bytes=0",
    // They answer no pings while they send.
    "--set=keep_alive.probes=100000",
];

/// How long a call is watched whose disk is full.
const WATCHED: Duration = Duration::from_secs(2);

/// Longer than packets are ever apart, on a machine that builds something meanwhile.
const SILENCE: Duration = Duration::from_millis(600);

/// A disk of its own, so small that it can be filled.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Self {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(at)
            .output()
            .expect("there is mount");
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(
            mounted.status.success(),
            "this test needs the right to mount a tmpfs (run it as root, in a container with \
             CAP_SYS_ADMIN): {said}"
        );
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// `VECHE_FILLS` says how often; a few by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_full_disk_costs_the_recording_and_not_the_call() {
    let mut rng = chance();
    for round in 0..times("VECHE_FILLS", 3) {
        let moment = Duration::from_millis(rng.u64(50..LENGTH.as_millis() as u64));
        println!("round {round}: full after {moment:?}");
        filled(moment).await;
    }
}

/// A meeting whose disk is full from this moment on.
async fn filled(moment: Duration) {
    let directory: TempDir = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let disk = SmallDisk::mount(&data, "16m");
    let mut veche = Veche::start_in(directory, &ARGUMENTS);
    let records = data.join("records");
    let people = meeting(veche.http(), "r", "", 2).await;
    let mut cat = member(&veche, "cat").await;
    let player = Player::play(&mut cat, "p0", "r", "s0").await;
    let begin = Instant::now();
    let seconds = (moment + 2 * WATCHED).as_secs_f64();
    let (mut clients, mut sending) = (Vec::new(), Vec::new());
    for (client, mut live) in people {
        clients.push(client);
        sending.push(tokio::spawn(async move {
            live.repeat_all();
            live.send(seconds).await;
            live
        }));
    }
    tokio::time::sleep_until((begin + moment).into()).await;
    let sent = begin.elapsed().as_secs_f64();
    let filler = data.join("filler");
    let mut zeros = fs::File::create(&filler).unwrap();
    // To the last byte.
    let filled = std::io::copy(&mut std::io::repeat(0), &mut zeros);
    assert!(filled.is_err());
    let full = Instant::now();

    // Everybody hears of it, and the call goes on.
    let ann = &mut clients[0];
    let said = "Recording failed: the disk is full";
    loop {
        let told = ann.room_event("RECORDING").await;
        if told["problem"] == said {
            assert_eq!(told["on"], true);
            break;
        }
    }
    let line = json!({"roomConfig": {"name": "r"}, "text": "still here"});
    let answer = ann.command("broadcast", line).await;
    assert_eq!(answer["status"], "ACCEPTED");
    let late = Publisher::publish_in(&mut cat, "late", "r", "late", VideoCodec::Vp8, false).await;
    assert_eq!(late.status["status"], "PUBLISHING", "the call goes on");
    tokio::time::sleep_until((full + WATCHED).into()).await;
    for video in [true, false] {
        let (count, silence) = player.heard(video, full, full + WATCHED);
        println!("pictures: {video}, {count} packets came, none for {silence:?}");
        assert!(silence < SILENCE, "{count} packets, none for {silence:?}");
    }
    let mut lives = Vec::new();
    for one in sending {
        lives.push(one.await.unwrap());
    }

    // There is space again: what was written before is whole, after a restart at
    // the latest.
    drop(zeros);
    fs::remove_file(&filler).unwrap();
    veche.signal("TERM");
    assert_eq!(veche.ended(), 0);
    veche.start_again(&ARGUMENTS);
    let found = until("the recordings are finished", || {
        let all = manifests(&records);
        let room = all.iter().any(|m| m.kind() == "room");
        let nothing = !all.iter().any(is_whole);
        ((room || nothing) && all.iter().all(is_settled)).then_some(all)
    });
    for id in ["m0", "m1"] {
        let of_it: Vec<_> = found
            .iter()
            .filter(|m| m.origin.media_session_id == id && is_whole(m))
            .collect();
        let kept = match &of_it[..] {
            [] => 0.0,
            [file] => {
                let path = records.join(&file.file);
                plays(&path);
                // What came later may have found room again.
                sound_before(&path, sent)
            }
            several => panic!("listed once: {several:?}"),
        };
        println!("{id}: {sent:.2} s were sent, {kept:.2} kept");
        assert!(sent - kept <= LOST + LATE, "{found:?}");
    }
    if let Some(room) = found.iter().find(|m| m.kind() == "room") {
        assert!(found.iter().any(|m| m.degraded), "{found:?}");
        plays(&records.join(&room.file));
    }
    veche.kill();
    drop(disk);
}

/// How many seconds of sound a file has before this time.
fn sound_before(path: &Path, seconds: f64) -> f64 {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "a:0"])
        .args([
            "-show_entries",
            "packet=pts_time,duration_time",
            "-of",
            "csv=p=0",
        ])
        .arg(path)
        .output()
        .expect("ffprobe is installed");
    let packets = String::from_utf8(output.stdout).unwrap();
    let number = |text: &str| text.parse::<f64>().unwrap();
    packets
        .lines()
        .filter_map(|line| line.split_once(','))
        .map(|(at, long)| (number(at), number(long.trim_end_matches(','))))
        .filter(|(at, _)| *at < seconds)
        .map(|(_, long)| long)
        .sum()
}

fn is_whole(manifest: &Manifest) -> bool {
    matches!(manifest.state, State::Finished | State::Recovered)
}

async fn member(veche: &Veche, login: &str) -> Client {
    let mut client = Client::connect(veche.http(), "/").await;
    client.hello(json!({"login": login})).await;
    assert_eq!(client.join("r").await["status"], "ACCEPTED");
    client
}
