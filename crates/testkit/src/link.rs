use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A bad network, as a value.
#[derive(Clone, Copy, Debug)]
pub struct LinkConfig {
    /// One way.
    pub delay: Duration,
    /// At most this much is added at random, so packets overtake each other.
    pub jitter: Duration,
    /// Fraction of packets lost, 0 to 1.
    pub loss: f64,
    /// Fraction of packets that come twice.
    pub duplicate: f64,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: 0.0,
            duplicate: 0.0,
        }
    }
}

/// One direction of a network between two ends, on virtual time.
pub struct Link<T> {
    config: LinkConfig,
    rng: fastrand::Rng,
    /// By arrival; the counter keeps the order of equal times.
    queue: BTreeMap<(Instant, u64), T>,
    counter: u64,
}

impl<T: Clone> Link<T> {
    /// An empty network whose faults are decided by `seed`.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            config,
            rng: fastrand::Rng::with_seed(seed),
            queue: BTreeMap::new(),
            counter: 0,
        }
    }

    /// Changes the weather.
    pub fn set(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// Sends a packet.
    pub fn send(&mut self, now: Instant, packet: T) {
        if self.rng.f64() < self.config.loss {
            return;
        }
        let copies = 1 + u32::from(self.rng.f64() < self.config.duplicate);
        for _ in 0..copies {
            let jitter = self.config.jitter.mul_f64(self.rng.f64());
            self.counter += 1;
            self.queue.insert(
                (now + self.config.delay + jitter, self.counter),
                packet.clone(),
            );
        }
    }

    /// The next packet that has arrived by `now`.
    pub fn receive(&mut self, now: Instant) -> Option<T> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// When the next packet arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.queue.keys().next().map(|(at, _)| *at)
    }
}
