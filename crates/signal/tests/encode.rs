//! The exact frames that clients were written for.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic, too")]

use serde_json::{Value, json};
use veche_signal::{
    Available, DataStatus, ErrorCode, Fail, GoingAway, RoomEvent, RoomEventInfo, RoomRecording,
    ServerMessage, StateEntry, StreamStatus, VideoFormat, info,
};

fn check(message: &ServerMessage, expected: Value) {
    let frame: Value = serde_json::from_str(&message.encode()).unwrap();
    assert_eq!(frame, expected);
}

#[test]
fn keep_alive_has_a_first_argument() {
    check(
        &ServerMessage::Ping,
        json!({"message": "ping", "data": [null]}),
    );
    check(
        &ServerMessage::Pong,
        json!({"message": "pong", "data": [null]}),
    );
}

#[test]
fn an_answer_has_three_arguments() {
    let message = ServerMessage::SetRemoteSdp {
        media_session_id: "m".into(),
        sdp: "v=0\r\n".into(),
    };
    check(
        &message,
        json!({"message": "setRemoteSDP", "data": ["m", "v=0\r\n", true]}),
    );
}

#[test]
fn every_state_of_a_stream_says_its_status() {
    let status = StreamStatus {
        media_session_id: "m".into(),
        status: "FAILED",
        info: Some(info::STREAM_NOT_FOUND.into()),
        ..StreamStatus::default()
    };
    let frame = ServerMessage::StreamStatus(Box::new(status)).encode();
    let frame: Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(frame["data"][0]["status"], "FAILED");
    assert_eq!(frame["data"][0]["info"], "Stream not found");
    let format = ServerMessage::VideoFormat(VideoFormat {
        media_session_id: "m".into(),
        width: 640,
        height: 480,
    });
    check(
        &format,
        json!({"message": "notifyVideoFormat", "data": [{"mediaSessionId": "m", "status": "RESIZE",
            "streamerVideoWidth": 640, "streamerVideoHeight": 480}]}),
    );
}

#[test]
fn availability_is_a_string() {
    let available = |available| {
        ServerMessage::Available(Available {
            media_session_id: "m".into(),
            available,
            info: (!available).then_some(info::STREAM_NOT_FOUND),
        })
    };
    check(
        &available(true),
        json!({"message": "availableStream", "data": [{"id": "m", "status": "true"}]}),
    );
    check(
        &available(false),
        json!({"message": "availableStream",
            "data": [{"id": "m", "status": "false", "info": "Stream not found"}]}),
    );
}

#[test]
fn a_state_lists_logins_and_streams() {
    let event = |info| {
        ServerMessage::Room(RoomEvent {
            room_name: "r1".into(),
            name: "STATE",
            info: RoomEventInfo::State(info),
        })
    };
    let payload = |info: Value| json!({"roomName": "r1", "name": "STATE", "info": info});
    check(
        &event(vec![]),
        json!({"message": "OnDataEvent", "data": [{"payload": payload(json!([]))}]}),
    );
    let entries = vec![
        StateEntry::Login("cat".into()),
        StateEntry::Stream {
            login: "bob".into(),
            name: "r1-bob-91c0".into(),
        },
    ];
    let info = json!(["cat", {"login": "bob", "name": "r1-bob-91c0"}]);
    check(
        &event(entries),
        json!({"message": "OnDataEvent", "data": [{"payload": payload(info)}]}),
    );
}

#[test]
fn answers_to_commands_carry_what_they_have() {
    let status = DataStatus {
        operation_id: Some("o".into()),
        status: "ACCEPTED",
        ..DataStatus::default()
    };
    check(
        &ServerMessage::DataStatus(status),
        json!({"message": "DataStatusEvent", "data": [{"operationId": "o", "status": "ACCEPTED"}]}),
    );
}

#[test]
fn refusals_and_goodbyes_are_for_programs_too() {
    let fail = ServerMessage::Fail(Fail {
        status: "FAILED",
        info: "not JSON".into(),
        code: ErrorCode::BadJson.as_str(),
        api_method: None,
    });
    check(
        &fail,
        json!({"message": "fail", "data": [{"status": "FAILED", "info": "not JSON", "code": "bad_json"}]}),
    );
    let going = ServerMessage::GoingAway(GoingAway {
        reason: "shutdown",
        retry_after_ms: Some(1_000),
    });
    check(
        &going,
        json!({"message": "goingAway", "data": [{"reason": "shutdown", "retryAfterMs": 1000}]}),
    );
}

#[test]
fn no_text_stands_in_the_table_twice() {
    let mut texts = info::ALL.to_vec();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), info::ALL.len());
}

#[test]
fn the_recording_of_a_room_says_all_four_things() {
    let recording = |problem| {
        ServerMessage::Room(RoomEvent {
            room_name: "r".into(),
            name: "RECORDING",
            info: RoomEventInfo::Recording(RoomRecording {
                on: true,
                by: None,
                since: 7,
                problem,
            }),
        })
    };
    let expected = |problem: Value| {
        json!({"message": "OnDataEvent", "data": [{"payload": {
            "roomName": "r", "name": "RECORDING",
            "info": {"on": true, "by": null, "since": 7, "problem": problem},
        }}]})
    };
    check(&recording(None), expected(Value::Null));
    check(&recording(Some("why")), expected(json!("why")));
}
