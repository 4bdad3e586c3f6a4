//! One film of a meeting: its recordings in, one MP4 out.
//!
//! [`find`] says which recordings, [`make`] makes the film: reads them side by
//! side, decodes in child processes ([`veche_codec`]), puts pictures and sound
//! together ([`veche_mix`]), encodes in another child, writes the file. It needs
//! memory for a second of each recording, however long they are.
//!
//! What happens when (who is seen, chapters, subtitles) is decided before by
//! [`script`], which is pure. What cannot be read or decoded is left out and
//! named in [`Film::warnings`], as long as there is something to see or hear.
//!
//! Layouts, watermarks and portraits come from files that the settings name.
//!
//! It never reads a picture's bytes with code in C: that is for the children.

mod audio;
mod cues;
mod encoders;
mod image;
mod inputs;
mod labels;
mod layouts;
mod listeners;
mod look;
mod make;
mod meeting;
mod opening;
mod output;
pub mod script;
mod settings;
mod sources;
mod thumbnail;
mod video;

pub use inputs::{InputError, InputFile, Of, find, manifest_of};
pub use make::{Film, FilmError, Order, Progress, make};
pub use output::OutputError;
pub use settings::{Chat, FilmCodec, Opening, PRESETS, Settings, SettingsError};
pub use thumbnail::{ThumbnailError, thumbnail};
