//! The shell: recordings as files in a folder, written by a few threads.
//!
//! No async, no lock that a caller can wait on for the disk: [`Handle::push`]
//! puts a unit in a queue and returns. A manifest lies beside each file;
//! [`Store::catalogue`] reads them all, [`Store::recover`] finishes what a
//! crash left open.

mod finisher;
mod folder;
mod manifest;
mod queue;
mod recover;
mod slot;
mod sound;
mod sync;
mod writers;

pub use manifest::{
    Catalogue, ChapterEntry, KIND, Manifest, ManifestError, Origin, ROOM_RECORDING, State,
    TrackEntry, kind, manifest_path,
};
pub use recover::Recovery;
pub use sound::{
    PendingSound, SoundTranscoder, Sounds, TranscodeError, Transcoded, growing, is_other_sound,
};

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;
use std::time::Duration;

use veche_media::AccessUnit;

use crate::name::{Fields, Template};
use crate::recorder::{self, Status};
use folder::Folder;
use queue::Queue;
use writers::Writers;

/// When what was written is made to survive a power cut, too. A crash of the
/// process alone loses nothing that was written, whatever the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When the system likes, and when a file is finished.
    Never,
    /// After each fragment: at most a second is lost, on a disk that is not slow with it.
    EveryFragment,
    /// At most once in this time.
    Interval(Duration),
}

/// What is no [`SyncPolicy`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not when to sync: \"never\", \"fragment\" or seconds such as \"5s\"")]
pub struct SyncPolicyError(pub String);

/// The longest time between two syncs: a day, as good as never.
const MAX_SYNC_SECONDS: u64 = 86_400;

impl std::str::FromStr for SyncPolicy {
    type Err = SyncPolicyError;

    fn from_str(text: &str) -> Result<Self, SyncPolicyError> {
        let seconds = |text: &str| {
            let n: u64 = text.strip_suffix('s')?.trim_end().parse().ok()?;
            (1..=MAX_SYNC_SECONDS).contains(&n).then_some(n)
        };
        match text.trim() {
            "never" => Ok(Self::Never),
            "fragment" => Ok(Self::EveryFragment),
            other => seconds(other)
                .map(|n| Self::Interval(Duration::from_secs(n)))
                .ok_or_else(|| SyncPolicyError(text.to_owned())),
        }
    }
}

impl fmt::Display for SyncPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::EveryFragment => f.write_str("fragment"),
            Self::Interval(interval) => write!(f, "{}s", interval.as_secs()),
        }
    }
}

/// How recordings are stored.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where files and manifests lie. Made if it is not there.
    pub folder: PathBuf,
    /// `stream_record_policy_template`.
    pub template: Template,
    /// When to sync.
    pub sync: SyncPolicy,
    /// With less space than this on the disk no recording starts.
    pub min_free_bytes: u64,
    /// Media of one recording that waits for the writer. Thirty seconds of a
    /// megabit; what comes above it is lost to the recording.
    pub queue_bytes: usize,
    /// Units of one recording that wait for the writer.
    pub queue_units: usize,
    /// Recordings at a time.
    pub max_recordings: usize,
    /// Threads that write. A disk seldom takes more than two at once.
    pub writers: usize,
    /// What puts the sound of finished MP4 and Matroska into AAC. `None`: it stays
    /// as it was published.
    pub sound: Option<Arc<dyn SoundTranscoder>>,
}

impl Config {
    /// The usual, for this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            template: Template::default(),
            sync: SyncPolicy::EveryFragment,
            min_free_bytes: 512 * 1024 * 1024,
            queue_bytes: 4 * 1024 * 1024,
            queue_units: 4096,
            max_recordings: 1000,
            writers: 2,
            sound: None,
        }
    }
}

/// What to record.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// For the recorder.
    pub recorder: recorder::Config,
    /// For the name of the file. Codecs are filled in.
    pub name: Fields,
    /// For the manifest: whose recording it is.
    pub origin: Origin,
    /// The wall clock at the origin of the room's clock, in milliseconds since
    /// 1970.
    pub room_clock_unix_ms: u64,
}

/// One recording, for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId(pub u64);

/// What happens to a recording. Told on a writing thread: take it and return.
#[derive(Clone, Debug)]
pub enum Event {
    /// Ask the publisher for a keyframe.
    RequestKeyframe,
    /// How it is.
    Status(Status),
    /// A file began. Its name stays, unless [`Store::names_tell_the_end`].
    Opened(Box<Manifest>),
    /// A file is plain, and its sound is still to be put in another codec. Comes
    /// before [`Event::Closed`], which may take minutes.
    Finishing(Box<Manifest>),
    /// A file is finished, or could not be: its state tells. A recording that
    /// never had a file ends with [`recorder::End::Empty`] instead, at once.
    Closed(Box<Manifest>),
}

/// Takes events. Must not block.
pub type Listener = Arc<dyn Fn(RecordingId, Event) + Send + Sync>;

/// Why a recording does not start.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Less space than [`Config::min_free_bytes`].
    #[error("{free} bytes free on the disk, recording takes at least {needed}")]
    LowDisk {
        /// There are.
        free: u64,
        /// There should be.
        needed: u64,
    },
    /// [`Config::max_recordings`] run.
    #[error("{limit} recordings run already")]
    TooMany {
        /// As many may run.
        limit: usize,
    },
    /// The folder is gone.
    #[error("cannot use the folder of recordings: {0}")]
    Folder(io::Error),
}

/// A folder of recordings and the threads that write them.
pub struct Store {
    config: Config,
    folder: Arc<Folder>,
    sounds: Option<Arc<Sounds>>,
    writers: Writers,
    next: AtomicU64,
}

impl Store {
    /// Makes the folder and starts the threads. Call [`Store::recover`] before
    /// the first recording.
    pub fn open(config: Config, listener: Listener) -> io::Result<Self> {
        let folder = Arc::new(Folder::open(&config.folder)?);
        let sounds = config.sound.as_ref().map(|transcoder| {
            let transcoder = Arc::clone(transcoder);
            Arc::new(Sounds::new(transcoder, config.min_free_bytes))
        });
        let writers = Writers::start(&config, &folder, sounds.as_ref(), &listener)?;
        Ok(Self {
            config,
            folder,
            sounds,
            writers,
            next: AtomicU64::new(1),
        })
    }

    /// Starts a recording. The first keyframe is asked for by an event.
    pub fn start(&self, request: Request) -> Result<Handle, StartError> {
        let free = self.folder.free_bytes().map_err(StartError::Folder)?;
        if free < self.config.min_free_bytes {
            return Err(StartError::LowDisk {
                free,
                needed: self.config.min_free_bytes,
            });
        }
        let id = RecordingId(self.next.fetch_add(1, Ordering::Relaxed));
        let queue = Arc::new(Queue::new(self.config.queue_bytes, self.config.queue_units));
        let thread =
            self.writers
                .add(id, request, Arc::clone(&queue))
                .ok_or(StartError::TooMany {
                    limit: self.config.max_recordings,
                })?;
        Ok(Handle { id, queue, thread })
    }

    /// Whether files get their last name when they are finished, because the
    /// template has something in it that is known only then.
    pub fn names_tell_the_end(&self) -> bool {
        self.config.template.needs_end()
    }

    /// Finishes what was left open by a crash or a full disk. Reads and writes
    /// whole files: for a thread of its own.
    pub fn recover(&self) -> Recovery {
        self.recover_with(|_| {})
    }

    /// [`Store::recover`], which tells of each file when there is no more to be
    /// done about it. Sound takes its time: it comes when all files are plain.
    pub fn recover_with(&self, told: impl FnMut(&Manifest)) -> Recovery {
        let with = finisher::Finishing {
            folder: &self.folder,
            template: &self.config.template,
            min_free_bytes: self.config.min_free_bytes,
            sounds: self.sounds.as_deref(),
        };
        recover::recover(&with, told)
    }

    /// What puts sound into AAC, for files that others make; if that is wanted.
    pub fn sounds(&self) -> Option<&Arc<Sounds>> {
        self.sounds.as_ref()
    }

    /// All manifests of the folder: what a catalogue is rebuilt from.
    pub fn catalogue(&self) -> io::Result<Catalogue> {
        manifest::read_all(self.folder.path())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops every recording and waits until their files are plain. Sound that is
    /// still to be put in another codec is left for the next start.
    pub fn close(self) {
        self.writers.close();
    }
}

/// A running recording. Dropped, the recording stops.
#[derive(Debug)]
pub struct Handle {
    id: RecordingId,
    queue: Arc<Queue>,
    thread: Thread,
}

impl Handle {
    /// Its id, as in events.
    pub fn id(&self) -> RecordingId {
        self.id
    }

    /// Takes an access unit, those of a track in order. Never waits. `false`
    /// if it is lost because the writer is too slow.
    pub fn push(&self, unit: AccessUnit) -> bool {
        self.queue.push(unit)
    }

    /// So many packets of the stream were lost for good on their way to
    /// [`Handle::push`]: the manifest of the file will say so. What is in the
    /// file is not touched by it.
    pub fn missing(&self, packets: u64) {
        self.queue.missing(packets);
    }

    /// Takes nothing until [`Handle::resume`].
    pub fn pause(&self) {
        self.queue.control(queue::Control::Pause);
    }

    /// Goes on in the same file, at the next keyframe. The time in between is
    /// not in the file, unless it keeps the time of its room: there it is a gap.
    pub fn resume(&self) {
        self.queue.control(queue::Control::Resume);
    }

    /// Ends it. [`Event::Closed`] comes when the file is finished.
    pub fn stop(self) {}
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.stop();
        // Who waits for the name of the file is told at once.
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_sync_is_read_as_it_is_written() {
        for text in ["never", "fragment", "5s", "86400s"] {
            let policy: SyncPolicy = text.parse().unwrap();
            assert_eq!(policy.to_string(), text);
        }
        for text in ["", "always", "0s", "5", "86401s", "-1s", "1.5s"] {
            assert!(text.parse::<SyncPolicy>().is_err(), "{text:?}");
        }
    }
}
