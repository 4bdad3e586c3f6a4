use std::time::Duration;

use serde_json::json;

use crate::support::server;

#[tokio::test]
async fn everybody_is_told_and_closed() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    ann.publish("m", "s", "r1").await;
    ann.status("m").await;
    let bob = server.member("bob", "r1").await;
    let greeting = server.socket().await;
    let api = server.api.clone();
    let shutdown = tokio::spawn(async move { api.shutdown(Duration::from_secs(10)).await });
    let goodbye = json!({"message": "goingAway",
        "data": [{"reason": "shutdown", "retryAfterMs": 1_000}]});
    for client in [ann, bob, greeting] {
        assert_eq!(client.closed().await.pop(), Some(goodbye.clone()));
    }
    shutdown.await.unwrap();
    assert!(server.engine.open().is_empty());
    let late = server.socket().await;
    let last = late.closed().await.pop().unwrap();
    assert_eq!(last["data"][0]["info"], "Server is shutting down");
}

#[tokio::test]
async fn a_client_that_does_not_answer_does_not_hold_the_shutdown() {
    let server = server().await;
    let _deaf = server.member("ann", "r1").await;
    server.api.shutdown(Duration::from_millis(200)).await;
}
