//! Recordings of streams and rooms: from an order of the rules to finished files.
//!
//! A tap of the media engine fills a bounded queue without waiting; one thread
//! makes access units of it and gives them to the store, whose own threads
//! write. A disk that is slow or full costs the recording, never the call.
//!
//! What happens in a room that is recorded is written to its journal by a thread
//! of its own; when the room's recording has ended and the files of its streams
//! are finished, another one makes a single file of them.

mod catalogue;
mod hook;
mod intake;
mod merge;
mod problem;
mod rooms;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_queue::ArrayQueue;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, timeout_at};
use veche_archive::Archive;
use veche_media::TransportId;
use veche_record::Container;
use veche_record::recorder::{End, Status};
use veche_record::store::{self, Event, Manifest, State, Store, kind};
use veche_room::{
    Input, JournalEntry, Reason, RecordName, RecordOrder, RecordRoomOrder, RecordingId, RoomLife,
    RoomRecordingId,
};
use veche_transport::{Tap, Tapped};

use catalogue::Catalogue;

use hook::Hook;
use rooms::Ticket;

use crate::{MediaEngine, Metrics, config};

/// Packets of one recording that wait: four seconds of 5 Mbps, far more than
/// the thread is ever late. More are dropped and counted.
const QUEUE_PACKETS: usize = 2_048;

/// What waits of one recording, and what did not fit.
pub(crate) struct Packets {
    pub(crate) queue: ArrayQueue<Tapped>,
    pub(crate) dropped: AtomicU64,
}

/// What the thread is told.
enum Control {
    Start(Box<Start>),
    Stop(RecordingId),
    Pause(RecordingId, bool),
    /// It ended by itself.
    Ended(RecordingId),
    Close,
}

/// A stream to record.
struct Start {
    order: RecordOrder,
    /// When media began to flow in its room, on the room's clock.
    first_publish: Option<Duration>,
    packets: Arc<Packets>,
    /// Its room waits for it.
    ticket: Option<Ticket>,
}

/// A recording of the store.
struct Run {
    recording: RecordingId,
    transport: TransportId,
    /// Files that are not finished.
    open: usize,
    /// Of them, those whose sound waits to be AAC.
    finishing: usize,
    /// No more files begin.
    ended: bool,
    _ticket: Option<Ticket>,
}

/// The service.
pub(crate) struct Recordings {
    shared: Arc<Shared>,
    room_container: Container,
    rooms: mpsc::Sender<rooms::Control>,
    /// Keeps the journals.
    rooms_thread: Mutex<Option<JoinHandle<()>>>,
    /// Makes the files of rooms.
    merge_thread: Mutex<Option<JoinHandle<()>>>,
    /// Unbounded: at most two for each publish and each operator's request.
    controls: mpsc::Sender<Control>,
    thread: Mutex<Option<JoinHandle<()>>>,
    hooks: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// What the service's threads share.
struct Shared {
    engine: Arc<dyn MediaEngine>,
    metrics: Arc<Metrics>,
    told: UnboundedSender<Input>,
    catalogue: Catalogue,
    /// Whose packets go where.
    taps: Mutex<BTreeMap<TransportId, RecordingId>>,
    /// The store's recordings that run, by its numbers.
    running: Mutex<BTreeMap<store::RecordingId, Run>>,
    known: rooms::Known,
    archive: Arc<Archive>,
    /// Sound is to be AAC.
    aac: bool,
    /// Tells the rooms of this process from those of others.
    process: String,
}

impl Recordings {
    /// Opens the folder, and finishes in the background what a crash left open
    /// there. Must be called within a tokio runtime.
    pub(crate) fn start(
        config: &config::Recordings,
        archive: Archive,
        engine: Arc<dyn MediaEngine>,
        metrics: Arc<Metrics>,
        told: UnboundedSender<Input>,
    ) -> io::Result<Self> {
        let (controls, from_controls) = mpsc::channel();
        let archive = Arc::new(archive);
        let (finished, hooks) = hook::start(config, Arc::clone(&metrics), Arc::clone(&archive));
        let shared = Arc::new(Shared {
            engine,
            metrics,
            told,
            catalogue: Catalogue::new(config.store.folder.clone()),
            taps: Mutex::default(),
            running: Mutex::default(),
            known: rooms::Known::default(),
            archive,
            aac: config.store.sound.is_some(),
            process: format!("{:x}", unix_ms()),
        });
        let listener = {
            let (shared, controls) = (Arc::clone(&shared), controls.clone());
            let finished = finished.clone();
            Arc::new(move |id, event| shared.event(id, event, &controls, &finished))
        };
        let store = Store::open(config.store.clone(), listener)?;
        let found = store.catalogue()?;
        for manifest in found.manifests.iter().filter(|m| is_whole_stream(m)) {
            // Its script had not ended when the server did.
            if hook::is_pending(manifest) {
                let _ = finished.send(Hook::Stream {
                    manifest: manifest.clone(),
                    _hold: shared.archive.hold(manifest),
                });
            }
        }
        shared.catalogue.fill(store.folder(), found);
        let folder = store.folder().to_owned();
        let (jobs, from_jobs) = mpsc::channel();
        let merge_thread = merge::start(
            folder.clone(),
            merge::Settings {
                container: config.room_container,
                has_hook: config.room_hook.is_some(),
                min_free_bytes: config.store.min_free_bytes,
            },
            store.sounds().cloned(),
            Arc::clone(&shared),
            from_jobs,
            finished.clone(),
        )?;
        let (rooms, from_rooms) = mpsc::channel();
        let rooms_thread = rooms::start(
            folder,
            config.room_template.clone(),
            config.store.min_free_bytes,
            Arc::clone(&shared),
            jobs.clone(),
            from_rooms,
        )?;
        let after_recovery = {
            let shared = Arc::clone(&shared);
            move |store: &Store| {
                for journal in rooms::left_behind(store.folder(), &shared.known) {
                    // Fails only when the server goes down; the next start goes on.
                    let _ = jobs.send(merge::Job {
                        journal,
                        after_crash: true,
                    });
                }
            }
        };
        let settings = intake::Settings {
            formats: config.formats.clone(),
            aligned: config.aligned,
            has_hook: config.hook.is_some(),
        };
        let thread = intake::start(
            store,
            Arc::clone(&shared),
            from_controls,
            after_recovery,
            settings,
            finished,
        )?;
        Ok(Self {
            shared,
            room_container: config.room_container,
            rooms,
            rooms_thread: Mutex::new(Some(rooms_thread)),
            merge_thread: Mutex::new(Some(merge_thread)),
            controls,
            thread: Mutex::new(Some(thread)),
            hooks: Mutex::new(Some(hooks)),
        })
    }

    /// Starts a recording. How it went is told as an input of the rules.
    /// `first_publish` is when media began to flow in its room, on the room's
    /// clock.
    pub(crate) fn record(&self, order: RecordOrder, first_publish: Option<Duration>) {
        let packets = Arc::new(Packets {
            queue: ArrayQueue::new(QUEUE_PACKETS),
            dropped: AtomicU64::new(0),
        });
        let (transport, recording) = (order.transport, order.recording);
        let ticket = order.room_recording;
        let start = Start {
            order,
            first_publish,
            packets: Arc::clone(&packets),
            ticket: ticket.map(|room| Ticket::new(room, &self.rooms)),
        };
        let tap: Tap = Arc::new(move |packet| {
            if packets.queue.push(packet).is_err() {
                packets.dropped.fetch_add(1, Ordering::Relaxed);
            }
        });
        // First, so that nothing is missed of what comes once it is said to run, and
        // that one that fails at once is not tapped after all.
        self.shared.tap(transport, recording, tap);
        if self.controls.send(Control::Start(Box::new(start))).is_err() {
            let problem = Reason::RecordingFailed;
            self.shared
                .failed(transport, recording, problem, "shutting down");
        }
    }

    /// Ends a recording; its file is finished in the background.
    pub(crate) fn stop(&self, transport: TransportId, recording: RecordingId) {
        self.shared.untap(transport, recording);
        // Fails only when everything was stopped already.
        let _ = self.controls.send(Control::Stop(recording));
    }

    /// Pauses a recording, or resumes it, in its file.
    pub(crate) fn pause(&self, recording: RecordingId, paused: bool) {
        // Fails only when everything was stopped already.
        let _ = self.controls.send(Control::Pause(recording, paused));
    }

    /// Begins the recording of a room.
    pub(crate) fn record_room(&self, order: RecordRoomOrder) {
        let recording = order.recording;
        let start = rooms::Control::Start(Box::new(order), self.now());
        if self.rooms.send(start).is_err() {
            // Fails only when the hub has ended.
            let _ = self.shared.told.send(Input::RoomRecordingFailed {
                recording,
                problem: Reason::ShuttingDown,
            });
        }
    }

    fn now(&self) -> Duration {
        self.shared.engine.origin().elapsed()
    }

    /// Something happened in a room that is recorded.
    pub(crate) fn journal(&self, recording: RoomRecordingId, entry: JournalEntry) {
        // Fails only when everything was stopped already, here and below.
        let entry = rooms::Control::Entry(recording, entry, self.now());
        let _ = self.rooms.send(entry);
    }

    /// Ends the recording of a room.
    pub(crate) fn stop_room(&self, recording: RoomRecordingId) {
        let stop = rooms::Control::Stop(recording, self.now());
        let _ = self.rooms.send(stop);
    }

    /// What the file of a room that is being recorded will be called. As MP4
    /// only if all its codecs allow that, which is not known yet.
    pub(crate) fn room_file(&self, recording: RoomRecordingId) -> Option<String> {
        let id = self.shared.known.id(recording)?;
        Some(format!("{id}.{}", self.room_container.extension()))
    }

    /// What was recorded.
    pub(crate) fn archive(&self) -> &Arc<Archive> {
        &self.shared.archive
    }

    /// Ends all recordings, and waits for their files and the hooks, at most
    /// until `deadline`. What is not finished by then is recovered at the next start.
    pub(crate) async fn close(&self, deadline: Instant) {
        let _ = self.controls.send(Control::Close);
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let join = tokio::task::spawn_blocking(move || thread.join());
            if timeout_at(deadline, join).await.is_err() {
                tracing::warn!("some recordings were not finished; they will be at the next start");
                return;
            }
        }
        // Every file is finished: nothing is left to wait for but this.
        let _ = self.rooms.send(rooms::Control::Close(self.now()));
        for thread in [&self.rooms_thread, &self.merge_thread] {
            let Some(thread) = lock(thread).take() else {
                continue;
            };
            let join = tokio::task::spawn_blocking(move || thread.join());
            if timeout_at(deadline, join).await.is_err() {
                tracing::warn!(
                    "a recorded room is not in one file yet; it will be at the next start"
                );
                return;
            }
        }
        let hooks = lock(&self.hooks).take();
        if let Some(hooks) = hooks
            && timeout_at(deadline, hooks).await.is_err()
        {
            tracing::warn!("some hook scripts of recordings had not ended");
        }
    }
}

impl Shared {
    /// What the store tells, on its own threads.
    fn event(
        &self,
        id: store::RecordingId,
        event: Event,
        controls: &mpsc::Sender<Control>,
        finished: &UnboundedSender<Hook>,
    ) {
        // Held while a recording is entered, so nothing is heard before that.
        let known = lock(&self.running)
            .get(&id)
            .map(|r| (r.recording, r.transport));
        match (event, known) {
            (Event::RequestKeyframe, Some((_, transport))) => {
                self.engine.request_keyframe(transport);
            }
            (Event::Opened(manifest), Some((recording, transport))) => {
                self.run(id, |run| run.open += 1);
                self.archive.put(&manifest);
                if manifest.part == 1 {
                    self.started(transport, recording, Some(manifest.file.as_str().into()));
                }
                self.catalogue.put(*manifest);
            }
            (Event::Status(Status::Ended(end)), Some((recording, transport))) => {
                self.run(id, |run| run.ended = true);
                if !matches!(end, End::Stopped | End::Empty) {
                    let _ = controls.send(Control::Ended(recording));
                    self.failed(transport, recording, problem::ended(&end), &end.to_string());
                }
            }
            (Event::Status(Status::Degraded(why)), Some((recording, transport))) => {
                tracing::warn!(%recording, %why, "recording degraded");
                self.degraded(transport, recording, problem::degraded(&why));
            }
            (Event::Finishing(manifest), _) => {
                self.run(id, |run| run.finishing += 1);
                self.archive.put(&manifest);
                self.catalogue.put(*manifest);
            }
            (Event::Closed(manifest), _) => {
                self.closed(*manifest, finished);
                // Now its room may go on.
                self.run(id, |run| {
                    run.open = run.open.saturating_sub(1);
                    run.finishing = run.finishing.min(run.open);
                });
            }
            _ => {}
        }
    }

    /// Changes what is known of a recording, and forgets it when that was all.
    fn run(&self, id: store::RecordingId, change: impl FnOnce(&mut Run)) {
        let mut running = lock(&self.running);
        if let Some(run) = running.get_mut(&id) {
            change(run);
            if run.ended && run.open == 0 {
                running.remove(&id);
            }
        }
    }

    /// Whether the sound of a file waits, or is worked on: that takes its time.
    fn is_finishing(&self) -> bool {
        lock(&self.running).values().any(|run| run.finishing > 0)
    }

    /// Counts a finished file whose sound should be AAC and is not.
    fn count_sound(&self, manifest: &Manifest) {
        if self.aac && manifest.wants_aac() {
            Metrics::count(&self.metrics.recordings_sound_kept);
        }
    }

    /// Of this life of a room, in files: unlike all others, also those of
    /// other processes.
    fn room_id(&self, life: RoomLife) -> String {
        format!("{}-{life}", self.process)
    }

    /// A file is finished, or never will be.
    fn closed(&self, manifest: Manifest, finished: &UnboundedSender<Hook>) {
        // Before the archive hears of it: a script is to find the file here.
        let hold = self.archive.hold(&manifest);
        self.archive.put(&manifest);
        match manifest.state {
            State::Finished => Metrics::count(&self.metrics.recordings_finished),
            State::Recovered => Metrics::count(&self.metrics.recordings_recovered),
            State::Broken => Metrics::count(&self.metrics.recordings_failed),
            State::Empty => {
                self.catalogue.remove(&manifest);
                return;
            }
            // For want of space; the next start tries again.
            State::Recording | State::Closed => {}
        }
        tracing::info!(
            state = ?manifest.state,
            duration_ms = manifest.duration_ms,
            bytes = manifest.bytes,
            "recording closed"
        );
        if matches!(manifest.state, State::Finished | State::Recovered) {
            self.count_sound(&manifest);
        }
        if is_whole_stream(&manifest) {
            let manifest = manifest.clone();
            // Fails only when the hooks have ended, at shutdown; the next start
            // calls it.
            let _ = finished.send(Hook::Stream {
                manifest,
                _hold: hold,
            });
        }
        self.catalogue.put(manifest);
    }

    fn started(&self, transport: TransportId, recording: RecordingId, name: Option<RecordName>) {
        // Fails only when the hub has ended.
        let _ = self.told.send(Input::RecordingStarted {
            transport,
            recording,
            name,
        });
    }

    /// Something is lost; it goes on.
    fn degraded(&self, transport: TransportId, recording: RecordingId, problem: Reason) {
        Metrics::count(&self.metrics.recordings_degraded);
        let _ = self.told.send(Input::RecordingDegraded {
            transport,
            recording,
            problem,
        });
    }

    fn failed(
        &self,
        transport: TransportId,
        recording: RecordingId,
        problem: Reason,
        detail: &str,
    ) {
        self.untap(transport, recording);
        Metrics::count(&self.metrics.recordings_failed);
        let _ = self.told.send(Input::RecordingFailed {
            transport,
            recording,
            problem,
            detail: detail.to_owned(),
        });
    }

    fn tap(&self, transport: TransportId, recording: RecordingId, tap: Tap) {
        let mut taps = lock(&self.taps);
        taps.insert(transport, recording);
        self.engine.tap(transport, Some(tap));
    }

    /// Unless a newer recording has the tap by now.
    fn untap(&self, transport: TransportId, recording: RecordingId) {
        let mut taps = lock(&self.taps);
        if taps.get(&transport) == Some(&recording) {
            taps.remove(&transport);
            self.engine.tap(transport, None);
        }
    }
}

/// Rooms' files have a script of their own.
fn is_whole_stream(manifest: &Manifest) -> bool {
    let whole = matches!(manifest.state, State::Finished | State::Recovered);
    whole && manifest.kind() == kind::STREAM
}

/// The maps here are whole whoever panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, millis)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What may still be written on the disk of a folder.
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// How often the thread looks for packets. What comes in between wakes nobody;
/// against the second that a file may be behind it is nothing.
const TURN: Duration = Duration::from_millis(10);
