//! Who is seen, when, and as what.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use veche_film::{Of, find};
use veche_record::journal::Journal;
use veche_record::store::{Manifest, kind, manifest_path};
use veche_record::{Container, Growing, Input, Reader, merge};

use crate::ffmpeg::{colour, probe, record};
use crate::{BLUE, RED, beats, film_of, flash_and_beep_from, is_blue, is_red, secs, small};

#[test]
fn somebody_who_comes_back_at_once_is_seen_again() {
    let folder = TempDir::new().unwrap();
    let ann = folder.path().join("ann.webm");
    record(&ann, Some(RED), Some("sine=440"), 4.0);
    let lines = r#"{"type":"start","version":1,"at_ms":0,"id":"ann","room":"Standup","room_id":"r1","room_start_us":0,"started_at_ms":0}
{"type":"join","at_ms":0,"person":"p1","name":"Ann"}
{"type":"leave","at_ms":1500,"person":"p1"}
{"type":"join","at_ms":2000,"person":"p2","name":"Ann"}
{"type":"end","at_ms":4000}
"#;
    let journal = Journal::parse(lines.as_bytes()).unwrap();
    let mut inputs = find(&ann, &Of::default()).unwrap();
    inputs[0].person = Some("Ann".to_owned());
    let output = folder.path().join("film.mp4");
    let film = film_of(inputs, Some(journal), small(), &output).unwrap();
    assert_eq!(film.people, ["Ann"]);
    let red = |at| is_red(colour(&output, at, "60:60:210:20"));
    assert_eq!([1.0, 1.95, 2.8, 3.8].map(red), [true, false, true, true]);
}

#[test]
fn names_that_files_cut_are_those_of_the_journal() {
    let folder = TempDir::new().unwrap();
    let (camera, screen) = (folder.path().join("c.webm"), folder.path().join("s.webm"));
    record(&camera, Some(RED), Some("sine=440"), 1.0);
    record(&screen, Some(BLUE), None, 1.0);
    for login in [" Ann ".to_owned(), "n".repeat(250), "n".repeat(256)] {
        let lines = format!(
            r#"{{"type":"start","version":1,"at_ms":0,"id":"room","room":"Standup","room_id":"r1","room_start_us":0,"started_at_ms":0}}
{{"type":"join","at_ms":0,"person":"p1","name":"{login}"}}
{{"type":"stream","at_ms":0,"person":"p1","stream":"s1","media_session_id":"m1","source":"camera","audio":true,"video":true}}
{{"type":"stream","at_ms":0,"person":"p1","stream":"s2","media_session_id":"m2","source":"screen","audio":false,"video":true}}
{{"type":"end","at_ms":1000}}
"#
        );
        let journal = Journal::parse(lines.as_bytes()).unwrap();
        let input = |path: &PathBuf, id| Input {
            path: path.clone(),
            name: journal.track_name(id).unwrap(),
            start: Duration::ZERO,
        };
        let inputs = [input(&camera, "m1"), input(&screen, "m2")];
        for (container, name) in [(Container::Matroska, "r.mkv"), (Container::Mp4, "r.mp4")] {
            let room = folder.path().join(name);
            merge(&inputs, container, &room).unwrap();
            let output = folder.path().join("film.mp4");
            let inputs = find(&room, &Of::default()).unwrap();
            let journal = Some(journal.clone());
            let film = film_of(inputs, journal, small(), &output).unwrap();
            assert_eq!(film.people.len(), 1, "{:?}", film.people);
            // The screen is large: not a second face of another name.
            assert!(is_blue(colour(&output, 0.6, "40:40:220:80")), "{login}");
            fs::remove_file(&room).unwrap();
        }
    }
}

#[test]
fn a_film_begins_when_the_room_was_recorded_not_when_its_files_begin() {
    let folder = TempDir::new().unwrap();
    let (ann, room) = (folder.path().join("a.webm"), folder.path().join("room.mkv"));
    beats(&ann);
    let input = Input {
        path: ann,
        name: "Ann".to_owned(),
        start: Duration::ZERO,
    };
    merge(&[input], Container::Matroska, &room).unwrap();
    // Recorded from 2.25 seconds after the room's first publish, at which aligned
    // files begin.
    let lines = r#"{"type":"start","version":1,"at_ms":0,"id":"room","room":"Standup","room_id":"r1","room_start_us":2250000,"started_at_ms":0}
{"type":"join","at_ms":0,"person":"p1","name":"Ann"}
{"type":"end","at_ms":7750}
"#;
    let journal = Journal::parse(lines.as_bytes()).unwrap();
    let mut manifest = Manifest::of_room(&room, kind::ROOM, &journal.start).unwrap();
    manifest.room_start_us = 0;
    manifest.write(&manifest_path(&room)).unwrap();
    let of = Of {
        origin_us: Some(journal.start.room_start_us),
        ..Of::default()
    };
    let inputs = find(&room, &of).unwrap();
    let output = folder.path().join("film.mp4");
    flash_and_beep_from(inputs, Some(journal), 2.25, &output);
    let duration = probe(&output)["format"]["duration"]
        .as_str()
        .map(str::to_owned);
    let duration: f64 = duration.unwrap().parse().unwrap();
    assert!((duration - 7.75).abs() < 0.1, "{duration}");
}

#[test]
fn a_shared_window_that_is_resized_is_seen_whole() {
    let folder = TempDir::new().unwrap();
    let (wide, upright) = (folder.path().join("w.webm"), folder.path().join("u.webm"));
    record(&wide, Some("color=c=red:s=480x270:r=5"), None, 1.0);
    // Blue above and below, where a picture cut to the shape before has nothing.
    let edges = "color=c=red:s=240x270:r=5,drawbox=c=blue:t=fill:h=40,\
                 drawbox=c=blue:t=fill:y=230:h=40";
    record(&upright, Some(edges), None, 1.0);
    // One track, whose header tells the first size.
    let room = folder.path().join("room.mkv");
    let mut track = Reader::open(&wide).unwrap().tracks()[0].clone();
    track.name = "Ann (screen)".to_owned();
    let file = fs::File::create(&room).unwrap();
    let mut growing = Growing::new(Container::Matroska, vec![track], file).unwrap();
    for (path, start) in [(wide, 0.0), (upright, 1.0)] {
        let mut reader = Reader::open(&path).unwrap();
        while let Some(mut sample) = reader.next_sample().unwrap() {
            sample.at += secs(start);
            sample.decode_at += secs(start);
            growing.push(sample).unwrap();
        }
    }
    growing.finish().unwrap();
    let output = folder.path().join("film.mp4");
    let inputs = find(&room, &Of::default()).unwrap();
    film_of(inputs, None, small(), &output).unwrap();
    assert!(is_red(colour(&output, 0.5, "40:20:220:10")));
    for at in [1.1, 1.8] {
        for edge in ["40:8:220:16", "40:8:220:246"] {
            let seen = colour(&output, at, edge);
            assert!(is_blue(seen), "{seen:?} at {at} in {edge}");
        }
    }
}
