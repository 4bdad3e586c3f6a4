use serde_json::json;
use veche_transport::{Event, FailReason, Rate};

use crate::support::server;

#[tokio::test]
async fn refused_offers_fail_with_their_text_and_hurt_nobody() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    for (offer, info) in [
        ("garbage", "Offer cannot be used"),
        ("no codecs", "No common codecs"),
    ] {
        ann.publish_offer(offer, "s", "r1", offer).await;
        let status = ann.status(offer).await;
        assert_eq!(
            (&status["status"], &status["info"]),
            (&json!("FAILED"), &json!(info))
        );
    }
    ann.publish("m", "s", "r1").await;
    assert_eq!(ann.status("m").await["status"], "PUBLISHING");
}

#[tokio::test]
async fn an_offer_that_breaks_the_engine_fails_alone() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    ann.publish_offer("bad", "s", "r1", "panic").await;
    let status = ann.status("bad").await;
    assert_eq!(status["info"], "Failed by error");
    ann.publish("good", "s", "r1").await;
    assert_eq!(ann.status("good").await["status"], "PUBLISHING");
}

#[tokio::test]
async fn figures_sizes_and_ends_reach_the_clients() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    let mut bob = server.member("bob", "r1").await;
    ann.publish("a", "s", "r1").await;
    ann.status("a").await;
    let publisher = *server.engine.open().first().unwrap();
    bob.play("b", "s", "r1").await;
    assert_eq!(bob.status("b").await["videoCodec"], "VP8");
    let player = *server.engine.open().last().unwrap();

    let rate = Rate {
        video_bps: 512_000,
        fps: 25,
        width: 640,
        height: 360,
        ..Rate::default()
    };
    for transport in [publisher, player] {
        server.engine.event(Event::Rate { transport, rate });
    }
    let inbound = ann.message("inboundVideoRate").await;
    assert_eq!(
        (&inbound["mediaSessionId"], &inbound["videoRate"]),
        (&json!("a"), &json!(512_000))
    );
    assert_eq!(
        bob.message("outboundVideoRate").await["mediaSessionId"],
        "b"
    );
    let format = bob.message("notifyVideoFormat").await;
    assert_eq!(
        (&format["status"], &format["streamerVideoWidth"]),
        (&json!("RESIZE"), &json!(640))
    );
    let resize = bob.message("notifyStreamEvent").await;
    assert_eq!(resize["payload"]["streamerVideoHeight"], 360);

    server.engine.fail(player, FailReason::IceKeepAlive);
    assert_eq!(bob.status("b").await["info"], "Failed by ICE keep alive");
    server.engine.fail(publisher, FailReason::DtlsError);
    assert_eq!(ann.status("a").await["info"], "Failed by DTLS error");
    let failed = bob.room_event("FAILED").await;
    assert_eq!(failed, json!({"login": "ann", "name": "s"}));
}

#[tokio::test]
async fn mute_is_seen_by_players_and_told_to_late_ones() {
    let server = server().await;
    let mut ann = server.member("ann", "r1").await;
    let mut bob = server.member("bob", "r1").await;
    ann.publish("a", "s", "r1").await;
    ann.status("a").await;
    bob.play("b", "s", "r1").await;
    bob.status("b").await;
    ann.send(
        "sendStreamEvent",
        json!({"mediaSessionId": "a", "type": "videoMuted"}),
    )
    .await;
    let event = bob.message("notifyStreamEvent").await;
    assert_eq!(event, json!({"mediaSessionId": "b", "type": "videoMuted"}));
    bob.play("late", "s", "r1").await;
    let playing = bob.status("late").await;
    assert_eq!(playing["audioState"], json!({"muted": false}));
    assert_eq!(playing["videoState"], json!({"muted": true}));
}

#[tokio::test]
async fn plain_sessions_stream_without_rooms() {
    let server = server().await;
    let mut one = server.socket().await;
    one.hello_to("defaultApp", json!({})).await;
    one.publish("p", "cam", "").await;
    assert_eq!(one.status("p").await["status"], "PUBLISHING");
    let mut two = server.socket().await;
    two.hello_to("defaultApp", json!({})).await;
    two.send(
        "availableStream",
        json!({"mediaSessionId": "q", "name": "cam"}),
    )
    .await;
    assert_eq!(
        two.message("availableStream").await,
        json!({"id": "q", "status": "true"})
    );
    two.play("w", "cam", "").await;
    assert_eq!(two.status("w").await["status"], "PLAYING");
    two.send("snapshot", json!({"mediaSessionId": "w", "name": "cam"}))
        .await;
    assert_eq!(
        two.message("notifyStreamEvent").await["type"],
        "snapshotFailed"
    );
    one.crash();
    assert_eq!(two.status("w").await["info"], "Stopped by publisher stop");
    assert_eq!(two.join("r1").await["status"], "FAILED");
}
