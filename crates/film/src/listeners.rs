//! The processes that decode sound.

use std::collections::BTreeMap;

use veche_codec::{Child, CodecError, Codecs};

/// Where sound is decoded. Feeds are known by their numbers.
pub(crate) enum Listeners {
    /// All of it in one process, while that does not die.
    Shared(Option<Child>),
    /// Each feed in a process of its own, so that it is known whose sound it is
    /// that kills one.
    Own(BTreeMap<usize, Child>),
}

impl Listeners {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::Shared(None)
    }

    /// The process for a feed. `file` is what its recording is called.
    pub(crate) fn of(
        &mut self,
        feed: usize,
        file: &str,
        codecs: &Codecs,
    ) -> Result<Child, CodecError> {
        match self {
            Self::Shared(Some(child)) => Ok(child.clone()),
            Self::Shared(none) => {
                let child = codecs.spawn("the sound of the recordings")?;
                Ok(none.insert(child).clone())
            }
            Self::Own(children) => {
                if let Some(child) = children.get(&feed) {
                    return Ok(child.clone());
                }
                let child = codecs.spawn(file)?;
                children.insert(feed, child.clone());
                Ok(child)
            }
        }
    }

    /// A feed's process is gone. Whether it was its own; else nobody knows whose
    /// sound it was, and from now on everybody has one.
    pub(crate) fn gone(&mut self, feed: usize) -> bool {
        match self {
            Self::Shared(_) => {
                *self = Self::Own(BTreeMap::new());
                false
            }
            Self::Own(children) => {
                children.remove(&feed);
                true
            }
        }
    }

    /// A feed needs none any more.
    pub(crate) fn let_go(&mut self, feed: usize) {
        if let Self::Own(children) = self {
            children.remove(&feed);
        }
    }
}
