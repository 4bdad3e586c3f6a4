//! A server on a loopback port, clients of it, and a media engine of straw.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use veche_api::{Api, Config, MediaEngine};
use veche_media::{AudioCodec, CodecSet, TransportId, VideoCodec};
use veche_transport::{
    Event, EventSink, FailReason, NegotiationError, PlayAnswer, PlayRequest, PublishAnswer,
    PublishRequest, Stats, Tap,
};

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers every offer and connects every transport at once. The words
/// `garbage`, `no codecs` and `panic` in an offer do what they say.
#[derive(Clone)]
pub struct Straw {
    events: EventSink,
    open: Arc<Mutex<BTreeSet<TransportId>>>,
    taps: Arc<Mutex<BTreeMap<TransportId, Tap>>>,
    origin: Instant,
}

impl Straw {
    pub fn open(&self) -> BTreeSet<TransportId> {
        self.open.lock().unwrap().clone()
    }

    pub fn fail(&self, transport: TransportId, reason: FailReason) {
        self.open.lock().unwrap().remove(&transport);
        (self.events)(Event::Failed { transport, reason });
    }

    pub fn event(&self, event: Event) {
        (self.events)(event);
    }

    fn answer(&self, transport: TransportId, offer: &str) -> Result<(), NegotiationError> {
        assert!(!offer.contains("panic"), "the offer asked for it");
        if offer.contains("garbage") {
            return Err(NegotiationError::BadOffer("garbage".into()));
        }
        if offer.contains("no codecs") {
            return Err(NegotiationError::NoCommonCodecs);
        }
        assert!(self.open.lock().unwrap().insert(transport), "used twice");
        (self.events)(Event::Connected { transport });
        Ok(())
    }
}

impl MediaEngine for Straw {
    fn publish(&self, request: PublishRequest) -> Result<PublishAnswer, NegotiationError> {
        self.answer(request.transport, &request.offer)?;
        Ok(PublishAnswer {
            sdp: "v=0 publish".into(),
            audio: Some(AudioCodec::Opus),
            video: Some(VideoCodec::Vp8),
            offered_video: CodecSet::ALL,
        })
    }

    fn play(&self, request: PlayRequest) -> Result<PlayAnswer, NegotiationError> {
        if !self.open.lock().unwrap().contains(&request.source) {
            return Err(NegotiationError::SourceNotFound);
        }
        self.answer(request.transport, &request.offer)?;
        Ok(PlayAnswer {
            sdp: "v=0 play".into(),
            audio: Some(AudioCodec::Opus),
            video: Some(VideoCodec::Vp8),
            receivable: CodecSet::ALL,
        })
    }

    fn close(&self, transport: TransportId) {
        self.open.lock().unwrap().remove(&transport);
    }

    fn tap(&self, transport: TransportId, tap: Option<Tap>) {
        let mut taps = self.taps.lock().unwrap();
        match tap {
            Some(tap) => taps.insert(transport, tap),
            None => taps.remove(&transport),
        };
    }

    fn request_keyframe(&self, _transport: TransportId) {}

    fn origin(&self) -> Instant {
        self.origin
    }

    fn stats(&self) -> Stats {
        Stats {
            transports: self.open().len() as u64,
            ..Stats::default()
        }
    }

    fn shutdown(&self) {
        self.open.lock().unwrap().clear();
    }
}

pub struct Server {
    pub api: Api,
    pub engine: Straw,
    pub address: SocketAddr,
}

pub async fn server() -> Server {
    server_with(Config::default()).await
}

pub async fn server_with(config: Config) -> Server {
    let mut engine = None;
    let api = Api::start(config, |events| {
        let straw = Straw {
            events,
            open: Arc::default(),
            taps: Arc::default(),
            origin: Instant::now(),
        };
        engine = Some(straw.clone());
        Ok::<_, std::convert::Infallible>(straw)
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let assets = Router::new().route("/", get(|| async { "the app" }));
    let router = api.router(assets);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server {
        api,
        engine: engine.unwrap(),
        address,
    }
}

impl Server {
    /// A WebSocket that has said nothing.
    pub async fn socket(&self) -> Client {
        self.socket_at("/").await
    }

    pub async fn socket_at(&self, path: &str) -> Client {
        Client::connect(self.address, path).await
    }

    /// An established session of the room application.
    pub async fn client(&self, login: &str) -> Client {
        let mut client = self.socket().await;
        client.hello(json!({"login": login})).await;
        client
    }

    /// A participant of a room.
    pub async fn member(&self, login: &str, room: &str) -> Client {
        let mut client = self.client(login).await;
        let answer = client.join(room).await;
        assert_eq!(answer["status"], "ACCEPTED", "{answer}");
        client.room_event("STATE").await;
        client
    }

    pub async fn wait(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let wait = async {
            while !condition(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("never saw {what}"));
    }

    /// One HTTP request, as plain as can be.
    pub async fn get(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }
}

pub struct Client {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    unread: VecDeque<Value>,
    operations: u32,
}

impl Client {
    /// A WebSocket that has said nothing.
    pub async fn connect(address: SocketAddr, path: &str) -> Self {
        let url = format!("ws://{address}{path}");
        let (ws, _) = connect_async(url).await.unwrap();
        Self {
            ws,
            unread: VecDeque::new(),
            operations: 0,
        }
    }

    #[allow(dead_code, reason = "only the tests of recordings have real media")]
    /// The next SDP answer.
    pub async fn remote_sdp(&mut self) -> String {
        let message = self.find("an SDP answer", |m| m["message"] == "setRemoteSDP");
        message.await["data"][1].as_str().unwrap().to_owned()
    }

    pub async fn send(&mut self, message: &str, data: Value) {
        self.text(json!({"message": message, "data": [data]}).to_string())
            .await;
    }

    pub async fn text(&mut self, text: impl Into<String>) {
        self.frame(Message::text(text.into())).await;
    }

    pub async fn frame(&mut self, frame: Message) {
        self.try_frame(frame).await.unwrap();
    }

    /// Fails once the server has closed.
    pub async fn try_frame(&mut self, frame: Message) -> Result<(), Error> {
        self.ws.send(frame).await
    }

    /// Says `connection` for the room application; returns `getUserData`.
    pub async fn hello(&mut self, custom: Value) -> Value {
        self.hello_to("roomApp", custom).await
    }

    pub async fn hello_to(&mut self, app: &str, custom: Value) -> Value {
        let connection = json!({
            "appKey": app,
            "mediaProviders": ["WebRTC"],
            "clientVersion": "2.0",
            "custom": custom,
        });
        self.send("connection", connection).await;
        let data = self.message("getUserData").await;
        self.message("getVersion").await;
        data
    }

    /// Sends a command; returns its `DataStatusEvent`.
    pub async fn command(&mut self, command: &str, options: Value) -> Value {
        let operation = self.start_command(command, options).await;
        self.data_status(&operation).await
    }

    /// Sends a command; returns its id.
    pub async fn start_command(&mut self, command: &str, options: Value) -> String {
        self.operations += 1;
        let operation = format!("op-{}", self.operations);
        let payload = json!({"command": command, "options": options});
        self.send(
            "sendData",
            json!({"operationId": operation, "payload": payload}),
        )
        .await;
        operation
    }

    pub async fn data_status(&mut self, operation: &str) -> Value {
        self.find("the answer", |message| {
            message["message"] == "DataStatusEvent"
                && message["data"][0]["operationId"] == operation
        })
        .await["data"][0]
            .clone()
    }

    pub async fn join(&mut self, room: &str) -> Value {
        self.command("join", json!({"name": room})).await
    }

    pub async fn publish(&mut self, id: &str, name: &str, room: &str) {
        self.publish_offer(id, name, room, "v=0").await;
    }

    pub async fn publish_offer(&mut self, id: &str, name: &str, room: &str, sdp: &str) {
        let stream = stream(id, name, room, sdp, true);
        self.send("publishStream", stream).await;
    }

    pub async fn play(&mut self, id: &str, name: &str, room: &str) {
        self.send("playStream", stream(id, name, room, "v=0", false))
            .await;
    }

    /// The next state that the stream with this id is in.
    pub async fn status(&mut self, id: &str) -> Value {
        self.find("a stream's state", |message| {
            message["message"] == "notifyStreamStatusEvent"
                && message["data"][0]["mediaSessionId"] == id
        })
        .await["data"][0]
            .clone()
    }

    /// The `info` of the next event of this name in any room.
    pub async fn room_event(&mut self, name: &str) -> Value {
        self.find(name, |message| {
            message["message"] == "OnDataEvent" && message["data"][0]["payload"]["name"] == name
        })
        .await["data"][0]["payload"]["info"]
            .clone()
    }

    /// The first argument of the next message of this name.
    pub async fn message(&mut self, name: &str) -> Value {
        self.find(name, |message| message["message"] == name).await["data"][0].clone()
    }

    async fn find(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&wanted) {
            return self.unread.remove(at).unwrap();
        }
        loop {
            let message = match timeout(PATIENCE, self.receive()).await {
                Ok(Some(message)) => message,
                Ok(None) => panic!("closed before {what}; unread: {:?}", self.unread),
                Err(_) => panic!("no {what}; unread: {:?}", self.unread),
            };
            if wanted(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.ws.next().await? {
                Ok(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    assert!(message["data"].is_array(), "clients need arrays: {message}");
                    return Some(message);
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads on until the server closes; returns what was not read before.
    pub async fn closed(mut self) -> Vec<Value> {
        let read = async {
            while let Some(message) = self.receive().await {
                self.unread.push_back(message);
            }
        };
        timeout(PATIENCE, read).await.expect("never closed");
        self.unread.into()
    }

    /// All that the server had to say up to now: it answers in order.
    pub async fn drain(&mut self) -> Vec<Value> {
        let operation = self
            .start_command("leave", json!({"name": "nowhere"}))
            .await;
        self.data_status(&operation).await;
        self.unread.drain(..).collect()
    }

    /// Vanishes without a word.
    pub fn crash(self) {
        drop(self);
    }
}

pub fn stream(id: &str, name: &str, room: &str, sdp: &str, published: bool) -> Value {
    json!({
        "mediaSessionId": id, "name": name, "published": published,
        "hasVideo": true, "hasAudio": true, "status": "PENDING", "record": false,
        "mediaProvider": "WebRTC", "sdp": sdp, "custom": {"name": room},
        "bitrate": 0, "minBitrate": 0, "maxBitrate": 0,
    })
}
