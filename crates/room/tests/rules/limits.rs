use veche_room::{Answer, CloseReason, Limits, Reason, Settings, StreamState};

use crate::sim::{Sim, secs};

fn sim(limits: Limits) -> Sim {
    Sim::with(Settings {
        limits,
        ..Settings::default()
    })
}

#[test]
fn sessions_are_counted() {
    let mut sim = sim(Limits {
        sessions: 1,
        ..Limits::default()
    });
    let first = sim.session("ann");
    let second = sim.open();
    assert_eq!(sim.closed[&second], CloseReason::Denied);
    sim.crash(first);
    sim.session("bob");
}

#[test]
fn rooms_are_counted_on_the_server_and_for_each_session() {
    let mut sim = sim(Limits {
        rooms: 2,
        rooms_per_session: 1,
        ..Limits::default()
    });
    let failed = |reason| Some(Answer::Failed(reason));
    let ann = sim.member("ann", "r1");
    assert_eq!(sim.join(ann, "r2"), failed(Reason::TooManyRoomsOfSession));
    sim.member("bob", "r2");
    let cat = sim.session("cat");
    assert_eq!(sim.join(cat, "r3"), failed(Reason::TooManyRooms));
    assert_eq!(sim.join(cat, "r2"), Some(Answer::Accepted));
}

#[test]
fn streams_and_plays_are_counted_for_each_session() {
    let mut sim = sim(Limits {
        streams_per_session: 1,
        plays_per_session: 1,
        ..Limits::default()
    });
    let ann = sim.member("ann", "r1");
    sim.published(ann, "one", Some("r1"));
    let second = sim.publish(ann, "two", Some("r1"));
    assert_eq!(sim.reason(ann, &second), Some(Reason::TooManyStreams));
    let first = sim.played(ann, "one", Some("r1"));
    let second = sim.play(ann, "one", Some("r1"));
    assert_eq!(sim.reason(ann, &second), Some(Reason::TooManyPlays));
    sim.stop(ann, &first);
    sim.played(ann, "one", Some("r1"));
}

#[test]
fn names_and_ids_have_a_length() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let long = sim.publish(ann, &"x".repeat(1_025), Some("r1"));
    assert_eq!(sim.reason(ann, &long), Some(Reason::NameTooLong));
    let mut request = sim.request("s", Some("r1"));
    request.media_session = "x".repeat(129).as_str().into();
    let id = request.media_session.clone();
    sim.command(ann, veche_room::Command::Publish(request));
    assert_eq!(sim.reason(ann, &id), Some(Reason::IdTooLong));
    let eve = sim.session(&"e".repeat(257));
    assert_eq!(sim.closed[&eve], CloseReason::Denied);
}

#[test]
fn commands_are_limited_in_the_long_run_and_messages_apart_from_them() {
    let mut sim = sim(Limits {
        command_burst: 4,
        commands_per_second: 1,
        message_burst: 2,
        messages_per_second: 1,
        ..Limits::default()
    });
    let ann = sim.member("ann", "r1");
    sim.member("bob", "r1");
    let limited = Some(Answer::Failed(Reason::RateLimited));
    for _ in 0..2 {
        assert!(matches!(
            sim.say(ann, "r1", None, "1"),
            Some(Answer::Said { .. })
        ));
        assert_eq!(sim.join(ann, "r1"), Some(Answer::Accepted));
    }
    assert_eq!(sim.say(ann, "r1", None, "1"), limited);
    assert_eq!(sim.join(ann, "r1"), limited);
    sim.advance(secs(1));
    assert_eq!(sim.join(ann, "r1"), Some(Answer::Accepted));
    assert_eq!(sim.join(ann, "r1"), limited);
}

#[test]
fn what_ends_something_is_done_even_when_limited() {
    let mut sim = sim(Limits {
        command_burst: 3,
        commands_per_second: 1,
        ..Limits::default()
    });
    let ann = sim.member("ann", "r1");
    let id = sim.published(ann, "s", Some("r1"));
    sim.unpublish(ann, &id);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Unpublished));
    assert_eq!(sim.leave(ann, "r1"), Some(Answer::Accepted));
}

#[test]
fn whoever_goes_on_after_many_refusals_is_cut_off() {
    let mut sim = sim(Limits {
        message_burst: 1,
        messages_per_second: 1,
        flood_refusals: 10,
        ..Limits::default()
    });
    let ann = sim.member("ann", "r1");
    for _ in 0..12 {
        sim.say(ann, "r1", None, "1");
    }
    assert_eq!(sim.closed[&ann], CloseReason::Flood);
}

#[test]
fn the_handshake_is_limited_too() {
    let mut sim = sim(Limits {
        command_burst: 2,
        commands_per_second: 1,
        flood_refusals: 3,
        ..Limits::default()
    });
    let ann = sim.open();
    for _ in 0..6 {
        sim.stop(ann, &"m".into());
    }
    assert_eq!(sim.closed[&ann], CloseReason::Flood);
    let bob = sim.session("bob");
    for _ in 0..5 {
        let connect = veche_room::Connect {
            rooms: true,
            login: None,
            resume: None,
        };
        sim.command(bob, veche_room::Command::Connect(connect));
    }
    assert_eq!(sim.closed[&bob], CloseReason::Flood);
}

#[test]
fn memory_of_operations_is_bounded() {
    let mut sim = sim(Limits {
        remembered_operations: 2,
        command_burst: 1_000,
        ..Limits::default()
    });
    let ann = sim.member("ann", "r1");
    for _ in 0..100 {
        sim.join(ann, "r1");
    }
    assert_eq!(sim.clients[&ann].unanswered(), 0);
}
