//! What is not there stays silence of its length.

use std::time::Duration;

use tempfile::TempDir;
use veche_media::{AccessUnit, AudioCodec, VideoCodec};
use veche_record::recorder::{Aligned, Config};

use crate::ffmpeg::{probe, sound};
use crate::made::finished;
use crate::support::{
    buzz, config, ms, near, number, pictures, record, shifted, stream, together, tone,
};
use crate::{loudness, transcode};

/// Seconds of it that are loud all through, and that are silent.
#[track_caller]
fn check(sound: &[f32], loud: &[(f64, f64)], silent: &[(f64, f64)]) {
    let loudness = loudness(sound);
    let part = |(from, to): (f64, f64)| &loudness[(from * 100.0) as usize..(to * 100.0) as usize];
    for range in loud {
        let least = part(*range).iter().copied().fold(f64::MAX, f64::min);
        assert!(least > 0.02, "{range:?} is heard: {least}");
    }
    for range in silent {
        let most = part(*range).iter().copied().fold(0.0, f64::max);
        assert!(most < 0.003, "{range:?} is silent: {most}");
    }
}

fn mp4(video: bool, audio: AudioCodec) -> Config {
    let mut config = config(video.then_some(VideoCodec::H264), Some(audio), "");
    config.formats.audio_only = veche_record::Container::Mp4;
    config
}

/// The sound of these milliseconds.
fn within(units: &[AccessUnit], from: u64, to: u64) -> Vec<AccessUnit> {
    let there = |u: &&AccessUnit| (ms(from)..ms(to)).contains(&u.at);
    units.iter().filter(there).cloned().collect()
}

#[test]
fn silence_of_dtx_and_mute_lasts_as_long_as_it_did() {
    for (codec, units) in [
        (AudioCodec::Opus, tone()),
        (AudioCodec::Pcmu, buzz(AudioCodec::Pcmu)),
    ] {
        let folder = TempDir::new().unwrap();
        // Nothing for eight seconds: half a second of it, then again.
        let begin = within(&units, 0, 1_000);
        let end = shifted(within(&units, 1_000, 4_000), ms(8_013));
        let path = finished(
            folder.path(),
            &record(mp4(false, codec), &together(&[begin, end])),
        );
        let (to, done) = transcode(&path);
        assert_eq!(done.warning, None);
        near(done.summary.duration.as_secs_f64(), 12.013, 0.03);
        check(&sound(&to), &[(0.1, 0.9), (9.1, 11.9)], &[(1.1, 8.95)]);
        // Before as after.
        check(&sound(&path), &[(9.1, 11.9)], &[(1.1, 8.95)]);
    }
}

#[test]
fn sound_that_begins_late_has_silence_before_it_and_none_that_is_not_needed() {
    let folder = TempDir::new().unwrap();
    let late = shifted(within(&tone(), 0, 1_500), ms(2_000));
    let units = together(&[pictures(VideoCodec::H264), late]);
    let path = finished(folder.path(), &record(mp4(true, AudioCodec::Opus), &units));
    let (to, done) = transcode(&path);
    let probed = probe(&to);
    near(number(&stream(&probed, "audio")["start_time"]), 0.0, 0.001);
    near(number(&stream(&probed, "video")["start_time"]), 0.0, 0.001);
    near(done.summary.tracks[1].end.as_secs_f64(), 3.5, 0.05);
    check(&sound(&to), &[(2.1, 3.4)], &[(0.0, 1.95)]);
}

#[test]
fn an_aligned_file_begins_with_its_room() {
    let folder = TempDir::new().unwrap();
    let units = together(&[pictures(VideoCodec::H264), tone()]);
    let units = shifted(units, ms(45_000));
    let aligned = Config {
        aligned: Some(Aligned {
            origin: Duration::ZERO,
        }),
        ..mp4(true, AudioCodec::Opus)
    };
    let path = finished(folder.path(), &record(aligned, &units));
    let (to, done) = transcode(&path);
    near(done.summary.duration.as_secs_f64(), 49.0, 0.1);
    check(&sound(&to), &[(45.1, 48.9)], &[(0.0, 44.9)]);
}
