use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::veche::{PATIENCE, Veche, until};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connected(address: SocketAddr) -> Socket {
    // Any path is good for a WebSocket.
    let (mut socket, _) = connect_async(format!("ws://{address}/some/path"))
        .await
        .unwrap();
    let hello = json!({"message": "connection", "data": [{
        "appKey": "roomApp", "mediaProviders": ["WebRTC"], "clientVersion": "2.0",
        "custom": {"login": "ann", "veche": {"protocol": 1}},
    }]});
    socket.send(Message::text(hello.to_string())).await.unwrap();
    received(&mut socket, "getUserData")
        .await
        .expect("the session is established");
    socket
}

/// Reads until a message of this name; `None` if the connection ends first.
async fn received(socket: &mut Socket, name: &str) -> Option<Value> {
    loop {
        let frame = timeout(PATIENCE, socket.next()).await.expect(name)?;
        let Ok(Message::Text(text)) = frame else {
            return None;
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["message"] == name {
            return Some(message["data"][0].clone());
        }
    }
}

async fn says_goodbye(signal: &str) {
    // Who closes is not waited for; else this would take far too long.
    let mut veche = Veche::start(&["--set=shutdown_timeout=60000"]);
    let mut socket = connected(veche.http()).await;
    // Browsers open connections ahead of need; these are not waited for.
    let _never_asks = TcpStream::connect(veche.http()).await.unwrap();
    veche.signal(signal);

    let goodbye = received(&mut socket, "goingAway").await.expect("a goodbye");
    assert_eq!(goodbye["reason"], "shutdown");
    assert!(goodbye["retryAfterMs"].as_u64().unwrap() > 0, "{goodbye}");
    while let Some(Ok(_)) = socket.next().await {}
    assert_eq!(veche.ended(), 0);
    assert!(TcpStream::connect(veche.http()).await.is_err());
}

#[tokio::test]
async fn sigterm_tells_clients_and_exits_with_0() {
    says_goodbye("TERM").await;
}

#[tokio::test]
async fn sigint_tells_clients_and_exits_with_0() {
    says_goodbye("INT").await;
}

#[tokio::test]
async fn who_does_not_close_holds_nothing_up_for_long() {
    let mut veche = Veche::start(&[
        "--set=limits.close_timeout=60000",
        "--set=shutdown_timeout=300",
    ]);
    let _never_reads = connected(veche.http()).await;
    veche.signal("TERM");
    assert_eq!(veche.ended(), 0);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut veche = Veche::start(&[
        "--set=limits.close_timeout=60000",
        "--set=shutdown_timeout=60000",
    ]);
    // Its closing handshake is waited for.
    let _never_reads = connected(veche.http()).await;
    veche.signal("TERM");
    until("the stop is under way", || {
        veche.log().contains("stopping").then_some(())
    });
    veche.signal("TERM");
    assert_eq!(veche.ended(), 130);
}
