use std::io;
use std::path::Path;

use veche_codec::{Child, CodecError, Codecs};
use veche_record::store::{SoundTranscoder, TranscodeError, Transcoded};
use veche_record::{Container, Extras, FinishError, ReadError, Reader, Sample, Track};

use crate::line::TooLong;
use crate::output::Output;
use crate::plan::{Plan, PlanError, Treatment};
use crate::voice::{Heard, Voice};

/// Why there is no file with AAC.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is in it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Its times.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The codecs.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// What an encoder says of itself is not AAC.
    #[error("the encoder gave no AAC")]
    NoAac,
    /// Its name.
    #[error("it is neither MP4 nor Matroska")]
    Container,
    /// Too little of the sound can be heard: what is there is better kept.
    #[error("{undecodable} of {packets} packets of sound cannot be decoded")]
    Undecodable {
        /// As many.
        undecodable: u64,
        /// Of so many.
        packets: u64,
    },
    /// The new file.
    #[error("cannot write: {0}")]
    Write(io::Error),
    /// The new file, when it was made plain.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// As it was asked to.
    #[error("stopped")]
    Stopped,
}

/// Of so many packets one may be undecodable: beyond it the file is better kept as
/// it is, for something that understands it.
const TOLERATED: u64 = 10;

/// Writes the finished file `from`, with its sound as AAC, to `to`, a new name that
/// ends as `from` does. What cannot be decoded is silence.
///
/// `go_on` is asked for each frame of sound and each picture.
///
/// # Errors
/// Why not. There is nothing at `to` then.
pub fn to_aac(
    from: &Path,
    to: &Path,
    codecs: &Codecs,
    go_on: &dyn Fn() -> bool,
) -> Result<Transcoded, Error> {
    let mut reader = Reader::open(from)?;
    let plan = Plan::of(reader.tracks())?;
    let container = container(from).ok_or(Error::Container)?;
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    let child = codecs.spawn(name)?;
    let mut voices = voices(&plan, &child)?;
    let tracks = tracks(reader.tracks(), &voices)?;
    let extras = Extras {
        title: reader.title().map(str::to_owned),
        chapters: reader.chapters().to_vec(),
    };
    let mut output = Output::create(to, container, tracks)?;
    let mut give = |sample: Sample| match go_on() {
        true => output.push(sample),
        false => Err(Error::Stopped),
    };
    while let Some(sample) = reader.next_sample()? {
        match voices.get_mut(sample.track).and_then(Option::as_mut) {
            Some(voice) => voice.take(&sample, &mut give)?,
            None => give(sample)?,
        }
    }
    let mut heard = Heard::default();
    for voice in voices.into_iter().flatten() {
        let of_one = voice.finish(&mut give)?;
        heard.packets += of_one.packets;
        heard.undecodable += of_one.undecodable;
    }
    let warning = judge(heard)?;
    let summary = output.finish(to, &extras)?;
    Ok(Transcoded { summary, warning })
}

/// By its name, as recordings are called.
fn container(path: &Path) -> Option<Container> {
    [Container::Mp4, Container::Matroska]
        .into_iter()
        .find(|c| path.extension().is_some_and(|e| e == c.extension()))
}

/// For each track, if it is worked on.
fn voices(plan: &Plan, child: &Child) -> Result<Vec<Option<Voice>>, Error> {
    let mut voices = Vec::new();
    for (track, treatment) in plan.treatments.iter().enumerate() {
        voices.push(match treatment {
            Treatment::Copy => None,
            Treatment::Aac {
                from,
                channels,
                bitrate,
            } => {
                let (channels, from_start) = (*channels, plan.from_start);
                let voice = Voice::open(child, track, from, channels, *bitrate, from_start)?;
                Some(voice)
            }
        });
    }
    Ok(voices)
}

/// Of the new file.
fn tracks(from: &[Track], voices: &[Option<Voice>]) -> Result<Vec<Track>, Error> {
    let track = |(track, voice): (&Track, &Option<Voice>)| match voice {
        None => Ok(track.clone()),
        Some(voice) => {
            let header = voice.header();
            let priming = u16::try_from(header.priming).map_err(|_| Error::NoAac)?;
            Track::aac(&track.name, &header.config, priming).ok_or(Error::NoAac)
        }
    };
    from.iter().zip(voices).map(track).collect()
}

/// What is to be said of what could not be decoded.
fn judge(heard: Heard) -> Result<Option<String>, Error> {
    let Heard {
        packets,
        undecodable,
    } = heard;
    if undecodable > packets / TOLERATED {
        return Err(Error::Undecodable {
            undecodable,
            packets,
        });
    }
    Ok((undecodable > 0).then(|| {
        format!(
            "{undecodable} of {packets} packets of sound could not be decoded; silence is in their place"
        )
    }))
}

/// What the store of recordings is given: puts sound into AAC by `veche-codec`.
#[derive(Clone, Debug, Default)]
pub struct Aac {
    codecs: Option<Codecs>,
}

impl Aac {
    /// With this executable. [`Aac::default`] looks for it each time, so that it
    /// may come later.
    pub fn new(codecs: Codecs) -> Self {
        Self {
            codecs: Some(codecs),
        }
    }
}

impl SoundTranscoder for Aac {
    fn transcode(
        &self,
        from: &Path,
        to: &Path,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Transcoded, TranscodeError> {
        let codecs = match &self.codecs {
            Some(codecs) => Ok(codecs.clone()),
            None => Codecs::find(),
        };
        let done = codecs
            .map_err(Error::Codec)
            .and_then(|codecs| to_aac(from, to, &codecs, go_on));
        done.map_err(|error| match error {
            Error::Stopped => TranscodeError::Stopped,
            Error::Codec(error) if error.is_child_gone() => {
                TranscodeError::Crashed(error.to_string())
            }
            other => TranscodeError::Failed(other.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_little_that_cannot_be_decoded_is_said_and_much_is_refused() {
        let check = |packets, undecodable| {
            judge(Heard {
                packets,
                undecodable,
            })
        };
        assert_eq!(check(100, 0).unwrap(), None);
        assert!(check(100, 10).unwrap().unwrap().starts_with("10 of 100"));
        assert!(matches!(
            check(100, 11),
            Err(Error::Undecodable {
                undecodable: 11,
                ..
            })
        ));
        assert!(check(0, 0).unwrap().is_none());
    }
}
