use super::TrackKind::{Audio, Text, Video};
use super::subtitles::SUBTITLE_LINES;
use super::*;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn track(name: &str, kind: TrackKind, start: u64, end: u64) -> TrackInfo {
    TrackInfo {
        name: name.to_owned(),
        media_session_id: None,
        kind,
        start: secs(start),
        end: secs(end),
    }
}

fn script(tracks: &[TrackInfo], meeting: Option<&Meeting>) -> Script {
    Script::new(tracks, meeting, &BTreeMap::new())
}

fn titles(script: &Script) -> Vec<(u64, &str)> {
    let chapters = script.chapters.iter();
    chapters.map(|c| (c.at.as_secs(), &*c.title)).collect()
}

#[test]
fn without_more_than_the_tracks_people_are_seen_while_they_have_media() {
    let tracks = [
        track("Ann", Video, 0, 60),
        track("Ann", Audio, 0, 61),
        track("Bob", Audio, 20, 50),
        track("Ann (screen)", Video, 30, 40),
    ];
    let script = script(&tracks, None);
    assert_eq!(script.duration, secs(61));
    let seen: Vec<_> = script
        .roles
        .iter()
        .map(|role| (&*role.name, role.kind, role.seen.clone()))
        .collect();
    assert_eq!(
        seen,
        [
            ("Ann", SourceKind::Camera, vec![(secs(0), secs(61))]),
            ("Bob", SourceKind::Camera, vec![(secs(20), secs(50))]),
            ("Ann", SourceKind::Screen, vec![(secs(30), secs(40))]),
        ]
    );
    assert_eq!(
        (&*script.roles[0].video, &*script.roles[0].audio),
        (&[0][..], &[1][..])
    );
    assert_eq!(
        titles(&script),
        [
            (0, "Ann joins"),
            (20, "Bob joins"),
            (30, "Ann shares the screen")
        ]
    );
}

#[test]
fn the_chat_of_a_file_is_nobody_and_makes_no_film_longer() {
    let tracks = [
        track("Ann", Video, 0, 60),
        track("Chat", Text, 30, 66),
        track("Ann", Audio, 0, 61),
    ];
    let script = script(&tracks, None);
    assert_eq!(script.people(), ["Ann"]);
    assert_eq!((script.roles.len(), script.duration), (1, secs(61)));
    assert_eq!(script.roles[0].audio, [2]);
}

#[test]
fn the_meeting_tells_who_was_there_without_media() {
    let tracks = [TrackInfo {
        media_session_id: Some("m1".into()),
        ..track("stream-1", Video, 5, 30)
    }];
    let meeting = Meeting {
        room: "Standup".into(),
        presence: vec![
            ("Ann".into(), secs(0), Some(secs(40))),
            ("Bob".into(), secs(10), Some(secs(20))),
            ("Bob".into(), secs(30), None),
        ],
        streams: BTreeMap::from([(
            "m1".into(),
            StreamInfo {
                person: "Ann".into(),
                kind: SourceKind::Screen,
                from: secs(4),
                to: Some(secs(30)),
                switches: Vec::new(),
            },
        )]),
        chat: Vec::new(),
    };
    let script = script(&tracks, Some(&meeting));
    assert_eq!(script.duration, secs(40));
    let bob = script.roles.iter().find(|r| r.name == "Bob").expect("Bob");
    assert_eq!(bob.seen, [(secs(10), secs(20)), (secs(30), secs(40))]);
    let screen = script
        .roles
        .iter()
        .find(|r| r.kind == SourceKind::Screen)
        .expect("it");
    assert_eq!((&*screen.name, &*screen.video), ("Ann", &[0][..]));
    assert_eq!(
        titles(&script),
        [
            (0, "Standup: Ann joins, Ann shares the screen"),
            (10, "Bob joins"),
            (30, "Bob joins"),
        ]
    );
}

#[test]
fn somebody_may_be_called_like_a_screen() {
    let meeting = Meeting {
        presence: vec![("Bob (screen)".into(), secs(0), None)],
        ..Meeting::default()
    };
    let script = script(&[track("Bob (screen)", Video, 0, 9)], Some(&meeting));
    assert_eq!(script.roles.len(), 1);
    assert_eq!(script.roles[0].kind, SourceKind::Camera);
}

#[test]
fn two_with_one_label_are_two() {
    let tracks = [
        track("ann", Audio, 0, 60),
        track("bob", Audio, 0, 60),
        track("bob (screen)", Video, 20, 30),
    ];
    let meeting = Meeting {
        chat: vec![(secs(1), "bob".into(), "bob?".into())],
        ..Meeting::default()
    };
    let label = |name: &str| (name.to_owned(), "Guest".to_owned());
    let labels = BTreeMap::from([label("ann"), label("bob")]);
    let script = Script::new(&tracks, Some(&meeting), &labels);
    let roles: Vec<_> = script.roles.iter().map(|r| (&*r.label, r.kind)).collect();
    let guest = |kind| ("Guest", kind);
    assert_eq!(
        roles,
        [SourceKind::Camera, SourceKind::Camera, SourceKind::Screen].map(guest)
    );
    assert_eq!(script.people(), ["Guest", "Guest"]);
    assert_eq!(
        titles(&script),
        [(0, "Guest and Guest join"), (20, "Guest shares the screen")]
    );
    assert_eq!(script.subtitles[0].text, "Guest: bob?");
}

#[test]
fn a_card_is_a_chapter_if_it_has_a_title() {
    let tracks = [track("Ann", Video, 0, 60), track("Bob", Video, 20, 60)];
    let after = |title| script(&tracks, None).after(secs(5), title);
    assert_eq!(
        titles(&after("Standup")),
        [(0, "Standup"), (5, "Ann joins"), (25, "Bob joins")]
    );
    assert_eq!(titles(&after("")), [(0, "Ann joins"), (25, "Bob joins")]);
}

#[test]
fn a_crowd_is_one_chapter() {
    let tracks: Vec<_> = ["A", "B", "C", "D", "E"]
        .iter()
        .map(|name| track(name, Video, 0, 9))
        .collect();
    assert_eq!(
        titles(&script(&tracks, None)),
        [(0, "A, B and 3 others join")]
    );
}

#[test]
fn messages_are_subtitles_that_do_not_overlap() {
    let say = |at, text| (secs(at), "Ann", text);
    let chat = [
        say(1, "one"),
        say(2, "two"),
        say(30, "late"),
        say(99, "too late"),
    ];
    let subtitles = subtitles(&chat, secs(31));
    let texts: Vec<_> = subtitles.iter().map(|s| &*s.text).collect();
    assert_eq!(
        texts,
        ["Ann: one", "Ann: one\nAnn: two", "Ann: two", "Ann: late"]
    );
    assert!(subtitles.windows(2).all(|s| s[0].until <= s[1].at));
    assert_eq!(subtitles[3].until, secs(31));
}

#[test]
fn a_flood_shows_the_last_messages_only() {
    let texts: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let chat: Vec<_> = (0..50)
        .map(|n| (Duration::from_millis(n), "A", &*texts[n as usize]))
        .collect();
    let subtitles = subtitles(&chat, secs(60));
    assert!(
        subtitles
            .iter()
            .all(|s| s.text.lines().count() <= SUBTITLE_LINES)
    );
}

#[test]
fn nothing_is_a_film_of_no_length() {
    let script = script(&[], None);
    assert_eq!(script.duration, Duration::ZERO);
    assert!(script.roles.is_empty() && script.chapters.is_empty());
}
