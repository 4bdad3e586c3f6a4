//! The engine on real sockets, with endpoints that offer as browsers do.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has said what it has to say"
)]

mod common;

use std::time::{Duration, Instant};

use common::{LIMIT, LOCALHOST, connect, engine, player, publisher, vp8};
use str0m::rtp::{ExtensionValues, VideoOrientation};
use veche_media::TransportId;
use veche_testkit::{ClientIdentity, Live, run_until};
use veche_transport::{Event, FailReason, NegotiationError, PlayRequest};

#[test]
fn a_player_receives_what_is_published_from_the_first_keyframe_on() {
    let (engine, events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    connect(&mut [&mut ann]);
    let mut bob = player(&engine, &identity, 2, 1);
    connect(&mut [&mut ann, &mut bob]);

    let mut tick: u8 = 0;
    let mut received = Vec::new();
    run_until(
        &mut [&mut ann, &mut bob],
        LIMIT,
        "pictures and sound",
        |all| {
            let now = Instant::now();
            let asked = all[0].client.keyframes_asked() > 0;
            tick = tick.wrapping_add(1);
            let marks = ExtensionValues {
                video_orientation: Some(VideoOrientation::Deg90),
                ..ExtensionValues::default()
            };
            all[0].client.send(
                now,
                true,
                u32::from(tick) * 3_000,
                true,
                vp8(asked && tick.is_multiple_of(10), tick),
                marks,
            );
            let level = ExtensionValues {
                audio_level: Some(-30),
                voice_activity: Some(true),
                ..ExtensionValues::default()
            };
            all[0].client.send(
                now,
                false,
                u32::from(tick) * 960,
                false,
                vec![tick; 80],
                level,
            );
            received.extend(all[1].client.take_received());
            received.iter().filter(|r| r.video).count() > 30
                && received.iter().filter(|r| !r.video).count() > 30
        },
    )
    .unwrap();

    let video: Vec<_> = received.iter().filter(|r| r.video).collect();
    assert_eq!(
        &video[0].payload[..2],
        [0x10, 0x50],
        "the first is a keyframe"
    );
    assert!(
        video.windows(2).all(|w| w[1].seq == w[0].seq + 1),
        "no gaps on a good network"
    );
    assert!(video.iter().any(|r| r.orientation == Some(90)));
    assert!(received.iter().any(|r| r.audio_level == Some(-30)));
    let sized = events.try_iter().any(|e| {
        matches!(
            e,
            Event::VideoSize {
                transport: TransportId(1),
                width: 640,
                height: 480
            }
        )
    });
    assert!(sized, "the picture's size is told");
    engine.shutdown();
}

#[test]
fn a_tap_gets_every_packet_as_it_came() {
    let (engine, _events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    connect(&mut [&mut ann]);
    let (sender, receiver) = std::sync::mpsc::channel();
    engine.tap(
        TransportId(1),
        Some(std::sync::Arc::new(move |tapped| {
            let _ = sender.send(tapped);
        })),
    );
    run_until(
        &mut [&mut ann],
        LIMIT,
        "the tap's keyframe request",
        |all| all[0].client.keyframes_asked() > 0,
    )
    .unwrap();
    let mut tick = 0_u8;
    let mut tapped = Vec::new();
    run_until(&mut [&mut ann], LIMIT, "tapped packets", |all| {
        tick = tick.wrapping_add(1);
        let now = Instant::now();
        let none = ExtensionValues::default;
        all[0].client.send(
            now,
            true,
            u32::from(tick) * 3_000,
            true,
            vp8(true, tick),
            none(),
        );
        tapped.extend(receiver.try_iter());
        tapped.len() > 30
    })
    .unwrap();
    let seqs: Vec<u64> = tapped.iter().map(|t| t.packet.seq).collect();
    assert!(seqs.windows(2).all(|w| w[1] == w[0] + 1), "{seqs:?}");
    assert!(
        tapped
            .windows(2)
            .all(|w| w[1].packet.arrival >= w[0].packet.arrival)
    );
    engine.tap(TransportId(1), None);
    engine.shutdown();
}

#[test]
fn offers_of_every_browser_are_answered_with_one_codec_a_section() {
    let (engine, _events) = engine(1);
    for (id, offer) in [
        include_str!("../../media/tests/data/chromium-publish.sdp"),
        include_str!("../../media/tests/data/firefox-publish.sdp"),
        include_str!("../../media/tests/data/safari-publish.sdp"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = u64::try_from(id).unwrap();
        let answer = engine
            .publish(common::publish_request(id, offer.to_owned()))
            .unwrap();
        let read = veche_media::sdp::Offer::parse(&answer.sdp).unwrap();
        for section in &read.media {
            assert_eq!(section.codecs.len(), 1, "{}", answer.sdp);
        }
        let video = &read.media[1].codecs[0];
        assert_eq!(video.name, "VP8");
        assert!(video.rtx.is_some());
        assert!(video.feedback.iter().any(|f| f == "transport-cc"));
        assert!(answer.sdp.contains("a=recvonly"));
        assert!(answer.sdp.contains("a=setup:passive"));
        assert!(answer.sdp.contains("opus/48000/2"));
    }
    engine.shutdown();
}

#[test]
fn the_player_of_a_stream_that_is_not_there_is_refused() {
    let (engine, _events) = engine(1);
    let identity = ClientIdentity::generate();
    let (_live, offer) = Live::open(&identity, LOCALHOST, false, (true, true), |c| c).unwrap();
    let refused = engine.play(PlayRequest {
        transport: TransportId(2),
        source: TransportId(1),
        offer,
        tcp_only: false,
    });
    assert_eq!(refused.unwrap_err(), NegotiationError::SourceNotFound);
    engine.shutdown();
}

#[test]
fn a_player_without_the_codec_is_refused_at_once() {
    let (engine, _events) = engine(1);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    connect(&mut [&mut ann]);
    let (_live, offer) = Live::open(&identity, LOCALHOST, false, (true, true), |c| {
        c.clear_codecs().enable_opus(true, false).enable_h264(true)
    })
    .unwrap();
    let refused = engine.play(PlayRequest {
        transport: TransportId(2),
        source: TransportId(1),
        offer,
        tcp_only: false,
    });
    assert_eq!(refused.unwrap_err(), NegotiationError::NoCommonCodecs);
    engine.shutdown();
}

#[test]
fn closing_a_transport_tells_its_client() {
    let (engine, _events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    connect(&mut [&mut ann]);
    engine.close(TransportId(1));
    run_until(&mut [&mut ann], LIMIT, "close_notify", |all| {
        all[0].client.is_closed()
    })
    .unwrap();
    assert_eq!(engine.stats().transports, 0);
    engine.shutdown();
}

#[test]
fn a_client_that_closes_is_told_as_closed_by_the_peer() {
    let (engine, events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    connect(&mut [&mut ann]);
    ann.client.close();
    let mut reason = None;
    run_until(&mut [&mut ann], LIMIT, "the event", |_| {
        reason = events.try_iter().find_map(|e| match e {
            Event::Failed { reason, .. } => Some(reason),
            _ => None,
        });
        reason.is_some()
    })
    .unwrap();
    assert_eq!(reason, Some(FailReason::PeerClosed));
    engine.shutdown();
}

#[test]
fn a_storm_of_keyframe_requests_costs_the_publisher_a_few() {
    let (engine, _events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    connect(&mut [&mut ann]);
    let mut players: Vec<Live> = (0..20)
        .map(|i| player(&engine, &identity, 10 + i, 1))
        .collect();
    let mut all: Vec<&mut Live> = std::iter::once(&mut ann)
        .chain(players.iter_mut())
        .collect();
    connect(&mut all);
    let started = Instant::now();
    let before = all[0].client.keyframes_asked();
    run_until(&mut all, LIMIT, "two seconds of requests", |all| {
        for live in all.iter_mut().skip(1) {
            live.client.ask_keyframe();
        }
        started.elapsed() > Duration::from_secs(2)
    })
    .unwrap();
    let asked = u128::from(all[0].client.keyframes_asked() - before);
    // One in 300 ms, and those that were under way when the count began and ended.
    let most = started.elapsed().as_millis() / 300 + 3;
    assert!(
        (1..=most).contains(&asked),
        "{asked} requests, {most} allowed"
    );
    engine.shutdown();
}
