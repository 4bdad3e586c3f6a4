use std::time::Duration;

use veche_media::{AccessUnit, AccessUnitKind, AudioCodec, VideoCodec};
use veche_record::recorder::{
    Degraded, DiskError, End, FRAGMENT, Output, PartReason, Recorder, Status,
};
use veche_record::{Reader, finish, inspect};

use crate::support::*;

fn av(codec: VideoCodec) -> veche_record::recorder::Config {
    config(Some(codec), Some(AudioCodec::Opus), "")
}

/// The samples of each track.
fn samples(part: &Part) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a", &part.bytes);
    inspect(&path)
        .unwrap()
        .tracks
        .iter()
        .map(|t| t.samples)
        .collect()
}

fn duration(part: &Part) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a", &part.bytes);
    let duration = finish(&path).unwrap().duration.as_secs_f64();
    assert_eq!(decode(&path, &[]), "");
    duration
}

#[test]
fn it_starts_at_the_first_keyframe_and_asks_for_it() {
    let units = together(&[
        pictures(VideoCodec::Vp8)[10..].to_vec(),
        tone()[33..].to_vec(),
    ]);
    let recorded = record(av(VideoCodec::Vp8), &units);
    assert!(recorded.keyframe_requests >= 1);
    // The file starts with picture 15, at one second.
    assert_eq!(
        recorded.parts[0].info.start,
        Duration::from_micros(15 * FRAME_US)
    );
    assert_eq!(samples(&recorded.parts[0])[0], 45);
}

#[test]
fn sound_does_not_wait_for_a_camera_that_is_off() {
    let units = together(&[tone(), shifted(pictures(VideoCodec::H264), ms(2000))]);
    let recorded = record(av(VideoCodec::H264), &units);
    assert_eq!(recorded.parts.len(), 1);
    let samples = samples(&recorded.parts[0]);
    // Behind the sound's end there is silence.
    assert!(samples[0] == 60 && samples[1] >= 200, "{samples:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.mp4", &recorded.parts[0].bytes);
    finish(&path).unwrap();
    let probed = probe(&path);
    near(times(&probed, "video")[0], 2.0, 0.001);
    assert_eq!(decode(&path, &[]), "");
}

#[test]
fn what_waits_for_a_keyframe_is_written_in_its_time() {
    for aligned in [
        None,
        Some(veche_record::recorder::Aligned { origin: ms(0) }),
    ] {
        let config = veche_record::recorder::Config {
            aligned,
            ..av(VideoCodec::Vp8)
        };
        let late = ms(1_000);
        let shown = shifted(pictures(VideoCodec::Vp8), late + ms(500));
        let recorded = record(config, &together(&[shifted(tone(), late), shown]));
        let part = &recorded.parts[0];
        let begin = late + ms(30);
        // The header, perhaps what is before an aligned file's media, and media.
        let media = part.written[1 + usize::from(aligned.is_some())];
        assert!(media <= begin + FRAGMENT, "{media:?} of {begin:?}");
    }
    // Without any picture, too.
    let recorded = record(av(VideoCodec::Vp8), &tone());
    let media = recorded.parts[0].written[1];
    assert!(media <= ms(30) + FRAGMENT, "{media:?}");
}

#[test]
fn what_waited_behind_a_loss_is_written_at_once_and_together() {
    let units = together(&[pictures(VideoCodec::H264), tone()]);
    let come = units.iter().map(|unit| {
        // Of each second the first 800 ms wait for their end.
        let second = Duration::from_secs(unit.at.as_secs());
        let now = unit.at.max(second + ms(800));
        let waited = now - unit.at;
        let unit = unit.clone();
        (now, AccessUnit { waited, ..unit })
    });
    let recorded = record_as_they_come(av(VideoCodec::H264), &come.collect::<Vec<_>>());
    let part = &recorded.parts[0];
    for second in 0..4 {
        let burst = ms(second * 1_000 + 800);
        let written: Vec<_> = part.written[1..]
            .iter()
            .filter(|at| **at >= burst && **at <= burst + ms(51))
            .collect();
        // Cut at a keyframe once at the most.
        assert!((1..=2).contains(&written.len()), "{:?}", part.written);
    }
    assert_eq!(samples(part)[0], 60);
}

#[test]
fn a_phone_whose_camera_comes_on_later_is_upright_from_its_first_picture() {
    let mut shown = shifted(pictures(VideoCodec::H264), ms(1_000));
    for unit in &mut shown {
        if let AccessUnitKind::Video { rotation, .. } = &mut unit.kind {
            *rotation = 90;
        }
    }
    let recorded = record(av(VideoCodec::H264), &together(&[tone(), shown]));
    assert_eq!(recorded.parts.len(), 1);
    let part = &recorded.parts[0];
    assert_eq!((part.turned, samples(part)[0]), (Some(90), 60));
}

#[test]
fn a_pause_leaves_no_gap() {
    for codec in [VideoCodec::H264, VideoCodec::Vp8] {
        let units = together(&[pictures(codec), tone()]);
        let mut recorded = Recorded::default();
        let mut recorder = Recorder::new(av(codec), ms(0));
        let mut feed = |recorder: &mut Recorder, from: u64, to: u64, late: Duration| {
            for unit in &units {
                if unit.at >= ms(from) && unit.at < ms(to) {
                    let unit = AccessUnit {
                        at: unit.at + late,
                        ..unit.clone()
                    };
                    let now = unit.at;
                    recorder.handle_unit(now, unit);
                    recorded.drain(recorder, now);
                }
            }
            recorded.drain(recorder, ms(to) + late);
        };
        feed(&mut recorder, 0, 2000, ms(0));
        recorder.pause(ms(2000));
        feed(&mut recorder, 2000, 2500, ms(0));
        recorder.resume(ms(60_000));
        feed(&mut recorder, 2500, 4000, ms(58_000));
        recorder.stop(ms(62_000));
        feed(&mut recorder, 0, 0, ms(0));
        assert_eq!(recorded.parts.len(), 1);
        // Two seconds, and from the keyframe at three to the end.
        near(duration(&recorded.parts[0]), 3.0, 0.07);
    }
}

#[test]
fn a_pause_in_a_recorded_room_is_a_gap() {
    for codec in [VideoCodec::H264, VideoCodec::Vp8] {
        let config = veche_record::recorder::Config {
            keeps_time: true,
            ..av(codec)
        };
        let mut recorded = Recorded::default();
        let mut recorder = Recorder::new(config, ms(0));
        for unit in together(&[pictures(codec), tone()]) {
            // Three seconds, nothing of the second one.
            for (at, pauses) in [(ms(1_000), true), (ms(2_000), false)] {
                if unit.at >= at && unit.at < at + ms(20) {
                    match pauses {
                        true => recorder.pause(at),
                        false => recorder.resume(at),
                    }
                }
            }
            let now = unit.at;
            recorder.handle_unit(now, unit);
            recorded.drain(&mut recorder, now);
        }
        recorder.stop(ms(4_000));
        recorded.drain(&mut recorder, ms(4_000));
        assert_eq!(recorded.parts.len(), 1);
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "a", &recorded.parts[0].bytes);
        finish(&path).unwrap();
        let (mut shown, mut heard) = (Vec::new(), Vec::new());
        let mut reader = Reader::open(&path).unwrap();
        while let Some(sample) = reader.next_sample().unwrap() {
            let at = sample.at.as_secs_f64();
            match sample.track {
                0 => shown.push(at),
                _ => heard.push(at),
            }
        }
        let hole: Vec<_> = shown.windows(2).filter(|w| w[1] - w[0] > 0.5).collect();
        assert_eq!(hole.len(), 1, "{codec:?}: {shown:?}");
        // Pictures go on at the keyframe of their own time.
        near(hole[0][0], 1.0, 0.1);
        assert!(hole[0][1] >= 2.0, "{codec:?}: {hole:?}");
        near(*shown.last().unwrap(), 4.0, 0.1);
        near(*heard.last().unwrap(), 4.0, 0.1);
        // Players that do not look at times stay in step.
        assert!(heard.windows(2).all(|w| w[1] - w[0] < 0.13), "{codec:?}");
    }
}

#[test]
fn sound_that_stops_is_silence_in_the_file() {
    let mut sound = tone();
    sound.retain(|u| u.at < ms(500) || u.at >= ms(3500));
    let units = together(&[pictures(VideoCodec::Vp8), sound]);
    let recorded = record(av(VideoCodec::Vp8), &units);
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.webm", &recorded.parts[0].bytes);
    finish(&path).unwrap();
    assert_eq!(decode(&path, &[]), "");
    let times = times(&probe(&path), "audio");
    assert!(
        times.windows(2).all(|w| w[1] - w[0] < 0.13 && w[1] > w[0]),
        "{times:?}"
    );
    near(*times.last().unwrap(), 3.98, 0.003);
}

#[test]
fn sound_of_a_clock_that_runs_fast_or_slow_stays_with_its_times() {
    for ppm in [200_i64, -200, 5000, -5000] {
        let packet = tone()[10].data.clone();
        let mut recorder = Recorder::new(config(None, Some(AudioCodec::Opus), ""), ms(0));
        let mut recorded = Recorded::default();
        let mut last = Duration::ZERO;
        for n in 0..30_000_u64 {
            let us = (n * 20_000) as i64;
            last = Duration::from_micros((us + us * ppm / 1_000_000) as u64);
            let kind = AccessUnitKind::Audio {
                codec: AudioCodec::Opus,
                duration: ms(20),
            };
            let unit = AccessUnit {
                kind,
                at: last,
                waited: Duration::ZERO,
                data: packet.clone(),
            };
            recorder.handle_unit(last, unit);
            recorded.drain(&mut recorder, last);
        }
        recorder.stop(last);
        recorded.drain(&mut recorder, last);
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "a.webm", &recorded.parts[0].bytes);
        let mut reader = Reader::open(&path).unwrap();
        // Sound played without regard to timestamps, against them.
        let mut played = Duration::ZERO;
        while let Some(sample) = reader.next_sample().unwrap() {
            assert!(
                played.abs_diff(sample.at) <= ms(20),
                "{ppm} ppm: {played:?} {:?}",
                sample.at
            );
            played += sample.duration;
        }
        assert!(played.abs_diff(last) < ms(60), "{ppm} ppm");
    }
}

#[test]
fn a_turn_of_the_phone_starts_a_part_at_a_keyframe() {
    let mut units = together(&[pictures(VideoCodec::H264), tone()]);
    for unit in &mut units {
        let at = unit.at;
        if let AccessUnitKind::Video { rotation, .. } = &mut unit.kind
            && at >= ms(2500)
        {
            *rotation = 90;
        }
    }
    let recorded = record(av(VideoCodec::H264), &units);
    let reasons: Vec<_> = recorded.parts.iter().map(|p| p.info.reason).collect();
    assert_eq!(reasons, [PartReason::Start, PartReason::Rotation]);
    assert!(recorded.keyframe_requests >= 2);
    // Nothing is lost at the cut.
    assert_eq!(
        samples(&recorded.parts[0])[0] + samples(&recorded.parts[1])[0],
        60
    );
    assert_eq!(
        recorded.parts[1].info.start,
        Duration::from_micros(45 * FRAME_US)
    );
}

#[test]
fn a_turn_in_the_first_seconds_starts_a_part_as_soon_as_one_may() {
    let pattern = pictures(VideoCodec::H264);
    for is_keyframe in [false, true] {
        let mut recorder = Recorder::new(config(Some(VideoCodec::H264), None, ""), ms(0));
        let mut recorded = Recorded::default();
        let (mut asked, mut of_group) = (0, 0);
        // A browser: keyframes only where they are asked for.
        for n in 0..60 {
            let now = Duration::from_micros(n * FRAME_US);
            recorder.handle_time(now);
            recorded.drain(&mut recorder, now);
            // Turned after a second, with a keyframe of its own or without.
            let is_turned = n >= 15;
            if recorded.keyframe_requests > asked || (is_keyframe && n == 15) {
                (asked, of_group) = (recorded.keyframe_requests, 0);
            }
            let mut unit = pattern[of_group].clone();
            unit.at = now;
            of_group = (of_group + 1).min(14);
            if let AccessUnitKind::Video { rotation, .. } = &mut unit.kind {
                *rotation = if is_turned { 90 } else { 0 };
            }
            recorder.handle_unit(now, unit);
            recorded.drain(&mut recorder, now);
        }
        let parts: Vec<_> = recorded.parts.iter().map(|p| &p.info).collect();
        assert_eq!(parts.len(), 2, "{is_keyframe}");
        assert_eq!(parts[1].reason, PartReason::Rotation);
        assert!(parts[1].start < ms(3_300), "{:?}", parts[1].start);
        // The first, one or two while it is too young, one that begins the part.
        assert!(asked <= 5, "{asked} keyframes");
    }
}

#[test]
fn another_codec_starts_a_part_in_its_container() {
    let units = together(&[
        pictures(VideoCodec::Vp8),
        shifted(pictures(VideoCodec::H264), ms(4000)),
    ]);
    let recorded = record(config(Some(VideoCodec::Vp8), None, ""), &units);
    let kinds: Vec<_> = recorded
        .parts
        .iter()
        .map(|p| (p.info.reason, p.info.container.extension()))
        .collect();
    assert_eq!(
        kinds,
        [(PartReason::Start, "webm"), (PartReason::Codec, "mp4")]
    );
    assert_eq!(samples(&recorded.parts[0]), [60]);
    assert_eq!(samples(&recorded.parts[1]), [60]);
}

#[test]
fn units_that_were_lost_end_at_the_next_keyframe() {
    let units = pictures(VideoCodec::Vp8);
    let mut recorder = Recorder::new(config(Some(VideoCodec::Vp8), None, ""), ms(0));
    let mut recorded = Recorded::default();
    for (i, unit) in units.iter().enumerate() {
        match i {
            20 => recorder.handle_lost(unit.at, 1),
            _ => recorder.handle_unit(unit.at, unit.clone()),
        }
        recorded.drain(&mut recorder, unit.at);
    }
    recorder.stop(ms(4000));
    recorded.drain(&mut recorder, ms(4000));
    assert_eq!(samples(&recorded.parts[0]), [20 + 30]);
    assert_eq!(
        recorded.statuses,
        [
            Status::Recording,
            Status::Degraded(Degraded::SlowDisk),
            Status::Recording,
            Status::Ended(End::Stopped)
        ]
    );
}

/// Records units on a disk that is full in those seconds.
fn on_a_disk_full(
    config: veche_record::recorder::Config,
    units: impl Iterator<Item = AccessUnit>,
    full: std::ops::Range<u64>,
) -> (Recorded, Recorder) {
    let mut recorder = Recorder::new(config, ms(0));
    let mut recorded = Recorded::default();
    let mut last = ms(0);
    for unit in units {
        let now = unit.at;
        last = now;
        recorder.handle_unit(now, unit);
        recorder.handle_time(now);
        while let Some(output) = recorder.poll_output() {
            match output {
                Output::Write(bytes) => {
                    let is_full = full.contains(&now.as_secs());
                    if is_full {
                        recorder.handle_written(now, Err(DiskError::Full));
                    } else {
                        recorded
                            .parts
                            .last_mut()
                            .unwrap()
                            .bytes
                            .extend_from_slice(&bytes);
                        recorder.handle_written(now, Ok(()));
                    }
                }
                Output::Open(info) => recorded.parts.push(Part {
                    info,
                    bytes: Vec::new(),
                    whole: Vec::new(),
                    written: Vec::new(),
                    turned: None,
                    closed: false,
                }),
                Output::Status(status) => recorded.statuses.push(status),
                _ => {}
            }
        }
    }
    recorder.stop(last);
    recorded.drain(&mut recorder, last);
    (recorded, recorder)
}

/// Five minutes of pictures on a disk that is full in those seconds.
fn pictures_on_a_disk_full(full: std::ops::Range<u64>) -> (Recorded, Recorder) {
    let pattern = pictures(VideoCodec::Vp8);
    let units = (0..75).flat_map(|turn| shifted(pattern.clone(), ms(turn * 4_000)));
    on_a_disk_full(config(Some(VideoCodec::Vp8), None, ""), units, full)
}

#[test]
fn sound_alone_is_well_again_with_the_next_packet() {
    for video in [None, Some(VideoCodec::Vp8)] {
        let mut recorder = Recorder::new(config(video, Some(AudioCodec::Opus), ""), ms(0));
        let mut recorded = Recorded::default();
        for (i, unit) in tone().into_iter().enumerate() {
            let now = unit.at;
            recorder.handle_time(now);
            match i {
                100 => recorder.handle_lost(now, 1),
                _ => recorder.handle_unit(now, unit),
            }
            recorded.drain(&mut recorder, now);
        }
        let expected = [
            Status::Recording,
            Status::Degraded(Degraded::SlowDisk),
            Status::Recording,
        ];
        assert_eq!(recorded.statuses, expected, "{video:?}");
    }
}

#[test]
fn a_disk_that_takes_media_and_does_not_keep_it_is_told_of_once() {
    let mut recorder = Recorder::new(config(None, Some(AudioCodec::Opus), ""), ms(0));
    let mut recorded = Recorded::default();
    let failed = DiskError::Failed(std::io::ErrorKind::Other);
    for unit in tone() {
        let now = unit.at;
        recorder.handle_unit(now, unit);
        recorded.drain(&mut recorder, now);
        let is_well = !(1_000..2_000).contains(&now.as_millis());
        recorder.handle_synced(if is_well { Ok(()) } else { Err(failed) });
        recorded.drain(&mut recorder, now);
    }
    let expected = [
        Status::Recording,
        Status::Degraded(Degraded::Disk(failed)),
        Status::Recording,
    ];
    assert_eq!(recorded.statuses, expected);
}

#[test]
fn a_disk_that_is_full_for_a_while_costs_nothing() {
    let (recorded, recorder) = pictures_on_a_disk_full(100..120);
    assert_eq!(
        recorded.statuses,
        [
            Status::Recording,
            Status::Degraded(Degraded::Disk(DiskError::Full)),
            Status::Recording,
            Status::Ended(End::Stopped)
        ]
    );
    assert_eq!(samples(&recorded.parts[0]), [75 * 60]);
    assert_eq!(recorder.counters().dropped_units, 0);
}

#[test]
fn a_disk_that_stays_full_ends_the_recording_with_its_name() {
    let (recorded, _) = pictures_on_a_disk_full(100..300);
    assert_eq!(
        recorded.statuses.last(),
        Some(&Status::Ended(End::Disk(DiskError::Full)))
    );
    assert!(samples(&recorded.parts[0])[0] >= 99 * 15);
}

#[test]
fn sound_that_a_full_disk_refused_is_silence_and_counted() {
    // So large that what may wait for the disk is full after some seconds.
    let mut pattern = pictures(VideoCodec::Vp8);
    for unit in &mut pattern {
        let mut data = unit.data.to_vec();
        data.resize(40_000, 0);
        unit.data = data.into();
    }
    let four = together(&[pattern, tone()]);
    let units = (0..10).flat_map(|turn| shifted(four.clone(), ms(turn * 4_000)));
    let (recorded, recorder) = on_a_disk_full(av(VideoCodec::Vp8), units, 10..25);
    assert_eq!(recorded.parts.len(), 1);
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.webm", &recorded.parts[0].bytes);
    let mut reader = Reader::open(&path).unwrap();
    let (mut played, mut packets) = (ms(0), 0);
    while let Some(sample) = reader.next_sample().unwrap() {
        if sample.track == 1 {
            // Players that do not look at times stay in step.
            let apart = played.abs_diff(sample.at);
            assert!(apart <= ms(20), "{played:?} {:?}", sample.at);
            played += sample.duration;
            packets += 1;
        }
    }
    near(played.as_secs_f64(), 40.0, 0.1);
    let counters = recorder.counters();
    let refused = counters.refused_units;
    assert!(
        refused > 300 && refused <= counters.dropped_units,
        "{counters:?}"
    );
    assert!(packets < 2_000, "{packets}");
    // Pictures that came before a keyframe are not in it, either.
    let pictures = samples(&recorded.parts[0])[0];
    assert!(pictures + counters.dropped_units >= 600, "{counters:?}");
}

#[test]
fn nothing_to_record_is_no_file() {
    let recorded = record(av(VideoCodec::Vp8), &[]);
    assert!(recorded.parts.is_empty());
    assert_eq!(recorded.statuses, [Status::Ended(End::Empty)]);
}

#[test]
fn times_that_cannot_be_and_units_without_sense_hurt_nothing() {
    let mut random = fastrand::Rng::with_seed(5);
    let pattern = together(&[pictures(VideoCodec::H264), tone()]);
    let mut recorder = Recorder::new(av(VideoCodec::H264), ms(0));
    let mut recorded = Recorded::default();
    for n in 0..5000_u64 {
        let now = ms(n * 10);
        let mut unit = pattern[random.usize(..pattern.len())].clone();
        unit.at = match random.u8(..6) {
            0 => Duration::MAX,
            1 => ms(0),
            _ => now,
        };
        if random.u8(..10) == 0 {
            let length = random.usize(..40);
            unit.data = arc(&(0..length).map(|_| random.u8(..)).collect::<Vec<_>>());
        }
        if let AccessUnitKind::Video {
            rotation, keyframe, ..
        } = &mut unit.kind
        {
            *rotation = random.u16(..);
            *keyframe |= random.u8(..5) == 0;
        }
        match random.u8(..100) {
            0 => recorder.pause(now),
            1 => recorder.resume(now),
            2 => recorder.handle_lost(now, 3),
            3 => recorder.handle_time(now),
            _ => recorder.handle_unit(now, unit),
        }
        recorded.drain(&mut recorder, now);
    }
    recorder.stop(ms(50_000));
    recorded.drain(&mut recorder, ms(50_000));
    assert!(recorder.is_ended());
    let folder = tempfile::tempdir().unwrap();
    for part in &recorded.parts {
        let path = write(folder.path(), "a", &part.bytes);
        if let Ok(summary) = inspect(&path) {
            assert!(summary.duration < ms(60_000), "{:?}", summary.duration);
        }
    }
}

#[test]
fn a_pause_keeps_picture_and_sound_together() {
    let units = together(&[pictures(VideoCodec::H264), tone()]);
    let mut recorded = Recorded::default();
    let mut recorder = Recorder::new(av(VideoCodec::H264), ms(0));
    // Each time two seconds of media and ten minutes of nothing.
    for round in 0..4_u64 {
        let start = ms(round * 602_000);
        for unit in &units {
            let unit = AccessUnit {
                at: unit.at + start,
                ..unit.clone()
            };
            if unit.at < start + ms(2_000) {
                let now = unit.at + ms(20);
                recorder.handle_unit(now, unit);
                recorded.drain(&mut recorder, now);
            }
        }
        recorder.pause(start + ms(2_030));
        recorder.resume(start + ms(601_900));
    }
    recorder.stop(ms(4 * 602_000));
    recorded.drain(&mut recorder, ms(4 * 602_000));
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.mp4", &recorded.parts[0].bytes);
    finish(&path).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let (mut pictures, mut sound) = (Vec::new(), Vec::new());
    while let Some(sample) = reader.next_sample().unwrap() {
        let of = if sample.track == 0 {
            &mut pictures
        } else {
            &mut sound
        };
        of.push((sample.at.as_secs_f64(), sample.keyframe));
    }
    assert_eq!((recorded.parts.len(), pictures.len()), (1, 4 * 30));
    // Each round begins with its keyframe, right behind the round before, and
    // its sound within 20 ms of it.
    for round in 0..4 {
        let (at, keyframe) = pictures[round * 30];
        assert!(keyframe);
        near(at, 2.0 * round as f64, 0.05 * (1 + round) as f64);
        let nearest = sound
            .iter()
            .map(|(s, _)| (s - at).abs())
            .fold(9.0, f64::min);
        assert!(nearest < 0.02, "{nearest} at {at}");
    }
    let gaps = sound
        .windows(2)
        .map(|w| w[1].0 - w[0].0)
        .fold(0.0, f64::max);
    assert!(gaps < 0.05, "{gaps}");
}

#[test]
fn sound_alone_can_be_aligned() {
    let config = veche_record::recorder::Config {
        aligned: Some(veche_record::recorder::Aligned { origin: ms(1_000) }),
        ..config(None, Some(AudioCodec::Opus), "")
    };
    let units = shifted(tone(), ms(6_000));
    let recorded = record(config, &units);
    assert_eq!(recorded.parts[0].info.start, ms(1_000));
    near(duration(&recorded.parts[0]), 9.0, 0.03);
}

/// An hour of what is given, its first units and its last ones, twenty times.
fn hours(units: &[AccessUnit]) -> impl Iterator<Item = AccessUnit> {
    (0..20).flat_map(move |hour| {
        [0, 3_596_000]
            .into_iter()
            .flat_map(move |late| shifted(units.to_vec(), ms(hour * 3_600_000 + late)))
    })
}

#[test]
fn sound_alone_begins_another_part_after_twelve_hours() {
    let shown: Vec<_> = pictures(VideoCodec::Vp8).into_iter().take(30).collect();
    for camera in [false, true] {
        // Of one that was on for a while, too.
        let first = match camera {
            true => together(&[shown.clone(), tone()]),
            false => tone(),
        };
        let sound = tone();
        let units = first.into_iter().chain(hours(&sound).skip(sound.len()));
        let units: Vec<_> = units.collect();
        let recorded = record(av(VideoCodec::Vp8), &units);
        let reasons: Vec<_> = recorded.parts.iter().map(|p| p.info.reason).collect();
        assert_eq!(reasons, [PartReason::Start, PartReason::Length], "{camera}");
        let second = recorded.parts[1].info.start;
        assert!(
            second >= ms(12 * 3_600_000) && second < ms(13 * 3_600_000),
            "{second:?}"
        );
    }
}

#[test]
fn after_twelve_hours_a_keyframe_is_asked_for_and_begins_another_part() {
    let pattern = pictures(VideoCodec::Vp8);
    let mut recorder = Recorder::new(config(Some(VideoCodec::Vp8), None, ""), ms(0));
    let mut recorded = Recorded::default();
    let mut asked = 0;
    // Keyframes only where they are asked for, a picture a second.
    for second in 0..13 * 3_600_u64 {
        let now = ms(second * 1_000);
        recorder.handle_time(now);
        recorded.drain(&mut recorder, now);
        let is_asked = recorded.keyframe_requests > asked;
        asked = recorded.keyframe_requests;
        let mut unit = pattern[usize::from(!is_asked)].clone();
        unit.at = now;
        recorder.handle_unit(now, unit);
        recorded.drain(&mut recorder, now);
    }
    let reasons: Vec<_> = recorded.parts.iter().map(|p| p.info.reason).collect();
    assert_eq!(reasons, [PartReason::Start, PartReason::Length]);
    let late = recorded.parts[1]
        .info
        .start
        .saturating_sub(ms(12 * 3_600_000));
    assert!(late < ms(5_000), "{late:?}");
}
