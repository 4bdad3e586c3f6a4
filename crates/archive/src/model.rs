use serde::{Deserialize, Serialize};
use veche_record::store::ChapterEntry;

/// One recording as it is shown: a room or a single stream, with its files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The stem of its first file's name: plain characters, safe in a URL.
    pub id: String,
    /// A room's or a stream's.
    pub kind: Kind,
    /// The room's name.
    pub room: Option<String>,
    /// The stream's name.
    pub stream: Option<String>,
    /// Who was there, in order of coming.
    pub people: Vec<String>,
    /// Milliseconds since 1970.
    pub started_at_ms: u64,
    /// How long it is. Of one that runs: unknown, 0.
    pub duration_ms: u64,
    /// Of all its files.
    pub bytes: u64,
    /// How far it is.
    pub state: State,
    /// Something was lost while it was written.
    pub degraded: bool,
    /// Why it is not what it should be.
    pub note: Option<String>,
    /// The film, while it is none.
    pub mix: Option<Mix>,
    /// A film of it can be asked for now.
    #[serde(default)]
    pub can_mix: bool,
    /// There is a picture of it.
    pub thumbnail: bool,
    /// The film first, then the room's file, then streams by their start.
    pub files: Vec<File>,
    /// In the trash until then, milliseconds since 1970.
    pub deleted_until_ms: Option<u64>,
    /// How far its way to the storage is, if it goes there.
    #[serde(default)]
    pub upload: Option<Upload>,
}

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whole room.
    Room,
    /// One stream, in one or several parts.
    Stream,
}

/// How far a recording or a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Being written.
    Recording,
    /// Ended, or left open by a crash; being made plain.
    Finishing,
    /// Plain.
    Ready,
    /// Plain, after a crash.
    Recovered,
    /// Cannot be finished.
    Broken,
}

impl State {
    /// Its name on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Finishing => "finishing",
            Self::Ready => "ready",
            Self::Recovered => "recovered",
            Self::Broken => "broken",
        }
    }

    /// Nothing writes to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Ready | Self::Recovered | Self::Broken)
    }

    /// It can be played as a whole.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Ready | Self::Recovered)
    }
}

/// What a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// The composed film of a room.
    Film,
    /// All streams of a room, each with its tracks.
    Room,
    /// One stream.
    Stream,
}

/// One file of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// In the folder of recordings.
    pub name: String,
    /// The name that clients were told while it was written.
    pub first_name: Option<String>,
    /// What it is of.
    pub kind: FileKind,
    /// Whose stream it is.
    pub person: Option<String>,
    /// `mp4`, `webm` or `mkv`.
    pub container: String,
    /// It has a picture.
    pub video: bool,
    /// How large it is.
    pub bytes: u64,
    /// How long it is, when finished.
    pub duration_ms: u64,
    /// How far it is.
    pub state: State,
    /// Where its confirmed copy lies: `s3://BUCKET/KEY`.
    pub uploaded: Option<String>,
    /// It lies in the folder, not only elsewhere.
    pub local: bool,
    /// It has a track of text: the chat.
    pub text: bool,
    /// Places in a film to jump to.
    pub chapters: Vec<ChapterEntry>,
}

impl File {
    /// Its media type.
    pub fn mime(&self) -> &'static str {
        match (self.container.as_str(), self.video) {
            ("mp4", true) => "video/mp4",
            ("mp4", false) => "audio/mp4",
            ("webm", true) => "video/webm",
            ("webm", false) => "audio/webm",
            (_, true) => "video/x-matroska",
            (_, false) => "audio/x-matroska",
        }
    }

    /// Browsers play it as it is.
    pub fn plays(&self) -> bool {
        self.state.is_whole() && matches!(self.container.as_str(), "mp4" | "webm")
    }
}

/// How far a film is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// What happens with it.
    pub state: MixState,
    /// 0 to 1.
    pub progress: f64,
    /// As the mixer thinks.
    pub seconds_left: Option<u64>,
    /// Why there is no film.
    pub error: Option<String>,
}

/// What happens with a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MixState {
    /// Waits for others.
    Queued,
    /// Is being made.
    Running,
    /// Will not be made unless asked again.
    Failed,
    /// Is there.
    Done,
}

/// How far a recording's way to the storage is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// What happens with it.
    pub state: UploadState,
    /// 0 to 1.
    pub progress: f64,
    /// Why it did not work.
    pub error: Option<String>,
    /// When it is tried again, milliseconds since 1970.
    pub retry_at_ms: Option<u64>,
}

/// What happens with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadState {
    /// Waits for others.
    Waiting,
    /// Is on its way.
    Uploading,
    /// Is there, confirmed.
    Uploaded,
    /// Did not work, and is tried again.
    Failed,
}

impl Upload {
    pub(crate) fn new(state: UploadState) -> Self {
        let progress = match state {
            UploadState::Uploaded => 1.0,
            _ => 0.0,
        };
        Self {
            state,
            progress,
            error: None,
            retry_at_ms: None,
        }
    }
}

impl Recording {
    /// The best file to play: the film, else the room's, else the longest
    /// stream with a picture; of those that browsers play.
    pub fn play(&self) -> Option<&File> {
        let best = |file: &&File| {
            let kind = std::cmp::Reverse(file.kind);
            (kind, file.video, file.duration_ms)
        };
        self.files
            .iter()
            .rev()
            .filter(|file| file.plays())
            .max_by_key(best)
    }

    /// The film whose chat can be read: it lies here and has one.
    pub fn captioned(&self) -> Option<&File> {
        let mut films = self.files.iter().filter(|f| f.kind == FileKind::Film);
        films.find(|f| f.text && f.local && f.state.is_whole())
    }

    /// Files that lie in the folder.
    pub fn local_bytes(&self) -> u64 {
        self.files.iter().filter(|f| f.local).map(|f| f.bytes).sum()
    }

    /// Its film waits or is being made.
    pub fn is_mixing(&self) -> bool {
        let state = self.mix.as_ref().map(|mix| mix.state);
        matches!(state, Some(MixState::Queued | MixState::Running))
    }
}
