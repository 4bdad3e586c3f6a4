//! The REST calls about live streams and rooms.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use veche_media::VideoCodec;

use crate::publisher::{LENGTH, Publisher};
use crate::server::{Server, probe};

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_left_out_of_the_file() {
    let server = Server::start(|config, _| {
        config.rooms.video_codecs = vec![VideoCodec::Vp8];
    })
    .await;
    let mut ann = server.member("ann").await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, false).await;
    let which = json!({"mediaSessionId": "m1"});
    let pause = "/rest-api/stream/pauseRecording";
    let resume = "/rest-api/stream/resumeRecording";
    assert_eq!(server.post(pause, &which).await.status, 404, "not recorded");
    let start = "/rest-api/stream/startRecording";
    assert_eq!(server.post(start, &which).await.status, 200);
    let sending = tokio::spawn(async move {
        live.send_all().await;
        live
    });
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(server.post(pause, &which).await.status, 200);
    let paused = Instant::now();
    assert_eq!(server.post(pause, &which).await.status, 200);
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(server.post(resume, &which).await.status, 200);
    let paused = paused.elapsed().as_secs_f64();
    let mut live = sending.await.unwrap();
    live.end(&mut ann, "m1").await;
    let last = ann.status("m1").await;
    assert_eq!(last["recordName"], "stream-m1-ann.webm");
    server.recording("m1", "ready").await;
    let path = server.records().join("stream-m1-ann.webm");
    let sound = probe(&path, "a:0");
    let kept = sound.packets as f64 * 0.02;
    let whole = LENGTH.as_secs_f64();
    assert!((whole - paused - kept).abs() < 0.5, "{paused} {sound:?}");
    assert!(
        sound.duration < kept + 0.1,
        "one file without the pause: {sound:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_found_with_and_without_a_body() {
    let server = Server::start(|_, _| {}).await;
    let all = "/rest-api/stream/find_all";
    assert_eq!(server.get(all, "").await.status, 404, "there is none");
    let mut ann = server.member("ann").await;
    let _live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, true).await;
    for answer in [
        server.get(all, "").await,
        server.post(all, &json!({})).await,
    ] {
        assert_eq!(answer.status, 200);
        let found: Value = serde_json::from_slice(&answer.body).unwrap();
        let stream = &found[0];
        assert_eq!(stream["mediaSessionId"], "m1");
        assert_eq!(stream["status"], "PUBLISHING");
        assert_eq!(stream["record"], true);
        assert_eq!(stream["videoCodec"], "VP8");
    }
    let find = "/rest-api/stream/find";
    let by_name = server
        .post(find, &json!({"name": "s", "published": true}))
        .await;
    assert_eq!(by_name.status, 200);
    assert_eq!(server.post(find, &json!({"name": "t"})).await.status, 404);
    assert_eq!(server.post(find, &json!([1])).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_records_a_room() {
    let server = Server::start(|_, _| {}).await;
    let start = "/rest-api/room/startRecording";
    let stop = "/rest-api/room/stopRecording";
    let which = json!({"name": "r"});
    assert_eq!(server.post(start, &which).await.status, 404);
    let mut ann = server.modern_member("ann", "r", false).await;
    assert_eq!(server.post(stop, &which).await.status, 404);
    assert_eq!(server.post(start, &json!({})).await.status, 400);
    assert_eq!(server.post(start, &which).await.status, 200);
    let told = ann.room_event("RECORDING").await;
    assert_eq!((&told["on"], &told["by"]), (&json!(true), &Value::Null));
    assert_eq!(server.post(stop, &which).await.status, 200);
    assert_eq!(ann.room_event("RECORDING").await["on"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_are_let_in_only_where_that_is_wanted() {
    let ask = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n\
        Access-Control-Request-Headers: authorization\r\n";
    let closed = Server::start(|_, _| {}).await;
    let head = closed.head("OPTIONS", "/rest-api/recordings", ask).await;
    assert!(!head.contains("access-control-allow-origin"), "{head}");
    let open = Server::start(|config, _| {
        config.cors = Some(veche_api::Cors {
            origin: "https://a.example".into(),
            headers: "authorization, content-type".into(),
            methods: "GET,post".into(),
        });
    })
    .await;
    let head = open.head("OPTIONS", "/rest-api/recordings", ask).await;
    for line in [
        "http/1.1 200",
        "access-control-allow-origin: https://a.example",
        "access-control-allow-headers: authorization,content-type",
        "access-control-allow-methods: get,post",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    // It opens no door by itself.
    let head = open.head("GET", "/rest-api/recordings", ask).await;
    assert!(
        head.contains("401") && head.contains("access-control-allow-origin"),
        "{head}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_streams_become_one_file_by_the_calls_of_the_reference() {
    let server = Server::start(|_, _| {}).await;
    let mut ann = server.member("ann").await;
    let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, false).await;
    let call = |method: &str| format!("/rest-api/multipleRecorder/{method}");
    let uri = json!({"uri": "multi-recorder://x; rm"});
    let add = json!({"uri": "multi-recorder://x; rm", "mediaSessionId": "m1"});
    assert_eq!(server.get(&call("find_all"), "").await.status, 404);
    assert_eq!(server.post(&call("add"), &add).await.status, 404);
    for bad in [
        json!({}),
        json!({"uri": "x"}),
        json!({"uri": "multi-recorder://"}),
    ] {
        assert_eq!(server.post(&call("startup"), &bad).await.status, 400);
    }
    assert_eq!(server.post(&call("startup"), &uri).await.status, 200);
    assert_eq!(server.post(&call("startup"), &uri).await.status, 409);
    assert_eq!(server.post(&call("add"), &uri).await.status, 400);
    assert_eq!(server.post(&call("add"), &add).await.status, 200);
    assert_eq!(server.post(&call("add"), &add).await.status, 409);
    let found = server.get(&call("find_all"), "").await;
    let found: Value = serde_json::from_slice(&found.body).unwrap();
    assert_eq!(found[0]["uri"], uri["uri"]);
    assert_eq!(found[0]["mediaSessionsId"], json!(["m1"]));
    let name = found[0]["fileName"].as_str().unwrap().to_owned();
    live.send(1.5).await;
    assert_eq!(server.post(&call("remove"), &add).await.status, 200);
    assert_eq!(server.post(&call("remove"), &add).await.status, 404);
    assert_eq!(server.post(&call("terminate"), &uri).await.status, 200);
    assert_eq!(server.post(&call("terminate"), &uri).await.status, 404);
    let file = server.rooms(1).await.remove(0);
    assert_eq!(file.file, name);
    assert!(file.duration_ms > 1_000, "{file:?}");
}
