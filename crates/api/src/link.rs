//! The hub's end of a session: a bounded queue that the hub never waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{mpsc, oneshot};
use veche_room::CloseReason;
use veche_signal::Connection;

/// Where the hub puts what a session is told.
pub(crate) struct Link {
    frames: mpsc::Sender<Utf8Bytes>,
    queued_bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    closer: oneshot::Sender<CloseReason>,
    /// What the session said at first, until it is answered.
    pub(crate) connection: Option<Box<Connection>>,
}

/// Where a session finds what it is told.
pub(crate) struct Inbox {
    pub(crate) frames: Frames,
    /// Resolves when the hub wants the session closed.
    pub(crate) closed: oneshot::Receiver<CloseReason>,
}

/// What a session is told, in order.
pub(crate) struct Frames {
    receiver: mpsc::Receiver<Utf8Bytes>,
    queued_bytes: Arc<AtomicUsize>,
}

/// The client has not read what it was told.
#[derive(Debug)]
pub(crate) struct Slow;

pub(crate) fn link(max_frames: usize, max_bytes: usize) -> (Link, Inbox) {
    let (sender, receiver) = mpsc::channel(max_frames.max(1));
    let (closer, closed) = oneshot::channel();
    let queued_bytes = Arc::new(AtomicUsize::new(0));
    let link = Link {
        frames: sender,
        queued_bytes: Arc::clone(&queued_bytes),
        max_bytes,
        closer,
        connection: None,
    };
    let inbox = Inbox {
        frames: Frames {
            receiver,
            queued_bytes,
        },
        closed,
    };
    (link, inbox)
}

impl Link {
    pub(crate) fn push(&self, frame: Utf8Bytes) -> Result<(), Slow> {
        let bytes = frame.len();
        let queued = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        if queued + bytes > self.max_bytes {
            return Err(Slow);
        }
        match self.frames.try_send(frame) {
            // A session that ended by itself reports so on its own.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Slow),
        }
    }

    pub(crate) fn close(self, reason: CloseReason) {
        // The session may have ended by itself.
        let _ = self.closer.send(reason);
    }
}

impl Frames {
    pub(crate) async fn next(&mut self) -> Option<Utf8Bytes> {
        let frame = self.receiver.recv().await?;
        self.queued_bytes.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }

    /// What is queued already.
    pub(crate) fn try_next(&mut self) -> Option<Utf8Bytes> {
        self.receiver.try_recv().ok()
    }
}
