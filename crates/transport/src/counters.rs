use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Stats;

/// One shard's counters. Only that shard writes them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub packets_in: AtomicU64,
    pub packets_out: AtomicU64,
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    pub forwarded: AtomicU64,
    pub dropped_unknown: AtomicU64,
    pub dropped_full: AtomicU64,
    pub keyframes_asked: AtomicU64,
    pub keyframes_sent: AtomicU64,
    pub panics: AtomicU64,
}

/// Counts without a locked instruction: there is one writer.
pub(crate) fn count(counter: &AtomicU64, by: usize) {
    counter.store(counter.load(Relaxed).wrapping_add(by as u64), Relaxed);
}

impl Counters {
    pub(crate) fn add_to(&self, stats: &mut Stats) {
        let read = |c: &AtomicU64| c.load(Relaxed);
        stats.packets_in += read(&self.packets_in);
        stats.packets_out += read(&self.packets_out);
        stats.bytes_in += read(&self.bytes_in);
        stats.bytes_out += read(&self.bytes_out);
        stats.forwarded += read(&self.forwarded);
        stats.dropped_unknown += read(&self.dropped_unknown);
        stats.dropped_full += read(&self.dropped_full);
        stats.keyframes_asked += read(&self.keyframes_asked);
        stats.keyframes_sent += read(&self.keyframes_sent);
        stats.panics += read(&self.panics);
    }
}
