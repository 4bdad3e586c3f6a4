use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

/// Makes a small picture of a film, outside of this process.
pub trait Thumbnailer: Debug + Send + Sync {
    /// A JPEG of a telling moment of the file. Called on a thread that may wait.
    ///
    /// # Errors
    /// A sentence for the log. The list then shows no picture.
    fn thumbnail(&self, file: &Path) -> Result<Vec<u8>, String>;
}

/// Bytes of a picture that are taken.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Ends the name of one that is being written.
pub(crate) const GROWING: &str = ".jpg.tmp";

/// Makes a picture and lays it there, at once or not at all. It is as old as the file.
pub(crate) fn make(thumbnailer: &dyn Thumbnailer, file: &Path, to: &Path) -> Result<(), String> {
    let written = modified(file).map_err(|error| error.to_string())?;
    let jpeg = thumbnailer.thumbnail(file)?;
    if !jpeg.starts_with(&[0xff, 0xd8]) || jpeg.len() > MAX_BYTES {
        return Err(format!("{} bytes that are no JPEG", jpeg.len()));
    }
    write(to, &jpeg, written).map_err(|error| error.to_string())
}

/// Whether a picture is of this file as it is now: a file that was made again is newer.
pub(crate) fn is_of(picture: &Path, file: &Path) -> bool {
    match (modified(picture), modified(file)) {
        (Ok(picture), Ok(file)) => picture >= file,
        _ => false,
    }
}

fn modified(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

fn write(to: &Path, jpeg: &[u8], written: SystemTime) -> io::Result<()> {
    let growing = to.with_extension(&GROWING[1..]);
    let attempt = || {
        let mut file = File::create(&growing)?;
        file.write_all(jpeg)?;
        file.set_modified(written)?;
        fs::rename(&growing, to)
    };
    attempt().inspect_err(|_| {
        let _ = fs::remove_file(&growing);
    })
}
