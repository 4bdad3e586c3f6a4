use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;
use std::{io, mem};

use super::finisher::{Finishing, Job, finish_job, has_sound_to_do};
use super::folder::Folder;
use super::manifest::Manifest;
use super::queue::Queue;
use super::slot::{Shop, Slot};
use super::sound::Sounds;
use super::sync::{self, Syncs};
use super::{Config, Event, Listener, RecordingId, Request};

/// How often a writing thread looks at its recordings. With a fragment's age
/// it stays below the second in which media has to be on the disk, and units
/// that come in between wake nobody.
const TURN: Duration = Duration::from_millis(50);

/// Files that are finished at once: so a short one does not wait for one of
/// hours.
const FINISHERS: usize = 2;

/// The threads.
pub(super) struct Writers {
    threads: Vec<Worker>,
    /// One for each of them.
    syncs: Vec<JoinHandle<()>>,
    finishers: Vec<JoinHandle<()>>,
    /// Works on sound.
    sound: Option<JoinHandle<()>>,
    sounds: Option<Arc<Sounds>>,
    jobs: Option<Sender<Job>>,
    running: Arc<AtomicUsize>,
    limit: usize,
}

struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    new: Mutex<Vec<Slot>>,
    count: AtomicUsize,
    stop: AtomicBool,
}

impl Writers {
    pub(super) fn start(
        config: &Config,
        folder: &Arc<Folder>,
        sounds: Option<&Arc<Sounds>>,
        listener: &Listener,
    ) -> io::Result<Self> {
        let (jobs, work) = mpsc::channel::<Job>();
        let running = Arc::new(AtomicUsize::new(0));
        let work = Arc::new(Mutex::new(work));
        // As long as there are files whose sound waits. The disk tells of them, too.
        let (plain, sound_jobs) = mpsc::channel::<Plain>();
        let sound = sounds
            .map(|sounds| work_on_sound(sounds, folder, listener, sound_jobs))
            .transpose()?;
        let mut finishers = Vec::new();
        for n in 0..FINISHERS {
            let (folder, listener) = (Arc::clone(folder), Arc::clone(listener));
            let (config, work) = (config.clone(), Arc::clone(&work));
            let (sounds, plain) = (sounds.cloned(), plain.clone());
            let finisher = thread::Builder::new()
                .name(format!("record-finish-{n}"))
                .spawn(move || {
                    // Held while it waits: the others wait for the lock instead.
                    while let Ok(job) = { lock(&work).recv() } {
                        let (id, path) = (job.id, job.manifest_path.clone());
                        let with = Finishing {
                            folder: &folder,
                            template: &config.template,
                            min_free_bytes: config.min_free_bytes,
                            sounds: sounds.as_deref(),
                        };
                        let manifest = finish_job(&with, job);
                        let event = match has_sound_to_do(&manifest) {
                            true => Event::Finishing(Box::new(manifest.clone())),
                            false => Event::Closed(Box::new(manifest.clone())),
                        };
                        if let Some(id) = id {
                            listener(id, event);
                        }
                        if has_sound_to_do(&manifest) {
                            // The thread lives as long as the finishers.
                            let _ = plain.send(Plain { id, path, manifest });
                        }
                    }
                })?;
            finishers.push(finisher);
        }
        let (mut threads, mut syncing) = (Vec::new(), Vec::new());
        for n in 0..config.writers.max(1) {
            let (syncs, thread) = sync::start(n)?;
            syncing.push(thread);
            let shared = Arc::new(Shared::default());
            let writer = Writer {
                shared: Arc::clone(&shared),
                config: config.clone(),
                folder: Arc::clone(folder),
                listener: Arc::clone(listener),
                jobs: jobs.clone(),
                syncs,
                running: Arc::clone(&running),
            };
            let thread = thread::Builder::new()
                .name(format!("record-{n}"))
                .spawn(move || writer.run())?;
            threads.push(Worker {
                shared,
                thread: Some(thread),
            });
        }
        Ok(Self {
            threads,
            syncs: syncing,
            finishers,
            sound,
            sounds: sounds.cloned(),
            jobs: Some(jobs),
            running,
            limit: config.max_recordings,
        })
    }

    /// The thread that has it now. `None` if there are too many.
    pub(super) fn add(
        &self,
        id: RecordingId,
        request: Request,
        queue: Arc<Queue>,
    ) -> Option<Thread> {
        if self.running.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.running.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let least = self
            .threads
            .iter()
            .min_by_key(|t| t.shared.count.load(Ordering::Relaxed));
        let least = least?;
        let thread = least.thread.as_ref()?.thread();
        least.shared.count.fetch_add(1, Ordering::Relaxed);
        let slot = Slot::new(id, request, queue);
        lock(&least.shared.new).push(slot);
        thread.unpark();
        Some(thread.clone())
    }

    pub(super) fn close(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(sounds) = &self.sounds {
            sounds.stop();
        }
        for thread in &mut self.threads {
            thread.shared.stop.store(true, Ordering::Release);
            if let Some(handle) = thread.thread.take() {
                handle.thread().unpark();
                let _ = handle.join();
            }
        }
        self.jobs = None;
        let others = self.syncs.drain(..).chain(self.finishers.drain(..));
        for thread in others.chain(self.sound.take()) {
            let _ = thread.join();
        }
    }
}

/// A plain file whose sound waits.
struct Plain {
    id: Option<RecordingId>,
    path: PathBuf,
    manifest: Manifest,
}

fn work_on_sound(
    sounds: &Arc<Sounds>,
    folder: &Arc<Folder>,
    listener: &Listener,
    jobs: Receiver<Plain>,
) -> io::Result<JoinHandle<()>> {
    let (sounds, folder) = (Arc::clone(sounds), Arc::clone(folder));
    let listener = Arc::clone(listener);
    thread::Builder::new()
        .name("record-sound".to_owned())
        .spawn(move || {
            for job in jobs {
                let mut manifest = job.manifest;
                sounds.work(&job.path, &mut manifest);
                folder.release(&job.path);
                if let Some(id) = job.id
                    && !has_sound_to_do(&manifest)
                {
                    listener(id, Event::Closed(Box::new(manifest)));
                }
            }
        })
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A list of new slots, or of jobs, is whole whoever panics.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writer {
    shared: Arc<Shared>,
    config: Config,
    folder: Arc<Folder>,
    listener: Listener,
    jobs: Sender<Job>,
    syncs: Syncs,
    running: Arc<AtomicUsize>,
}

impl Writer {
    fn run(self) {
        let mut slots: Vec<Slot> = Vec::new();
        loop {
            let stop = self.shared.stop.load(Ordering::Acquire);
            slots.append(&mut lock(&self.shared.new));
            let before = slots.len();
            slots = mem::take(&mut slots)
                .into_iter()
                .filter_map(|slot| self.turn(slot, stop))
                .collect();
            let ended = before - slots.len();
            self.shared.count.fetch_sub(ended, Ordering::Relaxed);
            self.running.fetch_sub(ended, Ordering::Relaxed);
            if stop && slots.is_empty() && lock(&self.shared.new).is_empty() {
                return;
            }
            if slots.is_empty() {
                thread::park();
            } else {
                thread::park_timeout(TURN);
            }
        }
    }

    /// A fault costs one recording, whose file is then recovered at the next
    /// start as after a crash.
    fn turn(&self, mut slot: Slot, stop: bool) -> Option<Slot> {
        let shop = Shop {
            config: &self.config,
            folder: &self.folder,
            listener: &self.listener,
            jobs: &self.jobs,
            syncs: &self.syncs,
        };
        let id = slot.id();
        let going = catch_unwind(AssertUnwindSafe(|| {
            if stop {
                slot.stop(&shop);
                return false;
            }
            slot.turn(&shop)
        }));
        match going {
            Ok(true) => Some(slot),
            Ok(false) => None,
            Err(_) => {
                tracing::error!(recording = id.0, "a recording panicked");
                None
            }
        }
    }
}
