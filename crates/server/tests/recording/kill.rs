//! `kill -9` at random moments of a meeting that is recorded.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use veche_record::journal;
use veche_record::store::{Manifest, State};

use crate::chance::{chance, times};
use crate::files::{LATE, LOST, is_settled, manifests, meeting, plays};
use crate::publisher::LENGTH;
use crate::veche::{Veche, until};

const ARGUMENTS: [&str; 3] = [
    "--no-https",
    "--set=video_codecs=VP8",
    "--set=on_record_hook_script=./hook.sh",
];

const HOOK: &str = "sleep 0.05; echo \"$VECHE_RECORD_STATE $2\" >> hooked";

/// Ends when it is let go.
const LONG_HOOK: &str = "echo \"$2\" >> begun; while [ ! -e go ]; do sleep 0.02; done";

/// The same, and its sound is put into AAC.
const AAC: [&str; 5] = [
    "--no-https",
    "--set=video_codecs=VP8",
    "--set=on_record_hook_script=./hook.sh",
    "--set=record_formats=vp8-mkv",
    "--set=record_audio=aac",
];

const PEOPLE: usize = 4;

/// `VECHE_KILLS` says how often, and that the machine is not busy with other tests;
/// a few by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_meeting_whose_server_is_killed_is_whole_at_the_next_start() {
    killed(times("VECHE_KILLS", 5), &ARGUMENTS, "opus").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_meeting_whose_server_is_killed_has_aac_at_the_next_start() {
    killed(times("VECHE_KILLS", 2), &AAC, "AAC").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_script_that_ran_when_its_server_was_killed_is_run_again_and_not_once_more() {
    let directory = tempfile::tempdir().unwrap();
    script(directory.path(), LONG_HOOK);
    let mut veche = Veche::start_in(directory, &ARGUMENTS);
    let place = veche.directory.path().to_owned();
    let begun = |times: usize| {
        until("the script is run", || {
            let begun = std::fs::read_to_string(place.join("begun")).ok()?;
            (begun.lines().count() == times).then_some(begun)
        })
    };
    let (mut ann, mut live) = meeting(veche.http(), "r", "", 1).await.remove(0);
    live.send(1.5).await;
    ann.command("leave", json!({"name": "r"})).await;
    let first = begun(1);
    veche.kill();
    veche.start_again(&ARGUMENTS);
    let again = begun(2);
    assert_eq!(again, format!("{first}{first}"), "for the same file");
    std::fs::write(place.join("go"), "").unwrap();
    until("it is known that it ended", || {
        let all = manifests(&place.join("data/records"));
        let of_streams = all.iter().filter(|m| m.kind() == "stream");
        let hooks: Vec<_> = of_streams.map(|m| &m.origin.attributes["hook"]).collect();
        (hooks == ["done"]).then_some(())
    });
    veche.signal("TERM");
    assert_eq!(veche.ended(), 0);
    veche.start_again(&ARGUMENTS);
    veche.signal("TERM");
    // Who stops waits for scripts.
    assert_eq!(veche.ended(), 0);
    assert_eq!(begun(2), again);
}

fn script(folder: &Path, what: &str) {
    let path = folder.join("hook.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{what}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// So often, and what the sound is afterwards.
async fn killed(kills: usize, arguments: &[&str], codec: &str) {
    let mut rng = chance();
    let directory = tempfile::tempdir().unwrap();
    script(directory.path(), HOOK);
    let mut veche = Veche::start_in(directory, arguments);
    let records = veche.directory.path().join("data/records");
    let late = match std::env::var_os("VECHE_KILLS") {
        Some(_) => 0.0,
        None => LATE,
    };
    let mut worst: f64 = 0.0;
    let mut rooms = 0;
    for round in 0..kills {
        let prefix = format!("k{round}-");
        // A name that is used again.
        let people = meeting(veche.http(), "r", &prefix, PEOPLE).await;
        let begin = Instant::now();
        let sent: Vec<_> = people
            .iter()
            .map(|(_, live)| Arc::clone(&live.sent))
            .collect();
        let sending: Vec<_> = people
            .into_iter()
            .map(|(client, mut live)| {
                tokio::spawn(async move {
                    live.send_all().await;
                    drop(client);
                })
            })
            .collect();
        let moment = Duration::from_millis(rng.u64(50..LENGTH.as_millis() as u64));
        tokio::time::sleep_until((begin + moment).into()).await;
        let sent: Vec<_> = veche.kill_asking(|| {
            let seconds = |us: u64| us as f64 / 1e6;
            let sent = sent.iter().map(|us| us.load(Ordering::Relaxed));
            sent.map(seconds).collect()
        });
        let gone = begin.elapsed().as_secs_f64().min(LENGTH.as_secs_f64());
        for task in sending {
            task.await.unwrap();
        }
        veche.start_again(arguments);

        let of_round = |m: &Manifest| m.origin.media_session_id.starts_with(&prefix);
        let files = until("the recordings are recovered", || {
            let all = manifests(&records);
            all.iter().all(is_settled).then_some(all)
        });
        let files: Vec<_> = files.into_iter().filter(|m| of_round(m)).collect();
        for (n, sent) in sent.into_iter().enumerate() {
            let id = format!("{prefix}m{n}");
            let of_it: Vec<_> = files
                .iter()
                .filter(|m| m.origin.media_session_id == id)
                .collect();
            let kept = match &of_it[..] {
                [] => 0.0,
                [file] if file.state == State::Empty => 0.0,
                [file] => {
                    assert_eq!(file.state, State::Recovered, "{file:?}");
                    sounds_like(file, codec);
                    plays(&records.join(&file.file));
                    // Of the track that ends first. There are no pictures before a
                    // keyframe, and this publisher sends none when it is asked.
                    let begun = file.tracks.iter().filter(|t| t.samples > 0);
                    let end = begun.map(|t| t.end_ms).min().unwrap();
                    assert_eq!(file.tracks.len(), 2, "{file:?}");
                    end as f64 / 1_000.0
                }
                several => panic!("listed once: {several:?}"),
            };
            let lost = sent - kept;
            if lost > worst {
                println!("round {round}, {id}, after {moment:?}: {sent:.2} s sent, {kept:.2} kept");
            }
            worst = worst.max(lost);
            // That nobody has sent anything would cost nothing.
            assert!(
                gone - kept <= LOST + LATE,
                "round {round}, {id}: {gone} s after the first packet, {sent} sent, {kept} kept: {of_it:?}"
            );
            assert!(
                lost <= LOST + late,
                "round {round}, {id}: {gone} s after the first packet, {sent} sent, {kept} kept: {of_it:?}"
            );
        }
        let whole = files.iter().filter(|m| m.state == State::Recovered).count();
        rooms += usize::from(whole > 0);
        let found = until("the room is in one file", || {
            let all = manifests(&records).into_iter();
            let is_whole = |m: &Manifest| m.kind() == "room" && is_settled(m);
            let found: Vec<_> = all.filter(is_whole).collect();
            (found.len() >= rooms).then_some(found)
        });
        assert_eq!(found.len(), rooms, "each room once");
        if whole > 0 {
            let newest = found.iter().max_by_key(|m| m.started_at_ms).unwrap();
            assert_eq!(newest.state, State::Recovered);
            let media = newest.tracks.iter().filter(|t| t.kind != "text").count();
            let tracks: usize = files
                .iter()
                .filter(|m| m.state == State::Recovered)
                .map(|m| m.tracks.len())
                .sum();
            assert_eq!(media, tracks, "{newest:?}");
            sounds_like(newest, codec);
            plays(&records.join(&newest.file));
        }
        let journals = until(
            "every journal has its end, or is gone with nothing in it",
            || {
                let journals = journal::list(&records).unwrap();
                (journals.len() == rooms).then_some(journals)
            },
        );
        for path in &journals {
            assert!(journal::read(path).unwrap().ended_at_ms.is_some());
        }
    }
    let whole = |m: &Manifest| m.kind() == "stream" && m.state == State::Recovered;
    let files: Vec<_> = manifests(&records).into_iter().filter(whole).collect();
    assert!(!files.is_empty() || kills == 0);
    until("the script was run for every file", || {
        let hooked = std::fs::read_to_string(veche.directory.path().join("hooked")).ok()?;
        let path = |m: &Manifest| format!("recovered {}", records.join(&m.file).display());
        let run = |m: &Manifest| hooked.lines().any(|line| line == path(m));
        files.iter().all(run).then_some(())
    });
    println!("{kills} kills: at most {worst:.2} s of a stream were lost");
}

fn sounds_like(file: &Manifest, codec: &str) {
    let mut sounds = file.tracks.iter().filter(|t| t.kind == "audio");
    assert!(sounds.all(|t| t.codec == codec), "{file:?}");
}
