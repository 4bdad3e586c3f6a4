use veche_media::{AudioCodec, VideoCodec};
use veche_record::{Container, Input, MergeError, finish, merge};

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
        let summary = merge(&inputs, container, &to).unwrap();
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
