//! The last step of a file: its sound in another codec, whatever goes wrong.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use veche_media::{AudioCodec, VideoCodec};
use veche_record::name::Fields;
use veche_record::store::{
    Config, Event, Manifest, PendingSound, Request, SoundTranscoder, State, Store, TranscodeError,
    Transcoded, growing,
};
use veche_record::{inspect, recorder};

use crate::support::*;

/// What happens to a file.
#[derive(Clone, Debug)]
enum Fate {
    Done(Option<&'static str>),
    Error(TranscodeError),
    Panic,
    /// Writes half a file and waits until everything stops.
    Hang,
}

/// Does what the test says, once each time; then it is done.
#[derive(Debug, Default)]
struct Fates {
    fates: Mutex<VecDeque<Fate>>,
    begun: Mutex<Option<Sender<()>>>,
    at_once: AtomicUsize,
    most: AtomicUsize,
    times: AtomicUsize,
}

impl Fates {
    fn new(fates: impl IntoIterator<Item = Fate>) -> Arc<Self> {
        Arc::new(Self {
            fates: Mutex::new(fates.into_iter().collect()),
            ..Self::default()
        })
    }

    fn times(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }
}

impl SoundTranscoder for Fates {
    fn transcode(
        &self,
        from: &Path,
        to: &Path,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Transcoded, TranscodeError> {
        self.times.fetch_add(1, Ordering::SeqCst);
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(at_once, Ordering::SeqCst);
        if let Some(begun) = &*self.begun.lock().unwrap() {
            begun.send(()).unwrap();
        }
        let fate = self.fates.lock().unwrap().pop_front();
        let done = match fate.unwrap_or(Fate::Done(None)) {
            Fate::Done(warning) => {
                std::fs::copy(from, to).unwrap();
                Ok(Transcoded {
                    summary: inspect(to).unwrap(),
                    warning: warning.map(str::to_owned),
                })
            }
            Fate::Error(error) => Err(error),
            Fate::Panic => {
                self.at_once.fetch_sub(1, Ordering::SeqCst);
                panic!("a fault");
            }
            Fate::Hang => {
                std::fs::write(to, "half").unwrap();
                std::fs::write(growing(to), "half").unwrap();
                while go_on() {
                    std::thread::yield_now();
                }
                Err(TranscodeError::Stopped)
            }
        };
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        done
    }
}

fn open(folder: &Path, fates: &Arc<Fates>) -> (Store, Receiver<Event>) {
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let listener = Arc::new(move |_, event| {
        let _ = sender.lock().unwrap().send(event);
    });
    let sound: Arc<dyn SoundTranscoder> = Arc::clone(fates) as _;
    let config = Config {
        min_free_bytes: 1,
        sound: Some(sound),
        ..Config::new(folder.to_owned())
    };
    (Store::open(config, listener).unwrap(), events)
}

fn request(login: &str, video: VideoCodec) -> Request {
    Request {
        recorder: config(Some(video), Some(AudioCodec::Opus), ""),
        name: Fields {
            media_session_id: "m".to_owned(),
            login: login.to_owned(),
            ..Fields::default()
        },
        ..Request::default()
    }
}

fn push(store: &Store, login: &str, video: VideoCodec) {
    let handle = store.start(request(login, video)).unwrap();
    for unit in together(&[pictures(video), tone()]) {
        assert!(handle.push(unit));
    }
}

fn next(events: &Receiver<Event>) -> Event {
    loop {
        let event = events.recv_timeout(Duration::from_secs(30)).unwrap();
        if matches!(event, Event::Finishing(_) | Event::Closed(_)) {
            return event;
        }
    }
}

fn closed(events: &Receiver<Event>) -> Manifest {
    match next(events) {
        Event::Closed(manifest) => *manifest,
        _ => closed(events),
    }
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn manifest(folder: &TempDir, name: &str) -> Manifest {
    Manifest::read(&folder.path().join(name)).unwrap()
}

#[test]
fn a_file_is_told_to_wait_and_then_to_be_finished() {
    let folder = tempfile::tempdir().unwrap();
    let (store, events) = open(folder.path(), &Fates::new([]));
    push(&store, "ann", VideoCodec::H264);
    let Event::Finishing(waiting) = next(&events) else {
        panic!("told first");
    };
    assert_eq!((waiting.state, waiting.tracks.len()), (State::Closed, 2));
    assert_eq!(waiting.duration_ms / 100, 40, "it is plain by now");
    let done = closed(&events);
    assert_eq!((done.state, done.sound), (State::Finished, None));
    assert_eq!(done.note, None);
    assert_eq!(manifest(&folder, "stream-m-ann.json"), done);
    assert_eq!(files(&folder), ["stream-m-ann.json", "stream-m-ann.mp4"]);
    store.close();
}

#[test]
fn what_is_lost_on_the_way_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let fates = Fates::new([Fate::Done(Some("2 packets are silence"))]);
    let (store, events) = open(folder.path(), &fates);
    push(&store, "ann", VideoCodec::H264);
    let done = closed(&events);
    assert_eq!(done.note.as_deref(), Some("2 packets are silence"));
    store.close();
}

#[test]
fn webm_takes_no_aac_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let fates = Fates::new([]);
    let (store, events) = open(folder.path(), &fates);
    push(&store, "ann", VideoCodec::Vp8);
    assert!(matches!(next(&events), Event::Closed(m) if m.state == State::Finished));
    assert_eq!(fates.times(), 0);
    store.close();
}

/// A fate that leaves the file as it was published, and how often it is tried.
fn stays(fate: &Fate, tries: usize, says: &str) {
    let folder = tempfile::tempdir().unwrap();
    let fates = Fates::new(vec![fate.clone(); tries]);
    let (store, events) = open(folder.path(), &fates);
    push(&store, "ann", VideoCodec::H264);
    let done = closed(&events);
    assert_eq!(
        (done.state, done.sound),
        (State::Finished, None),
        "{fate:?}"
    );
    let note = done.note.clone().unwrap();
    assert!(
        note.contains("not AAC") && note.contains(says),
        "{fate:?}: {note}"
    );
    assert_eq!(fates.times(), tries, "{fate:?}");
    assert_eq!(manifest(&folder, "stream-m-ann.json"), done);
    assert_eq!(files(&folder), ["stream-m-ann.json", "stream-m-ann.mp4"]);
    assert_eq!(decode(&folder.path().join(&done.file), &[]), "");
    // No restart tries it again.
    store.close();
    let (store, _events) = open(folder.path(), &fates);
    assert!(store.recover().files.is_empty());
    assert_eq!(fates.times(), tries);
    store.close();
}

#[test]
fn whatever_fails_leaves_the_file_as_it_was_published() {
    let failed = TranscodeError::Failed("no codecs here".to_owned());
    stays(&Fate::Error(failed), 1, "no codecs here");
    let crashed = TranscodeError::Crashed("SIGSEGV".to_owned());
    stays(&Fate::Error(crashed), 3, "SIGSEGV");
    stays(&Fate::Panic, 1, "a fault of the server");
}

#[test]
fn a_crash_by_chance_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let crashed = Fate::Error(TranscodeError::Crashed("SIGKILL".to_owned()));
    let fates = Fates::new([crashed]);
    let (store, events) = open(folder.path(), &fates);
    push(&store, "ann", VideoCodec::H264);
    let done = closed(&events);
    assert_eq!((done.state, done.note), (State::Finished, None));
    assert_eq!(fates.times(), 2);
    store.close();
}

#[test]
fn what_is_stopped_is_begun_anew_at_the_next_start_as_often_as_need_be() {
    let folder = tempfile::tempdir().unwrap();
    let fates = Fates::new(vec![Fate::Hang; 5]);
    let (sender, begun) = mpsc::channel();
    *fates.begun.lock().unwrap() = Some(sender);
    let (store, events) = open(folder.path(), &fates);
    push(&store, "ann", VideoCodec::H264);
    push(&store, "bob", VideoCodec::H264);
    for _ in 0..2 {
        assert!(matches!(next(&events), Event::Finishing(_)));
    }
    begun.recv().unwrap();
    store.close();
    for _ in 0..4 {
        assert!(events.try_iter().all(|e| !matches!(e, Event::Closed(_))));
        for name in ["ann", "bob"] {
            let waits = manifest(&folder, &format!("stream-m-{name}.json"));
            let pending = PendingSound {
                then: State::Finished,
                attempts: 0,
            };
            assert_eq!((waits.state, waits.sound), (State::Closed, Some(pending)));
        }
        assert_eq!(files(&folder).len(), 4, "no halves are left");
        let (store, _events) = open(folder.path(), &fates);
        let store = Arc::new(store);
        let recovering = {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                let mut told = 0;
                let recovery = store.recover_with(|_| told += 1);
                (told, recovery.files)
            })
        };
        begun.recv().unwrap();
        store.sounds().unwrap().stop();
        let (told, files) = recovering.join().unwrap();
        assert_eq!((told, files.len()), (0, 2));
        assert!(files.iter().all(|m| m.state == State::Closed));
        Arc::into_inner(store).unwrap().close();
    }
    let (store, _events) = open(folder.path(), &fates);
    let mut told = Vec::new();
    store.recover_with(|manifest| told.push((manifest.state, manifest.sound)));
    assert_eq!(told, [(State::Finished, None); 2]);
    store.close();
}

/// A folder as a server leaves it that was killed at that attempt.
fn killed(folder: &TempDir, state: State, sound: Option<PendingSound>) {
    let units = together(&[pictures(VideoCodec::H264), tone()]);
    let recorder = recorder::Config {
        ..request("ann", VideoCodec::H264).recorder
    };
    let part = record(recorder, &units).parts.remove(0);
    let media = write(folder.path(), "a.mp4", &part.bytes);
    if state == State::Closed {
        veche_record::finish(&media).unwrap();
        write(folder.path(), "a.mp4.finishing", b"half");
        write(folder.path(), "a.mp4.finishing.open", b"half");
    }
    let manifest = Manifest {
        version: 1,
        state,
        sound,
        file: "a.mp4".to_owned(),
        recording: "a".to_owned(),
        part: 1,
        container: "mp4".to_owned(),
        ..Manifest::default()
    };
    manifest.write(&folder.path().join("a.json")).unwrap();
}

#[test]
fn what_a_kill_left_is_begun_anew_but_not_for_ever() {
    let pending = |then, attempts| Some(PendingSound { then, attempts });
    for (state, sound, expected, tries) in [
        (State::Recording, None, State::Recovered, 1),
        (State::Closed, None, State::Finished, 1),
        (
            State::Closed,
            pending(State::Recovered, 1),
            State::Recovered,
            1,
        ),
        (
            State::Closed,
            pending(State::Finished, 2),
            State::Finished,
            1,
        ),
        (
            State::Closed,
            pending(State::Finished, 3),
            State::Finished,
            0,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        killed(&folder, state, sound);
        let fates = Fates::new([]);
        let (store, _events) = open(folder.path(), &fates);
        let found = store.recover().files.remove(0);
        assert_eq!((found.state, found.sound), (expected, None), "{sound:?}");
        assert_eq!(fates.times(), tries, "{sound:?}");
        assert_eq!(found.note.is_some(), tries == 0, "{:?}", found.note);
        assert_eq!(files(&folder), ["a.json", "a.mp4"]);
        assert_eq!(decode(&folder.path().join("a.mp4"), &[]), "");
        store.close();
    }
}

#[test]
fn whoever_turns_it_off_has_the_file_as_it_was_published() {
    let folder = tempfile::tempdir().unwrap();
    let pending = PendingSound {
        then: State::Recovered,
        attempts: 1,
    };
    killed(&folder, State::Closed, Some(pending));
    let config = Config::new(folder.path().to_owned());
    let store = Store::open(config, Arc::new(|_, _| {})).unwrap();
    let found = store.recover().files.remove(0);
    assert_eq!((found.state, found.sound), (State::Recovered, None));
    store.close();
}

#[test]
fn a_disk_without_room_for_it_leaves_the_file_as_it_was_published() {
    let folder = tempfile::tempdir().unwrap();
    let pending = PendingSound {
        then: State::Finished,
        attempts: 1,
    };
    killed(&folder, State::Closed, Some(pending));
    let fates = Fates::new([]);
    let sound: Arc<dyn SoundTranscoder> = Arc::clone(&fates) as _;
    let config = Config {
        min_free_bytes: u64::MAX / 2,
        sound: Some(sound),
        ..Config::new(folder.path().to_owned())
    };
    let store = Store::open(config, Arc::new(|_, _| {})).unwrap();
    let found = store.recover().files.remove(0);
    assert_eq!((found.state, fates.times()), (State::Finished, 0));
    assert!(found.note.unwrap().contains("bytes free on the disk"));
    store.close();
}

#[test]
fn one_file_is_worked_on_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    killed(&folder, State::Recording, None);
    let fates = Fates::new([]);
    let (store, events) = open(folder.path(), &fates);
    for name in ["ann", "bob", "cid"] {
        push(&store, name, VideoCodec::H264);
    }
    assert_eq!(store.recover().files.len(), 1);
    for _ in 0..3 {
        assert_eq!(closed(&events).state, State::Finished);
    }
    assert_eq!(fates.times(), 4);
    assert_eq!(fates.most.load(Ordering::SeqCst), 1);
    store.close();
}

#[test]
fn names_say_what_the_sound_becomes_from_the_beginning() {
    for (template, expected) in [
        ("{login}-{audioCodec}", "ann-AAC.mp4"),
        ("{login}-{audioCodec}-{duration}", "ann-AAC-4000.mp4"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let fates = Fates::new([]);
        let sound: Arc<dyn SoundTranscoder> = Arc::clone(&fates) as _;
        let (sender, events) = mpsc::channel();
        let sender = Mutex::new(sender);
        let config = Config {
            min_free_bytes: 1,
            sound: Some(sound),
            template: template.parse().unwrap(),
            ..Config::new(folder.path().to_owned())
        };
        let listener = Arc::new(move |_, event| sender.lock().unwrap().send(event).unwrap());
        let store = Store::open(config, listener).unwrap();
        push(&store, "ann", VideoCodec::H264);
        let done = closed(&events);
        assert_eq!(done.file, expected);
        assert!(folder.path().join(expected).exists());
        store.close();
    }
}
