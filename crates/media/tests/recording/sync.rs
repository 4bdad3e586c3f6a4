//! Flash and beep, for two hours of virtual time: a publisher's camera flashes
//! and its loudspeaker beeps at the same instant; the recording must agree.

use std::time::Duration;

use veche_media::{PublisherClock, Stamp, TrackKind};

use crate::support::Rng;

/// How a publisher and the way to it are.
#[derive(Clone, Copy, Debug)]
pub struct Publisher {
    /// Its system clock against the server's.
    pub clock_ppm: f64,
    /// Its sound card against its system clock.
    pub sound_ppm: f64,
    /// A report says a time that is up to so much off, either way.
    pub report_jitter: f64,
    /// Capture to network: video frames are encoded, and paced.
    pub video_delay: (f64, f64),
    pub audio_delay: (f64, f64),
    /// The way, and up to so much more.
    pub network: (f64, f64),
    /// Its NTP clock at the origin of the room's.
    pub ntp_origin: f64,
    /// First and next reports: video, audio.
    pub reports: [(f64, f64); 2],
    /// Its system clock is set by so much at a time.
    pub set: Option<(f64, f64)>,
}

pub const CHROMIUM: Publisher = Publisher {
    clock_ppm: 0.0,
    sound_ppm: 0.0,
    report_jitter: 0.010,
    video_delay: (0.012, 0.025),
    audio_delay: (0.005, 0.010),
    network: (0.020, 0.040),
    ntp_origin: 3_900_000_000.0,
    reports: [(0.5, 1.0), (2.5, 5.0)],
    set: None,
};

/// Where frames were placed: captured (room time), placed.
pub struct Placed {
    pub tracks: [Vec<(f64, f64)>; 2],
}

const VIDEO: usize = 0;
const AUDIO: usize = 1;

pub fn run(publisher: Publisher, seconds: f64, seed: u64) -> Placed {
    let mut rng = Rng::new(seed);
    let mut clock = PublisherClock::new(48_000, 90_000);
    let mut placed = Placed {
        tracks: [Vec::new(), Vec::new()],
    };
    let periods = [0.033, 0.020];
    let rates = [90_000.0, 48_000.0];
    let first_timestamps = [rng.next() as u32, rng.next() as u32];
    let mut next = [10.0, 10.0];
    let mut next_report = publisher.reports.map(|(first, _)| 10.0 + first);
    let mut reports: [Option<(Duration, u32)>; 2] = [None, None];
    // The network keeps the order of one track.
    let mut last_arrival = [0.0_f64; 2];
    while next[VIDEO] < seconds || next[AUDIO] < seconds {
        let track = if next[VIDEO] < next[AUDIO] {
            VIDEO
        } else {
            AUDIO
        };
        let captured = next[track];
        next[track] += periods[track];
        // Its own seconds.
        let own = captured * (1.0 + publisher.clock_ppm * 1e-6);
        let media = if track == AUDIO {
            own * (1.0 + publisher.sound_ppm * 1e-6)
        } else {
            own
        };
        let timestamp =
            |media: f64| first_timestamps[track].wrapping_add((media * rates[track]) as u64 as u32);
        let step = publisher
            .set
            .map_or(0.0, |(at, by)| if captured >= at { by } else { 0.0 });
        if captured >= next_report[track] {
            next_report[track] += publisher.reports[track].1;
            let jitter = (rng.unit() * 2.0 - 1.0) * publisher.report_jitter;
            let ntp = publisher.ntp_origin + own + step + jitter;
            reports[track] = Some((Duration::from_secs_f64(ntp), timestamp(media)));
        }
        let (least, more) = [publisher.video_delay, publisher.audio_delay][track];
        let (way, queue) = publisher.network;
        let arrival = captured + least + rng.unit() * more + way + rng.unit().powi(2) * queue;
        let arrival = arrival.max(last_arrival[track]);
        last_arrival[track] = arrival;
        let at = clock.place(
            if track == AUDIO {
                TrackKind::Audio
            } else {
                TrackKind::Video
            },
            Stamp {
                source: 1,
                timestamp: timestamp(media),
                arrival: Duration::from_secs_f64(arrival),
                report: reports[track],
            },
        );
        placed.tracks[track].push((captured, at.as_secs_f64()));
    }
    for track in &placed.tracks {
        assert!(track.is_sorted_by(|a, b| a.1 < b.1), "time goes back");
    }
    placed
}

impl Placed {
    /// How much later a track places what was captured at a time, than it was.
    fn error(&self, track: usize, at: f64) -> f64 {
        let frames = &self.tracks[track];
        let index = frames
            .partition_point(|frame| frame.0 < at)
            .min(frames.len() - 1);
        frames[index].1 - frames[index].0
    }

    /// The largest distance of beep and flash, after a time.
    pub fn worst(&self, from: f64, to: f64) -> f64 {
        self.distance(VIDEO, self, AUDIO, from, to)
    }

    fn distance(&self, track: usize, other: &Self, other_track: usize, from: f64, to: f64) -> f64 {
        let mut worst = 0.0_f64;
        let mut at = from;
        while at < to {
            let distance = self.error(track, at) - other.error(other_track, at);
            worst = worst.max(distance.abs());
            at += 0.5;
        }
        worst
    }
}

const HOURS_2: f64 = 7200.0;

#[test]
fn flash_and_beep_stay_within_40_ms_for_two_hours() {
    for (seed, publisher) in [
        CHROMIUM,
        Publisher {
            clock_ppm: 200.0,
            ..CHROMIUM
        },
        Publisher {
            clock_ppm: -200.0,
            ..CHROMIUM
        },
        Publisher {
            sound_ppm: 200.0,
            ..CHROMIUM
        },
        Publisher {
            sound_ppm: -200.0,
            clock_ppm: 100.0,
            ..CHROMIUM
        },
        Publisher {
            clock_ppm: 200.0,
            report_jitter: 0.020,
            ..CHROMIUM
        },
        Publisher {
            network: (0.1, 0.5),
            ..CHROMIUM
        },
        Publisher {
            video_delay: (0.05, 0.06),
            clock_ppm: -200.0,
            ..CHROMIUM
        },
        // Firefox: reports of both each few seconds.
        Publisher {
            reports: [(1.0, 3.0), (1.5, 3.0)],
            clock_ppm: 200.0,
            ..CHROMIUM
        },
    ]
    .into_iter()
    .enumerate()
    {
        // The clocks' drift shows in hours, the rest in minutes.
        let seconds = if seed < 4 { HOURS_2 } else { 900.0 };
        let placed = run(publisher, seconds, seed as u64);
        let worst = placed.worst(20.0, seconds);
        assert!(worst < 0.040, "{worst:.4} s: {publisher:?}");
    }
}

#[test]
fn before_reports_flash_and_beep_are_as_far_apart_as_their_ways() {
    let late = Publisher {
        video_delay: (0.06, 0.01),
        ..CHROMIUM
    };
    let placed = run(late, 40.0, 1);
    assert!(placed.worst(10.0, 13.0) < 0.080);
    assert!(placed.worst(16.0, 40.0) < 0.040);
}

#[test]
fn publishers_are_aligned_whatever_their_clocks_say() {
    let here = run(CHROMIUM, HOURS_2, 1);
    let far = Publisher {
        clock_ppm: 200.0,
        sound_ppm: -50.0,
        ntp_origin: 17.0,
        network: (0.045, 0.120),
        ..CHROMIUM
    };
    let there = run(far, HOURS_2, 2);
    // One way is 25 ms longer, which nobody can see from the middle.
    for (track, other) in [(VIDEO, VIDEO), (AUDIO, AUDIO), (VIDEO, AUDIO)] {
        let worst = here.distance(track, &there, other, 30.0, HOURS_2);
        assert!(worst < 0.025 + 0.040, "{track} {other}: {worst:.4}");
    }
}

#[test]
fn a_publisher_whose_clock_is_set_stays_in_step() {
    for by in [-3600.0, -0.5, 0.3, 5.0, 1e6] {
        let publisher = Publisher {
            set: Some((300.0, by)),
            clock_ppm: 50.0,
            ..CHROMIUM
        };
        let placed = run(publisher, 900.0, 4);
        let worst = placed.worst(20.0, 900.0);
        assert!(worst < 0.040, "by {by}: {worst:.4}");
        let moved = placed.error(AUDIO, 899.0) - placed.error(AUDIO, 299.0);
        assert!(moved.abs() < 0.030, "by {by}: moved {moved:.4}");
    }
}

#[test]
fn a_small_setting_of_the_clock_is_slewed() {
    for by in [-0.08, 0.05, 0.08] {
        let publisher = Publisher {
            set: Some((300.0, by)),
            ..CHROMIUM
        };
        let placed = run(publisher, 900.0, 5);
        let worst = placed.worst(20.0, 900.0);
        assert!(worst < 0.060, "by {by}: {worst:.4}");
    }
}

#[test]
fn without_reports_both_tracks_follow_the_server_for_two_hours() {
    let publisher = Publisher {
        clock_ppm: 200.0,
        reports: [(f64::INFINITY, 1.0); 2],
        ..CHROMIUM
    };
    let placed = run(publisher, HOURS_2, 6);
    let worst = placed.worst(20.0, HOURS_2);
    assert!(worst < 0.040, "{worst:.4}");
    let late = placed.error(AUDIO, HOURS_2 - 1.0);
    assert!(late.abs() < 0.080, "{late:.4}");
}
