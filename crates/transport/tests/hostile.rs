//! What strangers and broken clients send to the media port. None of it may
//! hurt a call. The numbers are those of the list of inputs that broke servers.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has said what it has to say"
)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use common::{LIMIT, LOCALHOST, connect, engine, player, publish_request, publisher, vp8};
use str0m::rtp::ExtensionValues;
use veche_media::TransportId;
use veche_testkit::{ClientIdentity, Live, run_until};
use veche_transport::{Engine, Event, FailReason};

/// A DTLS 1.2 ClientHello that offers the NULL cipher alone.
fn client_hello() -> Vec<u8> {
    let mut body = vec![0xfe, 0xfd];
    body.extend([7; 32]);
    body.extend([0, 0, 0, 2, 0x00, 0x02, 1, 0]);
    let length = u8::try_from(body.len()).unwrap();
    let mut handshake = vec![1, 0, 0, length, 0, 0, 0, 0, 0, 0, 0, length];
    handshake.extend(body);
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    record.push(u8::try_from(handshake.len()).unwrap());
    record.extend(handshake);
    record
}

/// An RTP packet of a payload type that is in use, in the clear.
fn rtp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(vp8(true, 9));
    packet
}

fn server_address(engine: &Engine) -> SocketAddr {
    SocketAddr::new(LOCALHOST, engine.port())
}

struct Call {
    engine: Engine,
    events: Receiver<Event>,
    ann: Live,
    bob: Live,
    tick: u8,
}

fn call() -> Call {
    let (engine, events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    connect(&mut [&mut ann]);
    let mut bob = player(&engine, &identity, 2, 1);
    connect(&mut [&mut ann, &mut bob]);
    Call {
        engine,
        events,
        ann,
        bob,
        tick: 0,
    }
}

impl Call {
    /// Pictures still arrive, in order, and none that Ann did not send.
    fn goes_on(&mut self) {
        self.bob.client.take_received();
        let mut received = Vec::new();
        let tick = &mut self.tick;
        run_until(
            &mut [&mut self.ann, &mut self.bob],
            LIMIT,
            "pictures",
            |all| {
                *tick = tick.wrapping_add(1) % 100;
                all[0].client.send(
                    Instant::now(),
                    true,
                    u32::from(*tick) * 3_000,
                    true,
                    vp8(tick.is_multiple_of(5), 100 + *tick),
                    ExtensionValues::default(),
                );
                received.extend(all[1].client.take_received());
                received.len() > 20
            },
        )
        .unwrap();
        assert!(received.iter().all(|r| *r.payload.last().unwrap() >= 100));
        let failed = self
            .events
            .try_iter()
            .find(|e| matches!(e, Event::Failed { .. }));
        assert!(failed.is_none(), "{failed:?}");
        assert_eq!(self.engine.stats().panics, 0);
    }
}

#[test]
fn case_01_a_strangers_client_hello_races_the_client_and_loses() {
    let (engine, events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    let stranger = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    stranger.set_nonblocking(true).unwrap();
    run_until(&mut [&mut ann], LIMIT, "the client's connection", |all| {
        stranger
            .send_to(&client_hello(), server_address(&engine))
            .unwrap();
        all[0].client.is_connected()
    })
    .unwrap();
    assert!(engine.stats().dropped_unknown > 0);
    assert!(
        stranger.recv(&mut [0; 2_000]).is_err(),
        "strangers get no answer"
    );
    assert!(!events.try_iter().any(|e| matches!(e, Event::Failed { .. })));
    engine.shutdown();
}

#[test]
fn case_02_dtls_before_ice_is_dropped_and_the_handshake_goes_on() {
    let (engine, _events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    // From the client's own socket, before its first STUN.
    for _ in 0..5 {
        ann.socket()
            .send_to(&client_hello(), server_address(&engine))
            .unwrap();
    }
    connect(&mut [&mut ann]);
    engine.shutdown();
}

#[test]
fn case_03_sprayed_rtp_reaches_nobody_and_draws_nothing_out() {
    let mut call = call();
    call.goes_on();
    let stranger = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    stranger.set_nonblocking(true).unwrap();
    for ssrc in 0..500 {
        let _ = stranger.send_to(&rtp(ssrc), server_address(&call.engine));
        let mut rtcp = vec![0x81, 201, 0, 7];
        rtcp.resize(32, 0);
        let _ = stranger.send_to(&rtcp, server_address(&call.engine));
    }
    call.goes_on();
    assert!(stranger.recv(&mut [0; 2_000]).is_err(), "no bleed");
    call.engine.shutdown();
}

#[test]
fn case_08_a_certificate_other_than_the_offers_ends_the_transport() {
    let (engine, events) = engine(2);
    let identity = ClientIdentity::generate();
    let (mut live, offer) = Live::open(&identity, LOCALHOST, true, (true, true), |c| c).unwrap();
    let at = offer.find("a=fingerprint:sha-256 ").unwrap() + 22;
    let mut forged = offer.clone();
    let byte = if &offer[at..at + 2] == "00" {
        "01"
    } else {
        "00"
    };
    forged.replace_range(at..at + 2, byte);
    // Everywhere that it stands.
    let forged = forged.replace(&offer[at..at + 95], &forged[at..at + 95]);
    let answer = engine.publish(publish_request(1, forged)).unwrap();
    live.client.accept(&answer.sdp).unwrap();
    let mut reason = None;
    run_until(&mut [&mut live], LIMIT, "the failure", |_| {
        reason = events.try_iter().find_map(|e| match e {
            Event::Failed { reason, .. } => Some(reason),
            Event::Connected { .. } => panic!("connected all the same"),
            _ => None,
        });
        reason.is_some()
    })
    .unwrap();
    assert_eq!(reason, Some(FailReason::DtlsFingerprint));
    engine.shutdown();
}

#[test]
fn case_08_an_offer_without_fingerprint_is_refused() {
    let (engine, _events) = engine(1);
    let identity = ClientIdentity::generate();
    let (_live, offer) = Live::open(&identity, LOCALHOST, true, (true, true), |c| c).unwrap();
    let bare = offer.replace("a=fingerprint:", "a=x-nothing:");
    let refused = engine.publish(publish_request(1, bare)).unwrap_err();
    assert!(refused.to_string().contains("a=fingerprint"), "{refused}");
    engine.shutdown();
}

#[test]
fn cases_11_to_14_garbage_from_a_clients_own_address_does_not_end_its_call() {
    let mut call = call();
    call.goes_on();
    let server = server_address(&call.engine);
    let mut rng = fastrand::Rng::with_seed(11);
    let send = |live: &Live, bytes: &[u8]| {
        let _ = live.socket().send_to(bytes, server);
    };
    for live in [&call.ann, &call.bob] {
        for _ in 0..400 {
            // The first byte decides who reads it: STUN, DTLS, RTP and RTCP, nobody.
            let kind = rng.usize(..5);
            let length = rng.usize(0..300);
            let mut bytes: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
            match (kind, bytes.first_mut()) {
                // Case 14: a STUN header, then attributes of any width.
                (0, Some(first)) => {
                    *first = 0;
                    if bytes.len() >= 20 {
                        bytes[1] = [0x01, 0x11][rng.usize(..2)];
                        bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
                        let body = u16::try_from(bytes.len() - 20).unwrap();
                        bytes[2..4].copy_from_slice(&body.to_be_bytes());
                    }
                }
                (1, Some(first)) => *first = rng.u8(20..64),
                // Cases 11 and 12: padding and extension bits with lengths that lie.
                (2, Some(first)) => *first = 0xb0,
                // Case 13: RTCP, transport feedback among it.
                (3, Some(first)) => {
                    *first = 0x8f;
                    if let Some(second) = bytes.get_mut(1) {
                        *second = 200 + rng.u8(0..8);
                    }
                }
                _ => {}
            }
            send(live, &bytes);
        }
    }
    call.goes_on();
    call.engine.shutdown();
}

#[test]
fn case_14_a_stun_request_with_the_wrong_password_claims_nothing() {
    let (engine, _events) = engine(2);
    let identity = ClientIdentity::generate();
    let mut ann = publisher(&engine, &identity, 1);
    // Another client answers Ann's offer's answer with credentials of its own.
    let (mut eve, offer) = Live::open(&identity, LOCALHOST, true, (true, true), |c| c).unwrap();
    let answer = engine.publish(publish_request(2, offer)).unwrap();
    let pwd = answer
        .sdp
        .lines()
        .find_map(|l| l.strip_prefix("a=ice-pwd:"))
        .unwrap();
    let wrong = answer.sdp.replace(pwd, "AAAAAAAAAAAAAAAAAAAAAAAA");
    eve.client.accept(&wrong).unwrap();
    connect(&mut [&mut ann]);
    assert!(!eve.client.is_connected());
    let until = Instant::now() + Duration::from_millis(300);
    while Instant::now() < until {
        eve.step();
    }
    assert!(!eve.client.is_connected());
    engine.shutdown();
}

#[test]
fn tcp_connections_that_say_nothing_or_nonsense_are_closed() {
    let mut call = call();
    call.goes_on();
    let server = server_address(&call.engine);
    // A frame longer than any packet, and HTTP (0x4745 bytes announced).
    for start in [&[0xff, 0xff, 0, 1][..], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(start).unwrap();
        let ended = stream.read(&mut [0; 10]);
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
    // More silent connections from one address than are kept.
    let silent: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(server).unwrap())
        .collect();
    call.goes_on();
    let closed = silent
        .iter()
        .filter(|s| {
            s.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            matches!((&**s).read(&mut [0; 1]), Ok(0))
        })
        .count();
    assert!(closed >= 30, "{closed} of 100 were refused");
    call.engine.shutdown();
}

#[test]
fn transports_above_the_limit_are_refused() {
    let (sender, _receiver) = std::sync::mpsc::channel();
    let engine = Engine::start(
        veche_transport::Config {
            port: 0,
            bind: vec![LOCALHOST],
            shards: 1,
            max_transports: 3,
            ..Default::default()
        },
        std::sync::Arc::new(move |e| {
            let _ = sender.send(e);
        }),
    )
    .unwrap();
    let identity = ClientIdentity::generate();
    let answers: Vec<bool> = (0..5)
        .map(|id| {
            let (_live, offer) =
                Live::open(&identity, LOCALHOST, true, (true, true), |c| c).unwrap();
            engine.publish(publish_request(id, offer)).is_ok()
        })
        .collect();
    assert_eq!(answers, [true, true, true, false, false]);
    engine.close(TransportId(0));
    let (_live, offer) = Live::open(&identity, LOCALHOST, true, (true, true), |c| c).unwrap();
    assert!(engine.publish(publish_request(9, offer)).is_ok());
    engine.shutdown();
}
