//! The file of a room: many tracks, each at its time.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use veche_record::{Container, Extras, Input, MergeOptions, Reader, Text, merge_with};

use crate::ffmpeg::{probe, record, run, tone};
use crate::made::recording;
use crate::support::{near, number};
use crate::transcode;

#[test]
fn everybody_of_a_room_has_aac_at_their_time_and_the_chat_stays() {
    let folder = TempDir::new().unwrap();
    let person = |name: &str, hz: u32, start: f64, seconds: f64| {
        let path = folder.path().join(format!("{name}-{start}.webm"));
        let picture = "color=c=red:s=160x90:r=15";
        record(&path, Some(picture), Some(&format!("sine={hz}")), seconds);
        Input {
            path,
            name: name.to_owned(),
            start: Duration::from_secs_f64(start),
        }
    };
    let inputs = [
        person("Ann", 440, 0.0, 3.0),
        person("Bob", 1000, 2.0, 1.0),
        // Lost, and there again.
        person("Ann", 440, 6.0, 2.0),
    ];
    let options = MergeOptions {
        text_name: "Chat".to_owned(),
        texts: vec![Text {
            at: Duration::from_secs(1),
            duration: Duration::from_secs(2),
            text: "Ann: hi".to_owned(),
        }],
        extras: Extras {
            title: Some("Standup".to_owned()),
            ..Extras::default()
        },
    };
    let path = folder.path().join("room.mkv");
    merge_with(&inputs, Container::Matroska, &path, &options, &mut |_| {
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    let (to, done) = transcode(&path);
    assert_eq!(done.warning, None);

    let (before, after) = (probe(&path), probe(&to));
    assert_eq!(after["format"]["tags"]["title"], "Standup");
    let kinds = |probed: &Value| -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let streams = probed["streams"].as_array().unwrap().iter();
        streams
            .map(|s| (text(&s["codec_name"]), text(&s["tags"]["title"])))
            .collect()
    };
    let mut expected = kinds(&before);
    assert!(expected.iter().any(|(codec, _)| codec == "opus"));
    for (codec, _) in &mut expected {
        if codec == "opus" {
            *codec = "aac".to_owned();
        }
    }
    assert_eq!(kinds(&after), expected);
    let duration = |probed: &Value| number(&probed["format"]["duration"]);
    near(duration(&after), duration(&before), 0.03);

    let sound = |track: usize| -> Vec<f32> {
        let path = to.display().to_string();
        let map = format!("0:a:{track}");
        // Where a track begins late there is silence before it.
        let filter = "aresample=async=1:first_pts=0";
        let args = ["-v", "error", "-i", &path, "-map", &map, "-af", filter];
        let bytes = run(
            "ffmpeg",
            &[&args[..], &["-ac", "1", "-f", "f32le", "-"]].concat(),
        );
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    };
    let (ann, bob) = (sound(0), sound(1));
    let at = |sound: &[f32], from: f64, to: f64, hz: f64| {
        tone(
            &sound[(from * 48_000.0) as usize..(to * 48_000.0) as usize],
            hz,
        )
    };
    assert!(at(&ann, 0.1, 2.9, 440.0) > 0.1 && at(&ann, 6.1, 7.9, 440.0) > 0.1);
    assert!(at(&ann, 3.1, 5.9, 440.0) < 0.002);
    assert!(at(&bob, 2.1, 2.9, 1000.0) > 0.1);
    assert!(at(&bob, 0.0, 1.95, 1000.0) < 0.002);
}

#[test]
fn somebody_who_came_back_has_silence_between_where_mp4_cannot_say_that_there_is_none() {
    let folder = TempDir::new().unwrap();
    let coding = ["-c:a", "libopus"];
    let tone = ("sine=440", &coding[..]);
    let (aac, _) = transcode(&recording(&folder, Container::Mp4, None, tone, 2.0));
    let input = |start: f64| Input {
        path: aac.clone(),
        name: "Ann".to_owned(),
        start: Duration::from_secs_f64(start),
    };
    let room = folder.path().join("room.mp4");
    let inputs = [input(0.0), input(60.5)];
    veche_record::merge(&inputs, Container::Mp4, &room).unwrap();

    let mut reader = Reader::open(&room).unwrap();
    let mut times = Vec::new();
    while let Some(sample) = reader.next_sample().unwrap() {
        times.push(sample.at.as_secs_f64());
    }
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        longest.fold(0.0, f64::max) < 0.043,
        "frames follow each other"
    );
    assert_eq!(crate::support::decode(&room, &[]), "");
    let sound = crate::ffmpeg::sound(&room);
    let loudness = crate::loudness(&sound);
    let within = |from: usize, to: usize| loudness[from * 100..to * 100].iter();
    assert!(within(0, 2).skip(5).all(|l| *l > 0.02));
    assert!(within(3, 60).all(|l| *l < 0.001));
    let begins = loudness.iter().skip(300).position(|l| *l > 0.02).unwrap();
    near(3.0 + begins as f64 / 100.0, 60.5, 0.03);
}
