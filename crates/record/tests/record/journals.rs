use std::fs;
use std::io::Write;
use std::path::Path;

use veche_record::journal::{
    self, Chat, End, Event, Join, Journal, JournalError, Leave, MAX_TEXT_BYTES, Mute, Source,
    Start, StreamEnd, StreamStart, Writer,
};
use veche_record::store::{KIND, Manifest, ROOM_RECORDING, State, kind, manifest_path};
use veche_record::{Input, merge};

use crate::support::*;

fn start() -> Start {
    Start {
        room: "Планёрка / weekly".to_owned(),
        room_id: "r-1".to_owned(),
        room_start_us: 5_000_000,
        started_at_ms: 1_700_000_000_000,
        by: Some("Alice".to_owned()),
        ..Start::default()
    }
}

fn join(at_ms: u64, person: &str, name: &str) -> Event {
    Event::Join(Join {
        at_ms,
        person: person.to_owned(),
        name: name.to_owned(),
    })
}

fn stream(at_ms: u64, person: &str, id: &str, source: Source) -> Event {
    Event::Stream(StreamStart {
        at_ms,
        person: person.to_owned(),
        stream: format!("{person}-{id}"),
        media_session_id: id.to_owned(),
        source,
        audio: true,
        video: true,
    })
}

fn leave(at_ms: u64, person: &str) -> Event {
    Event::Leave(Leave {
        at_ms,
        person: person.to_owned(),
    })
}

fn meeting(folder: &Path) -> Writer {
    let mut writer = Writer::create(folder, "weekly", start()).unwrap();
    let events = [
        join(0, "p1", "Alice"),
        stream(120, "p1", "m1", Source::Camera),
        join(3_000, "p2", "Bob"),
        stream(3_500, "p1", "m2", Source::Screen),
        Event::Chat(Chat {
            at_ms: 4_000,
            person: "p2".to_owned(),
            name: "Bob".to_owned(),
            text: "line one\nline \"two\" \u{2028} 😀".to_owned(),
        }),
        Event::Mute(Mute {
            at_ms: 4_500,
            media_session_id: "m1".to_owned(),
            audio: true,
            video: false,
        }),
        leave(5_000, "p2"),
        join(6_000, "p2", "Bob again"),
        Event::Unstream(StreamEnd {
            at_ms: 8_000,
            media_session_id: "m1".to_owned(),
        }),
    ];
    for event in events {
        writer.write(event).unwrap();
    }
    writer
}

#[test]
fn a_journal_tells_who_was_there_and_whose_stream_is_which() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = meeting(folder.path());
    let running = journal::read(writer.path()).unwrap();
    assert_eq!(running.ended_at_ms, None);
    assert_eq!(running.length_ms(), 8_000);
    writer.write(Event::End(End { at_ms: 9_500 })).unwrap();

    let read = journal::read(writer.path()).unwrap();
    assert_eq!((read.start.id.as_str(), read.start.version), ("weekly", 1));
    assert_eq!((read.ended_at_ms, read.skipped), (Some(9_500), 0));
    let people = read.people();
    assert_eq!(people.len(), 2);
    assert_eq!(
        (people[0].name.as_str(), people[1].name.as_str()),
        ("Alice", "Bob again")
    );
    let stays: Vec<_> = people[1]
        .stays
        .iter()
        .map(|s| (s.from_ms, s.until_ms))
        .collect();
    assert_eq!(stays, [(3_000, Some(5_000)), (6_000, None)]);
    let streams = read.streams();
    assert_eq!(streams[0].until_ms, Some(8_000));
    assert_eq!(
        (streams[1].source, streams[1].until_ms),
        (Source::Screen, None)
    );
    let switch = streams[0].switches[0];
    assert_eq!(
        (switch.at_ms, switch.audio_off, switch.video_off),
        (4_500, true, false)
    );
    assert!(streams[1].switches.is_empty());
    assert_eq!(read.track_name("m1").unwrap(), "Alice");
    assert_eq!(read.track_name("m2").unwrap(), "Alice (screen)");
    assert_eq!(read.track_name("m3"), None);
    let said: Vec<_> = read.chat().map(|c| c.text.as_str()).collect();
    assert_eq!(said, ["line one\nline \"two\" \u{2028} 😀"]);
}

#[test]
fn the_lines_are_those_that_are_documented() {
    let folder = tempfile::tempdir().unwrap();
    let writer = meeting(folder.path());
    let text = fs::read_to_string(writer.path()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "{\"type\":\"start\",\"version\":1,\"at_ms\":0,\"id\":\"weekly\",\
         \"room\":\"Планёрка / weekly\",\"room_id\":\"r-1\",\"room_start_us\":5000000,\
         \"started_at_ms\":1700000000000,\"by\":\"Alice\"}"
    );
    assert_eq!(
        lines[2],
        "{\"type\":\"stream\",\"at_ms\":120,\"person\":\"p1\",\"stream\":\"p1-m1\",\
         \"media_session_id\":\"m1\",\"source\":\"camera\",\"audio\":true,\"video\":true}"
    );
    assert_eq!(
        lines[6],
        "{\"type\":\"mute\",\"at_ms\":4500,\"media_session_id\":\"m1\",\"audio\":true,\"video\":false}"
    );
    assert_eq!(
        lines[9],
        "{\"type\":\"unstream\",\"at_ms\":8000,\"media_session_id\":\"m1\"}"
    );
}

#[test]
fn cut_at_any_byte_it_loses_at_most_a_line_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = meeting(folder.path()).path().to_owned();
    let whole = fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].iter().filter(|b| **b == b'\n').count();
        match journal::read(&path) {
            Ok(read) => {
                assert_eq!(
                    (read.events.len() + 1, read.skipped),
                    (lines, 0),
                    "cut at {cut}"
                );
            }
            Err(JournalError::NoStart) => assert_eq!(lines, 0, "cut at {cut}"),
            Err(error) => panic!("cut at {cut}: {error}"),
        }
        if lines > 0 {
            let mut writer = Writer::reopen(&path).unwrap();
            writer.write(Event::End(End { at_ms: 9_000 })).unwrap();
            let read = journal::read(&path).unwrap();
            assert_eq!(
                (read.ended_at_ms, read.skipped),
                (Some(9_000), 0),
                "cut at {cut}"
            );
            assert_eq!(read.events.len() + 1, lines);
        }
    }
}

#[test]
fn what_is_not_understood_is_passed_over_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let writer = meeting(folder.path());
    let path = writer.path().to_owned();
    let before = journal::read(&path).unwrap().events.len();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let long = format!("{{\"type\":\"join\",\"name\":\"{}\"}}", "x".repeat(200_000));
    let bad: [&[u8]; 8] = [
        b"{\"type\":\"applause\",\"at_ms\":1}",
        b"{\"type\":\"join\",\"at_ms\":-1,\"person\":\"p\",\"name\":\"n\"}",
        b"{\"type\":\"join\",\"at_ms\":1}",
        b"{\"type\":\"leave\",\"at_ms\":18446744073709551615,\"person\":\"p1\"}",
        b"\xff\xfe\0garbage",
        b"",
        b"[[[[[[",
        long.as_bytes(),
    ];
    for line in bad {
        file.write_all(line).unwrap();
        file.write_all(b"\n").unwrap();
    }
    file.write_all(
        b"{\"type\":\"join\",\"at_ms\":9000,\"person\":\"p3\",\"name\":\"Eve\",\"new\":1}\n",
    )
    .unwrap();
    let read = journal::read(&path).unwrap();
    assert_eq!(read.skipped, 8);
    assert_eq!(read.events.len(), before + 1);
    assert_eq!(read.people().last().unwrap().name, "Eve");
}

#[test]
fn what_is_no_journal_says_so() {
    let error = |bytes: &str| Journal::parse(bytes.as_bytes()).unwrap_err();
    assert!(matches!(error(""), JournalError::NoStart));
    assert!(matches!(
        error("{\"type\":\"end\",\"at_ms\":1}\n"),
        JournalError::NoStart
    ));
    let start = |version: u32, id: &str| {
        format!(
            "{{\"type\":\"start\",\"version\":{version},\"at_ms\":0,\"id\":\"{id}\",\"room\":\"\",\
             \"room_id\":\"\",\"room_start_us\":0,\"started_at_ms\":0}}\n"
        )
    };
    assert!(matches!(error(&start(2, "a")), JournalError::Version(2)));
    assert!(matches!(error(&start(1, "../a")), JournalError::Id));
    assert!(Journal::parse(start(1, "a").as_bytes()).is_ok());

    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("b.room.jsonl");
    fs::write(&other, start(1, "a")).unwrap();
    assert!(matches!(journal::read(&other), Err(JournalError::Id)));
    let huge = folder.path().join("huge.room.jsonl");
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(journal::read(&huge), Err(JournalError::TooLarge)));
    assert!(Writer::create(folder.path(), "../up", Start::default()).is_err());
}

#[test]
fn texts_are_cut_and_names_are_unique() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Writer::create(folder.path(), "weekly", start()).unwrap();
    let second = Writer::create(folder.path(), "weekly", start()).unwrap();
    assert_eq!((first.id(), second.id()), ("weekly", "weekly-2"));
    fs::write(folder.path().join("weekly-3.film.mp4"), b"").unwrap();
    let third = Writer::create(folder.path(), "weekly", start()).unwrap();
    assert_eq!(third.id(), "weekly-4");
    // Deleted, and its copies elsewhere are not yet.
    fs::write(folder.path().join("weekly-5.state"), b"{}").unwrap();
    let fourth = Writer::create(folder.path(), "weekly", start()).unwrap();
    assert_eq!(fourth.id(), "weekly-6");
    assert_eq!(journal::list(folder.path()).unwrap().len(), 4);
    let text = "ж".repeat(MAX_TEXT_BYTES);
    first
        .write(Event::Chat(Chat {
            at_ms: 1,
            person: "p".to_owned(),
            name: "\u{1}".repeat(100_000),
            text,
        }))
        .unwrap();
    let read = journal::read(first.path()).unwrap();
    let chat = read.chat().next().unwrap();
    assert_eq!((chat.text.len(), chat.name.len()), (MAX_TEXT_BYTES, 512));
}

#[test]
fn a_room_s_file_gets_a_manifest_even_after_a_crash() {
    use veche_media::{AudioCodec, VideoCodec};
    let folder = tempfile::tempdir().unwrap();
    let writer = meeting(folder.path());
    let units = together(&[pictures(VideoCodec::Vp8), tone()]);
    let config = config(Some(VideoCodec::Vp8), Some(AudioCodec::Opus), "");
    let part = record(config, &units).parts.remove(0);
    let aside = tempfile::tempdir().unwrap();
    let path = write(aside.path(), "a.webm", &part.bytes);
    let media = folder.path().join("weekly.film.mkv");
    let input = Input {
        path,
        name: "Alice".to_owned(),
        start: std::time::Duration::ZERO,
    };
    merge(&[input], veche_record::Container::Matroska, &media).unwrap();

    let start = journal::read(writer.path()).unwrap().start;
    let manifest = Manifest::of_room(&media, kind::FILM, &start).unwrap();
    assert_eq!(manifest.origin.attributes[ROOM_RECORDING], "weekly");
    assert_eq!(manifest.origin.attributes[KIND], kind::FILM);
    assert_eq!(
        manifest_path(&media),
        folder.path().join("weekly.film.json")
    );

    // The crash came before it was written.
    let config = veche_record::store::Config::new(folder.path().to_owned());
    let store = veche_record::store::Store::open(config, std::sync::Arc::new(|_, _| {})).unwrap();
    let recovered = store.recover().files;
    assert_eq!(recovered, std::slice::from_ref(&manifest));
    assert_eq!(manifest.state, State::Finished);
    assert_eq!(manifest.kind(), kind::FILM);
    assert_eq!(Manifest::read(&manifest_path(&media)).unwrap(), manifest);
}
