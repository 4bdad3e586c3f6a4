//! Credentials and buckets that are wrong.

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
