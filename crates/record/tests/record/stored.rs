use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use veche_media::{AudioCodec, VideoCodec};
use veche_record::name::Fields;
use veche_record::recorder::{End, Status};
use veche_record::store::{Config, Event, Manifest, Request, StartError, State, Store};
use veche_record::{Reader, TrackMedia, inspect};

use crate::support::*;

fn open(config: Config) -> (Store, Receiver<Event>) {
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let listener = Arc::new(move |_, event| {
        let _ = sender.lock().unwrap().send(event);
    });
    (Store::open(config, listener).unwrap(), events)
}

fn request(login: &str) -> Request {
    Request {
        recorder: config(Some(VideoCodec::Vp8), Some(AudioCodec::Opus), ""),
        name: Fields {
            media_session_id: "9d5f".to_owned(),
            login: login.to_owned(),
            ..Fields::default()
        },
        room_clock_unix_ms: 1_700_000_000_000,
        ..Request::default()
    }
}

fn small(folder: &Path) -> Config {
    Config {
        min_free_bytes: 1,
        ..Config::new(folder.to_owned())
    }
}

fn closed(events: &Receiver<Event>) -> Manifest {
    loop {
        match events.recv_timeout(Duration::from_secs(30)).unwrap() {
            Event::Closed(manifest) => return *manifest,
            _ => continue,
        }
    }
}

fn units() -> Vec<veche_media::AccessUnit> {
    together(&[pictures(VideoCodec::Vp8), tone()])
}

#[test]
fn a_recording_is_a_finished_file_with_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(small(folder.path()));
    let handle = store.start(request("Алиса/../../etc")).unwrap();
    assert!(matches!(events.recv().unwrap(), Event::RequestKeyframe));
    for unit in units() {
        assert!(handle.push(unit));
    }
    handle.stop();
    let manifest = closed(&events);
    assert_eq!(manifest.state, State::Finished);
    assert!(
        manifest.file.starts_with("stream-9d5f-=d0=90"),
        "{}",
        manifest.file
    );
    let path = folder.path().join(&manifest.file);
    assert_eq!(decode(&path, &[]), "");
    near(number(&probe(&path)["format"]["duration"]), 4.0, 0.04);
    assert_eq!(manifest.tracks[0].samples, 60);
    assert_eq!(manifest.duration_ms / 100, 40);
    assert_eq!(manifest.bytes, std::fs::metadata(&path).unwrap().len());
    let catalogue = store.catalogue().unwrap();
    assert_eq!(catalogue.manifests, [manifest]);
    store.close();
}

#[test]
fn two_of_one_name_are_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(small(folder.path()));
    let handles: Vec<_> = (0..3)
        .map(|_| store.start(request("bob")).unwrap())
        .collect();
    for handle in &handles {
        for unit in units() {
            handle.push(unit);
        }
    }
    drop(handles);
    let mut files: Vec<_> = (0..3).map(|_| closed(&events).file).collect();
    files.sort();
    assert_eq!(
        files,
        [
            "stream-9d5f-bob-2.webm",
            "stream-9d5f-bob-3.webm",
            "stream-9d5f-bob.webm"
        ]
    );
    store.close();
}

#[test]
fn a_name_can_tell_the_duration() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        template: "{login}-{duration}-{videoCodec}-{startTimeMillis}"
            .parse()
            .unwrap(),
        ..small(folder.path())
    };
    let (store, events) = open(config);
    let handle = store.start(request("bob")).unwrap();
    for unit in units() {
        handle.push(unit);
    }
    handle.stop();
    let manifest = closed(&events);
    assert_eq!(manifest.file, "bob-4000-VP8-1700000000000.webm");
    assert_eq!(manifest.state, State::Finished);
    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "bob-0-VP8-1700000000000.json",
            "bob-4000-VP8-1700000000000.webm"
        ]
    );
    store.close();
}

#[test]
fn a_crash_between_two_names_leaves_one_recording() {
    let folder = tempfile::tempdir().unwrap();
    let part = record(request("bob").recorder, &units()).parts.remove(0);
    let open_file = write(folder.path(), "bob-0.webm", &part.bytes);
    let manifest = Manifest {
        version: 1,
        state: State::Closed,
        file: "bob-0.webm".to_owned(),
        final_file: Some("bob-4000.webm".to_owned()),
        recording: "bob-0".to_owned(),
        part: 1,
        container: "webm".to_owned(),
        ..Manifest::default()
    };
    manifest.write(&folder.path().join("bob-0.json")).unwrap();
    veche_record::finish_to(&open_file, &folder.path().join("bob-4000.webm")).unwrap();
    let (store, _events) = open(small(folder.path()));
    let files = store.recover().files;
    assert_eq!(files.len(), 1);
    assert_eq!(
        (files[0].file.as_str(), files[0].state),
        ("bob-4000.webm", State::Finished)
    );
    assert!(!open_file.exists());
    assert_eq!(store.catalogue().unwrap().manifests, files);
    assert!(store.recover().files.is_empty());
    store.close();
}

#[test]
fn a_name_that_another_recording_has_by_now_costs_neither() {
    let folder = tempfile::tempdir().unwrap();
    let units = units();
    let part = record(request("bob").recorder, &units).parts.remove(0);
    let open_file = write(folder.path(), "bob-0.webm", &part.bytes);
    let finished = folder.path().join("bob-4000.webm");
    veche_record::finish_to(&open_file, &finished).unwrap();
    let winner = Manifest {
        version: 1,
        state: State::Finished,
        file: "bob-4000.webm".to_owned(),
        recording: "bob-0-2".to_owned(),
        part: 1,
        container: "webm".to_owned(),
        ..Manifest::default()
    };
    let loser = Manifest {
        state: State::Closed,
        file: "bob-0.webm".to_owned(),
        final_file: Some("bob-4000.webm".to_owned()),
        recording: "bob-0".to_owned(),
        ..winner.clone()
    };
    loser.write(&folder.path().join("bob-0.json")).unwrap();
    winner.write(&folder.path().join("bob-0-2.json")).unwrap();
    let (store, _events) = open(small(folder.path()));
    let files = store.recover().files;
    let found: Vec<_> = files.iter().map(|m| (m.file.as_str(), m.state)).collect();
    assert_eq!(found, [("bob-0.webm", State::Finished)]);
    assert_eq!(files[0].final_file, None);
    for path in [open_file, finished] {
        assert_eq!(decode(&path, &[]), "");
    }
    store.close();
}

#[test]
fn many_that_end_at_once_with_one_name_are_many_files() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        template: "{login}-{duration}".parse().unwrap(),
        ..small(folder.path())
    };
    let (store, events) = open(config);
    let handles: Vec<_> = (0..20)
        .map(|_| store.start(request("bob")).unwrap())
        .collect();
    for handle in &handles {
        for unit in units() {
            handle.push(unit);
        }
    }
    drop(handles);
    let files: std::collections::BTreeSet<_> = (0..20)
        .map(|_| closed(&events))
        .map(|manifest| {
            assert_eq!(manifest.state, State::Finished, "{:?}", manifest.note);
            assert!(manifest.file.starts_with("bob-4000"), "{}", manifest.file);
            manifest.file
        })
        .collect();
    assert_eq!(files.len(), 20);
    store.close();
}

#[test]
fn a_manifest_whose_media_never_came_to_the_disk_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    for (name, state) in [("a", State::Recording), ("b", State::Closed)] {
        let manifest = Manifest {
            version: 1,
            state,
            file: format!("{name}.webm"),
            recording: name.to_owned(),
            part: 1,
            container: "webm".to_owned(),
            ..Manifest::default()
        };
        let path = folder.path().join(format!("{name}.json"));
        manifest.write(&path).unwrap();
    }
    let (store, _events) = open(small(folder.path()));
    let states: Vec<_> = store.recover().files.iter().map(|m| m.state).collect();
    assert_eq!(states, [State::Empty, State::Empty]);
    assert!(store.recover().files.is_empty(), "once is enough");
    store.close();
}

#[test]
fn a_full_disk_and_too_many_are_refused_with_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _events) = open(Config {
        min_free_bytes: u64::MAX,
        ..Config::new(folder.path().to_owned())
    });
    let error = store.start(request("bob")).unwrap_err();
    assert!(matches!(error, StartError::LowDisk { .. }), "{error}");
    let (store, _events) = open(Config {
        max_recordings: 1,
        ..small(folder.path())
    });
    let _first = store.start(request("bob")).unwrap();
    let error = store.start(request("bob")).unwrap_err();
    assert!(matches!(error, StartError::TooMany { limit: 1 }), "{error}");
}

#[test]
fn a_recording_that_never_had_media_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(small(folder.path()));
    store.start(request("bob")).unwrap().stop();
    let ended = events
        .iter()
        .find_map(|e| match e {
            Event::Status(Status::Ended(end)) => Some(end),
            _ => None,
        })
        .unwrap();
    assert_eq!(ended, End::Empty);
    store.close();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_hundred_switches_on_and_off_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(small(folder.path()));
    let units = units();
    for _ in 0..100 {
        let handle = store.start(request("bob")).unwrap();
        for unit in &units[..20] {
            handle.push(unit.clone());
        }
        handle.stop();
    }
    for _ in 0..100 {
        assert_eq!(closed(&events).state, State::Finished);
    }
    assert_eq!(store.catalogue().unwrap().manifests.len(), 100);
    store.close();
}

#[test]
fn a_writer_that_is_too_slow_loses_media_not_time() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        queue_units: 10,
        ..small(folder.path())
    };
    let (store, events) = open(config);
    let handle = store.start(request("bob")).unwrap();
    let taken = units()
        .into_iter()
        .map(|u| handle.push(u))
        .filter(|t| *t)
        .count();
    assert!(taken < 260);
    handle.stop();
    let manifest = closed(&events);
    assert!(manifest.degraded);
    assert_eq!(manifest.state, State::Finished);
    store.close();
}

#[test]
fn a_manifest_that_was_lost_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let units = units();
    let part = record(request("bob").recorder, &units).parts.remove(0);
    write(
        folder.path(),
        "lost.webm",
        &part.bytes[..part.bytes.len() - 100],
    );
    write(folder.path(), "bad.webm", &part.bytes);
    write(folder.path(), "bad.json", b"{\"version\":");
    // A power cut came before anything of them was on the disk.
    write(folder.path(), "nothing.webm", b"");
    write(folder.path(), "nothing.json", b"");
    // Somebody begins it.
    write(folder.path(), "begun.mp4", b"");
    write(folder.path(), "half.webm.finishing", b"half");
    write(folder.path(), "half.json.tmp", b"half");
    // Of somebody who keeps something else here and is writing it now.
    write(folder.path(), "other.state.tmp", b"half");
    write(folder.path(), "notes.txt", b"not ours");
    let (store, _events) = open(small(folder.path()));
    let recovery = store.recover();
    assert_eq!(recovery.bad_manifests.len(), 2);
    let states: Vec<_> = recovery
        .files
        .iter()
        .map(|m| (m.file.as_str(), m.state))
        .collect();
    assert_eq!(
        states,
        [
            ("bad.webm", State::Recovered),
            ("lost.webm", State::Recovered)
        ]
    );
    assert!(folder.path().join("notes.txt").exists());
    assert!(!folder.path().join("half.webm.finishing").exists());
    assert!(!folder.path().join("half.json.tmp").exists());
    assert!(folder.path().join("begun.mp4").exists());
    let left = std::fs::read_dir(folder.path()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with("nothing")).count(), 0);
    assert!(folder.path().join("other.state.tmp").exists());
    assert!(store.recover().files.is_empty(), "once is enough");
    store.close();
}

#[test]
fn a_phone_whose_camera_comes_on_later_is_upright_after_a_crash_too() {
    for (codec, formats, ending) in [
        (VideoCodec::H264, "", "mp4"),
        (VideoCodec::Vp8, "vp8-mkv", "mkv"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (store, events) = open(small(folder.path()));
        let mut request = request("bob");
        request.recorder = config(Some(codec), Some(AudioCodec::Opus), formats);
        let handle = store.start(request).unwrap();
        let mut first = tone().remove(0);
        // Longer than sound waits for a camera.
        first.waited = ms(1_000);
        handle.push(first);
        let opened = loop {
            if let Event::Opened(manifest) = events.recv().unwrap() {
                break manifest;
            }
        };
        assert_eq!(opened.tracks[0].rotation, Some(0));
        for mut unit in together(&[pictures(codec), tone()]) {
            unit.at += ms(100);
            if let veche_media::AccessUnitKind::Video { rotation, .. } = &mut unit.kind {
                *rotation = 90;
            }
            handle.push(unit);
        }
        let manifest_path = folder.path().join(&opened.file).with_extension("json");
        until("the manifest tells of it", || {
            Manifest::read(&manifest_path).unwrap().tracks[0].rotation == Some(90)
        });
        until("there are pictures", || {
            let media = folder.path().join(&opened.file);
            inspect(&media).is_ok_and(|found| found.tracks[0].samples > 0)
        });
        // What a crash would leave now.
        let crashed = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, crashed.path().join(path.file_name().unwrap())).unwrap();
        }
        handle.stop();
        let finished = closed(&events);
        store.close();
        let (again, _events) = open(small(crashed.path()));
        let recovered = again.recover().files.remove(0);
        again.close();
        for (manifest, folder) in [(finished, &folder), (recovered, &crashed)] {
            assert_eq!((manifest.part, &*manifest.container), (1, ending));
            assert_eq!(manifest.tracks[0].rotation, Some(90), "{manifest:?}");
            let path = folder.path().join(&manifest.file);
            assert_eq!(decode(&path, &[]), "");
            let mut reader = Reader::open(&path).unwrap();
            let TrackMedia::Video(video) = reader.tracks()[0].media.clone() else {
                panic!("{manifest:?}");
            };
            assert_eq!(video.rotation, 90);
            assert!(reader.next_sample().unwrap().is_some());
        }
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(ms(5));
    }
}

/// A file system of 160 KB. Fails where mounting is not allowed: run the tests
/// as root there, as the browser tests' networks need it too.
#[test]
fn a_disk_that_fills_up_leaves_files_that_play() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=160k", "tmpfs"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(mounted.success(), "mounting a tmpfs needs root");
    let (store, events) = open(small(folder.path()));
    let handles: Vec<_> = (0..4)
        .map(|_| store.start(request("bob")).unwrap())
        .collect();
    let started = Instant::now();
    for round in 0..2 {
        for unit in shifted(units(), ms(4000 * round)) {
            std::thread::sleep(unit.at.saturating_sub(started.elapsed()));
            for handle in &handles {
                assert!(
                    handle.push(unit.clone()),
                    "the one who pushes does not notice"
                );
            }
        }
    }
    let full = events
        .iter()
        .any(|e| matches!(e, Event::Status(Status::Degraded(_))));
    assert!(full);
    drop(handles);
    let (mut played, mut lost) = (0, 0);
    for _ in 0..4 {
        let manifest = closed(&events);
        let path = folder.path().join(&manifest.file);
        println!("{} {:?} {:?}", manifest.file, manifest.state, manifest.note);
        if inspect(&path).is_ok() {
            assert_eq!(decode(&path, &[]), "");
            played += 1;
        } else {
            lost += 1;
        }
    }
    println!("{played} play, {lost} got no space at all");
    assert!(played == 4);
    store.close();
    // Somebody makes room; the next start finishes what is open.
    let grown = std::process::Command::new("mount")
        .args(["-o", "remount,size=8m"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(grown.success());
    let (store, _events) = open(small(folder.path()));
    for manifest in store.recover().files {
        assert!(
            !matches!(manifest.state, State::Recording | State::Closed),
            "{manifest:?}"
        );
    }
    for manifest in store.catalogue().unwrap().manifests {
        if manifest.state == State::Finished {
            assert_eq!(decode(&folder.path().join(&manifest.file), &[]), "");
        }
    }
    store.close();
    let _ = std::process::Command::new("umount")
        .arg(folder.path())
        .status();
}

#[test]
fn what_was_lost_on_the_way_is_in_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(small(folder.path()));
    for lost in [0, 17] {
        let handle = store.start(request("bob")).unwrap();
        for unit in units() {
            assert!(handle.push(unit));
        }
        handle.missing(lost);
        handle.stop();
        let manifest = closed(&events);
        assert_eq!((manifest.degraded, manifest.lost), (lost > 0, lost));
    }
}

#[test]
fn a_recording_of_nothing_says_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(small(folder.path()));
    // As long as twenty turns of the writer, had each to be waited for.
    let began = Instant::now();
    for _ in 0..40 {
        store.start(request("bob")).unwrap().stop();
        let ended = events
            .iter()
            .any(|e| matches!(e, Event::Status(Status::Ended(End::Empty))));
        assert!(ended);
    }
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_short_recording_has_its_name_when_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(small(folder.path()));
    assert!(!store.names_tell_the_end());
    let handle = store.start(request("bob")).unwrap();
    handle.push(units().remove(0));
    handle.stop();
    let mut opened = None;
    let closed = events
        .iter()
        .find_map(|event| match event {
            Event::Opened(manifest) => {
                opened = Some(manifest.file);
                None
            }
            Event::Closed(manifest) => Some(manifest),
            _ => None,
        })
        .unwrap();
    assert_eq!(closed.state, State::Finished);
    assert_eq!(opened, Some(closed.file));
}
