use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use veche_record::store;

use super::*;

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(30);

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.path("records")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn record(&self, name: &str) -> PathBuf {
        self.path("records").join(name)
    }

    fn open(&self, change: impl FnOnce(&mut Config)) -> Archive {
        let mut config = Config::new(self.path("records"), self.0.path());
        change(&mut config);
        Archive::start(config, "token").unwrap()
    }

    /// Lays a finished stream's file there.
    fn lay(&self, name: &str, change: impl FnOnce(&mut Manifest)) -> Manifest {
        let mut manifest = Manifest {
            version: 1,
            state: store::State::Finished,
            file: format!("{name}.webm"),
            recording: name.to_owned(),
            part: 1,
            container: "webm".to_owned(),
            started_at_ms: 1_000,
            duration_ms: 5_000,
            bytes: 10,
            ..Manifest::default()
        };
        change(&mut manifest);
        let media = self.record(&manifest.file);
        fs::write(&media, vec![0; 10]).unwrap();
        manifest.write(&store::manifest_path(&media)).unwrap();
        manifest
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect(what);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_disk_kept_out_of_the_list_comes_into_it_by_itself() {
    let place = Place::new();
    let archive = place.open(|_| {});
    let inner = &archive.inner;
    inner.with(|catalogue| catalogue.limit_pages(1)).unwrap();
    let long = "x".repeat(100_000);
    let manifest = place.lay("s", |manifest| manifest.note = Some(long));
    archive.put(&manifest);
    eventually("it is known", || inner.dirty.load(Ordering::Relaxed)).await;
    assert!(archive.get("s").is_err());
    inner
        .with(|catalogue| catalogue.limit_pages(u32::MAX))
        .unwrap();
    eventually("it is listed", || {
        inner.keep_house(unix_ms()).unwrap();
        archive.get("s").is_ok()
    })
    .await;
    assert_eq!(archive.get("s").unwrap().state, State::Ready);
    archive.close().await;
}
