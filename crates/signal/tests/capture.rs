//! What browsers really sent, recorded with the published WebSDK.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

use serde_json::Value;
use veche_signal::{AppCommand, ClientMessage, Limits, decode};

fn messages(capture: &str) -> Vec<ClientMessage> {
    let capture: Value = serde_json::from_str(capture).unwrap();
    let messages = capture["messages"].as_array().unwrap().iter();
    messages
        .map(|message| decode(&message.to_string(), &Limits::default()).unwrap())
        .collect()
}

fn conference(capture: &str) {
    let messages = messages(capture);
    let ClientMessage::Connection(connection) = &messages[0] else {
        panic!("{:?}", messages[0]);
    };
    assert_eq!(connection.app_key.as_deref(), Some("roomApp"));
    assert_eq!(connection.login.as_deref(), Some("Alice"));
    assert_eq!(connection.veche, None);
    let ClientMessage::SendData(join) = &messages[1] else {
        panic!("{:?}", messages[1]);
    };
    assert!(join.operation_id.is_some());
    let AppCommand::Join(join) = &join.command else {
        panic!("{:?}", join.command);
    };
    let ClientMessage::PublishStream(publish) = &messages[2] else {
        panic!("{:?}", messages[2]);
    };
    assert_eq!(publish.room.as_ref(), Some(&join.room));
    assert!(publish.name.starts_with(&format!("{}-Alice-", join.room)));
    assert!(publish.has_audio && publish.has_video && !publish.record && !publish.tcp);
    for message in &messages {
        let unknown = matches!(message, ClientMessage::Unknown { .. });
        assert!(!unknown, "{message:?}");
    }
}

#[test]
fn a_conference_in_chromium_is_understood() {
    conference(include_str!("data/chromium-conference.json"));
}

#[test]
fn a_conference_in_firefox_is_understood() {
    conference(include_str!("data/firefox-conference.json"));
}

#[test]
fn a_chat_with_screen_sharing_is_understood() {
    let messages = messages(include_str!("data/chromium-screen-sharing.json"));
    let streams = messages.iter().filter_map(|message| match message {
        ClientMessage::PublishStream(stream) => Some(stream.name.as_str()),
        _ => None,
    });
    assert!(
        streams
            .into_iter()
            .any(|name| name.ends_with("-screenShare"))
    );
}

#[test]
fn an_offer_arrives_as_the_browser_wrote_it() {
    let text = include_str!("data/firefox-publish.json");
    let frame: Value = serde_json::from_str(text).unwrap();
    let message = decode(text, &Limits::default()).unwrap();
    let ClientMessage::PublishStream(publish) = message else {
        panic!("{message:?}");
    };
    assert_eq!(publish.sdp, frame["data"][0]["sdp"].as_str().unwrap());
    assert!(publish.sdp.contains("\r\nm=audio"));
}
