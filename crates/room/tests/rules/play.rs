use veche_room::{Command, Event, Input, Reason, RoomEvent, StreamState, VideoSize};

use crate::sim::{Sim, secs};

#[test]
fn what_does_not_exist_is_not_found() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.play(ann, "nothing", Some("r1"));
    assert_eq!(sim.state(ann, &id), Some(StreamState::Failed));
    assert_eq!(sim.reason(ann, &id), Some(Reason::StreamNotFound));
}

#[test]
fn a_stream_that_is_being_set_up_is_not_ready() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.publish(ann, "s", Some("r1"));
    let id = sim.play(bob, "s", Some("r1"));
    assert_eq!(sim.reason(bob, &id), Some(Reason::PublishNotReady));
}

#[test]
fn case_36_a_stream_of_another_room_is_not_found() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.published(ann, "s", Some("r1"));
    let eve = sim.member("eve", "r2");
    for room in [Some("r1"), Some("r2"), None] {
        let id = sim.play(eve, "s", room);
        assert_eq!(sim.reason(eve, &id), Some(Reason::StreamNotFound));
    }
    let plain = sim.plain();
    let id = sim.play(plain, "s", Some("r1"));
    assert_eq!(sim.reason(plain, &id), Some(Reason::StreamNotFound));
}

#[test]
fn case_36_ids_of_others_stop_nothing() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    let stream = sim.published(ann, "s", Some("r1"));
    let play = sim.played(bob, "s", Some("r1"));
    let eve = sim.member("eve", "r1");
    sim.unpublish(eve, &stream);
    sim.stop(eve, &play);
    assert_eq!(sim.state(eve, &stream), Some(StreamState::Unpublished));
    assert_eq!(sim.state(eve, &play), Some(StreamState::Stopped));
    assert_eq!(sim.state(ann, &stream), Some(StreamState::Publishing));
    assert_eq!(sim.state(bob, &play), Some(StreamState::Playing));
}

#[test]
fn one_session_plays_one_stream_several_times_also_its_own() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let stream = sim.published(ann, "s", Some("r1"));
    let first = sim.played(ann, "s", Some("r1"));
    let second = sim.played(ann, "s", Some("r1"));
    sim.stop(ann, &first);
    assert_eq!(sim.state(ann, &first), Some(StreamState::Stopped));
    assert_eq!(sim.state(ann, &second), Some(StreamState::Playing));
    sim.unpublish(ann, &stream);
    assert_eq!(sim.state(ann, &second), Some(StreamState::Failed));
}

#[test]
fn stray_stops_are_answered_as_done() {
    let mut sim = Sim::new();
    let ann = sim.session("ann");
    sim.stop(ann, &"unknown".into());
    assert_eq!(
        sim.state(ann, &"unknown".into()),
        Some(StreamState::Stopped)
    );
    sim.unpublish(ann, &"other".into());
    assert_eq!(
        sim.state(ann, &"other".into()),
        Some(StreamState::Unpublished)
    );
}

#[test]
fn a_play_is_stopped_when_its_room_is_left_and_a_late_stop_is_answered() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.published(ann, "s", Some("r1"));
    let play = sim.played(bob, "s", Some("r1"));
    sim.room_events(ann);
    sim.leave(bob, "r1");
    assert_eq!(sim.state(bob, &play), Some(StreamState::Stopped));
    sim.stop(bob, &play);
    assert_eq!(sim.room_events(ann), [RoomEvent::Left("bob".into())]);
    assert_eq!(sim.engine.open_count(), 1);
}

#[test]
fn a_publisher_that_vanishes_fails_its_players() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.published(ann, "s", Some("r1"));
    let playing = sim.played(bob, "s", Some("r1"));
    let pending = sim.play(bob, "s", Some("r1"));
    sim.crash(ann);
    for id in [playing, pending] {
        assert_eq!(sim.reason(bob, &id), Some(Reason::StoppedByPublisher));
    }
    sim.settle();
    assert_eq!(sim.engine.open_count(), 0);
}

#[test]
fn a_player_that_cannot_decode_is_told_at_once() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.published(ann, "s", Some("r1"));
    let id = sim.play(bob, "s", Some("r1"));
    let transport = sim.engine.next_asked().unwrap();
    sim.answer_offer(transport, Some(Reason::NoCommonCodecs));
    assert_eq!(sim.reason(bob, &id), Some(Reason::NoCommonCodecs));
}

#[test]
fn a_play_that_never_connects_fails_in_time() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.published(ann, "s", Some("r1"));
    let id = sim.play(ann, "s", Some("r1"));
    sim.advance(secs(30));
    assert_eq!(sim.reason(ann, &id), Some(Reason::IceTimeout));
}

#[test]
fn a_page_that_closes_its_connection_first_has_stopped() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.published(ann, "s", Some("r1"));
    let id = sim.played(ann, "s", Some("r1"));
    let transport = *sim.engine.transports.keys().last().unwrap();
    sim.failed(transport, Reason::StoppedByUser);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Stopped));
}

#[test]
fn a_late_player_is_told_the_size_and_who_is_muted() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let stream = sim.published(ann, "s", Some("r1"));
    let size = VideoSize {
        width: 640,
        height: 360,
    };
    let transport = sim.engine.publish_orders[0].transport;
    sim.input(Input::VideoSize { transport, size });
    sim.command(
        ann,
        Command::StreamEvent {
            media_session: stream,
            kind: Some(veche_room::StreamEventKind::AudioMuted),
            payload: None,
        },
    );
    let bob = sim.member("bob", "r1");
    sim.played(bob, "s", Some("r1"));
    let events = sim.events(bob);
    let details = events.iter().find_map(|event| match event {
        Event::Stream(status) => status.details,
        _ => None,
    });
    let details = details.expect("PLAYING has details");
    assert!(details.audio_muted && !details.video_muted);
    assert_eq!(details.size, size);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Resized { .. }))
    );
}

#[test]
fn available_streams_are_those_that_can_be_played() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.published(ann, "flowing", Some("r1"));
    sim.publish(ann, "pending", Some("r1"));
    let eve = sim.member("eve", "r2");
    let mut ask = |session, name: &str| {
        sim.events(session);
        sim.command(
            session,
            Command::Available {
                media_session: "q".into(),
                name: name.into(),
            },
        );
        match sim.events(session)[..] {
            [Event::Available { available, .. }] => available,
            ref other => panic!("{other:?}"),
        }
    };
    assert!(ask(ann, "flowing"));
    assert!(!ask(ann, "pending"));
    assert!(!ask(ann, "nothing"));
    assert!(!ask(eve, "flowing"));
}
