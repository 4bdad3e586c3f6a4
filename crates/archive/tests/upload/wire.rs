//! Lines that break, storages that are away, processes that are killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use veche_archive::UploadState;

use crate::moto::{Moto, free_address};
use crate::proxy::{Deed, Proxy, Seen};
use crate::world::{MIB, World, config, content, eventually, fails, is, until, uploaded};

/// Once, for the first request that is so; all others pass.
fn once(deed: Deed, is: impl Fn(&Seen) -> bool + Send + 'static) -> impl FnMut(&Seen) -> Deed {
    let mut done = false;
    move |seen| match !done && is(seen) {
        true => {
            done = true;
            deed
        }
        false => Deed::Pass,
    }
}

fn begun(proxy: &Proxy) -> usize {
    let seen = proxy.seen();
    let begins = |s: &&Seen| s.method == "POST" && s.path.contains("?uploads");
    seen.iter().filter(begins).count()
}

fn check_arrived(moto: &Moto, file: &str, bytes: usize) {
    let (arrived, _) = moto.object(&format!("meetings/{file}")).unwrap();
    assert!(arrived == content(file, bytes), "{file}");
    assert_eq!(moto.open_uploads(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_is_away_is_tried_until_it_comes() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", 1_000);
    world.stream("b", 1_000);
    let address = free_address();
    let archive = world.open(config(&format!("http://{address}")));
    let found = fails(&archive, "a", "cannot be reached").await;
    let upload = found.upload.unwrap();
    assert_eq!(upload.state, UploadState::Failed);
    assert!(upload.error.unwrap().contains(&address.to_string()));
    assert!(upload.retry_at_ms.is_some());
    assert_eq!(found.files[0].uploaded, None);
    let failed = || archive.counters().uploads_failed.load(Ordering::Relaxed);
    eventually("more attempts", || failed() >= 3).await;
    let _proxy = Proxy::start_at(address, moto.address, |_| Deed::Pass);
    uploaded(&archive, "a").await;
    uploaded(&archive, "b").await;
    check_arrived(&moto, "a.webm", 1_000);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cut_in_a_part_only_that_part_goes_again() {
    let (world, moto) = (World::new(), Moto::start());
    let cut = once(Deed::Cut(2 * MIB), |seen| seen.part() == Some(3));
    let proxy = Proxy::start(moto.address, cut);
    world.stream("a", 22 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    uploaded(&archive, "a").await;
    check_arrived(&moto, "a.webm", 22 * MIB);
    assert_eq!(proxy.parts(), [1, 2, 3, 4, 5]);
    assert_eq!(begun(&proxy), 1);
    // Twenty-two, and what was lost with the line.
    let sent: usize = proxy
        .seen()
        .iter()
        .filter(|seen| seen.part().is_some())
        .map(|seen| seen.bytes)
        .sum();
    assert!((22 * MIB..25 * MIB).contains(&sent), "{sent}");
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_goes_on_with_the_same_upload() {
    let (world, moto) = (World::new(), Moto::start());
    let held = once(Deed::Hold, |seen| seen.part() == Some(3));
    let proxy = Proxy::start(moto.address, held);
    world.stream("a", 22 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    let third = proxy.wait(|seen| seen.part() == Some(3));
    let shown = until(&archive, "a", |found| {
        found.upload.as_ref().is_some_and(|u| u.progress > 0.4)
    })
    .await;
    let progress = shown.upload.unwrap().progress;
    assert!(progress < 0.7, "{progress}");
    // What a kill leaves is what lies on the disk.
    let left = world.copy();
    archive.close().await;
    proxy.rule(|_| Deed::Pass);
    let archive = left.open(config(&proxy.endpoint()));
    uploaded(&archive, "a").await;
    check_arrived(&moto, "a.webm", 22 * MIB);
    assert_eq!(proxy.parts(), [1, 2, 3, 4, 5]);
    assert_eq!(begun(&proxy), 1);
    let id = third.query("uploadId");
    let parts: Vec<Seen> = proxy.seen();
    let parts: Vec<_> = parts.iter().filter(|seen| seen.part().is_some()).collect();
    assert!(parts.iter().all(|seen| seen.query("uploadId") == id));
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_the_storage_forgot_begins_anew() {
    let (world, moto) = (World::new(), Moto::start());
    let held = once(Deed::Hold, |seen| seen.part() == Some(3));
    let proxy = Proxy::start(moto.address, held);
    world.stream("a", 16 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    let third = proxy.wait(|seen| seen.part() == Some(3));
    archive.close().await;
    let id = third.query("uploadId").unwrap();
    let path = format!("/calls/meetings/a.webm?uploadId={id}");
    assert_eq!(moto.ask("DELETE", &path, b"").status, 204);
    // As S3 answers; this server says 500 there.
    let forgotten = third.query("uploadId").map(str::to_owned);
    proxy.rule(
        move |seen| match seen.query("uploadId") == forgotten.as_deref() {
            true => Deed::Answer(404, "NoSuchUpload"),
            false => Deed::Pass,
        },
    );
    let archive = world.open(config(&proxy.endpoint()));
    uploaded(&archive, "a").await;
    check_arrived(&moto, "a.webm", 16 * MIB);
    assert_eq!(begun(&proxy), 2);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_at_the_end_costs_nothing() {
    let (world, moto) = (World::new(), Moto::start());
    let completes = |seen: &Seen| seen.method == "POST" && seen.query("uploadId").is_some();
    let proxy = Proxy::start(moto.address, once(Deed::Unanswered, completes));
    world.stream("a", 16 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    uploaded(&archive, "a").await;
    check_arrived(&moto, "a.webm", 16 * MIB);
    assert_eq!(proxy.parts(), [1, 2, 3, 4]);
    assert_eq!(begun(&proxy), 1);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_on_which_nothing_moves_is_given_up() {
    let (world, moto) = (World::new(), Moto::start());
    let held = once(Deed::Hold, |seen| seen.part() == Some(1));
    let proxy = Proxy::start(moto.address, held);
    world.stream("a", 8 * MIB);
    let mut config = config(&proxy.endpoint());
    config.stall = Duration::from_secs(2);
    let archive = world.open(config);
    uploaded(&archive, "a").await;
    check_arrived(&moto, "a.webm", 8 * MIB);
    let seen = proxy.seen();
    let first = seen.iter().filter(|seen| seen.part() == Some(1)).count();
    assert!(first >= 2, "{seen:?}");
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_storage_is_waited_for() {
    let (world, moto) = (World::new(), Moto::start());
    let busy = Arc::new(AtomicBool::new(true));
    let is_busy = Arc::clone(&busy);
    let proxy = Proxy::start(moto.address, move |_| {
        match is_busy.load(Ordering::Relaxed) {
            true => Deed::Answer(503, "SlowDown"),
            false => Deed::Pass,
        }
    });
    world.stream("a", 1_000);
    let archive = world.open(config(&proxy.endpoint()));
    fails(&archive, "a", "503 SlowDown").await;
    busy.store(false, Ordering::Relaxed);
    uploaded(&archive, "a").await;
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_on_its_way_begins_anew() {
    let (world, moto) = (World::new(), Moto::start());
    let held = once(Deed::Hold, |seen| seen.part() == Some(2));
    let proxy = Proxy::start(moto.address, held);
    let mut manifest = world.stream("a", 16 * MIB);
    let archive = world.open(config(&proxy.endpoint()));
    proxy.wait(|seen| seen.part() == Some(2));
    manifest.bytes = 7 * MIB as u64;
    world.lay(&manifest);
    archive.put(&manifest);
    proxy.rule(|_| Deed::Pass);
    uploaded(&archive, "a").await;
    check_arrived(&moto, "a.webm", 7 * MIB);
    assert_eq!(begun(&proxy), 2);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_vanishes_on_its_way_leaves_nothing_open() {
    let (world, moto) = (World::new(), Moto::start());
    let held = once(Deed::Hold, |seen| seen.part() == Some(2));
    let proxy = Proxy::start(moto.address, held);
    world.stream("a", 16 * MIB);
    world.stream("b", 1_000);
    let archive = world.open(config(&proxy.endpoint()));
    proxy.wait(|seen| seen.part() == Some(2));
    std::fs::remove_file(world.path("a.webm")).unwrap();
    proxy.rule(|_| Deed::Pass);
    uploaded(&archive, "b").await;
    eventually("nothing open", || moto.open_uploads().is_empty()).await;
    let found = until(&archive, "a", |found| !found.files[0].local).await;
    assert_eq!(found.files[0].uploaded, None);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_keep_to_their_pace() {
    let (world, moto) = (World::new(), Moto::start());
    world.stream("a", MIB);
    let mut config = config(&moto.endpoint());
    // A second for half a MiB.
    config.max_bps = Some(4 * MIB as u64);
    let archive = world.open(config);
    let begun = std::time::Instant::now();
    let shown = until(&archive, "a", |found| {
        let progress = found.upload.as_ref().map(|u| u.progress);
        is(UploadState::Uploading)(found) && progress > Some(0.2)
    })
    .await;
    assert!(shown.upload.unwrap().progress < 1.0);
    uploaded(&archive, "a").await;
    assert!(begun.elapsed() > Duration::from_millis(1_800));
    archive.close().await;
}
