//! Where and when the samples of a track are, as compact as the file has it.

use super::boxes::{Fields, child, full, u32, u64};

/// Samples of one track. A day of sound in 20 ms packets is half of it; the
/// tables then take some forty megabytes while a file is finished.
pub(super) const MAX_SAMPLES: usize = 8_640_000;

/// Sample tables of a track, gathered from fragments or read from a movie.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub timescale: u32,
    /// When the first sample begins.
    pub start: Option<u64>,
    /// Of each sample.
    pub sizes: Vec<u32>,
    /// Runs of equal distances to the next sample: count, ticks.
    pub deltas: Vec<(u32, u32)>,
    /// Numbers of keyframes, from 1.
    pub keys: Vec<u32>,
    /// Places of runs of samples without a gap: offset, count.
    pub chunks: Vec<(u64, u32)>,
    last: Option<Last>,
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

    /// Appends a sample. One that is not later than the one before is put a
    /// tick behind it. `false` if there are too many.
    pub(super) fn push(&mut self, at: u64, duration: u32, size: u32, key: bool) -> bool {
        if self.sizes.len() >= MAX_SAMPLES {
            return false;
        }
        let mut at = at;
        if let Some(last) = self.last {
            at = at.max(last.at + 1);
            self.delta(u32::try_from(at - last.at).unwrap_or(u32::MAX));
        } else {
            self.start = Some(at);
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

    /// The last sample lasts as long as it says.
    pub(super) fn end(&mut self) {
        if let Some(last) = self.last.take() {
            self.delta(last.duration);
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

    pub(super) fn length_in(&self, rate: u32) -> u64 {
        scale(self.length(), self.timescale, rate)
    }

    pub(super) fn start_in(&self, rate: u32) -> u64 {
        scale(self.start.unwrap_or(0), self.timescale, rate)
    }

    /// Appends `stts`, `stss`, `stsc`, `stsz` and `co64`.
    pub(super) fn write(&self, out: &mut Vec<u8>, shift: u64, sync: bool) {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        full(out, b"stts", 0, 0, |out| {
            u32(out, count(self.deltas.len()));
            for (n, delta) in &self.deltas {
                u32(out, *n);
                u32(out, *delta);
            }
        });
        if sync && self.keys.len() < self.sizes.len() {
            full(out, b"stss", 0, 0, |out| {
                u32(out, count(self.keys.len()));
                for key in &self.keys {
                    u32(out, *key);
                }
            });
        }
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (i, (_, samples)) in self.chunks.iter().enumerate() {
            if runs.last().is_none_or(|(_, n)| n != samples) {
                runs.push((count(i) + 1, *samples));
            }
        }
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

    /// Reads what [`Table::write`] writes.
    pub(super) fn read(stbl: &[u8], timescale: u32, start: u64) -> Option<Self> {
        let mut table = Self::new(timescale);
        table.start = Some(start);

        let mut stsz = Fields(child(stbl, b"stsz")?);
        stsz.full()?;
        let same = stsz.u32()?;
        let count = usize::try_from(stsz.u32()?).ok()?;
        if same != 0 || count > MAX_SAMPLES {
            return None;
        }
        let sizes = stsz.bytes(count.checked_mul(4)?)?;
        table.sizes = sizes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| u32::from_be_bytes(*b))
            .collect();

        table.deltas = pairs(child(stbl, b"stts")?)?;
        if let Some(stss) = child(stbl, b"stss") {
            let mut fields = Fields(stss);
            fields.full()?;
            let n = usize::try_from(fields.u32()?).ok()?;
            let keys = fields.bytes(n.checked_mul(4)?)?;
            table.keys = keys
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| u32::from_be_bytes(*b))
                .collect();
        } else {
            table.keys = (1..=u32::try_from(count).ok()?).collect();
        }

        let mut co64 = Fields(child(stbl, b"co64")?);
        co64.full()?;
        let n = usize::try_from(co64.u32()?).ok()?;
        let offsets = co64.bytes(n.checked_mul(8)?)?;
        let mut stsc = Fields(child(stbl, b"stsc")?);
        stsc.full()?;
        let mut runs = stsc.u32()?;
        let mut per_chunk = 0;
        let mut next = 0;
        let mut left = count;
        for (i, offset) in offsets.as_chunks::<8>().0.iter().enumerate() {
            if i == next {
                let mut entry = stsc;
                if runs > 0 && usize::try_from(entry.u32()?).ok()? == i + 1 {
                    per_chunk = entry.u32()?;
                    entry.u32()?;
                    stsc = entry;
                    runs -= 1;
                }
                next = match runs {
                    0 => usize::MAX,
                    _ => {
                        let mut peek = stsc;
                        usize::try_from(peek.u32()?).ok()?.checked_sub(1)?
                    }
                };
            }
            left = left.checked_sub(usize::try_from(per_chunk).ok()?)?;
            table.chunks.push((u64::from_be_bytes(*offset), per_chunk));
        }
        (left == 0).then_some(table)
    }
}

fn pairs(body: &[u8]) -> Option<Vec<(u32, u32)>> {
    let mut fields = Fields(body);
    fields.full()?;
    let n = usize::try_from(fields.u32()?).ok()?;
    let mut rest = Fields(fields.bytes(n.checked_mul(8)?)?);
    let mut pairs = Vec::with_capacity(n);
    for _ in 0..n {
        pairs.push((rest.u32()?, rest.u32()?));
    }
    Some(pairs)
}

fn scale(ticks: u64, from: u32, to: u32) -> u64 {
    let scaled = u128::from(ticks) * u128::from(to) / u128::from(from.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
