use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use veche_codec::Codecs;

use super::Report;
use crate::config::RecordAudio;
use crate::data_dir::DataDir;
use crate::{Config, assets, host};

/// A connection takes a file; below this a busy evening runs out of them.
const FEW_FILES: u64 = 4096;

/// Linux' default is 208 KB: 40 ms of 100 streams of half a megabit.
const SMALL_BUFFER: u64 = 1 << 20;

/// What the media sockets ask for.
const WANTED_BUFFER: u64 = 4 << 20;

pub(super) fn look(config: &Config, report: &mut Report) {
    data(&config.data_dir, report);
    if let Some(limit) = host::open_files() {
        if limit < FEW_FILES {
            report.warn(
                "open files",
                format!("the system allows this process {limit}; each client takes one or two"),
                "LimitNOFILE=65536 in the systemd unit, or ulimit -n 65536",
            );
        } else {
            report.ok("open files", format!("{limit} allowed"));
        }
    }
    buffers(report);
    films(config, report);
    sound(config, report);
    match assets::are_built() {
        true => report.ok("web apps", "built in"),
        false => report.warn("web apps", "not in this executable", "make build"),
    }
}

/// Whether rooms that are recorded can get their films.
fn films(config: &Config, report: &mut Report) {
    if !config.mix_rooms || config.on_multiple_record_hook_script.is_some() {
        return;
    }
    codecs(report, "mix_rooms", "recorded rooms get no films");
}

/// Whether there is what a setting needs, and what is without it.
fn codecs(report: &mut Report, setting: &'static str, without: &str) {
    match Codecs::find() {
        Ok(codecs) => {
            let executable = codecs.executable().display();
            report.ok(setting, format!("{executable} is there"));
        }
        Err(error) => report.warn(
            setting,
            format!("{error}: {without}"),
            "install veche-codec beside veche",
        ),
    }
}

/// Whether sound can become AAC where it shall.
fn sound(config: &Config, report: &mut Report) {
    if config.record_audio != RecordAudio::Aac {
        return;
    }
    codecs(report, "record_audio", "sound stays as it was published");
    let webm = config.without_aac();
    if !webm.is_empty() {
        let names: Vec<_> = webm.iter().map(ToString::to_string).collect();
        let mkv: Vec<_> = names
            .iter()
            .map(|name| format!("{}-mkv", name.to_lowercase()))
            .collect();
        report.warn(
            "record_audio",
            format!(
                "{} recorded as WebM, which takes no AAC: its sound stays as it was published",
                names.join(", ")
            ),
            format!(
                "record_formats = \"{}\", or video_codecs = [\"H264\"]",
                mkv.join(",")
            ),
        );
    }
}

fn data(directory: &Path, report: &mut Report) {
    let shown = directory.display();
    match writable(directory) {
        Ok(true) if DataDir::is_taken(directory) => report.broken(
            "data_dir",
            format!("{shown} is used by another veche"),
            "stop that one, or set data_dir to a folder of its own",
        ),
        Ok(true) => report.ok("data_dir", format!("{shown} can be written")),
        Ok(false) => report.ok("data_dir", format!("{shown} will be made at first start")),
        Err(error) => report.broken(
            "data_dir",
            format!("{shown} cannot be written: {error}"),
            "let the user that runs veche write it, or set data_dir to another folder",
        ),
    }
}

/// Bursts of media wait in the socket's buffer while the threads are busy.
fn buffers(report: &mut Report) {
    for key in ["rmem_max", "wmem_max"] {
        let text = fs::read_to_string(Path::new("/proc/sys/net/core").join(key));
        let Some(bytes) = text.ok().and_then(|text| text.trim().parse::<u64>().ok()) else {
            continue;
        };
        if bytes < SMALL_BUFFER {
            report.warn(
                "buffers",
                format!(
                    "net.core.{key} is {bytes}; a busy server loses packets for want of a buffer"
                ),
                format!(
                    "sysctl -w net.core.{key}={WANTED_BUFFER}, and in /etc/sysctl.d to keep it"
                ),
            );
        }
    }
}

/// Whether it is there, and can be written; or can be made.
fn writable(directory: &Path) -> io::Result<bool> {
    if directory.exists() {
        try_write(directory)?;
        return Ok(true);
    }
    let parent = directory.ancestors().skip(1).find(|path| path.exists());
    try_write(parent.unwrap_or(Path::new(".")))?;
    Ok(false)
}

fn try_write(directory: &Path) -> io::Result<()> {
    let probe = directory.join(format!(".veche-check-{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)?;
    fs::remove_file(probe)
}
