//! A server without media, with recordings in its folder that were not made by it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use veche_api::{Api, Config, Recordings};
use veche_record::store::{self, Manifest, Origin, State, TrackEntry};
use veche_transport::Engine;

use crate::described::Document;

pub const TOKEN: &str = "the token of these tests";

pub struct Server {
    pub folder: TempDir,
    address: SocketAddr,
    document: Document,
    _api: Api,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::with(|_, _| {}).await
    }

    pub async fn with(configure: impl FnOnce(&mut Recordings, &Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("records")).unwrap();
        let mut recordings = Recordings::new(folder.path().join("records"));
        configure(&mut recordings, folder.path());
        let config = Config {
            recordings: Some(recordings),
            admin_token: Some(TOKEN.to_owned()),
            ..Config::default()
        };
        let media = veche_transport::Config {
            port: 0,
            bind: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            shards: 1,
            ..veche_transport::Config::default()
        };
        let api = Api::start(config, |events| Engine::start(media, events)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = api.router(Router::new());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut server = Self {
            folder,
            address,
            document: Document::default(),
            _api: api,
        };
        let document = server.raw("GET", "/rest-api/openapi.json", "", "").await;
        assert_eq!(document.status, 200);
        server.document = Document(document.json());
        server
    }

    pub fn document(&self) -> &Document {
        &self.document
    }

    pub fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    /// As an operator. The answer is held against the API's description.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = format!("Authorization: Bearer {TOKEN}\r\n");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.request(method, path, &headers, &body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.json()
    }

    pub async fn metrics(&self) -> String {
        let answer = self.raw("GET", "/metrics", "", "").await;
        String::from_utf8(answer.body).unwrap()
    }

    /// The answer is held against the API's description.
    pub async fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let answer = self.raw(method, path, headers, body).await;
        self.document.check(method, path, &answer);
        answer
    }

    async fn raw(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        let end = response.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&response[..end]).unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            headers: head.to_owned(),
            body: response[end + 4..].to_vec(),
        }
    }
}

/// Lays a finished stream's file there, as another run of the server would.
pub fn lay(records: &Path, name: &str, started_at_ms: u64) {
    let manifest = Manifest {
        version: 1,
        state: State::Finished,
        file: format!("{name}.webm"),
        origin: Origin {
            room: "Совет / 1".to_owned(),
            login: "Ann".to_owned(),
            stream: format!("{name}-camera"),
            ..Origin::default()
        },
        recording: name.to_owned(),
        part: 1,
        container: "webm".to_owned(),
        started_at_ms,
        duration_ms: 1_500,
        bytes: 1_000,
        tracks: vec![TrackEntry {
            kind: "video".to_owned(),
            ..TrackEntry::default()
        }],
        ..Manifest::default()
    };
    write(records, &manifest);
}

/// Lays a finished recording of a room there.
pub fn lay_room(records: &Path, id: &str, people: &[&str]) {
    let mut lines = vec![
        json!({"type": "start", "version": 1, "at_ms": 0, "id": id, "room": "Совет",
        "room_id": "r", "room_start_us": 0, "started_at_ms": 1_700_000_000_000_u64, "by": null}),
    ];
    for (n, name) in people.iter().enumerate() {
        let person = format!("p{n}");
        lines.push(json!({"type": "join", "at_ms": n, "person": person, "name": name}));
    }
    lines.push(json!({"type": "end", "at_ms": 9_000}));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(records.join(format!("{id}.room.jsonl")), text).unwrap();
    let attributes = [
        (store::KIND, store::kind::ROOM),
        (store::ROOM_RECORDING, id),
    ];
    let manifest = Manifest {
        version: 1,
        state: State::Finished,
        file: format!("{id}.mkv"),
        origin: Origin {
            room: "Совет".to_owned(),
            attributes: attributes
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Origin::default()
        },
        recording: id.to_owned(),
        part: 1,
        container: "mkv".to_owned(),
        started_at_ms: 1_700_000_000_000,
        duration_ms: 9_000,
        bytes: 1_000,
        ..Manifest::default()
    };
    write(records, &manifest);
}

fn write(records: &Path, manifest: &Manifest) {
    let media = records.join(&manifest.file);
    let bytes: Vec<u8> = (0..manifest.bytes).map(|n| n as u8).collect();
    fs::write(&media, bytes).unwrap();
    manifest.write(&store::manifest_path(&media)).unwrap();
}
