use std::time::Duration;

use veche_media::{AudioCodec, VideoCodec};
use veche_record::recorder::Aligned;
use veche_record::{Reader, finish, inspect};

use crate::support::*;

/// Records pattern and sound, and looks at the file before and after it is
/// finished.
fn check(video: Option<VideoCodec>, audio: Option<AudioCodec>, formats: &str, extension: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut tracks = Vec::new();
    tracks.extend(video.map(pictures));
    tracks.extend(audio.map(|codec| match codec {
        AudioCodec::Opus => tone(),
        other => buzz(other),
    }));
    let recorded = record(config(video, audio, formats), &together(&tracks));
    assert_eq!(recorded.parts.len(), 1);
    let part = &recorded.parts[0];
    assert!(part.closed);
    assert_eq!(part.info.container.extension(), extension);
    let path = write(folder.path(), &format!("a.{extension}"), &part.bytes);

    let open = inspect(&path).unwrap();
    for finished in [false, true] {
        if finished {
            assert_eq!(finish(&path).unwrap(), open);
            assert_eq!(
                finish(&path).unwrap().duration,
                open.duration,
                "finished twice"
            );
        }
        assert_eq!(decode(&path, &[]), "", "finished: {finished}");
        let probed = probe(&path);
        if video.is_some() {
            assert_eq!(frames(&probed, "video"), 60, "finished: {finished}");
            for (i, at) in times(&probed, "video").iter().enumerate() {
                near(*at, i as f64 * 0.066_667, 0.000_6);
            }
            let stream = stream(&probed, "video");
            assert_eq!(number(&stream["width"]), 160.0);
        }
        if audio.is_some() {
            for (i, at) in times(&probed, "audio").iter().enumerate() {
                near(*at, i as f64 * 0.02, 0.000_6);
            }
            assert_eq!(times(&probed, "audio").len(), 200);
        }
        if finished {
            near(number(&probed["format"]["duration"]), 4.0, 0.04);
        }
    }
    let mut reader = Reader::open(&path).unwrap();
    let mut read = vec![Vec::new(); reader.tracks().len()];
    while let Some(sample) = reader.next_sample().unwrap() {
        read[sample.track].push(sample.data);
    }
    for (read, sent) in read.iter().zip(&tracks) {
        let sent: Vec<_> = sent.iter().map(|u| u.data.clone()).collect();
        assert!(*read == sent, "other bytes than were recorded");
    }
    if video.is_some() {
        // Found by the index: the keyframe before, then up to the place.
        assert_eq!(decode(&path, &["-ss", "2.5"]), "");
        brightness(&path, 3.1);
    }
}

#[test]
fn h264_with_opus_is_mp4() {
    check(
        Some(VideoCodec::H264),
        Some(AudioCodec::Opus),
        "h264-mp4,vp8-webm",
        "mp4",
    );
}

#[test]
fn vp8_with_opus_is_webm() {
    check(
        Some(VideoCodec::Vp8),
        Some(AudioCodec::Opus),
        "h264-mp4,vp8-webm",
        "webm",
    );
}

#[test]
fn vp9_goes_to_webm_and_to_mp4() {
    check(
        Some(VideoCodec::Vp9),
        Some(AudioCodec::Opus),
        "vp9-webm",
        "webm",
    );
    check(
        Some(VideoCodec::Vp9),
        Some(AudioCodec::Opus),
        "vp9-mp4",
        "mp4",
    );
}

#[test]
fn av1_goes_to_webm_and_to_mp4() {
    check(
        Some(VideoCodec::Av1),
        Some(AudioCodec::Opus),
        "av1-webm",
        "webm",
    );
    check(Some(VideoCodec::Av1), None, "av1-mp4", "mp4");
}

#[test]
fn h264_goes_to_matroska() {
    check(
        Some(VideoCodec::H264),
        Some(AudioCodec::Opus),
        "h264-mkv",
        "mkv",
    );
}

#[test]
fn g711_stays_g711() {
    check(
        Some(VideoCodec::H264),
        Some(AudioCodec::Pcmu),
        "h264-mp4",
        "mp4",
    );
    check(
        Some(VideoCodec::H264),
        Some(AudioCodec::Pcma),
        "h264-mp4",
        "mp4",
    );
    check(
        Some(VideoCodec::Vp8),
        Some(AudioCodec::Pcmu),
        "vp8-webm",
        "mkv",
    );
    check(
        Some(VideoCodec::Vp8),
        Some(AudioCodec::Pcma),
        "vp8-webm",
        "mkv",
    );
}

#[test]
fn sound_alone_and_pictures_alone_are_files() {
    check(None, Some(AudioCodec::Opus), "", "webm");
    check(Some(VideoCodec::Vp8), None, "", "webm");
    check(Some(VideoCodec::H264), None, "", "mp4");
}

#[test]
fn vp8_in_mp4_is_kept() {
    check(
        Some(VideoCodec::Vp8),
        Some(AudioCodec::Opus),
        "vp8-mp4",
        "mp4",
    );
}

#[test]
fn a_picture_that_grows_stays_in_one_file() {
    for formats in ["h264-mp4", "h264-mkv"] {
        let folder = tempfile::tempdir().unwrap();
        let units = together(&[pictures(VideoCodec::H264), shifted(larger_h264(), ms(4000))]);
        let recorded = record(config(Some(VideoCodec::H264), None, formats), &units);
        assert_eq!(recorded.parts.len(), 1);
        let path = write(folder.path(), "a", &recorded.parts[0].bytes);
        assert_eq!(decode(&path, &[]), "");
        finish(&path).unwrap();
        assert_eq!(decode(&path, &[]), "");
        let probed = probe(&path);
        assert_eq!(frames(&probed, "video"), 75);
        let summary = inspect(&path).unwrap();
        let veche_record::TrackMedia::Video(video) = &summary.tracks[0].track.media else {
            panic!("no video");
        };
        assert_eq!(video.size.width, 320);
        assert!(video.config_changes);
    }
}

#[test]
fn a_turned_picture_is_shown_upright() {
    let folder = tempfile::tempdir().unwrap();
    let mut units = pictures(VideoCodec::H264);
    for unit in &mut units {
        if let veche_media::AccessUnitKind::Video { rotation, .. } = &mut unit.kind {
            *rotation = 90;
        }
    }
    let recorded = record(config(Some(VideoCodec::H264), None, ""), &units);
    let path = write(folder.path(), "a.mp4", &recorded.parts[0].bytes);
    finish(&path).unwrap();
    let probed = probe(&path);
    let turned = number(&stream(&probed, "video")["side_data_list"][0]["rotation"]);
    assert_eq!(turned, -90.0, "ffmpeg counts against the clock");
    let summary = inspect(&path).unwrap();
    let veche_record::TrackMedia::Video(video) = &summary.tracks[0].track.media else {
        panic!("no video");
    };
    assert_eq!(video.rotation, 90);
}

#[test]
fn sound_that_begins_late_begins_late_in_the_file() {
    for (codec, name) in [(VideoCodec::H264, "a.mp4"), (VideoCodec::Vp8, "a.webm")] {
        let folder = tempfile::tempdir().unwrap();
        let units = together(&[pictures(codec), shifted(tone(), ms(1500))]);
        let recorded = record(config(Some(codec), Some(AudioCodec::Opus), ""), &units);
        let path = write(folder.path(), name, &recorded.parts[0].bytes);
        for finished in [false, true] {
            if finished {
                finish(&path).unwrap();
            }
            let probed = probe(&path);
            near(times(&probed, "audio")[0], 1.5, 0.002);
            near(times(&probed, "video")[0], 0.0, 0.002);
        }
        let mut reader = Reader::open(&path).unwrap();
        let tracks = reader.tracks().to_vec();
        let mut first = None;
        while let Some(sample) = reader.next_sample().unwrap() {
            if !tracks[sample.track].is_video() {
                first.get_or_insert(sample.at);
            }
        }
        let first = first.unwrap();
        assert!(
            first.abs_diff(ms(1500)) <= Duration::from_micros(500),
            "{first:?}"
        );
    }
}

#[test]
fn an_aligned_file_begins_with_black_and_silence() {
    for (codec, name) in [(VideoCodec::H264, "a.mp4"), (VideoCodec::Vp8, "a.webm")] {
        let folder = tempfile::tempdir().unwrap();
        let late = ms(45_000);
        let units = together(&[shifted(pictures(codec), late), shifted(tone(), late)]);
        let mut config = config(Some(codec), Some(AudioCodec::Opus), "");
        config.aligned = Some(Aligned {
            origin: Duration::ZERO,
        });
        let recorded = record(config, &units);
        let path = write(folder.path(), name, &recorded.parts[0].bytes);
        finish(&path).unwrap();
        assert_eq!(decode(&path, &[]), "");
        let probed = probe(&path);
        near(number(&probed["format"]["duration"]), 49.0, 0.04);
        assert_eq!(frames(&probed, "video"), 45 + 60);
        near(times(&probed, "audio")[0], 0.0, 0.001);
        let sound = times(&probed, "audio");
        assert!(
            sound.windows(2).all(|w| w[1] - w[0] < 0.13),
            "a hole in the sound"
        );
        near(brightness(&path, 0.5), 0.0, 0.5);
        near(brightness(&path, 43.5), 0.0, 0.5);
        assert!(brightness(&path, 45.5) > 60.0, "the pattern is not black");
    }
}

#[test]
fn black_waits_for_a_keyframe_that_is_late_and_no_sound_is_lost_meanwhile() {
    for (codec, name) in [(VideoCodec::H264, "a.mp4"), (VideoCodec::Vp8, "a.webm")] {
        let folder = tempfile::tempdir().unwrap();
        let late = ms(3_000);
        let mut shown = shifted(pictures(codec), late);
        // The first keyframe was lost; the next one is a second later.
        shown.remove(0);
        let units = together(&[shown, shifted(tone(), late)]);
        let mut config = config(Some(codec), Some(AudioCodec::Opus), "");
        config.aligned = Some(Aligned {
            origin: Duration::ZERO,
        });
        let recorded = record(config, &units);
        let path = write(folder.path(), name, &recorded.parts[0].bytes);
        finish(&path).unwrap();
        assert_eq!(decode(&path, &[]), "");
        let probed = probe(&path);
        let video = times(&probed, "video");
        near(video[0], 0.0, 0.001);
        near(brightness(&path, 0.5), 0.0, 0.5);
        near(brightness(&path, 2.5), 0.0, 0.5);
        assert!(brightness(&path, 4.5) > 60.0, "the pattern is not black");
        assert!(
            loudness(&path, 0.5, 2.0) < -60.0,
            "silence before the sound"
        );
        assert!(
            loudness(&path, 3.1, 0.8) > -40.0,
            "the sound before the picture"
        );
    }
}

#[test]
fn an_aligned_file_whose_camera_comes_on_later_has_black_before() {
    let sound: Vec<_> = (0..5)
        .flat_map(|turn| shifted(tone(), ms(3_000 + turn * 4_000)))
        .collect();
    let files = [
        (VideoCodec::H264, "", "a.mp4"),
        (VideoCodec::Vp8, "", "a.webm"),
        (VideoCodec::Vp8, "vp8-mkv", "a.mkv"),
        (VideoCodec::Vp8, "vp8-mp4", "a.mp4"),
    ];
    for (codec, formats, name) in files {
        let folder = tempfile::tempdir().unwrap();
        let shown = shifted(pictures(codec), ms(15_000));
        let mut config = config(Some(codec), Some(AudioCodec::Opus), formats);
        config.aligned = Some(Aligned {
            origin: Duration::ZERO,
        });
        let mut parts = record(config, &together(&[sound.clone(), shown])).parts;
        assert_eq!(parts.len(), 1);
        let part = parts.remove(0);
        let path = write(folder.path(), name, &part.bytes);
        finish(&path).unwrap();
        assert_eq!(decode(&path, &[]), "", "{formats}");
        let probed = probe(&path);
        near(number(&probed["format"]["duration"]), 23.0, 0.04);
        assert_eq!(frames(&probed, "video"), 15 + 60);
        let video = times(&probed, "video");
        near(video[0], 0.0, 0.001);
        assert!(video.is_sorted() && times(&probed, "audio").is_sorted());
        near(brightness(&path, 0.5), 0.0, 0.5);
        near(brightness(&path, 13.5), 0.0, 0.5);
        assert!(brightness(&path, 15.5) > 60.0, "the pattern is not black");
        assert!(loudness(&path, 0.5, 2.0) < -60.0);
        for second in 3..22 {
            assert!(loudness(&path, f64::from(second) + 0.1, 0.8) > -40.0);
        }
        let sound = times(&probed, "audio");
        assert!(sound.windows(2).all(|w| w[1] - w[0] < 0.13), "{sound:?}");
        // Cut anywhere it plays, too.
        for length in part.whole.iter().skip(2) {
            let path = write(folder.path(), "cut", &part.bytes[..*length]);
            if finish(&path).unwrap().tracks[0].samples == 0 {
                continue;
            }
            assert_eq!(decode(&path, &[]), "", "{formats} cut at {length}");
        }
        // In the file, too, what belongs together is together.
        if name != "a.mp4" {
            let mut latest = Duration::ZERO;
            let mut reader = Reader::open(&path).unwrap();
            while let Some(sample) = reader.next_sample().unwrap() {
                assert!(sample.at + ms(1_100) > latest, "{:?}", sample.at);
                latest = latest.max(sample.at);
            }
            let cues = cues(&path);
            assert!(cues.is_sorted() && cues[0] == 0, "{cues:?}");
            assert!(cues.windows(2).all(|w| w[1] - w[0] < 3_000), "{cues:?}");
        }
    }
}

/// Times of the cues of a finished Matroska file, in milliseconds.
fn cues(path: &std::path::Path) -> Vec<u64> {
    let bytes = std::fs::read(path).unwrap();
    let find = |bytes: &[u8], id: [u8; 4]| bytes.windows(4).position(|w| w == id);
    let head = &bytes[..find(&bytes, [0x1f, 0x43, 0xb6, 0x75]).unwrap()];
    let (mut times, mut at) = (Vec::new(), 0);
    while at + 11 < head.len() {
        // A point, its size in eight bytes, and first in it its time.
        if head[at..at + 2] == [0xbb, 0x01] && head[at + 9] == 0xb3 {
            let length = usize::from(head[at + 10] & 0x0f);
            let time = &head[at + 11..][..length];
            times.push(time.iter().fold(0, |time, b| time << 8 | u64::from(*b)));
            at += 11 + length;
        } else {
            at += 1;
        }
    }
    times
}

#[test]
fn sound_can_be_sought_where_a_camera_is_off() {
    let sound: Vec<_> = (0..5)
        .flat_map(|turn| shifted(tone(), ms(turn * 4_000)))
        .collect();
    let late = shifted(pictures(VideoCodec::Vp8), ms(8_000));
    for (shown, keys) in [(Vec::new(), Vec::new()), (late, vec![8, 9, 10, 11])] {
        let units = together(&[sound.clone(), shown]);
        let config = config(Some(VideoCodec::Vp8), Some(AudioCodec::Opus), "");
        let part = record(config, &units).parts.remove(0);
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "a.webm", &part.bytes);
        finish(&path).unwrap();
        let times = cues(&path);
        assert!(
            times[0] < 100 && times[times.len() - 1] > 16_000,
            "{times:?}"
        );
        assert!(times.is_sorted());
        assert!(times.windows(2).all(|w| w[1] - w[0] < 3_000), "{times:?}");
        // Among pictures none but at their keyframes.
        let among: Vec<_> = times
            .iter()
            .filter(|t| (8_000..12_000).contains(*t))
            .collect();
        for key in &keys {
            assert!(
                among.iter().any(|t| t.abs_diff(key * 1_000) <= 1),
                "{times:?}"
            );
        }
        assert!(keys.is_empty() || among.len() == keys.len(), "{times:?}");
        assert_eq!(decode(&path, &[]), "");
    }
}

#[test]
fn the_first_picture_has_a_cue_however_late_it_comes() {
    let sound = shifted(tone(), ms(1_000));
    // When they are captured, and how much later than the sound of their time they
    // come: with the file's beginning, and behind a loss when that sound has a cue.
    for (at, late) in [(1_400, ms(150)), (1_400, ms(650)), (3_050, ms(850))] {
        let shown = shifted(pictures(VideoCodec::Vp8), ms(at));
        let mut come: Vec<_> = sound
            .iter()
            .map(|unit| (unit.at + ms(30), unit.clone()))
            .collect();
        // One keyframe, as browsers send them.
        let group = shown.iter().take(15);
        come.extend(group.map(|unit| (unit.at + late, unit.clone())));
        come.sort_by_key(|(now, _)| *now);
        let config = config(Some(VideoCodec::Vp8), Some(AudioCodec::Opus), "");
        let mut recorded = record_as_they_come(config, &come);
        let part = recorded.parts.remove(0);
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "a.webm", &part.bytes);
        finish(&path).unwrap();
        assert_eq!(decode(&path, &[]), "");
        let probed = probe(&path);
        let first = (times(&probed, "video")[0] * 1_000.0).round() as u64;
        assert_eq!(frames(&probed, "video"), 15);
        let cues = cues(&path);
        assert!(
            cues.is_sorted() && cues.contains(&first),
            "{first} in {cues:?}"
        );
    }
}

#[test]
fn what_is_before_the_media_of_an_aligned_file_is_bounded_and_interleaved() {
    let late = ms(3_600_000);
    let mut shown = pictures(VideoCodec::Vp8);
    // Its first keyframe says that it is large (RFC 6386, 9.1).
    let mut data = shown[0].data.to_vec();
    data[6..10].copy_from_slice(&[0x00, 0x0f, 0x70, 0x08]);
    shown[0].data = data.into();
    for sound in [AudioCodec::Opus, AudioCodec::Pcmu] {
        let heard = match sound {
            AudioCodec::Opus => tone(),
            other => buzz(other),
        };
        let units = shifted(together(&[shown.clone(), heard]), late);
        for formats in ["vp8-mkv", "vp8-mp4"] {
            let mut config = config(Some(VideoCodec::Vp8), Some(sound), formats);
            config.aligned = Some(Aligned {
                origin: Duration::ZERO,
            });
            let part = record(config, &units).parts.remove(0);
            let folder = tempfile::tempdir().unwrap();
            let path = write(folder.path(), "a", &part.bytes);
            let mut reader = Reader::open(&path).unwrap();
            let (mut latest, mut black, mut bytes) = (ms(0), 0, 0);
            let mut heard = ms(0);
            while let Some(sample) = reader.next_sample().unwrap() {
                assert!(sample.at + ms(1_100) > latest, "{:?}", sample.at);
                latest = latest.max(sample.at);
                if sample.track == 0 && sample.at < late {
                    (black, bytes) = (black + 1, bytes + sample.data.len());
                }
                if sample.track == 1 {
                    assert!(sample.at.abs_diff(heard) < ms(20), "a hole at {heard:?}");
                    heard = sample.at + sample.duration;
                }
            }
            assert!((10..=600).contains(&black), "{black} pictures");
            assert!(bytes <= 4 * 1024 * 1024, "{bytes} bytes of black");
            let writes = part.whole.windows(2).map(|w| w[1] - w[0]);
            assert!(writes.max().unwrap() < 3 * 1024 * 1024);
            // A fragment is one write: few for an hour.
            assert!(part.whole.len() < 40, "{} writes", part.whole.len());
        }
    }
}
