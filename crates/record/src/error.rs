use std::io;

/// Why a file could not be read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system said no.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
    /// Neither MP4 nor Matroska, or not even its first bytes are there.
    #[error("not an MP4, WebM or Matroska file")]
    UnknownContainer,
    /// The file ends before its tracks are described.
    #[error("the file ends within its header")]
    HeaderCutShort,
    /// Something that the format does not allow.
    #[error("malformed {what} at byte {at}")]
    Malformed {
        /// The box or element.
        what: &'static str,
        /// Where it starts.
        at: u64,
    },
    /// Something is larger than anything that is read.
    #[error("{what} is larger than {limit}")]
    TooLarge {
        /// The thing.
        what: &'static str,
        /// What it may be.
        limit: u64,
    },
    /// There is a header and nothing whole behind it.
    #[error("no media in the file")]
    NoMedia,
    /// Of an MP4 whose recording was broken off before it was ended: what is
    /// where in it was to be written last.
    #[error("its index is missing: it was cut off, or its recording was not ended")]
    NoIndex,
    /// The file is shorter than it says.
    #[error("it was cut off: there is nothing at byte {at} and behind")]
    CutOff {
        /// Where something is missing.
        at: u64,
    },
    /// Something is coded in a way that is not read.
    #[error("{what} in {codec} cannot be read; {known} can")]
    Codec {
        /// Pictures or sound.
        what: &'static str,
        /// How it is called.
        codec: String,
        /// What could be read.
        known: &'static str,
    },
    /// The file was finished before.
    #[error("the file is finished already")]
    Finished,
}

impl ReadError {
    pub(crate) fn malformed(what: &'static str, at: u64) -> Self {
        Self::Malformed { what, at }
    }
}
