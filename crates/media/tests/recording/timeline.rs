//! Jumps, pauses, stalls and silence on one track's way to the room's clock.

use std::time::Duration;

use veche_media::{PublisherClock, Stamp, TrackKind};

use crate::support::ms;

struct Sound {
    clock: PublisherClock,
    source: u32,
    report: Option<(Duration, u32)>,
}

impl Sound {
    fn new() -> Self {
        Self {
            clock: PublisherClock::new(48_000, 90_000),
            source: 1,
            report: None,
        }
    }

    fn place(&mut self, kind: TrackKind, timestamp: u64, arrival_ms: u64) -> i64 {
        let at = self.clock.place(
            kind,
            Stamp {
                source: self.source,
                timestamp: timestamp as u32,
                arrival: ms(arrival_ms),
                report: self.report,
            },
        );
        i64::try_from(at.as_millis()).unwrap() - i64::try_from(arrival_ms).unwrap()
    }

    /// Packets each 20 ms; how far each was placed from its arrival, the worst.
    fn speak(&mut self, timestamp_ms: u64, arrival_ms: u64, packets: u64) -> i64 {
        let placed = (0..packets).map(|n| {
            let timestamp = (timestamp_ms + n * 20) * 48;
            self.place(TrackKind::Audio, timestamp, arrival_ms + n * 20)
                .abs()
        });
        placed.max().unwrap()
    }
}

#[test]
fn silence_is_a_gap_as_long_as_it_was() {
    let mut sound = Sound::new();
    assert!(sound.speak(0, 5_000, 100) <= 1);
    // DTX, then a minute of mute, the timestamps going on.
    assert!(sound.place(TrackKind::Audio, 2_400 * 48, 7_400).abs() <= 1);
    assert!(sound.speak(62_400, 67_400, 100) <= 30);
}

#[test]
fn timestamps_wrap() {
    let mut sound = Sound::new();
    let start = (u64::from(u32::MAX) / 48) - 500;
    assert!(sound.speak(start, 1_000, 200) <= 1);
}

#[test]
fn case_21_a_jump_of_timestamps_goes_on_with_arrival() {
    for to in [60_000, 3_600_000, 40_000_000, 0] {
        let mut sound = Sound::new();
        assert!(sound.speak(10_000, 1_000, 100) <= 1);
        assert!(sound.speak(to, 3_000, 100) <= 5, "to {to}");
    }
}

#[test]
fn another_source_goes_on_with_arrival() {
    let mut sound = Sound::new();
    assert!(sound.speak(10_000, 1_000, 100) <= 1);
    sound.source = 2;
    assert!(sound.speak(77, 3_000, 100) <= 5);
}

#[test]
fn timestamps_that_stood_still_through_a_pause_are_moved() {
    let mut sound = Sound::new();
    assert!(sound.speak(0, 1_000, 100) <= 1);
    for n in 0..300 {
        // The camera goes on.
        sound.place(TrackKind::Video, n * 2_970, 1_000 + n * 33);
    }
    assert!(sound.speak(2_000, 10_900, 100) <= 5);
    // Alone it takes a moment to tell this from a burst.
    let mut alone = Sound::new();
    assert!(alone.speak(0, 1_000, 100) <= 1);
    alone.speak(2_000, 33_000, 12);
    assert!(alone.speak(2_240, 33_240, 100) <= 5);
}

#[test]
fn a_burst_after_a_stall_keeps_its_times() {
    let mut sound = Sound::new();
    assert!(sound.speak(0, 1_000, 100) <= 1);
    // Five seconds held up, then all at once, then as always.
    for n in 0..250 {
        let captured = 3_000 + n * 20;
        let arrival = 8_000 + n / 5;
        let placed = sound.place(TrackKind::Audio, (captured - 1_000) * 48, arrival);
        let off = placed + i64::try_from(arrival).unwrap() - i64::try_from(captured).unwrap();
        assert!(off.abs() <= 30, "{n}: {off} ms");
    }
    assert!(sound.speak(7_100, 8_100, 100) <= 30);
}

#[test]
fn a_report_that_is_far_off_moves_nothing_until_another_agrees() {
    let mut sound = Sound::new();
    sound.report = Some((ms(1_000_000), 0));
    assert!(sound.speak(0, 1_000, 250) <= 1);
    sound.report = Some((ms(1_005_900), 5_000 * 48));
    assert!(sound.speak(5_000, 6_000, 250) <= 1, "one report");
    sound.report = Some((ms(1_010_000), 10_000 * 48));
    assert!(sound.speak(10_000, 11_000, 250) <= 2, "and a good one");
}

#[test]
fn whatever_reports_say_sound_stays_near_its_arrival() {
    let mut sound = Sound::new();
    let mut seed = 1_u64;
    for n in 0..5_000_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if n.is_multiple_of(7) {
            let ntp = Duration::from_secs(seed >> 33);
            sound.report = Some((ntp, (n * 960) as u32));
        }
        let placed = sound.place(TrackKind::Audio, n * 960, 1_000 + n * 20);
        assert!((-10_000..=600).contains(&placed), "{n}: {placed} ms");
    }
}
