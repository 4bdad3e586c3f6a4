//! Starting and reaping.

use std::io::BufReader;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::lock;
use super::log::Log;
use crate::CodecError;
use crate::limits::Limits;
use crate::wire::{Hello, Kind, Message, VERSION};

/// How long a child may take to end by itself once its socket is closed. It
/// has nothing to save.
const EXIT: Duration = Duration::from_secs(1);

pub(super) struct Started {
    pub(super) socket: UnixStream,
    pub(super) process: std::process::Child,
    pub(super) log: Log,
    pub(super) hello: Hello,
}

pub(super) fn start_error(path: &Path, reason: &str) -> CodecError {
    CodecError::Start {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Starts the executable and waits until it says that it is ready.
pub(super) fn start(path: &Path, limits: &Limits, label: &str) -> Result<Started, CodecError> {
    let failed = |reason: String| start_error(path, &reason);
    let (ours, theirs) = UnixStream::pair().map_err(|e| failed(e.to_string()))?;
    let timeouts = ours
        .set_read_timeout(Some(limits.answer))
        .and_then(|()| ours.set_write_timeout(Some(limits.answer)));
    timeouts.map_err(|e| failed(e.to_string()))?;

    let mut command = Command::new(path);
    command
        .arg("serve")
        .args(["--nice", &limits.nice.to_string()])
        .args(["--memory", &limits.memory.to_string()])
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .current_dir("/")
        // Nothing of the server's environment, which may hold secrets, but
        // where the libraries are.
        .env_clear();
    if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let mut process = command.spawn().map_err(|e| failed(e.to_string()))?;
    // The command holds the child's end of the socket open.
    drop(command);

    let log = match process.stderr.take() {
        Some(stderr) => Log::start(stderr, label),
        None => Err(std::io::ErrorKind::BrokenPipe.into()),
    };
    let log = match log {
        Ok(log) => log,
        Err(e) => {
            let _ = process.kill();
            let _ = process.wait();
            return Err(failed(e.to_string()));
        }
    };
    match hello(&ours) {
        Ok(hello) if hello.version == VERSION => Ok(Started {
            socket: ours,
            process,
            log,
            hello,
        }),
        said => {
            drop(ours);
            let process = Mutex::new(process);
            let how = reap(&process);
            let last = log.finish();
            Err(match said {
                Ok(hello) => CodecError::Version {
                    path: path.to_owned(),
                    found: hello.version,
                    wanted: VERSION,
                },
                Err(_) if last.is_empty() => failed(format!("it {how}")),
                Err(_) => failed(format!("it {how}: {last}")),
            })
        }
    }
}

fn hello(socket: &UnixStream) -> std::io::Result<Hello> {
    // Unbuffered but for this message: the child writes nothing more unasked.
    let message = Message::read(&mut BufReader::with_capacity(1, socket))?;
    socket.set_read_timeout(None)?;
    match message {
        Some(m) if m.kind == Kind::Hello => m.json(),
        Some(_) => Err(std::io::ErrorKind::InvalidData.into()),
        None => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Waits for the end of a process whose socket is closed, for some time only,
/// and says how it ended.
pub(super) fn reap(process: &Mutex<std::process::Child>) -> String {
    let until = Instant::now() + EXIT;
    let mut pause = Duration::from_micros(100);
    while Instant::now() < until {
        match lock(process).try_wait() {
            Ok(Some(status)) => return how(status),
            Ok(None) => {}
            Err(e) => return format!("cannot be waited for: {e}"),
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
    let mut process = lock(process);
    let _ = process.kill();
    match process.wait() {
        Ok(_) => "closed its connection and did not end".to_owned(),
        Err(e) => format!("cannot be waited for: {e}"),
    }
}

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was ended by {}", signal_name(signal)),
        (None, Some(code)) => format!("ended with status {code}"),
        (None, None) => format!("ended: {status}"),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}
