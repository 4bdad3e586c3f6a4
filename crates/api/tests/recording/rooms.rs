//! Whole rooms: who was there, one file, what is run for it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use veche_media::VideoCodec;
use veche_record::journal::{self, Journal, Source};
use veche_record::store::{Manifest, State};

use crate::publisher::Publisher;
use crate::server::{Server, probe, script};

/// How far apart people may be who sent at the same time, on a machine that builds
/// something meanwhile.
const APART: f64 = 0.3;

/// What ffprobe says of the tracks: kind, title and first time.
fn tracks(path: &Path) -> Vec<(String, String, f64)> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries"])
        .args([
            "stream=index,codec_type,start_time:stream_tags=title",
            "-of",
            "json",
        ])
        .arg(path)
        .output()
        .expect("ffprobe is installed");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let streams = found["streams"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    streams
        .map(|s| {
            let start = text(&s["start_time"]).parse().unwrap_or_default();
            (text(&s["codec_type"]), text(&s["tags"]["title"]), start)
        })
        .collect()
}

fn read_journal(server: &Server, of: &Manifest) -> Journal {
    let id = &of.origin.attributes["room_recording"];
    journal::read(&journal::path(&server.records(), id).unwrap()).unwrap()
}

async fn switch(client: &mut crate::support::Client, on: bool) -> Value {
    client
        .command("record", json!({"name": "r", "on": on}))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_room_becomes_one_file_with_everybody_at_their_time() {
    let server = Server::start(|config, folder| {
        config.rooms.video_codecs = vec![VideoCodec::Vp8];
        let args = "echo \"$1|$2|$3|$4|$VECHE_RECORD_JOURNAL\" > \"$(dirname $0)/hooked\"";
        let hook = script(folder, "hook.sh", args);
        config.recordings.as_mut().unwrap().room_hook = Some(hook);
    })
    .await;
    let mut ann = server.modern_member("Ann", "r", true).await;
    let on = ann.room_event("RECORDING").await;
    assert_eq!(
        (&on["on"], &on["by"]),
        (&json!(true), &json!("Ann")),
        "{on}"
    );
    assert!(on["since"].as_u64().unwrap() > 1_600_000_000_000 && on["problem"].is_null());
    // Her own wish and the room's make one file.
    let mut first = Publisher::publish(&mut ann, "m1", "r-Ann-91c0", VideoCodec::Vp8, true).await;
    server.metric("veche_recordings", 1).await;
    let first = tokio::spawn(async move {
        first.send_all().await;
        first
    });
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut bob = server.modern_member("Боб", "r", false).await;
    assert_eq!(bob.room_event("RECORDING").await["by"], "Ann");
    let name = "r-Боб-44d2-screenShare";
    let mut second = Publisher::publish(&mut bob, "m2", name, VideoCodec::Vp8, false).await;
    server.metric("veche_recordings", 2).await;
    let line = json!({"roomConfig": {"name": "r"}, "text": "привет"});
    bob.command("broadcast", line).await;
    second.send_all().await;
    let mut first = first.await.unwrap();
    first.end(&mut ann, "m1").await;
    second.end(&mut bob, "m2").await;
    ann.command("leave", json!({"name": "r"})).await;
    bob.command("leave", json!({"name": "r"})).await;

    let room = server.rooms(1).await.remove(0);
    assert_eq!(room.state, State::Finished);
    assert!(
        room.file.starts_with("room-r-") && room.file.ends_with(".mkv"),
        "{}",
        room.file
    );
    let path = server.records().join(&room.file);
    let found = tracks(&path);
    let titles: Vec<_> = found.iter().map(|t| t.1.as_str()).collect();
    let expected = ["Ann", "Ann", "Боб (screen)", "Боб (screen)", "Chat"];
    assert_eq!(titles, expected, "{found:?}");
    let late = found[2].2 - found[0].2;
    assert!((1.4..2.6).contains(&late), "{found:?}");
    assert_eq!(probe(&path, "v:0").packets, 60);
    assert_eq!(probe(&path, "v:1").packets, 60);

    let journal = read_journal(&server, &room);
    assert_eq!(journal.start.by.as_deref(), Some("Ann"));
    assert!(journal.ended_at_ms.unwrap() > 5_000);
    let people: Vec<_> = journal.people().into_iter().map(|p| p.name).collect();
    assert_eq!(people, ["Ann", "Боб"]);
    let sources: Vec<_> = journal.streams().iter().map(|s| s.source).collect();
    assert_eq!(sources, [Source::Camera, Source::Screen]);
    let said: Vec<_> = journal.chat().map(|c| c.text.clone()).collect();
    assert_eq!(said, ["привет"]);
    // What the journal calls the beginning of a stream is that of its file.
    let of_bob = server
        .manifests()
        .into_iter()
        .find(|m| m.origin.media_session_id == "m2");
    let of_bob = of_bob.unwrap();
    assert_eq!(of_bob.origin.room_id, journal.start.room_id);
    let by_file = (of_bob.room_start_us - journal.start.room_start_us) / 1_000;
    let by_journal = journal.streams()[1].from_ms;
    assert!(
        by_file.abs_diff(by_journal) < 1_000,
        "{by_file} {by_journal}"
    );

    let hooked = server.file("hooked").await;
    let journal_path = server
        .records()
        .join(format!("{}.room.jsonl", journal.start.id));
    let expected = format!(
        "{}|{}|{}|multi-recorder://r|{}",
        path.display(),
        room.started_at_ms,
        room.duration_ms,
        journal_path.display()
    );
    assert_eq!(hooked.trim(), expected);
    // A new start finds that all was done.
    hook_state(&server, "done").await;
    std::fs::remove_file(server.records().join("../hooked")).unwrap();
    let again = server
        .restart(|config, folder| {
            let hook = script(folder, "hook.sh", "touch \"$(dirname $0)/hooked\"");
            config.recordings.as_mut().unwrap().room_hook = Some(hook);
        })
        .await;
    again.api.shutdown(Duration::from_secs(10)).await;
    assert!(!again.records().join("../hooked").exists(), "run twice");
}

async fn hook_state(server: &Server, state: &str) {
    loop {
        let room = server.rooms(1).await.remove(0);
        // Recovery's manifest does not have it yet.
        let hook = room.origin.attributes.get("hook");
        if hook.is_some_and(|hook| hook == state) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// When each packet of a track is shown, and how large it is.
fn packets(path: &Path, track: usize) -> Vec<(f64, u64)> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", &track.to_string()])
        .args(["-show_entries", "packet=pts_time,size", "-of", "json"])
        .arg(path)
        .output()
        .expect("ffprobe is installed");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packets = found["packets"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    packets
        .map(|p| {
            let size = text(&p["size"]).parse().unwrap();
            (text(&p["pts_time"]).parse().unwrap(), size)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_pause_of_one_everybody_is_where_they_were() {
    let server = Server::start(|config, _| {
        config.rooms.video_codecs = vec![VideoCodec::Vp8];
    })
    .await;
    let mut ann = server.modern_member("Ann", "r", true).await;
    let mut bob = server.modern_member("Bob", "r", false).await;
    let first = Publisher::publish(&mut ann, "m1", "r-Ann-1", VideoCodec::Vp8, false).await;
    let second = Publisher::publish(&mut bob, "m2", "r-Bob-2", VideoCodec::Vp8, false).await;
    server.metric("veche_recordings", 2).await;
    // Both send the same.
    let sending = [first, second].map(|mut live| {
        tokio::spawn(async move {
            let began = Instant::now();
            live.send_all().await;
            began
        })
    });
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let which = json!({"mediaSessionId": "m1"});
    let pause = "/rest-api/stream/pauseRecording";
    assert_eq!(server.post(pause, &which).await.status, 200);
    let paused = Instant::now();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let resume = "/rest-api/stream/resumeRecording";
    assert_eq!(server.post(resume, &which).await.status, 200);
    let paused = paused.elapsed().as_secs_f64();
    let [first, second] = sending;
    let (of_ann, of_bob) = (first.await.unwrap(), second.await.unwrap());
    let later = of_ann.saturating_duration_since(of_bob).as_secs_f64()
        - of_bob.saturating_duration_since(of_ann).as_secs_f64();
    for client in [&mut ann, &mut bob] {
        client.command("leave", json!({"name": "r"})).await;
    }

    let room = server.rooms(1).await.remove(0);
    let path = server.records().join(&room.file);
    let all = tracks(&path);
    // What was sent in the last second or less, after a keyframe.
    for (kind, last) in [("video", 10), ("audio", 45)] {
        let of = |name: &str| {
            let track = all.iter().position(|t| t.0 == kind && t.1 == name);
            packets(&path, track.expect(name))
        };
        let (ann, bob) = (of("Ann"), of("Bob"));
        if kind == "video" {
            let gaps = ann.windows(2).map(|pair| pair[1].0 - pair[0].0);
            let gap = gaps.max_by(f64::total_cmp).unwrap();
            // A keyframe comes each second.
            let expected = paused - APART..paused + 1.0 + APART;
            assert!(expected.contains(&gap), "{gap} s for {paused} s");
        }
        let pairs = ann.iter().rev().zip(bob.iter().rev()).take(last);
        for ((ann, size), (bob, same)) in pairs {
            assert_eq!(size, same, "{kind} at {ann} and {bob}");
            let apart = ann - bob - later;
            assert!(apart.abs() < APART, "{kind} at {ann} and {bob}: {apart} s");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_hang_or_fail_are_ended_and_not_run_again() {
    let server = Server::start(|config, folder| {
        let recordings = config.recordings.as_mut().unwrap();
        recordings.room_hook = Some(script(folder, "hang.sh", "sleep 600 & sleep 600"));
        recordings.hook = Some(script(folder, "fail.sh", "exit 3"));
        recordings.hook_timeout = Duration::from_millis(300);
    })
    .await;
    let mut ann = server.modern_member("ann", "r", true).await;
    ann.room_event("RECORDING").await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, false).await;
    server.metric("veche_recordings", 1).await;
    live.send(1.0).await;
    ann.command("leave", json!({"name": "r"})).await;
    server.rooms(1).await;
    server.metric("veche_record_hooks_failed_total", 2).await;
    hook_state(&server, "failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_and_off_a_hundred_times_keeps_what_was_recorded_and_nothing_else() {
    let server = Server::start(|_, _| {}).await;
    let mut ann = server.modern_member("ann", "r", false).await;
    for _ in 0..100 {
        assert_eq!(switch(&mut ann, true).await["status"], "ACCEPTED");
        assert_eq!(switch(&mut ann, false).await["status"], "ACCEPTED");
    }
    server.metric("veche_recorded_rooms", 0).await;
    switch(&mut ann, true).await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, false).await;
    server.metric("veche_recordings", 1).await;
    live.send(1.0).await;
    switch(&mut ann, false).await;
    let room = server.rooms(1).await.remove(0);
    assert!(room.duration_ms > 500, "{room:?}");
    // On again is another recording, of a stream that went on.
    switch(&mut ann, true).await;
    server.metric("veche_recordings", 1).await;
    live.send(1.5).await;
    switch(&mut ann, false).await;
    server.rooms(2).await;
    let left = journal::list(&server.records()).unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    // Off and told so as often as on.
    let told = ann.room_event("RECORDING").await;
    assert_eq!(told["on"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rooms_of_one_hostile_name_in_turn_are_two_recordings_in_the_folder() {
    let server = Server::start(|_, _| {}).await;
    let room = "../../r; rm -rf \"$HOME\" 🦊";
    for (n, id) in ["m1", "m2"].into_iter().enumerate() {
        let login = "-rf ..\\:*?";
        let mut ann = server.modern_member(login, room, true).await;
        ann.room_event("RECORDING").await;
        let name = format!("/etc/passwd {}", "🦊".repeat(200));
        let mut live =
            Publisher::publish_in(&mut ann, id, room, &name, VideoCodec::Vp8, false).await;
        server.metric("veche_recordings", 1).await;
        live.send(1.0).await;
        ann.command("leave", json!({"name": room})).await;
        let found = server.rooms(n + 1).await;
        assert_eq!(found[n].origin.room, room);
        assert_eq!(tracks(&server.records().join(&found[n].file))[0].1, login);
    }
    let found = server.rooms(2).await;
    assert_ne!(found[0].origin.room_id, found[1].origin.room_id);
    // Nothing outside, nothing that a shell or a browser takes for more.
    let outside = std::fs::read_dir(server.records().join("..")).unwrap();
    let mut outside: Vec<_> = outside
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("archive.db"))
        .collect();
    outside.sort();
    assert_eq!(outside, ["link-key", "records"]);
    for entry in std::fs::read_dir(server.records()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        assert!(
            name.chars().all(plain) && !name.starts_with(['.', '-']),
            "{name}"
        );
    }
    // Names that cannot be are refused as everywhere.
    let mut bob = server.member("bob").await;
    for name in ["a\0b".to_owned(), "x".repeat(4_096), String::new()] {
        let options = json!({"name": name, "on": true});
        let answer = bob.command("record", options.clone()).await;
        assert_eq!(answer["status"], "FAILED", "{answer}");
        let join = json!({"name": name, "record": true});
        assert_eq!(bob.command("join", join).await["status"], "FAILED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_space_nothing_begins_and_everybody_is_told_why() {
    let server = Server::start(|config, _| {
        config.recordings.as_mut().unwrap().store.min_free_bytes = u64::MAX;
    })
    .await;
    let mut ann = server.modern_member("ann", "r", false).await;
    let mut bob = server.modern_member("bob", "r", false).await;
    let full = "Recording failed: the disk is full";
    let answer = switch(&mut ann, true).await;
    assert_eq!(
        (&answer["status"], &answer["info"]),
        (&json!("FAILED"), &json!(full))
    );
    let told = bob.room_event("RECORDING").await;
    assert_eq!(
        (&told["on"], &told["problem"]),
        (&json!(false), &json!(full))
    );
    // One's own recording, too: the call goes on.
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, true).await;
    let again = ann.status("m1").await;
    assert_eq!(again["status"], "PUBLISHING");
    assert_eq!(
        (&again["record"], &again["info"]),
        (&json!(false), &json!(full))
    );
    live.send(0.3).await;
    live.end(&mut ann, "m1").await;
    let last = ann.status("m1").await;
    assert_eq!(
        (&last["status"], &last["info"]),
        (&json!("UNPUBLISHED"), &json!(full))
    );
    assert_eq!(std::fs::read_dir(server.records()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_puts_the_room_together_or_the_next_start_does() {
    let server = Server::start(|_, _| {}).await;
    let mut ann = server.modern_member("ann", "r", true).await;
    ann.room_event("RECORDING").await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, false).await;
    server.metric("veche_recordings", 1).await;
    live.send(1.5).await;
    let server = server.restart(|_, _| {}).await;
    let room = server.rooms(1).await.remove(0);
    let journal = read_journal(&server, &room);
    assert!(journal.ended_at_ms.unwrap() >= 1_500);
    // What a crash between any two steps leaves is completed by the next start,
    // once; the last of them is for the hook.
    let path = server.records().join(&room.file);
    let manifest = veche_record::store::manifest_path(&path);
    let journal_path = journal::path(&server.records(), &journal.start.id).unwrap();
    let text = std::fs::read_to_string(&journal_path).unwrap();
    let without_end = text.lines().count() - 1;
    let mut server = server;
    for step in ["no manifest", "no file", "no end"] {
        let records = server.records();
        let before = std::fs::metadata(&path).unwrap().len();
        let (path, manifest, journal_path) = (path.clone(), manifest.clone(), journal_path.clone());
        let cut: Vec<_> = text.lines().take(without_end).map(str::to_owned).collect();
        server.api.shutdown(Duration::from_secs(10)).await;
        std::fs::remove_file(&manifest).unwrap();
        if step != "no manifest" {
            std::fs::remove_file(&path).unwrap();
        }
        if step == "no end" {
            // And a line that was being written.
            std::fs::write(&journal_path, cut.join("\n") + "\n{\"type\":\"le").unwrap();
        }
        server = server
            .restart(|config, folder| {
                let what = "echo \"$1\" >> \"$(dirname $0)/hooked\"";
                let hook = script(folder, "hook.sh", what);
                config.recordings.as_mut().unwrap().room_hook = Some(hook);
            })
            .await;
        server.rooms(1).await;
        hook_state(&server, "done").await;
        assert_eq!(server.records(), records);
        let after = std::fs::metadata(&path).unwrap().len();
        assert!(before.abs_diff(after) < 64, "{step}: {before} {after}");
        let again = journal::read(&journal_path).unwrap();
        assert!(again.ended_at_ms.is_some(), "{step}");
    }
    let hooked = server.file("hooked").await;
    assert_eq!(hooked.lines().count(), 3, "{hooked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stands_at_the_door_is_told_of_the_recording() {
    let server = Server::start(|_, _| {}).await;
    let look = async |query: &str| {
        let answer = server.request("GET", query, "", "").await;
        (
            answer.status,
            serde_json::from_slice::<Value>(&answer.body).ok(),
        )
    };
    let nobody = json!({"people": 0, "recording": false});
    let door = "/room-state?name=r";
    assert_eq!(look(door).await, (200, Some(nobody.clone())));
    let mut ann = server.modern_member("Ann", "r", false).await;
    let there = json!({"people": 1, "recording": false});
    assert_eq!(look(door).await, (200, Some(there)));
    assert_eq!(switch(&mut ann, true).await["status"], "ACCEPTED");
    let recorded = json!({"people": 1, "recording": true});
    assert_eq!(look(door).await, (200, Some(recorded)));
    let hostile = "/room-state?name=..%2F%00%F0%9F%94%94";
    assert_eq!(look(hostile).await, (200, Some(nobody)));
    assert_eq!(look("/room-state").await.0, 400, "no name");

    // Who enters would be recorded.
    for rooms in [true, false] {
        let server = Server::start(|config, _| {
            config.rooms.record_all_rooms = rooms;
            config.rooms.record_all = !rooms;
        })
        .await;
        let answer = server.request("GET", door, "", "").await;
        let always: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(always, json!({"people": 0, "recording": true}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_as_long_as_it_has_run() {
    let server = Server::start(|_, _| {}).await;
    let _ann = server.modern_member("Ann", "r", true).await;
    let mut before = 0;
    // It is listed, and grows.
    while before < 2 {
        let answer = server.get("/rest-api/recordings", "").await;
        let listed: Value = serde_json::from_slice(&answer.body).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let Some(entry) = listed["recordings"].get(0) else {
            continue;
        };
        assert_eq!(entry["state"], "recording");
        let length = entry["durationMs"].as_u64().unwrap();
        assert!(length >= before && length < 60_000, "{length}");
        before = length;
    }
}
