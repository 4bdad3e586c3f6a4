use veche_room::{Command, Event, Json, MediaSessionId, Reason, SessionId, StreamEventKind};

use crate::sim::Sim;

fn tell(
    sim: &mut Sim,
    who: SessionId,
    id: &MediaSessionId,
    kind: StreamEventKind,
    payload: Option<&str>,
) {
    sim.command(
        who,
        Command::StreamEvent {
            media_session: id.clone(),
            kind: Some(kind),
            payload: payload.map(Json::new),
        },
    );
}

#[test]
fn players_hear_it_under_their_own_id() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    let stream = sim.published(ann, "s", Some("r1"));
    let play = sim.played(bob, "s", Some("r1"));
    sim.events(bob);
    tell(
        &mut sim,
        ann,
        &stream,
        StreamEventKind::Data,
        Some("{\"a\":1}"),
    );
    let events = sim.events(bob);
    let [
        Event::StreamEvent {
            media_session,
            payload,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(media_session, &play);
    assert_eq!(payload.as_ref().unwrap().as_str(), "{\"a\":1}");
}

#[test]
fn case_36_players_and_strangers_cannot_speak_for_the_publisher() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    let stream = sim.published(ann, "s", Some("r1"));
    let play = sim.played(bob, "s", Some("r1"));
    sim.events(ann);
    sim.events(bob);
    tell(&mut sim, bob, &play, StreamEventKind::Data, None);
    tell(&mut sim, bob, &stream, StreamEventKind::AudioMuted, None);
    let refusals = [Reason::OnlyPublisher, Reason::StreamNotFound];
    assert_eq!(sim.clients[&bob].refusals, refusals);
    assert!(sim.events(ann).is_empty());
}

#[test]
fn an_endless_payload_is_refused() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let stream = sim.published(ann, "s", Some("r1"));
    let long = "x".repeat(16_385);
    tell(&mut sim, ann, &stream, StreamEventKind::Data, Some(&long));
    assert_eq!(sim.clients[&ann].refusals, [Reason::MessageTooLong]);
}
