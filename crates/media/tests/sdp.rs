//! Offers as browsers write them, and as nobody should.
//!
//! `chromium-*` and `firefox-*` were recorded from the published WebSDK's
//! pages; `safari-*` is written after Safari's habits (H.264 first).

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has said what it has to say"
)]

use veche_media::sdp::{
    self, Answer, AnswerMedia, Candidate, Direction, MediaKind, Offer, OfferError, Setup,
};
use veche_media::{AudioCodec, CodecSet, VideoCodec};

const CHROMIUM_PUBLISH: &str = include_str!("data/chromium-publish.sdp");
const CHROMIUM_PLAY: &str = include_str!("data/chromium-play.sdp");
const CHROMIUM_SCREEN: &str = include_str!("data/chromium-publish-screen.sdp");
const FIREFOX_PUBLISH: &str = include_str!("data/firefox-publish.sdp");
const FIREFOX_PLAY: &str = include_str!("data/firefox-play.sdp");
const SAFARI_PUBLISH: &str = include_str!("data/safari-publish.sdp");
const SAFARI_PLAY: &str = include_str!("data/safari-play.sdp");

const EVERY: [&str; 7] = [
    CHROMIUM_PUBLISH,
    CHROMIUM_PLAY,
    CHROMIUM_SCREEN,
    FIREFOX_PUBLISH,
    FIREFOX_PLAY,
    SAFARI_PUBLISH,
    SAFARI_PLAY,
];

fn video(text: &str) -> sdp::OfferedMedia {
    Offer::parse(text)
        .unwrap()
        .first(MediaKind::Video)
        .unwrap()
        .clone()
}

fn audio(text: &str) -> sdp::OfferedMedia {
    Offer::parse(text)
        .unwrap()
        .first(MediaKind::Audio)
        .unwrap()
        .clone()
}

#[test]
fn every_browser_offer_is_read() {
    for text in EVERY {
        let offer = Offer::parse(text).unwrap();
        assert!(offer.bundled);
        assert_eq!(offer.setup, Setup::ActPass);
        assert_eq!(offer.fingerprint.bytes.len(), 32);
        assert!(!offer.ice_ufrag.is_empty());
    }
}

#[test]
fn payload_types_and_retransmission_are_those_of_the_browser() {
    let chosen = |text, codec| {
        let chosen = sdp::choose_video(&video(text), &[codec]).unwrap();
        (chosen.pt, chosen.rtx)
    };
    assert_eq!(chosen(CHROMIUM_PUBLISH, VideoCodec::Vp8), (96, Some(97)));
    assert_eq!(chosen(FIREFOX_PUBLISH, VideoCodec::Vp8), (120, Some(124)));
    assert_eq!(chosen(SAFARI_PUBLISH, VideoCodec::Vp8), (100, Some(101)));
    assert_eq!(chosen(SAFARI_PUBLISH, VideoCodec::H264), (98, Some(99)));
}

#[test]
fn the_preference_decides_not_the_order_of_the_offer() {
    let chosen = |preference: &[VideoCodec]| {
        sdp::choose_video(&video(SAFARI_PUBLISH), preference)
            .unwrap()
            .codec
    };
    assert_eq!(chosen(&VideoCodec::ALL), VideoCodec::Vp8);
    assert_eq!(
        chosen(&[VideoCodec::Av1, VideoCodec::H264]),
        VideoCodec::H264
    );
}

#[test]
fn firefox_without_h264_is_not_sent_h264() {
    let published = sdp::choose_video(&video(CHROMIUM_PUBLISH), &[VideoCodec::H264]).unwrap();
    assert_eq!(published.packetization_mode, 1);
    assert_eq!(sdp::match_video(&video(FIREFOX_PLAY), &published), None);
    assert!(!sdp::receivable_video(&video(FIREFOX_PLAY)).contains(VideoCodec::H264));
}

#[test]
fn h264_goes_to_a_receiver_of_its_mode_and_profile() {
    let published = sdp::choose_video(&video(SAFARI_PUBLISH), &[VideoCodec::H264]).unwrap();
    assert_eq!(published.profile_level_id, 0x42_e01f);
    let chromium = sdp::match_video(&video(CHROMIUM_PLAY), &published).unwrap();
    assert_eq!((chromium.pt, chromium.packetization_mode), (108, 1));
    let safari = sdp::match_video(&video(SAFARI_PLAY), &published).unwrap();
    assert_eq!(safari.pt, 98);

    // Mode 1 must not reach a receiver of mode 0 alone; mode 0 may reach mode 1.
    let only_mode_0 = CHROMIUM_PLAY.replace("packetization-mode=1", "packetization-mode=0");
    assert_eq!(sdp::match_video(&video(&only_mode_0), &published), None);
    let mode_0 = sdp::ChosenCodec {
        packetization_mode: 0,
        ..published
    };
    assert_eq!(
        sdp::match_video(&video(SAFARI_PLAY), &mode_0)
            .unwrap()
            .packetization_mode,
        1
    );
}

#[test]
fn high_profile_does_not_reach_a_baseline_decoder() {
    let high = sdp::ChosenCodec {
        profile_level_id: 0x64_0c1f,
        ..sdp::choose_video(&video(SAFARI_PUBLISH), &[VideoCodec::H264]).unwrap()
    };
    assert_eq!(sdp::match_video(&video(SAFARI_PLAY), &high).unwrap().pt, 96);
    let baseline_only = SAFARI_PLAY.replace("640c1f", "42e01f");
    assert_eq!(sdp::match_video(&video(&baseline_only), &high), None);
}

#[test]
fn opus_keeps_stereo_and_fec() {
    let chosen = |text: &str| sdp::choose_audio(&audio(text), &AudioCodec::ALL).unwrap();
    let mono = chosen(CHROMIUM_PUBLISH);
    assert_eq!((mono.pt, mono.stereo), (111, false));
    assert_eq!(mono.fmtp, "minptime=10;useinbandfec=1");
    let stereo = chosen(&CHROMIUM_PUBLISH.replace(
        "minptime=10;useinbandfec=1",
        "minptime=10;stereo=1;sprop-stereo=1;useinbandfec=1",
    ));
    assert!(stereo.stereo);
    assert!(stereo.fmtp.contains("stereo=1"));
    assert!(chosen(FIREFOX_PUBLISH).stereo, "Firefox always asks for it");
}

#[test]
fn g711_is_found_with_and_without_rtpmap() {
    let pcmu = sdp::choose_audio(&audio(CHROMIUM_PUBLISH), &[AudioCodec::Pcmu]).unwrap();
    assert_eq!(pcmu.pt, 0);
    let bare = CHROMIUM_PUBLISH.replace("a=rtpmap:8 PCMA/8000\r\n", "");
    let pcma = sdp::choose_audio(&audio(&bare), &[AudioCodec::Pcma]).unwrap();
    assert_eq!(pcma.pt, 8);
}

#[test]
fn retransmission_types_whose_codec_was_stripped_are_ignored() {
    // As the published WebSDK's stripCodecs leaves an offer.
    let stripped: String = CHROMIUM_PUBLISH
        .lines()
        .filter(|l| !l.starts_with("a=rtpmap:96 ") && !l.starts_with("a=rtcp-fb:96 "))
        .map(|l| format!("{l}\r\n"))
        .collect();
    let section = video(&stripped);
    assert!(section.codecs.iter().all(|c| c.name != "rtx"));
    assert_ne!(
        sdp::choose_video(&section, &VideoCodec::ALL).unwrap().codec,
        VideoCodec::Vp8
    );
}

#[test]
fn ssrcs_are_learned_from_the_offer() {
    let ssrc = video(FIREFOX_PUBLISH).ssrc.unwrap();
    assert_eq!((ssrc.main, ssrc.rtx), (2_974_302_328, Some(4_281_436_542)));
    assert!(video(CHROMIUM_PUBLISH).ssrc.unwrap().rtx.is_some());
    assert_eq!(video(CHROMIUM_PLAY).ssrc, None);
}

#[test]
fn directions_are_those_of_the_client() {
    assert_eq!(video(CHROMIUM_PUBLISH).direction, Direction::SendOnly);
    assert_eq!(video(FIREFOX_PLAY).direction, Direction::RecvOnly);
    assert_eq!(audio(SAFARI_PLAY).direction, Direction::RecvOnly);
}

fn answer_to(text: &str, send: bool) -> String {
    let offer = Offer::parse(text).unwrap();
    let fingerprint = offer.fingerprint.clone();
    let candidates = [
        Candidate {
            address: "192.0.2.1:31001".parse().unwrap(),
            tcp: false,
        },
        Candidate {
            address: "192.0.2.1:31001".parse().unwrap(),
            tcp: true,
        },
    ];
    let media: Vec<AnswerMedia> = offer
        .media
        .iter()
        .enumerate()
        .map(|(section, m)| AnswerMedia {
            section,
            send,
            pt: m.codecs[0].pt,
            rtpmap: format!("{}/{}", m.codecs[0].name, m.codecs[0].clock_rate),
            fmtp: m.codecs[0].fmtp.clone(),
            rtx: m.codecs[0].rtx,
            feedback: m.codecs[0].feedback.clone(),
            extensions: vec![(4, sdp::ext::MID)],
            ssrc: send.then_some((1, Some(2))),
            max_bitrate_bps: 0,
        })
        .collect();
    Answer {
        offer: &offer,
        session_id: 7,
        ice_ufrag: "ufrag",
        ice_pwd: "0123456789012345678901",
        fingerprint: &fingerprint,
        dtls_active: false,
        candidates: &candidates,
        stream_id: "veche-t1",
        cname: "veche",
        media: &media,
    }
    .write()
}

#[test]
fn an_answer_says_what_browsers_need() {
    let answer = answer_to(CHROMIUM_PLAY, true);
    for needed in [
        "a=group:BUNDLE 0 1\r\n",
        "a=ice-lite\r\n",
        "a=setup:passive\r\n",
        "a=sendonly\r\n",
        "a=rtcp-mux\r\n",
        "a=candidate:1 1 udp ",
        " typ host tcptype passive\r\n",
        "a=msid:veche-t1 veche-t1-audio\r\n",
        "a=msid:veche-t1 veche-t1-video\r\n",
        "a=ssrc-group:FID 1 2\r\n",
    ] {
        assert!(answer.contains(needed), "{needed:?} in\n{answer}");
    }
    assert_eq!(answer.matches("a=ice-ufrag:").count(), 2);
}

#[test]
fn an_answer_orders_lines_as_the_published_websdk_expects() {
    let answer = answer_to(CHROMIUM_PLAY, true);
    let place = |needle: &str| answer.find(needle).unwrap_or_else(|| panic!("{needle}"));
    let (map, feedback, fmtp) = (
        place("a=rtpmap:111 opus/48000"),
        place("a=rtcp-fb:111"),
        place("a=fmtp:111"),
    );
    assert!(map < feedback && feedback < fmtp);
}

#[test]
fn an_answer_is_read_back_as_a_description() {
    for text in EVERY {
        let answer = Offer::parse(&answer_to(text, false)).unwrap();
        assert_eq!(answer.setup, Setup::Passive);
        assert_eq!(answer.media.len(), Offer::parse(text).unwrap().media.len());
        assert!(answer.media.iter().all(|m| m.codecs.len() == 1));
    }
}

#[test]
fn a_section_that_is_not_taken_is_refused_in_its_place() {
    let with_data = format!(
        "{CHROMIUM_PUBLISH}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
         a=mid:2\r\na=sctp-port:5000\r\n"
    );
    let offer = Offer::parse(&with_data).unwrap();
    let fingerprint = offer.fingerprint.clone();
    let answer = Answer {
        offer: &offer,
        session_id: 1,
        ice_ufrag: "ufrag",
        ice_pwd: "0123456789012345678901",
        fingerprint: &fingerprint,
        dtls_active: true,
        candidates: &[],
        stream_id: "",
        cname: "",
        media: &[],
    }
    .write();
    assert!(answer.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert!(answer.contains("m=audio 0 UDP/TLS/RTP/SAVPF 111"));
}

#[test]
fn a_section_without_media_stays_in_the_bundle() {
    let offer = Offer::parse(CHROMIUM_PLAY).unwrap();
    let whole = answer_to(CHROMIUM_PLAY, true);
    let fingerprint = offer.fingerprint.clone();
    let video = AnswerMedia {
        section: 1,
        send: true,
        pt: 96,
        rtpmap: "VP8/90000".into(),
        fmtp: String::new(),
        rtx: None,
        feedback: Vec::new(),
        extensions: Vec::new(),
        ssrc: None,
        max_bitrate_bps: 0,
    };
    let answer = Answer {
        offer: &offer,
        session_id: 1,
        ice_ufrag: "ufrag",
        ice_pwd: "0123456789012345678901",
        fingerprint: &fingerprint,
        dtls_active: false,
        candidates: &[],
        stream_id: "veche-t1",
        cname: "veche",
        media: &[video],
    }
    .write();
    assert!(whole.contains("a=group:BUNDLE 0 1\r\n"));
    assert!(answer.contains("a=group:BUNDLE 0 1\r\n"), "{answer}");
    assert!(
        answer.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"),
        "{answer}"
    );
    assert!(answer.contains("a=rtpmap:111 opus/48000/2\r\n"), "{answer}");
    assert_eq!(answer.matches("a=inactive\r\n").count(), 1);
    assert_eq!(answer.matches("a=ice-ufrag:ufrag\r\n").count(), 2);
}

#[test]
fn what_cannot_be_answered_is_named() {
    let check = |text: &str, expected: OfferError| {
        assert_eq!(Offer::parse(text).unwrap_err(), expected);
    };
    check("", OfferError::NotSdp);
    check("{\"type\":\"offer\"}", OfferError::NotSdp);
    check("v=0\r\n", OfferError::NoMedia);
    check(
        &CHROMIUM_PUBLISH.replace("a=ice-pwd", "a=x"),
        OfferError::Missing("a=ice-ufrag or a=ice-pwd"),
    );
    check(
        &CHROMIUM_PUBLISH.replace("a=fingerprint", "a=x"),
        OfferError::Missing("a=fingerprint"),
    );
    check(
        &CHROMIUM_PUBLISH.replace("a=group:BUNDLE 0 1", "a=x"),
        OfferError::NotBundled,
    );
}

#[test]
fn case_15_a_huge_description_is_refused() {
    let long = format!("{CHROMIUM_PUBLISH}a=fmtp:96 {}\r\n", "x".repeat(200_000));
    assert!(matches!(
        Offer::parse(&long),
        Err(OfferError::TooLong { .. })
    ));
    // Long, but within the limit: read, and the nonsense ignored.
    let long = format!("{CHROMIUM_PUBLISH}a=fmtp:96 {}\r\n", "x".repeat(100_000));
    assert!(Offer::parse(&long).is_ok());
}

#[test]
fn case_16_bombs_of_lines_sections_and_payload_types_are_refused() {
    let lines = format!("v=0\r\n{}", "a=x\n".repeat(20_000));
    assert!(matches!(
        Offer::parse(&lines),
        Err(OfferError::TooManyLines { .. })
    ));
    let sections = format!("v=0\r\n{}", "m=audio 9 X 0\r\n".repeat(100));
    assert!(matches!(
        Offer::parse(&sections),
        Err(OfferError::TooManyMedia { .. })
    ));
    let pt = CHROMIUM_PUBLISH.replace("a=rtpmap:96 VP8", "a=rtpmap:196 VP8");
    assert!(matches!(Offer::parse(&pt), Err(OfferError::BadLine { .. })));
}

#[test]
fn case_15_no_mutation_of_an_offer_panics() {
    let mut seed = 7_u64;
    let mut random = move |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for text in EVERY {
        for _ in 0..400 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random(8) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                    1 => bytes.truncate(at.max(1)),
                    2 => {
                        let end = (at + random(200)).min(bytes.len());
                        let copy = bytes[at..end].to_vec();
                        bytes.splice(at..at, copy);
                    }
                    _ => {
                        let end = (at + random(40)).min(bytes.len());
                        bytes.drain(at..end);
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let mutated = String::from_utf8_lossy(&bytes);
            if let Ok(offer) = Offer::parse(&mutated) {
                for section in &offer.media {
                    let _ = sdp::choose_video(section, &VideoCodec::ALL);
                    let _ = sdp::choose_audio(section, &AudioCodec::ALL);
                    let set: CodecSet = sdp::receivable_video(section);
                    let _ = set.is_empty();
                }
            }
        }
    }
}
