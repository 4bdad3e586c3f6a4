use super::keys::{known, nearest, value_of};
use super::load::Layer;
use super::{ConfigError, Note, Source};

/// Variables of the command line itself, and where the codec process is: not keys
/// of the configuration.
const RESERVED: [&str; 4] = [
    "VECHE_CONFIG",
    "VECHE_PROPERTIES",
    "VECHE_PORTS_FILE",
    veche_codec::PATH_VARIABLE,
];

/// Reads `VECHE_HTTP_PORT=80`, `VECHE_KEEP_ALIVE__PROBES=5`.
///
/// An unknown `VECHE_*` is a warning only: other programs may own it.
pub(super) fn read(
    variables: &[(String, String)],
    notes: &mut Vec<Note>,
) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix("VECHE_") else {
            continue;
        };
        // An empty variable is how service files and compose files unset one.
        if text.is_empty() || RESERVED.contains(&name.as_str()) {
            continue;
        }
        let key = rest.to_lowercase().replace("__", ".");
        let origin = Source::Environment(name.clone());
        match value_of(&key, text) {
            Some(Ok(value)) => layer.push(origin, &key, value),
            Some(Err(reason)) => return Err(ConfigError::Value { origin, reason }),
            None => notes.push(Note::Warning(unknown(name, &key))),
        }
    }
    Ok(layer)
}

fn unknown(name: &str, key: &str) -> String {
    let meant = nearest(key).or_else(|| {
        known()
            .find(|known| known.replace('.', "_") == key)
            .map(str::to_owned)
    });
    match meant {
        Some(meant) => {
            let meant = meant.to_uppercase().replace('.', "__");
            format!("{name} sets nothing; did you mean VECHE_{meant}?")
        }
        None => format!("{name} sets nothing"),
    }
}
