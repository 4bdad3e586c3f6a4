//! `record_audio = "aac"`: what a publisher, an operator and a script get to see.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use veche_api::Config;
use veche_media::VideoCodec;
use veche_record::store::{Manifest, SoundTranscoder, State, TranscodeError, Transcoded};
use veche_transcode::Aac;

use crate::publisher::Publisher;
use crate::server::{Server, probe, script};

fn aac(config: &mut Config, codec: VideoCodec, sound: Arc<dyn SoundTranscoder>) {
    config.rooms.video_codecs = vec![codec];
    config.recordings.as_mut().unwrap().store.sound = Some(sound);
}

/// Holds a file back until it is let go, and then lets [`Aac`] do it, or fails.
#[derive(Debug)]
struct Held {
    held: Arc<Mutex<bool>>,
    fails: bool,
}

impl SoundTranscoder for Held {
    fn transcode(
        &self,
        from: &Path,
        to: &Path,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Transcoded, TranscodeError> {
        while *self.held.lock().unwrap() {
            if !go_on() {
                return Err(TranscodeError::Stopped);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        match self.fails {
            true => Err(TranscodeError::Failed("no codecs".to_owned())),
            false => Aac::default().transcode(from, to, go_on),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_finishing_until_its_sound_is_aac_and_then_the_script_runs() {
    let held = Arc::new(Mutex::new(true));
    let sound = Arc::new(Held {
        held: Arc::clone(&held),
        fails: false,
    });
    let server = Server::start(|config, folder| {
        aac(config, VideoCodec::H264, sound);
        let what = "ffprobe -v error -select_streams a -show_entries stream=codec_name \
                    -of csv=p=0 \"$2\" > \"$(dirname $0)/hooked\"";
        let hook = script(folder, "hook.sh", what);
        config.recordings.as_mut().unwrap().hook = Some(hook);
    })
    .await;
    let mut ann = server.member("ann").await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::H264, true).await;
    server.metric("veche_recordings", 1).await;
    live.send_all().await;
    live.end(&mut ann, "m1").await;
    // The name is told at once, and stays.
    assert_eq!(ann.status("m1").await["recordName"], "stream-m1-ann.mp4");

    let waiting = server.recording("m1", "finishing").await;
    assert_eq!(waiting["files"][0]["state"], "finishing");
    assert!(waiting["durationMs"].as_u64().unwrap() > 3_000, "{waiting}");
    let path = server.records().join("stream-m1-ann.mp4");
    assert_eq!(probe(&path, "a:0").codec, "opus", "plain already");
    assert!(!server.records().join("../hooked").exists());

    *held.lock().unwrap() = false;
    let ready = server.recording("m1", "ready").await;
    assert_eq!(ready["files"][0]["name"], "stream-m1-ann.mp4");
    assert_eq!(ready["note"], Value::Null);
    assert_eq!(server.file("hooked").await.trim(), "aac");
    let (video, audio) = (probe(&path, "v:0"), probe(&path, "a:0"));
    assert_eq!((&*video.codec, video.packets), ("h264", 60));
    assert_eq!(audio.codec, "aac");
    assert!((audio.duration - 4.0).abs() < 0.3, "{audio:?}");
    assert_eq!(ready["bytes"], std::fs::metadata(&path).unwrap().len());
    server.metric("veche_recordings_finished_total", 1).await;
    server.metric("veche_recordings_sound_kept_total", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_that_cannot_be_aac_stays_and_the_recording_says_why() {
    let sound = Arc::new(Held {
        held: Arc::default(),
        fails: true,
    });
    let server = Server::start(|config, _| aac(config, VideoCodec::H264, sound)).await;
    let mut ann = server.member("ann").await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::H264, true).await;
    server.metric("veche_recordings", 1).await;
    live.send(1.5).await;
    live.end(&mut ann, "m1").await;
    let ready = server.recording("m1", "ready").await;
    let note = ready["note"].as_str().unwrap();
    assert!(note.contains("not AAC: no codecs"), "{note}");
    let path = server.records().join("stream-m1-ann.mp4");
    assert_eq!(probe(&path, "a:0").codec, "opus");
    server.metric("veche_recordings_sound_kept_total", 1).await;
}

/// The room's file, when nothing is left to be done about it.
async fn settled_room(server: &Server) -> Manifest {
    let wait = async {
        loop {
            let is_room = |m: &Manifest| m.kind() == "room" && m.state != State::Closed;
            // It says what became of its script last of all.
            let settled = |m: &Manifest| m.origin.attributes.contains_key("hook");
            let found = server.manifests().into_iter().find(is_room);
            if let Some(found) = found.filter(settled) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, wait)
        .await
        .expect("the file of a room")
}

/// A room of two, both of whom send for three seconds; its file.
async fn room_file(codec: VideoCodec, container: veche_record::Container) -> (Server, String) {
    let server = Server::start(|config, _| {
        aac(config, codec, Arc::new(Aac::default()));
        config.recordings.as_mut().unwrap().room_container = container;
    })
    .await;
    let mut ann = server.modern_member("Ann", "r", true).await;
    let mut bob = server.modern_member("Bob", "r", false).await;
    let mut first = Publisher::publish(&mut ann, "m1", "r-Ann-1", codec, false).await;
    let mut second = Publisher::publish(&mut bob, "m2", "r-Bob-2", codec, false).await;
    server.metric("veche_recordings", 2).await;
    let sending = tokio::spawn(async move { first.send(3.0).await });
    second.send(3.0).await;
    sending.await.unwrap();
    for client in [&mut ann, &mut bob] {
        client.command("leave", json!({"name": "r"})).await;
    }
    let room = settled_room(&server).await;
    assert_eq!((room.state, room.sound), (State::Finished, None));
    let codecs = room.tracks.iter().filter(|t| t.kind == "audio");
    let codecs: Vec<_> = codecs.map(|t| t.codec.as_str()).collect();
    assert_eq!(codecs, ["AAC", "AAC"], "{room:?}");
    (server, room.file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_h264_is_mp4_that_everything_opens() {
    let (server, file) = room_file(VideoCodec::H264, veche_record::Container::Mp4).await;
    assert!(file.ends_with(".mp4"), "{file}");
    let path = server.records().join(file);
    for track in ["a:0", "a:1"] {
        assert_eq!(probe(&path, track).codec, "aac");
    }
    assert_eq!(probe(&path, "v:1").codec, "h264");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_webm_has_aac_though_its_streams_have_none() {
    let (server, file) = room_file(VideoCodec::Vp8, veche_record::Container::Matroska).await;
    let path = server.records().join(file);
    for track in ["a:0", "a:1"] {
        let audio = probe(&path, track);
        assert_eq!(audio.codec, "aac");
        assert!((audio.duration - 3.0).abs() < 0.5, "{audio:?}");
    }
    let stream = server
        .manifests()
        .into_iter()
        .find(|m| m.kind() == "stream");
    let stream = server.records().join(stream.unwrap().file);
    assert!(stream.extension().is_some_and(|e| e == "webm"));
    assert_eq!(probe(&stream, "a:0").codec, "opus");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_recorded_no_more_is_finishing_however_long_its_files_take() {
    let held = Arc::new(Mutex::new(true));
    let sound = Arc::new(Held {
        held: Arc::clone(&held),
        fails: true,
    });
    let server = Server::start(|config, _| aac(config, VideoCodec::H264, sound)).await;
    let state = async || {
        let list = server.get("/rest-api/recordings", "").await;
        let list: Value = serde_json::from_slice(&list.body).unwrap();
        list["recordings"][0]["state"].as_str().map(str::to_owned)
    };
    let is = async |wanted: &str| {
        let wait = async {
            while state().await.as_deref() != Some(wanted) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, wait).await.expect(wanted);
    };
    let mut ann = server.modern_member("Ann", "r", true).await;
    let mut live = Publisher::publish(&mut ann, "m1", "r-Ann-1", VideoCodec::H264, false).await;
    server.metric("veche_recordings", 1).await;
    live.send(1.5).await;
    is("recording").await;
    ann.command("leave", json!({"name": "r"})).await;
    is("finishing").await;
    server.metric("veche_recorded_rooms", 1).await;
    *held.lock().unwrap() = false;
    is("ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_sound_and_the_next_start_does_it() {
    let held = Arc::new(Mutex::new(true));
    let configure = |held: &Arc<Mutex<bool>>| {
        let sound = Arc::new(Held {
            held: Arc::clone(held),
            fails: false,
        });
        move |config: &mut Config, _: &Path| aac(config, VideoCodec::H264, sound)
    };
    let server = Server::start(configure(&held)).await;
    let mut ann = server.modern_member("Ann", "r", true).await;
    let mut live = Publisher::publish(&mut ann, "m1", "r-Ann-1", VideoCodec::H264, false).await;
    server.metric("veche_recordings", 1).await;
    live.send(2.0).await;
    let began = std::time::Instant::now();
    let server = server.restart(configure(&held)).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    let waits = server.manifests();
    assert_eq!(
        (waits.len(), waits[0].state),
        (1, State::Closed),
        "{waits:?}"
    );
    *held.lock().unwrap() = false;
    let room = settled_room(&server).await;
    // Nothing crashed.
    assert_eq!(room.state, State::Finished, "{room:?}");
    let codecs: Vec<_> = room.tracks.iter().map(|t| t.codec.as_str()).collect();
    assert_eq!(codecs, ["H264", "AAC"]);
    let all = server.manifests();
    assert!(all.iter().all(|m| m.state == State::Finished), "{all:?}");
}
