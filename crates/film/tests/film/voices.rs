//! Whose voices there are, and that none is lost.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use veche_film::{Film, InputFile, Of, Settings, find};
use veche_record::{Container, Input, merge};

use crate::ffmpeg::{record, sound};
use crate::{RED, film_of, small, tone_at};

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
        std::fs::create_dir(folder.join(who)).unwrap();
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
