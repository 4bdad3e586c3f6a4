use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Wrong tokens from one address in [`WINDOW`]: who mistypes has enough, who
/// guesses has not.
const MAX_FAILURES: u32 = 20;

/// After so long the count begins anew.
const WINDOW: Duration = Duration::from_secs(60);

/// Addresses that are remembered. With more, the whole is one address: somebody
/// has many.
const MAX_ADDRESSES: usize = 10_000;

/// Wrong tokens by where they come from. Pure.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    by_address: BTreeMap<Option<IpAddr>, Window>,
}

#[derive(Debug)]
struct Window {
    since: Duration,
    failures: u32,
}

impl Failures {
    /// How long somebody has to wait before a token of theirs is looked at.
    pub(crate) fn wait(&self, from: Option<IpAddr>, now: Duration) -> Option<Duration> {
        let window = self
            .by_address
            .get(&network(from))
            .or_else(|| self.by_address.get(&None))?;
        let left = (window.since + WINDOW).saturating_sub(now);
        (window.failures >= MAX_FAILURES && !left.is_zero()).then_some(left)
    }

    /// A wrong one was presented.
    pub(crate) fn count(&mut self, from: Option<IpAddr>, now: Duration) {
        let mut from = network(from);
        if self.by_address.len() >= MAX_ADDRESSES && !self.by_address.contains_key(&from) {
            self.by_address.retain(|_, w| now < w.since + WINDOW);
            if self.by_address.len() >= MAX_ADDRESSES {
                from = None;
            }
        }
        let window = self.by_address.entry(from).or_insert(Window {
            since: now,
            failures: 0,
        });
        if now >= window.since + WINDOW {
            *window = Window {
                since: now,
                failures: 0,
            };
        }
        window.failures = window.failures.saturating_add(1);
    }
}

/// Who has one IPv6 address has a network of them.
fn network(from: Option<IpAddr>) -> Option<IpAddr> {
    match from?.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            Some(IpAddr::V6(prefix.into()))
        }
        v4 => Some(v4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn who_guesses_waits_and_others_do_not() {
        let mut failures = Failures::default();
        let (guesser, other) = (ip("203.0.113.1"), ip("203.0.113.2"));
        for _ in 0..MAX_FAILURES {
            assert_eq!(failures.wait(guesser, at(0)), None);
            failures.count(guesser, at(0));
        }
        assert_eq!(failures.wait(guesser, at(50)), Some(at(10)));
        assert_eq!(failures.wait(other, at(50)), None);
        assert_eq!(failures.wait(guesser, at(60)), None);
        failures.count(guesser, at(61));
        assert_eq!(failures.wait(guesser, at(61)), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let mut failures = Failures::default();
        for n in 0..MAX_FAILURES {
            failures.count(ip(&format!("2001:db8::{n}")), at(0));
        }
        assert!(failures.wait(ip("2001:db8::ffff"), at(1)).is_some());
        assert!(failures.wait(ip("2001:db8:0:1::1"), at(1)).is_none());
    }

    #[test]
    fn who_has_many_addresses_is_one_and_memory_is_bounded() {
        let mut failures = Failures::default();
        for n in 0..MAX_ADDRESSES as u32 + MAX_FAILURES {
            failures.count(Some(IpAddr::V4(n.into())), at(0));
        }
        assert!(failures.by_address.len() <= MAX_ADDRESSES + 1);
        assert!(failures.wait(ip("203.0.113.1"), at(1)).is_some());
        failures.count(ip("203.0.113.1"), at(61));
        assert!(failures.by_address.len() < 10);
    }
}
