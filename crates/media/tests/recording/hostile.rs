//! Case 20 and 21: whatever comes, nothing panics, hangs or grows, and a good
//! stream behind it is recorded.

use veche_media::{AccessUnitKind, AudioCodec, Intake, RecordedPacket, TrackKind, VideoCodec};

use crate::support::{Rng, ms, packets, pictures, record};

/// Changes a packet a little.
fn mutate(packet: &mut RecordedPacket, rng: &mut Rng) {
    let mut payload = packet.payload.to_vec();
    match rng.below(10) {
        0 => payload.truncate(rng.below(payload.len() as u64 + 1) as usize),
        1 => payload.clear(),
        2 => packet.seq = rng.next() << rng.below(48),
        3 => packet.timestamp = rng.next() as u32,
        4 => packet.marker = !packet.marker,
        5 => packet.source = rng.below(3) as u32,
        6 => {
            let ntp = ms(rng.next() << rng.below(17));
            packet.report = Some((ntp, rng.next() as u32));
        }
        7 => packet.rotation = Some(rng.next() as u16),
        _ => {
            for _ in 0..=rng.below(4) {
                // Headers are at the front.
                let limit = if rng.chance(0.8) {
                    16
                } else {
                    payload.len() as u64
                };
                if let Some(byte) = payload.get_mut(rng.below(limit.max(1)) as usize) {
                    *byte = rng.next() as u8;
                }
            }
        }
    }
    packet.payload = payload.into();
}

#[test]
fn case_20_mutated_packets_never_panic_and_time_only_rises() {
    for codec in VideoCodec::ALL {
        let good = packets(&pictures(codec, 100), 0, 0);
        for seed in 0..150 {
            let mut rng = Rng::new(seed);
            let rate = rng.unit() * 0.5;
            let mut bad = good.clone();
            for packet in &mut bad {
                if rng.chance(rate) {
                    mutate(packet, &mut rng);
                }
            }
            let mut intake = Intake::new(None, Some(codec));
            let units = record(&mut intake, TrackKind::Video, &bad);
            assert!(
                units.is_sorted_by(|a, b| a.at < b.at),
                "{codec} seed {seed}"
            );
            let total: usize = units.iter().map(|unit| unit.data.len()).sum();
            // A keyframe's parameter sets are given with each.
            let limit = 4 * good.iter().map(|p| p.payload.len()).sum::<usize>();
            assert!(total < limit, "{codec} seed {seed}: {total} bytes");
        }
    }
}

#[test]
fn case_20_noise_never_panics() {
    for codec in VideoCodec::ALL {
        for seed in 0..10 {
            let mut rng = Rng::new(seed);
            let mut intake = Intake::new(Some(AudioCodec::Opus), Some(codec));
            let mut units = Vec::new();
            let mut now = 0;
            for n in 0..2000 {
                now += rng.below(30);
                let len = rng.below(60) as usize;
                let packet = RecordedPacket {
                    source: u32::from(rng.chance(0.01)),
                    seq: n + rng.below(5),
                    timestamp: (n / 3) as u32 * 3000,
                    marker: rng.chance(0.3),
                    payload: (0..len).map(|_| rng.next() as u8).collect(),
                    arrival: ms(now),
                    rotation: None,
                    report: Some((ms(rng.below(1 << 40)), rng.next() as u32)),
                };
                let kind = if rng.chance(0.5) {
                    TrackKind::Audio
                } else {
                    TrackKind::Video
                };
                intake.handle_packet(kind, packet, &mut units);
            }
            intake.finish(&mut units);
        }
    }
}

#[test]
fn a_good_stream_behind_a_bad_one_is_recorded_whole() {
    for codec in VideoCodec::ALL {
        let pictures = pictures(codec, 100);
        let mut sent = packets(&pictures, 0, 0);
        let mut rng = Rng::new(3);
        for packet in &mut sent {
            // Parameter sets stay: a forged one is taken for what it says.
            if rng.chance(0.3) && packet.payload[0] & 0x1f != 24 {
                packet.payload = packet.payload.iter().map(|byte| byte ^ 0x2a).collect();
            }
        }
        let mut good = packets(&pictures, 70_000, 5);
        for packet in &mut good {
            packet.arrival += ms(5000);
        }
        sent.extend(good);
        let mut intake = Intake::new(None, Some(codec));
        let units = record(&mut intake, TrackKind::Video, &sent);
        let tail = &units[units.len() - pictures.len()..];
        for (unit, picture) in tail.iter().zip(&pictures) {
            assert!(*unit.data == *picture.expected, "{codec}");
        }
    }
}

#[test]
fn a_frame_that_never_ends_is_given_up() {
    let mut intake = Intake::new(None, Some(VideoCodec::Vp8));
    let mut units = Vec::new();
    let key = pictures(VideoCodec::Vp8, 1100)[0].payloads[0].clone();
    for seq in 0..20_000 {
        let mut payload = key.clone();
        if seq > 0 {
            payload[0] &= !0x10;
        }
        let packet = RecordedPacket {
            source: 0,
            seq,
            timestamp: 0,
            marker: seq == 19_999,
            payload: payload.into(),
            arrival: ms(seq),
            rotation: None,
            report: None,
        };
        intake.handle_packet(TrackKind::Video, packet, &mut units);
    }
    assert!(units.is_empty());
    let error = intake.counts(TrackKind::Video).last_error.unwrap();
    assert_eq!(error.to_string(), "frame is larger than 8388608 bytes");
}

#[test]
fn bad_sound_is_counted_and_left_out() {
    let mut intake = Intake::new(Some(AudioCodec::Opus), None);
    let mut units = Vec::new();
    for (seq, payload) in [&[0xf8, 1][..], &[0xfb], &[0xf8, 2]].iter().enumerate() {
        let packet = RecordedPacket {
            source: 0,
            seq: seq as u64,
            timestamp: seq as u32 * 960,
            marker: false,
            payload: (*payload).into(),
            arrival: ms(seq as u64 * 20),
            rotation: None,
            report: None,
        };
        intake.handle_packet(TrackKind::Audio, packet, &mut units);
    }
    assert_eq!(units.len(), 2);
    assert!(matches!(units[0].kind, AccessUnitKind::Audio { duration, .. } if duration == ms(20)));
    assert_eq!(intake.counts(TrackKind::Audio).malformed, 1);
}
