use super::*;

fn parse(text: &str) -> Settings {
    Settings::parse(text, Path::new("conf"))
        .expect("valid settings")
        .0
}

fn refused(text: &str) -> String {
    Settings::parse(text, Path::new("conf"))
        .expect_err("refused")
        .to_string()
}

#[test]
fn the_reference_s_own_file_is_read() {
    let text = r#"{"hasVideo":"true","hasAudio":"true","mixerDisplayStreamName":true}"#;
    assert_eq!(parse(text), Settings::default());
    let off = parse(r#"{"hasVideo":"false","mixerDisplayStreamName":"false"}"#);
    assert!(!off.has_video && !off.picture.show_names && off.has_audio);
}

#[test]
fn a_key_of_the_live_mixer_is_taken_without_a_word_and_a_strange_one_is_named() {
    let (_, warnings) = Settings::parse(r#"{"mixerRealtime":true,"mixerColour":1}"#, Path::new(""))
        .expect("valid settings");
    assert_eq!(warnings, ["mixerColour: no such setting, left out"]);
}

#[test]
fn numbers_may_be_strings_and_have_limits() {
    assert_eq!(parse(r#"{"mixerVideoWidth":"640"}"#).picture.width, 640);
    assert_eq!(
        refused(r#"{"mixerVideoWidth":100000}"#),
        "mixerVideoWidth: 100000 is not a number from 16 to 8192"
    );
    assert_eq!(
        refused(r#"{"mixerVideoWidth":641}"#),
        "mixerVideoWidth: width and height must be even"
    );
    assert!(refused(r#"{"crf":-1}"#).starts_with("crf: -1 is not"));
}

#[test]
fn a_size_is_bounded_by_its_area_too() {
    let of = |width: u32, height: u32| {
        format!(r#"{{"mixerVideoWidth":{width},"mixerVideoHeight":{height}}}"#)
    };
    assert_eq!(parse(&of(8192, 4320)).picture.height, 4320);
    assert_eq!(
        refused(&of(8192, 8192)),
        "mixerVideoWidth: 67108864 pixels are more than the 35389440 of 8K"
    );
}

#[test]
fn a_quality_that_is_said_later_goes_before_a_bitrate() {
    let apply = |settings: &mut Settings, text: &str| {
        let Ok(Value::Object(flags)) = serde_json::from_str(text) else {
            panic!("{text}");
        };
        settings.apply(&flags, Path::new("")).expect("valid flags");
        (settings.bitrate_kbps, settings.crf)
    };
    let mut settings = parse(r#"{"mixerVideoBitrateKbps":900}"#);
    assert_eq!(apply(&mut settings, r#"{"fps":25}"#), (Some(900), None));
    assert_eq!(apply(&mut settings, r#"{"crf":20}"#), (None, Some(20)));
    let both = r#"{"crf":20,"mixerVideoBitrateKbps":800}"#;
    assert_eq!(apply(&mut settings, both), (Some(800), Some(20)));
}

#[test]
fn what_cannot_be_a_film_is_refused() {
    assert!(refused(r#"{"hasVideo":false,"hasAudio":false}"#).contains("neither"));
    assert_eq!(refused("[]"), "expected a JSON object of settings");
    assert!(refused("{").starts_with("not JSON"));
    assert!(refused(r#"{"callbackUrl":"file:///etc/passwd"}"#).contains("http://"));
    assert!(refused(r#"{"preset":"; rm -rf"}"#).contains("preset"));
}

#[test]
fn a_long_wrong_value_is_cut_at_a_character() {
    let text = format!(r#"{{"preset":"{}"}}"#, "ж".repeat(200));
    assert!(refused(&text).len() < 200);
}

#[test]
fn paths_are_relative_to_the_file() {
    let settings = parse(
        r##"{"watermark":"logo.png","background":"/w/wall.png","mixerLayoutDir":"pip",
             "avatars":{"Ann":"ann.png"},"streamLabels":{"ann":"Ann Lee"},
             "videoPositionIds":{"Ann":"speaker"}}"##,
    );
    assert_eq!(
        settings.watermark.as_deref(),
        Some(Path::new("conf/logo.png"))
    );
    assert_eq!(
        settings.background.as_deref(),
        Some(Path::new("/w/wall.png"))
    );
    assert_eq!(settings.layout_dir.as_deref(), Some(Path::new("conf/pip")));
    assert_eq!(settings.avatars["Ann"], Path::new("conf/ann.png"));
    assert_eq!(settings.labels["ann"], "Ann Lee");
    assert_eq!(settings.seats["Ann"], "speaker");
    // Empty is back to the default, as in the reference.
    assert_eq!(parse(r#"{"mixerLayoutDir":""}"#).layout_dir, None);
    assert!(refused(r#"{"avatars":["ann.png"]}"#).contains("an object such as"));
}

#[test]
fn a_background_is_a_colour_or_a_file() {
    let colour = parse(r##"{"background":"#102030"}"##);
    assert_eq!(colour.picture.background, Rgb::new(0x10, 0x20, 0x30));
    assert_eq!(colour.background, None);
}

#[test]
fn a_watermark_has_a_place() {
    let spot = |text: &str| parse(text).watermark_spot;
    assert_eq!(spot("{}"), Spot::Anchor(Anchor::TopRight));
    assert_eq!(
        spot(r#"{"watermarkPosition":"bottom_left"}"#),
        Spot::Anchor(Anchor::BottomLeft)
    );
    assert_eq!(
        spot(r#"{"watermarkX":10,"watermarkY":"20"}"#),
        Spot::At(10, 20)
    );
    assert!(refused(r#"{"watermarkPosition":"middle"}"#).contains("TOP_LEFT"));
}

#[test]
fn there_is_a_title_when_it_is_asked_for() {
    let seconds = |text: &str| parse(text).opening.length().as_secs();
    assert_eq!(seconds("{}"), 0);
    assert_eq!(seconds(r#"{"title":"Standup"}"#), 5);
    assert_eq!(seconds(r#"{"titleSeconds":3}"#), 3);
    assert_eq!(seconds(r#"{"title":"Standup","titleSeconds":0}"#), 0);
}
