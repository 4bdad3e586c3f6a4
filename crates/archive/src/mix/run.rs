use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, setpriority_pgrp};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Config, Ended};

/// A line of the mixer's progress; longer ones are none.
const MAX_LINE: usize = 4_096;

/// What is kept of what a mixer complained of.
const MAX_COMPLAINT: usize = 4_096;

/// A Rust process that panicked.
const PANICKED: i32 = 101;

/// One film to make.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub input: PathBuf,
    pub journal: PathBuf,
    pub output: PathBuf,
    /// Settings, if there are any.
    pub settings: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Progress {
    progress: f64,
    #[serde(default)]
    seconds_left: Option<f64>,
}

/// Runs a mixer to its end.
pub(crate) async fn run(
    config: &Config,
    job: &Job,
    killed: oneshot::Receiver<()>,
    mut progress: impl FnMut(f64, Option<u64>),
) -> Ended {
    let mut child = match spawn(config, job) {
        Ok(child) => child,
        Err(error) => return Ended::Failed(format!("cannot start the mixer: {error}")),
    };
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Ended::Failed("the mixer has no output".to_owned());
    };
    let complaint = tokio::spawn(tail(stderr));
    let talk = listen(stdout, config.stall, &mut progress);
    let killed_by_us = tokio::select! {
        stalled = talk => stalled.then(|| format!("said nothing for {} s", config.stall.as_secs())),
        _ = killed => Some("stopped".to_owned()),
    };
    if killed_by_us.is_some() {
        kill(group);
    }
    let status = match timeout(config.stall, child.wait()).await {
        Ok(status) => status,
        // It closed its output and stayed.
        Err(_) => {
            kill(group);
            child.wait().await
        }
    };
    kill(group);
    let complaint = complaint.await.unwrap_or_default();
    match (killed_by_us, status) {
        (_, Ok(status)) if status.success() => Ended::Done,
        (Some(why), _) => Ended::Crashed(format!("the mixer {why}")),
        (None, Ok(status)) => ended(status, complaint),
        (None, Err(error)) => Ended::Crashed(error.to_string()),
    }
}

fn ended(status: ExitStatus, complaint: String) -> Ended {
    let why = match complaint.is_empty() {
        true => format!("the mixer ended with {status}"),
        false => complaint,
    };
    match status.code() {
        Some(PANICKED) | None => {
            let signal = status.signal().map(|n| format!("killed by signal {n}"));
            Ended::Crashed(signal.map_or(why, |signal| format!("the mixer was {signal}")))
        }
        Some(_) => Ended::Failed(why),
    }
}

fn spawn(config: &Config, job: &Job) -> std::io::Result<Child> {
    let (program, arguments) = config
        .command
        .split_first()
        .ok_or(std::io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(&job.input)
        .arg("--journal")
        .arg(&job.journal)
        .arg("--output")
        .arg(&job.output)
        // A film that is there is made again only when somebody asks.
        .args(["--force", "--progress", "json"]);
    if let Some(settings) = &job.settings {
        command.arg("--settings").arg(settings);
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What it starts is killed with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    if let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed()))
        && let Err(error) = setpriority_pgrp(Some(group), config.nice)
    {
        tracing::warn!(%error, "a mixer runs with the priority of calls");
    }
    Ok(child)
}

/// Reads progress until the output ends. `true`: it went silent before.
async fn listen(
    output: impl AsyncRead + Unpin,
    stall: Duration,
    progress: &mut impl FnMut(f64, Option<u64>),
) -> bool {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let read = match timeout(stall, output.read(&mut chunk)).await {
            Ok(Ok(0) | Err(_)) => return false,
            Ok(Ok(read)) => read,
            Err(_) => return true,
        };
        for byte in &chunk[..read] {
            match byte {
                b'\n' => {
                    if let Ok(told) = serde_json::from_slice::<Progress>(&line) {
                        progress(told.progress, told.seconds_left.map(seconds));
                    }
                    line.clear();
                }
                byte if line.len() < MAX_LINE => line.push(*byte),
                _ => {}
            }
        }
    }
}

/// Negative ones and none become 0.
fn seconds(left: f64) -> u64 {
    left.ceil() as u64
}

/// The last line that says anything.
async fn tail(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..read]);
        let surplus = kept.len().saturating_sub(MAX_COMPLAINT);
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.map(|line| line.trim().to_owned()).unwrap_or_default()
}

fn kill(group: Option<Pid>) {
    if let Some(group) = group {
        // Fails only when all of it has ended.
        let _ = kill_process_group(group, Signal::KILL);
    }
}
