//! Boxes at the top of a file.

use std::io::{Read, Seek, SeekFrom};

use super::boxes::Fields;
use crate::error::ReadError;

/// A box at the top of a file.
#[derive(Clone, Copy)]
pub(super) struct Top {
    pub kind: [u8; 4],
    pub body: u64,
    pub end: u64,
}

/// The header of the box at `at`, which may reach beyond the file; `None` if the
/// header itself does.
pub(super) fn header<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<Option<Top>, ReadError> {
    if at.saturating_add(8) > len {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut head = [0; 16];
    file.read_exact(&mut head[..8])?;
    let mut fields = Fields(&head);
    let size = fields.u32().unwrap_or(0);
    let kind = [head[4], head[5], head[6], head[7]];
    let (size, header) = match size {
        1 => {
            if at.saturating_add(16) > len {
                return Ok(None);
            }
            file.read_exact(&mut head[8..])?;
            (Fields(&head[8..]).u64().unwrap_or(0), 16)
        }
        // "To the end of the file" (4.2), which only media is written as.
        0 if &kind == b"mdat" => (len - at, 8),
        n => (u64::from(n), 8),
    };
    if size < header {
        return Err(ReadError::malformed("box size", at));
    }
    Ok(at.checked_add(size).map(|end| Top {
        kind,
        body: at + header,
        end,
    }))
}

/// The header of the box at `at`; `None` if the box is not wholly in the file.
pub(super) fn whole<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<Option<Top>, ReadError> {
    Ok(header(file, at, len)?.filter(|found| found.end <= len))
}

/// What is in a box, in memory.
pub(super) fn body<R: Read + Seek>(
    file: &mut R,
    top: Top,
    what: &'static str,
    limit: u64,
) -> Result<Vec<u8>, ReadError> {
    let size = top.end - top.body;
    if size > limit {
        return Err(ReadError::TooLarge { what, limit });
    }
    file.seek(SeekFrom::Start(top.body))?;
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
