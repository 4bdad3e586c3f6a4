use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;

use toml::{Table, Value};

use super::{Config, LogFormat};

/// How far a misspelt key may be from a real one to be taken for it.
/// Jaro-Winkler; below this the guesses start to surprise.
const SIMILAR: f64 = 0.82;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Default,
    /// `flashphoner.properties`, with the key's name there.
    Properties(String),
    /// `veche.toml`.
    File(PathBuf),
    /// The name of the variable.
    Environment(String),
    /// The flag as it is typed.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Properties(key) => write!(f, "flashphoner.properties, {key}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Every key with a value of its kind: what is known, and of which type.
static SCHEMA: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    let everything = Config {
        tls_cert: Some(PathBuf::new()),
        tls_key: Some(PathBuf::new()),
        on_record_hook_script: Some(PathBuf::new()),
        on_multiple_record_hook_script: Some(PathBuf::new()),
        offline_mixer_config: Some(PathBuf::new()),
        log_format: LogFormat::Text,
        ..Config::default()
    };
    flatten(&everything)
});

/// Every key of the configuration, dotted, in the order of the fields.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    SCHEMA.iter().map(|(key, _)| key.as_str())
}

/// The key that a misspelt one was probably meant to be.
pub(super) fn nearest(key: &str) -> Option<String> {
    let wanted = key.to_lowercase().replace('-', "_");
    known()
        .map(|candidate| (strsim::jaro_winkler(&wanted, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Reads a text as the kind of value that `key` takes. `None`: no such key.
///
/// A list is written with commas, or as TOML writes it.
pub(super) fn value_of(key: &str, text: &str) -> Option<Result<Value, String>> {
    let (_, kind) = SCHEMA.iter().find(|(known, _)| known == key)?;
    Some(match kind {
        Value::Integer(_) => text
            .trim()
            .parse()
            .map(Value::Integer)
            .map_err(|_| format!("\"{text}\" is not a whole number")),
        Value::Boolean(_) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Value::Boolean(true)),
            "false" | "0" | "no" | "off" => Ok(Value::Boolean(false)),
            _ => Err(format!("\"{text}\" is neither true nor false")),
        },
        Value::Array(_) => Ok(Value::Array(
            text.trim()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .split(',')
                .map(|item| item.trim().trim_matches('"'))
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        )),
        _ => Ok(Value::String(text.to_owned())),
    })
}

/// The keys of a configuration, dotted, with their values, in the order of the fields.
pub fn flatten(config: &Config) -> Vec<(String, Value)> {
    let table = Table::try_from(config).expect("every field has a form in TOML");
    let mut keys = Vec::new();
    collect("", &table, &mut keys);
    keys
}

/// Puts the leaves of `table` into `into`, each under its dotted key.
pub(super) fn collect(prefix: &str, table: &Table, into: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = match prefix {
            "" => name.clone(),
            _ => format!("{prefix}.{name}"),
        };
        match value {
            Value::Table(inner) => collect(&key, inner, into),
            _ => into.push((key, value.clone())),
        }
    }
}

/// Sets a dotted key in a table of tables.
pub(super) fn set(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table
                .entry(head)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
