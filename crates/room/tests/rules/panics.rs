use veche_room::{Answer, CloseReason, RoomEvent, Settings};

use crate::sim::Sim;

#[test]
fn whoever_panics_cannot_choose_the_room_that_it_costs() {
    let mut sim = Sim::with(Settings {
        test_hooks: true,
        ..Settings::default()
    });
    let ann = sim.member("ann", "r1");
    let thrower = sim.member("throw_panic", "r2");
    let not_in_room = Answer::Failed(veche_room::Reason::NotInRoom);
    assert_eq!(sim.say(thrower, "r1", None, "1"), Some(not_in_room));
    sim.say(thrower, "r2", None, "1");
    assert_eq!(sim.panics, 1);
    assert!(sim.clients.contains_key(&ann));
}

#[test]
fn a_panic_costs_its_room_and_nothing_else() {
    let mut sim = Sim::with(Settings {
        test_hooks: true,
        ..Settings::default()
    });
    let thrower = sim.member("throw_panic", "broken");
    let victim = sim.member("ann", "broken");
    sim.join(victim, "sound");
    sim.published(victim, "s", Some("broken"));
    let bob = sim.member("bob", "sound");
    sim.published(bob, "t", Some("sound"));
    sim.room_events(bob);

    sim.say(thrower, "broken", None, "1");

    assert_eq!(sim.panics, 1);
    assert_eq!(sim.closed[&thrower], CloseReason::Fault);
    assert_eq!(sim.closed[&victim], CloseReason::Fault);
    assert_eq!(sim.room_events(bob), [RoomEvent::Left("ann".into())]);
    assert_eq!(sim.hub.counts().rooms, 1);
    assert_eq!(sim.engine.open_count(), 1);

    // The names are free, the room can be made anew.
    let again = sim.member("ann", "broken");
    sim.published(again, "s", Some("broken"));
    assert!(matches!(
        sim.say(bob, "sound", None, "1"),
        Some(Answer::Said { .. })
    ));
}
