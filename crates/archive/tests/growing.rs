//! Recordings that are being written.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Duration;

use tokio::time::timeout;
use veche_archive::{Archive, Config, Query, State};
use veche_record::store::{self, Manifest};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_written_is_listed_as_large_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let records = place.path().join("records");
    let archive = Archive::start(Config::new(records.clone(), place.path()), "token").unwrap();
    let manifest = Manifest {
        version: 1,
        file: "s.webm".to_owned(),
        recording: "s".to_owned(),
        part: 1,
        container: "webm".to_owned(),
        ..Manifest::default()
    };
    let media = records.join(&manifest.file);
    fs::write(&media, [0; 700]).unwrap();
    manifest.write(&store::manifest_path(&media)).unwrap();
    archive.put(&manifest);
    let listed = async {
        while archive.get("s").is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), listed).await.unwrap();

    let found = archive.get("s").unwrap();
    assert_eq!(found.state, State::Recording);
    assert_eq!((found.bytes, found.files[0].bytes), (700, 700));
    let mut growing = OpenOptions::new().append(true).open(&media).unwrap();
    growing.write_all(&[0; 300]).unwrap();
    let query = Query {
        limit: 10,
        ..Query::default()
    };
    let page = archive.page(&query).unwrap();
    assert_eq!(page.recordings[0].bytes, 1_000);
    archive.close().await;
}
