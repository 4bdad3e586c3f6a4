use std::sync::Arc;

use serde_json::json;

use crate::support::server;

#[tokio::test]
async fn two_meet_publish_play_and_leave() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    assert_eq!(ann.join("r1").await["status"], "ACCEPTED");
    assert_eq!(ann.room_event("STATE").await, json!([]));

    ann.publish("a-1", "r1-ann-0001", "r1").await;
    assert_eq!(
        ann.message("setRemoteSDP").await,
        "a-1",
        "the answer names the stream"
    );
    let publishing = ann.status("a-1").await;
    assert_eq!(publishing["status"], "PUBLISHING");
    assert_eq!(publishing["videoCodec"], "VP8");

    let mut bob = server.client("bob").await;
    bob.join("r1").await;
    let state = bob.room_event("STATE").await;
    assert_eq!(state, json!([{"login": "ann", "name": "r1-ann-0001"}]));
    assert_eq!(ann.room_event("JOINED").await, "bob");

    bob.play("b-1", "r1-ann-0001", "r1").await;
    bob.message("setRemoteSDP").await;
    assert_eq!(bob.status("b-1").await["status"], "PLAYING");

    bob.publish("b-2", "r1-bob-0002", "r1").await;
    assert_eq!(bob.status("b-2").await["status"], "PUBLISHING");
    let published = ann.room_event("PUBLISHED").await;
    assert_eq!(published, json!({"login": "bob", "name": "r1-bob-0002"}));

    let leave = ann.command("leave", json!({"name": "r1"})).await;
    assert_eq!(leave["status"], "ACCEPTED");
    let failed = bob.status("b-1").await;
    assert_eq!(failed["status"], "FAILED");
    assert_eq!(failed["info"], "Stopped by publisher stop");
    let unpublished = bob.room_event("UNPUBLISHED").await;
    assert_eq!(unpublished, json!({"login": "ann", "name": "r1-ann-0001"}));
    assert_eq!(bob.room_event("LEFT").await, "ann");

    // The page stops its streams after `leave` was answered.
    assert_eq!(ann.status("a-1").await["status"], "UNPUBLISHED");
    let stop = json!({"mediaSessionId": "a-1", "name": "r1-ann-0001", "published": true});
    ann.send("unPublishStream", stop).await;
    assert_eq!(ann.status("a-1").await["status"], "UNPUBLISHED");
    server
        .wait("one transport", |server| server.engine.open().len() == 1)
        .await;
}

/// As many as a large meeting has, all in the same moment.
const CROWD: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_joins_at_once_and_everybody_sees_everybody() {
    let server = Arc::new(server().await);
    let tasks: Vec<_> = (0..CROWD)
        .map(|n| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let mut client = server.client(&format!("p{n}")).await;
                client.join("crowd").await;
                let state = client.room_event("STATE").await;
                for _ in state.as_array().unwrap().len()..CROWD - 1 {
                    client.room_event("JOINED").await;
                }
                client
            })
        })
        .collect();
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await.unwrap());
    }
    let (mut first, rest) = (clients.remove(0), clients);
    drop(rest);
    for _ in 1..CROWD {
        first.room_event("LEFT").await;
    }
}
