use std::time::Duration;

/// A publisher's capture clock on the server's time line.
///
/// Sender reports tie each track's RTP timestamps to one NTP clock of the
/// publisher. This maps that clock to the server's, with one offset for all
/// tracks of the publisher, so that picture and sound stay together when each
/// is sent on with sender reports of our own (RFC 3550, 6.4.1).
///
/// Server times are distances from any fixed origin.
#[derive(Clone, Debug, Default)]
pub struct SenderClock {
    /// Publisher NTP time and the server time that it is taken for.
    anchor: Option<(Duration, Duration)>,
}

/// A clock that jumps by more than this was set anew.
const MAX_DRIFT: Duration = Duration::from_secs(5);

impl SenderClock {
    /// The server time at which the sample was captured, never later than `now`.
    ///
    /// `ntp` and `report_ts` come from the track's last sender report,
    /// `timestamp` from the packet, both of the same clock in Hz.
    pub fn capture_time(
        &mut self,
        now: Duration,
        ntp: Duration,
        report_ts: u32,
        timestamp: u32,
        clock_rate: u32,
    ) -> Duration {
        #[allow(clippy::cast_possible_wrap)]
        let ticks = timestamp.wrapping_sub(report_ts) as i32;
        let distance =
            Duration::from_secs_f64(f64::from(ticks.unsigned_abs()) / f64::from(clock_rate.max(1)));
        let captured = if ticks < 0 {
            ntp.saturating_sub(distance)
        } else {
            ntp + distance
        };
        let (ntp_anchor, server_anchor) = *self.anchor.get_or_insert((captured, now));
        let mapped = if captured >= ntp_anchor {
            server_anchor + (captured - ntp_anchor)
        } else {
            server_anchor.saturating_sub(ntp_anchor - captured)
        };
        // Ahead of us: the first packet was late, or the publisher's clock runs
        // fast. Far behind: its clock was set. Either way all tracks move.
        if mapped > now || now - mapped > MAX_DRIFT {
            self.anchor = Some((captured, now));
            return now;
        }
        mapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn tracks_of_one_publisher_share_an_offset() {
        let mut clock = SenderClock::default();
        let ntp = ms(1_000_000);
        let video = clock.capture_time(ms(500), ntp, 9_000, 9_000, 90_000);
        // The same instant of the publisher, arriving 30 ms later as audio.
        let audio = clock.capture_time(ms(530), ntp, 480, 480, 48_000);
        assert_eq!(video, audio);
    }

    #[test]
    fn timestamps_run_on_between_reports() {
        let mut clock = SenderClock::default();
        let ntp = ms(1_000_000);
        let a = clock.capture_time(ms(500), ntp, 0, 0, 90_000);
        let b = clock.capture_time(ms(700), ntp, 0, 9_000, 90_000);
        assert_eq!(b - a, ms(100));
    }

    #[test]
    fn capture_is_never_in_the_future() {
        let mut clock = SenderClock::default();
        clock.capture_time(ms(500), ms(9_000), 0, 0, 90_000);
        let t = clock.capture_time(ms(510), ms(9_000), 0, 9_000, 90_000);
        assert_eq!(t, ms(510));
    }

    #[test]
    fn a_clock_set_anew_is_followed() {
        let mut clock = SenderClock::default();
        clock.capture_time(ms(500), ms(90_000), 0, 0, 90_000);
        let t = clock.capture_time(ms(20_000), ms(10_000), 0, 0, 90_000);
        assert_eq!(t, ms(20_000));
    }

    #[test]
    fn a_timestamp_before_the_report_wraps() {
        let mut clock = SenderClock::default();
        let a = clock.capture_time(ms(500), ms(9_000), 10, 10, 90_000);
        let b = clock.capture_time(ms(600), ms(9_000), 10, 0_u32.wrapping_sub(8_990), 90_000);
        assert_eq!(a - b, ms(100));
    }
}
