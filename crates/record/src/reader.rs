use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::error::ReadError;
use crate::finish::{Found, container, open};
use crate::track::{Sample, Track};
use crate::{mp4, webm};

/// Reads the samples of one of our files, open or finished, in about the order
/// of time (those of each track in order), with memory for a second of it and
/// the tables of a finished MP4.
pub struct Reader {
    tracks: Vec<Track>,
    samples: Samples,
}

enum Samples {
    Mp4(mp4::read::Samples<BufReader<File>>),
    Webm(webm::read::Samples<BufReader<File>>),
}

impl Reader {
    /// Reads up to the description of the tracks.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let (mut file, len) = open(path)?;
        let found = container(&mut file)?;
        let file = BufReader::with_capacity(64 * 1024, file);
        let samples = match found {
            Found::Mp4 => Samples::Mp4(mp4::read::Samples::new(file, len)?),
            Found::Matroska => Samples::Webm(webm::read::Samples::new(file, len)?),
        };
        let tracks = match &samples {
            Samples::Mp4(samples) => samples.tracks().cloned().collect(),
            Samples::Webm(samples) => samples.tracks().cloned().collect(),
        };
        Ok(Self { tracks, samples })
    }

    /// In the order of [`Sample::track`].
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The next sample; `None` at the end of what is whole.
    pub fn next_sample(&mut self) -> Result<Option<Sample>, ReadError> {
        match &mut self.samples {
            Samples::Mp4(samples) => samples.next(),
            Samples::Webm(samples) => samples.next(),
        }
    }
}
