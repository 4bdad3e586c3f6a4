//! A whole call on a bad network: everything that happens to a publisher in
//! ten minutes, recorded in step.

use std::time::Duration;

use veche_media::{
    AccessUnit, AccessUnitKind, AudioCodec, FrameSize, Intake, RecordedPacket, TrackKind,
    VideoCodec,
};

use crate::support::{Rng, ms};

/// Milliseconds; the call begins here.
const START: u64 = 5_000;

/// What happens, at which second.
const MUTED: std::ops::Range<u64> = 60..90;
const CAMERA_OFF: std::ops::Range<u64> = 120..150;
const CAMERA_SWITCHED: u64 = 200;
const ROTATED: u64 = 300;
const RECONNECTED: u64 = 400;

struct Call {
    rng: Rng,
    intake: Intake,
    units: Vec<AccessUnit>,
    /// On the way, by arrival.
    flying: Vec<(TrackKind, RecordedPacket)>,
    seq: [u64; 2],
    report: [Option<(Duration, u32)>; 2],
    keyframe_wanted: bool,
}

impl Call {
    fn send(&mut self, kind: TrackKind, now: u64, packet: RecordedPacket) {
        let mut packet = packet;
        let delay = if kind == TrackKind::Audio { 25 } else { 40 };
        packet.arrival = ms(now + delay + self.rng.below(30));
        packet.seq = self.seq[kind as usize];
        self.seq[kind as usize] += 1;
        // Every tenth is lost; a retransmission comes for most pictures.
        if self.rng.chance(0.1) {
            if kind == TrackKind::Audio || self.rng.chance(0.02) {
                return;
            }
            packet.arrival += ms(80 + self.rng.below(300));
        }
        if self.rng.chance(0.02) {
            self.flying.push((kind, packet.clone()));
        }
        self.flying.push((kind, packet));
    }

    fn receive(&mut self, now: u64) {
        if self.intake.next_timeout().is_some_and(|at| at <= ms(now)) {
            self.intake.handle_timeout(ms(now), &mut self.units);
        }
        let (arrived, flying) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, packet)| packet.arrival <= ms(now));
        self.flying = flying;
        for (kind, packet) in arrived {
            self.intake.handle_packet(kind, packet, &mut self.units);
        }
        if self.intake.poll_keyframe_request(ms(now)) {
            self.keyframe_wanted = true;
        }
    }

    /// A report of the publisher's clock, which runs 200 ppm fast.
    fn report(&mut self, kind: TrackKind, now: u64, timestamp: u32) {
        let own = now as f64 / 1000.0 * 1.0002;
        let jitter = (self.rng.unit() - 0.5) * 0.02;
        let ntp = Duration::from_secs_f64(3_900_000_000.0 + own + jitter);
        self.report[kind as usize] = Some((ntp, timestamp));
    }
}

/// When it was captured is in the payload.
fn captured(unit: &AccessUnit) -> u64 {
    let at = unit.data.len() - 8;
    u64::from_be_bytes(unit.data[at..].try_into().unwrap())
}

fn vp8(keyframe: bool, size: u8, now: u64) -> [Vec<u8>; 2] {
    let mut first = if keyframe {
        vec![0x10, 0x50, 1, 0, 0x9d, 1, 0x2a, size, 0, size, 0]
    } else {
        vec![0x10, 0x51, 1, 0]
    };
    first.extend([7; 100]);
    let second = [&[0x00], &now.to_be_bytes()[..]].concat();
    [first, second]
}

fn call(seed: u64) -> (Vec<AccessUnit>, Intake) {
    let mut call = Call {
        rng: Rng::new(seed),
        intake: Intake::new(Some(AudioCodec::Opus), Some(VideoCodec::Vp8)),
        units: Vec::new(),
        flying: Vec::new(),
        seq: [65_000, 100],
        report: [None, None],
        keyframe_wanted: false,
    };
    for now in START..START + 600_000 {
        let second = (now - START) / 1000;
        let reconnected = second >= RECONNECTED;
        let switched = second >= CAMERA_SWITCHED;
        let source = u32::from(reconnected) * 10;
        let video_source = source + u32::from(switched) * 5;
        if second == RECONNECTED && (now - START).is_multiple_of(1000) {
            call.seq = [9, 9];
            call.report = [None, None];
        }
        if second == CAMERA_SWITCHED && (now - START).is_multiple_of(1000) {
            call.seq[TrackKind::Video as usize] = 3;
            call.report[TrackKind::Video as usize] = None;
        }
        let stamp = |origin: u32, rate: f64| {
            let ticks = now as f64 / 1000.0 * 1.0002 * rate;
            origin.wrapping_add(ticks as u64 as u32)
        };
        let sound = stamp(4_294_000_000_u32.wrapping_add(source * 77_777), 48_000.0);
        let picture = stamp(video_source * 99_999_999, 90_000.0);
        if now % 5_000 == 2_500 {
            call.report(TrackKind::Audio, now, sound);
        }
        if now % 1_000 == 700 {
            call.report(TrackKind::Video, now, picture);
        }
        let packet = RecordedPacket {
            source,
            seq: 0,
            timestamp: sound,
            marker: false,
            payload: [].into(),
            arrival: ms(0),
            rotation: None,
            report: call.report[TrackKind::Audio as usize],
        };
        let muted = MUTED.contains(&second);
        // Opus in silence (DTX): a packet each 400 ms.
        let speaks = now.is_multiple_of(if muted { 400 } else { 20 });
        if speaks {
            let payload = [&[0xf8], &now.to_be_bytes()[..]].concat();
            let packet = RecordedPacket {
                payload: payload.into(),
                ..packet.clone()
            };
            call.send(TrackKind::Audio, now, packet);
        }
        if now.is_multiple_of(33)
            && !CAMERA_OFF.contains(&second)
            && !(reconnected && second < RECONNECTED + 1)
        {
            let keyframe = std::mem::take(&mut call.keyframe_wanted);
            let size = if switched { 200 } else { 100 };
            for (index, payload) in vp8(keyframe, size, now).into_iter().enumerate() {
                let packet = RecordedPacket {
                    source: video_source,
                    timestamp: picture,
                    marker: index == 1,
                    payload: payload.into(),
                    rotation: (keyframe && index == 1).then_some(if second >= ROTATED {
                        90
                    } else {
                        0
                    }),
                    report: call.report[TrackKind::Video as usize],
                    ..packet.clone()
                };
                call.send(TrackKind::Video, now, packet);
            }
        }
        call.receive(now);
    }
    call.intake.finish(&mut call.units);
    (call.units, call.intake)
}

/// How much later each unit was placed than it was captured, by milliseconds.
fn errors(units: &[AccessUnit], video: bool) -> Vec<(u64, f64)> {
    units
        .iter()
        .filter(|unit| matches!(unit.kind, AccessUnitKind::Video { .. }) == video)
        .map(|unit| {
            let captured = captured(unit);
            (captured, unit.at.as_secs_f64() * 1000.0 - captured as f64)
        })
        .collect()
}

#[test]
fn through_everything_that_happens_in_a_call_sound_and_picture_stay_together() {
    for seed in 0..3 {
        let (units, intake) = call(seed);
        let sound = errors(&units, false);
        let pictures = errors(&units, true);
        for pair in sound.windows(2).chain(pictures.windows(2)) {
            assert!(pair[0].0 < pair[1].0, "order");
        }
        let mut worst = 0.0_f64;
        for (captured, error) in pictures.iter().filter(|(at, _)| *at > START + 10_000) {
            let near = sound.partition_point(|(at, _)| at < captured);
            let Some((_, heard)) = sound.get(near) else {
                continue;
            };
            worst = worst.max((error - heard).abs());
            assert!(
                (error - heard).abs() < 40.0,
                "seed {seed}: {} ms at {}",
                error - heard,
                captured - START
            );
            assert!(
                error.abs() < 100.0,
                "seed {seed}: {error} ms from the truth at {}",
                captured - START
            );
        }
        let counts = intake.counts(TrackKind::Video);
        assert_eq!(counts.malformed, 0);
        // 2 % of 10 % of two packets a picture are lost for good: some 60
        // losses, each until the keyframe that is asked for.
        let sent = (600 - 31) * 1000 / 33;
        assert!(
            pictures.len() as u64 > sent * 85 / 100,
            "{} of {sent}: {counts:?}",
            pictures.len()
        );
        let lasting =
            |kind: &AccessUnitKind| matches!(kind, AccessUnitKind::Video { rotation: 90, .. });
        let rotated = units.iter().find(|unit| lasting(&unit.kind)).unwrap();
        assert!(captured(rotated) >= START + ROTATED * 1000);
        let resized = units.iter().find(|unit| {
            let size = FrameSize {
                width: 200,
                height: 200,
            };
            matches!(unit.kind, AccessUnitKind::Video { size: Some(s), .. } if s == size)
        });
        let resized = captured(resized.unwrap());
        let late = resized - START - CAMERA_SWITCHED * 1000;
        assert!(late < 3_000, "{late} ms");
    }
}
