use veche_room::{Answer, Command, Join, Limits, Login, Reason, RoomEvent, Settings};

use crate::sim::{Sim, ms, secs};

fn limited(limits: Limits) -> Sim {
    Sim::with(Settings {
        limits,
        ..Settings::default()
    })
}

#[test]
fn the_first_join_creates_the_room_and_the_second_is_told_who_is_in() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    assert_eq!(sim.room_events(ann), [RoomEvent::State(vec![])]);
    let bob = sim.member("bob", "r1");
    let ann_alone = vec![(Login::from("ann"), vec![])];
    assert_eq!(sim.room_events(bob), [RoomEvent::State(ann_alone)]);
    assert_eq!(sim.room_events(ann), [RoomEvent::Joined("bob".into())]);
}

#[test]
fn leave_then_join_at_once_works() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.room_events(bob);
    assert_eq!(sim.leave(ann, "r1"), Some(Answer::Accepted));
    assert_eq!(sim.join(ann, "r1"), Some(Answer::Accepted));
    let seen = [
        RoomEvent::Left("ann".into()),
        RoomEvent::Joined("ann".into()),
    ];
    assert_eq!(sim.room_events(bob), seen);
}

#[test]
fn a_lost_connection_is_left_at_once_and_frees_the_login() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.room_events(bob);
    sim.crash(ann);
    assert_eq!(sim.room_events(bob), [RoomEvent::Left("ann".into())]);
    sim.member("ann", "r1");
}

#[test]
fn joining_again_is_accepted_without_a_second_state() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.room_events(ann);
    assert_eq!(sim.join(ann, "r1"), Some(Answer::Accepted));
    assert_eq!(sim.room_events(ann), []);
}

#[test]
fn one_session_is_in_several_rooms() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    assert_eq!(sim.join(ann, "r2"), Some(Answer::Accepted));
    assert_eq!(sim.hub.counts().rooms, 2);
    sim.leave(ann, "r1");
    assert_eq!(sim.hub.counts().rooms, 1);
}

#[test]
fn a_room_ends_with_the_last_leave() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.leave(ann, "r1");
    assert_eq!(sim.hub.counts().rooms, 0);
}

#[test]
fn a_room_waits_for_those_who_vanished() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.crash(ann);
    sim.advance(ms(59_999));
    assert_eq!(sim.hub.counts().rooms, 1);
    sim.advance(ms(1));
    assert_eq!(sim.hub.counts().rooms, 0);
}

#[test]
fn a_waiting_room_keeps_its_capacity_and_its_chat() {
    let mut sim = Sim::new();
    let ann = sim.session("ann");
    sim.join_as(ann, "r1", Some(1), None);
    sim.say(ann, "r1", None, "\"hello\"");
    sim.crash(ann);
    sim.advance(secs(30));
    let bob = sim.session("bob");
    sim.join_as(bob, "r1", Some(9), Some(0));
    let events = sim.room_events(bob);
    let RoomEvent::History(history) = &events[1] else {
        panic!("no history: {events:?}");
    };
    assert_eq!(history[0].text.as_str(), "\"hello\"");
    let cat = sim.session("cat");
    let full = Answer::Failed(Reason::RoomFull);
    assert_eq!(sim.join(cat, "r1"), Some(full));
    sim.advance(secs(120));
    assert_eq!(sim.hub.counts().rooms, 1, "somebody is in");
}

#[test]
fn a_full_room_takes_nobody_and_says_so_before_anybody_sees_them() {
    let mut sim = limited(Limits {
        room_capacity: 2,
        ..Limits::default()
    });
    let ann = sim.member("ann", "r1");
    sim.member("bob", "r1");
    sim.room_events(ann);
    let cat = sim.session("cat");
    let full = Answer::Failed(Reason::RoomFull);
    assert_eq!(sim.join_as(cat, "r1", Some(3), None), Some(full));
    assert_eq!(sim.room_events(ann), []);
}

#[test]
fn the_creator_may_want_less_than_the_server_allows_but_not_more() {
    let mut sim = limited(Limits {
        room_capacity: 2,
        ..Limits::default()
    });
    let ann = sim.session("ann");
    sim.join_as(ann, "small", Some(1), None);
    sim.join_as(ann, "large", Some(100), None);
    let bob = sim.session("bob");
    let full = Some(Answer::Failed(Reason::RoomFull));
    assert_eq!(sim.join(bob, "small"), full);
    assert_eq!(sim.join(bob, "large"), Some(Answer::Accepted));
    let cat = sim.session("cat");
    assert_eq!(sim.join(cat, "large"), full);
}

#[test]
fn a_living_holder_keeps_the_login() {
    let mut sim = Sim::new();
    sim.member("ann", "r1");
    let other = sim.session("ann");
    let taken = Some(Answer::Failed(Reason::LoginInUse));
    assert_eq!(sim.join(other, "r1"), taken);
    assert_eq!(sim.join(other, "r2"), Some(Answer::Accepted));
}

#[test]
fn leaving_what_one_is_not_in_is_accepted() {
    let mut sim = Sim::new();
    let ann = sim.session("ann");
    assert_eq!(sim.leave(ann, "r1"), Some(Answer::Accepted));
    let bob = sim.member("bob", "r1");
    assert_eq!(sim.leave(ann, "r1"), Some(Answer::Accepted));
    assert_eq!(sim.room_events(bob).len(), 1, "only the state");
}

#[test]
fn joins_that_name_nobody_or_nothing_are_refused() {
    let mut sim = Sim::new();
    let plain = sim.plain();
    let refused = |reason| Some(Answer::Failed(reason));
    assert_eq!(sim.join(plain, "r1"), refused(Reason::NotARoomSession));
    let ann = sim.session("ann");
    assert_eq!(sim.join(ann, ""), refused(Reason::RoomNameMissing));
    assert_eq!(sim.join(ann, "a\0b"), refused(Reason::NameBad));
    let long = "x".repeat(257);
    assert_eq!(sim.join(ann, &long), refused(Reason::NameTooLong));
    assert_eq!(sim.hub.counts().rooms, 0);
}

#[test]
fn a_repeated_operation_is_answered_as_before_and_not_done_again() {
    let mut sim = Sim::new();
    let ann = sim.session("ann");
    let operation = sim.operation();
    let join = Command::Join {
        operation: Some(operation.clone()),
        join: Join {
            room: "r1".into(),
            capacity: None,
            history_since: None,
            record: false,
        },
    };
    sim.command(ann, join.clone());
    sim.leave(ann, "r1");
    sim.command(ann, join);
    assert_eq!(sim.answer(ann, &operation), Some(Answer::Accepted));
    assert_eq!(sim.hub.counts().participants, 0, "not joined a second time");
}

#[test]
fn a_command_without_an_id_is_done_and_answered_without_one() {
    let mut sim = Sim::new();
    let ann = sim.session("ann");
    let join = Join {
        room: "r1".into(),
        capacity: None,
        history_since: None,
        record: false,
    };
    sim.command(
        ann,
        Command::Join {
            operation: None,
            join,
        },
    );
    assert_eq!(sim.hub.counts().participants, 1);
    let answered = |event: &veche_room::Event| {
        matches!(
            event,
            veche_room::Event::Answered {
                operation: None,
                answer: Answer::Accepted
            }
        )
    };
    assert!(sim.events(ann).iter().any(answered));
}

#[test]
fn the_test_hooks_throw_only_when_they_are_on() {
    let mut sim = Sim::new();
    sim.member("throw_join_exception", "r1");
    let mut sim = Sim::with(Settings {
        test_hooks: true,
        ..Settings::default()
    });
    let hook = sim.session("throw_join_exception");
    let thrown = Some(Answer::Failed(Reason::JoinException));
    assert_eq!(sim.join(hook, "r1"), thrown);
    let hook = sim.member("throw_message_exception", "r1");
    sim.member("bob", "r1");
    let thrown = Some(Answer::Failed(Reason::MessageException));
    assert_eq!(sim.say(hook, "r1", Some("bob"), "1"), thrown);
}
