use std::ops::ControlFlow;
use veche_media::{AudioCodec, VideoCodec};

use veche_record::{
    Container, Extras, Input, MergeError, MergeOptions, Reader, finish, merge, merge_with,
};

use crate::support::*;

#[test]
fn recordings_of_a_room_become_one_file_with_names_and_true_starts() {
    for (container, name) in [
        (Container::Matroska, "room.mkv"),
        (Container::Mp4, "room.mp4"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let record = |codec, name: &str, finished: bool| {
            let units = together(&[pictures(codec), tone()]);
            let part = record(config(Some(codec), Some(AudioCodec::Opus), ""), &units)
                .parts
                .remove(0);
            let path = write(folder.path(), name, &part.bytes);
            if finished {
                finish(&path).unwrap();
            }
            path
        };
        let inputs = [
            Input {
                path: record(VideoCodec::H264, "alice.mp4", true),
                name: "Alice".to_owned(),
                start: ms(0),
            },
            // The server died before this one was finished.
            Input {
                path: record(VideoCodec::Vp8, "bob.webm", false),
                name: "Bob".to_owned(),
                start: ms(10_000),
            },
            // Alice came back.
            Input {
                path: record(VideoCodec::H264, "alice-part2.mp4", true),
                name: "Alice".to_owned(),
                start: ms(20_000),
            },
        ];
        let to = folder.path().join(name);
        let summary = merge(&inputs, container, &to).unwrap().summary;
        assert_eq!(summary.tracks.len(), 4);
        assert_eq!(decode(&to, &[]), "");
        let probed = probe(&to);
        near(number(&probed["format"]["duration"]), 24.0, 0.05);
        let streams = probed["streams"].as_array().unwrap();
        let frames: Vec<_> = streams
            .iter()
            .map(|s| number(&s["nb_read_frames"]))
            .collect();
        assert_eq!((frames[0], frames[2]), (120.0, 60.0));
        near(number(&streams[2]["start_time"]), 10.0, 0.002);
        let title = if container == Container::Mp4 {
            "handler_name"
        } else {
            "title"
        };
        assert_eq!(streams[0]["tags"][title], "Alice");
        assert_eq!(streams[2]["tags"][title], "Bob");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 4, "only the recordings and the room's file");
    }
}

#[test]
fn a_recording_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let bad = write(folder.path(), "bad.mkv", b"not a film");
    let input = Input {
        path: bad.clone(),
        name: "Bob".to_owned(),
        start: ms(0),
    };
    let error = merge(&[input], Container::Matroska, &folder.path().join("a")).unwrap_err();
    assert!(matches!(&error, MergeError::Input { path, .. } if *path == bad));
    assert!(error.to_string().contains("bad.mkv"));
    let none = merge(&[], Container::Matroska, &folder.path().join("a"));
    assert!(matches!(none, Err(MergeError::Nothing)));
}

fn recording(folder: &std::path::Path, name: &str, seconds: u64) -> std::path::PathBuf {
    let mut units = Vec::new();
    for turn in 0..seconds.div_ceil(4) {
        let four = together(&[pictures(VideoCodec::H264), tone()]);
        units.extend(shifted(four, ms(turn * 4_000)));
    }
    let config = config(Some(VideoCodec::H264), Some(AudioCodec::Opus), "");
    let part = record(config, &units).parts.remove(0);
    let path = write(folder, name, &part.bytes);
    finish(&path).unwrap();
    path
}

fn input(path: &std::path::Path, name: &str, start: u64) -> Input {
    Input {
        path: path.to_owned(),
        name: name.to_owned(),
        start: ms(start),
    }
}

#[test]
fn a_recording_that_is_broken_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let good = recording(folder.path(), "good.mp4", 4);
    // The movie box of this one tells of media that is no longer there.
    let cut = recording(folder.path(), "cut.mp4", 4);
    let length = std::fs::metadata(&cut).unwrap().len();
    let file = std::fs::File::options().write(true).open(&cut).unwrap();
    file.set_len(length - 8_000).unwrap();
    let bad = write(folder.path(), "bad.mkv", b"not a film");
    let gone = folder.path().join("gone.mp4");
    let inputs = [
        input(&bad, "Bob", 0),
        input(&good, "Alice", 0),
        input(&cut, "Carol", 1_000),
        input(&gone, "Dave", 0),
    ];
    let to = folder.path().join("room.mkv");
    let merged = merge(&inputs, Container::Matroska, &to).unwrap();
    let paths: Vec<_> = merged.warnings.iter().map(|w| w.path.clone()).collect();
    assert_eq!(paths, [bad, gone, cut]);
    let until = merged.warnings[2].until.unwrap();
    assert!(until > ms(500) && until < ms(4_000), "{until:?}");
    assert!(merged.warnings[0].until.is_none());
    assert_eq!(merged.summary.tracks.len(), 4);
    assert_eq!(merged.summary.tracks[0].samples, 60);
    assert_eq!(decode(&to, &[]), "");
    near(
        number(&probe(&to)["format"]["duration"]),
        (ms(1_000) + until).as_secs_f64().max(4.0),
        0.1,
    );
}

#[test]
fn a_camera_a_screen_and_the_chat_are_tracks_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let camera = recording(folder.path(), "camera.mp4", 4);
    let screen = recording(folder.path(), "screen.mp4", 4);
    let journal = "{\"type\":\"start\",\"version\":1,\"at_ms\":0,\"id\":\"a\",\"room\":\"r\",\
        \"room_id\":\"r\",\"room_start_us\":5000000,\"started_at_ms\":0}\n\
        {\"type\":\"chat\",\"at_ms\":500,\"person\":\"p\",\"name\":\"Al\",\"text\":\"one\"}\n\
        {\"type\":\"chat\",\"at_ms\":2000,\"person\":\"p\",\"name\":\"Bo\",\"text\":\"two\"}\n\
        {\"type\":\"chat\",\"at_ms\":2000,\"person\":\"p\",\"name\":\"Bo\",\"text\":\"three\"}\n\
        {\"type\":\"chat\",\"at_ms\":9000,\"person\":\"p\",\"name\":\"Bo\",\"text\":\"four\"}\n";
    let journal = veche_record::journal::Journal::parse(journal.as_bytes()).unwrap();
    // The file begins a little later than the journal.
    let texts = veche_record::chat(&journal, 5_400_000);
    let all: Vec<_> = texts
        .iter()
        .map(|t| (t.at.as_millis(), t.duration.as_millis(), t.text.as_str()))
        .collect();
    assert_eq!(
        all,
        [
            (100, 1_500, "Al: one"),
            (1_600, 4_500, "Al: one\nBo: two\nBo: three"),
            (6_100, 1_500, "Bo: two\nBo: three"),
            (8_600, 6_000, "Bo: four"),
        ]
    );
    assert!(veche_record::chat(&journal, 6_000_000).len() == 2);
    let options = MergeOptions {
        text_name: "Chat".to_owned(),
        texts: texts.clone(),
        extras: Extras {
            title: Some("r".to_owned()),
            ..Extras::default()
        },
    };
    for container in [Container::Matroska, Container::Mp4] {
        let to = folder.path().join(format!("room.{container}"));
        let inputs = [input(&camera, "Al", 0), input(&screen, "Al (screen)", 0)];
        let mut shares = Vec::new();
        let merged = merge_with(&inputs, container, &to, &options, &mut |share| {
            shares.push(share);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(merged.warnings.is_empty());
        assert!(shares.is_sorted() && shares.last() == Some(&1.0));
        let names: Vec<_> = merged
            .summary
            .tracks
            .iter()
            .map(|t| t.track.name.as_str())
            .collect();
        assert_eq!(names, ["Al", "Al", "Al (screen)", "Al (screen)", "Chat"]);
        let mut reader = Reader::open(&to).unwrap();
        let mut read = Vec::new();
        while let Some(sample) = reader.next_sample().unwrap() {
            if sample.track == 4 {
                let text = String::from_utf8(sample.data.to_vec()).unwrap();
                read.push((sample.at.as_millis(), sample.duration.as_millis(), text));
            }
        }
        assert_eq!(read.len(), all.len());
        for (is, was) in read.iter().zip(&all) {
            // In MP4 one that follows at once follows a tick later.
            assert!(is.0.abs_diff(was.0) <= 1 && is.1.abs_diff(was.1) <= 1);
            assert_eq!(is.2, was.2);
        }
        assert_eq!(decode(&to, &[]), "");
    }
}

#[test]
fn putting_together_can_be_cancelled_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(folder.path(), "a.mp4", 4);
    let to = folder.path().join("room.mkv");
    let cancelled = merge_with(
        &[input(&path, "Al", 0)],
        Container::Matroska,
        &to,
        &MergeOptions::default(),
        &mut |_| ControlFlow::Break(()),
    );
    assert!(matches!(cancelled, Err(MergeError::Cancelled)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn more_recordings_than_files_may_be_open_are_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(folder.path(), "a.mp4", 4);
    let inputs: Vec<_> = (0..1_500).map(|n| input(&path, "Al", n * 5_000)).collect();
    let merged = merge(
        &inputs,
        Container::Matroska,
        &folder.path().join("room.mkv"),
    )
    .unwrap();
    assert!(merged.warnings.is_empty());
    assert_eq!(merged.summary.tracks.len(), 2);
    assert_eq!(merged.summary.tracks[0].samples, 60 * 1_500);
}

/// When the samples of each track are, in milliseconds.
fn times_of_tracks(path: &std::path::Path) -> Vec<Vec<u128>> {
    let mut reader = Reader::open(path).unwrap();
    let mut times = vec![Vec::new(); reader.tracks().len()];
    while let Some(sample) = reader.next_sample().unwrap() {
        times[sample.track].push(sample.at.as_millis());
    }
    times
}

#[test]
fn streams_of_one_name_at_the_same_time_have_tracks_of_their_own() {
    for container in [Container::Matroska, Container::Mp4] {
        let folder = tempfile::tempdir().unwrap();
        let path = recording(folder.path(), "a.mp4", 12);
        let alone = times_of_tracks(&path);
        let to = folder.path().join(format!("room.{container}"));
        // Two people who are called the same, and the first one's return.
        let inputs = [
            input(&path, "Al", 0),
            input(&path, "Al", 5_000),
            input(&path, "Al", 13_000),
        ];
        let summary = merge(&inputs, container, &to).unwrap().summary;
        assert_eq!(summary.tracks.len(), 4, "{container}");
        let times = times_of_tracks(&to);
        for (track, start) in [(0, 0), (1, 0), (2, 5_000), (3, 5_000)] {
            let here: Vec<_> = alone[track % 2].iter().map(|at| at + start).collect();
            let there = &times[track][..here.len()];
            let is_same = here.iter().zip(there).all(|(a, b)| a.abs_diff(*b) <= 1);
            assert!(is_same, "{container}, track {track}: {there:?}");
        }
        let counts: Vec<_> = times.iter().map(Vec::len).collect();
        let (pictures, sounds) = (alone[0].len(), alone[1].len());
        assert_eq!(counts, [2 * pictures, 2 * sounds, pictures, sounds]);
        assert_eq!(decode(&to, &[]), "");
    }
}

#[test]
fn an_open_recording_tells_how_long_it_is_by_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let units = together(&[pictures(VideoCodec::Vp8), tone()]);
    let config = config(Some(VideoCodec::Vp8), Some(AudioCodec::Opus), "");
    let part = record(config, &units).parts.remove(0);
    let path = write(folder.path(), "a.webm", &part.bytes);
    for (start, tracks) in [(1_000, 4), (4_000, 2)] {
        let inputs = [input(&path, "Al", 0), input(&path, "Al", start)];
        let to = folder.path().join("room.mkv");
        let summary = merge(&inputs, Container::Matroska, &to).unwrap().summary;
        assert_eq!(summary.tracks.len(), tracks);
    }
}
