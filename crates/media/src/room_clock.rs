//! Where on the room's time line a publisher's pictures and sound belong.
//!
//! Two steps, each smoothed. A track's RTP timestamps become the publisher's
//! NTP time through a line fitted to many sender reports ([`ReportFit`]); the
//! publisher's NTP time becomes the room's through one offset for all of its
//! tracks, the smallest difference between arrival and capture ([`Floor`]), so
//! that neither the jitter of reports nor that of the network moves anything.
//! Before the first report a track is placed by arrival alone. Whatever is
//! learned moves a track at a bounded rate, and never backward.

use std::time::Duration;

use fit::{Fitted, ReportFit};
use floor::Floor;

mod fit;
mod floor;

/// One of a publisher's tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// What a frame tells its clock.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// As [`crate::RecordedPacket::source`].
    pub source: u32,
    /// RTP timestamp.
    pub timestamp: u32,
    /// When it was received.
    pub arrival: Duration,
    /// The source's last sender report: NTP time and RTP timestamp.
    pub report: Option<(Duration, u32)>,
}

/// The clock of one publisher: all tracks that share its sender reports' NTP clock.
///
/// Frames of a track are given in their order; what comes back only rises.
/// Times are distances from the origin of the room's clock, which the server's
/// monotonic clock counts.
#[derive(Clone, Debug)]
pub struct PublisherClock {
    /// NTP time that seconds are counted from.
    ntp_origin: Option<Duration>,
    /// Room time minus NTP time.
    offset: Option<Floor>,
    /// How far the NTP clock was last set, in case that it shows in the other
    /// track's reports next.
    last_step: f64,
    audio: Track,
    video: Track,
}

/// A track's pace: seconds for each second by which a corrected error shrinks
/// at most. 5 % is neither seen nor, in the gaps between packets, heard.
pub(crate) const MAX_SLEW: f64 = 0.05;
/// Two frames of a track are at least so far apart, a tick of most containers.
const MIN_STEP: f64 = 0.001;
/// A frame that would be later than this after its arrival was placed wrongly.
const MAX_AHEAD: f64 = 0.5;
/// A track without frames for so long was silent.
const SILENCE: f64 = 1.0;
/// A timestamp that says so much more than arrival does has jumped.
const JUMP_AHEAD: f64 = 1.0;
/// A frame so much later than its track's quickest is one after a jump, or one
/// of a burst that was held up. Retransmissions and full queues stay below.
const JUMP_BEHIND: f64 = 2.0;
/// How long the frames of a burst are watched before it counts as a jump.
const BURST: f64 = 0.2;
/// A report about a moment so far from the present frame is of another numbering.
const MAX_REPORT_DISTANCE: f64 = 30.0;
/// An error that is stepped over, forward only, since slewing would take long.
const MAX_SLEWED: f64 = 1.0;

#[derive(Clone, Debug)]
struct Track {
    clock_rate: f64,
    last: Option<Last>,
    fit: ReportFit,
    /// Arrival minus media time.
    floor: Option<Floor>,
    last_report: Option<(Duration, u32)>,
    /// How much later than by arrival its reports have placed it: pictures are
    /// encoded longer than sound. Stands in while there are no reports.
    bias: f64,
    /// How much later than the quickest a frame usually comes.
    usual_lag: f64,
    /// Added to where a frame belongs; shrinks to nothing.
    correction: f64,
    behind: Option<Behind>,
    /// Since when it has not been silent.
    alive_since: f64,
}

/// Where a run of late frames began.
#[derive(Clone, Copy, Debug)]
struct Behind {
    arrival: f64,
    media: f64,
}

/// The last frame of a track.
#[derive(Clone, Copy, Debug)]
struct Last {
    source: u32,
    timestamp: u32,
    /// Seconds of the track's own clock, as if it had never jumped.
    media: f64,
    arrival: f64,
    /// Where it was placed.
    placed: f64,
    /// How much later than the quickest it came.
    lag: f64,
}

impl PublisherClock {
    /// A clock for tracks of these RTP clock rates, in Hz.
    pub fn new(audio_clock_rate: u32, video_clock_rate: u32) -> Self {
        Self {
            ntp_origin: None,
            offset: None,
            last_step: 0.0,
            audio: Track::new(audio_clock_rate),
            video: Track::new(video_clock_rate),
        }
    }

    /// Where the track's next frame belongs.
    pub fn place(&mut self, kind: TrackKind, stamp: Stamp) -> Duration {
        let arrival = stamp.arrival.as_secs_f64();
        let (track, other) = match kind {
            TrackKind::Audio => (&mut self.audio, &self.video),
            TrackKind::Video => (&mut self.video, &self.audio),
        };
        let other_lived = match (other.last, track.last) {
            (Some(other_last), Some(last)) => {
                arrival - other_last.arrival < SILENCE && other.alive_since < last.arrival
            }
            _ => false,
        };
        let media = track.unwrap(stamp, arrival, other_lived);
        let floor = track
            .floor
            .get_or_insert_with(|| Floor::new(arrival, arrival - media));
        floor.observe(arrival, arrival - media);
        let best = media + floor.target();
        let by_arrival = media + floor.current() + track.bias;
        let belongs = |fit: &ReportFit, offset: &Option<Floor>| match (fit.at(media), offset) {
            (Some(ntp), Some(offset)) => ntp + offset.current(),
            _ => by_arrival,
        };

        let before = belongs(&track.fit, &self.offset);
        if let Some((ntp, report_timestamp)) = stamp.report
            && track.last_report != stamp.report
        {
            track.last_report = stamp.report;
            let origin = *self.ntp_origin.get_or_insert(ntp);
            let ntp = seconds_between(origin, ntp);
            let distance = ticks(stamp.timestamp, report_timestamp) / track.clock_rate;
            let offset = self.offset.as_ref().map(Floor::current);
            let likely = offset.map(|offset| by_arrival + distance - offset);
            if distance.abs() <= MAX_REPORT_DISTANCE
                && let Fitted::Stepped { by } = track.fit.add(media + distance, ntp, likely)
                && let (Some(offset), Some(ntp)) = (offset, track.fit.at(media))
            {
                let lag = best - ntp - offset;
                // With the new line the track would not fit its arrival: the
                // clock of the reports was set, not that of the timestamps.
                if lag.abs() > by.abs() / 2.0 {
                    let same = (by - self.last_step).abs() < fit::MAX_RESIDUAL;
                    let by = if same { self.last_step } else { by };
                    self.last_step = by;
                    track.fit.set_back(by);
                }
            }
        }
        if let Some(ntp) = track.fit.at(media) {
            let sample = best - ntp;
            let offset = self
                .offset
                .get_or_insert_with(|| Floor::new(arrival, sample));
            // The offset slews by itself, for all tracks alike; a change of the
            // fit slews here.
            track.correction += before - (ntp + offset.current());
            offset.observe(arrival, sample);
            track.bias = ntp + offset.current() - best;
        }
        let belongs = belongs(&track.fit, &self.offset);
        track.place(stamp, media, arrival, belongs)
    }
}

impl Track {
    fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate: f64::from(clock_rate.max(1)),
            last: None,
            fit: ReportFit::default(),
            floor: None,
            last_report: None,
            bias: 0.0,
            usual_lag: 0.0,
            correction: 0.0,
            behind: None,
            alive_since: 0.0,
        }
    }

    /// Seconds of the track's clock, jumps taken out.
    fn unwrap(&mut self, stamp: Stamp, arrival: f64, other_lived: bool) -> f64 {
        let Some(last) = self.last else {
            return 0.0;
        };
        let elapsed = (arrival - last.arrival).max(0.0);
        let resumed = last.media + elapsed.max(MIN_STEP);
        let step = ticks(last.timestamp, stamp.timestamp) / self.clock_rate;
        if stamp.source != last.source {
            return self.jump(resumed, arrival);
        }
        let media = last.media + step;
        let lag = arrival - media - self.floor.as_ref().map_or(0.0, Floor::target);
        if lag < -JUMP_AHEAD || step < -JUMP_AHEAD {
            return self.jump(resumed, arrival);
        }
        if lag <= JUMP_BEHIND {
            self.behind = None;
            return media;
        }
        // Queues fill little by little. At once: was it held up, and a burst
        // follows? Or did the timestamps stand still while nothing was sent?
        let begins = self.behind.is_none();
        if begins && lag - last.lag < JUMP_AHEAD {
            return media;
        }
        let behind = *self.behind.get_or_insert(Behind { arrival, media });
        let waited = arrival - behind.arrival;
        let catches_up = media - behind.media > 2.0 * waited;
        let stood_still = begins && other_lived;
        if stood_still || (waited >= BURST && !catches_up) {
            self.behind = None;
            return self.jump(media + lag, arrival);
        }
        if waited >= BURST {
            self.behind = Some(Behind { arrival, media });
        }
        media
    }

    /// The timestamps begin anew: from here on media time is counted from
    /// `media`, which came as late as frames usually come.
    fn jump(&mut self, media: f64, arrival: f64) -> f64 {
        self.fit.forget();
        self.floor = Some(Floor::new(arrival, arrival - media - self.usual_lag));
        media
    }

    fn place(&mut self, stamp: Stamp, media: f64, arrival: f64, belongs: f64) -> Duration {
        let lag = arrival - media - self.floor.as_ref().map_or(0.0, Floor::target);
        if self.behind.is_none() {
            self.usual_lag += (lag.clamp(0.0, JUMP_AHEAD) - self.usual_lag) * 0.05;
        }
        let mut at = belongs + self.correction;
        if let Some(last) = self.last {
            let paced = (media - last.media).clamp(0.0, 1.0) * MAX_SLEW;
            let shrink = self.correction.abs().min(paced);
            self.correction -= shrink * self.correction.signum();
            if self.correction < -MAX_SLEWED {
                self.correction = 0.0;
            }
            at = belongs + self.correction;
        }
        // However wrong the reports are, a frame stays near its arrival.
        let earliest = arrival - floor::MAX_LATE;
        let latest = arrival + MAX_AHEAD;
        at = at.clamp(earliest, latest).max(0.0);
        if let Some(last) = self.last {
            // More frames than there are ticks must not run ahead of time.
            let step = if last.placed < latest { MIN_STEP } else { 1e-6 };
            at = at.max(last.placed + step);
        }
        if self
            .last
            .is_none_or(|last| arrival - last.arrival > SILENCE)
        {
            self.alive_since = arrival;
        }
        self.last = Some(Last {
            source: stamp.source,
            timestamp: stamp.timestamp,
            media,
            arrival,
            placed: at,
            lag,
        });
        Duration::try_from_secs_f64(at).unwrap_or(stamp.arrival)
    }
}

/// From one timestamp to another, the short way round.
fn ticks(from: u32, to: u32) -> f64 {
    #[allow(clippy::cast_possible_wrap)]
    let ticks = to.wrapping_sub(from) as i32;
    f64::from(ticks)
}

fn seconds_between(from: Duration, to: Duration) -> f64 {
    if to >= from {
        (to - from).as_secs_f64()
    } else {
        -(from - to).as_secs_f64()
    }
}
