use std::sync::Arc;

use super::MAX_PARTS;
use super::disk::DiskError;
use super::part::PartInfo;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Make a file; what is written from here on goes to it.
    Open(PartInfo),
    /// The pictures of the open file, of which none has come so far, are to be turned
    /// by so many degrees clockwise: its header could not know.
    Turn(u16),
    /// Append to the open file, then tell [`super::Recorder::handle_written`].
    Write(Arc<Vec<u8>>),
    /// A fragment ends here: a policy of syncing acts on it. If it does, tell
    /// [`super::Recorder::handle_synced`].
    Sync,
    /// Nothing more comes for the open file: finish it.
    Close,
    /// Ask the publisher for a keyframe.
    RequestKeyframe,
    /// Tell who watches.
    Status(Status),
}

/// How the recording is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Media is being written.
    Recording,
    /// Paused by command.
    Paused,
    /// Something is lost at the moment; calls are not touched.
    Degraded(Degraded),
    /// The last word.
    Ended(End),
}

/// Why something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Degraded {
    /// Media came faster than the disk took it.
    #[error("the disk is too slow")]
    SlowDisk,
    /// The disk refuses.
    #[error(transparent)]
    Disk(DiskError),
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// By command.
    #[error("stopped")]
    Stopped,
    /// By command, and there was never anything to record.
    #[error("stopped before any media")]
    Empty,
    /// The disk refused for longer than a minute.
    #[error("given up: {0}")]
    Disk(DiskError),
    /// The sender changed its codec or rotation too often.
    #[error("more than {MAX_PARTS} parts")]
    TooManyParts,
}

/// What was counted over all parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Access units that came.
    pub units: u64,
    /// Of them, not in any file: before the first keyframe, behind a loss,
    /// while the disk refused, overlapping sound.
    pub dropped_units: u64,
    /// Of them, those of which the disk had refused so much that nothing more
    /// could wait for it.
    pub refused_units: u64,
    /// Bytes of media given to be written.
    pub bytes: u64,
    /// Packets of silence written where no sound came.
    pub silence: u64,
    /// Times of units that could not be and were put right.
    pub clamped: u64,
    /// Files made.
    pub parts: u32,
}
