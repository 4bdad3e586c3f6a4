use std::sync::atomic::{AtomicU64, Ordering};

/// What the archive counts.
#[derive(Debug, Default)]
pub struct Counters {
    /// Recordings deleted for good because somebody wanted it.
    pub deleted: AtomicU64,
    /// Recordings deleted because they were too old.
    pub expired: AtomicU64,
    /// Recordings deleted, here or everywhere, for want of room.
    pub no_room: AtomicU64,
    /// Films made.
    pub mixed: AtomicU64,
    /// Films given up.
    pub mixes_failed: AtomicU64,
    /// Mixers that crashed, also those that were tried again.
    pub mixes_crashed: AtomicU64,
    /// Gauge: films that wait.
    pub mixes_waiting: AtomicU64,
    /// Gauge: films being made.
    pub mixes_running: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
