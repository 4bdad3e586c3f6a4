//! The server, or what decodes for it, dies while sound is put into AAC.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use veche_media::AudioCodec;
use veche_record::store::{Manifest, State};
use veche_record::{Container, Growing, Sample, Track, TrackMedia, finish_to};

use crate::files::{is_settled, plays};
use crate::veche::{Veche, until};

const ARGUMENTS: [&str; 2] = ["--no-https", "--set=record_audio=aac"];

/// Long enough to be in the midst of it.
const MINUTES: u64 = 4;

/// A folder with a recording that a server left, plain, before its sound was begun.
fn left_behind() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let records = directory.path().join("data/records");
    fs::create_dir_all(&records).unwrap();
    let tone = crate::recorded::tone();
    let open = directory.path().join("open");
    let tracks = vec![Track::audio("Ann", AudioCodec::Opus)];
    let file = std::io::BufWriter::new(fs::File::create(&open).unwrap());
    let mut growing = Growing::new(Container::Mp4, tracks, file).unwrap();
    for n in 0..MINUTES * 60 * 50 {
        let at = Duration::from_millis(20 * n);
        let sample = Sample {
            track: 0,
            at,
            decode_at: at,
            duration: Duration::from_millis(20),
            keyframe: true,
            data: tone[n as usize % tone.len()].data.clone(),
        };
        growing.push(sample).unwrap();
    }
    growing.finish().unwrap();
    finish_to(&open, &records.join("a.mp4")).unwrap();
    let manifest = Manifest {
        version: 1,
        state: State::Closed,
        file: "a.mp4".to_owned(),
        recording: "a".to_owned(),
        part: 1,
        container: "mp4".to_owned(),
        ..Manifest::default()
    };
    manifest.write(&records.join("a.json")).unwrap();
    directory
}

fn records(veche: &Veche) -> PathBuf {
    veche.directory.path().join("data/records")
}

fn read(records: &Path) -> Option<Manifest> {
    Manifest::read(&records.join("a.json")).ok()
}

fn settled(records: &Path) -> Manifest {
    until("the recording is finished", || {
        read(records).filter(is_settled)
    })
}

fn sound(records: &Path) -> &'static str {
    let reader = veche_record::Reader::open(&records.join("a.mp4")).unwrap();
    match &reader.tracks()[0].media {
        TrackMedia::Audio(audio) => audio.codec.name(),
        other => panic!("{other:?}"),
    }
}

fn files(records: &Path) -> Vec<String> {
    let entries = fs::read_dir(records).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("a.")).collect();
    names.sort();
    names
}

/// Waits until some of it is written, at that attempt.
fn in_the_midst(records: &Path, attempt: u32) {
    until("half of a file", || {
        // What an earlier one left is gone when this says so.
        read(records)?.sound.filter(|s| s.attempts == attempt)?;
        let half = fs::metadata(records.join("a.mp4.finishing.open")).ok()?;
        (half.len() > 200_000).then_some(())
    });
}

#[test]
fn a_server_that_is_killed_in_the_midst_begins_anew() {
    let mut veche = Veche::start_in(left_behind(), &ARGUMENTS);
    let records = records(&veche);
    for attempt in 1..=2 {
        in_the_midst(&records, attempt);
        veche.kill();
        let left = read(&records).unwrap();
        assert_eq!(left.state, State::Closed);
        assert_eq!(left.sound.unwrap().attempts, attempt);
        assert_eq!(sound(&records), "opus", "what was published is there");
        plays(&records.join("a.mp4"));
        veche.start_again(&ARGUMENTS);
    }
    let done = settled(&records);
    assert_eq!((done.state, done.note.clone()), (State::Finished, None));
    assert_eq!(sound(&records), "AAC");
    assert_eq!(
        done.duration_ms.abs_diff(MINUTES * 60_000) / 50,
        0,
        "{done:?}"
    );
    assert_eq!(files(&records), ["a.json", "a.mp4"]);
    plays(&records.join("a.mp4"));
}

#[test]
fn one_that_is_stopped_in_the_midst_goes_down_at_once_and_does_not_count_it() {
    let mut veche = Veche::start_in(left_behind(), &ARGUMENTS);
    let records = records(&veche);
    for _ in 0..4 {
        in_the_midst(&records, 1);
        veche.signal("TERM");
        assert_eq!(veche.ended(), 0);
        let left = read(&records).unwrap();
        assert_eq!(
            (left.state, left.sound.unwrap().attempts),
            (State::Closed, 0)
        );
        assert_eq!(files(&records), ["a.json", "a.mp4"]);
        veche.start_again(&ARGUMENTS);
    }
    assert_eq!(settled(&records).note, None);
    assert_eq!(sound(&records), "AAC");
}

/// The processes that a process has started.
fn children(id: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten();
    let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("children"));
    let lists = tasks.filter_map(|task| of(task.ok()?).ok());
    let ids = lists.flat_map(|list| {
        list.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    ids.collect()
}

#[test]
fn a_codec_process_that_dies_each_time_costs_the_aac_and_nothing_else() {
    let veche = Veche::start_in(left_behind(), &ARGUMENTS);
    let records = records(&veche);
    let mut killed = std::collections::BTreeSet::new();
    let done = until("it is given up", || {
        let begun = fs::metadata(records.join("a.mp4.finishing.open"));
        if begun.is_ok_and(|half| half.len() > 50_000) {
            for child in children(veche.id()) {
                // One that has just ended is refused.
                let _ = Command::new("kill").args(["-KILL", &child]).status();
                killed.insert(child);
            }
        }
        read(&records).filter(is_settled)
    });
    assert_eq!(killed.len(), 3, "three attempts");
    assert_eq!(done.state, State::Finished);
    let note = done.note.unwrap();
    assert!(
        note.contains("not AAC") && note.contains("SIGKILL"),
        "{note}"
    );
    assert_eq!(sound(&records), "opus");
    assert_eq!(files(&records), ["a.json", "a.mp4"]);
    plays(&records.join("a.mp4"));
    assert!(
        veche.log().contains("stays as it was published"),
        "{}",
        veche.log()
    );
}

#[test]
fn without_a_codec_process_recordings_are_as_they_were_published() {
    let nowhere = [("VECHE_CODEC", "/nowhere/veche-codec")];
    let mut veche = Veche::start_with(left_behind(), &ARGUMENTS, &nowhere);
    let records = records(&veche);
    let done = settled(&records);
    let note = done.note.unwrap();
    assert!(note.contains("/nowhere/veche-codec"), "{note}");
    assert_eq!(sound(&records), "opus");
    assert!(!veche.log().contains("sets nothing"), "{}", veche.log());
    // When it is there it is not tried again.
    veche.signal("TERM");
    assert_eq!(veche.ended(), 0);
    veche.start_again(&ARGUMENTS);
    assert_eq!(read(&records).unwrap().note, Some(note));
    assert_eq!(sound(&records), "opus");
}
