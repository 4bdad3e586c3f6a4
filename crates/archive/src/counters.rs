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
    /// Files whose copy was confirmed.
    pub uploaded: AtomicU64,
    /// Bytes of them.
    pub uploaded_bytes: AtomicU64,
    /// Attempts that failed; they are made again.
    pub uploads_failed: AtomicU64,
    /// Gauge: recordings that wait to be uploaded, or whose copies to be deleted.
    pub uploads_waiting: AtomicU64,
    /// Gauge: recordings being uploaded, or whose copies are being deleted.
    pub uploads_running: AtomicU64,
}

pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

pub(crate) fn set(gauge: &AtomicU64, value: usize) {
    gauge.store(value as u64, Ordering::Relaxed);
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
