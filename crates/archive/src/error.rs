use std::io;

use crate::catalogue::CatalogueError;
use crate::mix::QueueFull;

/// Why the archive does not open.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder cannot be made or read.
    #[error("cannot use the folder of recordings: {0}")]
    Folder(io::Error),
    /// The database cannot be made.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The key of signed links cannot be read or made.
    #[error("cannot use the key of signed links: {0}")]
    Key(io::Error),
    /// The client of the storage cannot be made.
    #[error("cannot upload recordings: {0}")]
    Upload(String),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// Why the archive does not do as it was asked.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is none of that id.
    #[error("there is no such recording")]
    NotFound,
    /// It is being recorded, finished or mixed.
    #[error("the recording is in use: {0}")]
    InUse(&'static str),
    /// It was not deleted.
    #[error("the recording is not in the trash")]
    NotInTrash,
    /// Films are of rooms.
    #[error("only recordings of rooms are mixed")]
    NotARoom,
    /// There is nothing to mix yet, or any more.
    #[error("the recording cannot be mixed: {0}")]
    NotReady(&'static str),
    /// No film of it waits or is being made.
    #[error("the recording is not being mixed")]
    NotMixing,
    /// This server makes no films.
    #[error("this server does not mix")]
    NoMixer,
    /// Too many wait.
    #[error(transparent)]
    QueueFull(#[from] QueueFull),
    /// The file's copy cannot be had now.
    #[error("the storage of recordings: {0}")]
    Away(String),
    /// The catalogue does not answer.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}
