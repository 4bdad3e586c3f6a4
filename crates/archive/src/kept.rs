use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What is known of a recording that its manifests and its journal do not tell.
/// It lies beside them as `ID.state`, so that nothing is lost with the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// Of this form: 1.
    pub version: u32,
    /// In the trash until then, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_until_ms: Option<u64>,
    /// It is being deleted for good: what is left goes, too.
    #[serde(skip_serializing_if = "is_false")]
    pub purging: bool,
    /// The film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix: Option<KeptMix>,
    /// The room's file will not be made, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// By the file's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub uploads: BTreeMap<String, KeptUpload>,
}

/// A film that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptMix {
    pub state: KeptMixState,
    /// Milliseconds since 1970: the queue's order after a restart.
    pub queued_at_ms: u64,
    /// How often it was begun.
    #[serde(default)]
    pub attempts: u32,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Settings of this film alone, over those of all.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub options: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeptMixState {
    /// Or running when the server stopped.
    #[default]
    Queued,
    Failed,
    /// By somebody: it is not begun again by itself.
    Cancelled,
    Done,
}

/// How far the upload of a file is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptUpload {
    pub bucket: String,
    /// The object's key in the bucket.
    pub key: String,
    /// Of the file, when its upload began.
    pub bytes: u64,
    /// Of the file, too: changes when the file does.
    #[serde(default)]
    pub stamp: String,
    /// Its copy is confirmed, with this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<String>,
    /// A multipart upload that has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multipart: Option<Multipart>,
}

/// Parts that the storage has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Multipart {
    pub id: String,
    pub part_bytes: u64,
    /// Their tags, in order.
    pub parts: Vec<String>,
}

/// Ends the name of such a file. Not `.json`: those are manifests.
pub(crate) const EXTENSION: &str = veche_record::name::KEPT;

/// Ends the name of one that is being written.
pub(crate) const GROWING: &str = ".state.tmp";

/// With ten thousand parts of an upload it is below it.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

impl Kept {
    /// Reads one. There is none: nothing is known.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::other("larger than any that is written here"));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Writes it in the place of what is there, at once or not at all. Nothing
    /// to keep: there is no file.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let blank = Self {
            version: self.version,
            ..Self::default()
        };
        if *self == blank {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let growing = growing(path);
        let attempt = || {
            let mut file = File::create(&growing)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            fs::rename(&growing, path)?;
            match path.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        attempt().inspect_err(|_| {
            let _ = fs::remove_file(&growing);
        })
    }
}

fn growing(path: &Path) -> PathBuf {
    let mut growing = path.as_os_str().to_owned();
    growing.push(".tmp");
    growing.into()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_nothing_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.state");
        assert_eq!(Kept::read(&path).unwrap(), Kept::default());
        let mut kept = Kept {
            version: 1,
            deleted_until_ms: Some(5),
            ..Kept::default()
        };
        kept.write(&path).unwrap();
        assert_eq!(Kept::read(&path).unwrap(), kept);
        kept.deleted_until_ms = None;
        kept.write(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_none_of_ours_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.state");
        fs::write(&path, "{\"deleted_until_ms\":").unwrap();
        assert!(Kept::read(&path).is_err());
        fs::write(&path, "x".repeat(MAX_BYTES as usize + 1)).unwrap();
        assert!(Kept::read(&path).is_err());
    }
}
