//! The tables of a finished movie, read, and a walk through them.

use super::boxes::{Fields, child};
use super::tables::{MAX_SAMPLES, Table};

impl Table {
    /// Reads the tables of any writer. Where they disagree on how many samples
    /// there are, the least counts.
    pub(super) fn read(stbl: &[u8], timescale: u32, alike: &mut Alike) -> Option<Self> {
        let mut table = Self::new(timescale);
        table.deltas = pairs(child(stbl, b"stts")?)?;
        table.sizes = match (child(stbl, b"stsz"), child(stbl, b"stz2")) {
            (Some(stsz), _) => sizes(stsz, alike)?,
            (None, Some(stz2)) => compact_sizes(stz2)?,
            (None, None) => return None,
        };
        if let Some(ctts) = child(stbl, b"ctts") {
            // Of version 1 they are signed; writers of version 0 that need it
            // take them for signed too.
            let signed = |(n, offset): (u32, u32)| (n, offset.cast_signed());
            table.offsets = pairs(ctts)?.into_iter().map(signed).collect();
        }
        table.chunks = chunks(stbl, table.sizes.len())?;
        let placed: u64 = table.chunks.iter().map(|(_, n)| u64::from(*n)).sum();
        table.sizes.truncate(usize::try_from(placed).ok()?);
        match child(stbl, b"stss") {
            Some(stss) => table.keys = words(stss)?,
            None => table.all_keys = true,
        }
        Some(table)
    }
}

/// How many samples of one size are believed: tables have a number for all of
/// them, which says nothing of how many there are.
pub(super) struct Alike {
    samples: usize,
    bytes: u64,
}

impl Alike {
    /// In all tracks of a file of that length.
    pub(super) fn within(len: u64) -> Self {
        Self {
            samples: MAX_SAMPLES,
            bytes: len,
        }
    }

    fn take(&mut self, count: usize, size: u32) -> Option<()> {
        let bytes = (count as u64).checked_mul(u64::from(size))?;
        self.samples = self.samples.checked_sub(count)?;
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }
}

/// Of each sample.
fn sizes(stsz: &[u8], alike: &mut Alike) -> Option<Vec<u32>> {
    let mut fields = Fields(stsz);
    fields.full()?;
    let same = fields.u32()?;
    let count = usize::try_from(fields.u32()?).ok()?;
    if count > MAX_SAMPLES {
        return None;
    }
    if same == 0 {
        let sizes = fields.bytes(count.checked_mul(4)?)?;
        return Some(
            sizes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| u32::from_be_bytes(*b))
                .collect(),
        );
    }
    alike.take(count, same)?;
    Some(vec![same; count])
}

/// Of four, eight or sixteen bits each (8.7.3.3).
fn compact_sizes(stz2: &[u8]) -> Option<Vec<u32>> {
    let mut fields = Fields(stz2);
    fields.full()?;
    let bits = usize::try_from(fields.u32()? & 0xff).ok()?;
    let count = usize::try_from(fields.u32()?).ok()?;
    if count > MAX_SAMPLES || !matches!(bits, 4 | 8 | 16) {
        return None;
    }
    let bytes = fields.bytes((count * bits).div_ceil(8))?;
    let size = |i: usize| match bits {
        4 => u32::from(bytes[i / 2] >> (4 * (1 - i % 2)) & 0x0f),
        8 => u32::from(bytes[i]),
        _ => u32::from(u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]])),
    };
    Some((0..count).map(size).collect())
}

/// Places and numbers of samples, at most `samples` of them.
fn chunks(stbl: &[u8], samples: usize) -> Option<Vec<(u64, u32)>> {
    let offsets: Vec<u64> = match (child(stbl, b"stco"), child(stbl, b"co64")) {
        (Some(stco), _) => words(stco)?.into_iter().map(u64::from).collect(),
        (None, Some(co64)) => long_words(co64)?,
        (None, None) => return None,
    };
    let mut runs = Fields(child(stbl, b"stsc")?);
    runs.full()?;
    let mut runs_left = runs.u32()?;
    let mut next = None;
    let mut per_chunk = 0;
    let mut left = u32::try_from(samples).ok()?;
    let mut chunks = Vec::with_capacity(offsets.len().min(samples));
    for (offset, number) in offsets.into_iter().zip(1_u32..) {
        // The run that begins here, and where the one after it does.
        while runs_left > 0 {
            let first = match next {
                Some(first) => first,
                None => *next.insert(runs.u32()?),
            };
            if first > number {
                break;
            }
            per_chunk = runs.u32()?;
            runs.u32()?;
            next = None;
            runs_left -= 1;
        }
        let count = per_chunk.min(left);
        left -= count;
        if count > 0 {
            chunks.push((offset, count));
        }
    }
    Some(chunks)
}

fn words(body: &[u8]) -> Option<Vec<u32>> {
    let mut fields = Fields(body);
    fields.full()?;
    let count = usize::try_from(fields.u32()?).ok()?;
    let words = fields.bytes(count.checked_mul(4)?)?.as_chunks::<4>().0;
    Some(words.iter().map(|b| u32::from_be_bytes(*b)).collect())
}

fn long_words(body: &[u8]) -> Option<Vec<u64>> {
    let mut fields = Fields(body);
    fields.full()?;
    let count = usize::try_from(fields.u32()?).ok()?;
    let words = fields.bytes(count.checked_mul(8)?)?.as_chunks::<8>().0;
    Some(words.iter().map(|b| u64::from_be_bytes(*b)).collect())
}

fn pairs(body: &[u8]) -> Option<Vec<(u32, u32)>> {
    let mut fields = Fields(body);
    fields.full()?;
    let count = usize::try_from(fields.u32()?).ok()?;
    let mut rest = Fields(fields.bytes(count.checked_mul(8)?)?);
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        pairs.push((rest.u32()?, rest.u32()?));
    }
    Some(pairs)
}

/// A sample of a table.
#[derive(Clone, Copy)]
pub(super) struct Indexed {
    /// Ticks from the first sample's decoding.
    pub decode: u64,
    /// From decoding to showing.
    pub offset: i32,
    pub duration: u32,
    pub place: u64,
    pub size: u32,
    pub key: bool,
}

/// Goes through a table.
#[derive(Clone, Default)]
pub(super) struct Cursor {
    sample: usize,
    decode: u64,
    place: u64,
    chunk: usize,
    left_in_chunk: u32,
    run: usize,
    used_of_run: u32,
    key: usize,
    offset_run: usize,
    used_of_offset: u32,
}

impl Cursor {
    /// When the next is decoded; `None` at the end.
    pub(super) fn decode(&self, table: &Table) -> Option<u64> {
        (self.sample < table.sizes.len()).then_some(self.decode)
    }

    pub(super) fn next(&mut self, table: &Table) -> Option<Indexed> {
        let size = *table.sizes.get(self.sample)?;
        while self.left_in_chunk == 0 {
            let (place, samples) = table.chunks.get(self.chunk)?;
            self.place = *place;
            self.left_in_chunk = *samples;
            self.chunk += 1;
        }
        let duration = of_run(&table.deltas, &mut self.run, &mut self.used_of_run);
        let offset = of_run(
            &table.offsets,
            &mut self.offset_run,
            &mut self.used_of_offset,
        );
        let number = u32::try_from(self.sample).unwrap_or(u32::MAX - 1) + 1;
        // Tables of others may name samples twice, or none.
        while table.keys.get(self.key).is_some_and(|key| *key < number) {
            self.key += 1;
        }
        let found = Indexed {
            decode: self.decode,
            offset,
            duration,
            place: self.place,
            size,
            key: table.all_keys || table.keys.get(self.key) == Some(&number),
        };
        self.sample += 1;
        self.left_in_chunk -= 1;
        self.decode = self.decode.saturating_add(u64::from(duration));
        self.place = self.place.saturating_add(u64::from(size));
        Some(found)
    }
}

/// The next value of runs of equal ones; zero behind the last.
fn of_run<T: Copy + Default>(runs: &[(u32, T)], run: &mut usize, used: &mut u32) -> T {
    while let Some((count, value)) = runs.get(*run) {
        if *used < *count {
            *used += 1;
            return *value;
        }
        *run += 1;
        *used = 0;
    }
    T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mp4::boxes::{full, u32};

    fn table_of(out: &mut Vec<u8>, kind: &[u8; 4], values: &[u32]) {
        full(out, kind, 0, 0, |out| {
            for value in values {
                u32(out, *value);
            }
        });
    }

    fn read(stbl: &[u8]) -> Vec<(u64, i32, u64, u32, bool)> {
        let table = Table::read(stbl, 1000, &mut Alike::within(100)).unwrap();
        let mut cursor = Cursor::default();
        std::iter::from_fn(|| cursor.next(&table))
            .map(|s| (s.decode, s.offset, s.place, s.size, s.key))
            .collect()
    }

    #[test]
    fn tables_say_when_and_where_samples_are() {
        let mut stbl = Vec::new();
        table_of(&mut stbl, b"stts", &[2, 3, 10, 1, 20]);
        table_of(&mut stbl, b"ctts", &[2, 1, 5, 3, -5_i32 as u32]);
        table_of(&mut stbl, b"stss", &[2, 1, 3]);
        table_of(&mut stbl, b"stsc", &[2, 1, 1, 1, 2, 3, 1]);
        table_of(&mut stbl, b"stsz", &[0, 4, 7, 8, 9, 6]);
        table_of(&mut stbl, b"stco", &[2, 100, 200]);
        assert_eq!(
            read(&stbl),
            [
                (0, 5, 100, 7, true),
                (10, -5, 200, 8, false),
                (20, -5, 208, 9, true),
                (30, -5, 217, 6, false),
            ]
        );
    }

    #[test]
    fn samples_may_be_alike_or_short() {
        let mut stbl = Vec::new();
        table_of(&mut stbl, b"stts", &[1, 3, 10]);
        table_of(&mut stbl, b"stsc", &[1, 1, 2, 1]);
        table_of(&mut stbl, b"co64", &[2, 0, 5, 1, 0]);
        let mut alike = stbl.clone();
        table_of(&mut alike, b"stsz", &[4, 3]);
        let places: Vec<_> = read(&alike).iter().map(|s| (s.2, s.3)).collect();
        assert_eq!(places, [(5, 4), (9, 4), (1 << 32, 4)]);
        let mut short = stbl.clone();
        full(&mut short, b"stz2", 0, 0, |out| {
            u32(out, 4);
            u32(out, 3);
            out.extend_from_slice(&[0x12, 0x30]);
        });
        let sizes: Vec<_> = read(&short).iter().map(|s| s.3).collect();
        assert_eq!(sizes, [1, 2, 3]);
        // A few bytes do not make millions of samples.
        let mut bomb = stbl;
        table_of(&mut bomb, b"stsz", &[1, 101]);
        assert!(Table::read(&bomb, 1000, &mut Alike::within(100)).is_none());
    }

    #[test]
    fn tables_that_disagree_give_what_all_of_them_have() {
        let mut stbl = Vec::new();
        table_of(&mut stbl, b"stts", &[1, 9, 10]);
        table_of(&mut stbl, b"stsc", &[1, 1, 2, 1]);
        table_of(&mut stbl, b"stsz", &[0, 5, 1, 1, 1, 1, 1]);
        table_of(&mut stbl, b"stco", &[2, 100, 200]);
        assert_eq!(read(&stbl).len(), 4);
    }
}
