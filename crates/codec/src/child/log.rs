//! What the child writes to its standard error: FFmpeg's log, mostly.

use std::io::{self, Read};
use std::process::ChildStderr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::lock;
use crate::limits::{MAX_LOG_LINE, MAX_LOG_LINES};

/// Passes lines on at the level debug, and keeps the last.
pub(super) struct Log {
    last: Arc<Mutex<String>>,
    thread: JoinHandle<()>,
}

impl Log {
    pub(super) fn start(from: ChildStderr, label: &str) -> io::Result<Self> {
        let last = Arc::new(Mutex::new(String::new()));
        let thread = std::thread::Builder::new()
            .name("codec-log".to_owned())
            .spawn({
                let (last, label) = (Arc::clone(&last), label.to_owned());
                move || {
                    let mut count = 0;
                    each_line(from, |line| {
                        count += 1;
                        if count <= MAX_LOG_LINES {
                            tracing::debug!(label, "{line}");
                        }
                        line.clone_into(&mut lock(&last));
                    });
                    if count > MAX_LOG_LINES {
                        tracing::debug!(label, left_out = count - MAX_LOG_LINES, "more lines");
                    }
                }
            })?;
        Ok(Self { last, thread })
    }

    /// The last line of a child that has ended.
    pub(super) fn finish(self) -> String {
        let _ = self.thread.join();
        std::mem::take(&mut lock(&self.last))
    }
}

/// Calls `f` with each line that is not empty, cut to [`MAX_LOG_LINE`].
fn each_line(mut from: impl Read, mut f: impl FnMut(&str)) {
    let mut line = Vec::with_capacity(MAX_LOG_LINE);
    let mut flush = |line: &mut Vec<u8>| {
        let text: String = String::from_utf8_lossy(line)
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        if !text.trim().is_empty() {
            f(text.trim());
        }
        line.clear();
    };
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                for byte in &buffer[..n] {
                    if matches!(byte, b'\n' | b'\r') {
                        flush(&mut line);
                    } else if line.len() < MAX_LOG_LINE {
                        line.push(*byte);
                    }
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    flush(&mut line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_cleaned() {
        let mut text = b"one\n\n two\x1b[31m \r".to_vec();
        text.extend(vec![b'x'; 10_000]);
        let mut lines = Vec::new();
        each_line(&text[..], |line| lines.push(line.to_owned()));
        assert_eq!(lines[..2], ["one", "two[31m"]);
        assert_eq!(lines[2].len(), MAX_LOG_LINE);
    }
}
