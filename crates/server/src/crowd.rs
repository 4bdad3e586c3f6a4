use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Accepts connections while there is room for them, over all ports together.
///
/// Bounds what those can use up who connect and do nothing more; sessions have
/// a bound of their own.
#[derive(Clone, Debug)]
pub struct Crowd {
    room: Arc<Semaphore>,
    is_full: Arc<AtomicBool>,
    limit: usize,
}

impl Crowd {
    /// Room for so many connections.
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(limit)),
            is_full: Arc::default(),
            limit,
        }
    }

    fn enter(&self) -> io::Result<OwnedSemaphorePermit> {
        match self.room.clone().try_acquire_owned() {
            Ok(place) => {
                self.is_full.store(false, Ordering::Relaxed);
                Ok(place)
            }
            Err(_) => {
                if !self.is_full.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        limit = self.limit,
                        "limits.connections is reached; more are refused"
                    );
                }
                Err(io::Error::new(
                    io::ErrorKind::QuotaExceeded,
                    "too many connections",
                ))
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for Crowd {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.enter().and_then(|place| {
            // Signalling is small frames that somebody waits for.
            stream.set_nodelay(true)?;
            Ok((
                Counted {
                    stream,
                    _place: place,
                },
                service,
            ))
        }))
    }
}

/// A connection that keeps its place until it is dropped.
#[derive(Debug)]
pub struct Counted {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl Counted {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}
