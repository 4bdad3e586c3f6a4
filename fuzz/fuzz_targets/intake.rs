#![no_main]

use libfuzzer_sys::fuzz_target;
use std::time::Duration;

use veche_media::{AudioCodec, Intake, RecordedPacket, TrackKind, VideoCodec};

/// A packet is some bytes that say how it differs from the one before, then its
/// payload.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        head
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let Some(choice) = input.byte() else { return };
    let video = VideoCodec::ALL[usize::from(choice & 3)];
    let audio = AudioCodec::ALL[usize::from(choice >> 2 & 3) % 3];
    let mut intake = Intake::new(Some(audio), Some(video));
    let mut units = Vec::new();
    let (mut seq, mut timestamp, mut now) = ([0_u64; 2], [0_u32; 2], Duration::ZERO);
    let mut received = 0;
    while let (Some(how), Some(step), Some(length)) = (input.byte(), input.byte(), input.byte()) {
        let kind = if how & 1 == 0 {
            TrackKind::Video
        } else {
            TrackKind::Audio
        };
        let track = usize::from(how & 1);
        // Mostly in order; sometimes behind, far ahead or anew.
        seq[track] = match how >> 4 & 7 {
            0 => seq[track].wrapping_sub(u64::from(step)),
            1 => seq[track].wrapping_add(u64::from(step) << 8),
            _ => seq[track].wrapping_add(1),
        };
        timestamp[track] = timestamp[track].wrapping_add(u32::from(step) * 90);
        now += Duration::from_millis(u64::from(step));
        let payload = input.bytes(usize::from(length));
        received += payload.len();
        let report = (how & 8 != 0).then(|| {
            let ntp = Duration::from_millis(u64::from(step) << (how >> 4));
            (ntp, timestamp[track].wrapping_sub(u32::from(step)))
        });
        let packet = RecordedPacket {
            source: u32::from(how >> 7),
            // Extended from sixteen bits: no call lasts until it wraps.
            seq: seq[track] & 0xffff_ffff_ffff,
            timestamp: timestamp[track],
            marker: how & 2 != 0,
            payload: payload.into(),
            arrival: now,
            rotation: (how & 4 != 0).then_some(u16::from(step)),
            report,
        };
        intake.handle_packet(kind, packet, &mut units);
        if how & 0x0c == 0x0c {
            intake.handle_timeout(now, &mut units);
            intake.poll_keyframe_request(now);
        }
    }
    intake.finish(&mut units);
    // Parameter sets are given again with each keyframe, and no more.
    let given: usize = units.iter().map(|unit| unit.data.len()).sum();
    assert!(given <= 64 * received + 64 * 1024, "{given} of {received}");
});
