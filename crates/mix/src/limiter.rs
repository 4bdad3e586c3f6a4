//! A limiter that sees peaks before they come.
//!
//! The gain at a sample is the mean, over the look-ahead, of what the loudest
//! sample within it allows. So it is down when a peak arrives, gets there without
//! a corner, and is exactly one where nothing is too loud.

use std::collections::VecDeque;

/// No sample is above this: -1 dBFS, room for what an encoder adds.
pub(crate) const CEILING: f32 = 0.891_250_9;

/// Frames that are seen ahead: 5 ms.
pub(crate) const AHEAD: usize = 240;

/// Time in which the gain comes back by 1/e, in frames: 150 ms. Quicker is heard
/// as breathing, slower makes the next speaker faint.
const RELEASE: f64 = 7200.0;

/// Closer to one than this is one.
const ONE: f64 = 1e-4;

#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    /// Frames whose turn has not come.
    waiting: VecDeque<[f32; 2]>,
    /// Allowed gains within the look-ahead, ascending, with their frame's number.
    lowest: VecDeque<(u64, f32)>,
    /// The last gains, for their mean.
    gains: VecDeque<f32>,
    sum: f64,
    below_one: usize,
    envelope: f64,
    count: u64,
}

impl Default for Limiter {
    fn default() -> Limiter {
        Limiter {
            waiting: VecDeque::with_capacity(AHEAD + 1),
            lowest: VecDeque::new(),
            gains: std::iter::repeat_n(1.0, AHEAD + 1).collect(),
            sum: (AHEAD + 1) as f64,
            below_one: 0,
            envelope: 1.0,
            count: 0,
        }
    }
}

impl Limiter {
    /// Takes frames and gives as many, those of [`AHEAD`] frames ago. The first
    /// ones that are given after a start are silence, `AHEAD` of them.
    pub fn run(&mut self, frames: &[f32], out: &mut Vec<f32>) {
        for frame in frames.chunks_exact(2) {
            let [left, right] = self.step([frame[0], frame[1]]);
            out.push(left);
            out.push(right);
        }
    }

    fn step(&mut self, frame: [f32; 2]) -> [f32; 2] {
        let peak = frame[0].abs().max(frame[1].abs());
        let allowed = if peak > CEILING { CEILING / peak } else { 1.0 };
        while self.lowest.back().is_some_and(|&(_, gain)| gain >= allowed) {
            self.lowest.pop_back();
        }
        if allowed < 1.0 {
            self.lowest.push_back((self.count, allowed));
        }
        while self
            .lowest
            .front()
            .is_some_and(|&(at, _)| at + (AHEAD as u64) < self.count)
        {
            self.lowest.pop_front();
        }
        self.count += 1;

        let lowest = self.lowest.front().map_or(1.0, |&(_, gain)| gain);
        let mut risen = self.envelope + (1.0 - self.envelope) / RELEASE;
        if 1.0 - risen < ONE {
            risen = 1.0;
        }
        self.envelope = risen.min(f64::from(lowest));
        let gain = self.envelope as f32;

        let oldest = self.gains.pop_front().unwrap_or(1.0);
        self.gains.push_back(gain);
        self.sum += f64::from(gain) - f64::from(oldest);
        self.below_one += usize::from(gain < 1.0);
        self.below_one -= usize::from(oldest < 1.0);
        if self.below_one == 0 {
            // No rounding is left behind.
            self.sum = (AHEAD + 1) as f64;
        }

        self.waiting.push_back(frame);
        if self.waiting.len() <= AHEAD {
            return [0.0; 2];
        }
        let frame = self.waiting.pop_front().unwrap_or_default();
        if self.below_one == 0 {
            return frame;
        }
        let gain = (self.sum / (AHEAD + 1) as f64) as f32;
        frame.map(|sample| (sample * gain).clamp(-CEILING, CEILING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(input: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        let mut limiter = Limiter::default();
        limiter.run(input, &mut out);
        limiter.run(&[0.0; 2 * AHEAD], &mut out);
        out.split_off(2 * AHEAD)
    }

    #[test]
    fn a_single_peak_is_met_without_a_corner() {
        let mut input = vec![0.5f32; 20_000];
        input[10_000] = 4.0;
        let out = run(&input);
        assert!(out.iter().all(|s| s.abs() <= CEILING));
        assert!((out[10_000] - CEILING).abs() < 0.01, "{}", out[10_000]);
        // From one frame to the next the gain moves little.
        let left: Vec<f32> = out.iter().step_by(2).copied().collect();
        for (i, pair) in left.windows(2).enumerate() {
            if i != 4999 && i != 5000 {
                assert!((pair[1] - pair[0]).abs() < 0.003, "{i}: {pair:?}");
            }
        }
        // What is long before is untouched.
        assert_eq!(out[..2 * (5000 - AHEAD)], input[..2 * (5000 - AHEAD)]);
    }

    #[test]
    fn the_gain_comes_back_to_exactly_one() {
        let mut input = vec![0.25f32; 2 * 96_000];
        input[100] = 2.0;
        let out = run(&input);
        assert!(out[2000] < 0.25);
        assert!(out[2 * 90_000..].iter().all(|&s| s == 0.25));
    }
}
