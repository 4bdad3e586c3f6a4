//! When files here are deleted because they have copies.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use veche_archive::upload::Config;
use veche_archive::{HOOK, HOOK_PENDING, UploadState, mix};
use veche_record::store::{self, Manifest, kind};

use crate::moto::Moto;
use crate::proxy::{Deed, Proxy};
use crate::world::{
    World, config, content, eventually, fails, is, of_room, stream, until, uploaded,
};

fn deleting(endpoint: &str) -> Config {
    Config {
        delete_local: true,
        ..config(endpoint)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_when_they_are_confirmed_and_the_recording_stays() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", 1_000);
    fs::write(world.path("a.jpg"), b"\xff\xd8picture").unwrap();
    let archive = world.open(deleting(&moto.endpoint()));
    let found = until(&archive, "a", |found| !found.files[0].local).await;
    assert_eq!(found.upload.unwrap().state, UploadState::Uploaded);
    assert!(!world.path("a.webm").exists());
    assert!(world.path("a.json").exists() && world.path("a.jpg").exists());
    assert_eq!(found.bytes, 1_000);
    archive.close().await;
    // Still known after the database is lost, and never looked for here.
    fs::remove_file(world.0.path().join("archive.db")).unwrap();
    let archive = world.open(deleting(&moto.endpoint()));
    let found = archive.get("a").unwrap();
    assert!(found.state.is_whole() && !found.files[0].local && found.play().is_some());
    assert_eq!(archive.counters().uploads_failed.load(Ordering::Relaxed), 0);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_tells_another_size_is_not_believed() {
    let (world, moto) = (World::new(), Moto::start());
    let proxy = Proxy::start(moto.address, |seen| match seen.method.as_str() {
        "HEAD" => Deed::Lie(999),
        _ => Deed::Pass,
    });
    world.stream("a", 1_000);
    let archive = world.open(deleting(&proxy.endpoint()));
    let found = fails(&archive, "a", "999 bytes of 1000").await;
    assert_eq!(found.files[0].uploaded, None);
    let failed = || archive.counters().uploads_failed.load(Ordering::Relaxed);
    eventually("another attempt", || failed() >= 2).await;
    assert!(fs::read(world.path("a.webm")).unwrap() == content("a.webm", 1_000));
    proxy.rule(|_| Deed::Pass);
    until(&archive, "a", |found| !found.files[0].local).await;
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_reads_stays_until_it_has_ended() {
    let (world, moto) = (World::new(), Moto::start());
    let manifest = world.stream("a", 1_000);
    let archive = world.open(deleting(&moto.endpoint()));
    let hold = archive.hold(&manifest);
    let second = archive.hold(&manifest);
    uploaded(&archive, "a").await;
    eventually("the manifest", || moto.keys().len() == 2).await;
    drop(hold);
    let other = world.stream("b", 10);
    archive.put(&other);
    until(&archive, "b", |found| !found.files[0].local).await;
    assert!(world.path("a.webm").exists());
    drop(second);
    until(&archive, "a", |found| !found.files[0].local).await;
    archive.close().await;
}

fn room(world: &World, hook: &str) -> Manifest {
    world.journal("room-1");
    let ann = of_room(stream("ann", 1_000), "room-1", kind::STREAM);
    world.lay(&ann);
    let mut whole = of_room(stream("room-1", 3_000), "room-1", kind::ROOM);
    (whole.container, whole.file) = ("mkv".to_owned(), "room-1.mkv".to_owned());
    let attributes = &mut whole.origin.attributes;
    attributes.insert(HOOK.to_owned(), hook.to_owned());
    world.lay(&whole);
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_whose_script_is_still_to_run_keeps_its_files() {
    let (world, moto) = (World::new(), Moto::start());
    let mut whole = room(&world, HOOK_PENDING);
    let archive = world.open(deleting(&moto.endpoint()));
    uploaded(&archive, "room-1").await;
    eventually("all files", || moto.keys().len() == 5).await;
    let other = world.stream("b", 10);
    archive.put(&other);
    until(&archive, "b", |found| !found.files[0].local).await;
    assert!(world.path("room-1.mkv").exists() && world.path("ann.webm").exists());
    let attributes = &mut whole.origin.attributes;
    attributes.insert(HOOK.to_owned(), "done".to_owned());
    whole.write(&world.path("room-1.json")).unwrap();
    archive.put(&whole);
    until(&archive, "room-1", |found| {
        found.files.iter().all(|f| !f.local)
    })
    .await;
    // The bucket has the manifest as it is now.
    let (manifest, _) = moto.object("meetings/room-1.json").unwrap();
    assert_eq!(manifest, fs::read(world.path("room-1.json")).unwrap());
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_film_is_made_of_stays_until_it_is_made_and_uploaded() {
    let (world, moto) = (World::new(), Moto::start());
    room(&world, "none");
    let mixer = world.0.path().join("mixer");
    let here = world.0.path().display();
    let made = of_room(stream("room-1.film", 8), "room-1", kind::FILM);
    let made = Manifest {
        file: "room-1.film.mp4".to_owned(),
        container: "mp4".to_owned(),
        ..made
    };
    fs::write(
        &mixer,
        format!(
            "#!/bin/sh\nwhile [ ! -e {here}/go ]; do sleep 0.02; done\n\
             test -s \"$1\" && printf 'the film' > \"$5\" && cp {here}/made.json {here}/records/room-1.film.json\n"
        ),
    )
    .unwrap();
    fs::set_permissions(&mixer, PermissionsExt::from_mode(0o755)).unwrap();
    made.write(&world.0.path().join("made.json")).unwrap();
    let archive = world.open_with(Some(deleting(&moto.endpoint())), |config| {
        config.mix = Some(mix::Config {
            command: vec![mixer.clone()],
            ..mix::Config::new(mixer.clone(), world.0.path().join("none"))
        });
    });
    until(&archive, "room-1", |found| {
        found.files.iter().all(|f| f.uploaded.is_some())
    })
    .await;
    eventually("all files", || moto.keys().len() == 5).await;
    assert!(world.path("room-1.mkv").exists(), "the film needs it");
    fs::write(world.0.path().join("go"), "").unwrap();
    until(&archive, "room-1", |found| {
        found.files.len() == 3 && found.files.iter().all(|f| !f.local)
    })
    .await;
    let (film, mime) = moto.object("meetings/room-1.film.mp4").unwrap();
    assert_eq!(
        (film.as_slice(), mime.as_str()),
        (&b"the film"[..], "video/mp4")
    );
    assert_eq!(moto.keys().len(), 7);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_want_of_room_what_has_copies_goes_here_and_what_has_none_stays() {
    let (world, moto) = (World::new(), Moto::start());
    let refused = |seen: &crate::proxy::Seen| match seen.path.contains("stays") {
        true => Deed::Answer(403, "AccessDenied"),
        false => Deed::Pass,
    };
    let proxy = Proxy::start(moto.address, refused);
    for name in ["goes", "stays"] {
        world.stream(name, 1_000);
    }
    let archive = world.open(config(&proxy.endpoint()));
    uploaded(&archive, "goes").await;
    fails(&archive, "stays", "access denied").await;
    archive.close().await;
    let archive = world.open_with(Some(config(&proxy.endpoint())), |config| {
        config.retention.max_bytes = Some(500);
    });
    let found = until(&archive, "goes", |found| !found.files[0].local).await;
    assert!(is(UploadState::Uploaded)(&found));
    fails(&archive, "stays", "s3:PutObject").await;
    assert!(world.path("stays.webm").exists());
    let deleted = archive.counters().no_room.load(Ordering::Relaxed);
    assert_eq!(deleted, 1);
    archive.close().await;
    let manifest = store::manifest_path(&world.path("goes.webm"));
    assert!(manifest.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_does_not_wait_for_the_storage() {
    let (world, moto) = (World::new(), Moto::start());
    let proxy = Proxy::start(moto.address, |_| Deed::Hold);
    world.stream("a", 1_000_000);
    let archive = world.open(config(&proxy.endpoint()));
    proxy.wait(|seen| seen.method == "PUT");
    let closed = tokio::time::timeout(Duration::from_secs(5), archive.close());
    closed.await.expect("it ends at once");
}
