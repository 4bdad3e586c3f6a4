use serde_json::json;

use crate::server::{Server, TOKEN, lay};

async fn log_in(server: &Server) -> String {
    let body = json!({"token": TOKEN}).to_string();
    let headers = "Content-Type: application/json\r\n";
    let answer = server
        .request("POST", "/rest-api/session", headers, &body)
        .await;
    assert_eq!(answer.status, 204);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let value = cookie.split(';').next().unwrap();
    format!("Cookie: other=1; {value}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_the_token() {
    let server = Server::with(|config, _| lay(&config.store.folder, "s", 1)).await;
    let forged = "Cookie: veche_session=99999999999.AAAA\r\n";
    for headers in [
        "",
        "Authorization: Bearer \r\n",
        "Authorization: Basic x\r\n",
        forged,
    ] {
        for (method, path) in [
            ("GET", "/rest-api/recordings"),
            ("GET", "/rest-api/recordings/s"),
            ("GET", "/rest-api/recordings/s/thumbnail"),
            ("DELETE", "/rest-api/recordings/s"),
            ("DELETE", "/rest-api/recordings/s/forever"),
            ("POST", "/rest-api/recordings/s/link"),
            ("POST", "/rest-api/recordings/s/mix"),
            ("POST", "/rest-api/stream/startRecording"),
            ("GET", "/client/records/s.webm"),
            ("GET", "/rest-api/session"),
        ] {
            let answer = server.request(method, path, headers, "").await;
            assert_eq!(answer.status, 401, "{method} {path} {headers}");
            assert_eq!(answer.json()["code"], "unauthorized");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_sees_and_does_what_the_token_does() {
    let server = Server::with(|config, _| lay(&config.store.folder, "s", 1)).await;
    let cookie = log_in(&server).await;
    let looked = server
        .request("GET", "/rest-api/session", &cookie, "")
        .await;
    assert_eq!(looked.status, 200);
    let list = server
        .request("GET", "/rest-api/recordings", &cookie, "")
        .await;
    assert_eq!(list.json()["total"], 1);
    let file = server
        .request("GET", "/client/records/s.webm", &cookie, "")
        .await;
    assert_eq!(file.status, 200);
    let deleted = server
        .request("DELETE", "/rest-api/recordings/s", &cookie, "")
        .await;
    assert_eq!(deleted.status, 200);
    let out = server
        .request("DELETE", "/rest-api/session", &cookie, "")
        .await;
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_changes_nothing_with_the_cookie() {
    let server = Server::with(|config, _| lay(&config.store.folder, "s", 1)).await;
    let cookie = log_in(&server).await;
    let link = "/rest-api/recordings/s/link";
    for headers in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/json\r\nSec-Fetch-Site: cross-site\r\n",
    ] {
        let answer = server
            .request("POST", link, &format!("{cookie}{headers}"), "")
            .await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (403, &json!("cross_site")),
            "{headers}"
        );
    }
    for headers in [
        "Content-Type: application/json\r\n",
        "Sec-Fetch-Site: same-origin\r\n",
    ] {
        let answer = server
            .request("POST", link, &format!("{cookie}{headers}"), "")
            .await;
        assert_eq!(answer.status, 200, "{headers}");
    }
    let headers = format!("{cookie}Sec-Fetch-Site: cross-site\r\n");
    let answer = server
        .request("DELETE", "/rest-api/recordings/s", &headers, "")
        .await;
    assert_eq!(answer.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_tokens_has_to_wait() {
    let server = Server::start().await;
    let json = "Content-Type: application/json\r\n";
    let body = json!({"token": "wrong"}).to_string();
    for _ in 0..20 {
        let answer = server
            .request("POST", "/rest-api/session", json, &body)
            .await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (401, &json!("wrong_token"))
        );
    }
    let answer = server
        .request("POST", "/rest-api/session", json, &body)
        .await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
    let no_json = server.request("POST", "/rest-api/session", "", &body).await;
    assert_eq!(no_json.status, 415);
}
