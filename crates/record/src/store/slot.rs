use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::finisher::{Job, name_codecs};
use super::folder::Folder;
use super::manifest::{Manifest, State, TrackEntry};
use super::queue::{Control, Item, Queue};
use super::sync::{Synced, Syncs};
use super::{Config, Event, Listener, RecordingId, Request, SyncPolicy};
use crate::container::Container;
use crate::name::Fields;
use crate::recorder::{DiskError, End, Output, PartInfo, Recorder, Status};
use crate::track::TrackMedia;

/// One recording on its writing thread.
pub(super) struct Slot {
    id: RecordingId,
    queue: Arc<Queue>,
    recorder: Recorder,
    started: Instant,
    request: Request,
    recording: Option<String>,
    open: Option<Open>,
    /// A part that could not be opened yet.
    unopened: Option<PartInfo>,
    end: Option<End>,
    degraded: bool,
    /// Units and packets that are not in the open file.
    lost: u64,
    /// Of those that the disk refused, how many earlier files have told.
    refused: u64,
}

struct Open {
    file: Arc<Synced>,
    media: PathBuf,
    /// Of whole fragments.
    length: u64,
    synced: Instant,
    manifest_path: PathBuf,
    manifest: Manifest,
}

/// What a slot works with.
pub(super) struct Shop<'a> {
    pub config: &'a Config,
    pub folder: &'a Folder,
    pub listener: &'a Listener,
    pub jobs: &'a std::sync::mpsc::Sender<Job>,
    pub syncs: &'a Syncs,
}

impl Slot {
    pub(super) fn new(id: RecordingId, request: Request, queue: Arc<Queue>) -> Self {
        let recorder = Recorder::new(request.recorder.clone(), Duration::ZERO);
        Self {
            id,
            queue,
            recorder,
            started: Instant::now(),
            request,
            recording: None,
            open: None,
            unopened: None,
            end: None,
            degraded: false,
            lost: 0,
            refused: 0,
        }
    }

    pub(super) fn id(&self) -> RecordingId {
        self.id
    }

    /// Takes what waits. `false` when the recording is over.
    pub(super) fn turn(&mut self, shop: &Shop<'_>) -> bool {
        let (items, stop) = self.queue.take();
        let missing = self.queue.take_missing();
        if missing > 0 {
            self.lost = self.lost.saturating_add(missing);
            self.degraded = true;
        }
        for (when, item) in items {
            let now = when.saturating_duration_since(self.started);
            match item {
                Item::Unit(unit) => self.recorder.handle_unit(now, unit),
                Item::Lost(units) => {
                    self.lost += units;
                    self.recorder.handle_lost(now, units);
                }
                Item::Control(Control::Pause) => self.recorder.pause(now),
                Item::Control(Control::Resume) => self.recorder.resume(now),
            }
            self.carry_out(shop);
        }
        if self.open.as_ref().is_some_and(|open| open.file.is_slow()) {
            let recording = self.id.0;
            tracing::warn!(
                recording,
                "the disk is slow to sync: a power cut would cost more"
            );
        }
        if let Some(result) = self.open.as_ref().and_then(|o| o.file.result(shop.syncs)) {
            if let Err(error) = &result {
                tracing::warn!(recording = self.id.0, %error, "cannot sync a recording");
            }
            let result = result.map_err(|error| DiskError::from(&error));
            self.recorder.handle_synced(result);
        }
        self.recorder.handle_time(self.started.elapsed());
        if stop {
            self.recorder.stop(self.started.elapsed());
        }
        self.carry_out(shop);
        !self.recorder.is_ended()
    }

    pub(super) fn stop(&mut self, shop: &Shop<'_>) {
        self.queue.stop();
        while self.turn(shop) {}
    }

    fn carry_out(&mut self, shop: &Shop<'_>) {
        while let Some(output) = self.recorder.poll_output() {
            match output {
                Output::Open(part) => self.unopened = Some(part),
                Output::Write(bytes) => {
                    let result = self.write(shop, &bytes);
                    if let Err(error) = &result {
                        tracing::warn!(recording = self.id.0, %error, "cannot write a recording");
                    }
                    let result = result.map_err(|e| DiskError::from(&e));
                    let now = self.started.elapsed();
                    self.recorder.handle_written(now, result);
                }
                Output::Turn(rotation) => self.turn_pictures(shop, rotation),
                Output::Sync => self.sync(shop),
                Output::Close => self.close(shop),
                Output::RequestKeyframe => (shop.listener)(self.id, Event::RequestKeyframe),
                Output::Status(status) => {
                    self.degraded |= matches!(status, Status::Degraded(_));
                    if let Status::Ended(end) = status {
                        self.end = Some(end);
                    }
                    (shop.listener)(self.id, Event::Status(status));
                }
            }
        }
    }

    fn write(&mut self, shop: &Shop<'_>, bytes: &[u8]) -> io::Result<()> {
        if let Some(part) = self.unopened.take()
            && let Err(error) = self.make(shop, &part)
        {
            self.unopened = Some(part);
            return Err(error);
        }
        let Some(open) = &mut self.open else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut file = &open.file.file;
        match file.write_all(bytes) {
            Ok(()) => {
                open.length += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a fragment would hide those that follow it.
                file.set_len(open.length)?;
                file.seek(SeekFrom::Start(open.length))?;
                Err(error)
            }
        }
    }

    fn make(&mut self, shop: &Shop<'_>, part: &PartInfo) -> io::Result<()> {
        let mut fields = self.fields(shop, part);
        fields.end = None;
        let mut base = shop.config.template.render(&fields);
        if part.number > 1 {
            base.push_str(&format!("-part{}", part.number));
        }
        let (manifest_path, name) = shop.folder.reserve(&base)?;
        let made = self.make_named(shop, part, &manifest_path, &name);
        if made.is_err() {
            let _ = std::fs::remove_file(&manifest_path);
            shop.folder.release(&manifest_path);
        }
        made
    }

    fn make_named(
        &mut self,
        shop: &Shop<'_>,
        part: &PartInfo,
        manifest_path: &Path,
        name: &str,
    ) -> io::Result<()> {
        let file_name = format!("{name}.{}", part.container.extension());
        let us = u64::try_from(part.start.as_micros()).unwrap_or(u64::MAX);
        let manifest = Manifest {
            version: 1,
            state: State::Recording,
            file: file_name.clone(),
            origin: self.request.origin.clone(),
            recording: self
                .recording
                .get_or_insert_with(|| name.to_owned())
                .clone(),
            part: part.number,
            part_reason: part.reason.name().to_owned(),
            container: part.container.extension().to_owned(),
            started_at_ms: self.request.room_clock_unix_ms.saturating_add(us / 1000),
            room_start_us: us,
            tracks: part.tracks.iter().map(TrackEntry::of).collect(),
            ..Manifest::default()
        };
        manifest.write_unsynced(manifest_path)?;
        let media = shop.folder.path().join(&file_name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&media)?;
        let file = Synced::new(file, manifest_path);
        file.ask(shop.syncs);
        self.open = Some(Open {
            file,
            media,
            length: 0,
            synced: Instant::now(),
            manifest_path: manifest_path.to_owned(),
            manifest: manifest.clone(),
        });
        (shop.listener)(self.id, Event::Opened(Box::new(manifest)));
        Ok(())
    }

    /// Only the manifest can tell before the file is finished.
    fn turn_pictures(&mut self, shop: &Shop<'_>, rotation: u16) {
        if let Some(part) = &mut self.unopened {
            for track in &mut part.tracks {
                if let TrackMedia::Video(video) = &mut track.media {
                    video.rotation = rotation;
                }
            }
        }
        let Some(open) = &mut self.open else { return };
        for track in &mut open.manifest.tracks {
            track.rotation = track.rotation.map(|_| rotation);
        }
        open.file.tell(open.manifest.clone());
        open.file.ask(shop.syncs);
    }

    fn fields(&self, shop: &Shop<'_>, part: &PartInfo) -> Fields {
        let mut fields = self.request.name.clone();
        let ms = u64::try_from(part.start.as_millis()).unwrap_or(u64::MAX);
        fields.start_time = ms;
        fields.start_time_millis = self.request.room_clock_unix_ms.saturating_add(ms);
        let becomes_aac = shop.config.sound.is_some() && part.container != Container::Webm;
        name_codecs(&mut fields, &part.tracks, becomes_aac);
        fields
    }

    fn sync(&mut self, shop: &Shop<'_>) {
        let Some(open) = &mut self.open else { return };
        let due = match shop.config.sync {
            SyncPolicy::Never => false,
            SyncPolicy::EveryFragment => true,
            SyncPolicy::Interval(interval) => open.synced.elapsed() >= interval,
        };
        if due || !open.file.is_there() {
            open.synced = Instant::now();
            open.file.ask(shop.syncs);
        }
    }

    fn close(&mut self, shop: &Shop<'_>) {
        self.unopened = None;
        let Some(mut open) = self.open.take() else {
            return;
        };
        // Who finishes it has the manifest from here on.
        open.file.leave();
        open.manifest.state = State::Closed;
        open.manifest.degraded = self.degraded;
        let refused = self.recorder.counters().refused_units;
        let refused_here = refused - std::mem::replace(&mut self.refused, refused);
        open.manifest.lost = std::mem::take(&mut self.lost).saturating_add(refused_here);
        let job = Job {
            id: Some(self.id),
            fields: Some(self.request.name.clone()),
            manifest_path: open.manifest_path,
            manifest: open.manifest,
            media: open.media,
            finished: State::Finished,
        };
        // The finisher lives as long as the writers.
        let _ = shop.jobs.send(job);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use veche_media::{AccessUnit, AccessUnitKind, AudioCodec};

    use super::*;
    use crate::recorder::{self, FRAGMENT};

    #[test]
    fn a_disk_that_is_slow_to_sync_holds_up_nothing() {
        let place = tempfile::tempdir().unwrap();
        let config = Config::new(place.path().to_owned());
        let folder = Folder::open(place.path()).unwrap();
        let listener: Listener = Arc::new(|_, _| {});
        let (jobs, finished) = mpsc::channel();
        // Nobody syncs.
        let (syncs, waiting) = mpsc::channel();
        let shop = Shop {
            config: &config,
            folder: &folder,
            listener: &listener,
            jobs: &jobs,
            syncs: &syncs,
        };
        let codec = AudioCodec::Opus;
        let request = Request {
            recorder: recorder::Config {
                audio: Some(codec),
                formats: "".parse().unwrap(),
                ..recorder::Config::default()
            },
            ..Request::default()
        };
        let queue = Arc::new(Queue::new(1 << 20, 4_096));
        let mut slot = Slot::new(RecordingId(1), request, Arc::clone(&queue));
        let duration = Duration::from_millis(20);
        let begin = Instant::now();
        let mut lengths = Vec::new();
        while lengths.len() < 3 {
            queue.push(AccessUnit {
                kind: AccessUnitKind::Audio { codec, duration },
                at: begin.elapsed(),
                // As if it had been received that long ago: fragments come sooner.
                waited: FRAGMENT,
                data: [0xfc; 40].into(),
            });
            assert!(slot.turn(&shop));
            let length = slot.open.as_ref().map_or(0, |open| open.length);
            if length > 0 && lengths.last().is_none_or(|last| length > *last) {
                lengths.push(length);
            }
            std::thread::sleep(duration / 20);
        }
        let media = slot.open.as_ref().unwrap().media.clone();
        assert_eq!(std::fs::metadata(&media).unwrap().len(), lengths[2]);
        let asked: Vec<_> = waiting.try_iter().collect();
        assert_eq!(asked.len(), 1, "one at a time");
        asked[0].sync();
        slot.open.as_ref().unwrap().file.ask(&syncs);
        assert!(slot.turn(&shop));
        assert_eq!(waiting.try_iter().count(), 1, "and one behind it");
        slot.stop(&shop);
        assert_eq!(finished.try_iter().count(), 1);
    }
}
