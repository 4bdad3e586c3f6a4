use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use veche_record::store::growing;
use veche_record::{Container, Extras, Growing, Sample, Summary, Track, finish_to_with};

use crate::transcode::Error;

/// A file that is being written. Dropped without [`Output::finish`] it leaves
/// nothing.
pub(crate) struct Output {
    open: PathBuf,
    file: Option<Growing<BufWriter<File>>>,
}

impl Output {
    pub(crate) fn create(
        to: &Path,
        container: Container,
        tracks: Vec<Track>,
    ) -> Result<Self, Error> {
        let open = growing(to);
        let file = File::create(&open).map_err(Error::Write)?;
        // From here on dropping removes it.
        let mut output = Self { open, file: None };
        let file = BufWriter::with_capacity(256 * 1024, file);
        let file = Growing::new(container, tracks, file).map_err(Error::Write)?;
        output.file = Some(file);
        Ok(output)
    }

    pub(crate) fn push(&mut self, sample: Sample) -> Result<(), Error> {
        match &mut self.file {
            Some(file) => file.push(sample).map_err(Error::Write),
            None => Ok(()),
        }
    }

    /// The plain file, on the disk.
    pub(crate) fn finish(mut self, to: &Path, extras: &Extras) -> Result<Summary, Error> {
        if let Some(file) = self.file.take() {
            file.finish().map_err(Error::Write)?;
        }
        Ok(finish_to_with(&self.open, to, extras)?)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Half of the way, whether it was gone to its end or not.
        let _ = fs::remove_file(&self.open);
    }
}
