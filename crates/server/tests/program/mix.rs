//! `veche mix` as a program: killed, stopped, asked for what is not there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::veche::{command, text};

/// A recording as somebody else's program makes it.
fn record(path: &Path, seconds: u32) {
    let seconds = seconds.to_string();
    let mut all = vec!["-v", "error", "-f", "lavfi", "-t", &seconds, "-i"];
    all.extend(["testsrc2=s=320x180:r=15", "-f", "lavfi", "-t", &seconds]);
    all.extend("-i sine=440 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac".split(' '));
    let made = Command::new("ffmpeg").args(all).arg(path).status().unwrap();
    assert!(made.success());
}

fn mix(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(folder);
    command.arg("mix").args(arguments);
    command.args("--size 320x180 --fps 15 --preset ultrafast --progress json".split(' '));
    command
}

/// Starts it, and waits until it is well under way.
fn under_way(folder: &Path) -> Child {
    let mut child = mix(folder, &["ann.mp4", "-o", "film.mp4"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let there = lines.map_while(Result::ok).any(|line| {
        let part = line.strip_prefix(r#"{"progress":"#).unwrap();
        let part: f64 = part.split(',').next().unwrap().parse().unwrap();
        part > 0.02
    });
    assert!(there, "it ended before");
    child
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn seconds(film: &Path) -> f64 {
    let probed = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration",
            "-of",
            "csv=p=0",
        ])
        .arg(film)
        .output()
        .unwrap();
    text(&probed.stdout).trim().parse().unwrap()
}

#[test]
fn killed_midway_it_begins_anew_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    record(&folder.join("ann.mp4"), 120);
    let mut child = under_way(folder);
    // Two at one film are one too many. (With a program that waits for it, the second
    // would wait for the first.)
    let second = command(folder)
        .args("mix ann.mp4 -o film.mp4 --progress none".split(' '))
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = text(&second.stderr);
    assert!(said.contains("is being made by another process"), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(files(folder), ["ann.mp4", "film.mp4.making"]);
    // What a kill in its very last moment leaves besides.
    fs::write(folder.join("film.mp4.making.plain"), "half").unwrap();
    let again = mix(folder, &["ann.mp4", "-o", "film.mp4"])
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(files(folder), ["ann.mp4", "film.mp4"]);
    let seconds = seconds(&folder.join("film.mp4"));
    assert!((seconds - 120.0).abs() < 0.2, "{seconds}");
}

#[test]
fn terminated_it_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    record(&folder.join("ann.mp4"), 60);
    let mut child = under_way(folder);
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!(files(folder), ["ann.mp4"]);
}

#[test]
fn what_is_missing_and_what_is_wrong_has_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    record(&folder.join("ann.mp4"), 1);
    fs::create_dir(folder.join("layouts")).unwrap();
    fs::write(folder.join("layouts/2_two.mix"), "<body>\n<video/></body>").unwrap();
    fs::write(folder.join("mixer.json"), r#"{"watermark":"logo.png"}"#).unwrap();
    let check = |arguments: &[&str], status: i32, words: &str| {
        let output = mix(folder, arguments).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        let last = said.lines().last().unwrap();
        assert!(last.contains(words), "{last}");
    };
    check(&["bob.mp4"], 64, "bob.mp4: no such file");
    check(&["ann.mp4", "--settings", "none.json"], 65, "none.json");
    check(&["ann.mp4", "--settings", "mixer.json"], 65, "logo.png");
    check(&["ann.mp4", "--layout-dir", "none"], 65, "none");
    let huge = r#"{"mixerVideoWidth":8192,"mixerVideoHeight":8192}"#;
    fs::write(folder.join("huge.json"), huge).unwrap();
    check(&["ann.mp4", "--settings", "huge.json"], 65, "8K");
    let itself = ["ann.mp4", "-o", "ann.mp4", "--force"];
    check(&itself, 1, "ann.mp4 cannot be both");
    check(
        &["ann.mp4", "--layout-dir", "layouts"],
        65,
        "2_two.mix: a layout for 2 has places for 1",
    );
    check(
        &["ann.mp4", "--title", "Ann", "--title-seconds", "1"],
        0,
        "ann.film.mp4: 2.0 s, 1 person",
    );
    assert!((seconds(&folder.join("ann.film.mp4")) - 2.0).abs() < 0.1);
    check(&["ann.mp4"], 1, "is there already");
}
