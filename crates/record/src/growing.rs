use std::io::{self, Write};
use std::time::Duration;

use crate::container::{Container, Writer};
use crate::track::{Sample, Track};

/// Media time of a fragment.
const FRAGMENT: Duration = Duration::from_secs(1);

/// Bytes of a fragment, however short.
const FRAGMENT_BYTES: usize = 4 * 1024 * 1024;

/// Writes samples to an open file as they come, a fragment for each second of
/// them. [`crate::finish_to`] makes it plain.
pub struct Growing<W> {
    out: W,
    writer: Writer,
    waiting: Vec<Sample>,
    bytes: usize,
}

impl<W: Write> Growing<W> {
    /// Writes the beginning of the file.
    ///
    /// # Errors
    /// Those of `out`, here and below.
    pub fn new(container: Container, tracks: Vec<Track>, mut out: W) -> io::Result<Self> {
        let writer = Writer::new(container, tracks);
        out.write_all(&writer.header())?;
        Ok(Self {
            out,
            writer,
            waiting: Vec::new(),
            bytes: 0,
        })
    }

    /// Takes a sample, those of a track in order of decoding.
    pub fn push(&mut self, sample: Sample) -> io::Result<()> {
        let full = self
            .waiting
            .first()
            .is_some_and(|first| sample.decode_at >= first.decode_at + FRAGMENT);
        if full || self.bytes >= FRAGMENT_BYTES {
            self.flush()?;
        }
        self.bytes += sample.data.len();
        self.waiting.push(sample);
        Ok(())
    }

    /// Writes the rest.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        let fragment = self.writer.fragment(&self.waiting);
        self.waiting.clear();
        self.bytes = 0;
        self.out.write_all(&fragment)
    }
}
