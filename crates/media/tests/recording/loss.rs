//! What a bad network leaves is given as it was, in order, and decodable.

use veche_media::{
    AccessUnit, AccessUnitKind, AudioCodec, Intake, RecordedPacket, TrackKind, VideoCodec,
};

use crate::support::{Picture, Rng, ms, packets, pictures, record};

/// What a network does to packets.
#[derive(Clone, Copy)]
struct Network {
    loss: f64,
    duplicate: f64,
    /// Each packet is up to so much later.
    jitter_ms: u64,
    /// What is lost comes again, so much later, with this chance.
    retransmission: (f64, u64),
}

impl Network {
    fn carry(self, packets: &[RecordedPacket], rng: &mut Rng) -> Vec<RecordedPacket> {
        let mut arrived = Vec::new();
        for packet in packets {
            let mut packet = packet.clone();
            packet.arrival += ms(rng.below(self.jitter_ms + 1));
            if rng.chance(self.loss) {
                if rng.chance(self.retransmission.0) {
                    packet.arrival += ms(self.retransmission.1);
                    arrived.push(packet);
                }
                continue;
            }
            if rng.chance(self.duplicate) {
                let mut again = packet.clone();
                again.arrival += ms(rng.below(100));
                arrived.push(again);
            }
            arrived.push(packet);
        }
        arrived.sort_by_key(|packet| packet.arrival);
        arrived
    }
}

/// Each unit is one of the pictures whole, in order, and decodable: a picture
/// that is not a keyframe follows the picture that went before it.
fn check(units: &[AccessUnit], pictures: &[Picture], context: &str) {
    let mut next = 0;
    let mut last_at = None;
    for unit in units {
        let AccessUnitKind::Video { keyframe, .. } = unit.kind else {
            panic!("sound in a video track");
        };
        let found = (next..pictures.len())
            .find(|index| pictures[*index].expected == *unit.data)
            .unwrap_or_else(|| panic!("{context}: a unit that is no picture, after {next}"));
        assert_eq!(keyframe, pictures[found].keyframe, "{context}");
        assert!(
            keyframe || (found == next && next > 0),
            "{context}: {found} after {next}"
        );
        assert!(last_at < Some(unit.at), "{context}: time goes back");
        last_at = Some(unit.at);
        next = found + 1;
    }
}

#[test]
fn whatever_is_lost_what_comes_out_is_whole_ordered_and_decodable() {
    for codec in VideoCodec::ALL {
        let once = pictures(codec, 200);
        let pictures: Vec<Picture> = (0..5).flat_map(|_| once.clone()).collect();
        for seed in 0..60 {
            let mut rng = Rng::new(seed);
            let network = Network {
                loss: rng.unit() * 0.1,
                duplicate: rng.unit() * 0.2,
                jitter_ms: rng.below(120),
                retransmission: (rng.unit(), rng.below(400)),
            };
            let first = rng.next() as u32;
            let sent = packets(&pictures, u64::from(first >> 8), first);
            let arrived = network.carry(&sent, &mut rng);
            let mut intake = Intake::new(None, Some(codec));
            let units = record(&mut intake, TrackKind::Video, &arrived);
            check(&units, &pictures, &format!("{codec} seed {seed}"));
            let counts = intake.counts(TrackKind::Video);
            assert_eq!(counts.malformed, 0, "{codec} seed {seed} {counts:?}");
        }
    }
}

#[test]
fn a_network_that_only_reorders_and_repeats_costs_nothing() {
    for codec in VideoCodec::ALL {
        let once = pictures(codec, 200);
        let pictures: Vec<Picture> = (0..5).flat_map(|_| once.clone()).collect();
        for seed in 0..30 {
            let mut rng = Rng::new(seed);
            let network = Network {
                loss: 0.1,
                duplicate: 0.1,
                jitter_ms: 30,
                retransmission: (1.0, 800),
            };
            let sent = packets(&pictures, 65_500, u32::MAX - 10_000);
            let mut arrived = network.carry(&sent, &mut rng);
            // The very first packet says where the track begins.
            let first = arrived.iter().position(|p| p.seq == 65_500).unwrap();
            let first = arrived.remove(first);
            arrived.insert(
                0,
                RecordedPacket {
                    arrival: ms(1000),
                    ..first
                },
            );
            let mut intake = Intake::new(None, Some(codec));
            let units = record(&mut intake, TrackKind::Video, &arrived);
            assert_eq!(units.len(), pictures.len(), "{codec} seed {seed}");
            check(&units, &pictures, &format!("{codec} seed {seed}"));
        }
    }
}

#[test]
fn after_a_loss_a_keyframe_is_asked_for_and_nothing_given_before_it() {
    let pictures = pictures(VideoCodec::Vp8, 200);
    let mut sent = packets(&pictures, 0, 0);
    let lost = sent
        .iter()
        .position(|packet| packet.timestamp == 3 * 2970)
        .unwrap();
    sent.remove(lost);
    let mut intake = Intake::new(None, Some(VideoCodec::Vp8));
    assert!(intake.poll_keyframe_request(ms(0)), "at once");
    assert!(!intake.poll_keyframe_request(ms(10)));
    let mut units = Vec::new();
    let mut asked = Vec::new();
    for at in 1000..4000 {
        for packet in sent.iter().filter(|packet| packet.arrival == ms(at)) {
            intake.handle_packet(TrackKind::Video, packet.clone(), &mut units);
        }
        if intake.next_timeout().is_some_and(|due| due <= ms(at)) {
            intake.handle_timeout(ms(at), &mut units);
            if intake.poll_keyframe_request(ms(at)) {
                asked.push(at);
            }
            assert!(
                intake.next_timeout().is_none_or(|due| due > ms(at)),
                "a timeout that does not pass"
            );
        }
    }
    check(&units, &pictures, "one loss");
    let given: Vec<bool> = units
        .iter()
        .map(|unit| matches!(unit.kind, AccessUnitKind::Video { keyframe: true, .. }))
        .collect();
    assert_eq!(
        given[..4],
        [true, false, false, true],
        "3 whole, then a keyframe"
    );
    // The gap shows with the next packet.
    assert!(asked[0] >= 1099 && asked[0] <= 1099 + 434, "{asked:?}");
    assert_eq!(units.len(), 13);
    let counts = intake.counts(TrackKind::Video);
    assert_eq!((counts.lost, counts.dropped), (1, 7), "{counts:?}");
}

#[test]
fn a_lost_sound_packet_is_a_gap_in_time_and_nothing_more() {
    let packet = |n: u64| RecordedPacket {
        source: 5,
        seq: n,
        timestamp: n as u32 * 960,
        marker: false,
        payload: [0xf8, n as u8].into(),
        arrival: ms(500 + n * 20),
        rotation: None,
        report: None,
    };
    let sent: Vec<_> = (0..100).filter(|n| *n != 40).map(packet).collect();
    let mut intake = Intake::new(Some(AudioCodec::Opus), None);
    let units = record(&mut intake, TrackKind::Audio, &sent);
    assert_eq!(units.len(), 99);
    let gap = units[40].at - units[39].at;
    assert!(gap.abs_diff(ms(40)) < ms(1), "{gap:?}");
    assert_eq!(intake.counts(TrackKind::Audio).lost, 1);
}

#[test]
fn frames_without_marker_end_where_the_next_begins() {
    for codec in VideoCodec::ALL {
        let pictures = pictures(codec, 200);
        let mut sent = packets(&pictures, 0, 0);
        for packet in &mut sent {
            packet.marker = false;
        }
        let mut intake = Intake::new(None, Some(codec));
        let units = record(&mut intake, TrackKind::Video, &sent);
        assert_eq!(units.len(), pictures.len(), "{codec}");
    }
}

#[test]
fn padding_is_no_loss_and_no_frame() {
    let pictures = pictures(VideoCodec::Vp8, 200);
    let mut sent: Vec<RecordedPacket> = Vec::new();
    for packet in packets(&pictures, 0, 0) {
        let padding = RecordedPacket {
            seq: packet.seq * 2 + 1,
            payload: [].into(),
            marker: false,
            ..packet.clone()
        };
        sent.push(RecordedPacket {
            seq: packet.seq * 2,
            ..packet
        });
        sent.push(padding);
    }
    let mut intake = Intake::new(None, Some(VideoCodec::Vp8));
    let units = record(&mut intake, TrackKind::Video, &sent);
    assert_eq!(units.len(), pictures.len());
}

#[test]
fn rotation_stays_until_another_is_said() {
    let pictures = pictures(VideoCodec::Vp8, 9000);
    let mut sent = packets(&pictures, 0, 0);
    sent[2].rotation = Some(90);
    sent[5].rotation = Some(0);
    sent[7].rotation = Some(270);
    let mut intake = Intake::new(None, Some(VideoCodec::Vp8));
    let rotations: Vec<u16> = record(&mut intake, TrackKind::Video, &sent)
        .iter()
        .map(|unit| match unit.kind {
            AccessUnitKind::Video { rotation, .. } => rotation,
            AccessUnitKind::Audio { .. } => panic!("sound"),
        })
        .collect();
    assert_eq!(rotations[..9], [0, 0, 90, 90, 90, 0, 0, 270, 270]);
}

#[test]
fn another_source_begins_with_its_keyframe_and_time_goes_on() {
    let pictures = pictures(VideoCodec::H264, 300);
    let mut sent = packets(&pictures, 100, 4_000_000_000);
    let mut second = packets(&pictures, 9, 77);
    for packet in &mut second {
        packet.source = 2;
        packet.arrival += ms(700);
    }
    sent.append(&mut second);
    let mut intake = Intake::new(None, Some(VideoCodec::H264));
    let units = record(&mut intake, TrackKind::Video, &sent);
    assert_eq!(units.len(), 2 * pictures.len());
    let between = units[pictures.len()].at - units[pictures.len() - 1].at;
    assert!(between.abs_diff(ms(700 - 19 * 33)) < ms(5), "{between:?}");
}

#[test]
fn after_a_pause_pictures_begin_with_a_keyframe() {
    let pictures = pictures(VideoCodec::Vp8, 9000);
    let sent = packets(&pictures, 0, 0);
    let mut intake = Intake::new(None, Some(VideoCodec::Vp8));
    let mut units = Vec::new();
    intake.poll_keyframe_request(ms(0));
    for packet in &sent[..5] {
        intake.handle_packet(TrackKind::Video, packet.clone(), &mut units);
    }
    intake.finish(&mut units);
    intake.resume();
    assert!(intake.poll_keyframe_request(ms(1200)));
    for packet in &sent[8..] {
        intake.handle_packet(TrackKind::Video, packet.clone(), &mut units);
    }
    assert_eq!(intake.counts(TrackKind::Video).lost, 0);
    assert_eq!(units.len(), 5 + 10);
}
