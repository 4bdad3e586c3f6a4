//! The chat of a film.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use veche_record::store::{self, Manifest, Origin, State, TrackEntry};

use crate::server::{Server, lay_room};

/// A film of two seconds with a chat, as an MP4 of ffmpeg has it.
fn lay_film(records: &Path, id: &str) {
    let chat = records.join("chat.srt");
    let line = "1\n00:00:00,500 --> 00:00:01,250\nAnn: 1 < 2 & <b>so</b>\nBob: да\n";
    fs::write(&chat, line).unwrap();
    let name = format!("{id}.film.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-t", "2", "-i", "sine", "-i"])
        .arg(&chat)
        .args(["-c:a", "aac", "-c:s", "mov_text"])
        .arg(records.join(&name))
        .status();
    assert!(made.expect("ffmpeg is installed").success());
    fs::remove_file(chat).unwrap();
    let attributes = [
        (store::KIND, store::kind::FILM),
        (store::ROOM_RECORDING, id),
    ];
    let track = |kind: &str| TrackEntry {
        kind: kind.to_owned(),
        ..TrackEntry::default()
    };
    let manifest = Manifest {
        version: 1,
        state: State::Finished,
        file: name.clone(),
        origin: Origin {
            attributes: attributes
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Origin::default()
        },
        recording: format!("{id}.film"),
        part: 1,
        container: "mp4".to_owned(),
        tracks: vec![track("audio"), track("text")],
        ..Manifest::default()
    };
    let path = store::manifest_path(&records.join(name));
    manifest.write(&path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_of_a_film_is_read_as_captions() {
    let server = Server::with(|config, _| {
        lay_room(&config.store.folder, "room-1", &["Ann"]);
        lay_room(&config.store.folder, "room-2", &["Ann"]);
        lay_film(&config.store.folder, "room-1");
    })
    .await;
    let chat = "/rest-api/recordings/room-1/chat.vtt";
    let found = server.get("/rest-api/recordings/room-1").await;
    assert_eq!(found["files"][0]["kind"], "film");
    assert_eq!(found["files"][0]["captions"], chat);
    assert_eq!(found["files"][1]["captions"], json!(null));
    let answer = server.ask("GET", chat, None).await;
    let kind = answer.header("content-type");
    assert_eq!(
        (answer.status, kind),
        (200, Some("text/vtt; charset=utf-8"))
    );
    let text = String::from_utf8(answer.body).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let expected = [
        "WEBVTT",
        "",
        "00:00:00.500 --> 00:00:01.250",
        "Ann: 1 &lt; 2 &amp; so",
        "Bob: да",
    ];
    assert_eq!(lines, expected);

    let none = "/rest-api/recordings/room-2/chat.vtt";
    assert_eq!(server.ask("GET", none, None).await.status, 404);
    let link = "/rest-api/recordings/room-1/link";
    let link = server.ask("POST", link, Some(json!({}))).await.json();
    let pass = link["url"].as_str().unwrap().split_once('?').unwrap().1;
    let opened = format!("{chat}?{pass}");
    assert_eq!(server.request("GET", &opened, "", "").await.status, 200);
    let other = format!("{none}?{pass}");
    assert_eq!(server.request("GET", &other, "", "").await.status, 403);
    assert_eq!(server.request("GET", chat, "", "").await.status, 401);
}
