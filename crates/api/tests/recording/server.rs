//! A server with a folder for recordings, and what ffprobe says of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use veche_api::{Api, Config, Recordings};
use veche_record::store::Manifest;
use veche_transport::Engine;

use crate::support::Client;

const TOKEN: &str = "the token of these tests";

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Server {
    pub api: Api,
    address: SocketAddr,
    folder: TempDir,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Server {
    pub async fn start(configure: impl FnOnce(&mut Config, &Path)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), configure).await
    }

    async fn start_in(folder: TempDir, configure: impl FnOnce(&mut Config, &Path)) -> Self {
        let mut config = Config {
            recordings: Some(Recordings::new(folder.path().join("records"))),
            admin_token: Some(TOKEN.to_owned()),
            ..Config::default()
        };
        configure(&mut config, folder.path());
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
        Self {
            api,
            address,
            folder,
        }
    }

    /// Where the files are.
    pub fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    /// Ends it, and starts another in the same folder.
    pub async fn restart(self, configure: impl FnOnce(&mut Config, &Path)) -> Self {
        self.api.shutdown(PATIENCE).await;
        Self::start_in(self.folder, configure).await
    }

    /// In the room `r`.
    pub async fn member(&self, login: &str) -> Client {
        let mut client = Client::connect(self.address, "/").await;
        client.hello(json!({"login": login})).await;
        assert_eq!(client.join("r").await["status"], "ACCEPTED");
        client
    }

    /// In a room, as somebody who knows our additions.
    pub async fn modern_member(&self, login: &str, room: &str, record: bool) -> Client {
        let mut client = Client::connect(self.address, "/").await;
        let custom = json!({"login": login, "veche": {"protocol": 1}});
        client.hello(custom).await;
        let join = json!({"name": room, "record": record});
        let answer = client.command("join", join).await;
        assert_eq!(answer["status"], "ACCEPTED", "{answer}");
        client.room_event("STATE").await;
        client
    }

    /// Waits until there are so many files of rooms.
    pub async fn rooms(&self, count: usize) -> Vec<Manifest> {
        let wait = async {
            loop {
                let found = self.manifests();
                let found: Vec<_> = found.into_iter().filter(|m| m.kind() == "room").collect();
                assert!(found.len() <= count, "{found:?}");
                if found.len() == count {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("the file of a room")
    }

    pub fn manifests(&self) -> Vec<Manifest> {
        let mut found: Vec<_> = std::fs::read_dir(self.records())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            // One that is being reserved is empty.
            .filter_map(|path| Manifest::read(&path).ok())
            .collect();
        found.sort_by_key(|m| m.started_at_ms);
        found
    }

    pub async fn metric(&self, name: &str, value: u64) {
        let line = format!("{name} {value}");
        let wait = async {
            while !self.api.render_metrics().lines().any(|l| l == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect(&line);
    }

    /// Waits for a recording of the stream that is in this state.
    pub async fn recording(&self, media_session: &str, state: &str) -> Value {
        let wait = async {
            loop {
                let list = self.get("/rest-api/recordings", "").await;
                let list: Value = serde_json::from_slice(&list.body).unwrap();
                let id = format!("stream-{media_session}-");
                let found =
                    list["recordings"].as_array().unwrap().iter().find(|r| {
                        r["id"].as_str().unwrap().starts_with(&id) && r["state"] == state
                    });
                if let Some(found) = found {
                    return found.clone();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("a finished recording")
    }

    /// Waits for a file in the server's folder.
    pub async fn file(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        let wait = async {
            loop {
                match std::fs::read_to_string(&path) {
                    Ok(text) if text.ends_with('\n') => return text,
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        timeout(PATIENCE, wait).await.expect(name)
    }

    pub async fn get(&self, path: &str, headers: &str) -> Answer {
        let headers = format!("Authorization: Bearer {TOKEN}\r\n{headers}");
        self.request("GET", path, &headers, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = format!("Authorization: Bearer {TOKEN}\r\n");
        self.request("POST", path, &headers, &body.to_string())
            .await
    }

    /// The head of an answer, in lower case.
    pub async fn head(&self, method: &str, path: &str, headers: &str) -> String {
        self.request(method, path, headers, "").await.head
    }

    /// One HTTP request, as plain as can be.
    pub async fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
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
            head: head.to_lowercase(),
            body: response[end + 4..].to_vec(),
        }
    }
}

/// What ffprobe says of a track.
#[derive(Debug)]
pub struct Track {
    pub codec: String,
    pub packets: usize,
    pub start: f64,
    /// To the end of the last packet.
    pub duration: f64,
}

pub fn probe(path: &Path, track: &str) -> Track {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", track, "-show_entries"])
        .args(["stream=codec_name:packet=pts_time", "-of", "json"])
        .arg(path)
        .output()
        .expect("ffprobe is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{}: {errors}", path.display());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let times: Vec<f64> = found["packets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap())
        .collect();
    let (first, last) = (times[0], times[times.len() - 1]);
    Track {
        codec: found["streams"][0]["codec_name"].as_str().unwrap().into(),
        packets: times.len(),
        start: first,
        duration: (last - first) * times.len() as f64 / (times.len() - 1) as f64,
    }
}

/// A script that does this, in the folder.
pub fn script(folder: &Path, name: &str, what: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{what}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}
