//! One cluster, read whole.

use std::io::{Read, Seek, SeekFrom};

use super::ebml::{child, children, read_id, read_uint, read_vint};
use super::id;
use crate::error::ReadError;
use crate::track::MAX_SAMPLE_BYTES;

/// A cluster. One of ours holds a fragment and at most one sample above it.
const MAX_CLUSTER_BYTES: u64 = 2 * MAX_SAMPLE_BYTES as u64;

/// Where an element is in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub id: u32,
    pub start: u64,
    pub body: u64,
    /// `None` where it is not said.
    pub end: Option<u64>,
}

/// The element that starts at `at`; `None` if its head is not in the file.
pub(super) fn place<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<Option<Place>, ReadError> {
    let mut head = [0; 12];
    let room = usize::try_from(len.saturating_sub(at))
        .unwrap_or(12)
        .min(12);
    if room == 0 {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut head[..room])?;
    let head = &head[..room];
    let Some((id, n)) = read_id(head) else {
        return if room < 4 {
            Ok(None)
        } else {
            Err(ReadError::malformed("element", at))
        };
    };
    let Some((size, m)) = read_vint(&head[n..]) else {
        return if room < 12 {
            Ok(None)
        } else {
            Err(ReadError::malformed("element size", at))
        };
    };
    let body = at + (n + m) as u64;
    let end = match size {
        Some(size) => Some(
            body.checked_add(size)
                .ok_or(ReadError::malformed("element size", at))?,
        ),
        None => None,
    };
    Ok(Some(Place {
        id,
        start: at,
        body,
        end,
    }))
}

/// The body of an element that is wholly in the file.
pub(super) fn body<R: Read + Seek>(
    file: &mut R,
    place: Place,
    len: u64,
    what: &'static str,
    limit: u64,
) -> Result<Option<Vec<u8>>, ReadError> {
    let Some(end) = place.end else {
        return Err(ReadError::malformed(what, place.start));
    };
    if end > len {
        return Ok(None);
    }
    if end - place.body > limit {
        return Err(ReadError::TooLarge { what, limit });
    }
    file.seek(SeekFrom::Start(place.body))?;
    let mut bytes = vec![0; usize::try_from(end - place.body).unwrap_or(0)];
    file.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

pub(super) struct Cluster {
    body: Vec<u8>,
    pub timestamp: u64,
    pub end: u64,
}

pub(super) struct Block<'a> {
    pub number: u64,
    pub at: u64,
    pub key: bool,
    /// In milliseconds, where it is said.
    pub duration: Option<u64>,
    pub data: &'a [u8],
}

/// The cluster at `at`; `None` where the file ends, in the midst of it or not.
pub(super) fn read<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<Option<Cluster>, ReadError> {
    let Some(place) = place(file, at, len)? else {
        return Ok(None);
    };
    if place.id != id::CLUSTER {
        return Err(ReadError::malformed("cluster", at));
    }
    let Some(body) = body(file, place, len, "cluster", MAX_CLUSTER_BYTES)? else {
        return Ok(None);
    };
    let timestamp = child(&body, id::TIMESTAMP)
        .and_then(read_uint)
        .filter(|t| *t < 1 << 48)
        .ok_or(ReadError::malformed("cluster", at))?;
    let end = place.body + body.len() as u64;
    Ok(Some(Cluster {
        body,
        timestamp,
        end,
    }))
}

/// The end of what lies at `at`, if it is an element that other writers put
/// between or behind clusters.
pub(super) fn behind_other<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<Option<u64>, ReadError> {
    const OTHERS: [u32; 4] = [id::CUES, id::TAGS, id::VOID, id::SEEK_HEAD];
    let found = place(file, at, len)?.filter(|place| OTHERS.contains(&place.id));
    Ok(found.and_then(|place| place.end).filter(|end| *end > at))
}

impl Cluster {
    /// Its blocks, in the order of the file; what is none is passed over.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        children(&self.body)
            .filter_map(|(element, body)| match element {
                id::SIMPLE_BLOCK => Some((body, None)),
                id::BLOCK_GROUP => Some((
                    child(body, id::BLOCK)?,
                    child(body, id::BLOCK_DURATION).and_then(read_uint),
                )),
                _ => None,
            })
            .filter_map(|(block, duration)| {
                let (number, n) = read_vint(block)?;
                let (relative, rest) = block.get(n..)?.split_first_chunk::<2>()?;
                let (flags, data) = rest.split_first()?;
                let relative = i64::from(i16::from_be_bytes(*relative));
                Some(Block {
                    number: number?,
                    at: self.timestamp.saturating_add_signed(relative),
                    // Groups are of texts only.
                    key: flags & 0x80 != 0 || duration.is_some(),
                    duration,
                    data,
                })
            })
    }
}
