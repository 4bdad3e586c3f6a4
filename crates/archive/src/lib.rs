//! What was recorded: found, shown, kept, carried away and thrown away.
//!
//! A [`Archive`] is one folder of recordings with its catalogue. It is told what
//! is being written ([`Archive::put`], [`Archive::room_changed`] and the other
//! `room_*`), answers what there is ([`Archive::page`], [`Archive::get`],
//! [`Archive::file`]), and works by itself: films of rooms are made one after the
//! other, pictures for the list, copies elsewhere; the trash is emptied, what is
//! too old is deleted.
//!
//! # What is kept where
//!
//! The folder is the truth: media, manifests and journals of `veche-record`, and
//! for what those cannot tell (trash, films that wait, uploads) `ID.state`
//! beside them. The database is made of these and can be deleted at any time.
//!
//! # The parts, from the inside out
//!
//! Pure: assembling a recording from its files, what retention deletes, the
//! queue of films, signatures ([`Signer`]), cursors, plans and pauses of
//! uploads. Around them the database, child processes and an S3 client.
//!
//! # What it never does
//!
//! Build a path from a client's text: files are found by the names that
//! manifests tell. Decode media. Write manifests of files that others write.

mod archive;
mod assemble;
mod catalogue;
mod counters;
mod cursor;
mod error;
mod fold;
mod kept;
mod key;
pub mod mix;
mod model;
pub mod retention;
mod sign;
mod source;
mod thumbnail;
pub mod upload;

pub use archive::{Archive, Config, Hold};
pub use catalogue::{CatalogueError, Page, Query};
pub use counters::Counters;
pub use cursor::Cursor;
pub use error::{ArchiveError, StartError};
pub use model::{File, FileKind, Kind, Mix, MixState, Recording, State, Upload, UploadState};
pub use sign::{LinkError, Signer, same_secret};
pub use thumbnail::Thumbnailer;

/// Key of a manifest's attributes: how far the operator's script for the file is.
pub const HOOK: &str = "hook";

/// Value of [`HOOK`]: it is to be run, or was being run when the server died.
pub const HOOK_PENDING: &str = "pending";
