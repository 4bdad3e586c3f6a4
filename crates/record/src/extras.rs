use std::time::Duration;

use crate::track::cut;

/// What a finished file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Of the whole; at most [`MAX_TITLE_BYTES`] are kept.
    pub title: Option<String>,
    /// In order of time; at most [`MAX_CHAPTERS`] are kept. Players take the
    /// time before the first one for nameless: begin at zero.
    pub chapters: Vec<Chapter>,
}

/// A place to jump to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Where it begins, from the start of the file.
    pub at: Duration,
    /// At most [`MAX_TITLE_BYTES`] are kept.
    pub title: String,
}

/// Chapters of a file: one of their forms in MP4 has a byte for their number.
pub const MAX_CHAPTERS: usize = 255;

/// Bytes of a title, for the same reason.
pub const MAX_TITLE_BYTES: usize = 255;

impl Extras {
    pub(crate) fn title(&self) -> Option<&str> {
        let title = self.title.as_deref()?;
        Some(cut(title, MAX_TITLE_BYTES))
    }

    /// Those that are kept and lie in a file of that length.
    pub(crate) fn chapters(&self, length: Duration) -> Vec<Chapter> {
        let mut chapters: Vec<Chapter> = self
            .chapters
            .iter()
            .filter(|c| c.at < length)
            .take(MAX_CHAPTERS)
            .map(|c| Chapter {
                at: c.at,
                title: cut(&c.title, MAX_TITLE_BYTES).to_owned(),
            })
            .collect();
        chapters.sort_by_key(|c| c.at);
        chapters
    }
}
