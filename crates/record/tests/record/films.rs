//! Files as a composed film is: AAC, pictures in another order, texts, chapters.

use std::path::{Path, PathBuf};
use std::time::Duration;

use veche_media::VideoCodec;
use veche_record::{
    AudioCoding, Chapter, Container, Extras, Input, Reader, Sample, Track, TrackMedia, Writer,
    finish_to_with, inspect, merge,
};

use crate::support::*;

const PRIMING: u16 = 1024;

fn frame(n: u64) -> Duration {
    Duration::from_nanos(n * 1_000_000_000 / 15)
}

/// Samples in about the order of decoding; `late` shifts times of decoding so
/// that no picture is decoded after it is shown.
fn samples(start: Duration, delay: u64) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for (n, (shown, keyframe, data)) in reordered().into_iter().enumerate() {
        samples.push(Sample {
            track: 0,
            at: start + frame(shown + delay),
            decode_at: start + frame(n as u64),
            duration: frame(1),
            keyframe,
            data: data.into(),
        });
    }
    let (_, frames) = aac();
    for (n, data) in frames.into_iter().enumerate() {
        let at = start + Duration::from_nanos(n as u64 * 1024 * 1_000_000_000 / 44_100);
        samples.push(Sample {
            track: 1,
            at,
            decode_at: at,
            duration: Duration::from_nanos(1024 * 1_000_000_000 / 44_100),
            keyframe: true,
            data: data.into(),
        });
    }
    for (at, length, text) in TEXTS {
        samples.push(Sample {
            track: 2,
            at: start + ms(at),
            decode_at: start + ms(at),
            duration: ms(length),
            keyframe: true,
            data: arc(text.as_bytes()),
        });
    }
    samples.sort_by_key(|s| s.decode_at);
    samples
}

const TEXTS: [(u64, u64, &str); 3] = [
    (500, 400, "Alice: привет"),
    // One follows at once.
    (1_500, 500, "Bob: <b>hi</b>"),
    (2_000, 1_200, "Bob: two\nlines"),
];

fn tracks() -> Vec<Track> {
    let mut video = Track::video("Room", VideoCodec::H264);
    if let TrackMedia::Video(video) = &mut video.media {
        video.size.width = 160;
        video.size.height = 120;
        video.config = avcc(&reordered()[0].2);
    }
    let (config, _) = aac();
    vec![
        video,
        Track::aac("Room", &config, PRIMING).unwrap(),
        Track::text("Chat"),
    ]
}

/// As an encoder gives it.
fn avcc(keyframe: &[u8]) -> Vec<u8> {
    let length = |at: usize| u32::from_be_bytes(keyframe[at..at + 4].try_into().unwrap()) as usize;
    let sps = &keyframe[4..4 + length(0)];
    let at = 4 + sps.len();
    let pps = &keyframe[at + 4..at + 4 + length(at)];
    let mut out = vec![1, sps[1], sps[2], sps[3], 0xff, 0xe1];
    out.extend((sps.len() as u16).to_be_bytes());
    out.extend(sps);
    out.push(1);
    out.extend((pps.len() as u16).to_be_bytes());
    out.extend(pps);
    out.extend([0xfd, 0xf8, 0xf8, 0]);
    out
}

fn open_film(container: Container, folder: &Path, samples: &[Sample]) -> PathBuf {
    let mut writer = Writer::new(container, tracks());
    let mut bytes = writer.header();
    let mut rest = samples;
    while let Some(first) = rest.first() {
        let n = rest
            .iter()
            .position(|s| s.decode_at >= first.decode_at + ms(700))
            .unwrap_or(rest.len());
        bytes.extend(writer.fragment(&rest[..n]));
        rest = &rest[n..];
    }
    write(folder, "film.open", &bytes)
}

fn extras() -> Extras {
    let chapter = |at, title: &str| Chapter {
        at: ms(at),
        title: title.to_owned(),
    };
    Extras {
        title: Some("Планёрка – weekly".to_owned()),
        chapters: vec![chapter(0, "Alice joined"), chapter(2_500, "Ёж spoke")],
    }
}

fn read(path: &Path) -> (Reader, Vec<Sample>) {
    let mut reader = Reader::open(path).unwrap();
    let mut samples = Vec::new();
    while let Some(sample) = reader.next_sample().unwrap() {
        samples.push(sample);
    }
    (reader, samples)
}

/// Times of showing of a track, in the order of the file.
fn shown(samples: &[Sample], track: usize) -> Vec<f64> {
    let of = samples.iter().filter(|s| s.track == track);
    of.map(|s| s.at.as_secs_f64()).collect()
}

fn chapters_of(path: &Path) -> serde_json::Value {
    let out = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_chapters"])
        .arg(path)
        .output()
        .unwrap();
    serde_json::from_slice(&out.stdout).unwrap()
}

fn check(container: Container, start: u64, delay: u64) {
    let folder = tempfile::tempdir().unwrap();
    let written = samples(ms(start), delay);
    let open = open_film(container, folder.path(), &written);
    assert_eq!(decode(&open, &[]), "", "open");
    let to = folder.path().join(format!("film.{container}"));
    let summary = finish_to_with(&open, &to, &extras()).unwrap();
    assert_eq!(inspect(&to).unwrap(), summary);
    let ends = (start as f64 + delay as f64 * 1000.0 / 15.0) / 1000.0 + 4.0;
    near(summary.tracks[0].end.as_secs_f64(), ends, 0.002);
    near(summary.duration.as_secs_f64(), ends, 0.045);

    assert_eq!(decode(&to, &[]), "", "finished");
    let probed = probe(&to);
    assert_eq!(frames(&probed, "video"), 60);
    // Every picture at its time, the first at the start.
    let mut times = times(&probed, "video");
    times.sort_by(f64::total_cmp);
    for (n, time) in times.iter().enumerate() {
        let expected = (ms(start) + frame(n as u64 + delay)).as_secs_f64();
        near(*time, expected, 0.0011);
    }
    let video = stream(&probed, "video");
    near(number(&video["start_time"]), times[0], 0.001);
    assert_eq!(
        (&video["codec_name"], &video["has_b_frames"]),
        (&"h264".into(), &2.into())
    );
    let audio = stream(&probed, "audio");
    assert_eq!(audio["codec_name"], "aac");
    assert_eq!(audio["sample_rate"], "44100");
    near(number(&audio["start_time"]), start as f64 / 1000.0, 0.03);
    let text = stream(&probed, "subtitle");
    let name = if container == Container::Mp4 {
        "mov_text"
    } else {
        "subrip"
    };
    assert_eq!(text["codec_name"], name);
    let title = &probed["format"]["tags"]["title"];
    assert_eq!(*title, "Планёрка – weekly");
    assert_eq!(
        probed["streams"].as_array().unwrap().len(),
        if container == Container::Mp4 { 4 } else { 3 }
    );
    let chapters = chapters_of(&to);
    let chapters = chapters["chapters"].as_array().unwrap();
    assert_eq!(chapters.len(), 2);
    near(number(&chapters[1]["start_time"]), 2.5, 0.0011);
    assert_eq!(chapters[1]["tags"]["title"], "Ёж spoke");

    // Texts as ffmpeg reads them.
    let out = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-copyts", "-i"])
        .arg(&to)
        .args(["-map", "0:2", "-f", "srt", "-"])
        .output()
        .unwrap();
    let srt = String::from_utf8(out.stdout).unwrap();
    assert!(
        srt.contains("Alice: привет") && srt.contains("two"),
        "{srt}"
    );
    if start == 0 {
        assert!(srt.contains("00:00:00,500 --> 00:00:00,900"), "{srt}");
        assert!(srt.contains("00:00:02,000 --> 00:00:03,200"), "{srt}");
    }

    // And back, open and finished.
    for (path, finished) in [(&open, false), (&to, true)] {
        let (reader, samples) = read(path);
        assert_eq!(samples.len(), written.len());
        if finished {
            assert_eq!(reader.title(), Some("Планёрка – weekly"));
            assert_eq!(reader.chapters(), extras().chapters);
        }
        let TrackMedia::Audio(audio) = &reader.tracks()[1].media else {
            panic!("no sound")
        };
        assert_eq!(
            (audio.codec, audio.sample_rate, audio.channels),
            (AudioCoding::Aac, 44_100, 2)
        );
        assert_eq!(audio.config, [0x12, 0x10]);
        assert_eq!(audio.priming, PRIMING);
        for track in 0..3 {
            let (is, was) = (shown(&samples, track), shown(&written, track));
            for (is, was) in is.iter().zip(&was) {
                near(*is, *was, 0.0011);
            }
            let data = |s: &[Sample]| -> Vec<_> {
                let of = s.iter().filter(|s| s.track == track);
                of.map(|s| (s.keyframe, s.data.clone())).collect()
            };
            assert!(data(&samples) == data(&written), "track {track}");
            let decoded: Vec<_> = samples
                .iter()
                .filter(|s| s.track == track)
                .map(|s| s.decode_at)
                .collect();
            assert!(decoded.is_sorted(), "track {track}");
        }
        let texts: Vec<_> = samples.iter().filter(|s| s.track == 2).collect();
        for (text, (_, length, _)) in texts.iter().zip(TEXTS) {
            near(text.duration.as_secs_f64(), length as f64 / 1000.0, 0.002);
        }
    }
}

#[test]
fn a_film_is_an_mp4_with_all_that_it_has() {
    check(Container::Mp4, 0, 0);
}

#[test]
fn pictures_whose_times_of_decoding_come_first_are_the_same() {
    check(Container::Mp4, 0, 2);
}

#[test]
fn a_film_that_begins_late_does_in_mp4() {
    check(Container::Mp4, 2_000, 0);
}

#[test]
fn a_film_is_a_matroska_file_with_all_that_it_has() {
    check(Container::Matroska, 0, 0);
    check(Container::Matroska, 2_000, 2);
}

/// When the tone begins, in seconds, as ffmpeg decodes the file from its start.
fn onset(path: &Path) -> f64 {
    let out = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args([
            "-map", "0:a", "-f", "f32le", "-ac", "1", "-ar", "44100", "-",
        ])
        .output()
        .unwrap();
    let samples: Vec<f32> = out
        .stdout
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    let loud = samples.iter().position(|s| s.abs() > 0.02).unwrap();
    loud as f64 / 44_100.0
}

#[test]
fn what_an_encoder_puts_before_the_sound_is_not_heard() {
    let folder = tempfile::tempdir().unwrap();
    for container in [Container::Mp4, Container::Matroska] {
        let open = open_film(container, folder.path(), &samples(ms(0), 0));
        let to = folder.path().join(format!("primed.{container}"));
        finish_to_with(&open, &to, &Extras::default()).unwrap();
        // The tone fills the file; without the cut it begins 23 ms late. In
        // Matroska ffmpeg keeps what comes before, at times below zero.
        let start = number(&stream(&probe(&to), "audio")["start_time"]);
        near(start + onset(&to), 0.0, 0.003);
    }
}

#[test]
fn films_can_be_put_together_too() {
    let folder = tempfile::tempdir().unwrap();
    let open = open_film(Container::Matroska, folder.path(), &samples(ms(0), 0));
    let input = |start| Input {
        path: open.clone(),
        name: "Film".to_owned(),
        start: ms(start),
    };
    let to = folder.path().join("both.mp4");
    let summary = merge(&[input(0), input(5_000)], Container::Mp4, &to)
        .unwrap()
        .summary;
    assert_eq!(summary.tracks.len(), 3);
    assert_eq!(decode(&to, &[]), "");
    let probed = probe(&to);
    assert_eq!(frames(&probed, "video"), 120);
    let mut times = times(&probed, "video");
    times.sort_by(f64::total_cmp);
    near(times[60], 5.0, 0.002);
    near(times[119], 5.0 + 59.0 / 15.0, 0.002);
}
