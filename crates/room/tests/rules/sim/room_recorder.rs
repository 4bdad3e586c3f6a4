use std::collections::{BTreeMap, BTreeSet};

use veche_room::{JournalEntry, MediaSessionId, PersonId, RecordRoomOrder, RoomRecordingId};

/// What the hub asked of recordings of rooms. Complains of what no film could
/// be made of.
#[derive(Debug, Default)]
pub struct RoomRecorder {
    pub orders: Vec<RecordRoomOrder>,
    /// Neither stopped nor failed.
    pub running: BTreeMap<RoomRecordingId, Journal>,
    pub stopped: BTreeMap<RoomRecordingId, Journal>,
    pub failed: usize,
}

/// What is in the journal of one.
#[derive(Debug, Default)]
pub struct Journal {
    pub room: String,
    pub started: bool,
    pub entries: Vec<JournalEntry>,
    pub people: BTreeMap<PersonId, String>,
    ever: BTreeSet<PersonId>,
    pub streams: BTreeMap<MediaSessionId, PersonId>,
}

impl RoomRecorder {
    pub fn order(&mut self, order: RecordRoomOrder) {
        let used = self.orders.iter().any(|o| o.recording == order.recording);
        assert!(!used, "ids are never used again");
        let room = order.room.to_string();
        let twice = self.running.values().any(|journal| journal.room == room);
        assert!(!twice, "a room has one recording at a time");
        let journal = Journal {
            room,
            ..Journal::default()
        };
        self.running.insert(order.recording, journal);
        self.orders.push(order);
    }

    pub fn stop(&mut self, recording: RoomRecordingId) {
        let journal = self.running.remove(&recording);
        let journal = journal.expect("what runs is stopped once");
        self.stopped.insert(recording, journal);
    }

    /// The newest that waits to begin.
    pub fn starting(&self) -> Option<RoomRecordingId> {
        let mut running = self.running.iter().rev();
        running.find(|(_, j)| !j.started).map(|(id, _)| *id)
    }

    pub fn started(&mut self, recording: RoomRecordingId) {
        if let Some(journal) = self.running.get_mut(&recording) {
            journal.started = true;
        }
    }

    pub fn fails(&mut self, recording: RoomRecordingId) {
        if self.running.remove(&recording).is_some() {
            self.failed += 1;
        }
    }

    pub fn is_on(&self, room: &str) -> bool {
        let mut running = self.running.values();
        running.any(|journal| journal.started && journal.room == room)
    }

    pub fn of(&self, room: &str) -> Option<&Journal> {
        self.running.values().find(|journal| journal.room == room)
    }

    pub fn entry(&mut self, recording: RoomRecordingId, entry: JournalEntry) {
        let journal = self.running.get_mut(&recording).expect("it runs");
        assert!(journal.started, "nothing is written before it has begun");
        match &entry {
            JournalEntry::Join { person, login } => {
                assert!(journal.ever.insert(*person), "ids are never used again");
                journal.people.insert(*person, login.to_string());
            }
            JournalEntry::Leave { person } => {
                assert!(journal.people.remove(person).is_some(), "was in");
                let left = journal.streams.values().any(|owner| owner == person);
                assert!(!left, "streams end before their publisher leaves");
            }
            JournalEntry::Stream {
                person,
                media_session,
                ..
            } => {
                assert!(journal.people.contains_key(person), "is in");
                let older = journal.streams.insert(media_session.clone(), *person);
                assert_eq!(older, None, "each stream once");
            }
            JournalEntry::Mute { media_session, .. } => {
                assert!(journal.streams.contains_key(media_session), "it is there");
            }
            JournalEntry::Unstream { media_session } => {
                let stream = journal.streams.remove(media_session);
                assert!(stream.is_some(), "it was there");
            }
            JournalEntry::Chat { person, login, .. } => {
                assert_eq!(journal.people.get(person), Some(&login.to_string()));
            }
        }
        journal.entries.push(entry);
    }
}
