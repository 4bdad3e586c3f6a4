//! Layouts from files, watermarks, backgrounds, portraits, titles.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use veche_film::{Film, FilmError, Of, Settings, SettingsError, find};
use veche_record::{Container, Input, merge};

use crate::ffmpeg::{colour, probe, record, run, sound};
use crate::{BLUE, RED, film_of, is_blue, is_red, meeting, secs, small, tone_at};

fn is_green([r, g, b]: [u8; 3]) -> bool {
    g > 90 && r < 90 && b < 90
}

/// A PNG of one colour, as ffmpeg names them.
fn png(path: &Path, colour: &str, size: &str) {
    let source = format!("color=c={colour}:s={size},format=rgba");
    let path = path.display().to_string();
    let args = [
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        &source,
        "-frames:v",
        "1",
        &path,
    ];
    run("ffmpeg", &args);
}

/// Settings as a file in `folder` says them, on top of those of a small film.
fn settings(folder: &Path, text: &str) -> Settings {
    let path = folder.join("offline_mixer.json");
    std::fs::write(&path, text).unwrap();
    let (read, warnings) = Settings::read(&path).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let usual = small();
    let mut settings = Settings {
        fps: usual.fps,
        preset: usual.preset,
        ..read
    };
    (settings.picture.width, settings.picture.height) = (480, 270);
    settings
}

/// Ann in red and Bob in blue, both for three seconds.
fn room(folder: &Path, names: [&str; 2]) -> PathBuf {
    let room = folder.join("room.mkv");
    let inputs: Vec<Input> = [(RED, names[0]), (BLUE, names[1])]
        .into_iter()
        .enumerate()
        .map(|(n, (source, name))| {
            let path = folder.join(format!("{n}.webm"));
            record(&path, Some(source), Some("sine=440"), 3.0);
            Input {
                path,
                name: name.to_owned(),
                start: secs(0.0),
            }
        })
        .collect();
    merge(&inputs, Container::Matroska, &room).unwrap();
    room
}

fn film(room: &Path, settings: Settings) -> (PathBuf, Film) {
    let output = room.with_extension("film.mp4");
    let made = film_of(find(room, &Of::default()).unwrap(), None, settings, &output);
    (output, made.unwrap())
}

#[test]
fn a_layout_from_a_folder() {
    let folder = TempDir::new().unwrap();
    let room = room(folder.path(), ["Ann", "Bob"]);
    let layouts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/layouts");
    for (name, ids, checks) in [
        (
            "picture-in-picture",
            "{}",
            [("60:60:60:60", true), ("60:30:380:210", false)],
        ),
        (
            "picture-in-picture",
            r#"{"Bob":"desktop"}"#,
            [("60:60:60:60", false), ("60:30:380:210", true)],
        ),
        (
            "interview",
            "{}",
            [("60:60:80:105", true), ("60:60:340:105", false)],
        ),
    ] {
        let text = format!(
            r#"{{"mixerLayoutDir":"{}","videoPositionIds":{ids}}}"#,
            layouts.join(name).display()
        );
        let (output, made) = film(&room, settings(folder.path(), &text));
        assert_eq!(made.warnings, Vec::<String>::new());
        for (crop, red) in checks {
            let found = colour(&output, 1.5, crop);
            assert_eq!(
                (is_red(found), is_blue(found)),
                (red, !red),
                "{name} {crop}: {found:?}"
            );
        }
    }
}

#[test]
fn numbers_without_a_layout_are_said() {
    let folder = TempDir::new().unwrap();
    let room = room(folder.path(), ["Ann", "Bob"]);
    std::fs::create_dir(folder.path().join("layouts")).unwrap();
    let one = folder.path().join("layouts/1_one.mix");
    std::fs::write(&one, "<body><video/></body>").unwrap();
    let (output, made) = film(
        &room,
        settings(folder.path(), r#"{"mixerLayoutDir":"layouts"}"#),
    );
    assert_eq!(made.warnings.len(), 1);
    assert!(
        made.warnings[0].contains("no 2_name.mix in it"),
        "{:?}",
        made.warnings
    );
    assert!(
        is_red(colour(&output, 1.5, "60:60:90:105")),
        "a grid all the same"
    );
}

#[test]
fn a_watermark_over_and_a_background_behind() {
    let folder = TempDir::new().unwrap();
    let room = room(folder.path(), ["Ann", "Bob"]);
    png(&folder.path().join("logo.png"), "white@0.9", "200x100");
    png(&folder.path().join("wall.png"), "green", "64x64");
    let text = r#"{"watermark":"logo.png","watermarkPosition":"CENTER","background":"wall.png"}"#;
    let (output, _) = film(&room, settings(folder.path(), text));
    let [r, g, b] = colour(&output, 2.5, "40:20:220:125");
    assert!(
        r > 190 && g > 190 && b > 190,
        "white in the middle: {r} {g} {b}"
    );
    let behind = colour(&output, 2.5, "60:10:210:4");
    assert!(is_green(behind), "{behind:?}");
    assert!(
        is_red(colour(&output, 2.5, "40:40:60:115")),
        "Ann is not covered"
    );
}

#[test]
fn a_portrait_instead_of_letters_and_a_label_instead_of_a_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.webm");
    record(&path, None, Some("sine=440"), 1.0);
    png(&folder.path().join("ann.png"), "red", "90x120");
    let text = r#"{"avatars":{"ann":"ann.png"},"streamLabels":{"ann":"Ann Lee"}}"#;
    let (output, made) = film(&path, settings(folder.path(), text));
    assert_eq!(made.people, ["Ann Lee"]);
    assert!(is_red(colour(&output, 0.5, "40:40:220:95")));
    let chapters = &probe(&output)["chapters"];
    assert_eq!(chapters[0]["tags"]["title"], "Ann Lee joins");
}

#[test]
fn a_title_comes_before_the_film() {
    let folder = TempDir::new().unwrap();
    let (room, journal) = meeting(folder.path());
    let output = folder.path().join("film.mp4");
    let text = r#"{"title":"Стендап","titleSeconds":2}"#;
    let inputs = find(&room, &Of::default()).unwrap();
    let wanted = settings(folder.path(), text);
    let made = film_of(inputs, Some(journal), wanted, &output).unwrap();
    assert_eq!(made.duration.as_secs_f64().round(), 8.0);
    // Letters on the ground, and nobody.
    let middle = "40:40:220:115";
    assert!(!is_red(colour(&output, 0.5, middle)));
    assert!(!is_red(colour(&output, 1.5, middle)));
    assert!(is_red(colour(&output, 2.3, middle)), "Ann follows");
    let heard = sound(&output);
    assert!(tone_at(&heard, 0.2, 1.9, 440.0) < 0.001, "silence before");
    assert!(tone_at(&heard, 2.2, 3.5, 440.0) > 0.05);
    // Bob comes at 1.9 of the meeting.
    assert!(tone_at(&heard, 4.5, 5.5, 1000.0) > 0.05);
    let probed = probe(&output);
    let chapters: Vec<(f64, &str)> = probed["chapters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            let start = c["start_time"].as_str().unwrap().parse().unwrap();
            (start, c["tags"]["title"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        chapters,
        [(0.0, "Стендап"), (2.0, "Standup: Ann and Bob join")]
    );
    assert_eq!(probed["format"]["tags"]["title"], "Стендап");
    let path = output.display().to_string();
    let srt = run(
        "ffmpeg",
        &["-v", "error", "-i", &path, "-map", "0:s", "-f", "srt", "-"],
    );
    let srt = String::from_utf8_lossy(&srt);
    assert!(
        srt.contains("00:00:03,000 -->") && srt.contains("anybody there?"),
        "{srt}"
    );
}

#[test]
fn a_film_without_a_title_is_as_it_was() {
    let folder = TempDir::new().unwrap();
    let (room, _) = meeting(folder.path());
    let (output, made) = film(&room, settings(folder.path(), "{}"));
    assert_eq!(made.duration.as_secs_f64().round(), 6.0);
    assert!(is_red(colour(&output, 0.0, "40:40:220:115")));
}

#[test]
fn what_is_named_and_not_there_is_an_error_of_the_settings() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.webm");
    record(&path, None, Some("sine=440"), 0.3);
    std::fs::write(folder.path().join("text.png"), "not one").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (text, words) in [
        (r#"{"watermark":"none.png"}"#, "none.png"),
        (r#"{"background":"text.png"}"#, "text.png: not a PNG"),
        (r#"{"avatars":{"ann":"gone.png"}}"#, "gone.png"),
        (r#"{"mixerLayoutDir":"empty"}"#, "no layouts in it"),
    ] {
        let wanted = settings(folder.path(), text);
        let inputs = find(&path, &Of::default()).unwrap();
        let made = film_of(inputs, None, wanted, &folder.path().join("film.mp4"));
        let Err(FilmError::Settings(error)) = made else {
            panic!("{made:?}");
        };
        assert!(!matches!(error, SettingsError::Json(_)));
        assert!(error.to_string().contains(words), "{error}");
    }
}
