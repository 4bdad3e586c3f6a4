//! `veche check`: what would keep this host from working, and how to mend it.

mod addresses;
mod certificate;
mod files;
mod ports;
mod report;
mod upload;

use crate::config::{Loaded, Note};

pub use report::{Finding, Level, Report};

/// Looks at everything. Opens ports for a moment, writes a file and removes it, the
/// same in the bucket if there is one.
pub fn everything(loaded: &Loaded) -> Report {
    let config = &loaded.config;
    let mut report = Report::default();
    settings(loaded, &mut report);
    ports::look(config, &mut report);
    addresses::look(config, &mut report);
    certificate::look(config, &mut report);
    files::look(config, &mut report);
    upload::look(config, &mut report);
    report
}

fn settings(loaded: &Loaded, report: &mut Report) {
    let read: Vec<_> = loaded
        .files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    match read.is_empty() {
        true => report.ok("settings", "the defaults; no veche.toml here"),
        false => report.ok("settings", format!("read from {}", read.join(", "))),
    }
    for note in &loaded.notes {
        match note {
            Note::Info(text) => report.ok("settings", text),
            Note::Warning(text) => {
                report.warn("settings", text, "take it out, or correct its name")
            }
        }
    }
}
