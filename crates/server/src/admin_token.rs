use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Shorter is no secret.
const MIN_LENGTH: usize = 16;

/// What operators present to the REST API: made at the first start, kept in
/// `data_dir` for its owner's eyes.
#[derive(Clone, Debug)]
pub struct AdminToken {
    /// The token.
    pub text: String,
    /// It was made just now; nobody knows it yet.
    pub is_new: bool,
    /// Where it lies.
    pub path: PathBuf,
}

impl AdminToken {
    /// Reads the token, or makes one.
    ///
    /// # Errors
    /// If the file cannot be read or made, or what is in it is no secret.
    pub fn ensure(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join("admin-token");
        let shown = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => {
                let text = text.trim().to_owned();
                let good = text.len() >= MIN_LENGTH && text.chars().all(|c| c.is_ascii_graphic());
                anyhow::ensure!(
                    good,
                    "{shown} must hold a token of {MIN_LENGTH} or more plain characters; remove it and another one is made"
                );
                Ok(Self {
                    text,
                    is_new: false,
                    path,
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = random()?;
                write(&path, &text).with_context(|| format!("cannot write {shown}"))?;
                Ok(Self {
                    text,
                    is_new: true,
                    path,
                })
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {shown}")),
        }
    }
}

/// 192 random bits, as hexadecimal digits.
fn random() -> Result<String> {
    let mut bits = [0; 24];
    getrandom::fill(&mut bits).context("the operating system has no randomness")?;
    Ok(bits.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_token_is_made_once_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let first = AdminToken::ensure(directory.path()).unwrap();
        assert!(first.is_new);
        let mode = fs::metadata(&first.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = AdminToken::ensure(directory.path()).unwrap();
        assert!(!second.is_new);
        assert_eq!(second.text, first.text);
    }

    #[test]
    fn an_empty_token_lets_nobody_in() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("admin-token"), "\n").unwrap();
        assert!(AdminToken::ensure(directory.path()).is_err());
    }
}
