//! MP4 and QuickTime files as ffmpeg writes them, against what ffprobe reads.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use veche_record::{ReadError, Reader, TrackMedia, finish_to, inspect};

use crate::support::near;

/// Runs ffmpeg with these arguments, separated by spaces.
fn ffmpeg(args: &str, to: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(args.split_whitespace())
        .arg(to)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{args}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Two seconds with pictures out of order, in every form that ffmpeg has.
fn forms(folder: &Path) -> Vec<std::path::PathBuf> {
    let plain = folder.join("plain.mp4");
    ffmpeg(
        "-f lavfi -t 2 -i testsrc2=s=96x64:r=30 -f lavfi -t 2 -i sine=440:r=44100 \
         -c:v libx264 -preset fast -bf 3 -g 20 -pix_fmt yuv420p -c:a aac -b:a 32k",
        &plain,
    );
    let input = plain.display().to_string();
    let copies = [
        ("front.mp4", "", "-movflags +faststart"),
        ("quicktime.mov", "", ""),
        ("negative.mp4", "", "-movflags +negative_cts_offsets"),
        ("cut.mp4", "-ss 0.9", ""),
        ("short.mp4", "-ss 0.3 -t 1", ""),
        ("hybrid.mp4", "", "-movflags frag_keyframe"),
        ("empty.mp4", "", "-movflags frag_keyframe+empty_moov"),
        ("dash.mp4", "", "-movflags dash+delay_moov"),
        (
            "separate.mp4",
            "",
            "-movflags frag_keyframe+delay_moov+separate_moof",
        ),
        (
            "omitted.mp4",
            "",
            "-movflags frag_keyframe+delay_moov+omit_tfhd_offset",
        ),
        ("every.mp4", "", "-movflags frag_every_frame+delay_moov"),
        ("one.mp4", "-an", "-movflags frag_keyframe+empty_moov"),
    ];
    let mut all = vec![plain];
    for (name, before, behind) in copies {
        let to = folder.join(name);
        ffmpeg(&format!("{before} -i {input} -c copy {behind}"), &to);
        all.push(to);
    }
    let late = folder.join("late.mp4");
    ffmpeg(
        &format!("-itsoffset 0.7 -i {input} -i {input} -map 0:v -map 1:a -c copy"),
        &late,
    );
    all.push(late);
    all
}

/// A packet: size, whether a keyframe, when it is shown if it is.
type Packet = (u64, bool, Option<f64>);

fn probed(path: &Path, stream: usize) -> Vec<Packet> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_packets", "-of", "json"])
        .args(["-select_streams", &stream.to_string()])
        .arg(path)
        .output()
        .unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |packet: &Value, key: &str| packet[key].as_str().unwrap().to_owned();
    json["packets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|packet| {
            let flags = text(packet, "flags");
            let at: f64 = text(packet, "pts_time").parse().unwrap();
            let shown = !flags.contains('D') && at >= 0.0;
            let size = text(packet, "size").parse().unwrap();
            (size, flags.starts_with('K'), shown.then_some(at))
        })
        .collect()
}

fn read(path: &Path) -> Vec<Vec<Packet>> {
    let mut reader = Reader::open(path).unwrap();
    let lead: Vec<f64> = reader
        .tracks()
        .iter()
        .map(|track| match &track.media {
            TrackMedia::Audio(audio) => f64::from(audio.priming) / f64::from(audio.sample_rate),
            _ => 0.0,
        })
        .collect();
    let mut packets = vec![Vec::new(); lead.len()];
    while let Some(sample) = reader.next_sample().unwrap() {
        packets[sample.track].push((
            sample.data.len() as u64,
            sample.keyframe,
            Some(sample.at.as_secs_f64() - lead[sample.track]),
        ));
    }
    packets
}

#[test]
fn ffmpeg_s_files_are_read_as_ffprobe_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    for path in forms(folder.path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let tracks = read(&path);
        let summary = inspect(&path).unwrap();
        assert_eq!(summary.lost_bytes, 0, "{name}");
        for (stream, ours) in tracks.iter().enumerate() {
            let theirs = probed(&path, stream);
            assert_eq!(summary.tracks[stream].samples, ours.len() as u64, "{name}");
            // Sound that is wholly cut off behind the end is left out.
            let sizes = |packets: &[Packet]| -> Vec<(u64, bool)> {
                packets.iter().map(|p| (p.0, p.1)).collect()
            };
            assert!(theirs.len() - ours.len() <= 2, "{name}: {stream}");
            assert_eq!(
                sizes(ours),
                sizes(&theirs[..ours.len()]),
                "{name}: {stream}"
            );
            for (ours, theirs) in ours.iter().zip(&theirs) {
                if let (Some(ours), Some(theirs)) = (ours.2, theirs.2) {
                    near(ours, theirs, 0.0015);
                }
            }
            let shown = theirs.iter().filter_map(|p| p.2);
            let first = shown.clone().fold(f64::MAX, f64::min);
            near(summary.tracks[stream].start.as_secs_f64(), first, 0.024);
            let last = shown.fold(0.0, f64::max);
            let end = summary.tracks[stream].end.as_secs_f64();
            assert!((0.0..0.08).contains(&(end - last)), "{name}: {end} {last}");
        }
    }
}

#[test]
fn damaged_files_of_others_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(13);
    let damaged = folder.path().join("damaged");
    for path in forms(folder.path()) {
        let original = std::fs::read(&path).unwrap();
        // Where the structure is: the movie, and the first fragments' heads.
        let heads: Vec<usize> = (0..original.len() - 4)
            .filter(|i| matches!(&original[*i..i + 4], b"moov" | b"moof"))
            .collect();
        for round in 0..150 {
            let mut bytes = original.clone();
            for _ in 0..random.usize(1..6) {
                let at = match random.u8(..4) {
                    0 => random.usize(..bytes.len()),
                    _ => heads[random.usize(..heads.len())] + random.usize(..1200),
                };
                let at = at.min(bytes.len() - 1);
                match random.u8(..6) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes[at] = 0xff,
                    2 => bytes[at] = 0,
                    3 => bytes[at] ^= 1 << random.u8(..8),
                    4 if round % 3 == 0 => bytes.truncate(at.max(1)),
                    _ => {
                        let end = (at + random.usize(1..32)).min(bytes.len());
                        bytes.drain(at..end);
                        bytes.push(0);
                    }
                }
            }
            std::fs::write(&damaged, &bytes).unwrap();
            let _ = inspect(&damaged);
            let _ = finish_to(&damaged, &damaged.with_extension("finished"));
            let Ok(mut reader) = Reader::open(&damaged) else {
                continue;
            };
            let mut read = 0;
            while let Ok(Some(sample)) = reader.next_sample() {
                read += sample.data.len();
            }
            assert!(read <= bytes.len(), "more is read than there is");
        }
    }
}

#[test]
fn what_is_not_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let source = "-f lavfi -t 0.2 -i testsrc2=s=96x64:r=10 -f lavfi -t 0.2 -i sine=440";
    ffmpeg(
        &format!("{source} -c:v libx265 -x265-params log-level=none -c:a aac"),
        &path,
    );
    let error = inspect(&path).unwrap_err();
    assert!(matches!(error, ReadError::Codec { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "pictures in HEVC (H.265) cannot be read; H.264, VP8, VP9 and AV1 can"
    );
    ffmpeg(&format!("{source} -c:v libx264 -c:a libmp3lame"), &path);
    assert_eq!(
        inspect(&path).unwrap_err().to_string(),
        "sound in MP3 cannot be read; AAC, Opus and G.711 can"
    );
    let matroska = folder.path().join("a.mkv");
    for (coding, sentence) in [
        (
            "-c:v libx265 -x265-params log-level=none -c:a libopus",
            "pictures in HEVC (H.265) cannot be read; H.264, VP8, VP9 and AV1 can",
        ),
        (
            "-c:v libx264 -c:a libvorbis",
            "sound in Vorbis cannot be read; Opus, AAC and G.711 can",
        ),
    ] {
        ffmpeg(&format!("{source} {coding}"), &matroska);
        assert_eq!(inspect(&matroska).unwrap_err().to_string(), sentence);
    }
    // A second sound that can be read is enough.
    ffmpeg(
        &format!("{source} -map 0 -map 1 -map 1 -c:v libx264 -c:a:0 libmp3lame -c:a:1 aac"),
        &path,
    );
    assert_eq!(inspect(&path).unwrap().tracks.len(), 2);
}

#[test]
fn a_file_that_was_cut_off_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let all = forms(folder.path());
    let cut = folder.path().join("damaged");
    let end = std::fs::read(&all[0]).unwrap();
    std::fs::write(&cut, &end[..end.len() / 2]).unwrap();
    assert!(matches!(inspect(&cut), Err(ReadError::NoIndex)));
    let front = std::fs::read(&all[1]).unwrap();
    std::fs::write(&cut, &front[..front.len() * 2 / 3]).unwrap();
    let summary = inspect(&cut).unwrap();
    let seconds = summary.duration.as_secs_f64();
    assert!((0.3..1.9).contains(&seconds), "{seconds}");
    let mut reader = Reader::open(&cut).unwrap();
    let error = loop {
        match reader.next_sample() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it is not all there"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ReadError::CutOff { .. }), "{error}");
}
