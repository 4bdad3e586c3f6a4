use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use veche_record::store::{self, TrackEntry};

use super::*;
use crate::retention::{Candidate, Removal, Times};

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

/// Both clocks agree.
fn now() -> Times {
    Times {
        started_ms: unix_ms(),
        now_ms: unix_ms(),
        passed: Duration::ZERO,
    }
}

/// As if it had been written that long ago.
fn age(path: &Path, by: Duration) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - by).unwrap();
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
        inner.keep_house(now()).unwrap();
        archive.get("s").is_ok()
    })
    .await;
    assert_eq!(archive.get("s").unwrap().state, State::Ready);
    archive.close().await;
}

fn decide(archive: &Archive, id: &str) -> Candidate {
    let recording = archive.get(id).unwrap();
    let inner = &archive.inner;
    let decided = inner.with(|c| inner.candidate(c, recording.clone()));
    decided.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_while_the_trash_is_emptied_stays() {
    let place = Place::new();
    place.lay("s", |_| {});
    let archive = place.open(|_| {});
    archive.delete("s").unwrap();
    let deleted_at = unix_ms();
    let decided = decide(&archive, "s");
    archive.restore("s").unwrap();
    archive.inner.remove(&decided, Removal::Trash).unwrap();
    assert_eq!(archive.get("s").unwrap().deleted_until_ms, None);
    assert!(place.record("s.webm").exists());
    // Deleted again it has its whole time once more.
    eventually("the clock goes on", || unix_ms() > deleted_at).await;
    archive.delete("s").unwrap();
    archive.inner.remove(&decided, Removal::Trash).unwrap();
    assert!(place.record("s.webm").exists());
    let decided = decide(&archive, "s");
    archive.inner.remove(&decided, Removal::Trash).unwrap();
    assert_eq!(fs::read_dir(place.path("records")).unwrap().count(), 0);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_begins_to_read_is_not_deleted_for_its_age() {
    let place = Place::new();
    let manifest = place.lay("s", |_| {});
    let archive = place.open(|_| {});
    let inner = &archive.inner;
    let decided = decide(&archive, "s");
    let hold = archive.hold(&manifest);
    for removal in [Removal::Expired, Removal::NoRoom, Removal::LocalOnly] {
        inner.remove(&decided, removal).unwrap();
        assert!(place.record("s.webm").exists(), "{removal:?}");
    }
    drop(hold);
    *lock(&inner.films) = Queue::new(1, 1);
    lock(&inner.films).add("s").unwrap();
    inner.remove(&decided, Removal::Expired).unwrap();
    assert!(place.record("s.webm").exists());
    lock(&inner.films).cancel("s");
    lock(&inner.films).handle_end("s", mix::Ended::Done);
    inner.remove(&decided, Removal::Expired).unwrap();
    assert!(archive.get("s").is_err());
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_was_deleted_meanwhile_no_film_is_kept() {
    let place = Place::new();
    place.lay("s", |_| {});
    let archive = place.open(|_| {});
    archive.delete_forever("s").unwrap();
    let failed = |mix: &mut KeptMix| mix.state = KeptMixState::Failed;
    archive.inner.film_kept("s", failed).unwrap();
    assert!(!place.record("s.state").exists());
    archive.close().await;
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_of_a_wrong_clock_is_as_old_as_its_manifest() {
    let place = Place::new();
    // Of 1970, as its own times say.
    place.lay("new", |_| {});
    place.lay("old", |_| {});
    age(&place.record("old.json"), 2 * HOUR);
    let archive = place.open(|config| config.retention.keep = Some(HOUR));
    eventually("the old one is gone", || archive.get("old").is_err()).await;
    archive.inner.keep_house(now()).unwrap();
    assert!(archive.get("new").is_ok());
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forward_deletes_nothing() {
    let place = Place::new();
    place.lay("s", |_| {});
    let archive = place.open(|config| config.retention.keep = Some(24 * HOUR));
    let passed = Times {
        now_ms: unix_ms() + millis(48 * HOUR),
        ..now()
    };
    archive.inner.keep_house(passed).unwrap();
    assert!(archive.get("s").is_ok());
    let passed = Times {
        passed: 48 * HOUR,
        ..passed
    };
    archive.inner.keep_house(passed).unwrap();
    assert!(archive.get("s").is_err());
    archive.close().await;
}

/// Makes pictures as fast as it may, and knows of what.
#[derive(Debug, Default)]
struct Camera {
    shot: Mutex<Vec<String>>,
    /// No picture is made meanwhile.
    busy: AtomicBool,
}

impl Thumbnailer for Camera {
    fn thumbnail(&self, file: &Path) -> Result<Vec<u8>, String> {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        lock(&self.shot).push(name);
        while self.busy.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(vec![0xff, 0xd8])
    }
}

fn video(manifest: &mut Manifest) {
    manifest.tracks = vec![TrackEntry {
        kind: "video".to_owned(),
        ..TrackEntry::default()
    }];
}

fn film(manifest: &mut Manifest) {
    video(manifest);
    let attributes = &mut manifest.origin.attributes;
    attributes.insert(store::KIND.to_owned(), store::kind::FILM.to_owned());
    attributes.insert(store::ROOM_RECORDING.to_owned(), "room".to_owned());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_of_a_film_is_made_once_for_each_time_that_the_film_is() {
    let place = Place::new();
    place.lay("room.film", film);
    let camera = Arc::new(Camera::default());
    let open = || place.open(|config| config.thumbnailer = Some(camera.clone()));
    let archive = open();
    let pictured = |archive: &Archive, id: &str| archive.get(id).is_ok_and(|r| r.thumbnail);
    eventually("it has a picture", || pictured(&archive, "room")).await;
    archive.close().await;

    place.lay("single", video);
    let archive = open();
    eventually("all have pictures", || pictured(&archive, "single")).await;
    assert_eq!(*lock(&camera.shot), ["room.film.webm", "single.webm"]);
    // Made again.
    eventually("it is newer", || {
        archive.put(&place.lay("room.film", film));
        lock(&camera.shot).len() > 2
    })
    .await;
    assert_eq!(lock(&camera.shot)[2], "room.film.webm");
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_does_not_wait_for_a_picture() {
    let place = Place::new();
    let camera = Arc::new(Camera::default());
    let archive = place.open(|config| config.thumbnailer = Some(camera.clone()));
    camera.busy.store(true, Ordering::Relaxed);
    archive.put(&place.lay("first", video));
    eventually("one is begun", || !lock(&camera.shot).is_empty()).await;
    archive.put(&place.lay("second", video));
    eventually("it is listed", || archive.get("second").is_ok()).await;
    assert!(!archive.get("first").unwrap().thumbnail);
    camera.busy.store(false, Ordering::Relaxed);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_recordings_can_be_deleted() {
    let place = Place::new();
    place.lay("s", |_| {});
    let archive = place.open(|_| {});
    // Whatever is written there finds no room.
    std::os::unix::fs::symlink("/dev/full", place.record("s.state.tmp")).unwrap();
    archive.delete_forever("s").unwrap();
    assert_eq!(fs::read_dir(place.path("records")).unwrap().count(), 0);
    archive.close().await;
}
