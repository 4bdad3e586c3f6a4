//! The shell around the catalogue.

mod away;
mod carry;
mod films;
mod hold;
mod keeper;
mod pictures;
mod uploads;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tokio::sync::{Notify, watch};
use veche_record::store::Manifest;

use crate::catalogue::{Catalogue, CatalogueError, thumbnail_name};
use crate::counters::{Counters, count};
use crate::kept::{Kept, KeptMix, KeptMixState};
use crate::mix::{self, Cancel, Queue};
use crate::model::{File, Kind, Recording, State};
use crate::retention::Rules;
use crate::sign::Signer;
use crate::{ArchiveError, Page, Query, StartError, Thumbnailer, key, source, upload};

use films::Kills;
pub use hold::Hold;
use hold::Holds;
use uploads::Uploads;
use worker::Told;

/// What the archive is, and what it does by itself.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where recordings lie.
    pub folder: PathBuf,
    /// The catalogue's database.
    pub database: PathBuf,
    /// The key of signed links.
    pub key: PathBuf,
    /// `record_trash_days`: how long what was deleted can be restored. Zero:
    /// it is gone at once.
    pub trash: Duration,
    /// What is deleted by itself.
    pub retention: Rules,
    /// Films of rooms. `None`: there are none.
    pub mix: Option<mix::Config>,
    /// Pictures for the list. `None`: there are none.
    pub thumbnailer: Option<Arc<dyn Thumbnailer>>,
    /// Copies in storage that speaks S3. `None`: there are none.
    pub upload: Option<upload::Config>,
}

/// `record_trash_days`, unless configured otherwise.
const TRASH: Duration = Duration::from_secs(7 * 24 * 3600);

impl Config {
    /// The usual, for recordings in this folder. What is kept about them lies
    /// in `data_dir`.
    pub fn new(folder: PathBuf, data_dir: &Path) -> Self {
        Self {
            folder,
            database: data_dir.join("archive.db"),
            key: data_dir.join("link-key"),
            trash: TRASH,
            retention: Rules::default(),
            mix: None,
            thumbnailer: None,
            upload: None,
        }
    }
}

/// One folder of recordings.
///
/// Its methods read and write files: in async code, on a thread that may wait.
pub struct Archive {
    inner: Arc<Inner>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

pub(crate) struct Inner {
    config: Config,
    catalogue: Mutex<Catalogue>,
    signer: Signer,
    counters: Counters,
    told: mpsc::Sender<Told>,
    films: Mutex<Queue>,
    kills: Kills,
    uploads: Option<Uploads>,
    holds: Holds,
    /// When it was opened, by both clocks.
    started: (u64, Instant),
    /// Something of what was told is not in the catalogue.
    dirty: AtomicBool,
    /// Something may be begun.
    wake: Notify,
    /// True once everything ends.
    closing: watch::Sender<bool>,
}

impl Archive {
    /// Opens the folder, reads what has changed in it, and goes on with what was
    /// left undone. Must be called within a tokio runtime, before anything is
    /// written there. `admin_token` is what sessions are bound to.
    ///
    /// # Errors
    /// If the folder, the database or the key cannot be used.
    pub fn start(config: Config, admin_token: &str) -> Result<Self, StartError> {
        std::fs::create_dir_all(&config.folder).map_err(StartError::Folder)?;
        if let Some(parent) = config.database.parent() {
            std::fs::create_dir_all(parent).map_err(StartError::Folder)?;
        }
        let signer = Signer::new(
            &key::ensure(&config.key).map_err(StartError::Key)?,
            admin_token,
        );
        let folder = config.folder.canonicalize().map_err(StartError::Folder)?;
        let catalogue = Catalogue::open(&config.database, &folder)?;
        let (told, from_told) = mpsc::channel();
        let films = config.mix.as_ref();
        let films = films.map_or(Queue::new(1, 0), |mix| Queue::new(mix.jobs, mix.waiting));
        let uploads = config.upload.as_ref().map(Uploads::new).transpose();
        let inner = Arc::new(Inner {
            uploads: uploads.map_err(StartError::Upload)?,
            holds: Holds::default(),
            config,
            catalogue: Mutex::new(catalogue),
            signer,
            counters: Counters::default(),
            told,
            films: Mutex::new(films),
            kills: Kills::default(),
            started: (unix_ms(), Instant::now()),
            dirty: AtomicBool::new(false),
            wake: Notify::new(),
            closing: watch::Sender::new(false),
        });
        inner.resume()?;
        let mut threads = Vec::new();
        let mut pictures = None;
        if let Some(thumbnailer) = inner.config.thumbnailer.clone() {
            let started = pictures::start(Arc::clone(&inner), thumbnailer);
            let (asked, thread) = started.map_err(StartError::Thread)?;
            pictures = Some(asked);
            threads.push(thread);
        }
        let worker = worker::start(Arc::clone(&inner), pictures, from_told);
        threads.push(worker.map_err(StartError::Thread)?);
        if inner.uploads.is_some() {
            threads.push(uploads::start(Arc::clone(&inner)).map_err(StartError::Thread)?);
        }
        let tasks = vec![
            tokio::spawn(keeper::run(Arc::clone(&inner))),
            tokio::spawn(films::run(Arc::clone(&inner))),
        ];
        Ok(Self {
            inner,
            threads: Mutex::new(threads),
            tasks: Mutex::new(tasks),
        })
    }

    /// A file has begun or is finished. Returns at once.
    pub fn put(&self, manifest: &Manifest) {
        self.inner.tell(Told::Manifest(Box::new(manifest.clone())));
    }

    /// The journal of a room that is being recorded was begun or has grown.
    /// Returns at once.
    pub fn room_changed(&self, journal: &Path) {
        self.inner.tell(Told::Journal(journal.to_owned(), true));
    }

    /// The journal has its end; the room's file is being made. Where the journal is
    /// gone, there was nothing in it. Returns at once.
    pub fn room_ended(&self, journal: &Path) {
        self.inner.tell(Told::Journal(journal.to_owned(), false));
    }

    /// The room's file is there: its film may be made. Returns at once.
    pub fn room_finished(&self, journal: &Path, file: &Manifest) {
        self.inner.tell(Told::Journal(journal.to_owned(), false));
        self.inner.tell(Told::Manifest(Box::new(file.clone())));
    }

    /// There is no file of the room yet. `why` is a sentence; it is tried again at
    /// the next start. Returns at once.
    pub fn room_failed(&self, journal: &Path, why: &str) {
        self.inner.tell(Told::Journal(journal.to_owned(), false));
        let failed = Told::RoomFailed(journal.to_owned(), why.to_owned());
        self.inner.tell(failed);
    }

    /// A part of the list.
    ///
    /// # Errors
    /// If the catalogue does not answer.
    pub fn page(&self, query: &Query) -> Result<Page, ArchiveError> {
        let mut page = self.inner.with(|catalogue| catalogue.page(query))?;
        for recording in &mut page.recordings {
            self.inner.show_work(recording);
        }
        Ok(page)
    }

    /// One recording.
    ///
    /// # Errors
    /// If there is none of that id.
    pub fn get(&self, id: &str) -> Result<Recording, ArchiveError> {
        self.inner.get(id)
    }

    /// What is deleted goes to a trash first.
    pub fn has_trash(&self) -> bool {
        !self.inner.config.trash.is_zero()
    }

    /// A file by its name, or by the one that it had while it was written, and
    /// the recording that it belongs to.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn file(&self, name: &str) -> Result<(Recording, File), ArchiveError> {
        let found = self.inner.with(|catalogue| catalogue.file(name))?;
        found.ok_or(ArchiveError::NotFound)
    }

    /// Where a file of the folder lies.
    pub fn path(&self, file: &File) -> PathBuf {
        self.inner.config.folder.join(&file.name)
    }

    /// Where the picture of a recording lies, if there is one.
    pub fn thumbnail(&self, recording: &Recording) -> Option<PathBuf> {
        let path = self.inner.config.folder.join(thumbnail_name(&recording.id));
        recording.thumbnail.then_some(path)
    }

    /// Moves a recording to the trash, or deletes it if there is none.
    ///
    /// # Errors
    /// If it is in use.
    pub fn delete(&self, id: &str) -> Result<Recording, ArchiveError> {
        let mut recording = self.free(id)?;
        if !self.has_trash() {
            self.inner.purge(id)?;
            count(&self.inner.counters.deleted);
            recording.deleted_until_ms = Some(unix_ms());
            recording.can_mix = false;
            return Ok(recording);
        }
        if recording.deleted_until_ms.is_some() {
            return Ok(recording);
        }
        let until = unix_ms().saturating_add(millis(self.inner.config.trash));
        let changed = self
            .inner
            .with(|catalogue| catalogue.keep(id, |kept| kept.deleted_until_ms = Some(until)))?;
        // Its copies stay until it is deleted for good; no more are made.
        self.inner.stop_upload(id);
        tracing::info!(recording = id, "recording deleted, to the trash");
        let mut recording = changed.ok_or(ArchiveError::NotFound)?;
        self.inner.show_work(&mut recording);
        Ok(recording)
    }

    /// Takes a recording out of the trash.
    ///
    /// # Errors
    /// If it is not there.
    pub fn restore(&self, id: &str) -> Result<Recording, ArchiveError> {
        if self.get(id)?.deleted_until_ms.is_none() {
            return Err(ArchiveError::NotInTrash);
        }
        let changed = self
            .inner
            .with(|catalogue| catalogue.keep(id, |kept| kept.deleted_until_ms = None))?;
        tracing::info!(recording = id, "recording restored");
        let mut recording = changed.ok_or(ArchiveError::NotFound)?;
        self.inner.show_work(&mut recording);
        self.inner.tell(Told::Changed(id.to_owned()));
        Ok(recording)
    }

    /// Deletes a recording for good.
    ///
    /// # Errors
    /// If it is in use.
    pub fn delete_forever(&self, id: &str) -> Result<(), ArchiveError> {
        self.free(id)?;
        self.inner.purge(id)?;
        count(&self.inner.counters.deleted);
        Ok(())
    }

    /// A recording that nothing works on. A film that only waits is given up.
    fn free(&self, id: &str) -> Result<Recording, ArchiveError> {
        let recording = self.get(id)?;
        if !recording.state.is_final() {
            return Err(ArchiveError::InUse("it is being recorded or finished"));
        }
        if recording.is_mixing() && self.inner.kills.has(id) {
            return Err(ArchiveError::InUse("its film is being made"));
        }
        if lock(&self.inner.films).cancel(id) == Cancel::Removed {
            self.inner.clean(id);
            self.inner
                .film_kept(id, |mix| mix.state = KeptMixState::Cancelled)?;
        }
        Ok(recording)
    }

    /// Has the film of a room made, again if there is one. `options` are
    /// settings of this film alone.
    ///
    /// # Errors
    /// If it cannot be made, or too many wait.
    pub fn mix(&self, id: &str, options: Map<String, Value>) -> Result<Recording, ArchiveError> {
        let recording = self.get(id)?;
        self.inner.check_mixable(&recording)?;
        if recording.is_mixing() {
            return Err(ArchiveError::InUse("its film waits or is being made"));
        }
        self.inner.queue_film(id, options)?;
        self.get(id)
    }

    /// Gives up a film that waits or is being made.
    ///
    /// # Errors
    /// If there is none.
    pub fn cancel_mix(&self, id: &str) -> Result<Recording, ArchiveError> {
        self.get(id)?;
        match lock(&self.inner.films).cancel(id) {
            Cancel::Unknown => return Err(ArchiveError::NotMixing),
            // A try before may have left half of it.
            Cancel::Removed => self.inner.clean(id),
            Cancel::Kill => self.inner.kills.kill(id),
        }
        self.inner
            .film_kept(id, |mix| mix.state = KeptMixState::Cancelled)?;
        self.inner.wake.notify_one();
        // What it needed may go now.
        self.inner.tell(Told::Changed(id.to_owned()));
        let mut recording = self.get(id)?;
        if recording.is_mixing() {
            // Its mixer is being killed.
            recording.mix = None;
        }
        Ok(recording)
    }

    /// What signs links and sessions.
    pub fn signer(&self) -> &Signer {
        &self.inner.signer
    }

    /// What was counted.
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Ends everything. Films that are being made are made again at the next
    /// start, uploads go on there. What was told before is still written.
    pub async fn close(&self) {
        self.inner.closing.send_replace(true);
        self.inner.tell(Told::Close);
        let threads = std::mem::take(&mut *lock(&self.threads));
        for thread in threads {
            // A panic in there was logged; nothing depends on it.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            let _ = task.await;
        }
    }
}

impl Inner {
    /// Asks the catalogue. One that turns out damaged is made anew once.
    fn with<T>(
        &self,
        mut ask: impl FnMut(&mut Catalogue) -> Result<T, CatalogueError>,
    ) -> Result<T, CatalogueError> {
        let mut catalogue = lock(&self.catalogue);
        match ask(&mut catalogue) {
            Err(error) if error.is_damage() => {
                catalogue.rebuild(&error)?;
                ask(&mut catalogue)
            }
            other => other,
        }
    }

    fn get(&self, id: &str) -> Result<Recording, ArchiveError> {
        let found = self.with(|catalogue| catalogue.get(id))?;
        let mut recording = found.ok_or(ArchiveError::NotFound)?;
        self.show_work(&mut recording);
        Ok(recording)
    }

    /// The database knows only whether a film was asked for, what is uploaded, and
    /// how large finished files are; not what can be done now.
    fn show_work(&self, recording: &mut Recording) {
        self.measure(recording);
        if let Some(mix) = lock(&self.films).state(&recording.id) {
            recording.mix = Some(mix);
        }
        recording.can_mix = !recording.is_mixing() && self.check_mixable(recording).is_ok();
        recording.upload = self.upload_of(recording);
    }

    /// What is being written is as large as it is now.
    fn measure(&self, recording: &mut Recording) {
        let growing = recording.files.iter_mut();
        for file in growing.filter(|file| file.state == State::Recording) {
            if let Some(now) = source::stat(&self.config.folder, &file.name) {
                recording.bytes = recording.bytes - file.bytes + now.bytes;
                file.bytes = now.bytes;
            }
        }
    }

    fn tell(&self, told: Told) {
        // Fails only when everything has ended; the next start reads the folder.
        let _ = self.told.send(told);
    }

    /// Reads the folder again where the catalogue did not take what it was told.
    fn catch_up(&self) {
        if !self.dirty.swap(false, Ordering::Relaxed) {
            return;
        }
        let all = self.with(|catalogue| {
            catalogue.scan()?;
            catalogue.all()
        });
        match all {
            Ok(all) => {
                tracing::info!("the list of recordings misses nothing any more");
                for recording in all {
                    self.tell(Told::Changed(recording.id));
                }
            }
            Err(error) => {
                self.dirty.store(true, Ordering::Relaxed);
                tracing::warn!(%error, "the list of recordings still misses something");
            }
        }
    }

    /// Goes on with what was left undone.
    fn resume(&self) -> Result<(), CatalogueError> {
        for id in self.with(|catalogue| catalogue.purging())? {
            if let Err(error) = self.purge(&id) {
                tracing::warn!(recording = id, %error, "a deletion could not be completed");
            }
        }
        let mut waiting = Vec::new();
        for recording in self.with(|catalogue| catalogue.all())? {
            if recording.is_mixing() {
                let kept = self.with(|catalogue| catalogue.kept(&recording.id))?;
                let since = kept.mix.map_or(0, |mix| mix.queued_at_ms);
                waiting.push((since, recording.id.clone()));
            }
            self.tell(Told::Changed(recording.id));
        }
        waiting.sort();
        let mut films = lock(&self.films);
        for (_, id) in waiting {
            if let Err(error) = films.add(&id) {
                tracing::warn!(recording = id, %error, "a film is not made");
            }
        }
        Ok(())
    }

    /// Deletes a recording for good. If that is interrupted, the next start
    /// goes on. Its copies elsewhere go afterwards, as soon as they can.
    fn purge(&self, id: &str) -> Result<(), CatalogueError> {
        self.purge_if(id, |_| Ok(true)).map(drop)
    }

    /// The same where `wanted` holds at the moment when it begins. Whether it did.
    fn purge_if(
        &self,
        id: &str,
        wanted: impl Fn(&Catalogue) -> Result<bool, CatalogueError>,
    ) -> Result<bool, CatalogueError> {
        let mut copies = 0;
        let gone = self.with(|catalogue| {
            if !wanted(catalogue)? {
                return Ok(false);
            }
            match catalogue.keep(id, |kept| kept.purging = true) {
                // What is removed makes the room for it.
                Err(error) if error.is_full() => {
                    tracing::warn!(recording = id, %error, "deleted without a note of it");
                }
                kept => drop(kept?),
            }
            catalogue.remove_files(id)?;
            catalogue.keep(id, |kept| {
                copies = kept.uploads.len();
                let uploads = std::mem::take(&mut kept.uploads);
                *kept = Kept {
                    purging: !uploads.is_empty(),
                    uploads,
                    ..Kept::default()
                };
            })?;
            Ok(true)
        });
        // What is half gone is listed as what is left of it.
        let gone = gone.inspect_err(|_| self.dirty.store(true, Ordering::Relaxed))?;
        if gone {
            tracing::info!(recording = id, copies, "recording deleted for good");
        }
        if copies > 0 {
            self.purge_copies(id);
        }
        Ok(gone)
    }

    fn film_kept(&self, id: &str, change: impl FnOnce(&mut KeptMix)) -> Result<(), CatalogueError> {
        let mut change = Some(change);
        self.with(|catalogue| {
            // Deleted meanwhile: nothing is kept of it.
            if catalogue.get(id)?.is_none() {
                return Ok(());
            }
            let change = change.take();
            catalogue.keep(id, |kept| {
                if let Some(change) = change {
                    change(kept.mix.get_or_insert_default());
                }
            })?;
            Ok(())
        })
    }

    fn check_mixable(&self, recording: &Recording) -> Result<(), ArchiveError> {
        if self.config.mix.is_none() {
            return Err(ArchiveError::NoMixer);
        }
        if recording.kind != Kind::Room {
            return Err(ArchiveError::NotARoom);
        }
        if recording.deleted_until_ms.is_some() {
            return Err(ArchiveError::InUse("it is in the trash"));
        }
        match films::input(recording) {
            Some(file) if file.local => Ok(()),
            Some(_) => Err(ArchiveError::NotReady("its file lies elsewhere")),
            None => Err(ArchiveError::NotReady("its file is not there")),
        }
    }

    fn queue_film(&self, id: &str, options: Map<String, Value>) -> Result<(), ArchiveError> {
        lock(&self.films).add(id)?;
        self.film_kept(id, |mix| {
            *mix = KeptMix {
                state: KeptMixState::Queued,
                queued_at_ms: unix_ms(),
                options,
                ..KeptMix::default()
            };
        })?;
        self.wake.notify_one();
        Ok(())
    }

    fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }
}

/// What is locked here is whole whoever panics: the database has transactions.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, millis)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
