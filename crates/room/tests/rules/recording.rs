use veche_room::{
    Event, Input, MediaSessionId, Reason, SessionId, Settings, StreamState, StreamStatus,
};

use crate::sim::Sim;

/// What the client was told of its stream, in order.
fn statuses(sim: &mut Sim, session: SessionId, id: &MediaSessionId) -> Vec<StreamStatus> {
    let events = sim.events(session).into_iter();
    events
        .filter_map(|event| match event {
            Event::Stream(status) if status.media_session == *id => Some(*status),
            _ => None,
        })
        .collect()
}

#[test]
fn what_is_to_be_recorded_is_recorded_from_its_first_media_to_its_end() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.recorded(ann, "s", Some("r1"));
    let order = sim.recorder.orders[0].clone();
    assert_eq!(order.login, Some("ann".into()));
    assert_eq!(order.room, Some("r1".into()));
    assert_eq!(order.media_session, id);
    assert!(order.video.is_some() && order.audio.is_some());
    sim.record_begins("stream-1.webm");
    sim.unpublish(ann, &id);
    assert!(sim.recorder.running.is_empty());
    let told = statuses(&mut sim, ann, &id);
    assert_eq!(told[0].state, StreamState::Publishing);
    assert!(told[0].record);
    assert_eq!(told[0].record_name, None, "there is no file yet");
    assert_eq!(told[1].state, StreamState::Unpublished);
    assert!(told[1].record);
    assert_eq!(told[1].record_name, Some("stream-1.webm".into()));
}

#[test]
fn what_is_not_to_be_recorded_is_not() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.published(ann, "s", Some("r1"));
    assert!(sim.recorder.orders.is_empty());
    assert!(!statuses(&mut sim, ann, &id)[0].record);

    let mut off = Sim::with(Settings {
        record_streams: false,
        ..Settings::default()
    });
    let bob = off.member("bob", "r1");
    off.recorded(bob, "s", Some("r1"));
    assert!(off.recorder.orders.is_empty());
}

#[test]
fn record_all_records_those_who_did_not_ask() {
    let mut sim = Sim::with(Settings {
        record_all: true,
        ..Settings::default()
    });
    let ann = sim.member("ann", "r1");
    sim.published(ann, "s", Some("r1"));
    assert_eq!(sim.recorder.running.len(), 1);
}

#[test]
fn a_broken_stream_has_its_recording_ended_and_named() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.recorded(ann, "s", Some("r1"));
    sim.record_begins("a.webm");
    let transport = sim.engine.publish_orders[0].transport;
    sim.failed(transport, Reason::IceKeepAlive);
    let last = statuses(&mut sim, ann, &id).pop().unwrap();
    assert_eq!(last.state, StreamState::Failed);
    assert_eq!(last.record_name, Some("a.webm".into()));
}

#[test]
fn a_recording_ends_with_its_session_and_with_the_server() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.recorded(ann, "s", Some("r1"));
    sim.crash(ann);
    assert!(sim.recorder.running.is_empty());

    let bob = sim.member("bob", "r1");
    sim.recorded(bob, "t", Some("r1"));
    assert_eq!(sim.recorder.running.len(), 1);
    sim.input(Input::Shutdown);
    assert!(sim.recorder.running.is_empty());
}

#[test]
fn a_recording_that_failed_is_not_stopped_and_is_not_claimed() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.recorded(ann, "s", Some("r1"));
    sim.record_fails();
    sim.unpublish(ann, &id);
    let last = statuses(&mut sim, ann, &id).pop().unwrap();
    assert!(!last.record);
}

#[test]
fn an_operator_starts_and_stops_a_live_stream() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.published(ann, "s", Some("r1"));
    assert_eq!(sim.record(&id, false), Some(Err(Reason::NotRecorded)));
    assert_eq!(sim.record(&id, true), None, "answered when it runs");
    sim.record_begins("a.webm");
    assert_eq!(sim.recorder.unanswered(), 0);
    assert_eq!(
        sim.record(&id, true),
        Some(Ok(())),
        "it is recorded already"
    );
    assert_eq!(sim.record(&id, false), Some(Ok(())));
    assert!(sim.recorder.running.is_empty());
    sim.record(&id, true);
    sim.record_begins("b.webm");
    sim.unpublish(ann, &id);
    let last = statuses(&mut sim, ann, &id).pop().unwrap();
    assert_eq!(last.record_name, Some("b.webm".into()));
    assert_eq!(sim.record(&id, true), Some(Err(Reason::StreamNotFound)));
}

#[test]
fn an_operator_is_answered_whatever_becomes_of_the_stream() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.publish(ann, "s", Some("r1"));
    assert_eq!(sim.record(&id, true), Some(Err(Reason::PublishNotReady)));
    sim.settle();
    assert_eq!(sim.record(&id, true), None);
    sim.record_fails();
    assert_eq!(sim.recorder.unanswered(), 0);
    assert_eq!(sim.record(&id, true), None);
    sim.unpublish(ann, &id);
    assert_eq!(sim.recorder.unanswered(), 0);
}

#[test]
fn news_of_an_older_recording_change_nothing() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.recorded(ann, "s", Some("r1"));
    let older = sim.recorder.newest();
    sim.record(&id, false);
    sim.record(&id, true);
    let (recording, transport) = older;
    sim.input(Input::RecordingFailed {
        transport,
        recording,
        problem: Reason::RecordingFailed,
        detail: "late".into(),
    });
    sim.input(Input::RecordingStarted {
        transport,
        recording,
        name: Some("old.webm".into()),
    });
    assert_eq!(sim.recorder.unanswered(), 1);
    sim.record_begins("new.webm");
    sim.unpublish(ann, &id);
    let last = statuses(&mut sim, ann, &id).pop().unwrap();
    assert_eq!(last.record_name, Some("new.webm".into()));
}
