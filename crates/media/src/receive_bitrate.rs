use std::time::Duration;

/// What a publisher without transport-wide feedback is told to send at most
/// (REMB), from the loss of its packets.
///
/// Up by 8 % each second below 2 % loss, down by half the loss above 10 %
/// (the loss-based half of draft-ietf-rmcat-gcc-02).
#[derive(Clone, Debug)]
pub struct ReceiveBitrate {
    estimate_bps: u64,
    ceiling_bps: u64,
    last: Option<Duration>,
}

/// Below this a picture is of no use.
const FLOOR_BPS: u64 = 100_000;
/// Where an estimate starts: 720p in VP8 is comfortable.
const START_BPS: u64 = 1_500_000;
/// Without a limit of the client's own.
const DEFAULT_CEILING_BPS: u64 = 8_000_000;

impl ReceiveBitrate {
    /// An estimator that never says more than `max_bps` (0: a default).
    pub fn new(max_bps: u64) -> Self {
        let ceiling_bps = if max_bps == 0 {
            DEFAULT_CEILING_BPS
        } else {
            max_bps.max(FLOOR_BPS)
        };
        Self {
            estimate_bps: START_BPS.min(ceiling_bps),
            ceiling_bps,
            last: None,
        }
    }

    /// What to tell the publisher, at most once a second; `loss` is the
    /// fraction lost since the last time.
    pub fn update(&mut self, now: Duration, loss: f32) -> Option<u64> {
        if self
            .last
            .is_some_and(|last| now < last + Duration::from_secs(1))
        {
            return None;
        }
        self.last = Some(now);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let scale = |factor: f64| (self.estimate_bps as f64 * factor) as u64;
        let next = if loss > 0.10 {
            scale(1.0 - 0.5 * f64::from(loss.min(1.0)))
        } else if loss < 0.02 {
            scale(1.08)
        } else {
            self.estimate_bps
        };
        self.estimate_bps = next.clamp(FLOOR_BPS, self.ceiling_bps);
        Some(self.estimate_bps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64, loss: f32, mut bitrate: ReceiveBitrate) -> u64 {
        let mut last = 0;
        for s in 0..seconds {
            last = bitrate.update(Duration::from_secs(s), loss).unwrap();
        }
        last
    }

    #[test]
    fn rises_to_the_ceiling_without_loss() {
        assert_eq!(after(60, 0.0, ReceiveBitrate::new(2_000_000)), 2_000_000);
    }

    #[test]
    fn falls_under_loss_but_not_below_the_floor() {
        assert_eq!(after(200, 0.3, ReceiveBitrate::new(0)), FLOOR_BPS);
    }

    #[test]
    fn speaks_once_a_second() {
        let mut b = ReceiveBitrate::new(0);
        assert!(b.update(Duration::from_millis(0), 0.0).is_some());
        assert!(b.update(Duration::from_millis(999), 0.0).is_none());
    }
}
