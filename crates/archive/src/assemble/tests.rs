use veche_record::store::{KIND, State as Disk};

use super::*;
use crate::kept::{KeptMix, KeptUpload};

fn manifest(file: &str, state: Disk) -> Manifest {
    let (stem, container) = file.split_once('.').unwrap();
    Manifest {
        file: file.to_owned(),
        recording: stem.to_owned(),
        container: container.to_owned(),
        state,
        part: 1,
        ..Manifest::default()
    }
}

fn kind(mut manifest: Manifest, kind: &str) -> Manifest {
    let attributes = &mut manifest.origin.attributes;
    attributes.insert(KIND.to_owned(), kind.to_owned());
    attributes.insert(ROOM_RECORDING.to_owned(), "r".to_owned());
    manifest
}

fn check(manifests: Vec<Manifest>, journal: Option<Room>, live: &[&str], expected: State) {
    let shown = format!(
        "{:?}",
        manifests.iter().map(|m| m.state).collect::<Vec<_>>()
    );
    let parts = Parts {
        id: "r".to_owned(),
        manifests,
        journal,
        live: live.iter().map(|name| (*name).to_owned()).collect(),
        ..Parts::default()
    };
    assert_eq!(assemble(parts).unwrap().state, expected, "{shown}");
}

#[test]
fn a_stream_is_as_far_as_its_last_part() {
    let one = |state| manifest("a.mp4", state);
    check(
        vec![one(Disk::Recording)],
        None,
        &["a.mp4"],
        State::Recording,
    );
    check(vec![one(Disk::Recording)], None, &[], State::Finishing);
    check(vec![one(Disk::Closed)], None, &[], State::Finishing);
    check(vec![one(Disk::Finished)], None, &[], State::Ready);
    check(vec![one(Disk::Recovered)], None, &[], State::Recovered);
    check(vec![one(Disk::Broken)], None, &[], State::Broken);
    let two = |a, b| vec![one(a), manifest("b.mp4", b)];
    check(
        two(Disk::Finished, Disk::Recording),
        None,
        &["b.mp4"],
        State::Recording,
    );
    check(
        two(Disk::Finished, Disk::Broken),
        None,
        &[],
        State::Recovered,
    );
    check(two(Disk::Finished, Disk::Empty), None, &[], State::Ready);
}

#[test]
fn a_room_is_ready_when_its_file_is() {
    let journal = |ended| {
        Some(Room {
            ended,
            ..Room::default()
        })
    };
    let stream = |state| kind(manifest("s.webm", state), "stream");
    let room = |state| kind(manifest("r.mkv", state), "room");
    check(vec![], journal(false), &["r"], State::Recording);
    check(
        vec![stream(Disk::Recording)],
        journal(false),
        &["r", "s.webm"],
        State::Recording,
    );
    check(
        vec![stream(Disk::Finished)],
        journal(true),
        &[],
        State::Finishing,
    );
    let both = |a, b| vec![stream(a), room(b)];
    check(
        both(Disk::Finished, Disk::Finished),
        journal(true),
        &[],
        State::Ready,
    );
    check(
        both(Disk::Recovered, Disk::Finished),
        journal(true),
        &[],
        State::Recovered,
    );
    check(
        both(Disk::Finished, Disk::Broken),
        journal(true),
        &[],
        State::Broken,
    );
}

#[test]
fn of_empty_files_nothing_is_shown() {
    let parts = Parts {
        manifests: vec![manifest("a.mp4", Disk::Empty)],
        ..Parts::default()
    };
    assert_eq!(assemble(parts), None);
}

#[test]
fn a_room_that_could_not_be_put_together_says_why() {
    let parts = Parts {
        id: "r".to_owned(),
        journal: Some(Room::default()),
        kept: Kept {
            failed: Some("nobody sent anything".to_owned()),
            ..Kept::default()
        },
        ..Parts::default()
    };
    let found = assemble(parts).unwrap();
    assert_eq!(found.state, State::Broken);
    assert_eq!(found.note.as_deref(), Some("nobody sent anything"));
}

#[test]
fn a_film_that_failed_says_why_and_one_that_is_there_is_done() {
    let with = |manifests, state| {
        let kept = Kept {
            mix: Some(KeptMix {
                state,
                error: Some("why".to_owned()),
                ..KeptMix::default()
            }),
            ..Kept::default()
        };
        let parts = Parts {
            id: "r".to_owned(),
            manifests,
            kept,
            ..Parts::default()
        };
        assemble(parts).unwrap().mix
    };
    let room = kind(manifest("r.mkv", Disk::Finished), "room");
    let film = kind(manifest("r.mp4", Disk::Finished), "film");
    let failed = with(vec![room.clone()], KeptMixState::Failed).unwrap();
    assert_eq!(
        (failed.state, failed.error.as_deref()),
        (MixState::Failed, Some("why"))
    );
    assert_eq!(with(vec![room.clone()], KeptMixState::Cancelled), None);
    let done = with(vec![room, film], KeptMixState::Cancelled).unwrap();
    assert_eq!((done.state, done.progress), (MixState::Done, 1.0));
}

#[test]
fn only_a_confirmed_copy_counts() {
    let upload = |confirmed: Option<&str>| KeptUpload {
        bucket: "calls".to_owned(),
        key: "k/a.mp4".to_owned(),
        confirmed: confirmed.map(str::to_owned),
        ..KeptUpload::default()
    };
    for (upload, expected) in [
        (upload(None), None),
        (upload(Some("tag")), Some("s3://calls/k/a.mp4")),
    ] {
        let parts = Parts {
            manifests: vec![manifest("a.mp4", Disk::Finished)],
            kept: Kept {
                uploads: [("a.mp4".to_owned(), upload)].into(),
                ..Kept::default()
            },
            ..Parts::default()
        };
        let found = assemble(parts).unwrap();
        assert_eq!(found.files[0].uploaded.as_deref(), expected);
        assert!(!found.files[0].local);
    }
}
