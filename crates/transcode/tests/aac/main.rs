//! Recordings before and after, as ffmpeg sees and hears them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../../../film/tests/film/ffmpeg.rs"]
#[allow(dead_code, reason = "shared with the tests of films")]
mod ffmpeg;
#[path = "../../../record/tests/record/support.rs"]
#[allow(dead_code, reason = "shared with the tests of recordings")]
mod support;

mod faults;
mod gaps;
mod long;
mod made;
mod rooms;
mod sync;

use std::path::{Path, PathBuf};

use veche_codec::Codecs;
use veche_record::store::Transcoded;
use veche_transcode::to_aac;

/// Beside the file.
fn aac_of(path: &Path) -> PathBuf {
    let ending = path.extension().unwrap().to_str().unwrap();
    path.with_extension(format!("aac.{ending}"))
}

fn transcode(path: &Path) -> (PathBuf, Transcoded) {
    let to = aac_of(path);
    let done = to_aac(path, &to, &Codecs::find().unwrap(), &|| true).unwrap();
    (to, done)
}

/// How loud each hundredth of a second is (root of the mean square).
fn loudness(sound: &[f32]) -> Vec<f64> {
    let of = |w: &[f32]| w.iter().map(|s| f64::from(s * s)).sum::<f64>() / w.len() as f64;
    sound.chunks_exact(480).map(|w| of(w).sqrt()).collect()
}
