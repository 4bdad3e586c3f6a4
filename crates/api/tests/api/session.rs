use std::time::Duration;

use serde_json::json;
use veche_api::{Config, Settings};

use crate::support::{server, server_with};

#[tokio::test]
async fn the_handshake_is_answered_as_wcs_does() {
    let server = server().await;
    let mut ann = server.socket_at("/any/path?and=query").await;
    let data = ann.hello(json!({"login": "ann"})).await;
    assert_eq!(data["status"], "ESTABLISHED");
    assert_eq!(data["login"], "ann");
    assert_eq!(data["appKey"], "roomApp");
    assert_eq!(data["mediaProviders"], json!(["WebRTC"]));
    assert!(data["authToken"].as_str().unwrap().len() > 20);
    assert_eq!(data["veche"], json!(null), "only for those who know it");
    assert_eq!(data["webRTCMetricsServerDescription"], json!(null));
}

#[tokio::test]
async fn a_client_that_knows_veche_is_greeted_by_it() {
    let server = server().await;
    let mut ann = server.socket().await;
    let data = ann
        .hello(json!({"login": "ann", "veche": {"protocol": 1}}))
        .await;
    let veche = &data["veche"];
    assert_eq!(veche["protocol"], 1);
    assert_eq!(veche["maxMessageBytes"], 65_536);
    assert_eq!(veche["resumed"], false);
    assert_eq!(veche["resumeToken"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn a_reloaded_page_gets_its_login_back_with_its_token() {
    let server = server().await;
    let mut old = server.socket().await;
    let data = old
        .hello(json!({"login": "ann", "veche": {"protocol": 1}}))
        .await;
    let token = data["veche"]["resumeToken"].clone();
    old.join("r1").await;
    let mut bob = server.member("bob", "r1").await;

    let mut new = server.socket().await;
    let custom = json!({"login": "ann", "veche": {"protocol": 1, "resumeToken": token}});
    let data = new.hello(custom).await;
    assert_eq!(data["veche"]["resumed"], true);
    assert_eq!(data["veche"]["resumeToken"], token);
    assert_eq!(new.join("r1").await["status"], "ACCEPTED");
    assert_eq!(bob.room_event("LEFT").await, "ann");
    assert_eq!(bob.room_event("JOINED").await, "ann");
    let last = old.closed().await.pop().unwrap();
    assert_eq!(
        last,
        json!({"message": "goingAway", "data": [{"reason": "replaced"}]})
    );
}

#[tokio::test]
async fn a_taken_login_is_refused_with_the_text_of_wcs() {
    let server = server().await;
    server.member("ann", "r1").await;
    let _first = server.member("bob", "r1").await;
    let mut second = server.client("bob").await;
    let answer = second.join("r1").await;
    assert_eq!(answer["status"], "FAILED");
    assert_eq!(answer["info"], "Room already has user with such login");
}

#[tokio::test]
async fn a_dead_holder_is_probed_and_makes_way() {
    let server = server_with(Config {
        rooms: Settings {
            login_probe_grace: Duration::ZERO,
            login_probe_timeout: Duration::from_millis(200),
            ..Settings::default()
        },
        ..Config::default()
    })
    .await;
    let mut ann = server.member("ann", "r1").await;
    let mut second = server.client("ann").await;
    let operation = second.start_command("join", json!({"name": "r1"})).await;
    // The first is alive, and says so.
    ann.message("ping").await;
    ann.text(r#"{"message":"pong"}"#).await;
    let answer = second.data_status(&operation).await;
    assert_eq!(answer["info"], "Room already has user with such login");
    // And now it does not.
    assert_eq!(second.join("r1").await["status"], "ACCEPTED");
    assert_eq!(second.room_event("STATE").await, json!([]));
    let last = ann.closed().await.pop().unwrap();
    assert_eq!(last["data"][0]["reason"], "idle");
}

#[tokio::test]
async fn both_sides_keep_the_connection_alive() {
    let server = server_with(Config {
        rooms: Settings {
            keep_alive_interval: Duration::from_millis(50),
            keep_alive_probes: 3,
            ..Settings::default()
        },
        ..Config::default()
    })
    .await;
    let mut ann = server.client("ann").await;
    ann.text(r#"{"message":"ping","data":[null]}"#).await;
    ann.message("pong").await;
    for _ in 0..6 {
        ann.message("ping").await;
        ann.text(r#"{"message":"pong"}"#).await;
    }
    // And then it says nothing any more.
    let last = ann.closed().await.pop().unwrap();
    assert_eq!(last["data"][0]["reason"], "idle");
}

#[tokio::test]
async fn a_lost_socket_is_left_at_once() {
    let server = server().await;
    let ann = server.member("ann", "r1").await;
    let mut bob = server.member("bob", "r1").await;
    ann.crash();
    assert_eq!(bob.room_event("LEFT").await, "ann");
    server.member("ann", "r1").await;
}

#[tokio::test]
async fn unknown_messages_and_logs_are_taken_in_silence() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    ann.send("hologram", json!({"a": 1})).await;
    ann.send("pushLogs", json!({"logs": "line\nline"})).await;
    ann.send("submitBugReport", json!({"text": "it broke"}))
        .await;
    assert!(ann.drain().await.is_empty());
    ann.send("sessionDebug", json!({"command": "start"})).await;
    assert_eq!(
        ann.message("notifySessionDebugEvent").await["status"],
        "FAILED"
    );
}

#[tokio::test]
async fn a_panic_in_one_room_is_not_seen_in_another() {
    let server = server_with(Config {
        rooms: Settings {
            test_hooks: true,
            ..Settings::default()
        },
        ..Config::default()
    })
    .await;
    let mut thrower = server.member("throw_panic", "broken").await;
    let victim = server.member("ann", "broken").await;
    let mut bob = server.member("bob", "sound").await;
    let options = json!({"roomConfig": {"name": "broken"}, "text": "now"});
    thrower.start_command("broadcast", options).await;
    thrower.closed().await;
    let last = victim.closed().await.pop().unwrap();
    assert_eq!(last["data"][0]["reason"], "error");
    assert_eq!(bob.join("sound").await["status"], "ACCEPTED");
    assert!(
        server
            .api
            .render_metrics()
            .contains("veche_room_panics_total 1")
    );
}
