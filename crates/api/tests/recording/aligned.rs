//! `enable_empty_shift_writer`: files that begin together.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use veche_media::VideoCodec;

use crate::publisher::Publisher;
use crate::server::{Server, probe};

/// Runs ffmpeg; what it says.
fn ffmpeg(arguments: &[&str]) -> String {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-y"])
        .args(arguments)
        .output()
        .expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// The number behind the first mark.
fn number(said: &str, mark: &str) -> f64 {
    let at = said.find(mark).unwrap_or_else(|| panic!("{mark}: {said}"));
    let rest = said[at + mark.len()..].trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    rest[..end.unwrap_or(rest.len())].parse().unwrap()
}

fn length(path: &Path, track: &str) -> f64 {
    let track = probe(path, track);
    assert!(track.start < 0.05, "{track:?}");
    track.start + track.duration
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_stream_begins_with_black_and_silence_and_merges_in_step() {
    for (codec, ending, by_rest, aac) in [
        (VideoCodec::Vp8, "webm", false, false),
        (VideoCodec::H264, "mp4", true, false),
        (VideoCodec::H264, "mp4", false, true),
    ] {
        let server = Server::start(|config, _| {
            config.rooms.video_codecs = vec![codec];
            let recordings = config.recordings.as_mut().unwrap();
            recordings.aligned = true;
            if aac {
                recordings.store.sound = Some(Arc::new(veche_transcode::Aac::default()));
            }
        })
        .await;
        let mut ann = server.member("ann").await;
        let mut bob = server.member("bob").await;
        let mut first = Publisher::publish(&mut ann, "m1", "a", codec, true).await;
        let begun = std::time::Instant::now();
        server.metric("veche_recordings", 1).await;
        let first = tokio::spawn(async move {
            first.send_all().await;
            first
        });
        tokio::time::sleep_until((begun + Duration::from_secs(3)).into()).await;
        let mut second = Publisher::publish(&mut bob, "m2", "b", codec, !by_rest).await;
        let late = begun.elapsed().as_secs_f64();
        if by_rest {
            let which = json!({"mediaSessionId": "m2"});
            let answer = server.post("/rest-api/stream/startRecording", &which).await;
            assert_eq!(answer.status, 200);
        }
        server.metric("veche_recordings", 2).await;
        let really_late = begun.elapsed().as_secs_f64();
        second.send_all().await;
        let mut first = first.await.unwrap();
        first.end(&mut ann, "m1").await;
        second.end(&mut bob, "m2").await;
        server.recording("m1", "ready").await;
        server.recording("m2", "ready").await;
        let a = server.records().join(format!("stream-m1-ann.{ending}"));
        let b = server.records().join(format!("stream-m2-bob.{ending}"));

        assert_eq!(probe(&b, "a:0").codec, if aac { "aac" } else { "opus" });
        let said = ffmpeg(&[
            "-i",
            b.to_str().unwrap(),
            "-vf",
            "blackdetect=d=0.5:pix_th=0.10",
            "-af",
            "silencedetect=n=-50dB:d=0.5",
            "-f",
            "null",
            "-",
        ]);
        let expected = (late - 0.3)..(really_late + 0.3);
        let black = number(&said, "black_end:");
        let silent = number(&said, "silence_end:");
        assert!(number(&said, "black_start:") < 0.05 && number(&said, "silence_start:") < 0.05);
        assert!(
            expected.contains(&silent),
            "{codec:?}: silent to {silent}, {expected:?}"
        );
        // The first keyframe may come before the recorder listens; the next one is
        // a second later.
        let behind = black - silent;
        assert!(
            behind.abs() < 0.15 || (behind - 1.0).abs() < 0.15,
            "{codec:?}: black to {black}, silent to {silent}"
        );
        // Each from the room's first publish to its own end.
        for track in ["v:0", "a:0"] {
            let to = length(&a, track);
            // Where nothing is sent, silence is written, up to the end.
            let most = if track == "v:0" { 4.5 } else { 9.0 };
            assert!((3.5..most).contains(&to), "{codec:?} {track}: {to}");
            let to = length(&b, track);
            assert!((to - silent - 4.0).abs() < 0.5, "{codec:?} {track}: {to}");
        }

        // The command of the reference.
        let merged = server.records().join("../merged.mp4");
        ffmpeg(&[
            "-i",
            a.to_str().unwrap(),
            "-i",
            b.to_str().unwrap(),
            "-filter_complex",
            "[0:v]pad=iw*2:ih[int];[int][1:v]overlay=W/2:0[vid];[0:a][1:a]amerge=inputs=2[aud]",
            "-map",
            "[vid]",
            "-map",
            "[aud]",
            "-ac",
            "2",
            "-c:v",
            "libx264",
            "-crf",
            "23",
            "-preset",
            "veryfast",
            merged.to_str().unwrap(),
        ]);
        let said = ffmpeg(&[
            "-i",
            merged.to_str().unwrap(),
            "-vf",
            "crop=iw/2:ih:iw/2:0,blackdetect=d=0.5:pix_th=0.10",
            "-f",
            "null",
            "-",
        ]);
        let shown = number(&said, "black_end:");
        // To two pictures.
        assert!((shown - black).abs() < 0.15, "{codec:?}: {shown} {black}");
    }
}
