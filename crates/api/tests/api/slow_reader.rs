use std::time::Duration;

use serde_json::json;
use veche_api::{Config, Socket};

use crate::support::server_with;

/// More than the kernel takes for a client that does not read.
const MESSAGES: usize = 900;

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_nobody_waits_for_it() {
    let server = server_with(Config {
        socket: Socket {
            outgoing_frames: 64,
            outgoing_bytes: 262_144,
            close_timeout: Duration::from_secs(30),
            ..Socket::default()
        },
        ..Config::default()
    })
    .await;
    let slow = server.member("slow", "r1").await;
    let mut bob = server.member("bob", "r1").await;
    let text = "x".repeat(16_000);
    let message = json!({"roomConfig": {"name": "r1"}, "to": "slow", "text": text});
    let mut refused = None;
    for _ in 0..MESSAGES {
        let answer = bob.command("sendMessage", message.clone()).await;
        if answer["status"] == "FAILED" {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("cut off before the end");
    assert_eq!(refused["info"], "No such user in the room");
    assert_eq!(bob.room_event("LEFT").await, "slow");
    assert!(
        server
            .api
            .render_metrics()
            .contains("veche_slow_sessions_total 1")
    );
    // Once it reads again, it hears why.
    let last = slow.closed().await.pop().unwrap();
    assert_eq!(
        last,
        json!({"message": "goingAway", "data": [{"reason": "slow"}]})
    );
}
