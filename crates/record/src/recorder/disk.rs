use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why a disk refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// No space, or a quota.
    #[error("the disk is full")]
    Full,
    /// May not write there.
    #[error("no right to write")]
    Denied,
    /// Anything else.
    #[error("the disk failed ({0})")]
    Failed(io::ErrorKind),
}

impl From<&io::Error> for DiskError {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied,
            kind => Self::Failed(kind),
        }
    }
}

/// Bytes that wait for a disk that refuses: some twenty seconds of a usual
/// stream. More is lost.
const BACKLOG_BYTES: usize = 2 * 1024 * 1024;

/// A disk that refused is tried again after this long.
const RETRY: Duration = Duration::from_secs(1);

/// A disk that refused for so long ends the recording.
const GIVE_UP: Duration = Duration::from_secs(60);

/// What is to be written, in order, one write at a time.
#[derive(Debug, Default)]
pub(super) struct Disk {
    queue: VecDeque<Arc<Vec<u8>>>,
    bytes: usize,
    in_flight: bool,
    /// Results of writes that are no longer waited for.
    ignored: usize,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    since: Duration,
    retry_at: Duration,
    retry: bool,
}

/// What a result means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Failing(DiskError),
    Well,
    GiveUp(DiskError),
}

impl Disk {
    pub(super) fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    pub(super) fn retry_at(&self) -> Option<Duration> {
        self.failing.as_ref().map(|f| f.retry_at)
    }

    /// `false` if there is no room for it: it is lost.
    pub(super) fn push(&mut self, bytes: Vec<u8>) -> bool {
        if self.failing.is_some() && self.bytes + bytes.len() > BACKLOG_BYTES {
            return false;
        }
        self.bytes += bytes.len();
        self.queue.push_back(Arc::new(bytes));
        true
    }

    /// What to write now.
    pub(super) fn next_write(&mut self) -> Option<Arc<Vec<u8>>> {
        if self.in_flight || self.failing.as_ref().is_some_and(|f| !f.retry) {
            return None;
        }
        let front = self.queue.front()?;
        self.in_flight = true;
        if let Some(failing) = &mut self.failing {
            failing.retry = false;
        }
        Some(Arc::clone(front))
    }

    /// Whether it is time to try again.
    pub(super) fn retry(&mut self, now: Duration) -> bool {
        match &mut self.failing {
            Some(failing) if now >= failing.retry_at && !self.in_flight => {
                failing.retry = true;
                failing.retry_at = now + RETRY;
                true
            }
            _ => false,
        }
    }

    pub(super) fn handle_written(
        &mut self,
        now: Duration,
        result: Result<(), DiskError>,
    ) -> Option<Event> {
        if self.ignored > 0 {
            self.ignored -= 1;
            return None;
        }
        self.in_flight = false;
        match result {
            Ok(()) => {
                if let Some(done) = self.queue.pop_front() {
                    self.bytes -= done.len();
                }
                self.failing.take().map(|_| Event::Well)
            }
            Err(error) => match &mut self.failing {
                None => {
                    self.failing = Some(Failing {
                        since: now,
                        retry_at: now + RETRY,
                        retry: false,
                    });
                    Some(Event::Failing(error))
                }
                Some(failing) => {
                    failing.retry_at = now + RETRY;
                    (now >= failing.since + GIVE_UP).then_some(Event::GiveUp(error))
                }
            },
        }
    }

    /// Everything that waits, for a last try.
    pub(super) fn drain(&mut self) -> Vec<Arc<Vec<u8>>> {
        let mut rest: Vec<_> = self.queue.drain(..).collect();
        self.ignored += rest.len();
        if std::mem::take(&mut self.in_flight) {
            rest.remove(0);
        }
        self.bytes = 0;
        self.failing = None;
        rest
    }
}
