use std::path::Path;

use super::keys::value_of;
use super::load::Layer;
use super::{ConfigError, Note, Source};

/// Keys of `flashphoner.properties` that set one of ours.
const HONOURED: [(&str, &str); 15] = [
    ("record_streams", "record_streams"),
    ("record_formats", "record_formats"),
    (
        "stream_record_policy_template",
        "stream_record_policy_template",
    ),
    ("on_record_hook_script", "on_record_hook_script"),
    ("enable_empty_shift_writer", "enable_empty_shift_writer"),
    (
        "on_multiple_record_hook_script",
        "on_multiple_record_hook_script",
    ),
    (
        "rest_access_control_allow_origin",
        "rest_access_control_allow_origin",
    ),
    (
        "rest_access_control_allow_headers",
        "rest_access_control_allow_headers",
    ),
    (
        "rest_access_control_allow_methods",
        "rest_access_control_allow_methods",
    ),
    ("room_idle_timeout", "room_idle_timeout"),
    ("keep_alive.server_interval", "keep_alive.server_interval"),
    ("keep_alive.probes", "keep_alive.probes"),
    ("media_port_from", "media_port"),
    ("ws.port", "http_port"),
    ("wss.port", "https_port"),
];

/// Keys that mean nothing here, and why.
const NEEDLESS: [(&str, &str); 11] = [
    (
        "media_port_to",
        "all media uses the one port of media_port_from",
    ),
    ("compact_media_port_usage", "all media uses one port"),
    ("rtp_bundle", "media is always bundled"),
    ("http.port", "the apps, WebSocket and HTTP share ws.port"),
    ("https.port", "the apps, WebSocket and HTTPS share wss.port"),
    (
        "ip",
        "set public_ip in veche.toml where clients reach this host by another address",
    ),
    (
        "ip_local",
        "media is received on every address; bind in veche.toml narrows that",
    ),
    (
        "keep_alive.algorithm",
        "clients get the text pings of HIGH_LEVEL",
    ),
    (
        "disable_rest_auth",
        "the REST API always asks for the admin token",
    ),
    ("keep_alive.enabled", "every WebSocket client is pinged"),
    (
        "keep_alive.peer_interval",
        "clients choose their own ping interval",
    ),
];

/// Keys, or beginnings of keys, of what there is not.
const LATER: [&str; 12] = [
    "record_flash_published_streams",
    "record_rtsp_streams",
    "record_mixer_streams",
    "record_h264_to_ts",
    "stream_record_policy",
    "rest_access_control_",
    "disable_rest_requests",
    "rest_request_timeout",
    "rest_hook_",
    "keep_alive_streaming_sessions_enabled",
    "streaming_sessions_keep_alive_",
    "mixer_",
];

/// Reads a `flashphoner.properties`: what it says of rooms, pings and ports.
pub(super) fn read(path: &Path, text: &str, notes: &mut Vec<Note>) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    let file = path.display();
    for (key, value) in entries(text) {
        let ours = HONOURED.iter().find(|(theirs, _)| *theirs == key);
        if let Some((_, ours)) = ours {
            let origin = Source::Properties(key.clone());
            match value_of(ours, &value) {
                Some(Ok(value)) => layer.push(origin, ours, value),
                Some(Err(reason)) => return Err(ConfigError::Value { origin, reason }),
                None => unreachable!("every honoured key names one of ours"),
            }
        } else if let Some((_, why)) = NEEDLESS.iter().find(|(theirs, _)| *theirs == key) {
            notes.push(Note::Info(format!("{file}: {key} has no effect: {why}")));
        } else if LATER.iter().any(|later| is_later(later, &key)) {
            notes.push(Note::Info(format!(
                "{file}: {key} is known and has no effect in this version"
            )));
        } else {
            notes.push(Note::Warning(format!(
                "{file}: {key} is not known and has no effect"
            )));
        }
    }
    Ok(layer)
}

fn is_later(later: &str, key: &str) -> bool {
    key == later || (later.ends_with('_') && key.starts_with(later))
}

/// The entries of a Java properties file: `key=value`, `key: value`,
/// `#` and `!` comments, a backslash at the end continues the line.
fn entries(text: &str) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while line.ends_with('\\') {
            line.pop();
            line.push_str(lines.next().unwrap_or_default().trim());
        }
        let (key, value) = line.split_once(['=', ':']).unwrap_or((&line, ""));
        entries.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::known;

    #[test]
    fn every_honoured_key_names_one_of_ours() {
        for (theirs, ours) in HONOURED {
            assert!(known().any(|known| known == ours), "{theirs} sets {ours}");
        }
    }

    #[test]
    fn entries_are_read_as_java_writes_them() {
        let text = "# comment\n! too\n\na = 1\nb: two words \nc=x\\\n  y\nd\n";
        let expected = [("a", "1"), ("b", "two words"), ("c", "xy"), ("d", "")];
        assert_eq!(
            entries(text),
            expected.map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
    }
}
