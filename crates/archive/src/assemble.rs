//! One recording out of what its files tell. Pure.

use veche_record::store::{self, Manifest, ROOM_RECORDING};

use crate::kept::{Kept, KeptMixState};
use crate::model::{File, FileKind, Kind, Mix, MixState, Recording, State};
use crate::source::Room;
use crate::upload::place;

/// Everything that tells of one recording.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub id: String,
    /// With the path of each manifest's name.
    pub manifests: Vec<Manifest>,
    pub journal: Option<Room>,
    pub kept: Kept,
    /// Names of media that this process writes now; a journal's is its id.
    pub live: Vec<String>,
    /// Names of media that lie in the folder.
    pub present: Vec<String>,
    pub thumbnail: bool,
}

/// `None`: there is nothing to show.
pub(crate) fn assemble(mut parts: Parts) -> Option<Recording> {
    if parts.kept.purging {
        return None;
    }
    parts
        .manifests
        .retain(|manifest| manifest.state != store::State::Empty);
    let key = |m: &Manifest| (kind(m), m.started_at_ms, m.recording.clone(), m.part);
    parts.manifests.sort_by_key(key);
    if parts.manifests.is_empty() && parts.journal.is_none() {
        return None;
    }
    let files: Vec<File> = parts.manifests.iter().map(|m| file(m, &parts)).collect();
    let is_room = parts.journal.is_some()
        || parts.manifests.iter().any(|m| {
            kind(m) != FileKind::Stream || m.origin.attributes.contains_key(ROOM_RECORDING)
        });
    let kind = match is_room {
        true => Kind::Room,
        false => Kind::Stream,
    };
    let film = files.iter().find(|f| f.kind == FileKind::Film);
    let first = parts.manifests.iter().min_by_key(|m| m.started_at_ms);
    let journal = parts.journal.as_ref();
    let state = match kind {
        Kind::Room => room_state(&parts, &files),
        Kind::Stream => worst(&files),
    };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let room = journal.map(|j| j.room.as_str());
    let room = room.or_else(|| first.map(|m| m.origin.room.as_str()));
    let started = [
        journal.map(|j| j.started_at_ms),
        first.map(|m| m.started_at_ms),
    ];
    Some(Recording {
        kind,
        room: room.and_then(text),
        stream: match kind {
            Kind::Room => None,
            Kind::Stream => first.and_then(|m| text(&m.origin.stream)),
        },
        people: people(&parts),
        started_at_ms: started.into_iter().flatten().min().unwrap_or_default(),
        duration_ms: duration(kind, &files, journal),
        bytes: files.iter().map(|f| f.bytes).sum(),
        state,
        degraded: parts.manifests.iter().any(|m| m.degraded),
        note: note(&parts),
        mix: mix(&parts.kept, film),
        can_mix: false,
        thumbnail: parts.thumbnail,
        deleted_until_ms: parts.kept.deleted_until_ms,
        upload: None,
        files,
        id: parts.id,
    })
}

fn kind(manifest: &Manifest) -> FileKind {
    match manifest.kind() {
        store::kind::FILM => FileKind::Film,
        store::kind::ROOM => FileKind::Room,
        _ => FileKind::Stream,
    }
}

fn file(manifest: &Manifest, parts: &Parts) -> File {
    let name = manifest.file.clone();
    let first_name = format!("{}.{}", manifest.recording, manifest.container);
    let upload = parts.kept.uploads.get(&name);
    let confirmed = upload.filter(|upload| upload.confirmed.is_some());
    let state = match manifest.state {
        // Of a process that is gone, unless it is ours: it is being recovered.
        store::State::Recording if parts.live.contains(&name) => State::Recording,
        store::State::Recording | store::State::Closed => State::Finishing,
        store::State::Finished => State::Ready,
        store::State::Recovered => State::Recovered,
        store::State::Empty | store::State::Broken => State::Broken,
    };
    let person = match manifest.origin.login.is_empty() {
        true => None,
        false => Some(manifest.origin.login.clone()),
    };
    File {
        first_name: (manifest.part <= 1 && first_name != name).then_some(first_name),
        kind: kind(manifest),
        person: person.filter(|_| kind(manifest) == FileKind::Stream),
        container: manifest.container.clone(),
        video: manifest.tracks.iter().any(|track| track.kind == "video"),
        bytes: manifest.bytes,
        duration_ms: manifest.duration_ms,
        state,
        uploaded: confirmed.map(|upload| place::show(&upload.bucket, &upload.key)),
        local: parts.present.contains(&name),
        text: manifest.tracks.iter().any(|track| track.kind == "text"),
        chapters: manifest.chapters.clone(),
        name,
    }
}

/// Of a stream in parts: what is said of the whole is what is said of the part
/// that is least far.
fn worst(files: &[File]) -> State {
    let any = |state: State| files.iter().any(|f| f.state == state);
    if any(State::Recording) {
        State::Recording
    } else if any(State::Finishing) {
        State::Finishing
    } else if files.iter().all(|f| f.state == State::Broken) {
        State::Broken
    } else if any(State::Recovered) || any(State::Broken) {
        State::Recovered
    } else {
        State::Ready
    }
}

fn room_state(parts: &Parts, files: &[File]) -> State {
    if parts.live.contains(&parts.id) {
        return State::Recording;
    }
    let streams: Vec<File> = of(files, FileKind::Stream).cloned().collect();
    let recovered = !streams.is_empty() && worst(&streams) == State::Recovered;
    match of(files, FileKind::Room).next().map(|f| f.state) {
        Some(State::Ready) if recovered => State::Recovered,
        Some(State::Recording) => State::Finishing,
        Some(state) => state,
        None if parts.kept.failed.is_some() => State::Broken,
        // What the film was made from may have been deleted.
        None if of(files, FileKind::Film).any(|f| f.state.is_whole()) => State::Ready,
        None => State::Finishing,
    }
}

fn of(files: &[File], kind: FileKind) -> impl Iterator<Item = &File> {
    files.iter().filter(move |f| f.kind == kind)
}

fn people(parts: &Parts) -> Vec<String> {
    let mut people = parts
        .journal
        .as_ref()
        .map_or_else(Vec::new, |j| j.people.clone());
    for manifest in &parts.manifests {
        let login = &manifest.origin.login;
        let stream = kind(manifest) == FileKind::Stream;
        if stream && !login.is_empty() && !people.contains(login) {
            people.push(login.clone());
        }
    }
    people
}

fn duration(kind: Kind, files: &[File], journal: Option<&Room>) -> u64 {
    let streams = of(files, FileKind::Stream).map(|f| f.duration_ms);
    match kind {
        Kind::Stream => streams.sum(),
        Kind::Room => {
            let whole = of(files, FileKind::Room).chain(of(files, FileKind::Film));
            let whole = whole.map(|f| f.duration_ms).find(|ms| *ms > 0);
            let told = journal.map(|j| j.length_ms);
            whole
                .or(told)
                .unwrap_or_else(|| streams.max().unwrap_or_default())
        }
    }
}

fn note(parts: &Parts) -> Option<String> {
    let notes = || parts.manifests.iter().filter_map(|m| m.note.clone());
    let whole = parts.manifests.iter().any(|m| kind(m) == FileKind::Room);
    let failed = parts.kept.failed.clone().filter(|_| !whole);
    failed.or_else(|| notes().next())
}

fn mix(kept: &Kept, film: Option<&File>) -> Option<Mix> {
    let of = |state, error| {
        let progress = match state {
            MixState::Done => 1.0,
            _ => 0.0,
        };
        Some(Mix {
            state,
            progress,
            seconds_left: None,
            error,
        })
    };
    let film = film.is_some_and(|film| film.state.is_whole());
    match kept.mix.as_ref().map(|mix| (mix.state, mix.error.clone())) {
        Some((KeptMixState::Queued, _)) => of(MixState::Queued, None),
        // One that was made before is still there.
        _ if film => of(MixState::Done, None),
        Some((KeptMixState::Failed, error)) => of(MixState::Failed, error),
        Some((KeptMixState::Cancelled | KeptMixState::Done, _)) | None => None,
    }
}

#[cfg(test)]
mod tests;
