use std::fmt;
use std::path::Path;

use veche_record::store::Manifest;

/// Told what becomes of recordings, such as an archive. Must return at once.
pub trait Keeper: fmt::Debug + Send + Sync + 'static {
    /// A file has begun or is finished, or never will be: its state tells.
    fn put(&self, manifest: &Manifest);

    /// The journal of a room that is being recorded was begun or has grown.
    fn room_changed(&self, journal: &Path);

    /// The journal has its end; the room's file is being made. Where the
    /// journal is gone, there was nothing in it.
    fn room_ended(&self, journal: &Path);

    /// The room's file is there: its film may be made.
    fn room_finished(&self, journal: &Path, file: Manifest);

    /// There is no file of the room yet. `why` is a sentence; it is tried
    /// again at the next start.
    fn room_failed(&self, journal: &Path, why: &str);
}

/// Nobody.
#[derive(Debug)]
pub(crate) struct Nobody;

impl Keeper for Nobody {
    fn put(&self, _: &Manifest) {}
    fn room_changed(&self, _: &Path) {}
    fn room_ended(&self, _: &Path) {}
    fn room_finished(&self, _: &Path, _: Manifest) {}
    fn room_failed(&self, _: &Path, _: &str) {}
}
