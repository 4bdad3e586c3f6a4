//! Files that lie in the bucket alone.

use std::time::Duration;

use serde_json::{Value, json};
use veche_archive::upload::{self, Credentials, Pauses};

use crate::moto::{self, Moto};
use crate::server::{Answer, Server, TOKEN, lay};

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

fn config(moto: &Moto) -> upload::Config {
    let keys = Credentials::Keys {
        id: "veche".to_owned(),
        secret: "never told".to_owned(),
        token: None,
    };
    upload::Config {
        endpoint: Some(moto.endpoint().parse().unwrap()),
        delete_local: true,
        pauses: Pauses {
            first: Duration::from_millis(20),
            longest: Duration::from_millis(200),
        },
        ..upload::Config::new("s3://calls/meetings".parse().unwrap(), keys)
    }
}

async fn server(moto: &Moto, change: impl FnOnce(&mut upload::Config)) -> Server {
    let mut upload = config(moto);
    change(&mut upload);
    Server::with(|config, _| {
        lay(&config.store.folder, "s", 1_700_000_000_000);
        lay(&config.store.folder, "other", 1);
        config.archive.upload = Some(upload);
    })
    .await
}

async fn until(server: &Server, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let seen = server.get(path).await;
            if holds(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(path)
}

/// Until both files are in the bucket and nowhere else.
async fn away(server: &Server) {
    for id in ["s", "other"] {
        let path = format!("/rest-api/recordings/{id}");
        until(server, &path, |seen| seen["upload"]["state"] == "uploaded").await;
        let file = server.records().join(format!("{id}.webm"));
        let gone = async {
            while file.exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect(id);
    }
    // The catalogue hears of it just after.
    let wait = async {
        while fetch(server, "GET", "/client/records/s.webm", "")
            .await
            .status
            == 404
        {}
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}

async fn fetch(server: &Server, method: &str, path: &str, headers: &str) -> Answer {
    let headers = format!("Authorization: Bearer {TOKEN}\r\n{headers}");
    server.request(method, path, &headers, "").await
}

fn content() -> Vec<u8> {
    (0..1_000_u32).map(|n| n as u8).collect()
}

fn follow(moto: &Moto, answer: &Answer) -> moto::Answer {
    let address = answer.header("location").unwrap();
    let path = address.strip_prefix(&moto.endpoint()).expect("the storage");
    moto::http(moto.address, "GET", path, &[], b"")
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_are_sent_to_the_bucket_after_the_same_look_at_them() {
    let moto = Moto::start();
    let server = server(&moto, |_| {}).await;
    away(&server).await;
    let path = "/client/records/s.webm";
    let answer = fetch(&server, "GET", path, "").await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!answer.header("location").unwrap().contains("never"));
    let got = follow(&moto, &answer);
    assert!(got.status == 200 && got.body == content());
    assert_eq!(got.headers["content-type"], "video/webm");
    assert_eq!(got.headers["content-disposition"], "inline");
    let saved = fetch(&server, "GET", &format!("{path}?download=1"), "").await;
    let disposition = &follow(&moto, &saved).headers["content-disposition"];
    assert!(disposition.starts_with("attachment; filename=\"s.webm\"; filename*=UTF-8''%D0%A1"));
    assert_eq!(fetch(&server, "HEAD", path, "").await.status, 302);

    // Nobody else is told anything.
    for (path, status) in [
        (path.to_owned(), 401),
        (format!("{path}?expires=99999999999&signature=AAAA"), 403),
    ] {
        let answer = server.request("GET", &path, "", "").await;
        assert_eq!((answer.status, answer.header("location")), (status, None));
    }
    let link = server
        .ask("POST", "/rest-api/recordings/s/link", Some(json!({})))
        .await;
    let link = link.json()["url"].as_str().unwrap().to_owned();
    let (_, query) = link.split_once('?').unwrap();
    let answer = server
        .request("GET", &format!("{path}?{query}"), "", "")
        .await;
    assert_eq!(answer.status, 302);
    assert!(follow(&moto, &answer).body == content());
    let other = format!("/client/records/other.webm?{query}");
    assert_eq!(server.request("GET", &other, "", "").await.status, 403);
    // Nor who has a link, when it is in the trash.
    server.ask("DELETE", "/rest-api/recordings/s", None).await;
    let answer = server
        .request("GET", &format!("{path}?{query}"), "", "")
        .await;
    assert_eq!(answer.status, 404);
    assert_eq!(fetch(&server, "GET", path, "").await.status, 302);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_viewers_do_not_reach_the_bucket_files_come_through_us() {
    let moto = Moto::start();
    let server = server(&moto, |upload| upload.redirect = false).await;
    away(&server).await;
    let path = "/client/records/s.webm";
    let all = content();
    let whole = fetch(&server, "GET", path, "").await;
    assert!(whole.status == 200 && whole.body == all);
    for (header, value) in [
        ("content-type", "video/webm"),
        ("content-length", "1000"),
        ("accept-ranges", "bytes"),
        ("content-disposition", "inline"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(whole.header(header), Some(value));
    }
    let tag = whole.header("etag").unwrap();
    for (range, expected, shown) in [
        ("4-7", 4..8, "bytes 4-7/1000"),
        ("990-", 990..1_000, "bytes 990-999/1000"),
        ("-3", 997..1_000, "bytes 997-999/1000"),
    ] {
        let part = fetch(&server, "GET", path, &format!("Range: bytes={range}\r\n")).await;
        assert_eq!((part.status, &part.body[..]), (206, &all[expected]));
        assert_eq!(part.header("content-range"), Some(shown));
    }
    let behind = fetch(&server, "GET", path, "Range: bytes=1000-\r\n").await;
    assert_eq!(behind.status, 416);
    let stale = "Range: bytes=4-7\r\nIf-Range: \"old\"\r\n";
    assert!(fetch(&server, "GET", path, stale).await.body == all);
    let fresh = format!("Range: bytes=4-7\r\nIf-Range: {tag}\r\n");
    assert_eq!(fetch(&server, "GET", path, &fresh).await.status, 206);
    let again = format!("If-None-Match: {tag}\r\n");
    assert_eq!(fetch(&server, "GET", path, &again).await.status, 304);
    let head = fetch(&server, "HEAD", path, "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    drop(moto);
    let answer = fetch(&server, "GET", path, "").await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (503, &json!("storage_unavailable"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_how_far_it_is_and_operators_why_it_is_not() {
    let moto = Moto::start();
    let server = server(&moto, |upload| {
        upload.place = "s3://nowhere".parse().unwrap();
    })
    .await;
    let failed = |seen: &Value| seen["upload"]["state"] == "failed";
    let seen = until(&server, "/rest-api/recordings/s", failed).await;
    let why = seen["upload"]["error"].as_str().unwrap();
    assert!(why.contains("there is no bucket nowhere"), "{why}");
    assert!(seen["upload"]["retryAt"].is_string());
    assert_eq!(seen["files"][0]["uploaded"], Value::Null);
    let link = server
        .ask("POST", "/rest-api/recordings/s/link", Some(json!({})))
        .await;
    let link = link.json()["url"].as_str().unwrap().to_owned();
    let (_, query) = link.split_once('?').unwrap();
    let guest = server
        .request("GET", &format!("/rest-api/recordings/s?{query}"), "", "")
        .await;
    assert_eq!(guest.json()["upload"]["error"], Value::Null);
    assert_eq!(moto.ask("PUT", "/nowhere", b"").status, 200);
    away(&server).await;
    let guest = server
        .request("GET", &format!("/rest-api/recordings/s?{query}"), "", "")
        .await
        .json();
    assert_eq!(guest["upload"]["state"], "uploaded");
    assert_eq!(guest["files"][0]["uploaded"], Value::Null);
    let listed = server.get("/rest-api/recordings").await;
    let one = &listed["recordings"][0];
    assert_eq!(one["upload"]["state"], "uploaded");
    assert_eq!(one["files"][0]["uploaded"], "s3://nowhere/s.webm");
    let metrics = server.metrics().await;
    for line in ["veche_uploads_total 4", "veche_uploaded_bytes_total"] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}
