use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::RwLock;

use veche_record::store::{self, Manifest};

/// What was recorded, as the manifests on the disk tell. As large as the
/// folder has files.
pub(super) struct Catalogue {
    folder: RwLock<PathBuf>,
    /// By recording and part.
    files: RwLock<BTreeMap<(String, u32), Manifest>>,
}

impl Catalogue {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder: RwLock::new(folder),
            files: RwLock::default(),
        }
    }

    pub(super) fn fill(&self, folder: &Path, found: store::Catalogue) {
        *self.folder.write().unwrap_or_else(PoisonError::into_inner) = folder.to_owned();
        for (path, error) in &found.bad {
            tracing::warn!(manifest = %path.display(), %error, "unreadable manifest of a recording");
        }
        for manifest in found.manifests {
            self.put(manifest);
        }
    }

    pub(super) fn put(&self, manifest: Manifest) {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.insert((manifest.recording.clone(), manifest.part), manifest);
    }

    pub(super) fn remove(&self, manifest: &Manifest) {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.remove(&(manifest.recording.clone(), manifest.part));
    }

    /// Everything, oldest first.
    pub(super) fn all(&self) -> Vec<Manifest> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = files.values().cloned().collect();
        all.sort_by_key(|manifest| manifest.started_at_ms);
        all
    }
}
