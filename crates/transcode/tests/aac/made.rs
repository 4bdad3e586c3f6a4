//! Files that are made for these tests.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use veche_record::{Container, Input, finish_to, merge};

use crate::ffmpeg::run;
use crate::support::Recorded;

/// A recording of ours of a picture and a sound that lavfi describes.
pub fn recording(
    folder: &TempDir,
    container: Container,
    video: Option<&str>,
    audio: (&str, &[&str]),
    seconds: f64,
) -> PathBuf {
    let raw = folder.path().join("raw.mkv");
    let mut args: Vec<String> = ["-v", "error", "-y"].map(String::from).to_vec();
    for source in video.into_iter().chain([audio.0]) {
        args.extend(["-f", "lavfi", "-t", &seconds.to_string(), "-i", source].map(String::from));
    }
    let coding = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-bf",
        "0",
        "-g",
        "30",
    ];
    args.extend(coding.map(String::from));
    args.extend(["-pix_fmt", "yuv420p"].map(String::from));
    args.extend(audio.1.iter().copied().map(String::from));
    args.push(raw.display().to_string());
    run(
        "ffmpeg",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let to = folder.path().join(format!("ann.{container}"));
    let input = Input {
        path: raw,
        name: "Ann".to_owned(),
        start: Duration::ZERO,
    };
    merge(&[input], container, &to).unwrap();
    to
}

/// The file that a recorder wrote, finished.
pub fn finished(folder: &Path, recorded: &Recorded) -> PathBuf {
    let part = &recorded.parts[0];
    let open = folder.join("open");
    std::fs::write(&open, &part.bytes).unwrap();
    let to = folder.join(format!("ann.{}", part.info.container));
    finish_to(&open, &to).unwrap();
    to
}
