//! Recordings of streams: from an order of the rules to finished files.
//!
//! A tap of the media engine fills a bounded queue without waiting; one thread
//! makes access units of it and gives them to the store, whose own threads
//! write. A disk that is slow or full costs the recording, never the call.

mod catalogue;
mod hook;
mod intake;
mod problem;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, timeout_at};
use veche_media::TransportId;
use veche_record::recorder::{End, Status};
use veche_record::store::{self, Event, Manifest, State, Store};
use veche_room::{
    Input, JournalEntry, Reason, RecordName, RecordOrder, RecordRoomOrder, RecordingId,
    RoomRecordingId,
};
use veche_transport::{Tap, Tapped};

pub(crate) use catalogue::Catalogue;

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
    Start(Box<RecordOrder>, Arc<Packets>),
    Stop(RecordingId),
    Pause(RecordingId, bool),
    /// It ended by itself.
    Ended(RecordingId),
    Close,
}

/// The service.
pub(crate) struct Recordings {
    shared: Arc<Shared>,
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
    running: Mutex<BTreeMap<store::RecordingId, (RecordingId, TransportId)>>,
}

impl Recordings {
    /// Opens the folder, and finishes in the background what a crash left open
    /// there. Must be called within a tokio runtime.
    pub(crate) fn start(
        config: &config::Recordings,
        engine: Arc<dyn MediaEngine>,
        metrics: Arc<Metrics>,
        told: UnboundedSender<Input>,
    ) -> io::Result<Self> {
        let (controls, from_controls) = mpsc::channel();
        let (finished, hooks) = hook::start(config, Arc::clone(&metrics));
        let shared = Arc::new(Shared {
            engine,
            metrics,
            told,
            catalogue: Catalogue::new(config.store.folder.clone()),
            taps: Mutex::default(),
            running: Mutex::default(),
        });
        let listener = {
            let (shared, controls) = (Arc::clone(&shared), controls.clone());
            let finished = finished.clone();
            Arc::new(move |id, event| shared.event(id, event, &controls, &finished))
        };
        let store = Store::open(config.store.clone(), listener)?;
        shared.catalogue.fill(store.folder(), store.catalogue()?);
        let thread = intake::start(
            store,
            config.formats.clone(),
            Arc::clone(&shared),
            from_controls,
            finished,
        )?;
        Ok(Self {
            shared,
            controls,
            thread: Mutex::new(Some(thread)),
            hooks: Mutex::new(Some(hooks)),
        })
    }

    /// Starts a recording. How it went is told as an input of the rules.
    pub(crate) fn record(&self, order: RecordOrder) {
        let packets = Arc::new(Packets {
            queue: ArrayQueue::new(QUEUE_PACKETS),
            dropped: AtomicU64::new(0),
        });
        let (transport, recording) = (order.transport, order.recording);
        let start = Control::Start(Box::new(order), Arc::clone(&packets));
        if self.controls.send(start).is_err() {
            let problem = Reason::RecordingFailed;
            self.shared
                .failed(transport, recording, problem, "shutting down");
            return;
        }
        let tap: Tap = Arc::new(move |packet| {
            if packets.queue.push(packet).is_err() {
                packets.dropped.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut taps = lock(&self.shared.taps);
        taps.insert(transport, recording);
        self.shared.engine.tap(transport, Some(tap));
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
        let _ = self
            .shared
            .told
            .send(Input::RoomRecordingStarted { recording });
    }

    /// Something happened in a room that is recorded.
    pub(crate) fn journal(&self, _recording: RoomRecordingId, _entry: JournalEntry) {}

    /// Ends the recording of a room.
    pub(crate) fn stop_room(&self, _recording: RoomRecordingId) {}

    /// What was recorded.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.shared.catalogue
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
        finished: &UnboundedSender<Manifest>,
    ) {
        // Held while a recording is entered, so nothing is heard before that.
        let known = lock(&self.running).get(&id).copied();
        match (event, known) {
            (Event::RequestKeyframe, Some((_, transport))) => {
                self.engine.request_keyframe(transport);
            }
            (Event::Opened(manifest), Some((recording, transport))) => {
                if manifest.part == 1 {
                    self.started(transport, recording, Some(manifest.file.as_str().into()));
                }
                self.catalogue.put(*manifest);
            }
            (Event::Status(Status::Ended(end)), Some((recording, transport))) => {
                lock(&self.running).remove(&id);
                if !matches!(end, End::Stopped | End::Empty) {
                    let _ = controls.send(Control::Ended(recording));
                    self.failed(transport, recording, problem::ended(&end), &end.to_string());
                }
            }
            (Event::Status(Status::Degraded(why)), Some((recording, transport))) => {
                tracing::warn!(%recording, %why, "recording degraded");
                self.degraded(transport, recording, problem::degraded(&why));
            }
            (Event::Closed(manifest), _) => self.closed(*manifest, finished),
            _ => {}
        }
    }

    /// A file is finished, or never will be.
    fn closed(&self, manifest: Manifest, finished: &UnboundedSender<Manifest>) {
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
            // Fails only when the hooks have ended, at shutdown.
            let _ = finished.send(manifest.clone());
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

    /// Unless a newer recording has the tap by now.
    fn untap(&self, transport: TransportId, recording: RecordingId) {
        let mut taps = lock(&self.taps);
        if taps.get(&transport) == Some(&recording) {
            taps.remove(&transport);
            self.engine.tap(transport, None);
        }
    }
}

/// The maps here are whole whoever panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often the thread looks for packets. What comes in between wakes nobody;
/// against the second that a file may be behind it is nothing.
const TURN: Duration = Duration::from_millis(10);
