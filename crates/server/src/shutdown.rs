use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell reports for a process that Ctrl+C ended.
const INTERRUPTED: i32 = 130;

/// Resolves when the server should stop.
pub struct Shutdown(Pin<Box<dyn Future<Output = &'static str> + Send>>);

impl Shutdown {
    /// On the first SIGTERM or SIGINT. A second one ends the process at once.
    ///
    /// # Errors
    /// If the signals cannot be listened to.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(Self(Box::pin(async move {
            let name = next(&mut terminate, &mut interrupt).await;
            tokio::spawn(async move {
                next(&mut terminate, &mut interrupt).await;
                process::exit(INTERRUPTED);
            });
            name
        })))
    }

    /// When `future` is ready, for `reason`.
    pub fn when(future: impl Future<Output = ()> + Send + 'static, reason: &'static str) -> Self {
        Self(Box::pin(async move {
            future.await;
            reason
        }))
    }

    /// Waits. Returns what asked for the stop.
    pub async fn requested(self) -> &'static str {
        self.0.await
    }
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
