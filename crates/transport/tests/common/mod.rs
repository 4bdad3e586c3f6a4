//! What the tests on real sockets share.

#![allow(dead_code)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use veche_media::{AudioCodec, TransportId, VideoCodec};
use veche_testkit::{ClientIdentity, Live, run_until};
use veche_transport::{Config, Engine, Event, PlayRequest, PublishRequest};

pub const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const LIMIT: Duration = Duration::from_secs(10);

pub fn engine(shards: usize) -> (Engine, Receiver<Event>) {
    let (sender, receiver) = channel();
    let config = Config {
        port: 0,
        bind: vec![LOCALHOST],
        shards,
        ..Config::default()
    };
    let engine = Engine::start(
        config,
        Arc::new(move |event| {
            let _ = sender.send(event);
        }),
    )
    .unwrap();
    (engine, receiver)
}

pub fn publish_request(id: u64, offer: String) -> PublishRequest {
    PublishRequest {
        transport: TransportId(id),
        offer,
        video_codecs: VideoCodec::ALL.to_vec(),
        audio_codecs: AudioCodec::ALL.to_vec(),
        tcp_only: false,
        max_bitrate_bps: 0,
    }
}

pub fn publisher(engine: &Engine, identity: &ClientIdentity, id: u64) -> Live {
    let (mut live, offer) = Live::open(identity, LOCALHOST, true, (true, true), |c| c).unwrap();
    let answer = engine.publish(publish_request(id, offer)).unwrap();
    assert_eq!(answer.video, Some(VideoCodec::Vp8));
    assert_eq!(answer.audio, Some(AudioCodec::Opus));
    live.client.accept(&answer.sdp).unwrap();
    live
}

pub fn player(engine: &Engine, identity: &ClientIdentity, id: u64, source: u64) -> Live {
    let (mut live, offer) = Live::open(identity, LOCALHOST, false, (true, true), |c| c).unwrap();
    let answer = engine
        .play(PlayRequest {
            transport: TransportId(id),
            source: TransportId(source),
            offer,
            tcp_only: false,
        })
        .unwrap();
    live.client.accept(&answer.sdp).unwrap();
    live
}

/// A VP8 packet that begins a keyframe of 640 by 480, or another packet.
pub fn vp8(keyframe: bool, tag: u8) -> Vec<u8> {
    let mut payload = vec![0x10];
    if keyframe {
        payload.extend([0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]);
    } else {
        payload.extend([0x51, 0x01, 0x00]);
    }
    payload.resize(1_000, tag);
    payload
}

pub fn connect(all: &mut [&mut Live]) {
    run_until(all, LIMIT, "everybody is connected", |all| {
        all.iter().all(|l| l.client.is_connected())
    })
    .unwrap();
}
