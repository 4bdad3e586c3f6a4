//! The journal of a recorded room: who came and went, whose stream is which
//! file, what was said. It is what a room's film is made from.
//!
//! `NAME.room.jsonl` beside the recordings, one JSON object a line, only ever
//! appended to, so that a crash leaves all but the line it was writing. Times
//! are milliseconds of the room's clock since the journal began.
//!
//! [`Writer`] writes one, [`read`] reads any: a torn last line, unknown events
//! and lines that make no sense are passed over, memory is bounded by
//! [`MAX_JOURNAL_BYTES`].
//!
//! Names and texts are what clients sent: to be shown, never to be paths.

mod event;
mod read;
mod writer;

pub use event::{
    Chat, End, Event, Join, Leave, MAX_NAME_BYTES, MAX_TEXT_BYTES, Mute, Source, Start, StreamEnd,
    StreamStart,
};
pub use read::{
    Journal, JournalError, Person, SCREEN_SUFFIX, Stay, Stream, Switch, person_name, read,
};
pub use writer::{WriteError, Writer};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Ends the name of a journal; before it is the recording's id.
pub const EXTENSION: &str = ".room.jsonl";

/// A journal. A conference of five hundred that chats for days is below it.
pub const MAX_JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// The form that is written here.
pub const VERSION: u32 = 1;

/// Whether `id` can be a recording's: what [`crate::name`] makes, which is one
/// component of a path and of a URL.
pub fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
    id.len() <= crate::name::MAX_BASE
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().all(plain)
}

/// Where the journal of a recording lies. `None` if that is no [id](is_id).
pub fn path(folder: &Path, id: &str) -> Option<PathBuf> {
    is_id(id).then(|| folder.join(format!("{id}{EXTENSION}")))
}

/// The id in a journal's name. `None` if it is not named as one.
pub fn id_of(path: &Path) -> Option<&str> {
    let id = path.file_name()?.to_str()?.strip_suffix(EXTENSION)?;
    is_id(id).then_some(id)
}

/// The journals of a folder, by name.
pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if id_of(&path).is_some() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
