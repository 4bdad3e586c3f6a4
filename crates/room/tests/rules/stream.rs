use veche_media::{CodecSet, VideoCodec};
use veche_room::{Command, Event, Input, Login, Rate, Reason, RoomEvent, StreamState, VideoSize};

use crate::sim::{Sim, secs};

#[test]
fn a_stream_is_announced_when_its_media_flows_and_not_before() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.room_events(bob);
    let id = sim.publish(ann, "r1-ann-1", Some("r1"));
    let transport = sim.engine.next_asked().unwrap();
    sim.answer_offer(transport, None);
    assert_eq!(sim.state(ann, &id), None);
    assert_eq!(sim.room_events(bob), []);
    sim.connected(transport);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Publishing));
    let published = RoomEvent::Published("ann".into(), "r1-ann-1".into());
    assert_eq!(sim.room_events(bob), [published]);
}

#[test]
fn a_late_joiner_finds_flowing_streams_in_the_state_and_pending_ones_later() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.published(ann, "r1-ann-1", Some("r1"));
    sim.publish(ann, "r1-ann-2", Some("r1"));
    let bob = sim.member("bob", "r1");
    sim.settle();
    let state = vec![(Login::from("ann"), vec!["r1-ann-1".into()])];
    let later = RoomEvent::Published("ann".into(), "r1-ann-2".into());
    assert_eq!(sim.room_events(bob), [RoomEvent::State(state), later]);
}

#[test]
fn an_event_faster_than_the_answer_is_kept() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.publish(ann, "s", Some("r1"));
    let transport = sim.engine.next_asked().unwrap();
    sim.input(Input::TransportConnected { transport });
    assert_eq!(sim.state(ann, &id), None);
    sim.answer_offer(transport, None);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Publishing));
}

#[test]
fn unpublish_is_answered_and_frees_the_name() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    let id = sim.published(ann, "s", Some("r1"));
    sim.room_events(bob);
    sim.unpublish(ann, &id);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Unpublished));
    let unpublished = RoomEvent::Unpublished("ann".into(), "s".into());
    assert_eq!(sim.room_events(bob), [unpublished]);
    assert_eq!(sim.engine.open_count(), 0);
    sim.published(ann, "s", Some("r1"));
}

#[test]
fn a_stream_stopped_while_its_offer_is_answered_leaves_nothing_behind() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.room_events(bob);
    let id = sim.publish(ann, "s", Some("r1"));
    sim.unpublish(ann, &id);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Unpublished));
    sim.settle();
    assert_eq!(sim.engine.open_count(), 0, "closed when the answer came");
    assert_eq!(sim.room_events(bob), [], "never announced, never withdrawn");
}

#[test]
fn publishing_needs_the_room_on_arrival() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.leave(ann, "r1");
    let late = sim.publish(ann, "s", Some("r1"));
    assert_eq!(sim.state(ann, &late), Some(StreamState::Failed));
    let nowhere = sim.publish(ann, "s", None);
    assert_eq!(sim.reason(ann, &nowhere), Some(Reason::NotAMember));
    assert_eq!(sim.engine.next_asked(), None);
}

#[test]
fn leaving_fails_a_stream_that_is_being_set_up() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.publish(ann, "s", Some("r1"));
    sim.leave(ann, "r1");
    assert_eq!(sim.state(ann, &id), Some(StreamState::Failed));
}

#[test]
fn leaving_ends_streams_before_the_room_hears_of_it() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    let stream = sim.published(ann, "s", Some("r1"));
    let play = sim.played(bob, "s", Some("r1"));
    sim.room_events(bob);
    sim.leave(ann, "r1");
    assert_eq!(sim.state(ann, &stream), Some(StreamState::Unpublished));
    assert_eq!(sim.state(bob, &play), Some(StreamState::Failed));
    assert_eq!(sim.reason(bob, &play), Some(Reason::StoppedByPublisher));
    let seen = [
        RoomEvent::Unpublished("ann".into(), "s".into()),
        RoomEvent::Left("ann".into()),
    ];
    assert_eq!(sim.room_events(bob), seen);
    assert_eq!(sim.engine.open_count(), 0);
}

#[test]
fn only_the_streams_of_the_room_that_is_left_end() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    sim.join(ann, "r2");
    let one = sim.published(ann, "one", Some("r1"));
    let two = sim.published(ann, "two", Some("r2"));
    sim.leave(ann, "r1");
    assert_eq!(sim.state(ann, &one), Some(StreamState::Unpublished));
    assert_eq!(sim.state(ann, &two), Some(StreamState::Publishing));
}

#[test]
fn a_broken_transport_fails_the_stream_and_tells_the_room() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    let id = sim.published(ann, "s", Some("r1"));
    sim.room_events(bob);
    let transport = sim.engine.publish_orders[0].transport;
    sim.failed(transport, Reason::IceKeepAlive);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Failed));
    assert_eq!(sim.reason(ann, &id), Some(Reason::IceKeepAlive));
    let failed = RoomEvent::Failed("ann".into(), "s".into());
    assert_eq!(sim.room_events(bob), [failed]);
}

#[test]
fn a_page_that_closes_its_connection_first_has_unpublished() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.published(ann, "s", Some("r1"));
    let transport = sim.engine.publish_orders[0].transport;
    sim.failed(transport, Reason::StoppedByUser);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Unpublished));
    sim.unpublish(ann, &id);
    assert_eq!(sim.state(ann, &id), Some(StreamState::Unpublished));
}

#[test]
fn a_refused_offer_fails_the_stream_at_once() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let id = sim.publish(ann, "s", Some("r1"));
    let transport = sim.engine.next_asked().unwrap();
    sim.answer_offer(transport, Some(Reason::NoCommonCodecs));
    assert_eq!(sim.reason(ann, &id), Some(Reason::NoCommonCodecs));
    sim.published(ann, "s", Some("r1"));
}

#[test]
fn media_that_never_flows_fails_in_time() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let silent = sim.publish(ann, "one", Some("r1"));
    let unconnected = sim.publish(ann, "two", Some("r1"));
    let transport = sim.engine.publish_orders[1].transport;
    sim.answer_offer(transport, None);
    sim.advance(secs(30));
    assert_eq!(sim.reason(ann, &silent), Some(Reason::IceTimeout));
    assert_eq!(sim.reason(ann, &unconnected), Some(Reason::IceTimeout));
    assert_eq!(sim.engine.open_count(), 0);
}

#[test]
fn names_and_ids_are_unique_on_the_whole_server() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r2");
    let id = sim.published(ann, "s", Some("r1"));
    let clash = sim.publish(bob, "s", Some("r2"));
    assert_eq!(sim.reason(bob, &clash), Some(Reason::StreamNameInUse));
    let mut request = sim.request("t", Some("r2"));
    request.media_session = id.clone();
    sim.command(bob, Command::Publish(request));
    assert_eq!(sim.reason(bob, &id), Some(Reason::MediaSessionIdInUse));
    assert_eq!(sim.state(ann, &id), Some(StreamState::Publishing));
}

#[test]
fn a_repeated_publish_is_told_its_state_and_not_done_again() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let request = sim.request("s", Some("r1"));
    let id = request.media_session.clone();
    for _ in 0..2 {
        sim.command(ann, Command::Publish(request.clone()));
    }
    sim.settle();
    sim.command(ann, Command::Publish(request.clone()));
    assert_eq!(sim.state(ann, &id), Some(StreamState::Publishing));
    assert_eq!(sim.engine.publish_orders.len(), 1);
    sim.unpublish(ann, &id);
    sim.command(ann, Command::Publish(request));
    assert_eq!(sim.engine.publish_orders.len(), 1, "its time is over");
}

#[test]
fn plain_sessions_publish_and_play_without_a_room() {
    let mut sim = Sim::new();
    let (one, two) = (sim.plain(), sim.plain());
    let stream = sim.published(one, "cam", None);
    let play = sim.played(two, "cam", None);
    sim.unpublish(one, &stream);
    assert_eq!(sim.state(two, &play), Some(StreamState::Failed));
}

#[test]
fn codecs_that_everybody_decodes_are_tried_first() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.engine.receivable = Some([VideoCodec::H264, VideoCodec::Av1].into_iter().collect());
    sim.published(bob, "b", Some("r1"));
    sim.publish(ann, "a", Some("r1"));
    let order = &sim.engine.publish_orders[1].video_codecs;
    let h264_first = [
        VideoCodec::H264,
        VideoCodec::Av1,
        VideoCodec::Vp8,
        VideoCodec::Vp9,
    ];
    assert_eq!(order, &h264_first);
}

#[test]
fn what_a_client_receives_counts_more_than_what_it_sends() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.published(ann, "a", Some("r1"));
    sim.engine.receivable = Some([VideoCodec::Vp8].into_iter().collect());
    sim.played(bob, "a", Some("r1"));
    sim.engine.receivable = Some(CodecSet::NONE);
    sim.published(bob, "b", Some("r1"));
    sim.publish(ann, "c", Some("r1"));
    assert_eq!(
        sim.engine.publish_orders[2].video_codecs[0],
        VideoCodec::Vp8
    );
}

#[test]
fn rates_reach_the_client_of_the_transport_and_sizes_the_players() {
    let mut sim = Sim::new();
    let ann = sim.member("ann", "r1");
    let bob = sim.member("bob", "r1");
    sim.published(ann, "s", Some("r1"));
    sim.played(bob, "s", Some("r1"));
    let transport = sim.engine.publish_orders[0].transport;
    sim.events(ann);
    sim.events(bob);
    let size = VideoSize {
        width: 640,
        height: 480,
    };
    let rate = Rate {
        video_bps: 500_000,
        size,
        ..Rate::default()
    };
    sim.input(Input::Rate { transport, rate });
    assert!(matches!(
        sim.events(ann)[..],
        [Event::Rate {
            published: true,
            ..
        }]
    ));
    assert!(matches!(sim.events(bob)[..], [Event::Resized { .. }]));
    sim.input(Input::VideoSize { transport, size });
    assert!(sim.events(bob).is_empty(), "the same size is no news");
}
