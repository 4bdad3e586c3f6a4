use std::path::PathBuf;
use std::time::Duration;

/// Why something could not be decoded or encoded.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The executable is not there.
    #[error("the executable {name} was found neither in {folders} nor in PATH")]
    NotFound {
        /// What was looked for.
        name: String,
        /// Where.
        folders: String,
    },
    /// The executable could not be started.
    #[error("cannot start {}: {reason}", path.display())]
    Start {
        /// The executable.
        path: PathBuf,
        /// What the system said, or the executable before it ended.
        reason: String,
    },
    /// The executable belongs to another version of Veche.
    #[error("{} speaks version {found}, but {wanted} is needed: install both from one release", path.display())]
    Version {
        /// The executable.
        path: PathBuf,
        /// What it speaks.
        found: u32,
        /// What we speak.
        wanted: u32,
    },
    /// The child ended although it was needed.
    #[error("the codec process of {label} {how}{}", said(last))]
    Died {
        /// What the child was started for.
        label: String,
        /// How it ended: its signal or status.
        how: String,
        /// The last line it wrote to its log.
        last: String,
    },
    /// The child owed an answer for too long, and was killed.
    #[error("the codec process of {label} gave no answer for {} s{}", after.as_secs(), said(last))]
    Hung {
        /// What the child was started for.
        label: String,
        /// How long it was waited for.
        after: Duration,
        /// The last line it wrote to its log.
        last: String,
    },
    /// The child cannot do what was asked of a stream, or could not go on.
    #[error("{label}: {what}: {reason}")]
    Stream {
        /// What the child was started for.
        label: String,
        /// Which stream, for people.
        what: String,
        /// What the child said.
        reason: String,
    },
    /// The input is larger than what is passed on.
    #[error("{what} of {size} is more than {limit}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The largest size.
        limit: u64,
    },
    /// The child has as many streams as one may have.
    #[error("one codec process has at most {limit} streams")]
    TooManyStreams {
        /// How many.
        limit: usize,
    },
    /// The planes of a picture do not have the size that it says.
    #[error("a picture's planes do not have the size {width}x{height}, or it is not even")]
    BadPicture {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// Something was sent after `finish`.
    #[error("the stream has been finished")]
    Finished,
}

impl CodecError {
    /// A name for programs, which stays.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "codec_not_found",
            Self::Start { .. } => "codec_start",
            Self::Version { .. } => "codec_version",
            Self::Died { .. } => "codec_died",
            Self::Hung { .. } => "codec_hung",
            Self::Stream { .. } => "codec_stream",
            Self::TooLarge { .. } => "codec_too_large",
            Self::TooManyStreams { .. } => "codec_too_many_streams",
            Self::BadPicture { .. } => "codec_bad_picture",
            Self::Finished => "codec_finished",
        }
    }

    /// Whether the whole child is gone, and not one of its streams.
    pub fn is_child_gone(&self) -> bool {
        matches!(self, Self::Died { .. } | Self::Hung { .. })
    }
}

fn said(last: &str) -> String {
    if last.is_empty() {
        String::new()
    } else {
        format!(": {last}")
    }
}
