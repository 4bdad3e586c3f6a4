//! Cases 22, 24 and 36: what is malformed, oversized, repeated or somebody else's.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use veche_api::{Config, Limits, Settings};

use crate::support::{Server, server, server_with, stream};

async fn still_works(server: &Server) {
    let mut ann = server.client("still-works").await;
    assert_eq!(ann.join("still-works").await["status"], "ACCEPTED");
}

#[tokio::test]
async fn case_22_a_long_frame_is_refused_and_the_session_goes_on() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    let long = json!({"message": "sendData", "data": ["x".repeat(70_000)]});
    ann.text(long.to_string()).await;
    assert_eq!(ann.message("fail").await["code"], "too_large");
    assert_eq!(ann.join("r1").await["status"], "ACCEPTED");
}

#[tokio::test]
async fn case_22_a_huge_frame_ends_the_connection_and_nothing_else() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    // Over the hard limit by a little: the server has read nearly all of it
    // when it refuses, so the answer arrives.
    let _ = ann.try_frame(Message::text("x".repeat(262_145))).await;
    let last = ann.closed().await.pop().expect("an answer");
    assert_eq!(last["data"][0]["code"], "too_large");
    let mut bob = server.client("bob").await;
    // The server may close while the rest is on its way.
    let _ = bob.try_frame(Message::text("x".repeat(3_000_000))).await;
    bob.closed().await;
    still_works(&server).await;
}

#[tokio::test]
async fn case_22_a_huge_offer_is_refused() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    ann.publish_offer("m", "s", "r1", &"a=x\r\n".repeat(14_000))
        .await;
    assert_eq!(ann.message("fail").await["code"], "too_large");
    still_works(&server).await;
}

#[tokio::test]
async fn case_24_what_is_not_json_is_answered() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    for text in [
        "",
        "{",
        "null",
        "[]",
        "{\"message\":7}",
        "\u{0}",
        &"[".repeat(30),
    ] {
        ann.text(text).await;
        let fail = ann.message("fail").await;
        assert_eq!(
            (&fail["status"], &fail["code"]),
            (&json!("FAILED"), &json!("bad_json"))
        );
    }
    ann.text("[".repeat(10_000)).await;
    assert_eq!(ann.message("fail").await["code"], "too_large");
    ann.frame(Message::binary(vec![0; 10])).await;
    assert_eq!(ann.message("fail").await["code"], "bad_json");
    assert_eq!(ann.join("r1").await["status"], "ACCEPTED");
}

#[tokio::test]
async fn case_24_wrong_types_are_answered_where_the_client_waits() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    for payload in [
        json!({"command": "join"}),
        json!({"command": "join", "options": 5}),
        json!({"command": "join", "options": {"name": null}}),
        json!({"command": "join", "options": {"name": {"a": 1}}}),
        json!({"command": "leave", "options": {"name": 1}}),
        json!({"command": "sendMessage", "options": {"roomConfig": "r1", "to": "b", "text": 1}}),
        json!({"command": "sendMessage", "options": {"roomConfig": {"name": "r1"}, "to": 1}}),
        json!({"command": 5}),
        json!({"command": "dance"}),
        json!("join"),
        json!(null),
    ] {
        let data = json!({"operationId": "op", "payload": payload});
        ann.send("sendData", data).await;
        let answer = ann.data_status("op").await;
        assert_eq!(answer["status"], "FAILED", "{payload}");
        assert!(answer["info"].is_string());
    }
    let mut wrong = stream("m", "s", "r1", "v=0", true);
    for field in ["name", "sdp", "hasVideo", "bitrate", "transport", "custom"] {
        let right = std::mem::replace(&mut wrong[field], json!([1]));
        ann.send("publishStream", wrong.clone()).await;
        let status = ann.status("m").await;
        assert_eq!(status["status"], "FAILED", "{field}");
        assert_eq!(status["published"], true);
        wrong[field] = right;
    }
    for message in [
        "publishStream",
        "unPublishStream",
        "sendStreamEvent",
        "availableStream",
    ] {
        ann.send(message, json!({"mediaSessionId": null, "name": "s"}))
            .await;
        let fail = ann.message("fail").await;
        assert_eq!(fail["code"], "bad_message");
        assert_eq!(fail["info"], "MediaSessionId is null");
    }
    assert_eq!(server.engine.open().len(), 0);
}

#[tokio::test]
async fn case_24_an_illegal_handshake_is_answered() {
    let server = server().await;
    for connection in [
        json!({"appKey": 5}),
        json!({"appKey": "roomApp", "custom": "ann"}),
        json!({"appKey": "roomApp", "custom": {"login": 7}}),
        json!({"appKey": "roomApp", "custom": {"login": "ann", "token": {}}}),
        json!({"appKey": "roomApp", "custom": {"login": "ann", "veche": {"resumeToken": 5}}}),
    ] {
        let mut ann = server.socket().await;
        ann.send("connection", connection).await;
        let fail = ann.message("fail").await;
        assert_eq!(fail["code"], "bad_message");
        assert_eq!(fail["apiMethod"], "ConnectionStatusEvent");
        // Or the client would wait for ever.
        ann.closed().await;
    }
    let mut ann = server.socket().await;
    // Empty and nonsensical tokens prove nothing, and are no fault either.
    let custom = json!({"login": "ann", "token": "", "veche": {"resumeToken": ""}});
    assert_eq!(ann.hello(custom).await["veche"]["resumed"], false);
}

#[tokio::test]
async fn case_24_nothing_is_done_before_connection() {
    let server = server().await;
    let mut ann = server.socket().await;
    let answer = ann.join("r1").await;
    assert_eq!(answer["status"], "FAILED");
    ann.publish("m", "s", "r1").await;
    assert_eq!(ann.status("m").await["status"], "FAILED");
    ann.send("stopStream", json!({"mediaSessionId": "m"})).await;
    assert_eq!(ann.message("fail").await["code"], "not_connected");
}

#[tokio::test]
async fn whoever_sends_only_nonsense_is_cut_off() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    for _ in 0..150 {
        if ann.try_frame(Message::text("nonsense")).await.is_err() {
            break;
        }
    }
    ann.closed().await;
    still_works(&server).await;
}

#[tokio::test]
async fn too_many_messages_are_refused_with_a_code() {
    let limits = Limits {
        message_burst: 2,
        messages_per_second: 1,
        ..Limits::default()
    };
    let server = server_with(Config {
        rooms: Settings {
            limits,
            ..Settings::default()
        },
        ..Config::default()
    })
    .await;
    let mut ann = server.member("ann", "r1").await;
    let event = json!({"mediaSessionId": "m", "type": "audioMuted"});
    for _ in 0..4 {
        ann.send("sendStreamEvent", event.clone()).await;
    }
    let mut codes: Vec<Value> = Vec::new();
    for _ in 0..4 {
        codes.push(ann.message("fail").await["code"].clone());
    }
    assert_eq!(codes[2..], ["rate_limited", "rate_limited"]);
}

#[tokio::test]
async fn case_36_ids_of_another_session_never_work() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    let mut bob = server.member("bob", "r1").await;
    let mut eve = server.member("eve", "r2").await;
    ann.publish("a", "s", "r1").await;
    assert_eq!(ann.status("a").await["status"], "PUBLISHING");
    bob.play("b", "s", "r1").await;
    assert_eq!(bob.status("b").await["status"], "PLAYING");

    // Of another room: not to be played, not to be asked for.
    for room in ["r1", "r2"] {
        eve.play("e", "s", room).await;
        assert_eq!(eve.status("e").await["info"], "Stream not found");
    }
    eve.send(
        "availableStream",
        json!({"mediaSessionId": "q", "name": "s"}),
    )
    .await;
    assert_eq!(eve.message("availableStream").await["status"], "false");
    // Of another session: not to be taken, stopped or spoken for.
    eve.publish("a", "other", "r2").await;
    assert_eq!(
        eve.status("a").await["info"],
        "MediaSessionId is already in use"
    );
    for (message, id) in [("unPublishStream", "a"), ("stopStream", "b")] {
        eve.send(message, json!({"mediaSessionId": id})).await;
        eve.status(id).await;
    }
    let event = json!({"mediaSessionId": "a", "type": "data", "payload": {"evil": true}});
    eve.send("sendStreamEvent", event).await;
    assert_eq!(eve.message("fail").await["info"], "Stream not found");
    // Of a room that one is not in: not to be published or spoken in.
    eve.publish("e2", "evil", "r1").await;
    assert_eq!(eve.status("e2").await["status"], "FAILED");
    let options = json!({"roomConfig": {"name": "r1"}, "to": "ann", "text": "evil"});
    assert_eq!(
        eve.command("sendMessage", options.clone()).await["status"],
        "FAILED"
    );
    assert_eq!(eve.command("broadcast", options).await["status"], "FAILED");

    let ann_heard = ann.drain().await;
    let bob_heard = bob.drain().await;
    let evil =
        |message: &&Value| message.to_string().contains("evil") || message["message"] == "fail";
    assert!(
        !ann_heard
            .iter()
            .chain(&bob_heard)
            .any(|message| evil(&message))
    );
    assert_eq!(server.engine.open().len(), 2);
}

#[tokio::test]
async fn repeated_operations_are_done_once() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    let mut bob = server.member("bob", "r1").await;
    ann.join("r1").await;
    assert_eq!(bob.room_event("JOINED").await, "ann");
    let payload = json!({"command": "broadcast",
        "options": {"roomConfig": {"name": "r1"}, "text": "once"}});
    let data = json!({"operationId": "same", "payload": payload});
    for _ in 0..3 {
        ann.send("sendData", data.clone()).await;
        let answer = ann.data_status("same").await;
        assert_eq!(
            (&answer["status"], &answer["messageId"]),
            (&json!("ACCEPTED"), &json!(1))
        );
    }
    let messages = bob.drain().await;
    assert_eq!(messages.len(), 1, "{messages:?}");
}
