use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use veche_media::AccessUnit;

/// Pauses and resumptions that wait. More at once have no meaning.
const MAX_CONTROLS: usize = 64;

/// What waits for the writing thread.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    max_bytes: usize,
    max_units: usize,
}

#[derive(Debug, Default)]
struct Inner {
    items: VecDeque<(Instant, Item)>,
    bytes: usize,
    controls: usize,
    /// Units lost behind the last item.
    lost: u64,
    /// Reported and not taken yet.
    missing: u64,
    stopped: bool,
}

#[derive(Debug)]
pub(super) enum Item {
    Unit(AccessUnit),
    Lost(u64),
    Control(Control),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Pause,
    Resume,
}

impl Queue {
    pub(super) fn new(max_bytes: usize, max_units: usize) -> Self {
        Self {
            inner: Mutex::default(),
            max_bytes,
            max_units,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock, and its state is always whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, unit: AccessUnit) -> bool {
        let mut inner = self.lock();
        let full =
            inner.bytes + unit.data.len() > self.max_bytes || inner.items.len() >= self.max_units;
        if full || inner.stopped {
            inner.lost += 1;
            return false;
        }
        let now = Instant::now();
        let lost = std::mem::take(&mut inner.lost);
        if lost > 0 {
            inner.items.push_back((now, Item::Lost(lost)));
        }
        inner.bytes += unit.data.len();
        inner.items.push_back((now, Item::Unit(unit)));
        true
    }

    /// So much was lost before it came here.
    pub(super) fn missing(&self, packets: u64) {
        let mut inner = self.lock();
        inner.missing = inner.missing.saturating_add(packets);
    }

    pub(super) fn take_missing(&self) -> u64 {
        std::mem::take(&mut self.lock().missing)
    }

    pub(super) fn control(&self, control: Control) {
        let mut inner = self.lock();
        if inner.controls < MAX_CONTROLS {
            inner.controls += 1;
            inner
                .items
                .push_back((Instant::now(), Item::Control(control)));
        }
    }

    pub(super) fn stop(&self) {
        self.lock().stopped = true;
    }

    /// Everything, and whether to stop behind it.
    pub(super) fn take(&self) -> (VecDeque<(Instant, Item)>, bool) {
        let mut inner = self.lock();
        let lost = std::mem::take(&mut inner.lost);
        if lost > 0 {
            inner.items.push_back((Instant::now(), Item::Lost(lost)));
        }
        inner.bytes = 0;
        inner.controls = 0;
        (std::mem::take(&mut inner.items), inner.stopped)
    }
}
