use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::{Config, ConfigError, Note, Source, aws, environment, file, keys, properties};

/// Read when nothing else is said and it is there.
const FILE: &str = "veche.toml";

/// Where the seed system keeps its settings; read when one of them is there.
const PROPERTIES: [&str; 2] = ["flashphoner.properties", "conf/flashphoner.properties"];

/// What the configuration is put together from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The directory that relative defaults are looked for in. Empty: the current one.
    pub directory: PathBuf,
    /// `--config`. None: `veche.toml`, if it is there.
    pub file: Option<PathBuf>,
    /// `--properties`. None: `flashphoner.properties`, if it is there.
    pub properties: Option<PathBuf>,
    /// The environment; only `VECHE_*` is looked at, and for uploads `AWS_*`.
    pub environment: Vec<(String, String)>,
    /// Flags: as typed, the key, the value.
    pub flags: Vec<(String, String, String)>,
}

/// A configuration, and how it came to be.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What to run with.
    pub config: Config,
    /// Who set each key that is not at its default.
    pub set_by: BTreeMap<String, Source>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// What the operator should know.
    pub notes: Vec<Note>,
}

/// The values of one source.
#[derive(Debug, Default)]
pub(super) struct Layer(Vec<(Source, String, Value)>);

impl Layer {
    pub(super) fn push(&mut self, source: Source, key: &str, value: Value) {
        self.0.push((source, key.to_owned(), value));
    }
}

/// Reads all layers: defaults < properties < file < environment < flags.
///
/// A `veche.toml` that somebody wrote for this server says more than a
/// `flashphoner.properties` that was left by another.
///
/// # Errors
/// The first layer that cannot be read or understood.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut notes = Vec::new();
    let mut files = Vec::new();
    let mut layers = Vec::new();

    let candidates = PROPERTIES.map(|name| sources.directory.join(name));
    if let Some((path, text)) = read_text(sources.properties.as_deref(), &candidates)? {
        layers.push(properties::read(&path, &text, &mut notes)?);
        files.push(path);
    }
    let candidates = [sources.directory.join(FILE)];
    if let Some((path, text)) = read_text(sources.file.as_deref(), &candidates)? {
        layers.push(file::read(&path, &text)?);
        files.push(path);
    }
    layers.push(environment::read(&sources.environment, &mut notes)?);
    layers.push(read_flags(&sources.flags)?);

    let mut table = Table::new();
    let mut set_by = BTreeMap::new();
    for (source, key, value) in layers.into_iter().flat_map(|layer| layer.0) {
        understood(&source, &key, &value)?;
        keys::set(&mut table, &key, value);
        set_by.insert(key, source);
    }
    aws::fill(&sources.environment, &mut table, &mut set_by);
    let mut config = Config::deserialize(table)
        .map_err(|error| ConfigError::Invalid(vec![error.message().to_owned()]))?;
    config.aws = aws::read(&sources.environment, &set_by);
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }
    Ok(Loaded {
        config,
        set_by,
        files,
        notes,
    })
}

/// Tries a value alone, so that the error names its source.
fn understood(source: &Source, key: &str, value: &Value) -> Result<(), ConfigError> {
    let mut alone = Table::new();
    keys::set(&mut alone, key, value.clone());
    match Config::deserialize(alone) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::Value {
            origin: source.clone(),
            reason: error.message().to_owned(),
        }),
    }
}

fn read_flags(flags: &[(String, String, String)]) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    for (typed, key, text) in flags {
        let origin = Source::Flag(typed.clone());
        match keys::value_of(key, text) {
            Some(Ok(value)) => layer.push(origin, key, value),
            Some(Err(reason)) => return Err(ConfigError::Value { origin, reason }),
            None => {
                let reason = match keys::nearest(key) {
                    Some(nearest) => format!("unknown key `{key}`, did you mean `{nearest}`?"),
                    None => format!("unknown key `{key}`"),
                };
                return Err(ConfigError::Value { origin, reason });
            }
        }
    }
    Ok(layer)
}

/// The file that was asked for, which must be there, or the first candidate that is.
fn read_text(
    asked: Option<&Path>,
    candidates: &[PathBuf],
) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let (paths, must_exist) = match asked {
        Some(path) => (vec![path.to_owned()], true),
        None => (candidates.to_vec(), false),
    };
    for path in paths {
        match std::fs::read(&path) {
            // Old property files are not always UTF-8; the keys that matter are ASCII.
            Ok(bytes) => return Ok(Some((path, String::from_utf8_lossy(&bytes).into_owned()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {}
            Err(reason) => return Err(ConfigError::Unreadable { path, reason }),
        }
    }
    Ok(None)
}
