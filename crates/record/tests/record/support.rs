use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use veche_media::{AccessUnit, AccessUnitKind, AudioCodec, FrameSize, VideoCodec};
use veche_record::recorder::{Config, Output, PartInfo, Recorder, Status};

pub const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Pictures of the pattern are so far apart.
pub const FRAME_US: u64 = 66_667;

fn fixture(name: &str) -> Vec<u8> {
    // Other crates' tests use these, too.
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../record/tests/fixtures")
        .join(name);
    std::fs::read(path).unwrap()
}

/// Sixty pictures, a keyframe every fifteen.
pub fn pictures(codec: VideoCodec) -> Vec<AccessUnit> {
    let frames = match codec {
        VideoCodec::H264 => annex_b("pattern.h264"),
        VideoCodec::Vp8 => ivf("pattern.vp8.ivf"),
        VideoCodec::Vp9 => ivf("pattern.vp9.ivf"),
        VideoCodec::Av1 => ivf("pattern.av1.ivf")
            .iter()
            .map(|f| without_delimiter(f))
            .collect(),
    };
    assert_eq!(frames.len(), 60);
    video(codec, frames)
}

pub fn larger_h264() -> Vec<AccessUnit> {
    video(VideoCodec::H264, annex_b("larger.h264"))
}

fn video(codec: VideoCodec, frames: Vec<Vec<u8>>) -> Vec<AccessUnit> {
    frames
        .into_iter()
        .enumerate()
        .map(|(i, data)| AccessUnit {
            kind: AccessUnitKind::Video {
                codec,
                keyframe: i % 15 == 0,
                size: (i == 0).then_some(FrameSize {
                    width: 160,
                    height: 120,
                }),
                rotation: 0,
            },
            at: Duration::from_micros(i as u64 * FRAME_US),
            waited: Duration::ZERO,
            data: data.into(),
        })
        .collect()
}

/// Four seconds of tone in packets of 20 ms.
pub fn tone() -> Vec<AccessUnit> {
    ogg("tone.opus")
        .into_iter()
        .enumerate()
        .map(|(i, data)| AccessUnit {
            kind: AccessUnitKind::Audio {
                codec: AudioCodec::Opus,
                duration: ms(20),
            },
            at: ms(20 * i as u64),
            waited: Duration::ZERO,
            data: data.into(),
        })
        .collect()
}

/// Four seconds of a square wave.
pub fn buzz(codec: AudioCodec) -> Vec<AccessUnit> {
    (0..200)
        .map(|i| AccessUnit {
            kind: AccessUnitKind::Audio {
                codec,
                duration: ms(20),
            },
            at: ms(20 * i),
            waited: Duration::ZERO,
            data: (0..160_u32)
                .map(|n| if n / 10 % 2 == 0 { 0x20 } else { 0xa0 })
                .collect(),
        })
        .collect()
}

pub fn shifted(units: Vec<AccessUnit>, by: Duration) -> Vec<AccessUnit> {
    units
        .into_iter()
        .map(|u| AccessUnit { at: u.at + by, ..u })
        .collect()
}

/// In the order of time.
pub fn together(tracks: &[Vec<AccessUnit>]) -> Vec<AccessUnit> {
    let mut all: Vec<AccessUnit> = tracks.iter().flatten().cloned().collect();
    all.sort_by_key(|u| u.at);
    all
}

fn ivf(name: &str) -> Vec<Vec<u8>> {
    let bytes = fixture(name);
    let mut rest = &bytes[32..];
    let mut frames = Vec::new();
    while rest.len() >= 12 {
        let size = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        frames.push(rest[12..12 + size].to_vec());
        rest = &rest[12 + size..];
    }
    frames
}

fn without_delimiter(unit: &[u8]) -> Vec<u8> {
    unit.strip_prefix(&[0x12, 0x00]).unwrap_or(unit).to_vec()
}

/// Access units, cut at the delimiters, with lengths before NAL units.
fn annex_b(name: &str) -> Vec<Vec<u8>> {
    let bytes = fixture(name);
    let mut starts = Vec::new();
    for i in 0..bytes.len() - 3 {
        if bytes[i..i + 3] == [0, 0, 1] {
            starts.push(i + 3);
        }
    }
    let mut units: Vec<Vec<u8>> = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        let mut end = starts.get(i + 1).map_or(bytes.len(), |s| s - 3);
        while bytes[end - 1] == 0 {
            end -= 1;
        }
        let nal = &bytes[*start..end];
        if nal[0] & 0x1f == 9 {
            units.push(Vec::new());
            continue;
        }
        let unit = units.last_mut().unwrap();
        unit.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        unit.extend_from_slice(nal);
    }
    units
}

fn ogg(name: &str) -> Vec<Vec<u8>> {
    let bytes = fixture(name);
    let mut rest = &bytes[..];
    let mut packets = vec![Vec::new()];
    while rest.len() >= 27 {
        let segments = rest[26] as usize;
        let table = &rest[27..27 + segments];
        let mut at = 27 + segments;
        for length in table {
            let end = at + *length as usize;
            packets
                .last_mut()
                .unwrap()
                .extend_from_slice(&rest[at..end]);
            at = end;
            if *length < 255 {
                packets.push(Vec::new());
            }
        }
        rest = &rest[at..];
    }
    packets.pop();
    // Identification and comments.
    packets.drain(..2);
    packets.truncate(200);
    packets
}

/// One file of a recording, in memory.
pub struct Part {
    pub info: PartInfo,
    pub bytes: Vec<u8>,
    /// Lengths of the file at which it was whole.
    pub whole: Vec<usize>,
    /// When it became so long.
    pub written: Vec<Duration>,
    pub turned: Option<u16>,
    pub closed: bool,
}

/// What came out of a recorder.
#[derive(Default)]
pub struct Recorded {
    pub parts: Vec<Part>,
    pub statuses: Vec<Status>,
    pub keyframe_requests: usize,
}

impl Recorded {
    /// Takes outputs; the disk takes everything.
    pub fn drain(&mut self, recorder: &mut Recorder, now: Duration) {
        while let Some(output) = recorder.poll_output() {
            match output {
                Output::Open(info) => self.parts.push(Part {
                    info,
                    bytes: Vec::new(),
                    whole: Vec::new(),
                    written: Vec::new(),
                    turned: None,
                    closed: false,
                }),
                Output::Write(bytes) => {
                    let part = self.parts.last_mut().unwrap();
                    part.bytes.extend_from_slice(&bytes);
                    part.whole.push(part.bytes.len());
                    part.written.push(now);
                    recorder.handle_written(now, Ok(()));
                }
                Output::Turn(rotation) => self.parts.last_mut().unwrap().turned = Some(rotation),
                Output::Sync => {}
                Output::Close => self.parts.last_mut().unwrap().closed = true,
                Output::RequestKeyframe => self.keyframe_requests += 1,
                Output::Status(status) => self.statuses.push(status),
            }
        }
    }
}

/// Each unit a little after it was captured, then the end.
pub fn record(config: Config, units: &[AccessUnit]) -> Recorded {
    let come = |unit: &AccessUnit| (unit.at + ms(30), unit.clone());
    record_as_they_come(config, &units.iter().map(come).collect::<Vec<_>>())
}

/// Each unit at its time of coming, then the end.
pub fn record_as_they_come(config: Config, units: &[(Duration, AccessUnit)]) -> Recorded {
    let mut recorded = Recorded::default();
    let start = units.first().map_or(Duration::ZERO, |(now, _)| *now);
    let mut recorder = Recorder::new(config, start);
    recorded.drain(&mut recorder, start);
    let mut now = start;
    for (come, unit) in units {
        now = *come;
        while let Some(due) = recorder.poll_timeout().filter(|t| *t < now) {
            recorder.handle_time(due);
            recorded.drain(&mut recorder, due);
        }
        recorder.handle_unit(now, unit.clone());
        recorded.drain(&mut recorder, now);
    }
    recorder.stop(now);
    recorded.drain(&mut recorder, now);
    assert!(recorder.is_ended());
    recorded
}

pub fn config(video: Option<VideoCodec>, audio: Option<AudioCodec>, formats: &str) -> Config {
    Config {
        name: "Alice".to_owned(),
        video,
        audio,
        formats: formats.parse().unwrap(),
        ..Config::default()
    }
}

pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What ffprobe says of a file, every packet read and every picture decoded.
pub fn probe(path: &Path) -> Value {
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "json",
            "-show_format",
            "-show_streams",
            "-count_frames",
        ])
        .args(["-show_packets"])
        .arg(path)
        .output()
        .expect("ffprobe is installed: these tests mean nothing without it");
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "ffprobe {}: {errors}", path.display());
    assert_eq!(errors, "", "ffprobe complains about {}", path.display());
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Decodes everything; what ffmpeg has to say against it.
pub fn decode(path: &Path, extra: &[&str]) -> String {
    let out = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-v", "repeat+error"])
        .args(extra)
        .arg("-i")
        .arg(path)
        .args(["-map", "0:v?", "-map", "0:a?", "-fps_mode", "passthrough"])
        // At their own times: pictures may be closer than an average.
        .args(["-enc_time_base:v", "-1", "-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed: these tests mean nothing without it");
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "ffmpeg {}: {errors}", path.display());
    // About the rate that ffmpeg guesses for its own output, not about the file.
    errors
        .lines()
        .filter(|l| !(l.starts_with("[null @") && l.contains("non monotonically")))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The mean brightness of the picture at a time, 0 to 255.
pub fn brightness(path: &Path, at: f64) -> f64 {
    let out = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args([
            "-ss",
            &at.to_string(),
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "gray",
            "-",
        ])
        .output()
        .expect("ffmpeg is installed");
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && !out.stdout.is_empty(), "{errors}");
    out.stdout.iter().map(|b| f64::from(*b)).sum::<f64>() / out.stdout.len() as f64
}

/// How loud the sound is, in dBFS on the average.
pub fn loudness(path: &Path, from: f64, seconds: f64) -> f64 {
    let out = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-ss", &from.to_string()])
        .args(["-t", &seconds.to_string(), "-i"])
        .arg(path)
        .args(["-vn", "-af", "volumedetect", "-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let (_, mean) = said.split_once("mean_volume: ").expect(&said);
    mean.split_whitespace().next().unwrap().parse().unwrap()
}

pub fn stream<'a>(probed: &'a Value, kind: &str) -> &'a Value {
    probed["streams"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["codec_type"] == kind)
        .unwrap_or_else(|| panic!("no {kind}"))
}

pub fn number(value: &Value) -> f64 {
    match value {
        Value::String(s) => s.parse().unwrap(),
        other => other
            .as_f64()
            .unwrap_or_else(|| panic!("{other} is no number")),
    }
}

pub fn frames(probed: &Value, kind: &str) -> u64 {
    number(&stream(probed, kind)["nb_read_frames"]) as u64
}

/// Presentation times of a kind, in seconds.
pub fn times(probed: &Value, kind: &str) -> Vec<f64> {
    probed["packets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["codec_type"] == kind)
        .map(|p| number(&p["pts_time"]))
        .collect()
}

pub fn near(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not within {within} of {b}");
}

pub fn arc(bytes: &[u8]) -> Arc<[u8]> {
    bytes.into()
}

/// Pictures that are decoded in another order than they are shown: the number at
/// which each is shown, whether it is a keyframe, its data.
pub fn reordered() -> Vec<(u64, bool, Vec<u8>)> {
    let shown = String::from_utf8(fixture("reordered.txt")).unwrap();
    let shown = shown.lines().map(|l| l.trim().parse().unwrap());
    annex_b("reordered.h264")
        .into_iter()
        .zip(shown)
        .map(|(data, shown)| {
            // A keyframe begins with its parameter sets.
            let keyframe = data[4] & 0x1f == 7;
            (shown, keyframe, data)
        })
        .collect()
}

/// Frames of AAC, and their configuration.
pub fn aac() -> (Vec<u8>, Vec<Vec<u8>>) {
    let bytes = fixture("tone44.aac");
    let mut frames = Vec::new();
    let mut rest = &bytes[..];
    while rest.len() > 7 {
        let length =
            usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        frames.push(rest[7..length].to_vec());
        rest = &rest[length..];
    }
    // AAC-LC, 44.1 kHz, two channels.
    (vec![0x12, 0x10], frames)
}
