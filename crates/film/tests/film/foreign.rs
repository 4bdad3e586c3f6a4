//! MP4 as ffmpeg, phones, cameras and OBS write it: flashes and beeps are where
//! they were, pictures stand upright.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use veche_codec::Codecs;
use veche_film::{FilmError, InputError, Of, find, thumbnail};

use crate::ffmpeg::{colour, lumas, probe, run, sound, tone};
use crate::{film_of, is_blue, is_red, kinds, small};

/// White and loud for a tenth of each second from half of it on.
const BEAT: &str = "between(mod(t\\,1)\\,0.5\\,0.6)";

/// Makes a file of flashes and beeps, `args` being all between sources and name.
fn beat(path: &Path, fps: u32, seconds: u32, args: &str) {
    let video = format!("color=c=gray:s=320x180:r={fps},drawbox=c=white:t=fill:enable='{BEAT}'");
    let audio = format!("aevalsrc=exprs='sin(2*PI*1000*t)*{BEAT}':s=44100");
    let seconds = seconds.to_string();
    let mut all = vec!["-v", "error", "-y"];
    for source in [&video, &audio] {
        all.extend(["-f", "lavfi", "-t", &seconds, "-i", source]);
    }
    all.extend(args.split_whitespace());
    let path = path.display().to_string();
    all.push(&path);
    run("ffmpeg", &all);
}

/// Remuxes without coding anew.
fn copy(from: &Path, to: &Path, before: &str, behind: &str) {
    let (from, to) = (from.display().to_string(), to.display().to_string());
    let mut all = vec!["-v", "error", "-y"];
    all.extend(before.split_whitespace());
    all.extend(["-i", &from, "-c", "copy"]);
    all.extend(behind.split_whitespace());
    all.push(&to);
    run("ffmpeg", &all);
}

fn film(path: &Path) -> (PathBuf, veche_film::Film) {
    let output = path.with_extension("film.mp4");
    let mut settings = small();
    settings.fps = 30;
    let inputs = find(path, &Of::default()).unwrap();
    let film = film_of(inputs, None, settings, &output).unwrap();
    (output, film)
}

/// When it flashes, to a thirtieth of a second.
fn flashes(film: &Path) -> Vec<f64> {
    let lumas = lumas(film, "100:100:190:85");
    let bright = |n: usize| lumas[n] > 190;
    (0..lumas.len())
        .filter(|n| bright(*n) && (*n == 0 || !bright(n - 1)))
        .map(|n| n as f64 / 30.0)
        .collect()
}

/// When it beeps, to five milliseconds.
fn beeps(film: &Path) -> Vec<f64> {
    let sound = sound(film);
    let window = 240;
    let loud: Vec<bool> = sound
        .chunks_exact(window)
        .map(|w| w.iter().map(|s| s * s).sum::<f32>() / window as f32 > 0.01)
        .collect();
    (0..loud.len())
        .filter(|n| loud[*n] && (*n == 0 || !loud[n - 1]))
        .map(|n| n as f64 * window as f64 / 48_000.0)
        .collect()
}

fn near(found: &[f64], wanted: &[f64], within: f64, what: &str) {
    let alike = found.len() == wanted.len()
        && found
            .iter()
            .zip(wanted)
            .all(|(f, w)| (f - w).abs() <= within);
    assert!(alike, "{what}: {found:?} instead of {wanted:?}");
}

/// A film of that file has its flashes and its beeps where they are wanted.
fn check(path: &Path, flash: &[f64], beep: &[f64]) {
    let (film, made) = film(path);
    assert_eq!(made.warnings, Vec::<String>::new(), "{}", path.display());
    assert_eq!(made.people.len(), 1, "{:?}", made.people);
    // A picture of the film, and one of the recording.
    near(&flashes(&film), flash, 0.045, "flashes");
    near(&beeps(&film), beep, 0.011, "beeps");
}

const X264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";
const B_FRAMES: &str = "-c:v libx264 -preset fast -bf 3 -g 60 -pix_fmt yuv420p -c:a aac";
const FOUR: [f64; 4] = [0.5, 1.5, 2.5, 3.5];

#[test]
fn an_index_at_the_end_or_in_front_and_pictures_out_of_order() {
    let folder = TempDir::new().unwrap();
    let end = folder.path().join("end.mp4");
    beat(&end, 30, 4, B_FRAMES);
    check(&end, &FOUR, &FOUR);
    let front = folder.path().join("front.mp4");
    copy(&end, &front, "", "-movflags +faststart");
    check(&front, &FOUR, &FOUR);
    let quicktime = folder.path().join("quicktime.mov");
    copy(&end, &quicktime, "", "");
    check(&quicktime, &FOUR, &FOUR);
    let matroska = folder.path().join("matroska.mkv");
    copy(&end, &matroska, "", "");
    // ffmpeg puts all of it behind what the sound's encoder put before it.
    let late = FOUR.map(|at| at + 0.021);
    check(&matroska, &late, &late);
}

#[test]
fn fragments_of_several_kinds() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain.mp4");
    beat(&plain, 30, 4, B_FRAMES);
    for (name, flags) in [
        // The first samples are in the movie's own tables.
        ("hybrid", "frag_keyframe"),
        ("empty", "frag_keyframe+empty_moov"),
        ("dash", "dash+delay_moov"),
        (
            "base",
            "frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets",
        ),
        ("separate", "frag_keyframe+delay_moov+separate_moof"),
        ("omitted", "frag_keyframe+delay_moov+omit_tfhd_offset"),
    ] {
        let path = folder.path().join(name).with_extension("mp4");
        copy(&plain, &path, "", &format!("-movflags {flags}"));
        // Without an edit list there is nothing that takes the encoders' delays
        // off: as ffmpeg plays it.
        let (film, made) = film(&path);
        assert_eq!(made.warnings, Vec::<String>::new(), "{name}");
        near(&flashes(&film), &FOUR, 0.11, name);
        near(&beeps(&film), &FOUR, 0.11, name);
        let apart: Vec<f64> = flashes(&film)
            .iter()
            .zip(beeps(&film))
            .map(|(flash, beep)| (flash - beep).abs())
            .collect();
        assert!(apart.iter().all(|a| *a < 0.06), "{name}: {apart:?}");
    }
}

#[test]
fn an_edit_list_that_begins_late_or_in_the_midst() {
    let folder = TempDir::new().unwrap();
    let whole = folder.path().join("whole.mp4");
    beat(&whole, 30, 4, B_FRAMES);
    // Sound and picture of another moment: an empty edit before the picture.
    let late = folder.path().join("late.mp4");
    let path = whole.display().to_string();
    let to = late.display().to_string();
    let args = "-map 0:v -map 1:a -c copy";
    let mut all = vec!["-v", "error", "-itsoffset", "0.7", "-i", &path, "-i", &path];
    all.extend(args.split(' '));
    all.push(&to);
    run("ffmpeg", &all);
    check(&late, &[1.2, 2.2, 3.2, 4.2], &FOUR);
    // Cut without coding: what is before the cut is decoded and not shown.
    let cut = folder.path().join("cut.mp4");
    copy(&whole, &cut, "-ss 1.2", "");
    check(&cut, &[0.3, 1.3, 2.3], &[0.3, 1.3, 2.3]);
    let short = folder.path().join("short.mp4");
    copy(&whole, &short, "-ss 0.2 -t 1.6", "");
    let (film, _) = film(&short);
    near(&flashes(&film), &[0.3, 1.3], 0.045, "flashes");
    near(&beeps(&film), &[0.3, 1.3], 0.011, "beeps");
}

#[test]
fn pictures_at_uneven_times() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("uneven.mp4");
    // Of each half of a second what changes is kept, and a little more.
    let select = "-vf select='gte(mod(t\\,0.5)\\,0.0)*(lt(mod(n\\,15)\\,5))' -fps_mode vfr";
    beat(
        &path,
        30,
        4,
        &format!("{select} {B_FRAMES} -video_track_timescale 10007"),
    );
    check(&path, &FOUR, &FOUR);
}

#[test]
fn opus_and_sound_of_other_rates() {
    let folder = TempDir::new().unwrap();
    for (name, audio) in [("opus", "libopus"), ("aac", "aac -ar 22050 -ac 1")] {
        let path = folder.path().join(name).with_extension("mp4");
        beat(
            &path,
            25,
            4,
            &format!("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a {audio}"),
        );
        check(&path, &FOUR, &FOUR);
    }
}

#[test]
fn sound_or_pictures_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sound.m4a");
    beat(&path, 30, 2, "-vn -c:a aac");
    let (output, _) = film(&path);
    near(&beeps(&output), &FOUR[..2], 0.011, "beeps");
    let path = folder.path().join("pictures.mp4");
    beat(
        &path,
        30,
        2,
        "-an -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
    );
    let (output, _) = film(&path);
    near(&flashes(&output), &FOUR[..2], 0.045, "flashes");
    assert_eq!(kinds(&output), ["video", "audio"], "with silence");
}

#[test]
fn a_phone_s_picture_is_turned_upright() {
    let folder = TempDir::new().unwrap();
    // Red above blue, as it lies in the file.
    let lying = folder.path().join("lying.mp4");
    let path = lying.display().to_string();
    let source = "color=c=red:s=320x90:r=15[a];color=c=blue:s=320x90:r=15[b];\
                  [a][b]vstack[out0]";
    let mut all = vec!["-v", "error", "-f", "lavfi", "-t", "1", "-i", source];
    all.extend("-c:v libx264 -preset ultrafast -pix_fmt yuv420p".split(' '));
    all.push(&path);
    run("ffmpeg", &all);
    for degrees in [90, 180, 270] {
        let phone = folder.path().join(format!("phone{degrees}.mov"));
        copy(
            &lying,
            &phone,
            "",
            &format!("-metadata:s:v:0 rotate={degrees}"),
        );
        let (output, _) = film(&phone);
        let jpeg = thumbnail(&phone, &Codecs::find().unwrap()).unwrap();
        let picture = folder.path().join("phone.jpg");
        std::fs::write(&picture, jpeg).unwrap();
        // Upright it is 180 or 320 wide; ffmpeg turns it too.
        let (there, here) = match degrees {
            180 => (
                ["40:20:140:10", "40:20:140:150"],
                ["40:20:220:40", "40:20:220:210"],
            ),
            _ => (
                ["20:40:10:140", "20:40:150:140"],
                ["20:40:180:115", "20:40:280:115"],
            ),
        };
        for (there, here) in there.into_iter().zip(here) {
            let (wanted, found) = (colour(&phone, 0.5, there), colour(&output, 0.5, here));
            let red = is_red(wanted);
            assert!(
                red == is_red(found) && red != is_blue(found),
                "{degrees}: {wanted:?}, {found:?}"
            );
        }
        let probed = &probe(&picture)["streams"][0];
        let wide = probed["width"].as_u64() > probed["height"].as_u64();
        assert_eq!(wide, degrees == 180, "{probed}");
        let half = if wide { "20:20:60:10" } else { "20:20:10:100" };
        let (wanted, found) = (colour(&phone, 0.5, there[0]), colour(&picture, 0.0, half));
        assert_eq!(is_red(found), is_red(wanted), "{degrees}: {found:?}");
    }
}

#[test]
fn of_several_languages_the_first_is_heard() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("obs.mp4").display().to_string();
    let mut all = vec!["-v", "error"];
    for source in ["color=c=red:s=320x180:r=15", "sine=440", "sine=1000"] {
        all.extend(["-f", "lavfi", "-t", "2", "-i", source]);
    }
    all.extend("-map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p".split(' '));
    all.extend("-c:a aac -metadata:s:a:0 title=Track1 -metadata:s:a:1 title=Track2".split(' '));
    all.push(&path);
    run("ffmpeg", &all);
    let (output, made) = film(Path::new(&path));
    assert_eq!(
        made.people,
        ["obs"],
        "programs' names of tracks are nobody's"
    );
    let sound = &sound(&output)[24_000..72_000];
    assert!(tone(sound, 440.0) > 0.05 && tone(sound, 1000.0) < 0.005);
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = TempDir::new().unwrap();
    for (name, coding, words) in [
        (
            "hevc.mp4",
            "-an -c:v libx265 -x265-params log-level=none",
            "HEVC (H.265)",
        ),
        ("old.mp4", "-an -c:v mpeg4", "MPEG-4 part 2"),
        ("pcm.mov", "-vn -c:a pcm_s16le", "PCM"),
    ] {
        let path = folder.path().join(name);
        beat(&path, 10, 1, coding);
        let inputs = find(&path, &Of::default()).unwrap();
        let made = film_of(inputs, None, small(), &folder.path().join("film.mp4"));
        let Err(error @ FilmError::Input(InputError::File { .. })) = made else {
            panic!("{made:?}");
        };
        let sentence = error.to_string();
        assert!(
            sentence.contains(name) && sentence.contains(words),
            "{sentence}"
        );
    }
    // A recording that was killed has no index.
    let whole = folder.path().join("whole.mp4");
    beat(&whole, 10, 1, X264);
    let bytes = std::fs::read(&whole).unwrap();
    let cut = folder.path().join("killed.mp4");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let made = film_of(find(&cut, &Of::default()).unwrap(), None, small(), &whole);
    let sentence = made.unwrap_err().to_string();
    assert!(
        sentence.contains("killed.mp4: its index is missing"),
        "{sentence}"
    );
}

#[test]
fn a_cut_file_is_a_film_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let whole = folder.path().join("whole.mp4");
    beat(&whole, 30, 4, &format!("{X264} -movflags +faststart"));
    let bytes = std::fs::read(&whole).unwrap();
    let cut = folder.path().join("cut.mp4");
    std::fs::write(&cut, &bytes[..bytes.len() * 3 / 5]).unwrap();
    let (output, made) = film(&cut);
    assert!(made.warnings[0].contains("cut off"), "{:?}", made.warnings);
    let seconds = made.duration.as_secs_f64();
    assert!((1.0..3.6).contains(&seconds), "{seconds}");
    let there = FOUR.iter().filter(|at| **at + 0.1 < seconds).count();
    near(&flashes(&output)[..there], &FOUR[..there], 0.045, "flashes");
}
