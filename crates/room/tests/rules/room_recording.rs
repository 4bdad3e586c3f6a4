use veche_room::{
    Answer, Command, Event, Input, JournalEntry, MultiRecord, Reason, RecordBy, RoomEvent,
    SessionId, Settings, StreamEventKind, StreamState,
};

use crate::sim::{EPOCH_MS, Sim, secs};

/// What the client was told of recordings of its room.
fn told(sim: &mut Sim, session: SessionId) -> Vec<(bool, Option<String>, Option<Reason>)> {
    let events = sim.room_events(session).into_iter();
    events
        .filter_map(|event| match event {
            RoomEvent::Recording(r) => Some((r.on, r.by.map(|by| by.to_string()), r.problem)),
            _ => None,
        })
        .collect()
}

fn settings(room_record_by: RecordBy) -> Settings {
    Settings {
        room_record_by,
        ..Settings::default()
    }
}

#[test]
fn the_creators_wish_records_the_room_from_its_beginning() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", true);
    assert!(told(&mut sim, ann).is_empty(), "it has not begun");
    sim.room_record_begins();
    assert_eq!(told(&mut sim, ann), [(true, Some("ann".into()), None)]);
    let id = sim.published(ann, "s", Some("r1"));
    let order = sim.recorder.orders[0].clone();
    assert_eq!(
        order.room_recording,
        Some(sim.room_recorder.orders[0].recording)
    );
    assert_eq!(order.life, Some(sim.room_recorder.orders[0].life));
    let bob = sim.modern_member("bob", "r1", true);
    assert_eq!(told(&mut sim, bob), [(true, Some("ann".into()), None)]);
    assert_eq!(sim.room_recorder.orders.len(), 1, "a later wish is nothing");
    sim.say(bob, "r1", None, "\"hi\"");
    sim.say(bob, "r1", Some("ann"), "\"secret\"");
    sim.unpublish(ann, &id);
    sim.leave(ann, "r1");
    let journal = sim.room_recorder.of("r1").unwrap().entries.clone();
    let kinds: Vec<_> = journal.iter().map(kind).collect();
    assert_eq!(
        kinds,
        [
            "join ann",
            "stream s",
            "join bob",
            "chat \"hi\"",
            "unstream",
            "leave"
        ]
    );
    assert!(sim.recorder.running.is_empty());
    sim.leave(bob, "r1");
    assert!(
        sim.room_recorder.running.is_empty(),
        "it ends with the room"
    );
}

fn kind(entry: &JournalEntry) -> String {
    match entry {
        JournalEntry::Join { login, .. } => format!("join {login}"),
        JournalEntry::Leave { .. } => "leave".into(),
        JournalEntry::Stream { stream, .. } => format!("stream {stream}"),
        JournalEntry::Mute { audio, video, .. } => format!("mute {audio} {video}"),
        JournalEntry::Unstream { .. } => "unstream".into(),
        JournalEntry::Chat { text, .. } => format!("chat {}", text.as_str()),
    }
}

#[test]
fn switched_microphones_and_cameras_are_in_the_journal() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    let stream = sim.published(ann, "s", Some("r1"));
    let tell = |sim: &mut Sim, kind| {
        let event = Command::StreamEvent {
            media_session: stream.clone(),
            kind: Some(kind),
            payload: None,
        };
        sim.command(ann, event);
    };
    tell(&mut sim, StreamEventKind::AudioMuted);
    sim.switch_recording(ann, "r1", true);
    sim.room_record_begins();
    tell(&mut sim, StreamEventKind::AudioMuted);
    tell(&mut sim, StreamEventKind::VideoMuted);
    tell(&mut sim, StreamEventKind::AudioUnmuted);
    tell(&mut sim, StreamEventKind::Data);
    sim.switch_recording(ann, "r1", false);
    tell(&mut sim, StreamEventKind::VideoUnmuted);
    sim.switch_recording(ann, "r1", true);
    sim.room_record_begins();
    let journals = sim.room_recorder.stopped.values().map(|j| &j.entries);
    let kinds: Vec<Vec<String>> = journals.map(|e| e.iter().map(kind).collect()).collect();
    assert_eq!(
        kinds[0],
        [
            "join ann",
            "stream s",
            "mute true false",
            "mute true true",
            "mute false true",
        ]
    );
    let second = &sim.room_recorder.of("r1").unwrap().entries;
    let kinds: Vec<String> = second.iter().map(kind).collect();
    assert_eq!(kinds, ["join ann", "stream s"], "all is on again");
}

#[test]
fn a_later_joiner_cannot_have_the_room_recorded_by_joining() {
    let mut sim = Sim::new();
    sim.modern_member("ann", "r1", false);
    sim.modern_member("bob", "r1", true);
    assert!(sim.room_recorder.orders.is_empty());
}

#[test]
fn switched_on_it_takes_who_and_what_is_there_and_what_comes() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    let bob = sim.modern_member("bob", "r1", false);
    let elsewhere = sim.modern_member("cat", "r2", false);
    sim.published(ann, "a", Some("r1"));
    sim.published(elsewhere, "c", Some("r2"));
    sim.advance(secs(1));
    assert_eq!(
        sim.switch_recording(bob, "r1", true),
        None,
        "answered when it runs"
    );
    assert!(sim.recorder.orders.is_empty());
    sim.room_record_begins();
    assert_eq!(sim.last_answer(bob), Some(Answer::Accepted));
    sim.published(bob, "b", Some("r1"));
    let names: Vec<_> = sim
        .recorder
        .orders
        .iter()
        .map(|o| o.stream.to_string())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(sim.recorder.orders[1].first_publish, Some(secs(0)));
    assert_eq!(
        sim.switch_recording(bob, "r1", true),
        Some(Answer::Accepted)
    );
    assert_eq!(
        sim.switch_recording(ann, "r1", false),
        Some(Answer::Accepted)
    );
    assert!(sim.recorder.running.is_empty());
    let bob_on = (true, Some("bob".into()), None);
    let ann_off = (false, Some("ann".into()), None);
    assert_eq!(told(&mut sim, bob), [bob_on, ann_off]);
    // What happens then is nobody's.
    sim.published(bob, "b2", Some("r1"));
    assert_eq!(sim.recorder.orders.len(), 2);
    assert!(told(&mut sim, elsewhere).is_empty());
}

#[test]
fn when_it_was_switched_is_told() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", true);
    sim.advance(secs(2));
    sim.room_record_begins();
    let since = sim.room_events(ann).into_iter().find_map(|e| match e {
        RoomEvent::Recording(r) => Some(r.since_ms),
        _ => None,
    });
    assert_eq!(since, Some(EPOCH_MS + 2_000));
}

#[test]
fn a_stream_that_is_recorded_anyway_goes_on_in_one_file_at_a_time() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    sim.recorded(ann, "a", Some("r1"));
    sim.switch_recording(ann, "r1", true);
    sim.room_record_begins();
    assert_eq!(sim.recorder.running.len(), 1);
    sim.recorded(ann, "a2", Some("r1"));
    assert_eq!(sim.recorder.running.len(), 2, "one file serves both");
    sim.switch_recording(ann, "r1", false);
    assert_eq!(sim.recorder.running.len(), 2, "its own goes on");
    let last = sim.recorder.orders.last().unwrap();
    assert_eq!(last.room_recording, None);
}

#[test]
fn who_may_switch_it_is_the_operators_choice() {
    let denied = Some(Answer::Failed(Reason::RecordingNotAllowed));
    let mut sim = Sim::with(settings(RecordBy::Creator));
    let ann = sim.modern_member("ann", "r1", false);
    let bob = sim.modern_member("bob", "r1", false);
    assert_eq!(sim.switch_recording(bob, "r1", true), denied);
    assert_eq!(sim.switch_recording(ann, "r1", true), None);
    sim.room_record_begins();
    assert_eq!(sim.switch_recording(bob, "r1", false), denied);
    // The creator who comes back is the creator; a namesake is not.
    let token = sim.clients[&ann].token.clone();
    sim.crash(ann);
    let namesake = sim.modern_member("ann", "r1", false);
    assert_eq!(sim.switch_recording(namesake, "r1", false), denied);
    sim.leave(namesake, "r1");
    let again = sim.session_with_token("ann", token.as_deref());
    sim.join(again, "r1");
    assert_eq!(
        sim.switch_recording(again, "r1", false),
        Some(Answer::Accepted)
    );

    let mut sim = Sim::with(settings(RecordBy::Nobody));
    let ann = sim.modern_member("ann", "r1", true);
    assert!(sim.room_recorder.orders.is_empty());
    assert_eq!(sim.switch_recording(ann, "r1", true), denied);

    let mut sim = Sim::with(Settings {
        record_streams: false,
        ..Settings::default()
    });
    let ann = sim.modern_member("ann", "r1", true);
    let disabled = Some(Answer::Failed(Reason::RecordingDisabled));
    assert_eq!(sim.switch_recording(ann, "r1", true), disabled);
    assert!(sim.room_recorder.orders.is_empty());
}

#[test]
fn strangers_and_rooms_that_are_not_there_are_refused() {
    let mut sim = Sim::new();
    sim.modern_member("ann", "r1", false);
    let bob = sim.modern_member("bob", "r2", false);
    let not_in = Some(Answer::Failed(Reason::NotInRoom));
    assert_eq!(sim.switch_recording(bob, "r1", true), not_in);
    assert_eq!(sim.switch_recording(bob, "nowhere", true), not_in);
    let nowhere = Some(Err(Reason::RoomNotFound));
    assert_eq!(sim.operate_room("nowhere", true), nowhere);
    assert_eq!(
        sim.operate_room("r1", false),
        Some(Err(Reason::NotRecorded))
    );
}

#[test]
fn an_operator_records_every_room_and_participants_cannot_stop_it() {
    let mut sim = Sim::with(Settings {
        record_all_rooms: true,
        ..Settings::default()
    });
    let ann = sim.modern_member("ann", "r1", false);
    sim.room_record_begins();
    assert_eq!(told(&mut sim, ann), [(true, None, None)]);
    let denied = Some(Answer::Failed(Reason::RecordingNotAllowed));
    assert_eq!(sim.switch_recording(ann, "r1", false), denied);
    assert_eq!(sim.operate_room("r1", false), Some(Ok(())));
    assert_eq!(sim.operate_room("r1", true), None);
    sim.room_record_begins();
    assert_eq!(sim.recorder.unanswered(), 0);
}

#[test]
fn a_recording_that_cannot_begin_is_told_with_its_reason() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    let bob = sim.modern_member("bob", "r1", false);
    sim.switch_recording(ann, "r1", true);
    sim.room_record_fails(Reason::RecordingDiskFull);
    let full = Reason::RecordingDiskFull;
    assert_eq!(sim.last_answer(ann), Some(Answer::Failed(full)));
    let expected = [(false, Some("ann".into()), Some(full))];
    assert_eq!(told(&mut sim, bob), expected);
    // It may be tried again.
    sim.switch_recording(ann, "r1", true);
    sim.room_record_begins();
    assert_eq!(sim.last_answer(ann), Some(Answer::Accepted));
}

#[test]
fn trouble_with_one_stream_is_told_to_its_publisher_and_the_room() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", true);
    let bob = sim.modern_member("bob", "r1", false);
    sim.room_record_begins();
    let id = sim.published(ann, "a", Some("r1"));
    told(&mut sim, bob);
    let (recording, transport) = sim.recorder.newest();
    for _ in 0..2 {
        sim.input(Input::RecordingDegraded {
            transport,
            recording,
            problem: Reason::RecordingTooSlow,
        });
    }
    let slow = (true, Some("ann".into()), Some(Reason::RecordingTooSlow));
    assert_eq!(told(&mut sim, bob), [slow], "once");
    assert_eq!(sim.reason(ann, &id), Some(Reason::RecordingTooSlow));
    sim.record_fails();
    let full = (true, Some("ann".into()), Some(Reason::RecordingDiskFull));
    assert_eq!(told(&mut sim, bob), [full]);
    sim.unpublish(ann, &id);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Unpublished));
    assert_eq!(sim.reason(ann, &id), Some(Reason::RecordingDiskFull));
}

#[test]
fn clients_of_the_reference_hear_nothing_that_they_do_not_know() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", true);
    let old = sim.member("old", "r1");
    sim.room_record_begins();
    sim.published(old, "o", Some("r1"));
    sim.events(old);
    sim.record_fails();
    sim.switch_recording(ann, "r1", false);
    assert!(told(&mut sim, old).is_empty());
    let statuses = sim.events(old).into_iter();
    assert_eq!(
        statuses.filter(|e| matches!(e, Event::Stream(_))).count(),
        0
    );
}

#[test]
fn it_outlives_the_last_participant_who_vanished_and_goes_on_when_they_return() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", true);
    sim.room_record_begins();
    sim.crash(ann);
    sim.advance(secs(30));
    assert_eq!(sim.room_recorder.running.len(), 1);
    let again = sim.modern_member("ann", "r1", false);
    assert_eq!(told(&mut sim, again), [(true, Some("ann".into()), None)]);
    sim.crash(again);
    sim.advance(secs(61));
    assert!(sim.room_recorder.running.is_empty());
}

#[test]
fn two_rooms_of_one_name_in_turn_are_two_recordings_of_two_lives() {
    let mut sim = Sim::new();
    for _ in 0..2 {
        let ann = sim.modern_member("ann", "r1", true);
        sim.room_record_begins();
        sim.leave(ann, "r1");
    }
    let [first, second] = &sim.room_recorder.orders[..] else {
        panic!("two");
    };
    assert_ne!(first.recording, second.recording);
    assert_ne!(first.life, second.life);
}

#[test]
fn on_and_off_a_hundred_times_leaves_nothing_behind() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    sim.published(ann, "a", Some("r1"));
    for n in 0..100 {
        sim.switch_recording(ann, "r1", true);
        // Every third is over before it has begun.
        if n % 3 != 0 {
            sim.room_record_begins();
        }
        sim.switch_recording(ann, "r1", false);
    }
    assert_eq!(sim.room_recorder.orders.len(), 100);
    assert_eq!(sim.room_recorder.stopped.len(), 100);
    assert!(sim.recorder.running.is_empty());
    assert_eq!(sim.clients[&ann].unanswered(), 0);
}

#[test]
fn it_ends_with_the_server_and_with_a_panic() {
    let mut sim = Sim::new();
    sim.modern_member("ann", "r1", true);
    sim.room_record_begins();
    sim.input(Input::Shutdown);
    assert!(sim.room_recorder.running.is_empty());

    let mut sim = Sim::with(Settings {
        test_hooks: true,
        ..Settings::default()
    });
    let thrower = sim.modern_member("throw_panic", "r1", true);
    sim.room_record_begins();
    sim.published(thrower, "t", Some("r1"));
    sim.say(thrower, "r1", None, "1");
    assert_eq!(sim.panics, 1);
    assert!(sim.room_recorder.running.is_empty() && sim.recorder.running.is_empty());
}

#[test]
fn an_operator_pauses_a_recording_and_resumes_it() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    let id = sim.published(ann, "a", Some("r1"));
    assert_eq!(sim.pause(&id, true), Some(Err(Reason::NotRecorded)));
    sim.record(&id, true);
    sim.record_begins("a.webm");
    assert_eq!(sim.pause(&id, true), Some(Ok(())));
    assert_eq!(sim.pause(&id, true), Some(Ok(())));
    assert_eq!(sim.pause(&id, false), Some(Ok(())));
    assert_eq!(sim.recorder.pauses, [true, false], "once each");
    assert_eq!(
        sim.pause(&"nobody".into(), true),
        Some(Err(Reason::StreamNotFound))
    );
}

#[test]
fn a_repeated_command_is_carried_out_once() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    let operation = sim.operation();
    for _ in 0..2 {
        sim.command(
            ann,
            Command::Record {
                operation: Some(operation.clone()),
                room: "r1".into(),
                on: true,
            },
        );
        sim.room_record_begins();
    }
    assert_eq!(sim.room_recorder.orders.len(), 1);
    assert_eq!(sim.answer(ann, &operation), Some(Answer::Accepted));
}

#[test]
fn an_operator_puts_chosen_streams_of_any_rooms_together() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", false);
    let bob = sim.modern_member("bob", "r2", false);
    let a = sim.published(ann, "a", Some("r1"));
    let b = sim.recorded(bob, "b", Some("r2"));
    let not_found = Some(Err(Reason::RecorderNotFound));
    assert_eq!(sim.multi("x", MultiRecord::Add(a.clone())), not_found);
    assert_eq!(sim.multi("x", MultiRecord::Startup), None);
    sim.room_record_begins();
    assert_eq!(sim.recorder.unanswered(), 0);
    let exists = Some(Err(Reason::RecorderExists));
    assert_eq!(sim.multi("x", MultiRecord::Startup), exists);
    assert_eq!(sim.multi("x", MultiRecord::Add(a.clone())), Some(Ok(())));
    assert_eq!(sim.multi("x", MultiRecord::Add(b.clone())), Some(Ok(())));
    let elsewhere = Some(Err(Reason::RecordedElsewhere));
    assert_eq!(sim.multi("x", MultiRecord::Add(a.clone())), elsewhere);
    let nobody = MultiRecord::Add("nobody".into());
    let no_stream = Some(Err(Reason::StreamNotFound));
    assert_eq!(sim.multi("x", nobody), no_stream);
    assert_eq!(sim.hub.multi_recorders()[0].streams, [a.clone(), b.clone()]);
    assert_eq!(sim.recorder.running.len(), 2);
    assert!(told(&mut sim, ann).is_empty(), "it is the operator's");
    // A room that is recorded meanwhile leaves what is taken alone.
    sim.switch_recording(ann, "r1", true);
    sim.room_record_begins();
    assert_eq!(sim.recorder.running.len(), 2);
    sim.switch_recording(ann, "r1", false);
    assert_eq!(sim.multi("x", MultiRecord::Remove(a.clone())), Some(Ok(())));
    assert_eq!(sim.recorder.running.len(), 1);
    assert_eq!(sim.multi("x", MultiRecord::Remove(a)), no_stream);
    assert_eq!(sim.multi("x", MultiRecord::Terminate), Some(Ok(())));
    assert_eq!(sim.recorder.running.len(), 1, "what wants itself goes on");
    assert!(sim.room_recorder.running.is_empty());
    assert_eq!(sim.multi("x", MultiRecord::Terminate), not_found);
}

#[test]
fn a_stream_that_was_taken_out_of_a_room_and_comes_back_is_told_of_once() {
    let mut sim = Sim::new();
    let ann = sim.modern_member("ann", "r1", true);
    sim.room_record_begins();
    let a = sim.published(ann, "a", Some("r1"));
    sim.multi("x", MultiRecord::Startup);
    sim.room_record_begins();
    assert_eq!(sim.record(&a, false), Some(Ok(())), "out of the room");
    sim.multi("x", MultiRecord::Add(a.clone()));
    sim.multi("x", MultiRecord::Remove(a));
    let order = sim.recorder.orders.last().unwrap();
    let room = sim.room_recorder.orders[0].recording;
    assert_eq!(order.room_recording, Some(room), "and back in it");
    let journal = sim.room_recorder.of("r1").unwrap();
    assert_eq!(journal.streams.len(), 1);
}
