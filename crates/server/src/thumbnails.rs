use std::path::Path;

use veche_archive::Thumbnailer;
use veche_codec::Codecs;

/// Pictures for the list of recordings, decoded in a process of its own.
#[derive(Debug)]
pub(crate) struct Thumbnails(pub(crate) Codecs);

impl Thumbnailer for Thumbnails {
    fn thumbnail(&self, file: &Path) -> Result<Vec<u8>, String> {
        veche_film::thumbnail(file, &self.0).map_err(|error| error.to_string())
    }
}
