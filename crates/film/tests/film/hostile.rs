//! What is damaged gives a film of the rest, or an error that names the file.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use veche_codec::Codecs;
use veche_film::{FilmError, InputError, Of, Order, Settings, find, make};

use crate::ffmpeg::{probe, record};

/// Small and quick: what matters is that it ends.
fn tiny() -> Settings {
    let mut settings = Settings {
        fps: 5,
        preset: "ultrafast".into(),
        ..Settings::default()
    };
    (settings.picture.width, settings.picture.height) = (160, 90);
    settings
}

/// Makes a film of a file; a film has to be one, an error has to be a sentence.
fn attempt(path: &Path, output: &Path) -> bool {
    let made = find(path, &Of::default())
        .map_err(FilmError::from)
        .and_then(|inputs| {
            let order = Order {
                inputs,
                journal: None,
                output: output.to_owned(),
                settings: tiny(),
            };
            make(&order, &Codecs::find().unwrap(), &mut |_| true)
        });
    match made {
        Ok(film) => {
            let probed = probe(output);
            assert!(!probed["streams"].as_array().unwrap().is_empty());
            assert!(film.duration.as_secs() < 48 * 3600);
            true
        }
        Err(error) => {
            let sentence = error.to_string();
            assert!(!sentence.is_empty() && sentence.len() < 600, "{sentence}");
            if let FilmError::Input(_) = error {
                let name = path.file_name().unwrap().to_string_lossy();
                assert!(sentence.contains(&*name), "{sentence}");
            }
            false
        }
    }
}

#[test]
fn cut_recordings_make_films_as_far_as_they_go() {
    let folder = TempDir::new().unwrap();
    let recorded = folder.path().join("recorded.webm");
    record(
        &recorded,
        Some("testsrc2=s=160x90:r=10"),
        Some("sine=440"),
        3.0,
    );
    let input = veche_record::Input {
        path: recorded,
        name: "Ann".into(),
        start: std::time::Duration::ZERO,
    };
    let whole = folder.path().join("whole.mkv");
    veche_record::merge(&[input], veche_record::Container::Matroska, &whole).unwrap();
    let bytes = fs::read(&whole).unwrap();
    let cut = folder.path().join("cut.mkv");
    let mut made = 0;
    for tenth in 0..10 {
        fs::write(&cut, &bytes[..bytes.len() * tenth / 10]).unwrap();
        made += u32::from(attempt(&cut, &folder.path().join("film.mp4")));
    }
    assert!(made >= 5, "only {made} of ten");
}

#[test]
fn damaged_recordings_make_a_film_or_an_error() {
    let folder = TempDir::new().unwrap();
    let vp8 = folder.path().join("a.webm");
    record(&vp8, Some("testsrc2=s=160x90:r=10"), Some("sine=440"), 2.0);
    let opened = veche_record::Input {
        path: vp8.clone(),
        name: "Ann".into(),
        start: std::time::Duration::ZERO,
    };
    let mp4 = folder.path().join("a.mp4");
    veche_record::merge(
        std::slice::from_ref(&opened),
        veche_record::Container::Mp4,
        &mp4,
    )
    .unwrap();
    let mkv = folder.path().join("a.mkv");
    veche_record::merge(&[opened], veche_record::Container::Matroska, &mkv).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut made = 0;
    for round in 0..30 {
        let from = [&vp8, &mp4, &mkv][round % 3];
        let mut bytes = fs::read(from).unwrap();
        for _ in 0..random.usize(1..40) {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        let path = folder
            .path()
            .join("damaged")
            .with_extension(from.extension().unwrap());
        fs::write(&path, bytes).unwrap();
        made += u32::from(attempt(&path, &folder.path().join("film.mp4")));
    }
    assert!(made > 0, "damage to a picture does not cost the film");
}

#[test]
fn what_is_no_recording_is_named() {
    let folder = TempDir::new().unwrap();
    let attempt = |path: &Path| match find(path, &Of::default()) {
        Ok(inputs) => {
            let order = Order {
                inputs,
                journal: None,
                output: folder.path().join("film.mp4"),
                settings: tiny(),
            };
            make(&order, &Codecs::find().unwrap(), &mut |_| true).unwrap_err()
        }
        Err(error) => error.into(),
    };
    let text = folder.path().join("letter.mkv");
    fs::write(&text, "Dear Ann").unwrap();
    assert!(attempt(&text).to_string().contains("letter.mkv"));
    let missing = folder.path().join("missing.mkv");
    assert!(matches!(
        attempt(&missing),
        FilmError::Input(InputError::Missing { .. })
    ));
    let empty = TempDir::new().unwrap();
    assert!(matches!(
        attempt(empty.path()),
        FilmError::Input(InputError::Nothing { .. })
    ));
}

#[test]
fn one_bad_recording_of_two_costs_itself() {
    let folder = TempDir::new().unwrap();
    record(
        &folder.path().join("ann.webm"),
        Some("testsrc2=s=160x90:r=10"),
        Some("sine=440"),
        1.0,
    );
    fs::write(folder.path().join("bob.webm"), "nothing").unwrap();
    let order = Order {
        inputs: find(folder.path(), &Of::default()).unwrap(),
        journal: None,
        output: folder.path().join("film.mp4"),
        settings: tiny(),
    };
    let film = make(&order, &Codecs::find().unwrap(), &mut |_| true).unwrap();
    assert_eq!(film.people, ["ann"]);
    assert!(
        film.warnings.iter().any(|w| w.contains("bob.webm")),
        "{:?}",
        film.warnings
    );
}
