use std::fs;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;

/// Far more than anything here takes; only a test that fails waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Ports {
    pub http: u16,
    pub https: Option<u16>,
    pub media: u16,
}

/// A server on free ports of the loopback address, with a folder of its own.
pub struct Veche {
    pub ports: Ports,
    pub directory: TempDir,
    child: Child,
}

/// The command, in `directory`, untouched by the settings of whoever runs the tests.
pub fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veche"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("VECHE_") || text.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.current_dir(directory).stdin(Stdio::null());
    command
}

/// Runs to the end in a new folder. `prepare` fills it.
pub fn output(arguments: &[&str], prepare: impl FnOnce(&Path)) -> Output {
    let directory = tempfile::tempdir().unwrap();
    prepare(directory.path());
    command(directory.path()).args(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Waits until `condition` gives something.
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(Duration::from_millis(10));
    }
}

impl Veche {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), arguments)
    }

    /// In a folder that is there.
    pub fn start_in(directory: TempDir, arguments: &[&str]) -> Self {
        Self::start_with(directory, arguments, &[])
    }

    /// With variables of the environment.
    pub fn start_with(directory: TempDir, arguments: &[&str], with: &[(&str, &str)]) -> Self {
        let (child, ports) = Self::spawn(&directory, arguments, with);
        Self {
            ports,
            directory,
            child,
        }
    }

    /// `kill -9`.
    #[allow(dead_code, reason = "not all tests do such a thing")]
    pub fn kill(&mut self) {
        self.kill_asking(|| ());
    }

    /// The same, and what there is to be seen when the signal is sent.
    pub fn kill_asking<T>(&mut self, seen: impl FnOnce() -> T) -> T {
        self.child.kill().unwrap();
        let seen = seen();
        self.child.wait().unwrap();
        seen
    }

    /// Starts it again in its folder.
    #[allow(dead_code, reason = "not all tests do such a thing")]
    pub fn start_again(&mut self, arguments: &[&str]) {
        fs::remove_file(self.directory.path().join("ports.json")).unwrap();
        (self.child, self.ports) = Self::spawn(&self.directory, arguments, &[]);
    }

    fn spawn(directory: &TempDir, arguments: &[&str], with: &[(&str, &str)]) -> (Child, Ports) {
        let free = [
            "--bind=127.0.0.1",
            "--http-port=0",
            "--https-port=0",
            "--media-port=0",
        ];
        let file = |name: &str| {
            let path = directory.path().join(name);
            let mut options = fs::File::options();
            options.create(true).append(true).open(path).unwrap()
        };
        let mut child = command(directory.path())
            .args(free)
            .arg("--ports-file=ports.json")
            .args(arguments)
            .envs(with.iter().copied())
            .stdout(file("said"))
            .stderr(file("log"))
            .spawn()
            .unwrap();
        let ports = until("the server opens its ports", || {
            if let Some(status) = child.try_wait().unwrap() {
                let log = fs::read_to_string(directory.path().join("log")).unwrap();
                panic!("it ended, {status}: {log}");
            }
            let json = fs::read(directory.path().join("ports.json")).ok()?;
            Some(serde_json::from_slice(&json).unwrap())
        });
        (child, ports)
    }

    pub fn http(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.http))
    }

    pub fn https(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.https.unwrap()))
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// What it told whoever started it, in all its lives.
    #[allow(dead_code, reason = "not all tests ask")]
    pub fn said(&self) -> String {
        fs::read_to_string(self.directory.path().join("said")).unwrap()
    }

    /// The server's process.
    #[allow(dead_code, reason = "not all tests ask")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end; the exit code, or the signal that ended it, negated.
    pub fn ended(&mut self) -> i32 {
        let status = until("the server ends", || self.child.try_wait().unwrap());
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }
}

impl Drop for Veche {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
