//! What clients are told of recordings that are in trouble.

use veche_record::recorder::{Degraded, DiskError, End};
use veche_record::store::StartError;
use veche_room::Reason;

pub(super) fn refused(error: &StartError) -> Reason {
    match error {
        StartError::LowDisk { .. } => Reason::RecordingDiskFull,
        _ => Reason::RecordingFailed,
    }
}

pub(super) fn degraded(why: &Degraded) -> Reason {
    match why {
        Degraded::SlowDisk => Reason::RecordingTooSlow,
        Degraded::Disk(error) => disk(*error),
    }
}

pub(super) fn ended(end: &End) -> Reason {
    match end {
        End::Disk(error) => disk(*error),
        End::Stopped | End::Empty | End::TooManyParts => Reason::RecordingFailed,
    }
}

fn disk(error: DiskError) -> Reason {
    match error {
        DiskError::Full => Reason::RecordingDiskFull,
        DiskError::Denied | DiskError::Failed(_) => Reason::RecordingFailed,
    }
}
