use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Event, MAX_JOURNAL_BYTES, Start, VERSION};
use crate::finish::sync_folder;
use crate::name::{KEPT, MAX_TRIES, numbered};

/// What the end of a full journal needs.
const RESERVED: u64 = 4 * 1024;

/// Appends to a journal, each event in one write. The start and the end are on
/// the disk when they return; the others when the system likes, which a crash
/// of the process does not change.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    id: String,
    bytes: u64,
}

/// Why an event is not in the journal. The others are.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The system said no.
    #[error("cannot write the journal: {0}")]
    Io(#[from] io::Error),
    /// It has [`MAX_JOURNAL_BYTES`].
    #[error("the journal has {MAX_JOURNAL_BYTES} bytes, it takes no more than its end")]
    Full,
}

impl Writer {
    /// Makes a journal. Its id is `base` (a name of [`crate::name`]), or with a
    /// number behind it where the folder has recordings of that name; `start`'s
    /// own id and version are not looked at.
    pub fn create(folder: &Path, base: &str, start: Start) -> Result<Self, WriteError> {
        if !super::is_id(base) {
            return Err(io::Error::from(io::ErrorKind::InvalidFilename).into());
        }
        fs::create_dir_all(folder)?;
        for n in 1..=MAX_TRIES {
            let id = numbered(base, n);
            if is_taken(folder, &id)? {
                continue;
            }
            let path = folder.join(format!("{id}{}", super::EXTENSION));
            let file = match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error.into()),
            };
            let mut writer = Self {
                file,
                path,
                id: id.clone(),
                bytes: 0,
            };
            let start = Start {
                version: VERSION,
                at_ms: 0,
                id,
                ..start
            };
            if let Err(error) = writer.write(Event::Start(start)) {
                let _ = fs::remove_file(&writer.path);
                return Err(error);
            }
            return Ok(writer);
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists).into())
    }

    /// Goes on with a journal that a crash left without its end. What the crash
    /// left of a last line is removed.
    pub fn reopen(path: &Path) -> Result<Self, WriteError> {
        let id = super::id_of(path).ok_or(io::Error::from(io::ErrorKind::InvalidFilename))?;
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        let length = file.metadata()?.len();
        let bytes = end_of_lines(&mut file, length)?;
        if bytes < length {
            file.set_len(bytes)?;
        }
        Ok(Self {
            id: id.to_owned(),
            file,
            path: path.to_owned(),
            bytes,
        })
    }

    /// The recording's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an event. Texts are cut to what is kept.
    ///
    /// Writes to the disk: a few hundred bytes, and waits for it at the start
    /// and the end.
    pub fn write(&mut self, event: Event) -> Result<(), WriteError> {
        let mut event = event;
        event.cut();
        let mut line = serde_json::to_vec(&event).map_err(io::Error::from)?;
        line.push(b'\n');
        let last = matches!(event, Event::End(_));
        let room = MAX_JOURNAL_BYTES - if last { 0 } else { RESERVED };
        if self.bytes + line.len() as u64 > room {
            return Err(WriteError::Full);
        }
        if let Err(error) = self.file.write_all(&line) {
            // Half a line would take the next one with it.
            self.file.set_len(self.bytes)?;
            return Err(error.into());
        }
        self.bytes += line.len() as u64;
        if matches!(event, Event::Start(_)) {
            sync_folder(&self.path)?;
        }
        if last || matches!(event, Event::Start(_)) {
            self.file.sync_all()?;
        }
        Ok(())
    }
}

/// Whether the folder has files of that recording, or something is kept of it.
fn is_taken(folder: &Path, id: &str) -> io::Result<bool> {
    const ENDINGS: [&str; 10] = [
        ".json",
        ".mp4",
        ".webm",
        ".mkv",
        super::EXTENSION,
        ".film.json",
        ".film.mp4",
        ".film.webm",
        ".film.mkv",
        KEPT,
    ];
    for ending in ENDINGS {
        match folder.join(format!("{id}{ending}")).symlink_metadata() {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Behind the last line that is whole.
fn end_of_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(buffer.len() as u64);
        let piece = usize::try_from(end - start).unwrap_or(0);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut buffer[..piece])?;
        if let Some(at) = buffer[..piece].iter().rposition(|b| *b == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
