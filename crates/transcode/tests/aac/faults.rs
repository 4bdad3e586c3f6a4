//! Sound that is broken, codecs that die or are not there.

use std::cell::Cell;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use veche_codec::Codecs;
use veche_media::{AccessUnit, AudioCodec, VideoCodec};
use veche_record::store::{SoundTranscoder, TranscodeError};
use veche_transcode::{Aac, Error, to_aac};

use crate::ffmpeg::{sound, tone as strength};
use crate::made::finished;
use crate::support::{config, ms, near, pictures, record, together, tone};
use crate::{aac_of, transcode};

fn recorded(folder: &TempDir, sound: Vec<AccessUnit>) -> std::path::PathBuf {
    let units = together(&[pictures(VideoCodec::H264), sound]);
    let config = config(Some(VideoCodec::H264), Some(AudioCodec::Opus), "");
    finished(folder.path(), &record(config, &units))
}

/// As a tone, and what is in the way of it. The lengths of its packets stay.
fn damaged(each: usize) -> Vec<AccessUnit> {
    let mut units = tone();
    for (n, unit) in units.iter_mut().enumerate() {
        if n % each == each / 2 {
            // Two frames of different lengths, the first longer than the packet
            // (RFC 6716, 3.4, R4).
            let toc = unit.data[0] & 0xfc | 2;
            unit.data = [toc, 0xfc, 0xff].into();
        }
    }
    units
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name =
        |e: std::io::Result<std::fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn packets_that_cannot_be_decoded_are_silence_and_are_told() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, damaged(25));
    let (to, done) = transcode(&path);
    let warning = done.warning.unwrap();
    assert!(
        warning.contains("packets of sound could not be decoded"),
        "{warning}"
    );
    near(done.summary.tracks[1].end.as_secs_f64(), 4.0, 0.06);
    // Between two of them.
    let sound = sound(&to);
    assert!(strength(&sound[48_000 + 24_000..48_000 + 33_600], 440.0) > 0.05);
}

#[test]
fn a_file_of_which_too_little_can_be_heard_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, damaged(2));
    let before = std::fs::read(&path).unwrap();
    let to = aac_of(&path);
    let error = to_aac(&path, &to, &Codecs::find().unwrap(), &|| true).unwrap_err();
    assert!(matches!(error, Error::Undecodable { .. }), "{error}");
    assert_eq!(files(folder.path()), ["ann.mp4", "open"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn noise_instead_of_packets_never_does_more_than_fail() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..5 {
        let folder = TempDir::new().unwrap();
        let mut units = tone();
        for unit in &mut units {
            // The first byte says how long it is.
            let noise = (0..random.usize(0..200)).map(|_| random.u8(..));
            unit.data = std::iter::once(0x78).chain(noise).collect();
        }
        let path = recorded(&folder, units);
        let to = aac_of(&path);
        match to_aac(&path, &to, &Codecs::find().unwrap(), &|| true) {
            Ok(done) => near(done.summary.tracks[1].end.as_secs_f64(), 4.0, 0.06),
            Err(error) => {
                assert!(
                    matches!(error, Error::Undecodable { .. } | Error::Codec(_)),
                    "{error}"
                );
                assert!(!to.exists());
            }
        }
    }
}

/// Our child processes.
fn children() -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of = |task: std::fs::DirEntry| {
        std::fs::read_to_string(task.path().join("children")).unwrap_or_default()
    };
    let all: Vec<String> = tasks.map(|task| of(task.unwrap())).collect();
    let ids = all.iter().flat_map(|ids| ids.split_whitespace());
    ids.map(|id| id.parse().unwrap()).collect()
}

#[test]
fn a_codec_process_that_is_killed_is_a_crash_that_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, tone());
    let before = std::fs::read(&path).unwrap();
    let asked = Cell::new(0);
    let go_on = || {
        asked.set(asked.get() + 1);
        if asked.get() == 60 {
            for id in children() {
                kill_process(Pid::from_raw(id).unwrap(), Signal::KILL).unwrap();
            }
        }
        true
    };
    let to = aac_of(&path);
    let done = Aac::default().transcode(&path, &to, &go_on);
    let Err(TranscodeError::Crashed(why)) = done else {
        panic!("{done:?}");
    };
    assert!(why.contains("SIGKILL") && why.contains("ann.mp4"), "{why}");
    assert_eq!(files(folder.path()), ["ann.mp4", "open"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(children(), [0; 0], "nothing is left behind");
}

#[test]
fn one_that_is_stopped_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, tone());
    for after in [0, 1, 100] {
        let asked = Cell::new(0);
        let go_on = || {
            asked.set(asked.get() + 1);
            asked.get() <= after
        };
        let done = Aac::default().transcode(&path, &aac_of(&path), &go_on);
        assert_eq!(done.unwrap_err(), TranscodeError::Stopped);
        assert_eq!(files(folder.path()), ["ann.mp4", "open"]);
    }
}

#[test]
fn what_there_is_no_room_for_or_no_such_container_is_an_error() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, tone());
    let codecs = Codecs::find().unwrap();
    let nowhere = folder.path().join("nowhere/ann.mp4");
    let error = to_aac(&path, &nowhere, &codecs, &|| true).unwrap_err();
    assert!(matches!(error, Error::Write(_)), "{error}");
    let renamed = folder.path().join("ann.webm");
    std::fs::copy(&path, &renamed).unwrap();
    let error = to_aac(&renamed, &aac_of(&renamed), &codecs, &|| true).unwrap_err();
    assert!(matches!(error, Error::Container), "{error}");
    let gone = folder.path().join("gone.mp4");
    let error = to_aac(&gone, &aac_of(&gone), &codecs, &|| true).unwrap_err();
    assert!(matches!(error, Error::Read(_)), "{error}");
}

#[test]
fn sound_of_a_damaged_time_is_refused_before_the_disk_is_full() {
    let folder = TempDir::new().unwrap();
    let mut writer = veche_record::Writer::new(
        veche_record::Container::Matroska,
        vec![veche_record::Track::audio("Ann", AudioCodec::Opus)],
    );
    let mut bytes = writer.header();
    for (n, unit) in tone().iter().enumerate().take(2) {
        // The second one is months later.
        let at = ms(5_000_000_000 * n as u64);
        bytes.extend(writer.fragment(&[veche_record::Sample {
            track: 0,
            at,
            decode_at: at,
            duration: ms(20),
            keyframe: true,
            data: unit.data.clone(),
        }]));
    }
    let open = folder.path().join("open");
    std::fs::write(&open, bytes).unwrap();
    let path = folder.path().join("ann.mkv");
    veche_record::finish_to(&open, &path).unwrap();
    let error = to_aac(&path, &aac_of(&path), &Codecs::find().unwrap(), &|| true).unwrap_err();
    assert!(matches!(error, Error::TooLong(_)), "{error}");
    assert_eq!(files(folder.path()), ["ann.mkv", "open"]);
}
