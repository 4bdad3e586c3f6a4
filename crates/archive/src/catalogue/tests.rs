use std::fs;
use std::path::Path;

use tempfile::TempDir;
use veche_record::journal::{self, Event};
use veche_record::store::{KIND, Origin, ROOM_RECORDING, State as Disk, TrackEntry};

use super::*;
use crate::kept::{KeptMix, KeptMixState};
use crate::model::{FileKind, Kind, MixState};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.records()).unwrap();
        folder
    }

    fn records(&self) -> PathBuf {
        self.0.path().join("records")
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("archive.db")
    }

    fn open(&self) -> Catalogue {
        Catalogue::open(&self.database(), &self.records()).unwrap()
    }

    /// Lays a manifest and its media there.
    fn lay(&self, manifest: &Manifest) {
        let media = self.records().join(&manifest.file);
        fs::write(&media, vec![0; manifest.bytes as usize]).unwrap();
        manifest.write(&store::manifest_path(&media)).unwrap();
    }

    fn journal(&self, id: &str, room: &str, people: &[&str], ended: bool) -> PathBuf {
        let start = serde_json::json!({"type": "start", "version": 1, "at_ms": 0, "id": id,
            "room": room, "room_id": "r1", "room_start_us": 0, "started_at_ms": 5_000, "by": null});
        let mut lines = vec![start];
        for (n, name) in people.iter().enumerate() {
            let person = format!("p{n}");
            lines.push(
                serde_json::json!({"type": "join", "at_ms": n, "person": person, "name": name}),
            );
        }
        if ended {
            lines.push(serde_json::json!({"type": "end", "at_ms": 9_000}));
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let path = journal::path(&self.records(), id).unwrap();
        fs::write(&path, text).unwrap();
        assert!(matches!(
            journal::read(&path).unwrap().events.first(),
            None | Some(Event::Join(_))
        ));
        path
    }
}

fn stream(name: &str, login: &str, started_at_ms: u64) -> Manifest {
    Manifest {
        version: 1,
        state: Disk::Finished,
        file: format!("{name}.webm"),
        origin: Origin {
            room: "Планёрка".to_owned(),
            login: login.to_owned(),
            stream: format!("{login}-camera"),
            ..Origin::default()
        },
        recording: name.to_owned(),
        part: 1,
        container: "webm".to_owned(),
        started_at_ms,
        duration_ms: 1_000,
        bytes: 10,
        tracks: vec![TrackEntry {
            kind: "video".to_owned(),
            ..TrackEntry::default()
        }],
        ..Manifest::default()
    }
}

fn of_room(mut manifest: Manifest, id: &str, kind: &str) -> Manifest {
    let attributes = &mut manifest.origin.attributes;
    attributes.insert(ROOM_RECORDING.to_owned(), id.to_owned());
    attributes.insert(KIND.to_owned(), kind.to_owned());
    manifest
}

fn ids(page: &Page) -> Vec<&str> {
    page.recordings.iter().map(|r| r.id.as_str()).collect()
}

fn query(search: &str) -> Query {
    Query {
        search: search.to_owned(),
        limit: 50,
        ..Query::default()
    }
}

fn find(catalogue: &Catalogue, search: &str) -> Vec<String> {
    let page = catalogue.page(&query(search)).unwrap();
    ids(&page).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_folder_is_found_newest_first_and_in_pages() {
    let folder = Folder::new();
    for n in 0..5 {
        folder.lay(&stream(&format!("s{n}"), "Ann", 1_000 + n / 2));
    }
    let catalogue = folder.open();
    let mut query = Query {
        limit: 2,
        ..Query::default()
    };
    let mut seen = Vec::new();
    for pages in 0.. {
        let page = catalogue.page(&query).unwrap();
        assert_eq!((page.total, page.bytes), (5, 50));
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        query.after = page.next;
        if query.after.is_none() {
            assert_eq!(pages, 2);
            break;
        }
    }
    assert_eq!(seen, ["s4", "s3", "s2", "s1", "s0"]);
}

#[test]
fn names_are_found_in_any_alphabet_and_case() {
    let folder = Folder::new();
    folder.lay(&stream("a", "Алёна", 1));
    folder.lay(&stream("b", "Bob 100%_'", 2));
    let catalogue = folder.open();
    assert_eq!(find(&catalogue, "АЛЕНА"), ["a"]);
    assert_eq!(find(&catalogue, "bob ПЛАНЕРКА"), ["b"]);
    assert_eq!(find(&catalogue, "bOB-CAMERA"), Vec::<String>::new());
    assert_eq!(find(&catalogue, "100%_'"), ["b"]);
    assert_eq!(find(&catalogue, "%"), ["b"]);
    assert_eq!(find(&catalogue, "carol"), Vec::<String>::new());
    assert_eq!(catalogue.page(&query("алёна")).unwrap().total, 1);
}

#[test]
fn parts_are_one_recording() {
    let folder = Folder::new();
    folder.lay(&stream("s", "Ann", 1_000));
    let mut second = stream("s", "Ann", 2_000);
    second.part = 2;
    second.file = "s-part2.webm".to_owned();
    folder.lay(&second);
    let found = folder.open().get("s").unwrap().unwrap();
    assert_eq!((found.duration_ms, found.bytes), (2_000, 20));
    let names: Vec<_> = found.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["s.webm", "s-part2.webm"]);
}

#[test]
fn a_room_is_one_recording_with_its_film_first() {
    let folder = Folder::new();
    folder.journal("room-1", "Совет", &["Ann", "Bob"], true);
    folder.lay(&of_room(stream("s1", "Ann", 5_100), "room-1", "stream"));
    folder.lay(&of_room(stream("s2", "Bob", 5_200), "room-1", "stream"));
    let mut catalogue = folder.open();
    let merging = catalogue.get("room-1").unwrap().unwrap();
    assert_eq!(merging.state, State::Finishing);
    assert_eq!(merging.people, ["Ann", "Bob"]);
    assert_eq!((merging.started_at_ms, merging.duration_ms), (5_000, 9_000));

    let mut whole = of_room(stream("room-1", "Ann", 5_000), "room-1", "room");
    whole.file = "room-1.mkv".to_owned();
    whole.container = "mkv".to_owned();
    folder.lay(&whole);
    catalogue.put(&whole).unwrap();
    let mut film = of_room(stream("room-1.film", "Ann", 5_000), "room-1", "film");
    film.file = "room-1.film.mp4".to_owned();
    film.container = "mp4".to_owned();
    folder.lay(&film);
    catalogue.put(&film).unwrap();

    let found = catalogue.get("room-1").unwrap().unwrap();
    let kinds: Vec<_> = found.files.iter().map(|f| f.kind).collect();
    let expected = [
        FileKind::Film,
        FileKind::Room,
        FileKind::Stream,
        FileKind::Stream,
    ];
    assert_eq!(kinds, expected);
    assert_eq!((found.kind, found.state), (Kind::Room, State::Ready));
    assert_eq!(found.play().unwrap().name, "room-1.film.mp4");
    assert_eq!(found.mix.unwrap().state, MixState::Done);
    assert_eq!(catalogue.page(&query("")).unwrap().total, 1);
    let (of, file) = catalogue.file("s2.webm").unwrap().unwrap();
    assert_eq!(
        (of.id.as_str(), file.person.as_deref()),
        ("room-1", Some("Bob"))
    );
}

#[test]
fn a_file_is_listed_from_its_first_moment_to_its_last_name() {
    let folder = Folder::new();
    let mut catalogue = folder.open();
    let mut manifest = stream("s", "Ann", 1_000);
    manifest.state = Disk::Recording;
    folder.lay(&manifest);
    catalogue.put(&manifest).unwrap();
    assert_eq!(catalogue.get("s").unwrap().unwrap().state, State::Recording);
    manifest.state = Disk::Finished;
    manifest.file = "s-1000ms.webm".to_owned();
    fs::rename(
        folder.records().join("s.webm"),
        folder.records().join(&manifest.file),
    )
    .unwrap();
    manifest.write(&folder.records().join("s.json")).unwrap();
    catalogue.put(&manifest).unwrap();
    let found = catalogue.get("s").unwrap().unwrap();
    assert_eq!((found.state, found.files.len()), (State::Ready, 1));
    for name in ["s.webm", "s-1000ms.webm"] {
        let (_, file) = catalogue.file(name).unwrap().unwrap();
        assert_eq!(file.name, "s-1000ms.webm");
    }
    assert!(catalogue.file("../s.webm").unwrap().is_none());
}

#[test]
fn what_another_process_left_open_is_not_being_recorded() {
    let folder = Folder::new();
    let mut manifest = stream("s", "Ann", 1_000);
    manifest.state = Disk::Recording;
    folder.lay(&manifest);
    assert_eq!(
        folder.open().get("s").unwrap().unwrap().state,
        State::Finishing
    );
}

#[test]
fn nothing_is_lost_with_the_database() {
    let folder = Folder::new();
    for n in 0..3 {
        folder.lay(&stream(&format!("s{n}"), "Ann", n));
    }
    folder.journal("room-1", "Совет", &["Ann"], true);
    folder.lay(&of_room(stream("r", "Ann", 5_100), "room-1", "stream"));
    let mut catalogue = folder.open();
    catalogue
        .keep("s1", |kept| kept.deleted_until_ms = Some(77))
        .unwrap();
    let mix = KeptMix {
        state: KeptMixState::Failed,
        error: Some("no picture".to_owned()),
        ..KeptMix::default()
    };
    catalogue
        .keep("room-1", |kept| kept.mix = Some(mix))
        .unwrap();
    let before = catalogue.all().unwrap();
    assert_eq!(before.len(), 4);
    drop(catalogue);

    // Intact: the same.
    assert_eq!(folder.open().all().unwrap(), before);
    // Deleted.
    remove_database(&folder.database());
    assert_eq!(folder.open().all().unwrap(), before);
    // No database.
    remove_database(&folder.database());
    fs::write(folder.database(), "this is none".repeat(1000)).unwrap();
    assert_eq!(folder.open().all().unwrap(), before);
    // Damaged in the midst.
    let mut bytes = fs::read(folder.database()).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0xa5);
    fs::write(folder.database(), bytes).unwrap();
    assert_eq!(folder.open().all().unwrap(), before);
    // Of another version.
    let db = Connection::open(folder.database()).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    db.execute_batch("DROP TABLE sources").unwrap();
    drop(db);
    assert_eq!(folder.open().all().unwrap(), before);
}

fn remove_database(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[test]
fn a_database_that_is_damaged_while_it_is_used_is_made_anew() {
    let folder = Folder::new();
    folder.lay(&stream("s", "Ann", 1));
    let mut catalogue = folder.open();
    catalogue
        .db
        .execute("UPDATE recordings SET doc = '{'", [])
        .unwrap();
    let error = catalogue.get("s").unwrap_err();
    assert!(error.is_damage(), "{error}");
    catalogue.rebuild(&error).unwrap();
    assert!(catalogue.get("s").unwrap().is_some());
}

#[test]
fn changes_behind_our_back_are_seen_at_the_next_start() {
    let folder = Folder::new();
    folder.lay(&stream("a", "Ann", 1));
    folder.lay(&stream("b", "Bob", 2));
    folder.lay(&stream("c", "Cy", 3));
    drop(folder.open());
    for name in ["a.json", "a.webm", "c.webm"] {
        fs::remove_file(folder.records().join(name)).unwrap();
    }
    let mut changed = stream("b", "Bob", 2);
    changed.degraded = true;
    folder.lay(&changed);
    let catalogue = folder.open();
    assert_eq!(find(&catalogue, ""), ["c", "b"]);
    assert!(catalogue.get("b").unwrap().unwrap().degraded);
    assert!(!catalogue.get("c").unwrap().unwrap().files[0].local);
}

#[test]
fn the_trash_is_a_list_of_its_own() {
    let folder = Folder::new();
    folder.lay(&stream("a", "Ann", 1));
    folder.lay(&stream("b", "Ann", 2));
    let mut catalogue = folder.open();
    let found = catalogue
        .keep("a", |kept| kept.deleted_until_ms = Some(9))
        .unwrap();
    assert_eq!(found.unwrap().deleted_until_ms, Some(9));
    assert_eq!(find(&catalogue, ""), ["b"]);
    let trash = Query {
        trash: true,
        ..query("")
    };
    assert_eq!(ids(&catalogue.page(&trash).unwrap()), ["a"]);
    catalogue
        .keep("a", |kept| kept.deleted_until_ms = None)
        .unwrap();
    assert_eq!(find(&catalogue, ""), ["b", "a"]);
}

#[test]
fn files_go_media_first_and_nothing_else_does() {
    let folder = Folder::new();
    folder.journal("room-1", "r", &["Ann"], true);
    folder.lay(&of_room(stream("s1", "Ann", 5_100), "room-1", "stream"));
    folder.lay(&stream("other", "Ann", 1));
    fs::write(folder.records().join("room-1.jpg"), "x").unwrap();
    let mut catalogue = folder.open();
    catalogue
        .keep("room-1", |kept| kept.purging = true)
        .unwrap();
    assert!(catalogue.get("room-1").unwrap().is_none());
    assert_eq!(catalogue.purging().unwrap(), ["room-1"]);
    catalogue.remove_files("room-1").unwrap();
    catalogue
        .keep("room-1", |kept| *kept = Kept::default())
        .unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.records())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["other.json", "other.webm"]);
    assert!(catalogue.purging().unwrap().is_empty());
}

#[test]
fn unreadable_files_cost_only_themselves() {
    let folder = Folder::new();
    folder.lay(&stream("a", "Ann", 1));
    for (name, text) in [
        ("bad.json", "{"),
        ("b.room.jsonl", "nonsense\n"),
        ("a.state", "\u{0}"),
        ("../outside.json", "{}"),
    ] {
        fs::write(folder.records().join(name), text).unwrap();
    }
    let mut catalogue = folder.open();
    assert_eq!(find(&catalogue, ""), ["a"]);
    let found = catalogue
        .keep("a", |kept| kept.deleted_until_ms = Some(9))
        .unwrap();
    assert_eq!(found.unwrap().deleted_until_ms, Some(9));
    assert!(folder.records().join("a.state.bad").exists());
}

#[test]
fn halves_of_a_crash_are_gone_and_those_of_others_stay() {
    let folder = Folder::new();
    let names = [
        "a.state.tmp",
        "a.jpg.tmp",
        "b.json.tmp",
        "b.webm",
        "c.film.mp4.making",
    ];
    for name in names {
        fs::write(folder.records().join(name), "half").unwrap();
    }
    let _catalogue = folder.open();
    let left = |name: &&str| folder.records().join(name).exists();
    let left: Vec<_> = names.into_iter().filter(left).collect();
    assert_eq!(left, names[2..]);
}

#[test]
fn without_a_place_for_the_database_the_list_is_in_memory() {
    let folder = Folder::new();
    folder.lay(&stream("s", "Ann", 1));
    // No database can be made there.
    fs::create_dir(folder.database()).unwrap();
    let mut catalogue = folder.open();
    assert_eq!(find(&catalogue, "ann"), ["s"]);
    let later = stream("later", "Ann", 2);
    folder.lay(&later);
    catalogue.put(&later).unwrap();
    catalogue
        .rebuild(&io::Error::other("damaged").into())
        .unwrap();
    assert_eq!(find(&catalogue, "ann"), ["later", "s"]);
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error_and_no_empty_list() {
    let folder = Folder::new();
    fs::remove_dir(folder.records()).unwrap();
    let opened = Catalogue::open(&folder.database(), &folder.records());
    assert!(matches!(opened, Err(CatalogueError::Folder(_))));
}

#[test]
fn what_a_full_disk_kept_out_is_found_when_the_folder_is_read_again() {
    let folder = Folder::new();
    let mut catalogue = folder.open();
    let mut manifest = stream("s", "Ann", 1);
    manifest.note = Some("x".repeat(100_000));
    folder.lay(&manifest);
    catalogue.limit_pages(1).unwrap();
    let full = catalogue.put(&manifest).unwrap_err();
    assert!(!full.is_damage(), "{full}");
    assert!(catalogue.scan().is_err());
    catalogue.limit_pages(u32::MAX).unwrap();
    catalogue.scan().unwrap();
    assert_eq!(find(&catalogue, "ann"), ["s"]);
}

#[test]
fn half_a_film_goes_with_its_recording() {
    let folder = Folder::new();
    folder.lay(&stream("s", "Ann", 1));
    let half = folder.records().join("s.film.mp4.making");
    fs::write(&half, "half").unwrap();
    let mut catalogue = folder.open();
    catalogue.remove_files("s").unwrap();
    assert!(!half.exists());
}
