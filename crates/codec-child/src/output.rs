//! What streams say to the client.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use veche_codec::wire::{self, Kind, PictureMeta, Taken, Times};
use veche_codec::{EncoderHeader, limits};

/// The client is gone, or has forgotten the stream: nothing more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream was closed")]
pub(crate) struct Closed;

/// Writes whole messages.
#[derive(Debug)]
pub(crate) struct Writer(Mutex<UnixStream>);

impl Writer {
    pub(crate) fn new(socket: UnixStream) -> Self {
        Self(Mutex::new(socket))
    }

    /// Waits until the client has read enough, which it always does.
    pub(crate) fn write(
        &self,
        kind: Kind,
        stream: u32,
        meta: &[u8],
        data: &[&[u8]],
    ) -> io::Result<()> {
        wire::write(&mut *lock(&self.0), kind, stream, meta, data)
    }
}

/// How many outputs of a stream may still be sent before one is received.
#[derive(Debug)]
pub(crate) struct Credit {
    left: Mutex<Result<u32, Closed>>,
    changed: Condvar,
}

impl Credit {
    pub(crate) fn new(window: u32) -> Self {
        Self {
            left: Mutex::new(Ok(window)),
            changed: Condvar::new(),
        }
    }

    /// The client has received some.
    pub(crate) fn add(&self, n: u32) {
        if let Ok(left) = &mut *lock(&self.left) {
            *left = left.saturating_add(n);
        }
        self.changed.notify_all();
    }

    /// Nobody will receive more.
    pub(crate) fn close(&self) {
        *lock(&self.left) = Err(Closed);
        self.changed.notify_all();
    }

    fn take(&self) -> Result<(), Closed> {
        let mut left = lock(&self.left);
        loop {
            match &mut *left {
                Err(closed) => return Err(*closed),
                Ok(0) => {}
                Ok(n) => {
                    *n -= 1;
                    return Ok(());
                }
            }
            left = self
                .changed
                .wait(left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The way out of one stream.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stream: u32,
    pub(crate) writer: Arc<Writer>,
    pub(crate) credit: Arc<Credit>,
}

impl Output {
    pub(crate) fn opened(&self, header: &EncoderHeader) -> Result<(), Closed> {
        let meta = wire::to_json(header);
        self.write(Kind::Opened, &meta, &[&header.config])
    }

    pub(crate) fn taken(&self, taken: Taken) -> Result<(), Closed> {
        self.write(Kind::Taken, &taken.to_meta(), &[])
    }

    pub(crate) fn finished(&self) -> Result<(), Closed> {
        self.write(Kind::Finished, &[], &[])
    }

    pub(crate) fn failed(&self, why: &str) -> Result<(), Closed> {
        self.write(Kind::Failed, &[], &[why.as_bytes()])
    }

    /// Waits until a picture may be sent.
    pub(crate) fn picture(&self, meta: PictureMeta, lines: &[&[u8]]) -> Result<(), Closed> {
        self.credit.take()?;
        self.write(Kind::Picture, &meta.to_meta(), lines)
    }

    /// Waits until sound may be sent.
    pub(crate) fn sound(&self, at: u64, samples: &[f32]) -> Result<(), Closed> {
        for (n, part) in samples.chunks(limits::MAX_SOUND_FRAMES * 2).enumerate() {
            self.credit.take()?;
            let after = n * limits::MAX_SOUND_FRAMES;
            let times = Times {
                at: at + after as u64 * 1_000_000 / 48_000,
                ..Times::default()
            };
            let bytes = wire::sound_to_bytes(part);
            self.write(Kind::Sound, &times.to_meta(), &[&bytes])?;
        }
        Ok(())
    }

    /// Waits until a packet may be sent.
    pub(crate) fn coded(&self, times: Times, data: &[u8]) -> Result<(), Closed> {
        self.credit.take()?;
        self.write(Kind::Coded, &times.to_meta(), &[data])
    }

    fn write(&self, kind: Kind, meta: &[u8], data: &[&[u8]]) -> Result<(), Closed> {
        self.writer
            .write(kind, self.stream, meta, data)
            .map_err(|_| Closed)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
