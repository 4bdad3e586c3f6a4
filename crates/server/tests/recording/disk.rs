//! A disk that is full in the midst of a meeting.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;
use veche_media::VideoCodec;

use crate::files::{is_settled, manifests, meeting, plays};
use crate::publisher::Publisher;
use crate::veche::{Veche, until};

const ARGUMENTS: [&str; 3] = [
    "--no-https",
    "--set=video_codecs=VP8",
    "--set=record_min_free_bytes=0",
];

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

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_full_disk_costs_the_recording_and_not_the_call() {
    let directory: TempDir = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let _disk = SmallDisk::mount(&data, "16m");
    let mut veche = Veche::start_in(directory, &ARGUMENTS);
    let records = data.join("records");
    let mut people = meeting(veche.http(), "r", "", 2).await;
    let (mut ann, mut first) = people.remove(0);
    let (bob, mut second) = people.remove(0);
    let sending = tokio::spawn(async move {
        first.send_all().await;
        first
    });
    let other = tokio::spawn(async move {
        second.send_all().await;
        (bob, second)
    });
    until("something is on the disk", || {
        let bytes = |entry: fs::DirEntry| entry.metadata().map_or(0, |m| m.len());
        let entries = fs::read_dir(&records).ok()?.filter_map(Result::ok);
        (entries.map(bytes).sum::<u64>() > 20_000).then_some(())
    });
    let filler = data.join("filler");
    let mut zeros = fs::File::create(&filler).unwrap();
    // To the last byte.
    let full = std::io::copy(&mut std::io::repeat(0), &mut zeros);
    assert!(full.is_err());

    // Everybody hears of it, and the call goes on.
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
    let mut cat = support_member(&veche, "cat").await;
    let late = Publisher::publish_in(&mut cat, "late", "r", "late", VideoCodec::Vp8, false).await;
    assert_eq!(late.status["status"], "PUBLISHING", "the call goes on");
    let _first = sending.await.unwrap();
    let (_bob, _second) = other.await.unwrap();

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
        (room && all.iter().all(is_settled)).then_some(all)
    });
    for id in ["m0", "m1"] {
        let of_it: Vec<_> = found
            .iter()
            .filter(|m| m.origin.media_session_id == id && !m.tracks.is_empty())
            .collect();
        assert_eq!(of_it.len(), 1, "{of_it:?}");
        plays(&records.join(&of_it[0].file));
    }
    assert!(found.iter().any(|m| m.degraded), "{found:?}");
    let room = found.iter().find(|m| m.kind() == "room").unwrap();
    plays(&records.join(&room.file));
}

async fn support_member(veche: &Veche, login: &str) -> crate::support::Client {
    let mut client = crate::support::Client::connect(veche.http(), "/").await;
    client.hello(json!({"login": login})).await;
    assert_eq!(client.join("r").await["status"], "ACCEPTED");
    client
}
