//! Whole recordings: WebSockets, the real media engine, clients that send real
//! bitstreams in real time, and files that ffprobe looks at.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

#[path = "../api/support.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod support;

mod aac;
mod aligned;
mod busy;
mod operators;
mod publisher;
mod rooms;
mod server;

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use veche_media::VideoCodec;

use publisher::Publisher;
use server::{Server, probe};

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_stream_becomes_a_plain_file_with_all_that_was_sent() {
    let server = Server::start(|config, folder| {
        config.rooms.video_codecs = vec![VideoCodec::Vp8];
        let hook = folder.join("hook.sh");
        let script = format!("#!/bin/sh\necho \"$1|$2\" > {}/hooked\n", folder.display());
        std::fs::write(&hook, script).unwrap();
        std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
        config.recordings.as_mut().unwrap().hook = Some(hook);
    })
    .await;
    let mut ann = server.member("ann").await;
    let mut live = Publisher::publish(&mut ann, "m1", "r-ann-1; rm", VideoCodec::Vp8, true).await;
    assert_eq!(live.status["record"], true);
    server.metric("veche_recordings", 1).await;
    live.send_all().await;
    live.end(&mut ann, "m1").await;
    let last = ann.status("m1").await;
    assert_eq!(last["status"], "UNPUBLISHED");
    assert_eq!(last["recordName"], "stream-m1-ann.webm");

    let found = server.recording("m1", "ready").await;
    assert_eq!(found["files"][0]["name"], "stream-m1-ann.webm");
    assert_eq!(found["room"], "r");
    let path = server.records().join("stream-m1-ann.webm");
    let video = probe(&path, "v:0");
    assert_eq!((video.codec.as_str(), video.packets), ("vp8", 60));
    assert!((video.duration - 4.0).abs() < 0.3, "{video:?}");
    let audio = probe(&path, "a:0");
    assert_eq!(audio.codec, "opus");
    assert!((195..=203).contains(&audio.packets), "{audio:?}");
    assert!(
        (audio.start - video.start).abs() < 0.1,
        "{audio:?} {video:?}"
    );

    let hooked = server.file("hooked").await;
    assert_eq!(hooked.trim(), format!("r-ann-1; rm|{}", path.display()));

    let whole = server.get("/client/records/stream-m1-ann.webm", "").await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.body, std::fs::read(&path).unwrap());
    let piece = server
        .get("/client/records/stream-m1-ann.webm", "Range: bytes=4-7\r\n")
        .await;
    assert_eq!(piece.status, 206);
    assert_eq!(piece.body, whole.body[4..8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_records_a_part_of_a_live_stream() {
    let server = Server::start(|config, _| {
        config.rooms.video_codecs = vec![VideoCodec::H264];
    })
    .await;
    let mut bob = server.member("bob").await;
    let mut live = Publisher::publish(&mut bob, "m2", "r-bob", VideoCodec::H264, false).await;
    assert_eq!(live.status["record"], false);
    let which = json!({"mediaSessionId": "m2"});
    let nobody = json!({"mediaSessionId": "m3"});
    let stop = "/rest-api/stream/stopRecording";
    let start = "/rest-api/stream/startRecording";
    assert_eq!(server.post(start, &nobody).await.status, 404);
    assert_eq!(server.post(stop, &which).await.status, 404);
    assert_eq!(server.post(start, &which).await.status, 200);
    assert_eq!(server.post(start, &which).await.status, 200);
    live.send_all().await;
    assert_eq!(server.post(stop, &which).await.status, 200);
    server.recording("m2", "ready").await;
    live.end(&mut bob, "m2").await;
    let last = bob.status("m2").await;
    assert_eq!(last["recordName"], "stream-m2-bob.mp4");
    assert_eq!(last["record"], false);

    let video = probe(&server.records().join("stream-m2-bob.mp4"), "v:0");
    assert_eq!((video.codec.as_str(), video.packets), ("h264", 60));
    assert!((video.duration - 4.0).abs() < 0.3, "{video:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_finishes_what_is_being_recorded() {
    let server = Server::start(|_, _| {}).await;
    let mut ann = server.member("ann").await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, true).await;
    server.metric("veche_recordings", 1).await;
    // A keyframe a second: the first may come before the recorder listens.
    live.send(2.5).await;
    server
        .api
        .shutdown(std::time::Duration::from_secs(10))
        .await;
    let manifest = std::fs::read_to_string(server.records().join("stream-m1-ann.json")).unwrap();
    assert!(manifest.contains("\"finished\""), "{manifest}");
    let video = probe(&server.records().join("stream-m1-ann.webm"), "v:0");
    assert!(video.packets >= 20, "{video:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_at_recordings_without_the_token() {
    let server = Server::start(|_, _| {}).await;
    for path in ["/rest-api/recordings", "/client/records/x.mp4"] {
        for header in [
            "",
            "Authorization: Bearer \r\n",
            "Authorization: Bearer wrong\r\n",
        ] {
            let answer = server.request("GET", path, header, "").await;
            assert_eq!(answer.status, 401, "{path} {header}");
        }
    }
    let body = r#"{"mediaSessionId":"m1"}"#;
    let answer = server
        .request("POST", "/rest-api/stream/startRecording", "", body)
        .await;
    assert_eq!(answer.status, 401);
    for path in [
        "/client/records/x.mp4",
        "/client/records/..%2f..%2fetc%2fpasswd",
        "/client/records/hook.sh",
        "/client/records/%00",
    ] {
        assert_eq!(server.get(path, "").await.status, 404, "{path}");
    }
}
