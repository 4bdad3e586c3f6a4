//! What lies in the bucket.

use std::fs;
use std::sync::atomic::Ordering;

use veche_archive::UploadState;
use veche_record::store::kind;

use crate::moto::Moto;
use crate::proxy::{Deed, Proxy};
use crate::world::{MIB, World, config, content, eventually, of_room, stream, uploaded};

#[tokio::test(flavor = "multi_thread")]
async fn small_and_large_files_arrive_byte_for_byte_with_their_types() {
    let (world, moto) = (World::new(), Moto::start());
    let sizes = [
        ("small", 70_000),
        ("exact", 6 * MIB),
        ("large", 17 * MIB + 3),
    ];
    for (name, bytes) in sizes {
        world.stream(name, bytes);
    }
    let archive = world.open(config(&moto.endpoint()));
    for (name, bytes) in sizes {
        let found = uploaded(&archive, name).await;
        let file = format!("{name}.webm");
        let key = format!("meetings/{file}");
        assert_eq!(found.files[0].uploaded, Some(format!("s3://calls/{key}")));
        let upload = found.upload.unwrap();
        assert_eq!((upload.progress, upload.error), (1.0, None));
        let (arrived, mime) = moto.object(&key).unwrap();
        assert!(arrived == content(&file, bytes), "{name}");
        assert_eq!(mime, "video/webm");
        // Nothing was asked to be deleted.
        assert!(world.path(&file).exists());
    }
    eventually("manifests", || moto.keys().len() == 6).await;
    let (manifest, mime) = moto.object("meetings/large.json").unwrap();
    assert_eq!(manifest, fs::read(world.path("large.json")).unwrap());
    assert_eq!(mime, "application/json");
    assert_eq!(moto.open_uploads(), [""; 0]);
    eventually("counters", || {
        archive.counters().uploaded.load(Ordering::Relaxed) == 6
    })
    .await;
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_goes_as_a_whole_and_its_manifests_come_last() {
    let (world, moto) = (World::new(), Moto::start());
    let proxy = Proxy::start(moto.address, |_| Deed::Pass);
    let archive = world.open(config(&proxy.endpoint()));
    let journal = world.journal("room-1");
    for name in ["ann", "bob"] {
        let manifest = of_room(stream(name, 1_000), "room-1", kind::STREAM);
        world.lay(&manifest);
        archive.put(&manifest);
    }
    archive.room_ended(&journal);
    let mut whole = of_room(stream("room-1", 3_000), "room-1", kind::ROOM);
    whole.container = "mkv".to_owned();
    whole.file = "room-1.mkv".to_owned();
    world.lay(&whole);
    archive.room_finished(&journal, &whole);
    uploaded(&archive, "room-1").await;
    eventually("all files", || moto.keys().len() == 7).await;
    let sent: Vec<String> = proxy
        .seen()
        .iter()
        .filter(|seen| seen.method == "PUT")
        .map(|seen| seen.path.replace("/calls/meetings/", ""))
        .collect();
    let expected = [
        "room-1.mkv",
        "ann.webm",
        "bob.webm",
        "room-1.room.jsonl",
        "ann.json",
        "bob.json",
        "room-1.json",
    ];
    assert_eq!(sent, expected, "and none before the room's file was made");
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_all_kinds_are_keys_as_they_are() {
    let (world, moto) = (World::new(), Moto::start());
    let names = [
        "stream-m1-=d0=90 Ann & Bob+100%",
        "a#b?c;d'e(f)!~@$,",
        "Совет №5 🎥",
        "%2e%2e%2fx",
    ];
    for name in names {
        world.stream(name, 500);
    }
    // Written by somebody else: it leads out of the folder.
    fs::write(world.0.path().join("secret.webm"), "secret").unwrap();
    let mut hostile = stream("hostile", 6);
    hostile.file = "../secret.webm".to_owned();
    hostile.write(&world.path("hostile.json")).unwrap();
    let archive = world.open(config(&moto.endpoint()));
    for name in names {
        uploaded(&archive, name).await;
        let (arrived, _) = moto.object(&format!("meetings/{name}.webm")).unwrap();
        assert!(arrived == content(&format!("{name}.webm"), 500), "{name}");
    }
    eventually("manifests", || moto.keys().len() >= 8).await;
    let keys = moto.keys();
    assert!(!keys.iter().any(|key| key.contains("secret")), "{keys:?}");
    archive.close().await;
    assert!(world.0.path().join("secret.webm").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_outlives_the_database() {
    let (world, moto) = (World::new(), Moto::start());
    let proxy = Proxy::start(moto.address, |_| Deed::Pass);
    world.stream("a", 7 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    uploaded(&archive, "a").await;
    eventually("the manifest", || moto.keys().len() == 2).await;
    archive.close().await;
    let before = proxy.seen().len();
    fs::remove_file(world.0.path().join("archive.db")).unwrap();
    let archive = world.open(config(&proxy.endpoint()));
    let found = archive.get("a").unwrap();
    assert_eq!(found.upload.unwrap().state, UploadState::Uploaded);
    assert_eq!(
        found.files[0].uploaded.as_deref(),
        Some("s3://calls/meetings/a.webm")
    );
    // Another one goes up, and nothing of the first does again.
    let other = world.stream("b", 10);
    archive.put(&other);
    uploaded(&archive, "b").await;
    let seen = proxy.seen();
    let again = seen[before..]
        .iter()
        .find(|seen| seen.path.contains("a.webm"));
    assert_eq!(again, None);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_is_made_again_replaces_its_copy() {
    let (world, moto) = (World::new(), Moto::start());
    world.journal("room-1");
    let mut whole = of_room(stream("room-1", 3_000), "room-1", kind::ROOM);
    (whole.container, whole.file) = ("mkv".to_owned(), "room-1.mkv".to_owned());
    world.lay(&whole);
    let mut film = of_room(stream("room-1.film", 2_000), "room-1", kind::FILM);
    (film.container, film.file) = ("mp4".to_owned(), "room-1.film.mp4".to_owned());
    world.lay(&film);
    let archive = world.open(config(&moto.endpoint()));
    uploaded(&archive, "room-1").await;
    eventually("all files", || moto.keys().len() == 5).await;
    film.bytes = 2_500;
    world.lay(&film);
    archive.put(&film);
    let expected = content("room-1.film.mp4", 2_500);
    eventually("the new film", || {
        let found = moto.object("meetings/room-1.film.mp4");
        found.is_some_and(|(bytes, mime)| bytes == expected && mime == "video/mp4")
    })
    .await;
    eventually("its manifest", || {
        let found = moto.object("meetings/room-1.film.json");
        found.is_some_and(|(bytes, _)| bytes == fs::read(world.path("room-1.film.json")).unwrap())
    })
    .await;
    archive.close().await;
}
