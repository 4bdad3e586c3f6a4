//! The server makes the film of a room, also when it is killed meanwhile.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use veche_record::store::Manifest;

use crate::files::{manifests, meeting, plays};
use crate::veche::{Veche, until};

/// Longer than the film takes on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// Notes every body that is posted to it, and answers 204.
struct Told {
    url: String,
    bodies: mpsc::Receiver<Value>,
}

impl Told {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/film?token=x", listener.local_addr().unwrap());
        let (note, bodies) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") {
                    stream.read_exact(&mut byte).unwrap();
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap().to_lowercase();
                assert!(head.starts_with("post /film?token=x "), "{head}");
                let (_, length) = head.split_once("content-length: ").unwrap();
                let length = length.lines().next().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                stream
                    .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .unwrap();
                if note.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { url, bodies }
    }
}

fn film(records: &Path) -> Option<Manifest> {
    let mut films = manifests(records).into_iter();
    films.find(|m| m.kind() == "film")
}

fn growing(records: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(records).unwrap();
    let mut making = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".making"));
    making.next()?.metadata().ok().map(|m| m.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_film_whose_server_is_killed_is_made_all_the_same() {
    let told = Told::listen();
    let directory = tempfile::tempdir().unwrap();
    // So large and fine that there is time to kill.
    let settings = json!({
        "mixerVideoWidth": 1920, "mixerVideoHeight": "1080", "preset": "slow",
        "mixerDisplayStreamName": true, "callbackUrl": told.url,
    });
    let mixer = directory.path().join("mixer.json");
    std::fs::write(&mixer, settings.to_string()).unwrap();
    let mixer = format!("--set=offline_mixer_config={}", mixer.display());
    let arguments = ["--no-https", "--set=video_codecs=VP8", &mixer];
    let mut veche = Veche::start_in(directory, &arguments);
    let records = veche.directory.path().join("data/records");
    let mut sending = Vec::new();
    for (mut client, mut live) in meeting(veche.http(), "Совет", "", 2).await {
        sending.push(tokio::spawn(async move {
            live.send_all().await;
            client.command("leave", json!({"name": "Совет"})).await;
        }));
    }
    for each in sending {
        each.await.unwrap();
    }

    // Twice, at different moments.
    for bytes in [1, 50_000] {
        until("the film grows", || {
            assert!(film(&records).is_none(), "it was made before it was killed");
            growing(&records).filter(|now| *now >= bytes)
        });
        veche.kill();
        veche.start_again(&arguments);
    }
    let body = tokio::task::block_in_place(|| told.bodies.recv_timeout(LONG));
    let body = body.unwrap_or_else(|_| panic!("no film: {}", veche.log()));
    let made = until("the film is listed", || film(&records));
    let path = records.join(&made.file);
    plays(&path);
    assert!(growing(&records).is_none(), "nothing is left beside it");
    let films = manifests(&records).into_iter();
    assert_eq!(films.filter(|m| m.kind() == "film").count(), 1);
    assert!((3_500..7_000).contains(&made.duration_ms), "{made:?}");
    let chapters: Vec<_> = made.chapters.iter().map(|c| c.title.as_str()).collect();
    assert_eq!(chapters, ["Совет: p0 and p1 join"]);
    assert_eq!(body["fileName"], made.file);
    assert_eq!(body["room"], "Совет");
    assert_eq!(body["people"], json!(["p0", "p1"]));
    assert_eq!(body["bytes"], path.metadata().unwrap().len());
    let again = tokio::task::block_in_place(|| told.bodies.recv_timeout(Duration::from_secs(1)));
    assert!(again.is_err(), "told once: {again:?}");
}
