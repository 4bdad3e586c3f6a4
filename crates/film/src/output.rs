//! The film's file: fragments while it grows, a plain MP4 in the end.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;
use veche_codec::{CodedPacket, CodedPicture};
use veche_record::name::{MAKING, MAKING_PLAIN};
use veche_record::{
    Container, Extras, FinishError, Growing, Sample, Summary, Track, finish_to_with,
};

use crate::script::Subtitle;

/// 1024 samples of a channel at 48 kHz (ISO/IEC 14496-3, 4.5.1.1).
const AAC_PACKET: Duration = Duration::from_nanos(21_333_333);

/// Why the film could not be written.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The disk.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// When it was made plain.
    #[error("cannot finish {}: {error}", path.display())]
    Finish {
        /// The file.
        path: PathBuf,
        /// Why.
        error: FinishError,
    },
    /// Somebody else makes the same film now.
    #[error("{} is being made by another process", path.display())]
    Busy {
        /// The film.
        path: PathBuf,
    },
}

/// A film that is being written. Dropped without [`Output::finish`] it leaves
/// nothing; killed it leaves a file that the next try replaces.
pub(crate) struct Output {
    path: PathBuf,
    growing: PathBuf,
    /// Holds the lock until the film has its name.
    file: File,
    /// Once its tracks are known.
    media: Option<Growing<BufWriter<File>>>,
    finished: bool,
}

/// Positions of the film's tracks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tracks {
    pub(crate) video: Option<usize>,
    pub(crate) audio: Option<usize>,
    pub(crate) text: Option<usize>,
}

impl Output {
    pub(crate) fn create(path: &Path) -> Result<Self, OutputError> {
        let growing = with_end(path, MAKING);
        let failed = |error| OutputError::Write {
            path: growing.clone(),
            error,
        };
        // Not truncated before it is ours.
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&growing)
            .map_err(failed)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(OutputError::Busy {
                path: path.to_owned(),
            });
        }
        file.set_len(0).map_err(failed)?;
        // Of one that was killed at its very end.
        let _ = fs::remove_file(with_end(path, MAKING_PLAIN));
        Ok(Self {
            path: path.to_owned(),
            growing,
            file,
            media: None,
            finished: false,
        })
    }

    /// The tracks, before the first sample.
    pub(crate) fn begin(&mut self, tracks: Vec<Track>) -> Result<(), OutputError> {
        let file = self.file.try_clone().map_err(self.failed())?;
        let media = Growing::new(Container::Mp4, tracks, BufWriter::new(file));
        self.media = Some(media.map_err(self.failed())?);
        Ok(())
    }

    pub(crate) fn picture(
        &mut self,
        track: usize,
        picture: CodedPicture,
    ) -> Result<(), OutputError> {
        self.push(Sample {
            track,
            at: picture.at,
            decode_at: picture.decode_at,
            duration: Duration::ZERO,
            keyframe: picture.key,
            data: picture.data.into(),
        })
    }

    pub(crate) fn sound(&mut self, track: usize, packet: CodedPacket) -> Result<(), OutputError> {
        self.push(Sample {
            track,
            at: packet.at,
            decode_at: packet.at,
            duration: AAC_PACKET,
            keyframe: true,
            data: packet.data.into(),
        })
    }

    pub(crate) fn text(&mut self, track: usize, subtitle: &Subtitle) -> Result<(), OutputError> {
        self.push(Sample {
            track,
            at: subtitle.at,
            decode_at: subtitle.at,
            duration: subtitle.until - subtitle.at,
            keyframe: true,
            data: subtitle.text.as_bytes().into(),
        })
    }

    fn push(&mut self, sample: Sample) -> Result<(), OutputError> {
        let Some(media) = &mut self.media else {
            return Ok(());
        };
        let pushed = media.push(sample);
        pushed.map_err(|error| self.failed()(error))
    }

    fn failed(&self) -> impl Fn(io::Error) -> OutputError + use<> {
        let path = self.growing.clone();
        move |error| OutputError::Write {
            path: path.clone(),
            error,
        }
    }

    /// The plain film under its name.
    pub(crate) fn finish(mut self, extras: &Extras) -> Result<Summary, OutputError> {
        let failed = self.failed();
        if let Some(media) = self.media.take() {
            media.finish().map_err(&failed)?;
        }
        let plain = with_end(&self.path, MAKING_PLAIN);
        let finished = finish_to_with(&self.growing, &plain, extras).map_err(|error| {
            let _ = fs::remove_file(&plain);
            OutputError::Finish {
                path: self.path.clone(),
                error,
            }
        })?;
        fs::rename(&plain, &self.path).map_err(failed)?;
        let _ = fs::remove_file(&self.growing);
        self.finished = true;
        Ok(finished)
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.finished {
            // Half a film is none.
            let _ = fs::remove_file(&self.growing);
        }
    }
}
