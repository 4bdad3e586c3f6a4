//! One `moof` and its `mdat`.

use std::io::{Read, Seek};
use std::ops::Range;

use super::boxes::{Fields, child, children};
use super::header::{Defaults, Movie};
use super::tables::MAX_TICKS;
use super::top::{self, Top};
use crate::error::ReadError;

/// A `moof`. A fragment of a second with a thousand tracks is below it.
const MAX_MOOF_BYTES: u64 = 4 * 1024 * 1024;

/// Samples of a fragment: hours of sound of several tracks.
pub(super) const MAX_FRAGMENT_SAMPLES: usize = 1 << 20;

/// Boxes in a row that are neither of a fragment's: indexes, events, paddings.
const MAX_OTHERS: usize = 64;

/// A fragment's place in the file and what is in it.
pub(crate) struct Fragment {
    pub runs: Vec<Run>,
    /// Of the media.
    pub data: Range<u64>,
    /// Behind it.
    pub end: u64,
}

/// Samples of one track that lie side by side.
pub(crate) struct Run {
    pub track: usize,
    /// When the first is decoded.
    pub start: u64,
    pub entries: Vec<Entry>,
}

pub(crate) struct Entry {
    pub offset: u64,
    pub size: u32,
    pub duration: u32,
    pub key: bool,
    /// From decoding to showing.
    pub shown: i32,
}

/// Reads fragments one after the other.
#[derive(Default)]
pub(crate) struct Fragments {
    /// When the next sample of each track is decoded, where that is not said.
    next: Vec<u64>,
    /// Behind the last and what is known to be between fragments.
    pub(super) behind: u64,
}

impl Fragments {
    /// The fragment at `at`, or behind boxes there that are none; `None` where
    /// the file ends, in the midst of it or not.
    pub(crate) fn read<R: Read + Seek>(
        &mut self,
        file: &mut R,
        movie: &Movie,
        at: u64,
        len: u64,
    ) -> Result<Option<Fragment>, ReadError> {
        let (moof, at) = behind_others(file, at, len)?;
        self.behind = at;
        let Some(moof) = moof else {
            return Ok(None);
        };
        if &moof.kind != b"moof" {
            return Err(ReadError::malformed("fragment", at));
        }
        let (mdat, mdat_at) = behind_paddings(file, moof.end, len)?;
        let Some(mdat) = mdat else {
            return Ok(None);
        };
        if &mdat.kind != b"mdat" {
            return Err(ReadError::malformed("mdat", mdat_at));
        }
        let bytes = top::body(file, moof, "moof", MAX_MOOF_BYTES)?;
        let data = mdat.body..mdat.end;
        self.next.resize(movie.tracks.len(), 0);
        let runs = runs(&bytes, movie, at, &data, &mut self.next);
        self.behind = mdat.end;
        Ok(Some(Fragment {
            runs: runs.ok_or(ReadError::malformed("moof", at))?,
            data,
            end: mdat.end,
        }))
    }
}

/// The first box from `at` on that is not known to be between fragments, if it
/// is whole, and where it is.
fn behind_others<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<(Option<Top>, u64), ReadError> {
    const OTHERS: [[u8; 4]; 10] = [
        *b"styp", *b"sidx", *b"ssix", *b"prft", *b"emsg", *b"free", *b"skip", *b"uuid", *b"mfra",
        // Of a movie whose first samples are in its own tables.
        *b"mdat",
    ];
    behind(file, at, len, &OTHERS)
}

fn behind_paddings<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<(Option<Top>, u64), ReadError> {
    behind(file, at, len, &[*b"free", *b"skip", *b"uuid"])
}

fn behind<R: Read + Seek>(
    file: &mut R,
    mut at: u64,
    len: u64,
    others: &[[u8; 4]],
) -> Result<(Option<Top>, u64), ReadError> {
    for _ in 0..MAX_OTHERS {
        match top::whole(file, at, len)? {
            Some(found) if others.contains(&found.kind) => at = found.end,
            found => return Ok((found, at)),
        }
    }
    Err(ReadError::malformed("fragment", at))
}

/// What a `traf` says once for all its samples.
struct Common {
    track: usize,
    defaults: Defaults,
    /// What places are counted from.
    base: u64,
}

fn runs(
    moof: &[u8],
    movie: &Movie,
    moof_at: u64,
    data: &Range<u64>,
    next: &mut [u64],
) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
    let mut samples = 0;
    // Of the data, that samples may still have: none is in another.
    let mut bytes_left = data.end - data.start;
    // Where the data of the one before ends.
    let mut behind = moof_at;
    for (_, traf) in children(moof).filter(|(kind, _)| kind == b"traf") {
        let (id, common) = common(child(traf, b"tfhd")?, movie, moof_at, behind)?;
        // Of a track that is not read.
        let Some(common) = common else {
            let known = movie.ignored.contains(&id);
            known.then_some(())?;
            continue;
        };
        let clock = &mut next[common.track];
        if let Some(tfdt) = child(traf, b"tfdt") {
            let mut fields = Fields(tfdt);
            let (version, _) = fields.full()?;
            *clock = fields.wide(version)?;
        }
        behind = common.base;
        for (_, trun) in children(traf).filter(|(kind, _)| kind == b"trun") {
            let room = MAX_FRAGMENT_SAMPLES - samples;
            let entries = entries(trun, &common, &mut behind, data, room)?;
            samples += entries.len();
            for entry in &entries {
                bytes_left = bytes_left.checked_sub(u64::from(entry.size))?;
            }
            let start = *clock;
            for entry in &entries {
                *clock = clock.saturating_add(u64::from(entry.duration));
            }
            if *clock > MAX_TICKS {
                return None;
            }
            runs.push(Run {
                track: common.track,
                start,
                entries,
            });
        }
    }
    Some(runs)
}

/// Reads a `tfhd` (8.8.7): the track's id, and what is common if it is read.
fn common(tfhd: &[u8], movie: &Movie, moof_at: u64, behind: u64) -> Option<(u32, Option<Common>)> {
    let mut fields = Fields(tfhd);
    let (_, flags) = fields.full()?;
    let id = fields.u32()?;
    let Some(track) = movie.tracks.iter().position(|t| t.id == id) else {
        return Some((id, None));
    };
    let mut defaults = movie.tracks[track].defaults;
    let base = match flags {
        _ if flags & 0x1 != 0 => fields.u64()?,
        _ if flags & 0x2_0000 != 0 => moof_at,
        _ => behind,
    };
    if flags & 0x2 != 0 {
        fields.u32()?;
    }
    if flags & 0x8 != 0 {
        defaults.duration = fields.u32()?;
    }
    if flags & 0x10 != 0 {
        defaults.size = fields.u32()?;
    }
    if flags & 0x20 != 0 {
        defaults.flags = fields.u32()?;
    }
    let common = Common {
        track,
        defaults,
        base,
    };
    Some((id, Some(common)))
}

/// Reads a `trun` (8.8.8). `behind` is where the data of the one before ends.
fn entries(
    trun: &[u8],
    common: &Common,
    behind: &mut u64,
    data: &Range<u64>,
    room: usize,
) -> Option<Vec<Entry>> {
    let mut fields = Fields(trun);
    let (_, flags) = fields.full()?;
    let count = usize::try_from(fields.u32()?).ok()?;
    let has = |flag: u32| flags & flag != 0;
    let mut offset = match has(0x1) {
        true => common
            .base
            .checked_add_signed(i64::from(fields.u32()?.cast_signed()))?,
        false => *behind,
    };
    let first_flags = has(0x4).then(|| fields.u32());
    let defaults = common.defaults;
    // Without a size of their own they are not of nothing: or a few bytes would
    // be millions of samples.
    if count > room || count > 0 && !has(0x200) && defaults.size == 0 {
        return None;
    }
    let mut entries = Vec::new();
    for i in 0..count {
        let mut own = |flag, default| match has(flag) {
            true => fields.u32(),
            false => Some(default),
        };
        let duration = own(0x100, defaults.duration)?;
        let size = own(0x200, defaults.size)?;
        let flags = own(0x400, defaults.flags)?;
        let shown = own(0x800, 0)?.cast_signed();
        let flags = match first_flags {
            Some(first) if i == 0 => first?,
            _ => flags,
        };
        let end = offset.checked_add(u64::from(size))?;
        if offset < data.start || end > data.end {
            return None;
        }
        entries.push(Entry {
            offset,
            size,
            duration,
            key: flags & 0x0001_0000 == 0,
            shown,
        });
        offset = end;
    }
    *behind = offset;
    Some(entries)
}
