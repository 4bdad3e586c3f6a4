//! The thread that makes access units of packets.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use veche_media::{AccessUnit, Intake, TransportId};
use veche_record::name::Fields;
use veche_record::recorder::Aligned;
use veche_record::store::{Handle, Manifest, Origin, ROOM_RECORDING, Request, StartError, Store};
use veche_record::{Formats, recorder};
use veche_room::{Reason, RecordingId};

use super::hook::{HOOK, Hook, PENDING};
use super::problem;
use super::{Control, Packets, Run, Shared, Start, TURN, lock, millis, unix_ms};
use crate::Metrics;

pub(super) fn start(
    store: Store,
    shared: Arc<Shared>,
    controls: Receiver<Control>,
    after_recovery: impl FnOnce(&Store) + Send + 'static,
    settings: Settings,
    finished: UnboundedSender<Hook>,
) -> io::Result<JoinHandle<()>> {
    let origin = shared.engine.origin();
    let store = Arc::new(store);
    let recovery = {
        let (store, shared) = (Arc::clone(&store), Arc::clone(&shared));
        thread::Builder::new()
            .name("record-recover".to_owned())
            .spawn(move || {
                let recovery = store.recover_with(|manifest| {
                    shared.closed(manifest.clone(), &finished);
                });
                // What is left for the next start is no fault of a room's.
                let left = |manifest: &Manifest| manifest.sound.is_some();
                if !recovery.files.iter().any(left) {
                    after_recovery(&store);
                }
            })?
    };
    let thread = Thread {
        store,
        settings,
        shared,
        origin,
        recordings: Vec::new(),
        units: Vec::new(),
    };
    thread::Builder::new()
        .name("record-intake".to_owned())
        .spawn(move || thread.run(&controls, recovery))
}

/// How streams are recorded.
pub(super) struct Settings {
    pub(super) formats: Formats,
    /// `enable_empty_shift_writer`
    pub(super) aligned: bool,
    /// A script is run for each file.
    pub(super) has_hook: bool,
}

struct Thread {
    store: Arc<Store>,
    settings: Settings,
    shared: Arc<Shared>,
    /// Of the room's clock.
    origin: Instant,
    recordings: Vec<Recording>,
    units: Vec<AccessUnit>,
}

struct Recording {
    id: RecordingId,
    transport: TransportId,
    packets: Arc<Packets>,
    intake: Intake,
    handle: Handle,
    /// Of `packets`, said in the log already.
    degraded: bool,
}

impl Thread {
    fn run(mut self, controls: &Receiver<Control>, recovery: JoinHandle<()>) {
        loop {
            let control = match self.recordings.is_empty() {
                true => controls.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => controls.recv_timeout(TURN),
            };
            match control {
                Ok(Control::Start(start)) => self.begin(*start),
                Ok(Control::Stop(id)) => self.end(id),
                Ok(Control::Pause(id, paused)) => self.pause(id, paused),
                Ok(Control::Ended(id)) => self.recordings.retain(|r| r.id != id),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Control::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
            self.turn();
        }
        let all: Vec<_> = self.recordings.iter().map(|r| r.id).collect();
        for id in all {
            self.end(id);
        }
        self.count();
        let Self { store, .. } = self;
        // Sound takes its time, and the next start does it as well.
        if let Some(sounds) = store.sounds() {
            sounds.stop();
        }
        // A panic in there was about one file; it is tried again at the next start.
        let _ = recovery.join();
        if let Some(store) = Arc::into_inner(store) {
            store.close();
        }
    }

    fn begin(&mut self, start: Start) {
        let Start { order, packets, .. } = &start;
        let (transport, id, packets) = (order.transport, order.recording, Arc::clone(packets));
        let (audio, video) = (order.audio, order.video);
        match self.open(start) {
            Ok(handle) => {
                self.recordings.push(Recording {
                    id,
                    transport,
                    packets,
                    intake: Intake::new(audio, video),
                    handle,
                    degraded: false,
                });
                self.count();
                self.shared.started(transport, id, None);
            }
            Err(error) => {
                let problem = problem::refused(&error);
                self.shared
                    .failed(transport, id, problem, &error.to_string());
            }
        }
    }

    fn open(&self, start: Start) -> Result<Handle, StartError> {
        let Start {
            order,
            first_publish,
            ticket,
            ..
        } = start;
        let room_recording = order.room_recording;
        let room_recording = room_recording.and_then(|room| self.shared.known.id(room));
        // Others are put beside it.
        let keeps_time = room_recording.is_some();
        let room_recording = room_recording.map(|id| (ROOM_RECORDING.to_owned(), id));
        // From the beginning, so that no crash loses it.
        let hook = (HOOK.to_owned(), PENDING.to_owned());
        let hook = self.settings.has_hook.then_some(hook);
        let room_id = order.life.map(|life| self.shared.room_id(life));
        let login = order.login.as_ref().map(ToString::to_string);
        let login = login.unwrap_or_default();
        let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let request = Request {
            recorder: recorder::Config {
                name: match login.is_empty() {
                    true => order.stream.to_string(),
                    false => login.clone(),
                },
                video: order.video,
                audio: order.audio,
                formats: self.settings.formats.clone(),
                aligned: first_publish
                    .filter(|_| self.settings.aligned)
                    .map(|origin| Aligned { origin }),
                keeps_time,
            },
            name: Fields {
                stream_name: order.stream.to_string(),
                media_session_id: order.media_session.to_string(),
                room_name: text(order.room.as_ref().map(|room| room.as_str())),
                login: login.clone(),
                session_id: order.session.to_string(),
                ..Fields::default()
            },
            origin: Origin {
                room: text(order.room.as_ref().map(|room| room.as_str())),
                room_id: room_id.unwrap_or_default(),
                login,
                stream: order.stream.to_string(),
                media_session_id: order.media_session.to_string(),
                attributes: room_recording.into_iter().chain(hook).collect(),
            },
            room_clock_unix_ms: unix_ms().saturating_sub(millis(self.origin.elapsed())),
        };
        // The lock keeps the store's first events back until it is entered.
        let mut running = lock(&self.shared.running);
        let handle = self.store.start(request)?;
        let run = Run {
            recording: order.recording,
            transport: order.transport,
            open: 0,
            finishing: 0,
            ended: false,
            _ticket: ticket,
        };
        running.insert(handle.id(), run);
        Ok(handle)
    }

    fn turn(&mut self) {
        let now = self.origin.elapsed();
        let mut broken = Vec::new();
        for recording in &mut self.recordings {
            let (shared, units) = (&self.shared, &mut self.units);
            // Packets are what strangers send: a fault over them costs the one
            // recording.
            let turn = AssertUnwindSafe(|| recording.turn(now, shared, units));
            if catch_unwind(turn).is_err() {
                units.clear();
                broken.push((recording.transport, recording.id));
            }
        }
        for (transport, id) in broken {
            tracing::error!(recording = %id, "panic caught: the recording ends here");
            self.recordings.retain(|recording| recording.id != id);
            let problem = Reason::RecordingFailed;
            self.shared
                .failed(transport, id, problem, "a fault of the server");
        }
    }

    fn pause(&mut self, id: RecordingId, paused: bool) {
        let Some(recording) = self.recordings.iter_mut().find(|r| r.id == id) else {
            return;
        };
        if paused {
            recording.handle.pause();
        } else {
            recording.handle.resume();
            // Pictures go on with a keyframe.
            self.shared.engine.request_keyframe(recording.transport);
        }
    }

    fn end(&mut self, id: RecordingId) {
        let found = self.recordings.iter().position(|r| r.id == id);
        let Some(at) = found else { return };
        let mut recording = self.recordings.swap_remove(at);
        let now = self.origin.elapsed();
        let (shared, units) = (&self.shared, &mut self.units);
        let last = AssertUnwindSafe(|| {
            recording.turn(now, shared, units);
            recording.intake.finish(units);
            recording.give(shared, units);
        });
        if catch_unwind(last).is_err() {
            units.clear();
        }
        recording.handle.stop();
        self.count();
    }

    fn count(&self) {
        let gauge = &self.shared.metrics.recordings;
        gauge.store(self.recordings.len() as u64, Ordering::Relaxed);
    }
}

impl Recording {
    fn turn(&mut self, now: Duration, shared: &Shared, units: &mut Vec<AccessUnit>) {
        // No more than there is room for: whoever fills it faster than it is
        // emptied must not keep the others waiting.
        for _ in 0..self.packets.queue.capacity() {
            let Some(tapped) = self.packets.queue.pop() else {
                break;
            };
            self.intake.handle_packet(tapped.kind, tapped.packet, units);
        }
        self.intake.handle_timeout(now, units);
        if self.intake.poll_keyframe_request(now) {
            shared.engine.request_keyframe(self.transport);
        }
        let dropped = self.packets.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            Metrics::add(&shared.metrics.recording_dropped_packets, dropped);
            // So that its manifest says it, too.
            self.handle.missing(dropped);
            self.degrade(shared, dropped);
        }
        self.give(shared, units);
    }

    fn give(&mut self, shared: &Shared, units: &mut Vec<AccessUnit>) {
        let (mut bytes, mut lost) = (0, 0);
        for unit in units.drain(..) {
            bytes += unit.data.len() as u64;
            if !self.handle.push(unit) {
                lost += 1;
            }
        }
        Metrics::add(&shared.metrics.recorded_bytes, bytes);
        if lost > 0 {
            Metrics::add(&shared.metrics.recording_dropped_units, lost);
            self.degrade(shared, lost);
        }
    }

    fn degrade(&mut self, shared: &Shared, lost: u64) {
        if !std::mem::replace(&mut self.degraded, true) {
            shared.degraded(self.transport, self.id, Reason::RecordingTooSlow);
            tracing::warn!(recording = %self.id, lost, "recording degraded: too slow");
        }
    }
}
