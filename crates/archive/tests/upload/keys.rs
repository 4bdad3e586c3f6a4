//! Credentials and buckets that are wrong.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::json;
use veche_archive::upload::{self, Credentials};

use crate::moto::{Key, Moto};
use crate::world::{MIB, World, config, content, eventually, fails, uploaded};

fn with(endpoint: &str, id: &str, secret: &str) -> upload::Config {
    let keys = Credentials::Keys {
        id: id.to_owned(),
        secret: secret.to_owned(),
        token: None,
    };
    upload::Config {
        credentials: keys,
        ..config(endpoint)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_is_taken_and_what_is_signed_wrongly_is_not() {
    let (moto, Key { id, secret }) = Moto::strict();
    let at = moto.endpoint();
    let world = World::new();
    world.stream("a=b c", 1_000);
    world.stream("large", 11 * MIB);
    for (config, expected) in [
        (
            with(&at, "AKIANOBODY", &secret),
            "record_upload_access_key_id",
        ),
        (with(&at, &id, "wrong"), "record_upload_secret_access_key"),
    ] {
        let told = upload::check(&config).await.unwrap_err();
        assert!(told.contains(expected), "{told}");
        let archive = world.open(config);
        let found = fails(&archive, "large", expected).await;
        let shown = format!("{found:?}");
        assert!(
            !shown.contains(&secret) && !shown.contains("wrong\""),
            "{shown}"
        );
        archive.close().await;
    }
    let right = with(&at, &id, &secret);
    assert!(!format!("{right:?}").contains(&secret));
    upload::check(&right).await.unwrap();
    let archive = world.open(right);
    for name in ["a=b c", "large"] {
        uploaded(&archive, name).await;
    }
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_told_until_it_is() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", 1_000);
    let mut config = config(&moto.endpoint());
    config.place = "s3://nowhere/x".parse().unwrap();
    let told = upload::check(&config).await.unwrap_err();
    assert!(told.contains("there is no bucket nowhere"), "{told}");
    let archive = world.open(config.clone());
    fails(&archive, "a", "there is no bucket nowhere").await;
    assert_eq!(moto.ask("PUT", "/nowhere", b"").status, 200);
    uploaded(&archive, "a").await;
    let answer = moto.ask("GET", "/nowhere/x/a.webm", b"");
    assert!(answer.body == content("a.webm", 1_000));
    upload::check(&config).await.unwrap();
    archive.close().await;
    eventually("nothing is left of the checks", || {
        let listed = moto.ask("GET", "/nowhere?list-type=2", b"");
        !String::from_utf8_lossy(&listed.body).contains("veche-check")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_nobody_reaches_is_told() {
    let address = crate::moto::free_address();
    let told = upload::check(&config(&format!("http://{address}"))).await;
    let told = told.unwrap_err();
    assert!(told.contains("cannot be reached"), "{told}");
    assert!(told.contains("refused"), "{told}");
}

/// A role, as containers of Amazon's have one: another service gives credentials.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_gives_credentials_and_is_told_from_the_storage_when_it_does_not() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", 1_000);
    let roles = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}/role", roles.local_addr().unwrap());
    let token = world.0.path().join("token");
    std::fs::write(&token, "who I am").unwrap();
    let with = |at: &str| {
        let variables = [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", at),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                token.to_str().unwrap(),
            ),
        ];
        upload::Config {
            credentials: Credentials::Role(variables.map(|(k, v)| (k.into(), v.into())).into()),
            ..config(&moto.endpoint())
        }
    };
    let nobody = format!("http://{}/role", crate::moto::free_address());
    let told = upload::check(&with(&nobody)).await.unwrap_err();
    assert!(told.contains("no credentials: set record_upload"), "{told}");
    let served = std::thread::spawn(move || {
        let (mut stream, _) = roles.accept().unwrap();
        let mut asked = [0; 4096];
        let read = stream.read(&mut asked).unwrap();
        let body = format!(
            "{}",
            json!({"AccessKeyId": "r", "SecretAccessKey": "s", "Token": "t",
                "Expiration": "2099-01-01T00:00:00Z"})
        );
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all((head + &body).as_bytes()).unwrap();
        String::from_utf8_lossy(&asked[..read]).into_owned()
    });
    let archive = world.open(with(&at));
    uploaded(&archive, "a").await;
    archive.close().await;
    // Asked once for all files.
    let asked = served.join().unwrap().to_lowercase();
    assert!(asked.starts_with("get /role") && asked.contains("authorization: who i am"));
}
