//! What lies in a folder of recordings.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use veche_media::VideoCodec;
use veche_record::store::{Manifest, State};

use crate::publisher::Publisher;
use crate::support::Client;

/// Seconds of a stream that may be lost.
pub const LOST: f64 = 1.0;

/// How late threads may come on a machine that builds something meanwhile.
pub const LATE: f64 = 0.5;

pub fn manifests(folder: &Path) -> Vec<Manifest> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        // One that is being made is empty.
        .filter_map(|path| Manifest::read(&path).ok())
        .collect()
}

/// Nothing is left to be done about it.
pub fn is_settled(manifest: &Manifest) -> bool {
    !matches!(manifest.state, State::Recording | State::Closed)
}

/// Every picture and all sound is decoded, and nothing is complained of.
pub fn plays(path: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(path)
        .args(["-map", "0:v?", "-map", "0:a?", "-fps_mode", "passthrough"])
        // At their own times: pictures may be closer than an average.
        .args(["-enc_time_base:v", "-1", "-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    let name = path.display();
    assert!(output.status.success() && said.is_empty(), "{name}: {said}");
}

/// So many people in a room; the first wants it recorded.
pub async fn meeting(
    address: SocketAddr,
    room: &str,
    prefix: &str,
    people: usize,
) -> Vec<(Client, Publisher)> {
    let mut all = Vec::new();
    for n in 0..people {
        let mut client = Client::connect(address, "/").await;
        let login = format!("p{n}");
        let custom = json!({"login": login, "veche": {"protocol": 1}});
        client.hello(custom).await;
        let join = json!({"name": room, "record": true});
        assert_eq!(client.command("join", join).await["status"], "ACCEPTED");
        assert_eq!(client.room_event("RECORDING").await["on"], true);
        let (id, name) = (format!("{prefix}m{n}"), format!("{prefix}s{n}"));
        let codec = VideoCodec::Vp8;
        let live = Publisher::publish_in(&mut client, &id, room, &name, codec, true).await;
        all.push((client, live));
    }
    all
}
