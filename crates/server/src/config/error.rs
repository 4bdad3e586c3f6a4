use std::fmt;
use std::path::PathBuf;

use super::Source;

/// Why there is no configuration to run with.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was asked for, or that is there, cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        reason: std::io::Error,
    },
    /// Not TOML, or a value of the wrong kind; the text shows the line.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
    /// Keys that nothing reads. All of them, so that one look mends the file.
    #[error("{}", UnknownKey::list(.0))]
    UnknownKeys(Vec<UnknownKey>),
    /// A value from the environment, a flag or the properties file.
    #[error("{origin}: {reason}")]
    Value {
        /// Where the value comes from.
        origin: Source,
        /// What is wrong with it.
        reason: String,
    },
    /// Values that are well formed and cannot work (together).
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

/// A key that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Which file.
    pub path: PathBuf,
    /// Its line there, from 1.
    pub line: usize,
    /// The key, dotted.
    pub key: String,
    /// The key that was probably meant.
    pub nearest: Option<String>,
}

impl UnknownKey {
    fn list(keys: &[Self]) -> String {
        keys.iter()
            .map(Self::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, line, key) = (self.path.display(), self.line, &self.key);
        write!(f, "{path}:{line}: unknown key `{key}`")?;
        match &self.nearest {
            Some(nearest) => write!(f, ", did you mean `{nearest}`?"),
            None => f.write_str("; `veche config --example` shows every key"),
        }
    }
}

/// Something to tell the operator that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// As it should be, worth a line.
    Info(String),
    /// Probably a mistake.
    Warning(String),
}
