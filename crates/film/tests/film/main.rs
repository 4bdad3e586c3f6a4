//! Films, from what ffmpeg recorded to what ffmpeg sees in them.
#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]

mod aac;
mod dress;
mod ffmpeg;
mod foreign;
mod hostile;
mod people;
mod voices;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use veche_codec::Codecs;
use veche_film::{Chat, Film, FilmError, InputError, InputFile, Of, Order, Settings, find, make};
use veche_record::journal::{self, Journal};
use veche_record::{Container, Input, MergeOptions, chat, merge, merge_with};

use ffmpeg::{colour, lumas, probe, record, sound, tone};

const RED: &str = "color=c=red:s=320x180:r=15";
const BLUE: &str = "color=c=blue:s=320x180:r=15";

/// A small film.
fn small() -> Settings {
    let mut settings = Settings {
        fps: 15,
        preset: "ultrafast".into(),
        ..Settings::default()
    };
    (settings.picture.width, settings.picture.height) = (480, 270);
    settings
}

fn film_of(
    inputs: Vec<InputFile>,
    journal: Option<Journal>,
    settings: Settings,
    output: &Path,
) -> Result<Film, FilmError> {
    let order = Order {
        inputs,
        journal,
        output: output.to_owned(),
        settings,
    };
    make(&order, &Codecs::find().unwrap(), &mut |_| true)
}

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn is_red([r, _, b]: [u8; 3]) -> bool {
    r > 150 && b < 90
}

fn is_blue([r, _, b]: [u8; 3]) -> bool {
    b > 150 && r < 90
}

/// What a player plays of a film; the track that players read chapters from is
/// none of it.
fn kinds(film: &Path) -> Vec<String> {
    let probed = probe(film);
    let streams = probed["streams"].as_array().unwrap().iter();
    let kinds = streams.map(|s| s["codec_type"].as_str().unwrap().to_owned());
    kinds.filter(|kind| kind != "data").collect()
}

fn tone_at(sound: &[f32], from: f64, to: f64, hz: f64) -> f64 {
    tone(
        &sound[(from * 48_000.0) as usize..(to * 48_000.0) as usize],
        hz,
    )
}

/// Ann in red with 440 Hz for six seconds; Bob in blue with 1000 Hz from two to
/// four. One file, and its journal.
fn meeting(folder: &Path) -> (PathBuf, Journal) {
    let (ann, bob) = (folder.join("ann.webm"), folder.join("bob.webm"));
    record(&ann, Some(RED), Some("sine=440"), 6.0);
    record(&bob, Some(BLUE), Some("sine=1000"), 2.0);
    let input = |path, name: &str, start| Input {
        path,
        name: name.to_owned(),
        start: secs(start),
    };
    let room = folder.join("room.mkv");
    let lines = r#"{"type":"start","version":1,"at_ms":0,"id":"room","room":"Standup","room_id":"r1","room_start_us":0,"started_at_ms":0}
{"type":"join","at_ms":0,"person":"p1","name":"Ann"}
{"type":"chat","at_ms":1000,"person":"p1","name":"Ann","text":"anybody there?"}
{"type":"join","at_ms":1900,"person":"p2","name":"Bob"}
{"type":"leave","at_ms":4100,"person":"p2"}
{"type":"leave","at_ms":6000,"person":"p1"}
{"type":"end","at_ms":9000}
"#;
    let path = folder.join("room.room.jsonl");
    std::fs::write(&path, lines).unwrap();
    let journal = journal::read(&path).unwrap();
    let options = MergeOptions {
        text_name: "Chat".to_owned(),
        texts: chat(&journal, 0),
        ..MergeOptions::default()
    };
    merge_with(
        &[input(ann, "Ann", 0.0), input(bob, "Bob", 2.0)],
        Container::Matroska,
        &room,
        &options,
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    (room, journal)
}

#[test]
fn people_are_seen_and_heard_when_they_are_there() {
    let folder = TempDir::new().unwrap();
    let (room, journal) = meeting(folder.path());
    let output = folder.path().join("film.mp4");
    let inputs = find(&room, &Of::default()).unwrap();
    let film = film_of(inputs, Some(journal), small(), &output).unwrap();

    assert_eq!(
        (&*film.room, &film.people[..]),
        ("Standup", &["Ann".to_owned(), "Bob".to_owned()][..])
    );
    assert_eq!(film.warnings, Vec::<String>::new());
    let middle = "40:40:220:115";
    assert!(
        is_red(colour(&output, 1.0, middle)),
        "Ann alone is in the middle"
    );
    let (left, right) = (
        colour(&output, 3.0, "60:60:90:105"),
        colour(&output, 3.0, "60:60:330:105"),
    );
    assert!(
        is_red(left) && is_blue(right),
        "side by side: {left:?} {right:?}"
    );
    assert!(is_red(colour(&output, 5.5, middle)), "Ann alone again");

    let sound = sound(&output);
    for (from, to, ann, bob) in [
        (0.5, 1.5, true, false),
        (2.5, 3.5, true, true),
        (4.6, 5.6, true, false),
    ] {
        assert_eq!(
            tone_at(&sound, from, to, 440.0) > 0.05,
            ann,
            "Ann at {from}"
        );
        assert_eq!(
            tone_at(&sound, from, to, 1000.0) > 0.05,
            bob,
            "Bob at {from}"
        );
    }

    let probed = probe(&output);
    let duration: f64 = probed["format"]["duration"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((duration - 6.0).abs() < 0.1, "{duration}");
    assert_eq!(probed["format"]["tags"]["title"], "Standup");
    let streams = probed["streams"].as_array().unwrap();
    let of = |kind: &str, name: &str| {
        streams
            .iter()
            .find(|s| s["codec_type"] == kind && s["codec_name"] == name)
    };
    let video = of("video", "h264").unwrap();
    let pictures: u32 = video["nb_read_packets"].as_str().unwrap().parse().unwrap();
    assert!((90..=92).contains(&pictures), "{pictures}");
    assert_eq!(
        video["color_space"], "smpte170m",
        "what browsers' cameras are"
    );
    assert!(of("audio", "aac").is_some());
    assert!(of("subtitle", "mov_text").is_some());
    let chapters = probed["chapters"].as_array().unwrap();
    let titles: Vec<_> = chapters
        .iter()
        .map(|c| c["tags"]["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["Standup: Ann and Bob join"]);
    let text = ffmpeg::run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-i",
            &output.display().to_string(),
            "-map",
            "0:s",
            "-f",
            "srt",
            "-",
        ],
    );
    assert!(String::from_utf8_lossy(&text).contains("Ann: anybody there?"));
}

#[test]
fn the_chat_is_burnt_in_when_asked_for() {
    let folder = TempDir::new().unwrap();
    let (room, journal) = meeting(folder.path());
    let mut pictures = Vec::new();
    for chat in [Chat::Off, Chat::Burn] {
        let mut settings = small();
        settings.chat = chat;
        settings.picture.show_chat = chat == Chat::Burn;
        let output = folder.path().join("film.mp4");
        let inputs = find(&room, &Of::default()).unwrap();
        film_of(inputs, Some(journal.clone()), settings, &output).unwrap();
        let path = output.display().to_string();
        pictures.push(ffmpeg::run(
            "ffmpeg",
            &[
                "-v",
                "error",
                "-ss",
                "1.5",
                "-i",
                &path,
                "-frames:v",
                "1",
                "-f",
                "rawvideo",
                "-pix_fmt",
                "gray",
                "-",
            ],
        ));
        assert_eq!(kinds(&output), ["video", "audio"], "no subtitles beside it");
    }
    let differ = pictures[0]
        .iter()
        .zip(&pictures[1])
        .filter(|(a, b)| a.abs_diff(**b) > 40)
        .count();
    assert!(
        differ > 100,
        "letters on the picture: {differ} pixels differ"
    );
}

/// A recording of ten seconds that flashes and beeps.
fn beats(path: &Path) {
    // White and loud for a tenth of each second from half of it on.
    let beat = "between(mod(t\\,1)\\,0.5\\,0.6)";
    record(
        path,
        Some(&format!(
            "color=c=black:s=320x180:r=30,drawbox=c=gray:t=fill:enable='1',drawbox=c=white:t=fill:enable='{beat}'"
        )),
        Some(&format!("aevalsrc=exprs='sin(2*PI*1000*t)*{beat}':s=48000")),
        10.0,
    );
}

/// Makes a film of it, in which they are where they were.
fn flash_and_beep_together(path: &Path) {
    let inputs = find(path, &Of::default()).unwrap();
    flash_and_beep_from(inputs, None, 0.0, &path.with_file_name("film.mp4"));
}

/// The same of a film that begins so many seconds into it.
fn flash_and_beep_from(inputs: Vec<InputFile>, journal: Option<Journal>, from: f64, output: &Path) {
    let mut settings = small();
    settings.fps = 30;
    let film = film_of(inputs, journal, settings, output).unwrap();

    assert_eq!(
        film.warnings,
        Vec::<String>::new(),
        "ffmpeg's own file is read to its end"
    );

    let lumas = lumas(output, "100:100:190:85");
    let flashes: Vec<f64> = (1..lumas.len())
        .filter(|n| lumas[*n] > 190 && lumas[*n - 1] <= 190)
        .map(|n| n as f64 / 30.0)
        .collect();
    let sound = sound(output);
    let window = 240;
    let loud: Vec<bool> = sound
        .chunks_exact(window)
        .map(|w| w.iter().map(|s| s * s).sum::<f32>() / window as f32 > 0.01)
        .collect();
    let beeps: Vec<f64> = (1..loud.len())
        .filter(|n| loud[*n] && !loud[*n - 1])
        .map(|n| n as f64 * window as f64 / 48_000.0)
        .collect();
    let wanted: Vec<f64> = (0..10)
        .map(|n| f64::from(n) + 0.5 - from)
        .filter(|at| *at > 0.0)
        .collect();
    assert_eq!(
        (flashes.len(), beeps.len()),
        (wanted.len(), wanted.len()),
        "{flashes:?} {beeps:?}"
    );
    for (wanted, (flash, beep)) in wanted.iter().zip(flashes.iter().zip(&beeps)) {
        assert!(
            (flash - beep).abs() <= 0.04,
            "flash {flash} and beep {beep}"
        );
        assert!((flash - wanted).abs() <= 0.04, "{flash} for {wanted}");
    }
}

#[test]
fn flashes_and_beeps_stay_together() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.webm");
    beats(&path);
    flash_and_beep_together(&path);
}

#[test]
fn somebody_without_a_camera_has_a_card() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("Ann.webm");
    record(&path, None, Some("sine=440"), 2.0);
    let output = folder.path().join("film.mp4");
    film_of(find(&path, &Of::default()).unwrap(), None, small(), &output).unwrap();
    let middle = colour(&output, 1.0, "20:20:210:105");
    let corner = colour(&output, 1.0, "8:8:0:0");
    let apart: u32 = middle
        .iter()
        .zip(corner)
        .map(|(a, b)| u32::from(a.abs_diff(b)))
        .sum();
    assert!(
        apart > 40,
        "a monogram in the middle: {middle:?}, {corner:?}"
    );
    assert!(tone_at(&sound(&output), 0.5, 1.5, 440.0) > 0.05);
}

#[test]
fn a_camera_that_is_switched_off_is_a_card_at_once() {
    let folder = TempDir::new().unwrap();
    let ann = folder.path().join("ann.webm");
    record(&ann, Some(RED), Some("sine=440"), 4.0);
    let lines = r#"{"type":"start","version":1,"at_ms":0,"id":"ann","room":"Standup","room_id":"r1","room_start_us":0,"started_at_ms":0}
{"type":"join","at_ms":0,"person":"p1","name":"Ann"}
{"type":"stream","at_ms":0,"person":"p1","stream":"s","media_session_id":"m1","source":"camera","audio":true,"video":true}
{"type":"mute","at_ms":1000,"media_session_id":"m1","audio":true,"video":true}
{"type":"mute","at_ms":2000,"media_session_id":"m1","audio":false,"video":true}
{"type":"mute","at_ms":3000,"media_session_id":"m1","audio":false,"video":false}
{"type":"end","at_ms":4000}
"#;
    let journal = Journal::parse(lines.as_bytes()).unwrap();
    let mut inputs = find(&ann, &Of::default()).unwrap();
    inputs[0].media_session_id = Some("m1".into());
    let output = folder.path().join("film.mp4");
    let film = film_of(inputs, Some(journal), small(), &output).unwrap();
    assert_eq!(film.people, ["Ann"]);
    let red = |at| is_red(colour(&output, at, "60:60:210:20"));
    // However red the pictures that come.
    let seen = [0.5, 0.9, 1.15, 2.5, 2.9, 3.15, 3.8].map(red);
    assert_eq!(seen, [true, true, false, false, false, true, true]);
    // The sign beside the name is there while the microphone is off.
    let sign = |at: f64| {
        let path = output.display().to_string();
        let at = at.to_string();
        let mut args = vec!["-v", "error", "-ss", &at, "-i", &path, "-frames:v", "1"];
        args.extend("-vf crop=320:60:80:150 -f rawvideo -pix_fmt gray -".split(' '));
        ffmpeg::run("ffmpeg", &args)
    };
    let differ = |one: &[u8], other: &[u8]| {
        let pairs = one.iter().zip(other);
        pairs.filter(|(a, b)| a.abs_diff(**b) > 40).count()
    };
    assert!(differ(&sign(1.7), &sign(2.5)) > 40);
    assert!(differ(&sign(2.3), &sign(2.7)) < 10);
}

#[test]
fn a_screen_is_larger_than_the_face_beside_it() {
    let folder = TempDir::new().unwrap();
    let (ann, screen) = (folder.path().join("a.webm"), folder.path().join("s.webm"));
    record(&ann, Some(RED), Some("sine=440"), 2.0);
    record(&screen, Some(BLUE), None, 2.0);
    let room = folder.path().join("room.mkv");
    let input = |path, name: &str| Input {
        path,
        name: name.into(),
        start: Duration::ZERO,
    };
    merge(
        &[input(ann, "Ann"), input(screen, "Ann (screen)")],
        Container::Matroska,
        &room,
    )
    .unwrap();
    let output = folder.path().join("film.mp4");
    film_of(find(&room, &Of::default()).unwrap(), None, small(), &output).unwrap();
    let path = output.display().to_string();
    let pixels = ffmpeg::run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-ss",
            "1.5",
            "-i",
            &path,
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ],
    );
    let count = |of: fn([u8; 3]) -> bool| {
        pixels
            .chunks_exact(3)
            .filter(|p| of([p[0], p[1], p[2]]))
            .count()
    };
    let (red, blue) = (count(is_red), count(is_blue));
    assert!(red > 500 && blue > 4 * red, "{red} red, {blue} blue");
}

#[test]
fn a_film_of_sound_only_or_pictures_only() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.webm");
    record(&path, Some(RED), Some("sine=440"), 1.0);
    for (video, audio, kind) in [(true, false, "video"), (false, true, "audio")] {
        let settings = Settings {
            has_video: video,
            has_audio: audio,
            ..small()
        };
        let output = folder.path().join("film.mp4");
        film_of(
            find(&path, &Of::default()).unwrap(),
            None,
            settings,
            &output,
        )
        .unwrap();
        assert_eq!(kinds(&output), [kind]);
    }
}

#[test]
fn a_film_that_is_stopped_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.webm");
    record(&path, Some(RED), None, 2.0);
    let order = Order {
        inputs: find(&path, &Of::default()).unwrap(),
        journal: None,
        output: folder.path().join("film.mp4"),
        settings: small(),
    };
    let stopped = make(&order, &Codecs::find().unwrap(), &mut |progress| {
        progress.done < secs(1.0)
    });
    assert!(matches!(stopped, Err(FilmError::Stopped)), "{stopped:?}");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["ann.webm"]);
}

#[test]
fn a_film_is_not_made_of_itself() {
    let folder = TempDir::new().unwrap();
    let (ann, film) = (folder.path().join("ann.webm"), folder.path().join("f.mp4"));
    record(&ann, None, Some("sine=440"), 0.5);
    std::fs::write(&film, "the one of yesterday").unwrap();
    let link = folder.path().join("link.mp4");
    std::os::unix::fs::symlink(&film, &link).unwrap();
    let of = Of {
        output: Some(film.clone()),
        ..Of::default()
    };
    let found = find(folder.path(), &of).unwrap();
    let paths: Vec<_> = found.into_iter().map(|file| file.path).collect();
    assert_eq!(paths, [ann]);
    for path in [&film, &link] {
        let error = find(path, &of).unwrap_err();
        assert!(matches!(error, InputError::IsOutput { .. }), "{error}");
    }
    assert_eq!(find(&film, &Of::default()).unwrap().len(), 1);
}

#[test]
fn a_film_with_another_codec() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.webm");
    record(&path, Some(RED), None, 1.0);
    for (codec, name) in [
        (veche_film::FilmCodec::Vp9, "vp9"),
        (veche_film::FilmCodec::Av1, "av1"),
    ] {
        let settings = Settings { codec, ..small() };
        let output = folder.path().join("film.mp4");
        film_of(
            find(&path, &Of::default()).unwrap(),
            None,
            settings,
            &output,
        )
        .unwrap();
        assert_eq!(probe(&output)["streams"][0]["codec_name"], name);
        assert!(is_red(colour(&output, 0.5, "40:40:220:115")), "{name}");
    }
}
