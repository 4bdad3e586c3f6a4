//! Whose voices there are, and that none is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use veche_codec::Codecs;
use veche_film::{Film, InputFile, Of, Order, Settings, find, make};
use veche_record::{Container, Input, merge};

use crate::ffmpeg::{record, run, sound};
use crate::{RED, film_of, secs, small, tone_at};

/// A film of what those files have, and its sound.
fn heard(files: &[&Path], edit: impl FnOnce(&mut [InputFile], &mut Settings)) -> (Film, Vec<f32>) {
    let find = |path: &&Path| find(path, &Of::default()).unwrap();
    let mut inputs: Vec<_> = files.iter().flat_map(find).collect();
    let mut settings = small();
    edit(&mut inputs, &mut settings);
    let output = TempDir::new().unwrap();
    let output = output.path().join("film.mp4");
    let film = film_of(inputs, None, settings, &output).unwrap();
    let sound = sound(&output);
    (film, sound)
}

/// Two recordings of two seconds, of 440 and 1000 Hz, in folders of their own.
fn two_of_one_name(folder: &Path) -> (PathBuf, PathBuf) {
    let of = |who: &str, sine: &str| {
        fs::create_dir(folder.join(who)).unwrap();
        let path = folder.join(who).join("rec.webm");
        record(&path, Some(RED), Some(sine), 2.0);
        path
    };
    (of("ann", "sine=440"), of("bob", "sine=1000"))
}

fn both_are_heard(sound: &[f32]) -> bool {
    let tone = |hz| tone_at(sound, 0.5, 1.5, hz) > 0.05;
    tone(440.0) && tone(1000.0)
}

#[test]
fn files_of_one_name_are_of_two_people_who_are_both_heard() {
    let folder = TempDir::new().unwrap();
    let (ann, bob) = two_of_one_name(folder.path());
    let (film, sound) = heard(&[&ann, &bob], |_, _| {});
    assert_eq!(film.people, ["rec", "rec 2"]);
    assert!(both_are_heard(&sound));
}

#[test]
fn two_with_one_label_are_both_heard() {
    let folder = TempDir::new().unwrap();
    let (ann, bob) = two_of_one_name(folder.path());
    let (film, sound) = heard(&[&ann, &bob], |inputs, settings| {
        for (input, name) in inputs.iter_mut().zip(["ann", "bob"]) {
            input.person = Some(name.to_owned());
            let label = "Guest".to_owned();
            settings.labels.insert(name.to_owned(), label);
        }
    });
    assert_eq!(film.people, ["Guest", "Guest"]);
    assert!(both_are_heard(&sound));
}

#[test]
fn two_sounds_of_one_person_are_both_heard() {
    let folder = TempDir::new().unwrap();
    let (ann, bob) = two_of_one_name(folder.path());
    let (film, sound) = heard(&[&ann, &bob], |inputs, _| {
        for input in inputs {
            input.person = Some("Ann".to_owned());
        }
    });
    assert_eq!(film.people, ["Ann"]);
    assert!(both_are_heard(&sound));
}

#[test]
fn the_parts_of_a_rooms_file_are_of_those_who_are_in_them() {
    let folder = TempDir::new().unwrap();
    let (ann, bob) = two_of_one_name(folder.path());
    let part = |name: &str| {
        let path = folder.path().join(name);
        let input = |path: &PathBuf, name: &str| Input {
            path: path.clone(),
            name: name.to_owned(),
            start: Duration::ZERO,
        };
        let inputs = [input(&ann, "Ann"), input(&bob, "Bob")];
        merge(&inputs, Container::Matroska, &path).unwrap();
        path
    };
    let (one, two) = (part("part1.mkv"), part("part2.mkv"));
    let (film, sound) = heard(&[&one, &two], |_, _| {});
    assert_eq!(film.people, ["Ann", "Bob"]);
    assert!(both_are_heard(&sound));
}

/// Codecs whose processes are noted in `list`, in the order of their start.
fn noted(folder: &Path, list: &Path) -> Codecs {
    let found = Codecs::find().unwrap();
    let program = folder.join("noting");
    let script = format!(
        "#!/bin/sh\necho $$ >> '{}'\nexec '{}' \"$@\"\n",
        list.display(),
        found.executable().display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Codecs::at(program).unwrap()
}

#[test]
fn a_sound_that_kills_its_decoder_costs_no_other() {
    let folder = TempDir::new().unwrap();
    let of = |name: &str, sine: &str| {
        let path = folder.path().join(name);
        record(&path, None, Some(sine), 8.0);
        find(&path, &Of::default()).unwrap().remove(0)
    };
    let order = Order {
        inputs: vec![of("ann.webm", "sine=440"), of("bob.webm", "sine=1000")],
        journal: None,
        output: folder.path().join("film.mp4"),
        settings: Settings {
            has_video: false,
            ..small()
        },
    };
    // The first process encodes, the second decodes all. Then each of both has its
    // own; of one of them and those that follow it.
    let victims = [1, 2, 4, 5, 6];
    let list = folder.path().join("list");
    let codecs = noted(folder.path(), &list);
    let mut killed = 0;
    let mut kill = |progress: veche_film::Progress| {
        let started = fs::read_to_string(&list).unwrap();
        let victim = victims.get(killed).and_then(|n| started.lines().nth(*n));
        if let Some(victim) = victim
            && progress.done >= secs(1.0 + killed as f64)
        {
            run("sh", &["-c", &format!("kill -9 {victim}")]);
            killed += 1;
        }
        true
    };
    let film = make(&order, &codecs, &mut kill).unwrap();
    assert_eq!(killed, victims.len());
    let sound = sound(&order.output);
    let tones = |from, to| [440.0, 1000.0].map(|hz| tone_at(&sound, from, to, hz) > 0.05);
    assert_eq!(
        tones(1.0, 1.8),
        [true, true],
        "nothing is lost with the first"
    );
    let lost = match tones(6.5, 7.5) {
        [false, true] => "ann.webm",
        [true, false] => "bob.webm",
        other => panic!("{other:?}"),
    };
    assert_eq!(film.warnings.len(), 2, "{:?}", film.warnings);
    for warning in &film.warnings {
        assert!(warning.starts_with(lost), "{warning}");
    }
}

#[test]
fn more_sounds_than_a_process_decodes_are_heard_one_after_the_other() {
    let folder = TempDir::new().unwrap();
    let (short, last) = (folder.path().join("a.webm"), folder.path().join("b.webm"));
    record(&short, None, Some("sine=440"), 0.1);
    record(&last, None, Some("sine=1000"), 1.0);
    let one = find(&short, &Of::default()).unwrap().remove(0);
    let count = veche_codec::limits::MAX_STREAMS as u32;
    let mut inputs: Vec<_> = (0..count)
        .map(|n| InputFile {
            start: secs(0.05) * n,
            person: Some(format!("Guest {n}")),
            ..one.clone()
        })
        .collect();
    let begin = secs(0.05) * count;
    inputs.push(InputFile {
        start: begin,
        ..find(&last, &Of::default()).unwrap().remove(0)
    });
    let settings = Settings {
        has_video: false,
        ..small()
    };
    let output = folder.path().join("film.mp4");
    let film = film_of(inputs, None, settings, &output).unwrap();
    assert_eq!(film.warnings, Vec::<String>::new());
    let begin = begin.as_secs_f64();
    assert!(tone_at(&sound(&output), begin + 0.2, begin + 0.8, 1000.0) > 0.05);
}
