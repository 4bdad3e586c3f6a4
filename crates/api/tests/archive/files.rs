use serde_json::{Value, json};

use crate::server::{Answer, Server, lay};

async fn server() -> Server {
    Server::with(|config, _| {
        lay(&config.store.folder, "s", 1_700_000_000_000);
        lay(&config.store.folder, "other", 1);
        std::fs::write(config.store.folder.join("s.jpg"), b"\xff\xd8jpeg").unwrap();
    })
    .await
}

async fn fetch(server: &Server, path: &str, headers: &str) -> Answer {
    let headers = format!("Authorization: Bearer the token of these tests\r\n{headers}");
    server.request("GET", path, &headers, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_whole_in_parts_or_not_again() {
    let server = server().await;
    let path = "/client/records/s.webm";
    let whole = fetch(&server, path, "").await;
    let bytes = std::fs::read(server.records().join("s.webm")).unwrap();
    assert_eq!((whole.status, &whole.body), (200, &bytes));
    assert_eq!(whole.header("content-type"), Some("video/webm"));
    assert_eq!(whole.header("content-disposition"), Some("inline"));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let tag = whole.header("etag").unwrap();
    let part = fetch(&server, path, "Range: bytes=4-7\r\n").await;
    assert_eq!((part.status, part.body), (206, bytes[4..8].to_vec()));
    let fresh = format!("Range: bytes=4-7\r\nIf-Range: {tag}\r\n");
    assert_eq!(fetch(&server, path, &fresh).await.status, 206);
    let stale = "Range: bytes=4-7\r\nIf-Range: \"old\"\r\n";
    assert_eq!(fetch(&server, path, stale).await.body, bytes);
    let again = format!("If-None-Match: \"x\", {tag}\r\n");
    assert_eq!(fetch(&server, path, &again).await.status, 304);
    assert_eq!(
        fetch(&server, path, "Range: bytes=5000-\r\n").await.status,
        416
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_saved_has_a_name_for_people() {
    let server = server().await;
    let answer = fetch(&server, "/client/records/s.webm?download=1", "").await;
    let expected = "attachment; filename=\"s.webm\"; filename*=UTF-8''%D0%A1%D0%BE%D0%B2%D0%B5%D1%82%20.%201%20Ann%202023-11-14%2022.13.webm";
    assert_eq!(answer.header("content-disposition"), Some(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_leads_out_of_the_catalogue() {
    let server = server().await;
    std::fs::write(server.folder.path().join("records/x.mp4"), "x").unwrap();
    for name in [
        "..%2fadmin-token",
        "..%2flink-key",
        "%2fetc%2fpasswd",
        "s.json",
        "s.jpg",
        "s.state",
        "archive.db",
        "x.mp4",
        "%00",
        "s.webm%00",
    ] {
        let answer = fetch(&server, &format!("/client/records/{name}"), "").await;
        assert_eq!(answer.status, 404, "{name}");
    }
}

async fn link(server: &Server, seconds: u64) -> String {
    let wanted = json!({"expiresInSeconds": seconds});
    let answer = server
        .ask("POST", "/rest-api/recordings/s/link", Some(wanted))
        .await;
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    let (path, query) = url.split_once('?').unwrap();
    assert_eq!(path, "/recordings/s");
    query.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_one_recording_with_all_its_files_and_nothing_else() {
    let server = server().await;
    let query = link(&server, 60).await;
    let seen = server
        .request("GET", &format!("/rest-api/recordings/s?{query}"), "", "")
        .await;
    assert_eq!(seen.status, 200);
    let seen: Value = seen.json();
    for url in [&seen["play"], &seen["thumbnail"], &seen["files"][0]["url"]] {
        let answer = server.request("GET", url.as_str().unwrap(), "", "").await;
        assert_eq!(answer.status, 200, "{url}");
    }
    for path in [
        "/rest-api/recordings/other",
        "/rest-api/recordings/other/thumbnail",
        "/client/records/other.webm",
        "/client/records/nothing.webm",
    ] {
        let answer = server
            .request("GET", &format!("{path}?{query}"), "", "")
            .await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (403, &json!("link_invalid")),
            "{path}"
        );
    }
    for (method, path) in [
        ("GET", "/rest-api/recordings"),
        ("DELETE", "/rest-api/recordings/s"),
        ("POST", "/rest-api/recordings/s/link"),
    ] {
        let answer = server
            .request(method, &format!("{path}?{query}"), "", "")
            .await;
        assert_eq!(answer.status, 401, "{path}");
    }
    let forged = query.replace("expires=", "expires=9");
    let answer = server
        .request("GET", &format!("/rest-api/recordings/s?{forged}"), "", "")
        .await;
    assert_eq!(answer.status, 403);
    // What was deleted is not shown to whoever has a link.
    server.ask("DELETE", "/rest-api/recordings/s", None).await;
    for path in [
        "/rest-api/recordings/s",
        "/rest-api/recordings/s/thumbnail",
        "/client/records/s.webm",
    ] {
        let answer = server
            .request("GET", &format!("{path}?{query}"), "", "")
            .await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_has_expired_says_so() {
    let server = server().await;
    let query = link(&server, 1).await;
    let path = format!("/rest-api/recordings/s?{query}");
    let answer = loop {
        let answer = server.request("GET", &path, "", "").await;
        if answer.status != 200 {
            break answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (403, &json!("link_expired"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_does_not_open_what_has_the_name_afterwards() {
    let before = server().await;
    let query = link(&before, 60).await;
    let path = format!("/rest-api/recordings/s?{query}");
    assert_eq!(before.request("GET", &path, "", "").await.status, 200);
    let key = std::fs::read(before.folder.path().join("link-key")).unwrap();
    let server = Server::with(|config, place| {
        std::fs::write(place.join("link-key"), key).unwrap();
        lay(&config.store.folder, "s", 1_700_000_500_000);
        std::fs::write(config.store.folder.join("s.jpg"), b"\xff\xd8jpeg").unwrap();
    })
    .await;
    for path in [
        "/rest-api/recordings/s",
        "/rest-api/recordings/s/thumbnail",
        "/client/records/s.webm",
    ] {
        let answer = server
            .request("GET", &format!("{path}?{query}"), "", "")
            .await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (403, &json!("link_invalid")),
            "{path}"
        );
    }
}
