//! What becomes of copies when recordings are deleted.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::moto::Moto;
use crate::proxy::{Deed, Proxy};
use crate::world::{MIB, World, config, eventually, until, uploaded};

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_keeps_copies_and_who_is_gone_for_good_has_none() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", 7 * MIB);
    world.stream("b", 1_000);
    let archive = world.open(config(&moto.endpoint()));
    uploaded(&archive, "a").await;
    uploaded(&archive, "b").await;
    eventually("all files", || moto.keys().len() == 4).await;
    archive.delete("a").unwrap();
    archive.restore("a").unwrap();
    archive.delete("a").unwrap();
    assert_eq!(moto.keys().len(), 4);
    archive.delete_forever("a").unwrap();
    assert!(archive.get("a").is_err());
    let left = ["meetings/b.json", "meetings/b.webm"];
    eventually("copies are gone", || moto.keys() == left).await;
    eventually("nothing is kept", || world.state("a").is_empty()).await;
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_go_as_soon_as_the_storage_is_there_even_after_a_restart() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", 1_000);
    let proxy = Proxy::start(moto.address, |seen| match seen.method.as_str() {
        "DELETE" => Deed::Answer(503, "SlowDown"),
        _ => Deed::Pass,
    });
    let archive = world.open(config(&proxy.endpoint()));
    uploaded(&archive, "a").await;
    eventually("all files", || moto.keys().len() == 2).await;
    archive.delete_forever("a").unwrap();
    proxy.wait(|seen| seen.method == "DELETE");
    assert!(!world.path("a.webm").exists());
    archive.close().await;
    // Without the setting nobody can delete them, and it is not forgotten.
    let archive = world.open_with(None, |_| {});
    assert!(archive.get("a").is_err());
    archive.close().await;
    assert_eq!(moto.keys().len(), 2);
    proxy.rule(|_| Deed::Pass);
    std::fs::remove_file(world.0.path().join("archive.db")).unwrap();
    let archive = world.open(config(&proxy.endpoint()));
    eventually("copies are gone", || moto.keys().is_empty()).await;
    eventually("nothing is kept", || world.state("a").is_empty()).await;
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_what_is_deleted_stops_and_goes_on_when_it_is_had_back() {
    let (world, moto) = (World::new(), Moto::start());
    let proxy = Proxy::start(moto.address, |seen| match seen.part() {
        Some(3) => Deed::Hold,
        _ => Deed::Pass,
    });
    world.stream("a", 16 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    proxy.wait(|seen| seen.part() == Some(3));
    archive.delete("a").unwrap();
    until(&archive, "a", |found| found.upload.is_none()).await;
    proxy.rule(|_| Deed::Pass);
    archive.restore("a").unwrap();
    uploaded(&archive, "a").await;
    assert_eq!(proxy.parts(), [1, 2, 3, 4]);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_what_is_gone_for_good_is_aborted() {
    let (world, moto) = (World::new(), Moto::start());
    let proxy = Proxy::start(moto.address, |seen| match seen.part() {
        Some(2) => Deed::Hold,
        _ => Deed::Pass,
    });
    world.stream("a", 16 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    proxy.wait(|seen| seen.part() == Some(2));
    assert_eq!(moto.open_uploads().len(), 1);
    archive.delete_forever("a").unwrap();
    eventually("nothing is open", || moto.open_uploads().is_empty()).await;
    eventually("nothing is kept", || world.state("a").is_empty()).await;
    assert!(moto.keys().is_empty());
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_from_the_bucket_too() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", 1_000);
    let archive = world.open(config(&moto.endpoint()));
    uploaded(&archive, "a").await;
    eventually("all files", || moto.keys().len() == 2).await;
    archive.close().await;
    let manifest = File::options().write(true).open(world.path("a.json"));
    let written = SystemTime::now() - Duration::from_secs(7200);
    manifest.unwrap().set_modified(written).unwrap();
    let archive = world.open_with(Some(config(&moto.endpoint())), |config| {
        config.retention.keep = Some(Duration::from_secs(3600));
    });
    eventually("it is gone everywhere", || moto.keys().is_empty()).await;
    assert!(archive.get("a").is_err());
    archive.close().await;
}
