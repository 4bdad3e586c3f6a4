use veche_room::{CloseReason, Connect, Event, Input, Reason, RoomEvent};

use crate::sim::{Sim, ms, secs};

#[test]
fn a_session_is_pinged_every_interval() {
    let mut sim = Sim::new();
    let ann = sim.session("ann");
    sim.events(ann);
    sim.advance(secs(15));
    let pings = sim.events(ann).into_iter();
    assert_eq!(
        pings.filter(|event| matches!(event, Event::Ping)).count(),
        3
    );
}

#[test]
fn ten_unanswered_pings_end_a_session() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.clients.get_mut(&ann).unwrap().answers_pings = false;
    sim.room_events(bob);
    sim.advance(ms(54_999));
    assert!(sim.clients.contains_key(&ann));
    sim.advance(ms(1));
    assert_eq!(sim.closed[&ann], CloseReason::Idle);
    assert_eq!(sim.room_events(bob), [RoomEvent::Left("ann".into())]);
}

#[test]
fn any_frame_is_a_sign_of_life() {
    let mut sim = Sim::new();
    let ann = sim.session("ann");
    sim.clients.get_mut(&ann).unwrap().answers_pings = false;
    for _ in 0..20 {
        sim.advance(secs(9));
        sim.input(Input::FrameSeen { session: ann });
    }
    assert!(sim.clients.contains_key(&ann));
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let mut sim = Sim::new();
    let silent = sim.open();
    sim.advance(secs(10));
    assert_eq!(sim.closed[&silent], CloseReason::Silent);
}

#[test]
fn nothing_is_done_before_the_handshake() {
    let mut sim = Sim::new();
    let ann = sim.open();
    let refused = veche_room::Answer::Failed(Reason::NotConnected);
    assert_eq!(sim.join(ann, "r1"), Some(refused));
    let id = sim.publish(ann, "s", None);
    assert_eq!(sim.reason(ann, &id), Some(Reason::NotConnected));
    sim.stop(ann, &id);
    assert_eq!(sim.clients[&ann].refusals, [Reason::NotConnected]);
    assert_eq!(sim.hub.counts().rooms, 0);
}

#[test]
fn a_second_handshake_is_refused_and_changes_nothing() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.command(
        ann,
        veche_room::Command::Connect(Connect {
            rooms: false,
            login: Some("eve".into()),
            resume: None,
        }),
    );
    assert_eq!(sim.clients[&ann].refusals, [Reason::AlreadyConnected]);
    assert_eq!(sim.hub.counts().participants, 1);
}

#[test]
fn a_shutdown_closes_everybody_and_takes_nobody_any_more() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.published(ann, "s", Some("r1"));
    sim.input(Input::Shutdown);
    assert_eq!(sim.closed[&ann], CloseReason::Shutdown);
    assert_eq!(sim.engine.open_count(), 0);
    let late = sim.open();
    assert_eq!(sim.closed[&late], CloseReason::Denied);
    assert_eq!(sim.hub.counts(), veche_room::Counts::default());
}
