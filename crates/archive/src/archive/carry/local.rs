use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{Halt, file_fault};
use crate::source;
use crate::upload::Stat;

/// A file of the folder that is being read.
pub(super) struct Local<'a> {
    folder: &'a Path,
    name: &'a str,
    file: File,
    pub(super) stat: Stat,
}

impl<'a> Local<'a> {
    pub(super) fn open(folder: &'a Path, name: &'a str) -> Result<Self, Halt> {
        let wrong = |error: std::io::Error| file_fault(&format!("cannot be read: {error}"));
        let file = File::open(folder.join(name)).map_err(wrong)?;
        let stat = source::stat_of(&file.metadata().map_err(wrong)?);
        Ok(Self {
            folder,
            name,
            file,
            stat,
        })
    }

    pub(super) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Halt> {
        let bytes = usize::try_from(range.end - range.start);
        let mut bytes = vec![0; bytes.map_err(|_| file_fault("too large for this machine"))?];
        let read = self.file.read_exact_at(&mut bytes, range.start);
        read.map_err(|error| file_fault(&format!("cannot be read: {error}")))?;
        self.check_unchanged()?;
        Ok(bytes)
    }

    /// What was sent of it is what it is.
    pub(super) fn check_unchanged(&self) -> Result<(), Halt> {
        match source::stat(self.folder, self.name) {
            Some(now) if now == self.stat => Ok(()),
            Some(_) => Err(file_fault("it changed while it was uploaded; it begins anew").into()),
            None => Err(file_fault("it vanished while it was uploaded").into()),
        }
    }
}
