//! Flashes and beeps of two hours, from packets on a bad network to the file
//! that is read back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use veche_media::{AudioCodec, Intake, RecordedPacket, TrackKind, VideoCodec};
use veche_record::recorder::{PartReason, Recorder};
use veche_record::{Reader, finish_bytes};

use crate::support::*;

/// What happens, at which second.
const SECONDS: u64 = 7_200;
const MUTED: std::ops::Range<u64> = 600..720;
const CAMERA_OFF: std::ops::Range<u64> = 1_000..1_060;
const PAUSED: std::ops::Range<u64> = 2_000..2_600;
const LARGER: u64 = 3_000;
const TURNED: u64 = 4_000;
const RECONNECTED: u64 = 5_000;

/// Milliseconds of the room's clock at which it begins.
const START: u64 = 5_000;

struct Call {
    random: fastrand::Rng,
    intake: Intake,
    /// On the way: by arrival, then in the order of sending.
    flying: BinaryHeap<Reverse<(u64, u64)>>,
    packets: std::collections::HashMap<u64, (TrackKind, RecordedPacket)>,
    sent: u64,
    seq: [u64; 2],
    report: [Option<(Duration, u32)>; 2],
    keyframe_wanted: bool,
}

impl Call {
    fn send(&mut self, kind: TrackKind, now: u64, packet: RecordedPacket) {
        let delay = if kind == TrackKind::Audio { 25 } else { 40 };
        let mut arrival = now + delay + self.random.u64(..30);
        let seq = self.seq[kind as usize];
        self.seq[kind as usize] += 1;
        // Every tenth is lost; pictures are sent again, mostly.
        if self.random.f64() < 0.1 {
            if kind == TrackKind::Audio || self.random.f64() < 0.02 {
                return;
            }
            arrival += 80 + self.random.u64(..300);
        }
        let packet = RecordedPacket {
            seq,
            arrival: ms(arrival),
            ..packet
        };
        self.flying.push(Reverse((arrival, self.sent)));
        self.packets.insert(self.sent, (kind, packet));
        self.sent += 1;
    }

    /// A report of the publisher's clock, which runs 200 ppm fast.
    fn report(&mut self, kind: TrackKind, now: u64, timestamp: u32) {
        let own = now as f64 / 1000.0 * DRIFT + (self.random.f64() - 0.5) * 0.02;
        let ntp = Duration::from_secs_f64(3_900_000_000.0 + own);
        self.report[kind as usize] = Some((ntp, timestamp));
    }
}

const DRIFT: f64 = 1.0002;

fn picture(keyframe: bool, size: u8, now: u64) -> [Vec<u8>; 2] {
    let mut first = if keyframe {
        vec![0x10, 0x50, 1, 0, 0x9d, 1, 0x2a, size, 0, size, 0]
    } else {
        vec![0x10, 0x51, 1, 0]
    };
    first.extend([7; 20]);
    let second = [&[0x00], &now.to_be_bytes()[..]].concat();
    [first, second]
}

fn record_call(seed: u64) -> (Recorded, Recorder) {
    let config = config(Some(VideoCodec::Vp8), Some(AudioCodec::Opus), "");
    let mut recorder = Recorder::new(config, ms(START));
    let mut recorded = Recorded::default();
    let mut call = Call {
        random: fastrand::Rng::with_seed(seed),
        intake: Intake::new(Some(AudioCodec::Opus), Some(VideoCodec::Vp8)),
        flying: BinaryHeap::new(),
        packets: std::collections::HashMap::new(),
        sent: 0,
        seq: [65_000, 100],
        report: [None, None],
        keyframe_wanted: false,
    };
    let mut units = Vec::new();
    for now in START..START + SECONDS * 1000 {
        let second = (now - START) / 1000;
        let begins = (now - START).is_multiple_of(1000);
        let source = u32::from(second >= RECONNECTED) * 10;
        if begins && second == RECONNECTED {
            call.seq = [9, 9];
            call.report = [None, None];
        }
        if begins && second == PAUSED.start {
            recorder.pause(ms(now));
        }
        if begins && second == PAUSED.end {
            recorder.resume(ms(now));
        }
        let stamp = |origin: u32, rate: f64| {
            let ticks = now as f64 / 1000.0 * DRIFT * rate;
            origin.wrapping_add(ticks as u64 as u32)
        };
        let sound = stamp(4_294_000_000_u32.wrapping_add(source * 77_777), 48_000.0);
        let shown = stamp(source * 99_999_999, 90_000.0);
        if now % 5_000 == 2_500 {
            call.report(TrackKind::Audio, now, sound);
        }
        if now % 1_000 == 700 {
            call.report(TrackKind::Video, now, shown);
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
        // Opus in silence (DTX): a packet each 400 ms.
        if now.is_multiple_of(if MUTED.contains(&second) { 400 } else { 20 }) {
            let payload = [&[0xf8], &now.to_be_bytes()[..]].concat().into();
            let packet = RecordedPacket {
                payload,
                ..packet.clone()
            };
            call.send(TrackKind::Audio, now, packet);
        }
        if now.is_multiple_of(40) && !CAMERA_OFF.contains(&second) {
            let keyframe = std::mem::take(&mut call.keyframe_wanted);
            let size = if second >= LARGER { 200 } else { 100 };
            for (index, payload) in picture(keyframe, size, now).into_iter().enumerate() {
                let turned = if second >= TURNED { 90 } else { 0 };
                let packet = RecordedPacket {
                    timestamp: shown,
                    marker: index == 1,
                    payload: payload.into(),
                    rotation: (keyframe && index == 1).then_some(turned),
                    report: call.report[TrackKind::Video as usize],
                    ..packet.clone()
                };
                call.send(TrackKind::Video, now, packet);
            }
            // As an encoder does that was turned.
            call.keyframe_wanted |= begins && matches!(second, LARGER | TURNED);
        }
        if call.intake.next_timeout().is_some_and(|at| at <= ms(now)) {
            call.intake.handle_timeout(ms(now), &mut units);
        }
        while let Some(Reverse((_, n))) = call.flying.pop_if_due(now) {
            let (kind, packet) = call.packets.remove(&n).unwrap();
            call.intake.handle_packet(kind, packet, &mut units);
        }
        call.keyframe_wanted |= call.intake.poll_keyframe_request(ms(now));
        for unit in units.drain(..) {
            recorder.handle_unit(ms(now), unit);
        }
        if recorder.poll_timeout().is_some_and(|at| at <= ms(now)) {
            recorder.handle_time(ms(now));
        }
        let asked = recorded.keyframe_requests;
        recorded.drain(&mut recorder, ms(now));
        call.keyframe_wanted |= recorded.keyframe_requests > asked;
    }
    recorder.stop(ms(START + SECONDS * 1000));
    recorded.drain(&mut recorder, ms(START + SECONDS * 1000));
    (recorded, recorder)
}

trait PopIfDue {
    fn pop_if_due(&mut self, now: u64) -> Option<Reverse<(u64, u64)>>;
}

impl PopIfDue for BinaryHeap<Reverse<(u64, u64)>> {
    fn pop_if_due(&mut self, now: u64) -> Option<Reverse<(u64, u64)>> {
        self.peek().filter(|next| next.0.0 <= now)?;
        self.pop()
    }
}

/// When each was captured, and where it is in the file, in milliseconds.
fn placed(part: &[u8]) -> [Vec<(u64, f64)>; 2] {
    let (finished, _) = finish_bytes(part, &veche_record::Extras::default()).unwrap();
    let mut reader = Reader::from_bytes(finished).unwrap();
    let mut placed = [Vec::new(), Vec::new()];
    while let Some(sample) = reader.next_sample().unwrap() {
        // Silence that the recorder put in has no time of capture.
        if sample.track == 0 || (sample.data.len() == 9 && sample.data[0] == 0xf8) {
            let at = sample.data.len() - 8;
            let captured = u64::from_be_bytes(sample.data[at..].try_into().unwrap());
            placed[sample.track].push((captured, sample.at.as_secs_f64() * 1000.0));
        }
    }
    placed
}

#[test]
fn flash_and_beep_stay_together_for_two_hours_of_everything() {
    let (recorded, recorder) = record_call(11);
    let reasons: Vec<_> = recorded.parts.iter().map(|p| p.info.reason).collect();
    assert_eq!(reasons, [PartReason::Start, PartReason::Rotation]);
    assert_eq!(recorder.counters().clamped, 0);
    let (mut compared, mut worst) = (0, 0.0_f64);
    let mut pictures_in_all = 0;
    for part in &recorded.parts {
        let [pictures, sound] = placed(&part.bytes);
        pictures_in_all += pictures.len();
        for (captured, flash) in &pictures {
            // The clock of a source is learnt within some reports.
            let since_source = captured
                - START
                - u64::from(*captured >= START + RECONNECTED * 1000) * RECONNECTED * 1000;
            if since_source < 10_000 {
                continue;
            }
            let after = sound.partition_point(|(at, _)| at < captured);
            let Some((heard, beep)) = sound.get(after).filter(|(at, _)| at - captured <= 100)
            else {
                continue;
            };
            let off = flash - (beep - (heard - captured) as f64);
            assert!(
                off.abs() < 40.0,
                "{off} ms at second {}",
                (captured - START) / 1000
            );
            worst = worst.max(off.abs());
            compared += 1;
        }
    }
    println!("{compared} flashes, at most {worst:.1} ms from their beeps");
    // Without those of the pause and the camera that is off.
    let sent = (SECONDS - 600 - 60) * 25;
    assert!(
        pictures_in_all as u64 > sent * 80 / 100,
        "{pictures_in_all} of {sent}"
    );
    assert!(compared as u64 > sent * 75 / 100, "{compared} of {sent}");
    // Two hours without the ten minutes of the pause.
    let length: f64 = recorded
        .parts
        .iter()
        .map(|p| {
            finish_bytes(&p.bytes, &veche_record::Extras::default())
                .unwrap()
                .1
                .duration
                .as_secs_f64()
        })
        .sum();
    near(length, (SECONDS - 600) as f64, 6.0);
}
