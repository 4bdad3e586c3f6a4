use std::time::Duration;

/// Keyframe requests of all players of one video track, made into few.
///
/// A publisher is asked at most once in [`KeyframeRequests::INTERVAL`]; what
/// is asked meanwhile waits, and a keyframe that arrives answers all who waited.
/// Times are distances from any fixed origin.
#[derive(Clone, Debug, Default)]
pub struct KeyframeRequests {
    last_sent: Option<Duration>,
    waiting: bool,
}

impl KeyframeRequests {
    /// Three a second: a joiner waits at most this much longer, and 100 joiners
    /// at once cost the publisher one or two keyframes.
    pub const INTERVAL: Duration = Duration::from_millis(300);

    /// A player asks. True: send a request to the publisher now.
    pub fn ask(&mut self, now: Duration) -> bool {
        if self.due_at().is_some_and(|due| due > now) {
            self.waiting = true;
            return false;
        }
        self.last_sent = Some(now);
        self.waiting = false;
        true
    }

    /// A keyframe arrived.
    pub fn keyframe(&mut self) {
        self.waiting = false;
    }

    /// When [`Self::poll`] has something to do.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.waiting.then(|| self.due_at()).flatten()
    }

    /// True: send the request that waited.
    pub fn poll(&mut self, now: Duration) -> bool {
        match self.next_timeout() {
            Some(due) if due <= now => {
                self.last_sent = Some(now);
                self.waiting = false;
                true
            }
            _ => false,
        }
    }

    fn due_at(&self) -> Option<Duration> {
        self.last_sent.map(|at| at + Self::INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_first_request_goes_out_at_once() {
        assert!(KeyframeRequests::default().ask(ms(5)));
    }

    #[test]
    fn a_hundred_joiners_in_a_second_cost_a_few_requests() {
        let mut requests = KeyframeRequests::default();
        let mut sent = 0;
        for t in (0..1000).step_by(10) {
            sent += u32::from(requests.poll(ms(t)));
            sent += u32::from(requests.ask(ms(t)));
        }
        assert!((3..=4).contains(&sent), "{sent} requests");
    }

    #[test]
    fn a_request_within_the_interval_is_sent_when_it_ends() {
        let mut requests = KeyframeRequests::default();
        assert!(requests.ask(ms(0)));
        assert!(!requests.ask(ms(100)));
        assert_eq!(requests.next_timeout(), Some(ms(300)));
        assert!(!requests.poll(ms(299)));
        assert!(requests.poll(ms(300)));
        assert_eq!(requests.next_timeout(), None);
    }

    #[test]
    fn a_keyframe_answers_those_who_waited() {
        let mut requests = KeyframeRequests::default();
        requests.ask(ms(0));
        requests.ask(ms(50));
        requests.keyframe();
        assert_eq!(requests.next_timeout(), None);
        assert!(!requests.ask(ms(200)), "still within the interval");
        assert!(requests.poll(ms(300)));
    }
}
