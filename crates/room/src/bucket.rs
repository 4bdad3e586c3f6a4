use std::time::Duration;

/// A token bucket: so many at once, so many a second in the long run.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Millionths of a token.
    level: u64,
    filled_at: Duration,
}

const TOKEN: u64 = 1_000_000;

impl Bucket {
    pub(crate) fn full(burst: u32, now: Duration) -> Self {
        Self {
            level: u64::from(burst) * TOKEN,
            filled_at: now,
        }
    }

    /// Takes one token, if there is one.
    pub(crate) fn take(&mut self, burst: u32, per_second: u32, now: Duration) -> bool {
        let elapsed = now.saturating_sub(self.filled_at);
        self.filled_at = now;
        // A microsecond at one token a second is a millionth of a token.
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let gained = micros.saturating_mul(u64::from(per_second));
        let full = u64::from(burst) * TOKEN;
        self.level = self.level.saturating_add(gained).min(full);
        if self.level < TOKEN {
            return false;
        }
        self.level -= TOKEN;
        true
    }
}
