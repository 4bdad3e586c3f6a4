//! The thread that keeps the journals of rooms that are recorded.

mod pace;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{io, mem};

use veche_record::journal::{
    self, Chat, End, Event, Join, Leave, Mute, Source, Start, StreamEnd, StreamStart, WriteError,
    Writer,
};
use veche_record::name::{Fields, MAX_BASE, Template};
use veche_room::{Input, JournalEntry, Reason, RecordRoomOrder, RoomRecordingId};

use pace::Pace;
use wait::Wait;

use super::merge::Job;
use super::{Shared, lock, millis, unix_ms};
use crate::Metrics;

/// How often it is looked what has waited too long.
const TURN: Duration = Duration::from_secs(1);

/// What is appended to the id of a journal whose name is taken.
const NUMBER_BYTES: usize = 8;

/// What the thread is told. Unbounded: a few for each thing that happens in a
/// room, which clients are limited in.
pub(super) enum Control {
    Start(Box<RecordRoomOrder>, Duration),
    Entry(RoomRecordingId, JournalEntry, Duration),
    /// One more file belongs to it.
    Opened(RoomRecordingId),
    /// All that there will be of that file is finished, or never will be.
    Closed(RoomRecordingId),
    Stop(RoomRecordingId, Duration),
    Close(Duration),
}

/// Held by the recording of a stream for as long as its room must wait for it.
pub(super) struct Ticket {
    room: RoomRecordingId,
    controls: Sender<Control>,
}

impl Ticket {
    pub(super) fn new(room: RoomRecordingId, controls: &Sender<Control>) -> Self {
        let _ = controls.send(Control::Opened(room));
        let controls = controls.clone();
        Self { room, controls }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Fails only when the thread has ended.
        let _ = self.controls.send(Control::Closed(self.room));
    }
}

/// What other threads know of the rooms that this process records.
#[derive(Debug, Default)]
pub(super) struct Known {
    ids: Mutex<BTreeMap<RoomRecordingId, String>>,
    /// Of every journal that was made here: recovery leaves them alone.
    ours: Mutex<BTreeSet<String>>,
}

impl Known {
    pub(super) fn id(&self, room: RoomRecordingId) -> Option<String> {
        lock(&self.ids).get(&room).cloned()
    }

    pub(super) fn is_ours(&self, id: &str) -> bool {
        lock(&self.ours).contains(id)
    }
}

struct Room {
    writer: Writer,
    /// The room's clock at its start.
    start: Duration,
    pace: Pace,
    wait: Wait,
    /// Said already.
    failed: bool,
}

pub(super) struct Thread {
    pub(super) folder: PathBuf,
    pub(super) template: Template,
    pub(super) min_free_bytes: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: Sender<Job>,
    pub(super) rooms: BTreeMap<RoomRecordingId, OpenRoom>,
    /// When the sound of a file last waited.
    pub(super) busy: Duration,
    /// When it was last looked what has waited too long.
    pub(super) looked: Duration,
}

/// Hides what only this module looks into.
pub(super) struct OpenRoom(Room);

pub(super) fn start(
    folder: PathBuf,
    template: Template,
    min_free_bytes: u64,
    shared: Arc<Shared>,
    jobs: Sender<Job>,
    controls: Receiver<Control>,
) -> io::Result<JoinHandle<()>> {
    let thread = Thread {
        folder,
        template,
        min_free_bytes,
        shared,
        jobs,
        rooms: BTreeMap::new(),
        busy: Duration::ZERO,
        looked: Duration::ZERO,
    };
    thread::Builder::new()
        .name("record-rooms".to_owned())
        .spawn(move || thread.run(&controls))
}

impl Thread {
    fn run(mut self, controls: &Receiver<Control>) {
        loop {
            match controls.recv_timeout(TURN) {
                Ok(Control::Start(order, at)) => self.begin(&order, at),
                Ok(Control::Entry(id, entry, at)) => self.entry(id, entry, at),
                Ok(Control::Opened(id)) => self.opened(id),
                Ok(Control::Closed(id)) => self.closed(id),
                Ok(Control::Stop(id, at)) => self.stop(id, at),
                Ok(Control::Close(at)) => return self.close(at),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Also where something always comes.
            let now = self.now();
            if now.saturating_sub(self.looked) >= TURN {
                self.looked = now;
                self.tell(now);
                self.give_up(now);
            }
        }
    }

    fn now(&self) -> Duration {
        self.shared.engine.origin().elapsed()
    }

    fn begin(&mut self, order: &RecordRoomOrder, at: Duration) {
        let recording = order.recording;
        let input = match self.open(order, at) {
            Ok(writer) => {
                let id = writer.id().to_owned();
                tracing::info!(
                    room = order.room.as_str(),
                    recording = id,
                    "recording a room"
                );
                self.shared.archive.room_changed(writer.path());
                lock(&self.shared.known.ids).insert(recording, id);
                let room = Room {
                    writer,
                    start: at,
                    pace: Pace::default(),
                    wait: Wait::default(),
                    failed: false,
                };
                self.rooms.insert(recording, OpenRoom(room));
                self.gauge();
                Input::RoomRecordingStarted { recording }
            }
            Err((problem, why)) => {
                tracing::warn!(room = order.room.as_str(), why, "cannot record a room");
                Metrics::count(&self.shared.metrics.recordings_failed);
                Input::RoomRecordingFailed { recording, problem }
            }
        };
        // Fails only when the hub has ended.
        let _ = self.shared.told.send(input);
    }

    fn open(&self, order: &RecordRoomOrder, at: Duration) -> Result<Writer, (Reason, String)> {
        let free = super::free_bytes(&self.folder)
            .map_err(|error| (Reason::RecordingFailed, error.to_string()))?;
        if free < self.min_free_bytes {
            let needed = self.min_free_bytes;
            let why = format!("{free} bytes free on the disk, recording takes at least {needed}");
            return Err((Reason::RecordingDiskFull, why));
        }
        let started_at_ms = unix_ms();
        let fields = Fields {
            room_name: order.room.to_string(),
            start_time: millis(at),
            start_time_millis: started_at_ms,
            ..Fields::default()
        };
        let start = Start {
            room: order.room.to_string(),
            room_id: self.shared.room_id(order.life),
            room_start_us: u64::try_from(at.as_micros()).unwrap_or(u64::MAX),
            started_at_ms,
            by: order.by.as_ref().map(ToString::to_string),
            ..Start::default()
        };
        let base = shortened(self.template.render(&fields));
        // Recovery looks at the folder and asks then whose a journal is.
        let mut ours = lock(&self.shared.known.ours);
        let writer = Writer::create(&self.folder, &base, start)
            .map_err(|error| (problem(&error), error.to_string()))?;
        ours.insert(writer.id().to_owned());
        Ok(writer)
    }

    fn entry(&mut self, id: RoomRecordingId, entry: JournalEntry, at: Duration) {
        let Some(OpenRoom(room)) = self.rooms.get_mut(&id) else {
            return;
        };
        let at_ms = millis(at.saturating_sub(room.start));
        if let Some(event) = event(entry, at_ms) {
            room.pace.handle_event(&event);
            self.write(id, event);
            self.tell_of(id, at);
        }
    }

    /// Tells the list of what it shows, where that has waited long enough.
    fn tell(&mut self, now: Duration) {
        let all: Vec<_> = self.rooms.keys().copied().collect();
        for id in all {
            self.tell_of(id, now);
        }
    }

    fn tell_of(&mut self, id: RoomRecordingId, now: Duration) {
        if let Some(OpenRoom(room)) = self.rooms.get_mut(&id)
            && !room.wait.has_ended()
            && room.pace.poll(now)
        {
            self.shared.archive.room_changed(room.writer.path());
        }
    }

    fn write(&mut self, id: RoomRecordingId, event: Event) {
        let Some(OpenRoom(room)) = self.rooms.get_mut(&id) else {
            return;
        };
        match room.writer.write(event) {
            Ok(()) => {}
            Err(error) if !mem::replace(&mut room.failed, true) => {
                tracing::warn!(recording = room.writer.id(), %error, "journal of a room");
                Metrics::count(&self.shared.metrics.recordings_degraded);
                let _ = self.shared.told.send(Input::RoomRecordingDegraded {
                    recording: id,
                    problem: problem(&error),
                });
            }
            Err(_) => {}
        }
    }

    fn opened(&mut self, id: RoomRecordingId) {
        if let Some(OpenRoom(room)) = self.rooms.get_mut(&id) {
            room.wait.handle_opened();
        }
    }

    fn closed(&mut self, id: RoomRecordingId) {
        let now = self.now();
        if let Some(OpenRoom(room)) = self.rooms.get_mut(&id) {
            room.wait.handle_closed(now);
            self.finish_if_over(id);
        }
    }

    fn stop(&mut self, id: RoomRecordingId, at: Duration) {
        let Some(OpenRoom(room)) = self.rooms.get_mut(&id) else {
            return;
        };
        room.wait.handle_end(at);
        let path = room.writer.path().to_owned();
        let at_ms = millis(at.saturating_sub(room.start));
        self.write(id, Event::End(End { at_ms }));
        // Its file may take long; it is recorded no more.
        self.shared.archive.room_ended(&path);
        self.finish_if_over(id);
    }

    fn finish_if_over(&mut self, id: RoomRecordingId) {
        let over = |OpenRoom(room): &OpenRoom| room.wait.is_over();
        if !self.rooms.get(&id).is_some_and(over) {
            return;
        }
        lock(&self.shared.known.ids).remove(&id);
        if let Some(OpenRoom(room)) = self.rooms.remove(&id) {
            // Fails only when the thread has ended; then the next start does it.
            let _ = self.jobs.send(Job {
                journal: room.writer.path().to_owned(),
                after_crash: false,
            });
        }
        self.gauge();
    }

    /// A fault must not keep a room's file back for ever without a word.
    fn give_up(&mut self, now: Duration) {
        if self.shared.is_finishing() {
            self.busy = now;
        }
        let busy = self.busy;
        self.rooms.retain(|id, OpenRoom(room)| {
            if !room.wait.is_in_vain(busy, now) {
                return true;
            }
            let path = room.writer.path();
            tracing::error!(journal = %path.display(), "a recorded room waits for files that are not finished");
            self.shared
                .archive
                .room_failed(path, "files of its streams were not finished");
            lock(&self.shared.known.ids).remove(id);
            false
        });
        self.gauge();
    }

    /// Files that are still open are finished at the next start.
    fn close(mut self, at: Duration) {
        let running: Vec<_> = self.rooms.keys().copied().collect();
        for id in running {
            let runs = |OpenRoom(room): &OpenRoom| !room.wait.has_ended();
            if self.rooms.get(&id).is_some_and(runs) {
                self.stop(id, at);
            }
        }
    }

    fn gauge(&self) {
        let gauge = &self.shared.metrics.recorded_rooms;
        gauge.store(
            self.rooms.len() as u64,
            std::sync::atomic::Ordering::Relaxed,
        );
    }
}

fn problem(error: &WriteError) -> Reason {
    match error {
        WriteError::Io(error)
            if matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ) =>
        {
            Reason::RecordingDiskFull
        }
        _ => Reason::RecordingFailed,
    }
}

/// Leaves room for a number behind it. What makes a long name unlike others
/// stands at its end.
fn shortened(name: String) -> String {
    let most = MAX_BASE - NUMBER_BYTES;
    if name.len() <= most || !name.is_ascii() {
        return name;
    }
    let tail = name.len() - 32;
    format!("{}{}", &name[..most - 32], &name[tail..])
}

fn event(entry: JournalEntry, at_ms: u64) -> Option<Event> {
    Some(match entry {
        JournalEntry::Join { person, login } => Event::Join(Join {
            at_ms,
            person: person.to_string(),
            name: login.to_string(),
        }),
        JournalEntry::Leave { person } => Event::Leave(Leave {
            at_ms,
            person: person.to_string(),
        }),
        JournalEntry::Stream {
            person,
            login,
            room,
            stream,
            media_session,
            audio,
            video,
        } => Event::Stream(StreamStart {
            at_ms,
            person: person.to_string(),
            source: source(room.as_str(), login.as_str(), stream.as_str()),
            stream: stream.to_string(),
            media_session_id: media_session.to_string(),
            audio,
            video,
        }),
        JournalEntry::Mute {
            media_session,
            audio,
            video,
        } => Event::Mute(Mute {
            at_ms,
            media_session_id: media_session.to_string(),
            audio,
            video,
        }),
        JournalEntry::Unstream { media_session } => Event::Unstream(StreamEnd {
            at_ms,
            media_session_id: media_session.to_string(),
        }),
        JournalEntry::Chat {
            person,
            login,
            text,
        } => Event::Chat(Chat {
            at_ms,
            person: person.to_string(),
            name: login.to_string(),
            // Applications send other things through the chat, too.
            text: serde_json::from_str(text.as_str()).ok()?,
        }),
    })
}

/// Pages say in the name of a stream that it is a screen: the published
/// WebSDK's and ours append `screenShare` to `ROOM-LOGIN-XXXX`, others call it
/// `desktop`. Rooms and people may be called so, too.
fn source(room: &str, login: &str, stream: &str) -> Source {
    let own = stream
        .strip_prefix(room)
        .and_then(|rest| rest.strip_prefix('-')?.strip_prefix(login));
    let mark = own.unwrap_or(stream).to_lowercase();
    match mark.contains("screen") || mark.contains("desktop") {
        true => Source::Screen,
        false => Source::Camera,
    }
}

/// The journals of the folder that this process has not made.
pub(super) fn left_behind(folder: &std::path::Path, known: &Known) -> Vec<PathBuf> {
    let found = journal::list(folder).unwrap_or_default();
    let ours = |path: &PathBuf| journal::id_of(path).is_some_and(|id| known.is_ours(id));
    found.into_iter().filter(|path| !ours(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_told_by_the_end_of_its_name() {
        let check = |room, login, stream, expected| {
            assert_eq!(source(room, login, stream), expected, "{stream}");
        };
        check("r", "ann", "r-ann-91c0", Source::Camera);
        check("r", "ann", "r-ann-91c0-screenShare", Source::Screen);
        check("screens", "ann", "screens-ann-91c0", Source::Camera);
        check("r", "screen", "r-screen-91c0", Source::Camera);
        check("r", "screen", "r-screen-91c0-screenShare", Source::Screen);
        check("r", "ann", "desktop", Source::Screen);
        check("r", "ann", "ann-Screen", Source::Screen);
        check("r", "ann", "r", Source::Camera);
    }

    #[test]
    fn ids_of_endless_names_are_ids_with_a_number_behind_them_too() {
        let template: Template = "room-{roomName}-{startTimeMillis}"
            .parse()
            .unwrap_or_default();
        let mut ids = BTreeSet::new();
        for n in 0..3 {
            let fields = Fields {
                room_name: "🦊".repeat(1_000),
                start_time_millis: n,
                ..Fields::default()
            };
            let id = shortened(template.render(&fields));
            assert!(journal::is_id(&format!("{id}-99999")), "{id}");
            ids.insert(id);
        }
        assert_eq!(ids.len(), 3);
    }
}
