//! Films of rooms, made by a mixer that is a shell script.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;
use veche_archive::{Archive, ArchiveError, Config, MixState, Recording, mix};
use veche_record::store::{self, Manifest, Origin, State};

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

    /// The mixer. `$1` is the input, `$5` the output, `HERE` this place.
    fn script(&self, body: &str) {
        let here = self.0.path().display();
        let made = "{\"version\":1,\"state\":\"finished\",\"file\":\"'$id'.film.mp4\",\"recording\":\"'$id'.film\",\"part\":1,\"part_reason\":\"start\",\"container\":\"mp4\",\"started_at_ms\":1,\"room_start_us\":0,\"duration_ms\":9000,\"bytes\":4,\"origin\":{\"attributes\":{\"kind\":\"film\",\"room_recording\":\"'$id'\"}}}";
        let script = format!(
            "#!/bin/sh\nHERE='{here}'\nid=$(basename \"$1\" .mkv)\necho \"$@\" >> $HERE/called\nfilm() {{ printf film > \"$5\"; echo '{made}' > $HERE/records/$id.film.json; }}\n{body}\n"
        );
        fs::write(self.path("mixer"), script).unwrap();
        fs::set_permissions(self.path("mixer"), PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn open(&self, change: impl FnOnce(&mut mix::Config)) -> Archive {
        let mut films = mix::Config {
            command: vec![self.path("mixer")],
            ..mix::Config::new(PathBuf::new(), self.path("offline_mixer.json"))
        };
        change(&mut films);
        let mut config = Config::new(self.path("records"), self.0.path());
        config.mix = Some(films);
        Archive::start(config, "token").unwrap()
    }

    /// A room's recording as it is when it is to be mixed.
    fn room(&self, id: &str) -> (PathBuf, Manifest) {
        let records = self.path("records");
        let start = json!({"type": "start", "version": 1, "at_ms": 0, "id": id, "room": "r",
            "room_id": "r", "room_start_us": 0, "started_at_ms": 1, "by": null});
        let end = json!({"type": "end", "at_ms": 9_000});
        let journal = records.join(format!("{id}.room.jsonl"));
        fs::write(&journal, format!("{start}\n{end}\n")).unwrap();
        let attributes = [
            (store::KIND, store::kind::ROOM),
            (store::ROOM_RECORDING, id),
        ];
        let manifest = Manifest {
            version: 1,
            state: State::Finished,
            file: format!("{id}.mkv"),
            origin: Origin {
                attributes: attributes.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
                ..Origin::default()
            },
            recording: id.to_owned(),
            part: 1,
            container: "mkv".to_owned(),
            duration_ms: 9_000,
            bytes: 5,
            ..Manifest::default()
        };
        fs::write(records.join(&manifest.file), "media").unwrap();
        manifest.write(&records.join(format!("{id}.json"))).unwrap();
        (journal, manifest)
    }

    fn called(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("called")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

async fn until(archive: &Archive, id: &str, holds: impl Fn(&Recording) -> bool) -> Recording {
    let wait = async {
        loop {
            if let Ok(found) = archive.get(id)
                && holds(&found)
            {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect(id)
}

fn mix_is(state: MixState) -> impl Fn(&Recording) -> bool {
    move |found| found.mix.as_ref().is_some_and(|mix| mix.state == state)
}

async fn exists(path: &Path) {
    let wait = async {
        while !path.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_gets_its_film_and_everybody_sees_how_far_it_is() {
    let place = Place::new();
    place.script(
        "echo noise; echo '{\"progress\":0.42,\"seconds_left\":30.2}'; ps -o ni= -p $$ > $HERE/nice\n\
         while [ ! -e $HERE/go ]; do sleep 0.02; done; film \"$@\"",
    );
    let archive = place.open(|_| {});
    let (journal, manifest) = place.room("room-1");
    archive.room_finished(&journal, &manifest);
    let running = until(&archive, "room-1", |r| {
        r.mix.as_ref().is_some_and(|mix| mix.progress > 0.0)
    })
    .await;
    let mix = running.mix.unwrap();
    assert_eq!(
        (mix.state, mix.progress, mix.seconds_left),
        (MixState::Running, 0.42, Some(31))
    );
    for refused in [
        archive.delete("room-1").map(drop),
        archive.delete_forever("room-1"),
        archive.mix("room-1", serde_json::Map::new()).map(drop),
    ] {
        assert!(
            matches!(refused, Err(ArchiveError::InUse(_))),
            "{refused:?}"
        );
    }
    fs::write(place.path("go"), "").unwrap();
    let done = until(&archive, "room-1", mix_is(MixState::Done)).await;
    assert_eq!(done.play().unwrap().name, "room-1.film.mp4");
    let records = place.path("records").canonicalize().unwrap();
    let arguments = format!(
        "{0}/room-1.mkv --journal {0}/room-1.room.jsonl --output {0}/room-1.film.mp4 --force --progress json",
        place.path("records").display()
    );
    assert_eq!(place.called(), [arguments], "{}", records.display());
    assert_eq!(fs::read_to_string(place.path("nice")).unwrap().trim(), "10");
    assert_eq!(archive.counters().mixed.load(Ordering::Relaxed), 1);
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixer_that_fails_says_why_and_one_that_crashes_is_tried_twice_more() {
    let place = Place::new();
    place.script(
        "case $id in bad) echo first >&2; echo 'veche mix: bad.mkv: no media in it' >&2; exit 64;; esac\n\
         echo x >> $HERE/crashes; kill -SEGV $$",
    );
    let archive = place.open(|_| {});
    let (journal, manifest) = place.room("bad");
    archive.room_finished(&journal, &manifest);
    let failed = until(&archive, "bad", mix_is(MixState::Failed)).await;
    let why = failed.mix.unwrap().error.unwrap();
    assert_eq!(why, "veche mix: bad.mkv: no media in it");
    assert_eq!(place.called().len(), 1);

    let (journal, manifest) = place.room("crash");
    archive.room_finished(&journal, &manifest);
    let failed = until(&archive, "crash", mix_is(MixState::Failed)).await;
    assert_eq!(
        failed.mix.unwrap().error.unwrap(),
        "the mixer was killed by signal 11"
    );
    let crashes = fs::read_to_string(place.path("crashes")).unwrap();
    assert_eq!(crashes.lines().count(), 3);
    archive.close().await;

    // It is kept, and not begun again by itself.
    fs::remove_file(place.path("archive.db")).unwrap();
    let archive = place.open(|_| {});
    let failed = archive.get("bad").unwrap();
    assert_eq!(failed.mix.unwrap().state, MixState::Failed);
    // Somebody may have it made again, with other settings.
    place.script("cp \"${10}\" $HERE/settings; film \"$@\"");
    fs::write(
        place.path("offline_mixer.json"),
        "{\"hasVideo\":true,\"fps\":30}",
    )
    .unwrap();
    let options = json!({"fps": 15}).as_object().unwrap().clone();
    archive.mix("bad", options).unwrap();
    until(&archive, "bad", mix_is(MixState::Done)).await;
    let settings = fs::read_to_string(place.path("settings")).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(settings, json!({"hasVideo": true, "fps": 15}));
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn films_outlive_a_restart_and_are_made_in_their_order() {
    let place = Place::new();
    place.script("touch $HERE/begun; exec sleep 1000");
    let archive = place.open(|_| {});
    for id in ["one", "two"] {
        let (journal, manifest) = place.room(id);
        archive.room_finished(&journal, &manifest);
        until(&archive, id, |r| r.mix.is_some()).await;
    }
    exists(&place.path("begun")).await;
    archive.close().await;

    place.script("film \"$@\"");
    let archive = place.open(|_| {});
    for id in ["one", "two"] {
        until(&archive, id, mix_is(MixState::Done)).await;
    }
    let called = place.called();
    let order: Vec<bool> = called
        .iter()
        .map(|line| line.contains("/one.mkv"))
        .collect();
    assert_eq!(order, [true, true, false], "{called:?}");
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_is_given_up_when_somebody_wants_that_and_stays_so() {
    let place = Place::new();
    place.script("touch $HERE/begun; sleep 1000");
    let archive = place.open(|_| {});
    for id in ["one", "two"] {
        let (journal, manifest) = place.room(id);
        archive.room_finished(&journal, &manifest);
        until(&archive, id, |r| r.mix.is_some()).await;
    }
    exists(&place.path("begun")).await;
    for id in ["two", "one"] {
        archive.cancel_mix(id).unwrap();
        until(&archive, id, |r| r.mix.is_none()).await;
    }
    assert!(matches!(
        archive.cancel_mix("one"),
        Err(ArchiveError::NotMixing)
    ));
    let wait = async {
        while archive.delete_forever("one").is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .expect("nothing uses it any more");
    archive.close().await;
    let archive = place.open(|_| {});
    assert_eq!(archive.get("two").unwrap().mix, None);
    archive.close().await;
    assert_eq!(place.called().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixer_that_hangs_is_killed_and_the_next_film_is_made() {
    let place = Place::new();
    place.script("case $id in hang) sleep 1000;; esac; film \"$@\"");
    let archive = place.open(|films| films.stall = Duration::from_millis(300));
    for id in ["hang", "next"] {
        let (journal, manifest) = place.room(id);
        archive.room_finished(&journal, &manifest);
    }
    until(&archive, "next", mix_is(MixState::Done)).await;
    let failed = until(&archive, "hang", mix_is(MixState::Failed)).await;
    assert_eq!(
        failed.mix.unwrap().error.unwrap(),
        "the mixer said nothing for 0 s"
    );
    archive.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_a_film_is_made_only_when_asked() {
    let place = Place::new();
    place.script("film \"$@\"");
    let archive = place.open(|films| films.automatic = false);
    let (journal, manifest) = place.room("room-1");
    archive.room_finished(&journal, &manifest);
    let found = until(&archive, "room-1", |r| r.state.is_final()).await;
    assert_eq!(found.mix, None);
    archive.mix("room-1", serde_json::Map::new()).unwrap();
    until(&archive, "room-1", mix_is(MixState::Done)).await;
    assert_eq!(place.called().len(), 1);
    archive.close().await;
}

/// With one worker, whatever waits on it for the disk keeps everything waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_disk_that_keeps_a_film_waiting_keeps_nobody_else() {
    let place = Place::new();
    place.script("film \"$@\"");
    let archive = place.open(|films| films.automatic = false);
    let (journal, manifest) = place.room("room-1");
    archive.room_finished(&journal, &manifest);
    until(&archive, "room-1", |r| r.state.is_final()).await;
    // Whoever reads a pipe waits for somebody who writes, and can be seen to.
    let settings = place.path("offline_mixer.json");
    let made = Command::new("mkfifo").arg(&settings).status().unwrap();
    assert!(made.success());
    let options = json!({"fps": 15}).as_object().unwrap().clone();
    archive.mix("room-1", options).unwrap();
    let mut writer = soon("it is read", || {
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let mut options = fs::OpenOptions::new();
        options.write(true).custom_flags(nonblocking);
        options.open(&settings).ok()
    })
    .unwrap();
    let other = tokio::spawn(async {});
    let kept = soon("another task runs", || other.is_finished().then_some(()));
    writer.write_all(b"{}").unwrap();
    drop(writer);
    assert!(kept.is_some(), "kept waiting");
    until(&archive, "room-1", mix_is(MixState::Done)).await;
    archive.close().await;
}

/// Waits without the runtime, which may be kept.
fn soon<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        if let Some(value) = condition() {
            return Some(value);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("waited in vain: {what}");
    None
}
