use serde_json::{Value, json};
use veche_archive::mix;

use crate::server::{Server, lay, lay_room};

fn ids(page: &Value) -> Vec<&str> {
    let all = page["recordings"].as_array().unwrap().iter();
    all.map(|r| r["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_listed_found_and_paged() {
    let server = Server::with(|config, _| {
        for n in 0..3 {
            lay(
                &config.store.folder,
                &format!("s{n}"),
                1_700_000_000_000 + n,
            );
        }
        lay_room(&config.store.folder, "room-1", &["Алёна", "Bob"]);
    })
    .await;
    let all = server.get("/rest-api/recordings").await;
    assert_eq!((&all["total"], &all["bytes"]), (&json!(4), &json!(4_000)));
    assert_eq!(all["next"], Value::Null);
    assert_eq!(ids(&all), ["s2", "s1", "s0", "room-1"]);
    let first = server.get("/rest-api/recordings?limit=3").await;
    let next = first["next"].as_str().unwrap();
    let second = server
        .get(&format!("/rest-api/recordings?limit=3&after={next}"))
        .await;
    assert_eq!(
        (ids(&second), &second["total"]),
        (vec!["room-1"], &json!(4))
    );
    // "АЛЕНА"
    let found = server
        .get("/rest-api/recordings?search=%D0%90%D0%9B%D0%95%D0%9D%D0%90")
        .await;
    assert_eq!(ids(&found), ["room-1"]);
    let found = server
        .get("/rest-api/recordings?search=S1-CAM&state=ready")
        .await;
    assert_eq!(ids(&found), ["s1"]);
    let found = server.get("/rest-api/recordings?state=broken").await;
    assert_eq!(found["total"], 0);

    let room = server.get("/rest-api/recordings/room-1").await;
    assert_eq!(room["kind"], "room");
    assert_eq!(room["people"], json!(["Алёна", "Bob"]));
    assert_eq!(room["startedAt"], "2023-11-14T22:13:20Z");
    assert_eq!(room["files"][0]["mime"], "audio/x-matroska");
    assert_eq!(room["play"], Value::Null);
    let stream = server.get("/rest-api/recordings/s1").await;
    assert_eq!(stream["play"], "/client/records/s1.webm");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_said_and_nothing_happens() {
    let server = Server::with(|config, _| lay(&config.store.folder, "s", 1)).await;
    for path in [
        "/rest-api/recordings?limit=0",
        "/rest-api/recordings?limit=201",
        "/rest-api/recordings?limit=many",
        "/rest-api/recordings?state=lost",
        "/rest-api/recordings?trash=perhaps",
        "/rest-api/recordings?after=???",
    ] {
        let answer = server.ask("GET", path, None).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("bad_request")),
            "{path}"
        );
    }
    for body in [
        "{",
        "[]",
        "{\"expiresInSeconds\":0}",
        "{\"expiresInSeconds\":-1}",
    ] {
        let headers = "Authorization: Bearer the token of these tests\r\n";
        let path = "/rest-api/recordings/s/link";
        let answer = server.request("POST", path, headers, body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    for (method, path) in [
        ("GET", "/rest-api/recordings/..%2f..%2fetc"),
        ("DELETE", "/rest-api/recordings/nothing"),
        ("POST", "/rest-api/recordings/nothing/mix"),
    ] {
        let answer = server.ask(method, path, None).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (404, &json!("recording_not_found"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_recording_can_be_had_back_until_it_is_gone() {
    let server = Server::with(|config, _| lay(&config.store.folder, "s", 1)).await;
    let path = "/rest-api/recordings/s";
    let restored = server.ask("POST", &format!("{path}/restore"), None).await;
    assert_eq!(
        (restored.status, &restored.json()["code"]),
        (409, &json!("not_in_trash"))
    );

    let deleted = server.ask("DELETE", path, None).await;
    assert_eq!(deleted.status, 200);
    assert!(deleted.json()["deletedUntil"].is_string());
    let list = server.get("/rest-api/recordings").await;
    assert_eq!((&list["total"], &list["trash"]), (&json!(0), &json!(true)));
    let trash = server.get("/rest-api/recordings?trash=true").await;
    assert_eq!(ids(&trash), ["s"]);
    assert!(server.records().join("s.webm").exists());

    let restored = server.ask("POST", &format!("{path}/restore"), None).await;
    assert_eq!(
        (restored.status, &restored.json()["deletedUntil"]),
        (200, &Value::Null)
    );
    assert_eq!(server.get("/rest-api/recordings").await["total"], 1);

    let gone = server.ask("DELETE", &format!("{path}/forever"), None).await;
    assert_eq!(gone.status, 204);
    assert_eq!(server.ask("GET", path, None).await.status, 404);
    assert_eq!(std::fs::read_dir(server.records()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trash_it_is_gone_at_once() {
    let server = Server::with(|config, _| {
        config.archive.trash = std::time::Duration::ZERO;
        lay(&config.store.folder, "s", 1);
    })
    .await;
    let list = server.get("/rest-api/recordings").await;
    assert_eq!(list["trash"], false);
    assert_eq!(
        server
            .ask("DELETE", "/rest-api/recordings/s", None)
            .await
            .status,
        200
    );
    assert!(!server.records().join("s.webm").exists());
    assert_eq!(
        server
            .ask("GET", "/rest-api/recordings/s", None)
            .await
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_of_what_a_film_can_be_asked_for() {
    let server = Server::with(|config, place| {
        // A mixer that takes its time.
        let mut films = mix::Config::new("/bin/sleep".into(), place.join("offline_mixer.json"));
        films.command = ["/bin/sh", "-c", "exec sleep 1000"].map(Into::into).into();
        films.automatic = false;
        config.archive.mix = Some(films);
        lay(&config.store.folder, "stream", 1);
        lay_room(&config.store.folder, "room", &["Ann"]);
    })
    .await;
    let list = server.get("/rest-api/recordings").await;
    let can = list["recordings"].as_array().unwrap().iter();
    let can: Vec<_> = can.map(|one| (&one["id"], &one["canMix"])).collect();
    let expected = [("room", true), ("stream", false)];
    assert_eq!(json!(can), json!(expected));
    let path = "/rest-api/recordings/room";
    let link = server.ask("POST", &format!("{path}/link"), None).await;
    let link = link.json()["url"].as_str().unwrap().to_owned();
    let seen = server
        .request("GET", &format!("/rest-api{link}"), "", "")
        .await;
    assert_eq!(seen.json()["canMix"], false);

    let asked = server.ask("POST", &format!("{path}/mix"), None).await;
    assert_eq!(
        (asked.status, &asked.json()["canMix"]),
        (200, &json!(false))
    );
    let again = server.ask("POST", &format!("{path}/mix"), None).await;
    assert_eq!(again.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_mixer_no_film_can_be_asked_for() {
    let server = Server::with(|config, _| {
        config.archive.mix = None;
        lay_room(&config.store.folder, "room", &["Ann"]);
    })
    .await;
    let room = server.get("/rest-api/recordings/room").await;
    assert_eq!(room["canMix"], false);
}
