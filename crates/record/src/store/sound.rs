//! The last step of a finished file: its sound in another codec (`record_audio`).
//!
//! The file is plain and safe before it begins. What is made grows beside it and
//! takes its place when it is whole; whatever goes wrong, the file stays as it
//! was published, and its manifest says why.

use std::fmt;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::setpriority_process;
use serde::{Deserialize, Serialize};

use super::manifest::{Manifest, State};
use crate::error::ReadError;
use crate::finish::{self, Summary};
use crate::reader::Reader;
use crate::track::{AudioCoding, Track, TrackMedia};

/// Puts the sound of files into AAC.
pub trait SoundTranscoder: fmt::Debug + Send + Sync {
    /// Writes the finished file `from` with its sound as AAC to `to`, a new name in
    /// the same folder, and makes sure that it is on the disk. Leaves nothing else
    /// but, if the process is killed, `to` and [`growing`] of it. On a thread that
    /// may wait; `go_on` is asked several times a second.
    ///
    /// # Errors
    /// Why there is no such file, nor anything of it.
    fn transcode(
        &self,
        from: &Path,
        to: &Path,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Transcoded, TranscodeError>;
}

/// A file whose sound was put into AAC.
#[derive(Debug)]
pub struct Transcoded {
    /// What is in it.
    pub summary: Summary,
    /// What of the sound could not be kept, as a sentence.
    pub warning: Option<String>,
}

/// Why the sound of a file was not put into AAC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranscodeError {
    /// `go_on` said so. It is begun anew at the next start.
    #[error("stopped")]
    Stopped,
    /// By chance, perhaps: it may be tried again.
    #[error("{0}")]
    Crashed(String),
    /// It would be so again.
    #[error("{0}")]
    Failed(String),
}

/// What is left to be done about the sound of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSound {
    /// The state of the file when it is done, well or not.
    pub then: State,
    /// How often it was begun.
    #[serde(default)]
    pub attempts: u32,
}

/// How often it is begun: a file that kills what decodes it, or the server, does
/// so again.
const MAX_ATTEMPTS: u32 = 3;

/// Calls come first.
const NICE: i32 = 10;

/// Where the file at `to` grows.
pub fn growing(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(finish::GROWING);
    PathBuf::from(name)
}

/// Whether a track is sound that is not AAC.
pub fn is_other_sound(track: &Track) -> bool {
    matches!(&track.media, TrackMedia::Audio(audio) if audio.codec != AudioCoding::Aac)
}

/// Files whose sound is put into AAC, one after the other: whoever works on one
/// waits for the one before.
#[derive(Debug)]
pub struct Sounds {
    transcoder: Arc<dyn SoundTranscoder>,
    min_free_bytes: u64,
    turn: Mutex<()>,
    stopping: AtomicBool,
}

impl Sounds {
    pub(super) fn new(transcoder: Arc<dyn SoundTranscoder>, min_free_bytes: u64) -> Self {
        Self {
            transcoder,
            min_free_bytes,
            turn: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Notes in the manifest of a finished file that this is left to be done, if
    /// it is. Write it before [`Sounds::work`].
    pub fn note(&self, manifest: &mut Manifest) {
        let settled = matches!(manifest.state, State::Finished | State::Recovered);
        if settled && manifest.wants_aac() {
            manifest.sound = Some(PendingSound {
                then: manifest.state,
                attempts: manifest.sound.map_or(0, |pending| pending.attempts),
            });
            manifest.state = State::Closed;
        }
    }

    /// Does it, and says so in the manifest. The state is then what it shall be,
    /// unless everything was to [stop](Self::stop): then it is left for the next
    /// start. Lowers the priority of the thread that calls it, for good.
    pub fn work(&self, path: &Path, manifest: &mut Manifest) {
        lower_priority();
        // Nothing is guarded but the turn itself.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut pending) = manifest.sound else {
            return;
        };
        let media = path.with_file_name(&manifest.file);
        let done = loop {
            if self.is_stopping() {
                return;
            }
            if pending.attempts >= MAX_ATTEMPTS {
                break Err(format!("{MAX_ATTEMPTS} attempts did not end"));
            }
            pending.attempts += 1;
            manifest.sound = Some(pending);
            if let Err(error) = manifest.write(path) {
                // Without its count it could be begun for ever.
                break Err(error.to_string());
            }
            match self.attempt(&media) {
                Ok(transcoded) => break Ok(transcoded),
                Err(TranscodeError::Failed(why)) => break Err(why),
                Err(TranscodeError::Crashed(why)) => {
                    tracing::warn!(file = manifest.file, why, "sound of a recording");
                    if pending.attempts >= MAX_ATTEMPTS {
                        break Err(why);
                    }
                }
                Err(TranscodeError::Stopped) => {
                    pending.attempts -= 1;
                    manifest.sound = Some(pending);
                    save(manifest, path);
                    return;
                }
            }
        };
        manifest.state = pending.then;
        manifest.sound = None;
        match done {
            Ok(Transcoded { summary, warning }) => {
                manifest.take_summary(&summary);
                manifest.bytes = fs::metadata(&media).map_or(manifest.bytes, |m| m.len());
                add_note(manifest, warning);
            }
            Err(why) => {
                tracing::warn!(
                    file = manifest.file,
                    why,
                    "its sound stays as it was published"
                );
                add_note(
                    manifest,
                    Some(format!(
                        "its sound stays as it was published, not AAC: {why}"
                    )),
                );
            }
        }
        save(manifest, path);
    }

    /// Has who works now leave it for the next start, and begin with none.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether everything is to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn attempt(&self, media: &Path) -> Result<Transcoded, TranscodeError> {
        let failed = |error: &dyn fmt::Display| TranscodeError::Failed(error.to_string());
        let reader = Reader::open(media).map_err(|e| failed(&e))?;
        let is_done = !reader.tracks().iter().any(is_other_sound);
        drop(reader);
        if is_done {
            // A crash came between it and its manifest.
            let summary = finish::inspect(media).map_err(|e: ReadError| failed(&e))?;
            return Ok(Transcoded {
                summary,
                warning: None,
            });
        }
        self.check_space(media)?;
        let to = finish::beside(media);
        let go_on = || !self.is_stopping();
        let transcode = AssertUnwindSafe(|| self.transcoder.transcode(media, &to, &go_on));
        let transcoded = catch_unwind(transcode)
            .unwrap_or_else(|_| Err(TranscodeError::Failed("a fault of the server".to_owned())));
        let replaced = transcoded.and_then(|transcoded| {
            fs::rename(&to, media)
                .and_then(|()| finish::sync_folder(media))
                .map_err(|e| failed(&e))?;
            Ok(transcoded)
        });
        replaced.inspect_err(|_| {
            // Of no use, and mostly not there.
            let _ = fs::remove_file(&to);
            let _ = fs::remove_file(growing(&to));
        })
    }

    /// It is written twice: as it grows, and plain.
    fn check_space(&self, media: &Path) -> Result<(), TranscodeError> {
        let ask = || -> io::Result<(u64, u64)> {
            let length = fs::metadata(media)?.len();
            let stat = rustix::fs::statvfs(media)?;
            Ok((length, stat.f_bavail.saturating_mul(stat.f_frsize)))
        };
        let (length, free) = ask().map_err(|e| TranscodeError::Failed(e.to_string()))?;
        let needed = length.saturating_mul(2);
        // Half of what new recordings must leave is for finishing old ones.
        if free < needed.saturating_add(self.min_free_bytes / 2) {
            return Err(TranscodeError::Failed(format!(
                "{free} bytes free on the disk, it takes {needed}"
            )));
        }
        Ok(())
    }
}

fn lower_priority() {
    // Of this thread alone: Linux takes it so.
    if let Err(error) = setpriority_process(None, NICE) {
        tracing::debug!(%error, "sound is worked on at full priority");
    }
}

fn save(manifest: &Manifest, path: &Path) {
    if let Err(error) = manifest.write(path) {
        tracing::warn!(manifest = %path.display(), %error, "cannot write a manifest");
    }
}

fn add_note(manifest: &mut Manifest, note: Option<String>) {
    manifest.note = match (manifest.note.take(), note) {
        (Some(there), Some(more)) => Some(format!("{there}; {more}")),
        (there, more) => there.or(more),
    };
}
