//! One `moof` and its `mdat`.

use std::io::{Read, Seek};

use super::boxes::{Fields, child, children};
use super::read::{Movie, body, top};
use crate::error::ReadError;

/// A `moof`. A fragment of a second with a thousand tracks is below it.
const MAX_MOOF_BYTES: u64 = 4 * 1024 * 1024;

/// A fragment's place in the file and what is in it.
pub(crate) struct Fragment {
    pub runs: Vec<Run>,
    /// Of the media.
    pub data: std::ops::Range<u64>,
    /// Behind it.
    pub end: u64,
}

/// The samples of one track.
pub(crate) struct Run {
    pub track: usize,
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

/// The fragment at `at`; `None` where the file ends, in the midst of it or not.
pub(crate) fn read<R: Read + Seek>(
    file: &mut R,
    movie: &Movie,
    at: u64,
    len: u64,
) -> Result<Option<Fragment>, ReadError> {
    let Some(moof) = top(file, at, len)? else {
        return Ok(None);
    };
    if &moof.kind != b"moof" {
        return Err(ReadError::malformed("fragment", at));
    }
    let Some(mdat) = top(file, moof.end, len)? else {
        return Ok(None);
    };
    if &mdat.kind != b"mdat" {
        return Err(ReadError::malformed("mdat", moof.end));
    }
    let bytes = body(file, moof, "moof", MAX_MOOF_BYTES)?;
    let data = mdat.body..mdat.end;
    let runs = parse(&bytes, movie, at, &data).ok_or(ReadError::malformed("moof", at))?;
    Ok(Some(Fragment {
        runs,
        data,
        end: mdat.end,
    }))
}

fn parse(moof: &[u8], movie: &Movie, base: u64, data: &std::ops::Range<u64>) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
    for (kind, traf) in children(moof) {
        if &kind != b"traf" {
            continue;
        }
        let mut tfhd = Fields(child(traf, b"tfhd")?);
        tfhd.full()?;
        let id = tfhd.u32()?;
        let track = movie.tracks.iter().position(|t| t.id == id)?;
        let mut tfdt = Fields(child(traf, b"tfdt")?);
        let (version, _) = tfdt.full()?;
        let start = tfdt.wide(version)?;
        let mut trun = Fields(child(traf, b"trun")?);
        // Only the forms that our writer has.
        let reordered = match trun.full()? {
            (0, 0x0701) => false,
            (1, 0x0f01) => true,
            _ => return None,
        };
        let count = trun.u32()?;
        let mut offset = base.checked_add(u64::from(trun.u32()?))?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let (duration, size, flags) = (trun.u32()?, trun.u32()?, trun.u32()?);
            let shown = if reordered {
                trun.u32()?.cast_signed()
            } else {
                0
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
        runs.push(Run {
            track,
            start,
            entries,
        });
    }
    Some(runs)
}
