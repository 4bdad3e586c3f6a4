//! Cases 23 and 38: names are opaque, bounded, and nobody's code.

use serde_json::json;

use crate::support::server;

#[tokio::test]
async fn case_38_names_and_texts_pass_unchanged() {
    let server = server().await;
    let names = [
        "<script>",
        "../../..",
        "a\\b\"c'd",
        "привет",
        "你好",
        "👨‍👩‍👧👋",
        "%3Cscript%3E",
    ];
    let mut watcher = server.member("watcher", "<b>room</b>").await;
    for name in names {
        let mut client = server.member(name, "<b>room</b>").await;
        assert_eq!(watcher.room_event("JOINED").await, name);
        let stream = format!("<b>room</b>-{name}-1");
        client
            .publish(&format!("id-{name}"), &stream, "<b>room</b>")
            .await;
        let published = watcher.room_event("PUBLISHED").await;
        assert_eq!(published, json!({"login": name, "name": stream}));
        let text = format!("<img src=x onerror=alert(1)> {name} \u{0}\u{7f}\u{2028}");
        let options = json!({"roomConfig": {"name": "<b>room</b>"}, "to": "watcher", "text": text});
        let answer = client.command("sendMessage", options).await;
        assert_eq!(answer["status"], "ACCEPTED");
        let message = watcher.room_event("MESSAGE").await;
        assert_eq!(
            (&message["from"], &message["text"]),
            (&json!(name), &json!(text))
        );
        client.crash();
        watcher.room_event("UNPUBLISHED").await;
        assert_eq!(watcher.room_event("LEFT").await, name);
    }
}

#[tokio::test]
async fn case_23_endless_names_are_refused_everywhere() {
    let server = server().await;
    let long = "x".repeat(4_096);
    let mut ann = server.member("ann", "r1").await;
    let answer = ann.join(&long).await;
    assert_eq!(
        (&answer["status"], &answer["info"]),
        (&json!("FAILED"), &json!("Name is too long"))
    );
    ann.publish("m", &long, "r1").await;
    assert_eq!(ann.status("m").await["info"], "Name is too long");
    ann.publish(&long, "s", "r1").await;
    assert_eq!(ann.status(&long).await["info"], "Id is too long");
    let text = json!({"roomConfig": {"name": "r1"}, "text": "x".repeat(20_000)});
    assert_eq!(
        ann.command("broadcast", text).await["info"],
        "Message is too long"
    );
    let data = json!({"operationId": long,
        "payload": {"command": "leave", "options": {"name": "r1"}}});
    ann.send("sendData", data).await;
    assert_eq!(ann.data_status(&long).await["info"], "Id is too long");

    let mut eve = server.socket().await;
    let custom = json!({"login": long});
    eve.send("connection", json!({"appKey": "roomApp", "custom": custom}))
        .await;
    let fail = eve.message("fail").await;
    assert_eq!(
        (&fail["code"], &fail["apiMethod"]),
        (&json!("too_large"), &json!("ConnectionStatusEvent"))
    );
    eve.closed().await;
}

#[tokio::test]
async fn case_23_names_with_control_characters_are_refused() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    for name in ["a\u{0}b", "a\nb", "\u{1b}[31m"] {
        let answer = ann.join(name).await;
        assert_eq!(answer["info"], "Name has characters that are not allowed");
        let mut eve = server.socket().await;
        let custom = json!({"login": name});
        eve.send("connection", json!({"appKey": "roomApp", "custom": custom}))
            .await;
        assert_eq!(eve.message("fail").await["code"], "bad_message");
        eve.closed().await;
    }
    assert_eq!(ann.join("").await["info"], "Room name is missing");
}

#[tokio::test]
async fn metadata_that_nobody_asked_for_is_dropped() {
    let server = server().await;
    let mut ann = server.socket().await;
    let mut custom = json!({"login": "ann"});
    for n in 0..1_000 {
        custom[format!("attribute-{n}")] = json!("x".repeat(20));
    }
    let data = ann.hello(custom).await;
    assert!(data.to_string().len() < 1_000, "nothing of it is kept");
}
