use veche_room::{Answer, CloseReason, RoomEvent};

use crate::sim::{Sim, ms, secs};

#[test]
fn a_reloaded_page_gets_its_login_back_at_once() {
    let mut sim = Sim::new();
    let old = sim.session_with_token("ann", None);
    sim.join(old, "r1");
    let bob = sim.member("bob", "r1");
    sim.room_events(bob);
    let token = sim.clients[&old].token.clone();
    let new = sim.session_with_token("ann", token.as_deref());
    assert_eq!(sim.closed[&old], CloseReason::Replaced);
    assert!(sim.clients[&new].resumed);
    assert_eq!(sim.clients[&new].token, token, "the chain goes on");
    assert_eq!(sim.room_events(bob), [RoomEvent::Left("ann".into())]);
    assert_eq!(sim.join(new, "r1"), Some(Answer::Accepted));
}

#[test]
fn a_token_of_somebody_else_is_worth_nothing() {
    let mut sim = Sim::new();
    let ann = sim.session_with_token("ann", None);
    let token = sim.clients[&ann].token.clone();
    let bob = sim.session_with_token("bob", token.as_deref());
    assert!(!sim.closed.contains_key(&ann));
    assert!(!sim.clients[&bob].resumed);
    assert_ne!(sim.clients[&bob].token, token);
}

#[test]
fn a_token_outlives_its_session_for_the_window_only() {
    let mut sim = Sim::new();
    let ann = sim.session_with_token("ann", None);
    let token = sim.clients[&ann].token.clone();
    sim.crash(ann);
    sim.advance(secs(119));
    let again = sim.session_with_token("ann", token.as_deref());
    assert!(sim.clients[&again].resumed);
    sim.crash(again);
    sim.advance(secs(120) + ms(1));
    let late = sim.session_with_token("ann", token.as_deref());
    assert!(!sim.clients[&late].resumed);
}

#[test]
fn a_client_that_presents_nonsense_gets_a_new_token() {
    let mut sim = Sim::new();
    let ann = sim.session_with_token("ann", Some("nonsense"));
    assert!(!sim.clients[&ann].resumed);
    assert_ne!(sim.clients[&ann].token.as_deref(), Some("nonsense"));
}
