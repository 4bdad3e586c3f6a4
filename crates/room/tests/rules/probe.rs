use veche_room::{Answer, CloseReason, Command, Join, Reason, RoomEvent};

use crate::sim::{Sim, ms};

fn dead_holder(sim: &mut Sim) -> veche_room::SessionId {
    let ann = sim.member("ann", "r1");
    sim.clients.get_mut(&ann).unwrap().answers_pings = false;
    sim.advance(ms(1_000));
    ann
}

#[test]
fn a_dead_holder_loses_the_login_after_the_probe() {
    let mut sim = Sim::new();
    let dead = dead_holder(&mut sim);
    let bob = sim.member("bob", "r1");
    sim.room_events(bob);
    let ann = sim.session("ann");
    assert_eq!(sim.join(ann, "r1"), None, "undecided");
    sim.advance(ms(1_999));
    assert!(!sim.closed.contains_key(&dead));
    sim.advance(ms(1));
    assert_eq!(sim.closed[&dead], CloseReason::Idle);
    let seen = [
        RoomEvent::Left("ann".into()),
        RoomEvent::Joined("ann".into()),
    ];
    assert_eq!(sim.room_events(bob), seen);
    assert_eq!(sim.clients[&ann].unanswered(), 0);
}

#[test]
fn a_holder_that_answers_the_probe_keeps_the_login() {
    let mut sim = Sim::new();
    sim.member("ann", "r1");
    sim.advance(ms(1_500));
    let other = sim.session("ann");
    let taken = Some(Answer::Failed(Reason::LoginInUse));
    assert_eq!(sim.join(other, "r1"), taken);
}

#[test]
fn a_holder_that_leaves_during_the_probe_makes_way() {
    let mut sim = Sim::new();
    let dead = dead_holder(&mut sim);
    let ann = sim.session("ann");
    assert_eq!(sim.join(ann, "r1"), None);
    sim.crash(dead);
    assert_eq!(sim.clients[&ann].unanswered(), 0);
    assert!(sim.clients[&ann].rooms.contains_key("r1"));
}

#[test]
fn only_one_join_waits_for_a_login() {
    let mut sim = Sim::new();
    dead_holder(&mut sim);
    let first = sim.session("ann");
    assert_eq!(sim.join(first, "r1"), None);
    let second = sim.session("ann");
    let taken = Some(Answer::Failed(Reason::LoginInUse));
    assert_eq!(sim.join(second, "r1"), taken);
}

#[test]
fn a_joiner_that_leaves_or_goes_does_not_wait_any_more() {
    let mut sim = Sim::new();
    let dead = dead_holder(&mut sim);
    let ann = sim.session("ann");
    sim.join(ann, "r1");
    assert_eq!(sim.leave(ann, "r1"), Some(Answer::Accepted));
    assert_eq!(sim.clients[&ann].unanswered(), 0);
    sim.join(ann, "r1");
    sim.crash(ann);
    sim.advance(ms(2_000));
    assert!(!sim.closed.contains_key(&dead), "nobody wants the login");
}

#[test]
fn a_repeated_join_that_waits_is_answered_once() {
    let mut sim = Sim::new();
    dead_holder(&mut sim);
    let ann = sim.session("ann");
    let operation = sim.operation();
    for _ in 0..3 {
        let join = Join {
            room: "r1".into(),
            capacity: None,
            history_since: None,
            record: false,
        };
        let operation = Some(operation.clone());
        sim.command(ann, Command::Join { operation, join });
    }
    sim.advance(ms(2_000));
    assert_eq!(sim.answer(ann, &operation), Some(Answer::Accepted));
    let answers = sim.events(ann).into_iter();
    let answers = answers.filter(|event| matches!(event, veche_room::Event::Answered { .. }));
    assert_eq!(answers.count(), 1);
}
