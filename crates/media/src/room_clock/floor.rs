use super::MAX_SLEW;

/// The smallest difference between arrival and a sender's clock: what the
/// network takes when nothing is in its way. Follows the sender's clock's
/// drift, and slews.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    target: f64,
    current: f64,
    updated: f64,
    /// The least above `target` in the running window, and when that began.
    window: (f64, f64),
}

/// How fast the floor rises by itself: faster than any computer's clock is
/// slow (200 ppm is bad), and slow enough that a minute of full queues moves
/// it by 24 ms only.
const CREEP: f64 = 400e-6;
/// Above the floor for so long, by so much, without a pause: not queues, but a
/// path that takes longer or a clock worse than [`CREEP`].
const WINDOW: f64 = 60.0;
const MAX_ABOVE: f64 = 0.15;
/// A frame is never placed earlier than this before its arrival.
pub(super) const MAX_LATE: f64 = 10.0;
/// The share of what is left that is slewed in a second.
const APPROACH: f64 = 0.5;

impl Floor {
    pub(super) fn new(now: f64, sample: f64) -> Self {
        Self {
            target: sample,
            current: sample,
            updated: now,
            window: (f64::INFINITY, now),
        }
    }

    pub(super) fn observe(&mut self, now: f64, sample: f64) {
        let elapsed = (now - self.updated).clamp(0.0, 1.0);
        // Late frames arrive with older times: time does not go back for them.
        self.updated = self.updated.max(now);
        self.target = (self.target + CREEP * elapsed).min(sample);
        self.window.0 = self.window.0.min(sample - self.target);
        if self.updated - self.window.1 > WINDOW {
            if self.window.0 > MAX_ABOVE {
                self.target += self.window.0;
            }
            self.window = (f64::INFINITY, self.updated);
        }
        let left = self.target - self.current;
        let rate = (left.abs() * APPROACH).clamp(2.0 * CREEP, MAX_SLEW);
        let step = left.abs().min(rate * elapsed);
        self.current += step * left.signum();
    }

    pub(super) fn target(&self) -> f64 {
        self.target
    }

    pub(super) fn current(&self) -> f64 {
        self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The floor after frames each 20 ms, late by `late(seconds)`.
    fn after(seconds: u32, drift: f64, late: impl Fn(f64) -> f64) -> f64 {
        let mut floor = Floor::new(0.0, late(0.0));
        for frame in 0..seconds * 50 {
            let now = f64::from(frame) / 50.0;
            floor.observe(now, drift * now + late(now));
        }
        floor.current() - drift * f64::from(seconds)
    }

    #[test]
    fn a_minute_of_full_queues_moves_it_little() {
        let late = |now: f64| if now > 30.0 { 0.4 } else { 0.0 };
        assert!(after(90, 0.0, late) < 0.03);
    }

    #[test]
    fn a_longer_path_is_learned() {
        let late = |now: f64| if now > 30.0 { 0.4 } else { 0.0 };
        assert!((after(200, 0.0, late) - 0.4).abs() < 0.05);
    }

    #[test]
    fn follows_a_clock_that_drifts() {
        for drift in [-200e-6, 200e-6, 350e-6] {
            let error = after(7200, drift, |now| (now * 7.3).sin().abs() * 0.05);
            assert!(error.abs() < 0.01, "{drift}: {error}");
        }
    }

    #[test]
    fn slews_down_at_a_bounded_rate() {
        let mut floor = Floor::new(0.0, 0.3);
        for frame in 1..=50 {
            floor.observe(f64::from(frame) / 50.0, 0.0);
        }
        assert!(
            (floor.current() - 0.25).abs() < 0.001,
            "{}",
            floor.current()
        );
    }
}
