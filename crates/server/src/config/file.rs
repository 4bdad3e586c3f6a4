use std::path::Path;

use toml::Table;
use toml::de::{DeTable, DeValue};

use super::error::UnknownKey;
use super::keys::{collect, known, nearest};
use super::load::Layer;
use super::{Config, ConfigError, Source};

/// Its line is never shown.
const SECRET: &str = "record_upload_secret_access_key";

/// Reads the text of `veche.toml`; `path` is for messages.
pub(super) fn read(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let bad = |error: toml::de::Error| ConfigError::File {
        path: path.to_owned(),
        reason: veiled(error.to_string().trim_end()),
    };

    let parsed = DeTable::parse(text).map_err(bad)?;
    let mut unknown = Vec::new();
    find_unknown("", parsed.get_ref(), &mut |key, offset| {
        unknown.push(UnknownKey {
            path: path.to_owned(),
            line: text[..offset].matches('\n').count() + 1,
            nearest: nearest(&key),
            key,
        });
    });
    if !unknown.is_empty() {
        return Err(ConfigError::UnknownKeys(unknown));
    }

    // Read as a whole first: its errors show the line.
    toml::from_str::<Config>(text).map_err(bad)?;

    let mut values = Vec::new();
    collect("", &text.parse::<Table>().map_err(bad)?, &mut values);
    let mut layer = Layer::default();
    for (key, value) in values {
        layer.push(Source::File(path.to_owned()), &key, value);
    }
    Ok(layer)
}

/// An error that shows the line of a secret tells where it is instead.
fn veiled(reason: &str) -> String {
    match reason.contains(SECRET) {
        true => {
            let place = reason.lines().next().unwrap_or_default();
            format!("{place}: {SECRET} must be a text between quotes (it is not shown here)")
        }
        false => reason.to_owned(),
    }
}

fn find_unknown(prefix: &str, table: &DeTable<'_>, report: &mut impl FnMut(String, usize)) {
    for (name, value) in table {
        let key = match prefix {
            "" => name.get_ref().to_string(),
            _ => format!("{prefix}.{}", name.get_ref()),
        };
        let is_group = known().any(|known| known.starts_with(&format!("{key}.")));
        match value.get_ref() {
            DeValue::Table(inner) if is_group => find_unknown(&key, inner, report),
            _ if is_group || known().any(|known| known == key) => {}
            _ => report(key, name.span().start),
        }
    }
}
