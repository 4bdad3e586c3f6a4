use std::collections::BTreeSet;

use crate::kept::{Kept, KeptUpload};
use crate::model::{FileKind, Recording, Upload, UploadState};

/// A file of the folder as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub bytes: u64,
    /// Changes when the file does; survives a move to another disk.
    pub stamp: String,
}

/// A file that tells of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sidecar {
    pub name: String,
    /// A manifest's media. `None`: the journal.
    pub of: Option<String>,
}

/// A file to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub name: String,
    pub mime: &'static str,
}

/// The next file of a recording to carry, in the order that the module names.
/// `stat` tells of files of the folder; those in `skip` have failed just now.
pub(crate) fn next(
    recording: &Recording,
    sidecars: &[Sidecar],
    kept: &Kept,
    stat: impl Fn(&str) -> Option<Stat>,
    skip: &BTreeSet<String>,
) -> Option<Item> {
    let open = |name: &str| {
        let now = stat(name);
        now.is_some_and(|now| !is_done(kept.uploads.get(name), Some(&now)))
    };
    let mut media: Vec<_> = recording.files.iter().collect();
    media.retain(|file| file.state.is_whole());
    media.sort_by_key(|file| match file.kind {
        FileKind::Room => 0,
        FileKind::Film => 1,
        FileKind::Stream => 2,
    });
    let wanted = |name: &str| !skip.contains(name) && open(name);
    if let Some(file) = media.iter().find(|file| wanted(&file.name)) {
        return Some(Item {
            name: file.name.clone(),
            mime: file.mime(),
        });
    }
    let behind = |sidecar: &&Sidecar| match &sidecar.of {
        // What it tells of has to be there before it.
        Some(media) => !skip.contains(media),
        None => true,
    };
    let mut ready: Vec<_> = sidecars.iter().filter(behind).collect();
    ready.sort_by_key(|sidecar| (sidecar.of.is_some(), &sidecar.name));
    let sidecar = ready.into_iter().find(|sidecar| wanted(&sidecar.name))?;
    Some(Item {
        name: sidecar.name.clone(),
        mime: match sidecar.of {
            Some(_) => "application/json",
            None => "application/x-ndjson",
        },
    })
}

/// A copy of it as it is now is confirmed. `None`: it lies there alone.
fn is_done(upload: Option<&KeptUpload>, now: Option<&Stat>) -> bool {
    upload.is_some_and(|upload| {
        upload.confirmed.is_some() && now.is_none_or(|now| now.stamp == upload.stamp)
    })
}

/// The file here may go: there is a copy of it as it is.
pub(crate) fn is_settled(kept: &Kept, name: &str, now: &Stat) -> bool {
    is_done(kept.uploads.get(name), Some(now))
}

/// What is shown of a recording about which the plan knows nothing.
pub(crate) fn tell(recording: &Recording, configured: bool) -> Option<Upload> {
    let mut whole = recording.files.iter().filter(|f| f.state.is_whole());
    let first = whole.next()?;
    let all = first.uploaded.is_some() && whole.all(|f| f.uploaded.is_some());
    let will = configured && recording.state.is_final() && recording.deleted_until_ms.is_none();
    match (all, will) {
        (true, _) => Some(Upload::new(UploadState::Uploaded)),
        (false, true) => Some(Upload::new(UploadState::Waiting)),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{File, Kind, State};

    /// A room with two streams and a film; one stream is broken.
    struct World {
        recording: Recording,
        sidecars: Vec<Sidecar>,
        kept: Kept,
        folder: BTreeMap<String, Stat>,
        skip: BTreeSet<String>,
    }

    fn file(name: &str, kind: FileKind, state: State) -> File {
        File {
            name: name.to_owned(),
            first_name: None,
            kind,
            person: None,
            container: name.rsplit_once('.').unwrap().1.to_owned(),
            video: true,
            bytes: 5,
            duration_ms: 1,
            state,
            uploaded: None,
            local: true,
            text: false,
            chapters: Vec::new(),
        }
    }

    impl World {
        fn new() -> Self {
            let files = vec![
                file("r.film.mp4", FileKind::Film, State::Ready),
                file("r.mkv", FileKind::Room, State::Ready),
                file("a.webm", FileKind::Stream, State::Recovered),
                file("b.webm", FileKind::Stream, State::Broken),
            ];
            let of = |media: &str| Sidecar {
                name: format!("{}.json", media.rsplit_once('.').unwrap().0),
                of: Some(media.to_owned()),
            };
            let mut sidecars: Vec<_> = files.iter().map(|f| of(&f.name)).collect();
            sidecars.push(Sidecar {
                name: "r.room.jsonl".to_owned(),
                of: None,
            });
            let names = files.iter().map(|f| &f.name);
            let names = names.chain(sidecars.iter().map(|s| &s.name)).cloned();
            let stat = Stat {
                bytes: 5,
                stamp: "1".to_owned(),
            };
            Self {
                folder: names.map(|name| (name, stat.clone())).collect(),
                recording: Recording {
                    id: "r".to_owned(),
                    kind: Kind::Room,
                    room: None,
                    stream: None,
                    people: Vec::new(),
                    started_at_ms: 0,
                    duration_ms: 1,
                    bytes: 20,
                    state: State::Ready,
                    degraded: false,
                    note: None,
                    mix: None,
                    thumbnail: false,
                    files,
                    can_mix: false,
                    deleted_until_ms: None,
                    upload: None,
                },
                sidecars,
                kept: Kept::default(),
                skip: BTreeSet::new(),
            }
        }

        fn next(&self) -> Option<Item> {
            let stat = |name: &str| self.folder.get(name).cloned();
            next(
                &self.recording,
                &self.sidecars,
                &self.kept,
                stat,
                &self.skip,
            )
        }

        fn confirm(&mut self, name: &str) {
            let upload = KeptUpload {
                stamp: self.folder[name].stamp.clone(),
                confirmed: Some("tag".to_owned()),
                ..KeptUpload::default()
            };
            self.kept.uploads.insert(name.to_owned(), upload);
        }

        /// Carries everything; the names in order.
        fn carry(&mut self) -> Vec<String> {
            let mut carried = Vec::new();
            while let Some(item) = self.next() {
                self.confirm(&item.name);
                carried.push(item.name);
            }
            carried
        }
    }

    #[test]
    fn media_goes_first_and_manifests_last() {
        let carried = World::new().carry();
        let expected = [
            "r.mkv",
            "r.film.mp4",
            "a.webm",
            "r.room.jsonl",
            // The broken one's, too: it tells that there was somebody.
            "a.json",
            "b.json",
            "r.film.json",
            "r.json",
        ];
        assert_eq!(carried, expected);
    }

    #[test]
    fn types_are_those_of_the_files() {
        let mut world = World::new();
        let mut types = BTreeMap::new();
        while let Some(item) = world.next() {
            world.confirm(&item.name);
            types.insert(item.name, item.mime);
        }
        assert_eq!(types["r.mkv"], "video/x-matroska");
        assert_eq!(types["a.webm"], "video/webm");
        assert_eq!(types["r.json"], "application/json");
        assert_eq!(types["r.room.jsonl"], "application/x-ndjson");
    }

    #[test]
    fn what_changed_since_goes_again_and_nothing_else() {
        let mut world = World::new();
        world.carry();
        for name in ["r.film.mp4", "r.json"] {
            world.folder.get_mut(name).unwrap().stamp = "2".to_owned();
        }
        let film = world.folder["r.film.mp4"].clone();
        assert!(!is_settled(&world.kept, "r.film.mp4", &film));
        assert_eq!(world.carry(), ["r.film.mp4", "r.json"]);
        assert!(is_settled(&world.kept, "r.film.mp4", &film));
    }

    #[test]
    fn a_manifest_waits_for_its_media() {
        let mut world = World::new();
        world.skip.insert("r.mkv".to_owned());
        let carried = world.carry();
        assert!(!carried.contains(&"r.json".to_owned()), "{carried:?}");
        assert!(carried.contains(&"a.json".to_owned()), "{carried:?}");
    }

    #[test]
    fn what_lies_in_the_bucket_alone_is_done() {
        let mut world = World::new();
        world.carry();
        for name in ["r.mkv", "a.webm"] {
            world.folder.remove(name);
        }
        assert_eq!(world.next(), None);
    }

    #[test]
    fn a_recording_is_uploaded_when_every_whole_file_is() {
        let mut world = World::new();
        let state = |world: &World, configured| {
            tell(&world.recording, configured).map(|upload| upload.state)
        };
        assert_eq!(state(&world, true), Some(UploadState::Waiting));
        assert_eq!(state(&world, false), None);
        for file in &mut world.recording.files[..3] {
            file.uploaded = Some("s3://b/k".to_owned());
        }
        assert_eq!(state(&world, false), Some(UploadState::Uploaded));
        world.recording.files[0].uploaded = None;
        world.recording.deleted_until_ms = Some(5);
        assert_eq!(state(&world, true), None);
    }
}
