//! A child that dies, hangs or gets garbage; users that are slow or many.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{at, child, codecs, decode, encode, pattern, psnr, units};
use veche_codec::limits::{INPUTS, OUTPUT_PICTURES};
use veche_codec::{
    AudioCodec, AudioDecoderConfig, Child, CodecError, CodedPicture, Limits, Output, Sent,
    VideoCodec, VideoDecoder, VideoDecoderConfig, VideoEncoderConfig,
};

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn coded(child: &Child, codec: VideoCodec, count: usize) -> (Vec<u8>, Vec<CodedPicture>) {
    let pictures: Vec<_> = (0..count).map(|n| pattern(160, 96, n)).collect();
    let about = VideoEncoderConfig {
        codec,
        preset: String::new(),
        keyframe_interval: 15,
        ..VideoEncoderConfig::h264(160, 96, 25)
    };
    let mut encoder = child.video_encoder(about).unwrap();
    let config = encoder.header().config.clone();
    (config, encode(&mut encoder, &pictures))
}

fn decoder(child: &Child, codec: VideoCodec) -> VideoDecoder {
    child.video_decoder(VideoDecoderConfig::new(codec)).unwrap()
}

/// Whether a process exists, a zombie too.
fn exists(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

#[test]
fn rights_are_given_up() {
    let output = Command::new(env!("CARGO_BIN_EXE_veche-codec"))
        .arg("self-test")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
    assert!(
        text.contains("read a file: Operation not permitted"),
        "{text}"
    );
    assert!(text.contains("open UDP: Operation not permitted"), "{text}");
    let child = child();
    let hello = child.hello();
    for layer in ["seccomp", "limits", "no new privileges"] {
        assert!(hello.protections.iter().any(|p| p == layer), "{hello:?}");
    }
}

#[test]
fn it_says_what_it_can() {
    let hello = child().hello().clone();
    for codec in ["h264", "vp8", "vp9", "av1", "opus", "pcmu", "pcma", "aac"] {
        assert!(
            hello.decoders.iter().any(|d| d == codec),
            "{codec}: {hello:?}"
        );
    }
    for codec in ["h264", "aac", "jpeg"] {
        assert!(
            hello.encoders.iter().any(|e| e == codec),
            "{codec}: {hello:?}"
        );
    }
}

#[test]
fn a_killed_child_is_an_error_that_says_so_and_leaves_nothing_behind() {
    let child = codecs().spawn("meeting.mp4").unwrap();
    let id = child.id();
    let (_, coded) = coded(&child, VideoCodec::Vp8, 5);
    let mut decoder = decoder(&child, VideoCodec::Vp8);
    let mut other = self::decoder(&child, VideoCodec::H264);
    assert_eq!(decoder.send(&coded[0].data, at(0)).unwrap(), Sent::Taken);
    decoder.recv().unwrap().unwrap();
    signal(&child, Signal::KILL);
    let error = loop {
        match decoder.send(&coded[1].data, at(1)) {
            Ok(_) => match decoder.recv() {
                Ok(_) => {}
                Err(e) => break e,
            },
            Err(e) => break e,
        }
    };
    let CodecError::Died { label, how, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(label, "meeting.mp4");
    assert_eq!(how, "was ended by signal 9 (SIGKILL)");
    // One that waits for nothing gets to know, a moment later perhaps.
    let of_other = std::iter::repeat_with(|| other.recv())
        .find_map(Result::err)
        .unwrap();
    assert_eq!(of_other, error);
    let about = VideoDecoderConfig::new(VideoCodec::Vp8);
    assert_eq!(child.video_decoder(about).unwrap_err(), error);
    assert!(!exists(id));
    // Another one works.
    let pictures = decode(
        &mut self::decoder(&support::child(), VideoCodec::Vp8),
        units(&coded),
    );
    assert_eq!(pictures.len(), 5);
}

#[test]
fn a_child_that_stops_answering_is_killed() {
    let (_, coded) = coded(&child(), VideoCodec::Vp8, 40);
    // Large: more than the socket holds, so that we would wait in writing.
    for large in [false, true] {
        let limits = Limits {
            answer: Duration::from_secs(2),
            ..Limits::default()
        };
        let child = codecs().with_limits(limits).spawn("stuck.webm").unwrap();
        let id = child.id();
        let mut decoder = decoder(&child, VideoCodec::Vp8);
        signal(&child, Signal::STOP);
        let began = Instant::now();
        let big = vec![0; 4 << 20];
        let error = (0..40)
            .find_map(|n| {
                let data = if large { &big } else { &coded[n].data };
                decoder.send(data, at(n)).err()
            })
            .unwrap();
        assert_eq!(error.code(), "codec_hung", "{error}");
        assert!(error.to_string().contains("stuck.webm"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(20));
        assert!(!exists(id));
    }
}

#[test]
fn nothing_is_left_when_all_are_dropped() {
    let child = child();
    let id = child.id();
    let (_, coded) = coded(&child, VideoCodec::Vp8, 20);
    let mut decoder = decoder(&child, VideoCodec::Vp8);
    drop(child);
    // A stream keeps its child.
    for unit in &coded[..4] {
        assert!(decoder.send(&unit.data, unit.at).unwrap().is_taken());
    }
    decoder.recv().unwrap().unwrap();
    assert!(exists(id));
    drop(decoder);
    assert!(!exists(id));
}

#[test]
fn an_executable_that_is_another_is_not_taken_for_ours() {
    let error = veche_codec::Codecs::at("/bin/false")
        .unwrap()
        .spawn("x")
        .unwrap_err();
    assert_eq!(error.code(), "codec_start");
    assert!(error.to_string().contains("status 1"), "{error}");
}

#[test]
fn who_does_not_receive_is_told_so_and_holds_up_nobody_else() {
    let child = child();
    let (_, coded) = coded(&child, VideoCodec::Vp8, 60);
    let mut slow = decoder(&child, VideoCodec::Vp8);
    let mut sent = 0;
    while slow.send(&coded[sent].data, at(sent)).unwrap().is_taken() {
        sent += 1;
    }
    let pictures = decode(&mut decoder(&child, VideoCodec::Vp8), units(&coded));
    assert_eq!(pictures.len(), 60);

    // The slow one's decoder has had time to go as far as it may.
    while slow.send(&coded[sent].data, at(sent)).unwrap().is_taken() {
        sent += 1;
    }
    // What is decoded and waits, and what is on its way: the one that is being
    // decoded is among these until its picture is given.
    assert_eq!(sent, (OUTPUT_PICTURES + INPUTS) as usize);

    let mut received = 0;
    while sent < coded.len() {
        if slow.send(&coded[sent].data, at(sent)).unwrap().is_taken() {
            sent += 1;
        } else {
            let picture = slow.recv().unwrap().unwrap();
            assert_eq!(picture.at, at(received));
            received += 1;
        }
    }
    slow.finish().unwrap();
    while let Some(picture) = slow.recv().unwrap() {
        assert_eq!(picture.at, at(received));
        received += 1;
    }
    assert_eq!(received, 60);
    let late = slow.send(&coded[0].data, at(99));
    assert_eq!(late.unwrap_err(), CodecError::Finished);
}

#[test]
fn twenty_streams_of_one_child_driven_by_one_thread() {
    let child = child();
    let (config, coded) = coded(&child, VideoCodec::H264, 30);
    let mut decoders: Vec<_> = (0..20)
        .map(|n| {
            let mut about = VideoDecoderConfig::new(VideoCodec::H264);
            about.config.clone_from(&config);
            let mut decoder = child.video_decoder(about).unwrap();
            decoder.set_output(Output::scaled(80 + 2 * n, 48 + 2 * n));
            decoder
        })
        .collect();
    let mut counts = [0; 20];
    for unit in &coded {
        for (decoder, count) in decoders.iter_mut().zip(&mut counts) {
            while !decoder.send(&unit.data, unit.at).unwrap().is_taken() {
                *count += usize::from(decoder.recv().unwrap().is_some());
            }
        }
    }
    for (decoder, count) in decoders.iter_mut().zip(&mut counts) {
        decoder.finish().unwrap();
        while decoder.recv().unwrap().is_some() {
            *count += 1;
        }
    }
    assert_eq!(counts, [30; 20]);
}

#[test]
fn a_fault_of_one_stream_ends_that_one_only() {
    let child = child();
    let (_, coded) = coded(&child, VideoCodec::Vp8, 10);
    let mut broken = decoder(&child, VideoCodec::H264);
    let mut good = decoder(&child, VideoCodec::Vp8);
    for (n, unit) in coded.iter().enumerate() {
        // VP8 is no H.264.
        assert!(broken.send(&unit.data, at(n)).unwrap().is_taken());
    }
    broken.finish().unwrap();
    let error = broken.recv().unwrap_err();
    assert_eq!(error.code(), "codec_stream");
    assert!(
        error
            .to_string()
            .contains("none of 10 packets could be decoded"),
        "{error}"
    );
    assert_eq!(decode(&mut good, units(&coded)).len(), 10);
}

#[test]
fn what_cannot_be_done_is_refused_when_it_is_asked_for() {
    let child = child();
    let error = child
        .video_decoder(VideoDecoderConfig::new(VideoCodec::Jpeg))
        .unwrap_err();
    assert_eq!(error.to_string(), "test: Jpeg decoder: not supported");
    let about = VideoEncoderConfig {
        preset: "no-such".to_owned(),
        ..VideoEncoderConfig::h264(160, 96, 25)
    };
    assert_eq!(
        child.video_encoder(about).unwrap_err().code(),
        "codec_stream"
    );
    for (width, height) in [(0, 0), (161, 96), (16_384, 64), (8192, 8192)] {
        let about = VideoEncoderConfig::h264(width, height, 25);
        assert!(child.video_encoder(about).is_err(), "{width}x{height}");
    }
    let mut decoder = decoder(&child, VideoCodec::Vp8);
    let error = decoder.send(&vec![0; 9 << 20], at(0)).unwrap_err();
    assert_eq!(error.code(), "codec_too_large");
}

#[test]
fn after_damage_the_next_keyframe_is_right_again() {
    let child = child();
    for codec in [VideoCodec::H264, VideoCodec::Vp8] {
        let (config, mut coded) = coded(&child, codec, 45);
        let mut random = fastrand::Rng::with_seed(5);
        for unit in &mut coded[3..12] {
            for _ in 0..20 {
                let i = random
                    .usize(8..unit.data.len().max(9))
                    .min(unit.data.len() - 1);
                unit.data[i] = random.u8(..);
            }
        }
        let mut about = VideoDecoderConfig::new(codec);
        about.config = config;
        let mut decoder = child.video_decoder(about).unwrap();
        let pictures = decode(&mut decoder, units(&coded));
        let likeness = |from: usize| {
            pictures
                .iter()
                .filter(|p| p.at >= at(from))
                .map(|p| {
                    psnr(
                        &p.picture,
                        &pattern(160, 96, p.at.as_millis() as usize / 40),
                    )
                })
                .fold(f64::MAX, f64::min)
        };
        assert!(likeness(0) < 30.0, "{codec:?}: the damage does not show");
        assert!(likeness(30) > 30.0, "{codec:?}: {} dB", likeness(30));
    }
}

/// What a stranger might send: noise, or a real stream with bytes changed, cut
/// or put elsewhere. Never hangs, and the parent always gets to know.
#[track_caller]
fn survives_garbage(real: &[Vec<u8>], open: impl Fn(&Child) -> Result<Box<dyn Feed>, CodecError>) {
    let limits = Limits {
        answer: Duration::from_secs(20),
        ..Limits::default()
    };
    let codecs = codecs().with_limits(limits);
    let mut child = codecs.spawn("garbage").unwrap();
    let mut deaths = 0;
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let packets: Vec<Vec<u8>> = (0..20).map(|n| garbage(&mut random, real, n)).collect();
        let result = open(&child).and_then(|mut stream| stream.feed(&packets));
        match result {
            Ok(()) | Err(CodecError::Stream { .. }) => {}
            Err(CodecError::Died { .. }) => {
                deaths += 1;
                child = codecs.spawn("garbage").unwrap();
            }
            Err(e) => panic!("seed {seed}: {e}"),
        }
    }
    // FFmpeg is fuzzed by others all day: a crash here is news.
    assert_eq!(deaths, 0);
}

fn garbage(random: &mut fastrand::Rng, real: &[Vec<u8>], n: usize) -> Vec<u8> {
    if real.is_empty() || random.u8(..) < 60 {
        let len = random.usize(0..2000);
        return std::iter::repeat_with(|| random.u8(..)).take(len).collect();
    }
    let mut packet = real[n % real.len()].clone();
    match random.u8(..4) {
        0 => packet.truncate(random.usize(0..=packet.len())),
        1 => {
            let by = random.usize(0..=packet.len());
            packet.rotate_left(by);
        }
        _ => {
            for _ in 0..random.usize(1..30) {
                if let Some(byte) = random.choice(&mut packet) {
                    *byte = random_byte(*byte);
                }
            }
        }
    }
    packet
}

fn random_byte(byte: u8) -> u8 {
    byte.wrapping_mul(171).wrapping_add(29)
}

trait Feed {
    fn feed(&mut self, packets: &[Vec<u8>]) -> Result<(), CodecError>;
}

macro_rules! feed {
    ($kind:ty) => {
        impl Feed for $kind {
            fn feed(&mut self, packets: &[Vec<u8>]) -> Result<(), CodecError> {
                for (n, packet) in packets.iter().enumerate() {
                    while !self.send(packet, at(n))?.is_taken() {
                        self.recv()?;
                    }
                }
                self.finish()?;
                while self.recv()?.is_some() {}
                Ok(())
            }
        }
    };
}

feed!(VideoDecoder);
feed!(veche_codec::AudioDecoder);

#[track_caller]
fn video_survives_garbage(codec: VideoCodec) {
    let (config, coded) = coded(&child(), codec, 20);
    let real: Vec<_> = coded.into_iter().map(|c| c.data).collect();
    survives_garbage(&real, |child| {
        let mut about = VideoDecoderConfig::new(codec);
        about.config.clone_from(&config);
        let mut decoder = child.video_decoder(about)?;
        decoder.set_output(Output::scaled(64, 64));
        Ok(Box::new(decoder))
    });
}

#[test]
fn h264_survives_garbage() {
    video_survives_garbage(VideoCodec::H264);
}

#[test]
fn vp8_survives_garbage() {
    video_survives_garbage(VideoCodec::Vp8);
}

#[test]
fn vp9_survives_garbage() {
    video_survives_garbage(VideoCodec::Vp9);
}

#[test]
fn av1_survives_garbage() {
    video_survives_garbage(VideoCodec::Av1);
}

#[test]
fn sound_survives_garbage() {
    for codec in [AudioCodec::Opus, AudioCodec::Aac, AudioCodec::Pcma] {
        survives_garbage(&[], |child| {
            let decoder = child.audio_decoder(AudioDecoderConfig {
                codec,
                channels: 2,
                // AAC-LC, 48 kHz, stereo.
                config: vec![0x11, 0x90],
            })?;
            Ok(Box::new(decoder))
        });
    }
}

#[test]
fn configurations_of_garbage_are_survived() {
    let child = child();
    let mut random = fastrand::Rng::with_seed(1);
    for n in 0..200 {
        let config: Vec<u8> = (0..random.usize(0..200)).map(|_| random.u8(..)).collect();
        let video = VideoDecoderConfig {
            config: config.clone(),
            ..VideoDecoderConfig::new(VideoCodec::H264)
        };
        let sound = AudioDecoderConfig {
            codec: AudioCodec::Aac,
            channels: 2,
            config,
        };
        for error in [
            child.video_decoder(video).err(),
            child.audio_decoder(sound).err(),
        ] {
            assert!(!error.is_some_and(|e| e.is_child_gone()), "{n}");
        }
    }
}
