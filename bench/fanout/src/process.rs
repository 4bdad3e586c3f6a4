use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A server of our own, ended with the value.
pub struct Server {
    child: Child,
    folder: PathBuf,
    /// Where its WebSocket is.
    pub http_port: u16,
}

impl Server {
    /// Starts the binary on free ports of the loopback address.
    pub fn start(binary: &Path, shards: usize) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("fanout-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let ports = folder.join("ports.json");
        let _ = fs::remove_file(&ports);
        let child = Command::new(binary)
            .args(["--bind", "127.0.0.1", "--http-port", "0", "--no-https"])
            .args(["--media-port", "0", "--log-level", "warn", "--set"])
            .arg(format!("shards={shards}"))
            .arg("--data-dir")
            .arg(&folder)
            .arg("--ports-file")
            .arg(&ports)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}; build it first", binary.display()))?;
        let mut server = Self {
            child,
            folder,
            http_port: 0,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            if let Ok(text) = fs::read_to_string(&ports)
                && let Ok(ports) = serde_json::from_str::<serde_json::Value>(&text)
                && let Some(port) = ports["http"].as_u64()
            {
                server.http_port = u16::try_from(port)?;
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("the server did not open its ports")
    }

    /// CPU seconds of all its threads.
    pub fn cpu_seconds(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        tasks
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
            .filter_map(|stat| stat.split_whitespace().next()?.parse::<u64>().ok())
            .fold(0.0, |sum, ns| sum + ns as f64 / 1e9)
    }

    /// Bytes of recordings that lie in its folder.
    pub fn recorded_bytes(&self) -> u64 {
        let files = fs::read_dir(self.folder.join("records"));
        let files = files.into_iter().flatten().flatten();
        files
            .filter(|file| file.path().extension().is_some_and(|e| e == "webm"))
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .sum()
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .ok()
            .and_then(|s| {
                let line = s.lines().find(|l| l.starts_with("VmRSS:"))?;
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .map_or(0, |kib| kib * 1_024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
