//! What is tolerated, and what a refusal says.

use veche_signal::{
    AppCommand, ClientMessage, DecodeError, ErrorCode, Limits, ReplyTo, StreamRequest, decode,
};

fn read(text: &str) -> Result<ClientMessage, DecodeError> {
    decode(text, &Limits::default())
}

fn refused(text: &str) -> DecodeError {
    read(text).expect_err(text)
}

#[test]
fn keep_alive_is_read_with_and_without_data() {
    for text in [
        r#"{"message":"pong"}"#,
        r#"{"message":"pong","data":null}"#,
        r#"{"message":"pong","data":[null]}"#,
        r#"{"message":"pong","data":{}}"#,
    ] {
        assert_eq!(read(text), Ok(ClientMessage::Pong));
    }
    assert_eq!(
        read(r#"{"message":"ping","data":[null]}"#),
        Ok(ClientMessage::Ping)
    );
}

#[test]
fn a_connection_may_leave_out_everything() {
    for text in [
        r#"{"message":"connection"}"#,
        r#"{"message":"connection","data":[]}"#,
        r#"{"message":"connection","data":[{"custom":null}]}"#,
    ] {
        let ClientMessage::Connection(connection) = read(text).unwrap() else {
            panic!("{text}");
        };
        assert_eq!(connection.login, None);
    }
}

#[test]
fn null_is_the_same_as_absent() {
    let text = r#"{"message":"publishStream","data":[{"mediaSessionId":"m","name":"n","sdp":"v=0",
        "custom":null,"record":null,"bitrate":null,"transport":null}]}"#;
    let expected = StreamRequest {
        media_session_id: "m".into(),
        name: "n".into(),
        sdp: "v=0".into(),
        ..StreamRequest::default()
    };
    assert_eq!(
        read(text),
        Ok(ClientMessage::PublishStream(Box::new(expected)))
    );
}

#[test]
fn fields_that_mean_nothing_here_may_be_anything() {
    let text = r#"{"message":"playStream","extra":1,"data":[{"mediaSessionId":"m","name":"n",
        "sdp":"v=0","constraints":5,"quality":"high","localMediaInfo":[[]]},7]}"#;
    assert!(read(text).is_ok());
}

#[test]
fn text_of_a_message_is_any_json_and_stays_as_it_is() {
    let message = |text: &str| {
        let frame = format!(
            r#"{{"message":"sendData","data":[{{"operationId":"o","payload":{{"command":"sendMessage",
            "options":{{"roomConfig":{{"name":"r"}},"to":"b","text":{text}}}}}}}]}}"#
        );
        match read(&frame).unwrap() {
            ClientMessage::SendData(data) => match data.command {
                AppCommand::SendMessage { text, .. } => text,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        message("\"%D0%BF привет 你好 👋\""),
        "\"%D0%BF привет 你好 👋\""
    );
    assert_eq!(message("[1,{\"a\":null}]"), "[1,{\"a\":null}]");
    assert_eq!(message("null"), "null");
}

#[test]
fn what_is_not_a_frame_is_bad_json() {
    let deep = "[".repeat(32);
    for text in [
        "",
        "{",
        "nonsense",
        "[]",
        "5",
        "{}",
        r#"{"message":5}"#,
        &deep,
    ] {
        assert_eq!(refused(text).code, ErrorCode::BadJson, "{text}");
    }
}

#[test]
fn depth_and_size_are_bounded_before_parsing() {
    let deep = format!("{{\"message\":\"x\",\"data\":{}", "[".repeat(60_000));
    assert_eq!(refused(&deep).code, ErrorCode::TooLarge);
    let brackets_in_text = format!(r#"{{"message":"{}"}}"#, "[".repeat(1_000));
    assert!(read(&brackets_in_text).is_ok());
    let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(65_536));
    assert_eq!(refused(&long).code, ErrorCode::TooLarge);
}

#[test]
fn a_fault_is_named_and_addressed() {
    let check = |text: &str, problem: &str, reply_to: ReplyTo| {
        let error = refused(text);
        assert_eq!(error.code, ErrorCode::BadMessage, "{text}");
        assert_eq!(error.problem, problem);
        assert_eq!(error.reply_to, reply_to);
    };
    let operation = || ReplyTo::Operation("o".into());
    let stream = |published| ReplyTo::Stream {
        media_session_id: "m".into(),
        published,
    };
    check(
        r#"{"message":"sendData","data":[{"operationId":"o","payload":{"command":"join"}}]}"#,
        "\"name\" of options is missing",
        operation(),
    );
    check(
        r#"{"message":"sendData","data":[{"operationId":"o","payload":{"command":"join","options":{"name":7}}}]}"#,
        "\"name\" of options must be a string",
        operation(),
    );
    check(
        r#"{"message":"sendData","data":[{"operationId":"o","payload":{"command":"join","options":{"name":"r","capacity":0}}}]}"#,
        "\"capacity\" of options must be 1 or more",
        operation(),
    );
    check(
        r#"{"message":"sendData","data":[{"operationId":"o","payload":{"command":"leave","options":[]}}]}"#,
        "options must be an object",
        operation(),
    );
    check(
        r#"{"message":"publishStream","data":[{"mediaSessionId":"m","name":"n"}]}"#,
        "\"sdp\" of publishStream is missing",
        stream(true),
    );
    check(
        r#"{"message":"playStream","data":[{"mediaSessionId":"m","name":{},"sdp":""}]}"#,
        "\"name\" of playStream must be a string",
        stream(false),
    );
    check(
        r#"{"message":"stopStream","data":[{"name":"n"}]}"#,
        "MediaSessionId is null",
        ReplyTo::Nothing,
    );
    check(
        r#"{"message":"publishStream","data":{"mediaSessionId":"m"}}"#,
        "\"data\" must be an array",
        ReplyTo::Nothing,
    );
}

#[test]
fn what_is_unknown_is_no_fault() {
    let message = read(r#"{"message":"hologram","data":[1]}"#).unwrap();
    assert!(matches!(message, ClientMessage::Unknown { .. }));
    let command = r#"{"message":"sendData","data":[{"operationId":"o","payload":"just text"}]}"#;
    let ClientMessage::SendData(data) = read(command).unwrap() else {
        panic!();
    };
    assert!(matches!(data.command, AppCommand::Unknown { .. }));
}

#[test]
fn no_text_at_all_makes_the_reader_panic() {
    let seed = include_str!("data/chromium-conference.json");
    let mut rng = fastrand::Rng::with_seed(7);
    let alphabet: Vec<char> = "{}[]\",:\\ntrue0-9.eE\u{0}é👋".chars().collect();
    for _ in 0..20_000 {
        let mut text: Vec<char> = seed
            .chars()
            .skip(rng.usize(0..seed.len() / 2))
            .take(200)
            .collect();
        text.splice(0..0, r#"{"message":"sendData","data":["#.chars());
        for _ in 0..rng.usize(0..6) {
            let at = rng.usize(0..text.len());
            text[at] = alphabet[rng.usize(0..alphabet.len())];
        }
        let text: String = text.into_iter().collect();
        let _ = read(&text);
    }
}

#[test]
fn the_recording_of_a_room_is_switched_by_what_is_said_and_not_by_what_is_missing() {
    let command = |options: &str| {
        format!(
            r#"{{"message":"sendData","data":[{{"operationId":"o","payload":{{"command":"record","options":{options}}}}}]}}"#
        )
    };
    for on in [true, false] {
        let text = command(&format!(r#"{{"name":"r","on":{on}}}"#));
        let Ok(ClientMessage::SendData(data)) = read(&text) else {
            panic!("{text}");
        };
        let room = "r".to_owned();
        assert_eq!(data.command, AppCommand::Record { room, on });
    }
    for options in [
        r#"{"name":"r"}"#,
        r#"{"on":true}"#,
        r#"{"name":"r","on":1}"#,
        r#"{"name":["r"],"on":true}"#,
        "[]",
    ] {
        let error = refused(&command(options));
        assert_eq!(error.code, ErrorCode::BadMessage);
        assert_eq!(error.reply_to, ReplyTo::Operation("o".into()));
    }
}
