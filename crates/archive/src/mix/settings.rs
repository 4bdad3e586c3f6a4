//! Settings of one film over those of all. Pure.

use std::path::Path;

use serde_json::{Map, Value};

/// Keys whose value is a path.
const PATHS: [&str; 3] = ["mixerLayoutDir", "watermark", "background"];

/// The key whose value has a path for each name.
const PATHS_BY_NAME: &str = "avatars";

/// Both as one file that may lie anywhere: paths, which are relative to the file of
/// all films in `base`, are so no more.
pub(crate) fn merged(
    common: Map<String, Value>,
    own: Map<String, Value>,
    base: &Path,
) -> Map<String, Value> {
    let mut all = common;
    all.extend(own);
    for key in PATHS {
        if let Some(value) = all.get_mut(key) {
            settle(value, base);
        }
    }
    if let Some(Value::Object(files)) = all.get_mut(PATHS_BY_NAME) {
        for file in files.values_mut() {
            settle(file, base);
        }
    }
    all
}

/// What is no path stays as it is: the mixer says what is wrong with it.
fn settle(value: &mut Value, base: &Path) {
    let Value::String(text) = value else {
        return;
    };
    if text.is_empty() || is_colour(text) {
        return;
    }
    if let Some(path) = base.join(&*text).to_str() {
        *text = path.to_owned();
    }
}

/// `background` may be one. The mixer takes it so with and without the sign.
fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(common: Value, own: Value, expected: Value) {
        let object = |value: Value| value.as_object().unwrap().clone();
        let found = merged(object(common), object(own), Path::new("/etc/veche"));
        assert_eq!(Value::Object(found), expected);
    }

    #[test]
    fn settings_of_one_film_go_before_those_of_all() {
        check(
            json!({"fps": 30, "title": "all"}),
            json!({"fps": 15}),
            json!({"fps": 15, "title": "all"}),
        );
    }

    #[test]
    fn paths_lead_to_the_same_files_wherever_the_settings_lie() {
        check(
            json!({"mixerLayoutDir": "layouts", "watermark": "img/logo.png",
                "avatars": {"Ann": "ann.png", "Bob": "/home/bob.png"}}),
            json!({"background": "sky.png", "watermark": "own.png"}),
            json!({"mixerLayoutDir": "/etc/veche/layouts", "watermark": "/etc/veche/own.png",
                "background": "/etc/veche/sky.png",
                "avatars": {"Ann": "/etc/veche/ann.png", "Bob": "/home/bob.png"}}),
        );
    }

    #[test]
    fn what_is_no_path_stays() {
        let same = json!({"background": "#0C1512", "watermark": "", "mixerLayoutDir": 7,
            "avatars": "none", "title": "a/b"});
        check(same.clone(), json!({}), same);
        check(
            json!({"background": "0C1512"}),
            json!({}),
            json!({"background": "0C1512"}),
        );
    }
}
