//! The thread that makes one file of a room that was recorded.
//!
//! Each step leaves what the next one, or the next start, goes on from:
//!
//! | on the disk | what is missing |
//! | --- | --- |
//! | a journal without its end | its streams' files, its end, and all below |
//! | a journal with its end | the room's file |
//! | and the room's file | its manifest |
//! | and its manifest, `closed` | its sound as AAC: recovery does it |
//! | and its manifest, `hook` pending | the hook script |

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::setpriority_process;
use tokio::sync::mpsc::UnboundedSender;
use veche_media::VideoCodec;
use veche_record::journal::{self, End, Event, Journal, Writer};
use veche_record::store::{Manifest, ROOM_RECORDING, Sounds, State, kind, manifest_path};
use veche_record::{
    AudioCoding, Container, Extras, MAX_INPUTS, MergeError, MergeOptions, Reader, TrackMedia, chat,
    merge_with,
};

use super::Shared;
use super::hook::{self, HOOK, Hook, NONE, PENDING};
use crate::Metrics;

/// Calls come first.
const NICE: i32 = 10;

/// A room of which one file is to be made.
pub(super) struct Job {
    pub(super) journal: PathBuf,
    /// What is there is what a crash left.
    pub(super) after_crash: bool,
}

pub(super) fn start(
    folder: PathBuf,
    settings: Settings,
    sounds: Option<Arc<Sounds>>,
    shared: Arc<Shared>,
    jobs: Receiver<Job>,
    finished: UnboundedSender<Hook>,
) -> io::Result<JoinHandle<()>> {
    let thread = Thread {
        folder,
        settings,
        sounds,
        shared,
        finished,
    };
    thread::Builder::new()
        .name("record-merge".to_owned())
        .spawn(move || {
            // Of this thread alone: Linux takes it so.
            if let Err(error) = setpriority_process(None, NICE) {
                tracing::debug!(%error, "rooms are put together at full priority");
            }
            for job in jobs {
                thread.work(&job);
            }
        })
}

/// How rooms are put together.
pub(super) struct Settings {
    /// `room_record_format`
    pub(super) container: Container,
    /// A script is run for each file.
    pub(super) has_hook: bool,
    /// `record_min_free_bytes`
    pub(super) min_free_bytes: u64,
}

struct Thread {
    folder: PathBuf,
    settings: Settings,
    sounds: Option<Arc<Sounds>>,
    shared: Arc<Shared>,
    finished: UnboundedSender<Hook>,
}

/// What became of a room's recording.
enum Outcome {
    File(Box<Manifest>),
    /// Nobody was there to be recorded.
    Nothing,
    /// The next start goes on.
    Stopped,
}

impl Thread {
    fn work(&self, job: &Job) {
        let path = &job.journal;
        if self.is_done(path) {
            return;
        }
        match self.attempt(job) {
            Ok(Outcome::File(manifest)) => self.done(path, *manifest),
            Ok(Outcome::Nothing) => self.shared.archive.room_ended(path),
            Ok(Outcome::Stopped) => {}
            Err(why) => {
                tracing::error!(journal = %path.display(), why, "no file of a room");
                Metrics::count(&self.shared.metrics.recordings_failed);
                self.shared.archive.room_failed(path, &why);
            }
        }
    }

    fn attempt(&self, job: &Job) -> Result<Outcome, String> {
        let path = &job.journal;
        let mut journal = journal::read(path).map_err(|error| error.to_string())?;
        if let Some(made) = self.made(&journal) {
            return Ok(Outcome::File(Box::new(made)));
        }
        let (mut files, open) = self.files(&journal.start.id);
        let is_cut = journal.ended_at_ms.is_none();
        if is_cut {
            self.end(path, &mut journal, &files)?;
        }
        self.shared.archive.room_ended(path);
        if open > 0 {
            return Err(format!("{open} files of it are not finished"));
        }
        if files.is_empty() {
            fs::remove_file(path).map_err(|error| error.to_string())?;
            return Ok(Outcome::Nothing);
        }
        let mut lost = files.broken;
        if files.whole.len() > MAX_INPUTS {
            lost += files.whole.len() - MAX_INPUTS;
            files.whole.truncate(MAX_INPUTS);
        }
        let mut manifest = self.merge(&journal, &files.whole, lost)?;
        let is_recovered = |file: &Manifest| file.state == State::Recovered;
        if job.after_crash && (is_cut || files.whole.iter().any(is_recovered)) {
            manifest.state = State::Recovered;
        }
        let media = self.folder.join(&manifest.file);
        if self.is_stopped(&media, &mut manifest)? {
            return Ok(Outcome::Stopped);
        }
        let saved = self.save(&media, manifest)?;
        Ok(Outcome::File(Box::new(saved)))
    }

    /// Puts sound into AAC that came from files which take none. Whether that was
    /// stopped.
    fn is_stopped(&self, media: &Path, manifest: &mut Manifest) -> Result<bool, String> {
        let Some(sounds) = &self.sounds else {
            return Ok(false);
        };
        sounds.note(manifest);
        if manifest.sound.is_some() {
            let path = manifest_path(media);
            manifest.write(&path).map_err(|error| error.to_string())?;
            sounds.work(&path, manifest);
        }
        Ok(manifest.sound.is_some())
    }

    /// Nothing is missing: so it is with most of what a start finds.
    fn is_done(&self, path: &Path) -> bool {
        let id = journal::id_of(path).unwrap_or_default();
        let found = Manifest::read(&self.folder.join(format!("{id}.json")));
        found.is_ok_and(|found| {
            let hook = found.origin.attributes.get(HOOK);
            is_whole(&found) && hook.is_some_and(|state| state != PENDING)
        })
    }

    /// What an earlier attempt has made.
    fn made(&self, journal: &Journal) -> Option<Manifest> {
        let beside = self.folder.join(format!("{}.json", journal.start.id));
        if let Ok(found) = Manifest::read(&beside) {
            if !is_whole(&found) {
                return None;
            }
            // Recovery may have made the manifest.
            if !found.origin.attributes.contains_key(HOOK) {
                let media = self.folder.join(&found.file);
                return self.save(&media, found).ok();
            }
            return Some(found);
        }
        // A crash may have come between the file and its manifest.
        ["mkv", "mp4"].iter().find_map(|ending| {
            let media = self.folder.join(format!("{}.{ending}", journal.start.id));
            let mut found = Manifest::of_room(&media, kind::ROOM, &journal.start).ok()?;
            found.state = State::Recovered;
            self.save(&media, found).ok()
        })
    }

    fn files(&self, id: &str) -> (Files, usize) {
        let mut files = Files::default();
        let mut open = 0;
        for manifest in self.shared.catalogue.all() {
            let of_it = manifest.origin.attributes.get(ROOM_RECORDING);
            if of_it.is_none_or(|of| of != id) || manifest.kind() != kind::STREAM {
                continue;
            }
            match manifest.state {
                State::Finished | State::Recovered => files.whole.push(manifest),
                State::Recording | State::Closed => open += 1,
                State::Broken => files.broken += 1,
                State::Empty => {}
            }
        }
        files
            .whole
            .sort_by_key(|manifest| (manifest.room_start_us, manifest.part));
        (files, open)
    }

    /// After a crash: it ended when the last of it was written.
    fn end(&self, path: &Path, journal: &mut Journal, files: &Files) -> Result<(), String> {
        let start_ms = journal.start.room_start_us / 1_000;
        let ends = files.whole.iter().map(|m| {
            let end = (m.room_start_us / 1_000).saturating_add(m.duration_ms);
            end.saturating_sub(start_ms)
        });
        let at_ms = ends.max().unwrap_or(0).max(journal.length_ms());
        Writer::reopen(path)
            .and_then(|mut writer| writer.write(Event::End(End { at_ms })))
            .map_err(|error| error.to_string())?;
        journal.ended_at_ms = Some(at_ms);
        Ok(())
    }

    fn merge(
        &self,
        journal: &Journal,
        files: &[Manifest],
        lost: usize,
    ) -> Result<Manifest, String> {
        let earliest = files.iter().map(|m| m.room_start_us).min();
        let earliest = earliest.ok_or("none of its files can be read")?;
        let inputs: Vec<_> = files
            .iter()
            .map(|manifest| veche_record::Input {
                path: self.folder.join(&manifest.file),
                name: journal
                    .track_name(&manifest.origin.media_session_id)
                    .unwrap_or_else(|| manifest.origin.login.clone()),
                start: Duration::from_micros(manifest.room_start_us - earliest),
            })
            .collect();
        let free = super::free_bytes(&self.folder).map_err(|error| error.to_string())?;
        let media = inputs.iter().filter_map(|i| fs::metadata(&i.path).ok());
        check_space(
            free,
            media.map(|m| m.len()).sum(),
            self.settings.min_free_bytes,
        )?;
        let options = MergeOptions {
            text_name: "Chat".to_owned(),
            texts: chat(journal, earliest),
            extras: Extras {
                title: Some(journal.start.room.clone()),
                ..Extras::default()
            },
        };
        let wanted = fitting(self.settings.container, &inputs);
        let made = made_as(wanted, |container| {
            let name = format!("{}.{}", journal.start.id, container.extension());
            let media = self.folder.join(name);
            let mut go_on = |_: f64| ControlFlow::Continue(());
            merge_with(&inputs, container, &media, &options, &mut go_on)
                .map(|merged| (media, merged))
        });
        let (media, merged) = made.map_err(|error| error.to_string())?;
        for warning in &merged.warnings {
            let (path, error) = (warning.path.display(), &warning.error);
            tracing::error!(file = %path, %error, "not whole in its room's file");
        }
        let lost = lost + merged.warnings.len();
        let mut manifest = Manifest::of_room(&media, kind::ROOM, &journal.start)
            .map_err(|error| error.to_string())?;
        // It begins with its first media.
        let early = journal.start.room_start_us.abs_diff(earliest) / 1_000;
        manifest.started_at_ms = match earliest < journal.start.room_start_us {
            true => manifest.started_at_ms.saturating_sub(early),
            false => manifest.started_at_ms.saturating_add(early),
        };
        manifest.room_start_us = earliest;
        manifest.degraded = lost > 0 || files.iter().any(|m| m.degraded);
        if lost > 0 {
            manifest.note = Some(format!(
                "{lost} files of its streams cannot be read to their end"
            ));
        }
        Ok(manifest)
    }

    fn save(&self, media: &Path, mut manifest: Manifest) -> Result<Manifest, String> {
        let hook = if self.settings.has_hook {
            PENDING
        } else {
            NONE
        };
        let attributes = &mut manifest.origin.attributes;
        attributes.insert(HOOK.to_owned(), hook.to_owned());
        manifest
            .write(&manifest_path(media))
            .map_err(|error| error.to_string())?;
        tracing::info!(
            file = manifest.file,
            duration_ms = manifest.duration_ms,
            bytes = manifest.bytes,
            "a room's recording is in one file"
        );
        Metrics::count(&self.shared.metrics.recorded_rooms_finished);
        self.shared.count_sound(&manifest);
        Ok(manifest)
    }

    fn done(&self, path: &Path, manifest: Manifest) {
        self.shared.catalogue.put(manifest.clone());
        self.shared.archive.room_finished(path, &manifest);
        if hook::is_pending(&manifest) {
            // Fails only when the hooks have ended, at shutdown; the next start
            // calls it.
            let journal = path.to_owned();
            let _ = self.finished.send(Hook::Room { manifest, journal });
        }
    }
}

fn is_whole(manifest: &Manifest) -> bool {
    let whole = matches!(manifest.state, State::Finished | State::Recovered);
    whole && manifest.kind() == kind::ROOM
}

#[derive(Default)]
struct Files {
    whole: Vec<Manifest>,
    broken: usize,
}

impl Files {
    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.broken == 0
    }
}

/// What is too much for the container that is wanted is Matroska.
fn made_as<T>(
    wanted: Container,
    mut make: impl FnMut(Container) -> Result<T, MergeError>,
) -> Result<T, MergeError> {
    match make(wanted) {
        Err(error) if error.is_for_matroska() => make(Container::Matroska),
        made => made,
    }
}

/// Whether there is room for the file of a room whose streams have so many bytes: it
/// is written twice, as it grows and plain.
fn check_space(free: u64, media: u64, min_free: u64) -> Result<(), String> {
    let needed = media.saturating_mul(2);
    // Half of what new recordings must leave is for finishing old ones.
    if free < needed.saturating_add(min_free / 2) {
        return Err(format!(
            "{free} bytes free on the disk, putting the room together takes {needed}"
        ));
    }
    Ok(())
}

/// Matroska where players do not expect the codecs in MP4.
fn fitting(container: Container, inputs: &[veche_record::Input]) -> Container {
    let usual = |path: &Path| {
        Reader::open(path).is_ok_and(|reader| {
            reader.tracks().iter().all(|track| match &track.media {
                TrackMedia::Video(video) => video.codec != VideoCodec::Vp8,
                TrackMedia::Audio(audio) => {
                    !matches!(audio.codec, AudioCoding::Pcmu | AudioCoding::Pcma)
                }
                TrackMedia::Text => true,
            })
        })
    };
    match container {
        Container::Mp4 if inputs.iter().all(|input| usual(&input.path)) => Container::Mp4,
        _ => Container::Matroska,
    }
}

#[cfg(test)]
mod tests {
    use veche_record::FinishError;

    use super::*;

    #[test]
    fn a_room_that_is_too_much_for_mp4_is_matroska_and_nothing_else_is_tried_again() {
        let too_large = || {
            let (bytes, limit) = (2, 1);
            MergeError::Finish(FinishError::IndexTooLarge { bytes, limit })
        };
        let mut tried = Vec::new();
        let made = made_as(Container::Mp4, |container| {
            tried.push(container);
            match container {
                Container::Matroska => Ok(()),
                _ => Err(too_large()),
            }
        });
        assert!(made.is_ok());
        assert_eq!(tried, [Container::Mp4, Container::Matroska]);
        let mut tries = 0;
        let refused = made_as(Container::Mp4, |_| {
            tries += 1;
            Err::<(), _>(MergeError::Write(io::ErrorKind::StorageFull.into()))
        });
        assert!(refused.is_err());
        assert_eq!(tries, 1);
    }

    #[test]
    fn a_room_is_put_together_where_there_is_room_for_it_twice() {
        assert_eq!(check_space(2_500, 1_000, 1_000), Ok(()));
        let why = check_space(2_499, 1_000, 1_000).unwrap_err();
        assert_eq!(
            why,
            "2499 bytes free on the disk, putting the room together takes 2000"
        );
        assert!(check_space(u64::MAX - 1, u64::MAX, 0).is_err());
    }
}
