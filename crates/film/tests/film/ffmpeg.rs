//! ffmpeg as the world outside: it makes what people record and looks at films.

use std::path::Path;
use std::process::Command;

/// Runs a program and gives its standard output.
pub fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(args)
        .output()
        .expect("it is installed: scripts/need tests");
    assert!(
        output.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A recording of a camera: a picture and a sound as lavfi describes them.
pub fn record(path: &Path, video: Option<&str>, audio: Option<&str>, seconds: f64) {
    let mut args: Vec<String> = ["-v", "error", "-y"].map(String::from).to_vec();
    for source in [video, audio].into_iter().flatten() {
        args.extend(["-f", "lavfi", "-t", &seconds.to_string(), "-i", source].map(String::from));
    }
    let coding = [
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-b:v",
        "1M",
        "-g",
        "30",
        "-c:a",
        "libopus",
    ];
    args.extend(coding.map(String::from));
    args.push(path.display().to_string());
    run(
        "ffmpeg",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

/// The mean colour of a part of the picture at a time: `w:h:x:y` as ffmpeg crops.
pub fn colour(film: &Path, at: f64, crop: &str) -> [u8; 3] {
    let pixels = run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-ss",
            &at.to_string(),
            "-i",
            &film.display().to_string(),
            "-frames:v",
            "1",
            "-vf",
            &format!("crop={crop},scale=1:1:flags=area"),
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ],
    );
    [pixels[0], pixels[1], pixels[2]]
}

/// The mean luma of each picture of the film.
pub fn lumas(film: &Path, crop: &str) -> Vec<u8> {
    run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-i",
            &film.display().to_string(),
            "-an",
            "-fps_mode",
            "passthrough",
            "-vf",
            &format!("crop={crop},scale=1:1:flags=area"),
            "-f",
            "rawvideo",
            "-pix_fmt",
            "gray",
            "-",
        ],
    )
}

/// The sound of the film: 48 kHz, one channel.
pub fn sound(film: &Path) -> Vec<f32> {
    let bytes = run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-i",
            &film.display().to_string(),
            "-vn",
            "-ac",
            "1",
            "-ar",
            "48000",
            "-f",
            "f32le",
            "-",
        ],
    );
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// What ffprobe says, as JSON.
pub fn probe(film: &Path) -> serde_json::Value {
    let json = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-count_packets",
            "-show_format",
            "-show_streams",
            "-show_chapters",
            "-of",
            "json",
            &film.display().to_string(),
        ],
    );
    serde_json::from_slice(&json).expect("JSON")
}

/// How much of a tone is in a sound, 1 being a full-scale sine (Goertzel).
pub fn tone(samples: &[f32], hz: f64) -> f64 {
    let k = 2.0 * (std::f64::consts::TAU * hz / 48_000.0).cos();
    let (mut a, mut b) = (0.0, 0.0);
    for sample in samples {
        (a, b) = (f64::from(*sample) + k * a - b, a);
    }
    2.0 * (a * a + b * b - k * a * b).max(0.0).sqrt() / samples.len() as f64
}
