use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use crate::error::ReadError;
use crate::extras::{Chapter, Extras};
use crate::finish::{Found, container, open};
use crate::track::{Sample, Track};
use crate::{mp4, webm};

/// Reads the samples of a file, open or finished, in about the order of time
/// (those of each track in the order of decoding), with memory for a second of it
/// and the tables of a finished MP4. Ours, and MP4, QuickTime, WebM and Matroska
/// of others with the codecs of [`TrackMedia`](crate::TrackMedia).
pub struct Reader {
    tracks: Vec<Track>,
    samples: Samples,
}

enum Samples {
    Mp4(mp4::read::Samples<Source>),
    Webm(webm::read::Samples<Source>),
}

impl Reader {
    /// Reads up to the description of the tracks.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let (file, len) = open(path)?;
        Self::new(Source::File(Near::new(file)?), len)
    }

    /// Reads a file that is in memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ReadError> {
        let len = bytes.len() as u64;
        Self::new(Source::Memory(Cursor::new(bytes)), len)
    }

    fn new(mut file: Source, len: u64) -> Result<Self, ReadError> {
        let samples = match container(&mut file)? {
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

    /// What the file is called. Said by finished files only.
    pub fn title(&self) -> Option<&str> {
        self.extras().title.as_deref()
    }

    /// What is where in it. Said by finished files only.
    pub fn chapters(&self) -> &[Chapter] {
        &self.extras().chapters
    }

    /// How long the file says that it is. Said by finished files only.
    pub(crate) fn length(&self) -> Option<Duration> {
        match &self.samples {
            Samples::Mp4(samples) => samples.length(),
            Samples::Webm(samples) => samples.length(),
        }
    }

    fn extras(&self) -> &Extras {
        match &self.samples {
            Samples::Mp4(samples) => samples.extras(),
            Samples::Webm(samples) => samples.extras(),
        }
    }

    /// The next sample of a track of text. In a finished MP4 nothing else is read,
    /// elsewhere all that lies between. Not to be mixed with
    /// [`Reader::next_sample`].
    pub fn next_text(&mut self) -> Result<Option<Sample>, ReadError> {
        if let Samples::Mp4(samples) = &mut self.samples {
            samples.texts_only();
        }
        while let Some(sample) = self.next_sample()? {
            if self.tracks.get(sample.track).is_some_and(Track::is_text) {
                return Ok(Some(sample));
            }
        }
        Ok(None)
    }

    /// The next sample; `None` at the end of what is whole.
    pub fn next_sample(&mut self) -> Result<Option<Sample>, ReadError> {
        match &mut self.samples {
            Samples::Mp4(samples) => samples.next(),
            Samples::Webm(samples) => samples.next(),
        }
    }
}

enum Source {
    File(Near),
    Memory(Cursor<Vec<u8>>),
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Memory(bytes) => bytes.read(out),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}

/// A buffer that stays when the next place is in it: samples lie side by side.
struct Near {
    file: BufReader<File>,
    at: u64,
}

impl Near {
    fn new(mut file: File) -> io::Result<Self> {
        let at = file.stream_position()?;
        Ok(Self {
            file: BufReader::with_capacity(256 * 1024, file),
            at,
        })
    }
}

impl Read for Near {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(out)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Near {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(to) => {
                let distance = i128::from(to) - i128::from(self.at);
                match i64::try_from(distance) {
                    Ok(distance) => self.file.seek_relative(distance)?,
                    Err(_) => return Err(io::ErrorKind::InvalidInput.into()),
                }
                self.at = to;
            }
            other => self.at = self.file.seek(other)?,
        }
        Ok(self.at)
    }
}
