use veche_media::{AudioCodec, VideoCodec};
use veche_record::{
    Container, Extras, ReadError, Reader, Sample, Track, Writer, finish, finish_bytes, finish_to,
    inspect,
};

use crate::support::*;

fn recorded(codec: VideoCodec) -> Part {
    let units = together(&[pictures(codec), tone()]);
    let config = config(Some(codec), Some(AudioCodec::Opus), "");
    record(config, &units).parts.remove(0)
}

const BOTH: [VideoCodec; 2] = [VideoCodec::H264, VideoCodec::Vp8];

fn cuts(part: &Part) -> Vec<usize> {
    let len = part.bytes.len();
    let mut random = fastrand::Rng::with_seed(7);
    (0..=50)
        .map(|n| len * n / 50)
        .chain((0..60).map(|_| random.usize(..len)))
        .chain(
            part.whole
                .iter()
                .flat_map(|w| [w - 1, *w, (w + 1).min(len)]),
        )
        .collect()
}

#[test]
fn a_file_cut_anywhere_keeps_all_but_its_last_fragment() {
    for codec in BOTH {
        let part = recorded(codec);
        let folder = tempfile::tempdir().unwrap();
        // Samples in the file when it is whole up to each place.
        let counts: Vec<(usize, u64)> = part
            .whole
            .iter()
            .map(|whole| {
                let path = write(folder.path(), "whole", &part.bytes[..*whole]);
                let samples =
                    inspect(&path).map_or(0, |s| s.tracks.iter().map(|t| t.samples).sum());
                (*whole, samples)
            })
            .collect();
        assert_eq!(counts.last().unwrap().1, 260);
        for cut in cuts(&part) {
            let path = write(folder.path(), "cut", &part.bytes[..cut]);
            let least = counts
                .iter()
                .filter(|(w, _)| *w <= cut)
                .map(|(_, n)| *n)
                .max();
            match finish(&path) {
                Ok(summary) => {
                    let samples: u64 = summary.tracks.iter().map(|t| t.samples).sum();
                    assert!(samples >= least.unwrap_or(0), "cut at {cut}");
                    assert!(inspect(&path).unwrap().lost_bytes == 0);
                }
                Err(error) => assert_eq!(least.unwrap_or(0), 0, "cut at {cut}: {error}"),
            }
        }
    }
}

#[test]
fn recovered_files_play() {
    for codec in BOTH {
        let part = recorded(codec);
        let folder = tempfile::tempdir().unwrap();
        for n in 1..6 {
            let cut = part.whole[1] + (part.bytes.len() - part.whole[1]) * n / 6;
            let name = format!("{n}.{}", part.info.container);
            let path = write(folder.path(), &name, &part.bytes[..cut]);
            let summary = finish(&path).unwrap();
            assert_eq!(decode(&path, &[]), "");
            let probed = probe(&path);
            let pictures = &summary.tracks[0];
            assert_eq!(frames(&probed, "video"), pictures.samples);
            near(
                number(&probed["format"]["duration"]),
                summary.duration.as_secs_f64(),
                0.01,
            );
        }
    }
}

#[test]
fn a_hole_in_the_midst_costs_what_was_in_it() {
    for codec in BOTH {
        let mut part = recorded(codec);
        let folder = tempfile::tempdir().unwrap();
        // A power cut before the disk had written all pages.
        let (from, to) = (part.whole[2], part.whole[3]);
        part.bytes[from..to].fill(0);
        let name = format!("a.{}", part.info.container);
        let path = write(folder.path(), &name, &part.bytes);
        let summary = finish(&path).unwrap();
        assert_eq!(summary.lost_bytes, (to - from) as u64);
        near(summary.duration.as_secs_f64(), 4.0, 0.07);
        let samples: u64 = summary.tracks.iter().map(|t| t.samples).sum();
        assert!((180..260).contains(&samples), "{samples} samples");
        probe(&path);
    }
}

/// Reads a file in every way. Only that it ends matters.
fn read_all(path: &std::path::Path) {
    let _ = inspect(path);
    let _ = finish_to(path, &path.with_extension("finished"));
    if let Ok(mut reader) = Reader::open(path) {
        let mut samples = 0;
        while let Ok(Some(_)) = reader.next_sample() {
            samples += 1;
            assert!(samples < 100_000, "more samples than the file has bytes");
        }
    }
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    for codec in BOTH {
        let part = recorded(codec);
        let whole = write(folder.path(), "whole", &part.bytes);
        finish(&whole).unwrap();
        let finished = std::fs::read(&whole).unwrap();
        for original in [&part.bytes, &finished] {
            for round in 0..400 {
                let mut bytes = original.clone();
                // Most of the structure is at the front.
                let range = if round % 2 == 0 { 1500 } else { bytes.len() };
                for _ in 0..random.usize(1..6) {
                    let at = random.usize(..range.min(bytes.len()));
                    match random.u8(..5) {
                        0 => bytes[at] = random.u8(..),
                        1 => bytes[at] = 0xff,
                        2 => bytes[at] ^= 1 << random.u8(..8),
                        3 => bytes.truncate(at.max(1)),
                        _ => {
                            let end = (at + random.usize(1..32)).min(bytes.len());
                            bytes.drain(at..end);
                            bytes.push(0);
                        }
                    }
                }
                read_all(&write(folder.path(), "damaged", &bytes));
            }
        }
    }
}

#[test]
fn what_is_no_recording_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let check = |bytes: &[u8], expected: fn(&ReadError) -> bool| {
        let path = write(folder.path(), "a", bytes);
        let error = inspect(&path).unwrap_err();
        assert!(expected(&error), "{error}");
    };
    check(b"", |e| matches!(e, ReadError::UnknownContainer));
    check(b"RIFF    WAVE", |e| {
        matches!(e, ReadError::UnknownContainer)
    });
    let mp4 = recorded(VideoCodec::H264);
    check(&mp4.bytes[..100], |e| {
        matches!(e, ReadError::HeaderCutShort)
    });
    check(&mp4.bytes[..mp4.whole[0]], |e| {
        matches!(e, ReadError::NoMedia)
    });
    let webm = recorded(VideoCodec::Vp8);
    check(&webm.bytes[..100], |e| {
        matches!(e, ReadError::HeaderCutShort)
    });
    check(&webm.bytes[..webm.whole[0]], |e| {
        matches!(e, ReadError::NoMedia)
    });
}

#[test]
fn times_at_the_end_of_time_are_no_overflow() {
    for container in [Container::Mp4, Container::Matroska] {
        let tracks = vec![
            Track::audio("a", AudioCodec::Opus),
            Track::audio("b", AudioCodec::Opus),
        ];
        let mut writer = Writer::new(container, tracks);
        let mut bytes = writer.header();
        for (track, at) in [(0, std::time::Duration::MAX), (1, ms(0))] {
            bytes.extend(writer.fragment(&[Sample {
                track,
                at,
                decode_at: at,
                duration: ms(20),
                keyframe: true,
                data: arc(&[0xf8, 1, 2]),
            }]));
        }
        // What it says does not matter.
        if let Ok((finished, _)) = finish_bytes(&bytes, &Extras::default()) {
            let mut reader = Reader::from_bytes(finished).unwrap();
            while let Ok(Some(_)) = reader.next_sample() {}
        }
    }
}

#[test]
fn tracks_of_numbers_that_are_not_ours_are_malformed() {
    let tracks = vec![
        Track::audio("a", AudioCodec::Opus),
        Track::audio("b", AudioCodec::Opus),
    ];
    let header = Writer::new(Container::Webm, tracks).header();
    assert!(Reader::from_bytes(header.clone()).is_ok());
    for number in [1, 3] {
        let mut header = header.clone();
        let at = header
            .windows(3)
            .position(|w| w == [0xd7, 0x81, 2])
            .unwrap();
        header[at + 2] = number;
        let error = Reader::from_bytes(header).err().unwrap();
        assert!(matches!(error, ReadError::Malformed { what: "tracks", .. }));
    }
}

#[test]
fn many_fragments_of_one_time_take_no_more_time_than_others() {
    let mut writer = Writer::new(Container::Mp4, vec![Track::audio("a", AudioCodec::Opus)]);
    let mut bytes = writer.header();
    const FRAGMENTS: u64 = 40_000;
    for n in 0..FRAGMENTS {
        // Each before all others.
        let at = ms(20 * (FRAGMENTS - n));
        bytes.extend(writer.fragment(&[Sample {
            track: 0,
            at,
            decode_at: at,
            duration: ms(20),
            keyframe: true,
            data: arc(&[0xf8, 1, 2]),
        }]));
    }
    let began = std::time::Instant::now();
    let mut reader = Reader::from_bytes(bytes).unwrap();
    let mut times = Vec::new();
    while let Some(sample) = reader.next_sample().unwrap() {
        times.push(sample.at);
    }
    assert_eq!(times.len(), FRAGMENTS as usize);
    assert!(times.is_sorted());
    // Minutes, had all to be put in order for each of them.
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
}
