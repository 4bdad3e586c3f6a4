//! A meeting is recorded, goes to an S3 server and is watched from there.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use veche_record::store::Manifest;

use crate::files::{is_settled, manifests, meeting};
use crate::moto::{self, BUCKET, Moto, free_address};
use crate::veche::{Veche, until};

const PEOPLE: usize = 2;

struct Operator {
    token: String,
}

impl Operator {
    fn of(veche: &Veche) -> Self {
        let token = fs::read_to_string(veche.directory.path().join("data/admin-token"));
        Self {
            token: token.unwrap().trim().to_owned(),
        }
    }

    fn ask(&self, veche: &Veche, method: &str, path: &str) -> moto::Answer {
        let headers = [("Authorization", format!("Bearer {}", self.token))];
        moto::http(veche.http(), method, path, &headers, b"")
    }

    fn rooms(&self, veche: &Veche) -> Vec<Value> {
        let answer = self.ask(veche, "GET", "/rest-api/recordings");
        let page: Value = serde_json::from_slice(&answer.body).unwrap();
        page["recordings"].as_array().unwrap().clone()
    }
}

fn arguments(endpoint: &str) -> Vec<String> {
    let settings = [
        ("video_codecs", "VP8"),
        ("record_upload_url", "s3://calls/meetings"),
        ("record_upload_endpoint", endpoint),
        ("record_upload_access_key_id", "veche"),
        ("record_upload_secret_access_key", "never-written-anywhere"),
        ("record_upload_delete_local", "true"),
        ("record_trash_days", "0"),
    ];
    let settings = settings.map(|(key, value)| format!("--set={key}={value}"));
    [vec!["--no-https".to_owned()], settings.to_vec()].concat()
}

fn start(veche: Option<Veche>, endpoint: &str) -> Veche {
    let arguments = arguments(endpoint);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match veche {
        Some(mut veche) => {
            veche.kill();
            veche.start_again(&arguments);
            veche
        }
        None => Veche::start(&arguments),
    }
}

/// Every stream, the room and its film.
fn finished(veche: &Veche) -> Option<Vec<Manifest>> {
    let all = manifests(&veche.directory.path().join("data/records"));
    let whole = all.iter().filter(|m| is_settled(m)).count();
    (whole == PEOPLE + 2).then_some(all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_meeting_is_watched_from_the_bucket() {
    let moto = Moto::start();
    // At first nobody is there.
    let veche = start(None, &format!("http://{}", free_address()));
    let people = meeting(veche.http(), "r", "u-", PEOPLE).await;
    let sending = people.into_iter().map(|(client, mut live)| {
        tokio::spawn(async move {
            live.send(2.0).await;
            drop((client, live));
        })
    });
    for person in sending.collect::<Vec<_>>() {
        person.await.unwrap();
    }
    let operator = Operator::of(&veche);
    let id = operator.rooms(&veche)[0]["id"].as_str().unwrap().to_owned();
    let stop = [("Authorization", format!("Bearer {}", operator.token))];
    let path = "/rest-api/room/stopRecording";
    moto::http(veche.http(), "POST", path, &stop, b"{\"name\":\"r\"}");
    let manifests = until("all files and the film", || finished(&veche));
    let records = veche.directory.path().join("data/records");
    let files: BTreeMap<String, Vec<u8>> = manifests
        .iter()
        .map(|m| (m.file.clone(), fs::read(records.join(&m.file)).unwrap()))
        .collect();
    let shown = until("it is told that nobody is there", || {
        let found = operator.rooms(&veche).remove(0);
        (found["upload"]["state"] == "failed").then_some(found)
    });
    let why = shown["upload"]["error"].as_str().unwrap();
    assert!(why.contains("cannot be reached"), "{why}");

    // Killed, and started with the right address.
    let veche = start(Some(veche), &moto.endpoint());
    until("everything is in the bucket alone", || {
        let found = operator.rooms(&veche).remove(0);
        let away = files.keys().all(|name| !records.join(name).exists());
        (found["upload"]["state"] == "uploaded" && away).then_some(())
    });
    let prefix = format!("/{BUCKET}/meetings/");
    for (name, bytes) in &files {
        let path = format!("/client/records/{name}");
        let answer = until("the catalogue knows", || {
            Some(operator.ask(&veche, "GET", &path)).filter(|answer| answer.status != 404)
        });
        assert_eq!(answer.status, 302, "{name}");
        let address = answer.headers["location"].clone();
        let path = address.strip_prefix(&moto.endpoint()).unwrap();
        assert!(path.starts_with(&prefix), "{path}");
        let got = moto::http(moto.address, "GET", path, &[], b"");
        assert!(got.status == 200 && got.body == *bytes, "{name}");
    }
    // The journal and a manifest for each.
    assert_eq!(moto.keys().len(), 2 * files.len() + 1);
    let page = moto::http(veche.http(), "GET", "/recordings", &[], b"");
    let policy = &page.headers["content-security-policy"];
    assert!(policy.contains(&format!("mediastream: {};", moto.endpoint())));

    let path = format!("/rest-api/recordings/{id}/forever");
    assert_eq!(operator.ask(&veche, "DELETE", &path).status, 204);
    until("the bucket is empty", || {
        moto.keys().is_empty().then_some(())
    });
    // It is said after the last of them went.
    let log = until("it is in the log", || {
        let log = veche.log();
        log.contains("copies are deleted").then_some(log)
    });
    assert!(log.contains("cannot be reached"), "{log}");
    assert!(!log.contains("never-written-anywhere"));
}
