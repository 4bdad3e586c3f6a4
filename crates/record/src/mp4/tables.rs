//! Where and when the samples of a track are, as compact as the file has it.

use super::boxes::{full, u32, u64};

/// Samples of one track. A day of sound in 20 ms packets is half of it; the
/// tables then take some forty megabytes while a file is finished.
pub(super) const MAX_SAMPLES: usize = 8_640_000;

/// The latest time of anything, so that sums and other rates of it are numbers
/// too: 142 years of a million ticks a second.
pub(super) const MAX_TICKS: u64 = 1 << 52;

/// From decoding to showing. Far above any encoder's reordering, and a sum of
/// two fits in a table.
const MAX_OFFSET: i64 = 1 << 29;

/// Sample tables of a track, gathered from fragments or read from a movie.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub timescale: u32,
    /// When the first sample is shown.
    pub start: Option<u64>,
    /// Ticks of the media before what is shown at [`Self::start`]: the encoder's
    /// delay, or what pictures wait for their turn.
    pub skip: u64,
    /// Ticks that are shown, if not all.
    pub shown: Option<u64>,
    /// Runs of equal distances from decoding to showing: count, ticks. Empty if
    /// there are none.
    pub offsets: Vec<(u32, i32)>,
    /// Of each sample.
    pub sizes: Vec<u32>,
    /// Runs of equal distances to the next sample: count, ticks.
    pub deltas: Vec<(u32, u32)>,
    /// Numbers of keyframes, from 1.
    pub keys: Vec<u32>,
    /// All are, and [`Self::keys`] is empty. Of tables that were read.
    pub all_keys: bool,
    /// Places of runs of samples without a gap: offset, count.
    pub chunks: Vec<(u64, u32)>,
    last: Option<Last>,
    gathered: Option<Gathered>,
}

/// What is known of the times of all samples so far.
#[derive(Clone, Copy, Debug)]
struct Gathered {
    first: u64,
    earliest_shown: i64,
    latest_shown: i64,
    least_offset: i64,
}

/// The sample whose distance to the next is not known yet.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: u64,
    duration: u32,
}

impl Table {
    pub(super) fn new(timescale: u32) -> Self {
        Self {
            timescale,
            ..Self::default()
        }
    }

    /// Appends a sample, decoded at `at` and shown `offset` later. One that is
    /// not later than the one before is put a tick behind it. `false` if there
    /// are too many.
    pub(super) fn push(
        &mut self,
        at: u64,
        offset: i64,
        duration: u32,
        size: u32,
        key: bool,
    ) -> bool {
        if self.sizes.len() >= MAX_SAMPLES {
            return false;
        }
        let shown = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(offset);
        let mut at = at;
        if let Some(last) = self.last {
            at = at.max(last.at.saturating_add(1));
            self.delta(u32::try_from(at - last.at).unwrap_or(u32::MAX));
        }
        let offset = match offset {
            // Times that were put right stay equal.
            0 => 0,
            _ => shown.saturating_sub_unsigned(at),
        };
        let offset = offset.clamp(-MAX_OFFSET, MAX_OFFSET);
        let shown = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(offset);
        let gathered = self.gathered.get_or_insert(Gathered {
            first: at,
            earliest_shown: shown,
            latest_shown: shown,
            least_offset: offset,
        });
        gathered.earliest_shown = gathered.earliest_shown.min(shown);
        gathered.latest_shown = gathered.latest_shown.max(shown);
        gathered.least_offset = gathered.least_offset.min(offset);
        let offset = i32::try_from(offset).unwrap_or(0);
        match self.offsets.last_mut() {
            Some((count, same)) if *same == offset => *count += 1,
            _ => self.offsets.push((1, offset)),
        }
        self.last = Some(Last {
            at,
            duration: duration.max(1),
        });
        self.sizes.push(size);
        if key {
            self.keys
                .push(u32::try_from(self.sizes.len()).unwrap_or(u32::MAX));
        }
        true
    }

    /// There are all samples. The last one lasts as long as it says; the first
    /// `priming` ticks are not shown.
    pub(super) fn end(&mut self, priming: u64) {
        let (Some(last), Some(all)) = (self.last.take(), self.gathered.take()) else {
            return;
        };
        self.delta(last.duration);
        let start = u64::try_from(all.earliest_shown).unwrap_or(0);
        self.start = Some(start);
        // Offsets below zero are allowed, and not known to all players.
        let raise = -all.least_offset.min(0);
        for (_, offset) in &mut self.offsets {
            *offset = offset.saturating_add(i32::try_from(raise).unwrap_or(0));
        }
        if self.offsets.iter().all(|(_, offset)| *offset == 0) {
            self.offsets.clear();
        } else {
            self.skip = start.saturating_add_signed(raise).saturating_sub(all.first);
            let until = u64::try_from(all.latest_shown).unwrap_or(0);
            self.shown = Some(until.saturating_sub(start) + u64::from(last.duration));
        }
        if priming > 0 {
            self.skip += priming;
            self.shown = Some(self.length().saturating_sub(priming));
        }
    }

    fn delta(&mut self, ticks: u32) {
        match self.deltas.last_mut() {
            Some((count, same)) if *same == ticks => *count += 1,
            _ => self.deltas.push((1, ticks)),
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.deltas
            .iter()
            .map(|(n, d)| u64::from(*n) * u64::from(*d))
            .fold(0, u64::saturating_add)
    }

    /// How long it is shown.
    pub(super) fn shown(&self) -> u64 {
        self.shown.unwrap_or_else(|| self.length())
    }

    pub(super) fn shown_in(&self, rate: u32) -> u64 {
        scale(self.shown(), self.timescale, rate)
    }

    pub(super) fn start_in(&self, rate: u32) -> u64 {
        scale(self.start.unwrap_or(0), self.timescale, rate)
    }

    /// Runs of chunks of equally many samples: the first, from 1, and how many.
    fn runs_of_chunks(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (i, (_, samples)) in self.chunks.iter().enumerate() {
            if runs.last().is_none_or(|(_, n)| n != samples) {
                runs.push((u32::try_from(i).unwrap_or(u32::MAX - 1) + 1, *samples));
            }
        }
        runs
    }

    /// How many bytes [`Table::write`] appends at most.
    pub(super) fn bytes(&self) -> u64 {
        const HEADS: usize = 6 * 20;
        let pairs = self.deltas.len() + self.offsets.len() + self.chunks.len();
        let words = self.keys.len() + self.sizes.len();
        (HEADS + 8 * pairs + 4 * words + 12 * self.runs_of_chunks().len()) as u64
    }

    /// Appends `stts`, `ctts`, `stss`, `stsc`, `stsz` and `co64`.
    pub(super) fn write(&self, out: &mut Vec<u8>, shift: u64, sync: bool) {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        full(out, b"stts", 0, 0, |out| {
            u32(out, count(self.deltas.len()));
            for (n, delta) in &self.deltas {
                u32(out, *n);
                u32(out, *delta);
            }
        });
        if !self.offsets.is_empty() {
            full(out, b"ctts", 0, 0, |out| {
                u32(out, count(self.offsets.len()));
                for (n, offset) in &self.offsets {
                    u32(out, *n);
                    // Raised above zero at the end.
                    u32(out, u32::try_from(*offset).unwrap_or(0));
                }
            });
        }
        if sync && self.keys.len() < self.sizes.len() {
            full(out, b"stss", 0, 0, |out| {
                u32(out, count(self.keys.len()));
                for key in &self.keys {
                    u32(out, *key);
                }
            });
        }
        let runs = self.runs_of_chunks();
        full(out, b"stsc", 0, 0, |out| {
            u32(out, count(runs.len()));
            for (first, samples) in &runs {
                u32(out, *first);
                u32(out, *samples);
                u32(out, 1);
            }
        });
        full(out, b"stsz", 0, 0, |out| {
            u32(out, 0);
            u32(out, count(self.sizes.len()));
            for size in &self.sizes {
                u32(out, *size);
            }
        });
        full(out, b"co64", 0, 0, |out| {
            u32(out, count(self.chunks.len()));
            for (offset, _) in &self.chunks {
                u64(out, offset.saturating_add(shift));
            }
        });
    }
}

/// Ticks of one rate in those of another, to the nearest.
pub(super) fn scale(ticks: u64, from: u32, to: u32) -> u64 {
    let from = u128::from(from.max(1));
    let scaled = (u128::from(ticks) * u128::from(to) + from / 2) / from;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_not_longer_than_they_tell() {
        let mut table = Table::new(1000);
        for n in 0..100_u32 {
            let offset = i64::from(n % 3) * 40;
            table.push(u64::from(n * 40 + n % 2), offset, 40, n, n % 10 == 0);
            table.chunks.push((u64::from(n), n % 4));
        }
        table.end(0);
        let mut out = Vec::new();
        table.write(&mut out, 0, true);
        let told = table.bytes();
        assert!((0..100).contains(&(told - out.len() as u64)), "{told}");
    }
}
