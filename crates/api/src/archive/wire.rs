//! The forms of answers and requests.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};
use veche_archive as archive;
use veche_record::store::ChapterEntry;

use super::access::Access;

/// What was recorded: a room or a stream.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recording {
    id: String,
    kind: Kind,
    /// The room's name.
    room: Option<String>,
    /// The stream's name.
    stream: Option<String>,
    people: Vec<String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    started_at: String,
    duration_ms: u64,
    bytes: u64,
    state: State,
    /// Something was lost while it was written.
    degraded: bool,
    /// Why it is not what it should be.
    note: Option<String>,
    /// The film of a room.
    mix: Option<Mix>,
    /// A film of it can be asked for now. For operators.
    can_mix: bool,
    /// Where its picture is.
    thumbnail: Option<String>,
    /// The best file to play.
    play: Option<String>,
    /// The film first, then the room's file, then streams.
    files: Vec<File>,
    /// In the trash until then. RFC 3339.
    #[schema(format = DateTime)]
    deleted_until: Option<String>,
    /// Its way to the bucket, where there is one.
    upload: Option<Upload>,
}

/// How far a recording's way to the bucket is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Upload {
    state: UploadState,
    #[schema(minimum = 0, maximum = 1)]
    progress: f64,
    /// Why it did not work. For operators.
    error: Option<String>,
    /// When it is tried again. RFC 3339.
    #[schema(format = DateTime)]
    retry_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UploadState {
    /// Waits for others.
    Waiting,
    Uploading,
    /// Every file has a confirmed copy.
    Uploaded,
    /// Is tried again.
    Failed,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Room,
    Stream,
}

/// How far it is. `recording`: it is being written. `finishing`: it ended and is made
/// plain, or its sound is put into AAC. `ready`: plain and complete. `recovered`: plain, a
/// crash ended it. `broken`: it cannot be finished, `note` says why.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Recording,
    Finishing,
    Ready,
    Recovered,
    Broken,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Mix {
    state: MixState,
    #[schema(minimum = 0, maximum = 1)]
    progress: f64,
    seconds_left: Option<u64>,
    /// Why there is no film.
    error: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum MixState {
    Queued,
    Running,
    Failed,
    Done,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct File {
    name: String,
    kind: FileKind,
    /// Whose stream it is.
    person: Option<String>,
    mime: String,
    bytes: u64,
    duration_ms: u64,
    url: String,
    state: State,
    /// Where its confirmed copy lies. For operators.
    #[schema(example = "s3://recordings/meetings/room-standup.mkv")]
    uploaded: Option<String>,
    /// Of a film: where its chat is, as WebVTT.
    captions: Option<String>,
    /// Of a film: where somebody joined or shared, in order of time.
    chapters: Vec<Chapter>,
}

/// A place to jump to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Chapter {
    /// From the start of the file, in milliseconds.
    at_ms: u64,
    #[schema(example = "Ann joins")]
    title: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FileKind {
    Film,
    Room,
    Stream,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
pub(super) struct Page {
    /// Newest first.
    pub(super) recordings: Vec<Recording>,
    /// For `after`, if there are more.
    pub(super) next: Option<String>,
    /// How many there are on all pages.
    pub(super) total: u64,
    /// How large all of them are.
    pub(super) bytes: u64,
    /// What is deleted goes to the trash first; else it is gone at once.
    pub(super) trash: bool,
}

/// Which recordings to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Words that are in the name of the room, the stream or of people.
    pub(super) search: String,
    /// Only those in this state.
    #[param(inline)]
    pub(super) state: Option<State>,
    /// Those in the trash, instead of those that are not.
    pub(super) trash: bool,
    /// At most so many: 1 to 200, 50 if it is not said.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<usize>,
    /// `next` of the page before.
    pub(super) after: Option<String>,
}

/// How long a link opens.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkWanted {
    /// A day if it is not said; a year at most.
    #[schema(minimum = 1, maximum = 31536000)]
    pub(super) expires_in_seconds: Option<u64>,
}

/// A link that opens one recording.
#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    /// On this server.
    pub(super) url: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub(super) expires: String,
}

impl From<State> for archive::State {
    fn from(state: State) -> Self {
        match state {
            State::Recording => Self::Recording,
            State::Finishing => Self::Finishing,
            State::Ready => Self::Ready,
            State::Recovered => Self::Recovered,
            State::Broken => Self::Broken,
        }
    }
}

fn state(state: archive::State) -> State {
    match state {
        archive::State::Recording => State::Recording,
        archive::State::Finishing => State::Finishing,
        archive::State::Ready => State::Ready,
        archive::State::Recovered => State::Recovered,
        archive::State::Broken => State::Broken,
    }
}

/// A recording as somebody sees it who has this access.
pub(super) fn recording(of: archive::Recording, access: &Access, now_ms: u64) -> Recording {
    let query = access.query();
    let url = |file: &archive::File| format!("/client/records/{}{query}", encode(&file.name));
    let id = encode(&of.id);
    let captioned = of.captioned().map(|film| &film.name);
    Recording {
        kind: match of.kind {
            archive::Kind::Room => Kind::Room,
            archive::Kind::Stream => Kind::Stream,
        },
        started_at: rfc3339(of.started_at_ms),
        duration_ms: length_ms(&of, now_ms),
        bytes: of.bytes,
        state: state(of.state),
        degraded: of.degraded,
        mix: of.mix.as_ref().map(mix),
        can_mix: of.can_mix && *access == Access::Everything,
        thumbnail: of
            .thumbnail
            .then(|| format!("/rest-api/recordings/{id}/thumbnail{query}")),
        play: of.play().map(url),
        files: (of.files.iter())
            .map(|f| File {
                captions: (captioned == Some(&f.name))
                    .then(|| format!("/rest-api/recordings/{id}/chat.vtt{query}")),
                ..file(f, url(f), access)
            })
            .collect(),
        deleted_until: of.deleted_until_ms.map(rfc3339),
        upload: of.upload.as_ref().map(|of| upload(of, access)),
        id: of.id,
        room: of.room,
        stream: of.stream,
        people: of.people,
        note: of.note,
    }
}

/// What is still recorded is as long as it has run.
fn length_ms(of: &archive::Recording, now_ms: u64) -> u64 {
    match of.state {
        archive::State::Recording => of.duration_ms.max(now_ms.saturating_sub(of.started_at_ms)),
        _ => of.duration_ms,
    }
}

fn mix(of: &archive::Mix) -> Mix {
    Mix {
        state: match of.state {
            archive::MixState::Queued => MixState::Queued,
            archive::MixState::Running => MixState::Running,
            archive::MixState::Failed => MixState::Failed,
            archive::MixState::Done => MixState::Done,
        },
        progress: of.progress,
        seconds_left: of.seconds_left,
        error: of.error.clone(),
    }
}

fn upload(of: &archive::Upload, access: &Access) -> Upload {
    Upload {
        state: match of.state {
            archive::UploadState::Waiting => UploadState::Waiting,
            archive::UploadState::Uploading => UploadState::Uploading,
            archive::UploadState::Uploaded => UploadState::Uploaded,
            archive::UploadState::Failed => UploadState::Failed,
        },
        progress: of.progress,
        // It names settings and hosts.
        error: of.error.clone().filter(|_| *access == Access::Everything),
        retry_at: of.retry_at_ms.map(rfc3339),
    }
}

fn file(of: &archive::File, url: String, access: &Access) -> File {
    File {
        name: of.name.clone(),
        kind: match of.kind {
            archive::FileKind::Film => FileKind::Film,
            archive::FileKind::Room => FileKind::Room,
            archive::FileKind::Stream => FileKind::Stream,
        },
        person: of.person.clone(),
        mime: of.mime().to_owned(),
        bytes: of.bytes,
        duration_ms: of.duration_ms,
        url,
        state: state(of.state),
        // Where we keep things is nothing for strangers.
        uploaded: of
            .uploaded
            .clone()
            .filter(|_| *access == Access::Everything),
        captions: None,
        chapters: of.chapters.iter().map(chapter).collect(),
    }
}

fn chapter(of: &ChapterEntry) -> Chapter {
    Chapter {
        at_ms: of.at_ms,
        title: of.title.clone(),
    }
}

/// A time in milliseconds since 1970.
pub(super) fn rfc3339(ms: u64) -> String {
    let nanos = i128::from(ms) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos);
    let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

/// Text as a part of a URL's path, or of a header (RFC 5987, `attr-char`).
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
