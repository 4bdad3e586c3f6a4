use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;
use veche_archive::upload::{self, Credentials, Pauses};
use veche_archive::{Archive, Config, Recording, UploadState};
use veche_record::store::{self, Manifest, Origin, State, TrackEntry};

/// Longer than anything takes that comes at all.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const MIB: usize = 1024 * 1024;

/// A folder of recordings and what is kept about them.
pub struct World(pub TempDir);

/// Where uploads go in these tests.
pub fn config(endpoint: &str) -> upload::Config {
    let keys = Credentials::Keys {
        id: "veche".to_owned(),
        secret: "the secret".to_owned(),
        token: None,
    };
    upload::Config {
        endpoint: Some(endpoint.parse().unwrap()),
        single_bytes: 6 * MIB as u64,
        part_bytes: 5 * MIB as u64,
        pauses: Pauses {
            first: Duration::from_millis(20),
            longest: Duration::from_millis(200),
        },
        ..upload::Config::new("s3://calls/meetings".parse().unwrap(), keys)
    }
}

/// What is in a file, always the same of a name and a size.
pub fn content(name: &str, bytes: usize) -> Vec<u8> {
    let seed = name.bytes().fold(bytes as u64, |all, b| {
        all.wrapping_mul(31).wrapping_add(u64::from(b))
    });
    let mut chance = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| chance.u8(..))
        .take(bytes)
        .collect()
}

impl World {
    pub fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        fs::create_dir(world.records()).unwrap();
        world
    }

    pub fn records(&self) -> PathBuf {
        self.0.path().join("records")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.records().join(name)
    }

    pub fn open(&self, upload: upload::Config) -> Archive {
        self.open_with(Some(upload), |_| {})
    }

    pub fn open_with(
        &self,
        upload: Option<upload::Config>,
        change: impl FnOnce(&mut Config),
    ) -> Archive {
        let mut config = Config::new(self.records(), self.0.path());
        config.upload = upload;
        change(&mut config);
        Archive::start(config, "token").unwrap()
    }

    /// Lays a finished stream's file there.
    pub fn stream(&self, name: &str, bytes: usize) -> Manifest {
        let manifest = stream(name, bytes);
        self.lay(&manifest);
        manifest
    }

    pub fn lay(&self, manifest: &Manifest) {
        let media = self.path(&manifest.file);
        fs::write(&media, content(&manifest.file, manifest.bytes as usize)).unwrap();
        manifest.write(&store::manifest_path(&media)).unwrap();
    }

    /// A room's journal, with its end.
    pub fn journal(&self, id: &str) -> PathBuf {
        let start = json!({"type": "start", "version": 1, "at_ms": 0, "id": id, "room": "r",
            "room_id": "r", "room_start_us": 0, "started_at_ms": 1, "by": null});
        let end = json!({"type": "end", "at_ms": 9_000});
        let path = self.path(&format!("{id}.room.jsonl"));
        fs::write(&path, format!("{start}\n{end}\n")).unwrap();
        path
    }

    /// The folder as it is at this moment: what a kill leaves.
    pub fn copy(&self) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .arg(self.records())
            .arg(copy.records())
            .status();
        assert!(copied.unwrap().success());
        copy
    }

    pub fn state(&self, id: &str) -> String {
        fs::read_to_string(self.path(&format!("{id}.state"))).unwrap_or_default()
    }
}

pub fn stream(name: &str, bytes: usize) -> Manifest {
    Manifest {
        version: 1,
        state: State::Finished,
        file: format!("{name}.webm"),
        origin: Origin {
            login: "Ann".to_owned(),
            ..Origin::default()
        },
        recording: name.to_owned(),
        part: 1,
        container: "webm".to_owned(),
        started_at_ms: 1_000,
        duration_ms: 5_000,
        bytes: bytes as u64,
        tracks: vec![TrackEntry {
            kind: "video".to_owned(),
            ..TrackEntry::default()
        }],
        ..Manifest::default()
    }
}

/// The same as a file of a room's recording.
pub fn of_room(mut manifest: Manifest, id: &str, kind: &str) -> Manifest {
    let attributes = &mut manifest.origin.attributes;
    attributes.insert(store::ROOM_RECORDING.to_owned(), id.to_owned());
    attributes.insert(store::KIND.to_owned(), kind.to_owned());
    manifest
}

pub async fn until(archive: &Archive, id: &str, holds: impl Fn(&Recording) -> bool) -> Recording {
    let mut last = None;
    let wait = async {
        loop {
            if let Ok(found) = archive.get(id) {
                if holds(&found) {
                    return found;
                }
                last = Some(found);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match timeout(PATIENCE, wait).await {
        Ok(found) => found,
        Err(_) => panic!("{id} stays {last:#?}"),
    }
}

pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect(what);
}

pub fn is(state: UploadState) -> impl Fn(&Recording) -> bool {
    move |found| found.upload.as_ref().is_some_and(|u| u.state == state)
}

pub async fn uploaded(archive: &Archive, id: &str) -> Recording {
    until(archive, id, is(UploadState::Uploaded)).await
}

/// It failed, and says why.
pub async fn fails(archive: &Archive, id: &str, part: &str) -> Recording {
    until(archive, id, |found| {
        let error = found.upload.as_ref().and_then(|u| u.error.as_ref());
        error.is_some_and(|error| error.contains(part))
    })
    .await
}
