use std::future::Future;
use std::io::{self, IsTerminal};
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
    /// SIGHUP, which asks a service to read its certificate again, means in a
    /// terminal that the window was closed: then it counts too.
    ///
    /// # Errors
    /// If the signals cannot be listened to.
    pub fn on_signals() -> io::Result<Self> {
        let mut signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // Taken in any case: left alone, SIGHUP ends a process.
            hangup: signal(SignalKind::hangup())?,
            in_terminal: io::stdin().is_terminal(),
        };
        Ok(Self(Box::pin(async move {
            let name = signals.next().await;
            tokio::spawn(async move {
                signals.next().await;
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

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    in_terminal: bool,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hangup.recv(), if self.in_terminal => "SIGHUP",
        }
    }
}
