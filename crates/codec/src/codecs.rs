use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::limits::Limits;
use crate::{Child, CodecError};

/// The name of the child's executable.
pub const EXECUTABLE: &str = "veche-codec";

/// Environment variable that names the executable, if it is not where it is
/// looked for.
pub const PATH_VARIABLE: &str = "VECHE_CODEC";

/// Where the executable is, and what its processes may use.
#[derive(Clone, Debug)]
pub struct Codecs {
    executable: PathBuf,
    limits: Limits,
}

impl Codecs {
    /// Looks for the executable: what [`PATH_VARIABLE`] names; else beside the
    /// running executable, in the folder above (where tests and examples find
    /// it), in `PATH`.
    ///
    /// # Errors
    /// [`CodecError::NotFound`].
    pub fn find() -> Result<Self, CodecError> {
        let exe = env::current_exe().ok();
        let beside = exe
            .iter()
            .flat_map(|exe| exe.ancestors().skip(1).take(2))
            .map(Path::to_owned);
        Self::find_in(
            env::var_os(PATH_VARIABLE).as_deref(),
            beside,
            env::var_os("PATH").as_deref(),
        )
    }

    fn find_in(
        named: Option<&OsStr>,
        beside: impl Iterator<Item = PathBuf>,
        path: Option<&OsStr>,
    ) -> Result<Self, CodecError> {
        if let Some(named) = named.filter(|n| !n.is_empty()) {
            return Self::at(named);
        }
        let beside: Vec<PathBuf> = beside.collect();
        let in_path = path.into_iter().flat_map(env::split_paths);
        let found = beside
            .iter()
            .cloned()
            .chain(in_path)
            .map(|folder| folder.join(EXECUTABLE))
            .find(|file| file.is_file());
        match found {
            Some(executable) => Self::at(executable),
            None => Err(CodecError::NotFound {
                name: EXECUTABLE.to_owned(),
                folders: beside
                    .iter()
                    .map(|f| f.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    /// Uses this executable.
    ///
    /// # Errors
    /// [`CodecError::NotFound`] if it is no file.
    pub fn at(executable: impl Into<PathBuf>) -> Result<Self, CodecError> {
        let executable = executable.into();
        if !executable.is_file() {
            return Err(CodecError::NotFound {
                name: executable.display().to_string(),
                folders: "the given place".to_owned(),
            });
        }
        Ok(Self {
            executable,
            limits: Limits::default(),
        })
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The executable.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Starts a child. `label` says in errors and logs what it is for, for
    /// example a file's name.
    ///
    /// Takes some hundredths of a second, in which it waits.
    ///
    /// # Errors
    /// [`CodecError::Start`], [`CodecError::Version`].
    pub fn spawn(&self, label: impl Into<String>) -> Result<Child, CodecError> {
        Child::spawn(&self.executable, &self.limits, label.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_named_executable_that_is_missing_is_not_replaced_by_another() {
        let error = Codecs::find_in(
            Some(OsStr::new("/nowhere/veche-codec")),
            std::iter::empty(),
            Some(OsStr::new("/bin")),
        )
        .unwrap_err();
        assert_eq!(error.code(), "codec_not_found");
        assert!(error.to_string().contains("/nowhere/veche-codec"));
    }

    #[test]
    fn what_is_missing_is_said_with_where_it_was_looked_for() {
        let beside = ["/nowhere/a", "/nowhere"].map(PathBuf::from).into_iter();
        let error = Codecs::find_in(None, beside, None).unwrap_err();
        assert!(error.to_string().contains("/nowhere/a, /nowhere"));
    }
}
