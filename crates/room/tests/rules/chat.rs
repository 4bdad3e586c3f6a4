use veche_room::{Answer, ChatMessage, Limits, Reason, RoomEvent, Settings};

use crate::sim::{EPOCH_MS, Sim, ms};

fn messages(events: Vec<RoomEvent>) -> Vec<ChatMessage> {
    let events = events.into_iter();
    events
        .filter_map(|event| match event {
            RoomEvent::Message(message) => Some(message),
            _ => None,
        })
        .collect()
}

#[test]
fn a_message_reaches_its_recipient_alone_and_unchanged() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    let cat = sim.member("cat", "r1");
    sim.advance(ms(70));
    let text = "\"привет 你好 👋 \\u0000\"";
    let said = Answer::Said {
        id: 1,
        time_ms: EPOCH_MS + 70,
    };
    assert_eq!(sim.say(ann, "r1", Some("bob"), text), Some(said));
    let heard = messages(sim.room_events(bob));
    assert_eq!(heard[0].text.as_str(), text);
    assert_eq!(heard[0].from.as_str(), "ann");
    assert!(!heard[0].broadcast);
    assert!(messages(sim.room_events(cat)).is_empty());
}

#[test]
fn a_broadcast_reaches_everybody_else_and_history_remembers_it() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.say(ann, "r1", Some("bob"), "\"private\"");
    sim.say(ann, "r1", None, "\"one\"");
    sim.say(bob, "r1", None, "\"two\"");
    assert_eq!(messages(sim.room_events(ann)).len(), 1);
    let cat = sim.session("cat");
    sim.join_as(cat, "r1", None, Some(0));
    let events = sim.room_events(cat);
    let [RoomEvent::State(_), RoomEvent::History(history)] = &events[..] else {
        panic!("{events:?}");
    };
    let texts: Vec<_> = history
        .iter()
        .map(|message| message.text.as_str())
        .collect();
    assert_eq!(texts, ["\"one\"", "\"two\""]);
    let dan = sim.session("dan");
    sim.join_as(dan, "r1", None, Some(history[0].id));
    let events = sim.room_events(dan);
    let RoomEvent::History(newer) = &events[1] else {
        panic!("{events:?}");
    };
    assert_eq!(newer.len(), 1);
}

#[test]
fn history_is_bounded_in_number_and_in_bytes() {
    let mut sim = Sim::with(Settings {
        limits: Limits {
            chat_history: 3,
            chat_history_bytes: 100,
            ..Limits::default()
        },
        ..Settings::default()
    });
    let ann = sim.member("ann", "r1");
    for text in ["1", "2", "3", "4"] {
        sim.say(ann, "r1", None, text);
    }
    let mut history = |login: &str| {
        let session = sim.session(login);
        sim.join_as(session, "r1", None, Some(0));
        let events = sim.room_events(session);
        let RoomEvent::History(history) = &events[1] else {
            panic!("{events:?}");
        };
        let count = history.len();
        sim.say(ann, "r1", None, &"x".repeat(96));
        count
    };
    assert_eq!(history("bob"), 3);
    assert_eq!(history("cat"), 1, "the long one pushed the others out");
}

#[test]
fn messages_to_nobody_from_outside_or_to_oneself_are_refused() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r2");
    let failed = |reason| Some(Answer::Failed(reason));
    assert_eq!(
        sim.say(ann, "r1", Some("bob"), "1"),
        failed(Reason::NoSuchRecipient)
    );
    assert_eq!(
        sim.say(ann, "r1", Some("ann"), "1"),
        failed(Reason::NoSuchRecipient)
    );
    assert_eq!(
        sim.say(bob, "r1", Some("ann"), "1"),
        failed(Reason::NotInRoom)
    );
    assert_eq!(sim.say(bob, "r1", None, "1"), failed(Reason::NotInRoom));
    let long = "x".repeat(16_385);
    assert_eq!(
        sim.say(ann, "r1", None, &long),
        failed(Reason::MessageTooLong)
    );
}
