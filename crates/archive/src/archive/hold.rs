use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use veche_record::store::Manifest;

use super::{Archive, Inner, Told, lock};
use crate::source;

/// How many have a recording's files in their hands, by its id.
#[derive(Default)]
pub(super) struct Holds(Mutex<BTreeMap<String, usize>>);

/// Somebody else reads a recording's files: while this lives, they are not deleted
/// here for having a copy elsewhere.
pub struct Hold {
    inner: Arc<Inner>,
    id: String,
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hold").field(&self.id).finish()
    }
}

impl Archive {
    /// Keeps the files of the recording that this one belongs to.
    pub fn hold(&self, file: &Manifest) -> Hold {
        let id = source::recording_of(file);
        *lock(&self.inner.holds.0).entry(id.clone()).or_default() += 1;
        Hold {
            inner: Arc::clone(&self.inner),
            id,
        }
    }
}

impl Inner {
    pub(super) fn is_held(&self, id: &str) -> bool {
        lock(&self.holds.0).contains_key(id)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holds = lock(&self.inner.holds.0);
        let left = holds.get(&self.id).map_or(0, |holds| holds - 1);
        if left > 0 {
            holds.insert(self.id.clone(), left);
            return;
        }
        holds.remove(&self.id);
        drop(holds);
        self.inner.tell(Told::Changed(self.id.clone()));
    }
}
