//! Pictures for the list, on a thread of its own: one takes seconds, and what is told
//! meanwhile is listed all the same.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::Inner;
use crate::catalogue::thumbnail_name;
use crate::model::{FileKind, Recording};
use crate::{Thumbnailer, source, thumbnail};

/// Pictures that wait. What comes on top has none until it changes, or until the next
/// start.
const MAX_WAITING: usize = 1_000;

/// A file to make a picture of.
struct Job {
    id: String,
    file: String,
}

/// Which pictures are to be made.
pub(super) struct Pictures {
    inner: Arc<Inner>,
    line: SyncSender<Job>,
    /// Files that were tried, and how they were then: of some no picture can be made.
    tried: BTreeMap<String, String>,
}

/// Starts the thread. It ends with [`Pictures`].
pub(super) fn start(
    inner: Arc<Inner>,
    thumbnailer: Arc<dyn Thumbnailer>,
) -> io::Result<(Pictures, JoinHandle<()>)> {
    let (line, jobs) = sync_channel(MAX_WAITING);
    let pictures = Pictures {
        inner: Arc::clone(&inner),
        line,
        tried: BTreeMap::new(),
    };
    let thread = thread::Builder::new()
        .name("pictures".to_owned())
        .spawn(move || run(&inner, &*thumbnailer, &jobs))?;
    Ok((pictures, thread))
}

impl Pictures {
    /// Has the picture of a recording made if it wants one; it is uploaded then.
    /// `false`: it does not.
    pub(super) fn ask(&mut self, recording: &Recording) -> bool {
        let Some(file) = recording.play().filter(|f| f.video && f.local) else {
            return false;
        };
        let folder = &self.inner.config.folder;
        let Some(now) = source::stat(folder, &file.name) else {
            return false;
        };
        let picture = folder.join(thumbnail_name(&recording.id));
        // The film has a better one, and one that was made again another one.
        let better =
            file.kind == FileKind::Film && !thumbnail::is_of(&picture, &folder.join(&file.name));
        let wanted = !recording.thumbnail || better;
        if !wanted || self.tried.get(&file.name) == Some(&now.stamp) {
            return false;
        }
        let job = Job {
            id: recording.id.clone(),
            file: file.name.clone(),
        };
        let asked = self.line.try_send(job).is_ok();
        if asked {
            self.tried.insert(file.name.clone(), now.stamp);
        }
        asked
    }
}

fn run(inner: &Inner, thumbnailer: &dyn Thumbnailer, jobs: &Receiver<Job>) {
    while let Ok(Job { id, file }) = jobs.recv() {
        if inner.is_closing() {
            return;
        }
        let folder = &inner.config.folder;
        let picture = folder.join(thumbnail_name(&id));
        match thumbnail::make(thumbnailer, &folder.join(&file), &picture) {
            Ok(()) => match inner.with(|catalogue| catalogue.refresh(&id)) {
                Ok(Some(_)) => {}
                // Deleted meanwhile.
                Ok(None) => drop(fs::remove_file(&picture)),
                Err(error) => {
                    tracing::warn!(recording = id, %error, "its picture is not listed");
                }
            },
            Err(why) => tracing::warn!(file, why, "no picture of a recording"),
        }
        inner.upload(&id);
    }
}
