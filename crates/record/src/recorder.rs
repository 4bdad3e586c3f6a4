//! The recording of one stream, as a state machine.
//!
//! Pure. Access units, commands, results of the disk and time go in through
//! `handle_*`, [`Output`]s come out of [`Recorder::poll_output`] until it has
//! none; [`Recorder::poll_timeout`] says when to come back without any input.
//! `now` is any clock that never runs back; times of access units are those of
//! the room.

mod audio;
mod begin;
mod config;
mod disk;
mod lead;
mod media;
mod output;
mod part;
mod timeline;
mod write;

pub use config::{Aligned, Config};
pub use disk::DiskError;
pub use output::{Counters, Degraded, End, Output, Status};
pub use part::{Layout, PartInfo, PartReason};

use std::collections::VecDeque;
use std::time::Duration;

use veche_media::{AccessUnit, AccessUnitKind};

use crate::track::MAX_SAMPLE_BYTES;
use disk::Disk;
use part::Part;
use timeline::Timeline;

/// Media waits at most this long from when it was received to when it is given to
/// be written, so that it is on the disk a second after it was received, slow turns
/// of the writing thread included.
pub const FRAGMENT: Duration = Duration::from_millis(700);

/// What comes late, because it waited behind a loss, comes as a burst. So long is
/// waited for the rest of it, that it is not a fragment for each unit.
const BURST: Duration = Duration::from_millis(50);

/// A keyframe cuts a fragment that is at least so old, so that files are easy
/// to enter; streams of nothing but keyframes don't make a fragment of each.
const CUT_AT_KEYFRAME: Duration = Duration::from_millis(300);

/// Bytes that make a fragment however young it is.
pub const FRAGMENT_BYTES: usize = 2 * 1024 * 1024;

/// How long sound waits for the first keyframe. Then the file begins with
/// sound, and the picture joins when it comes; in an aligned file with the black
/// before it.
pub const START_PATIENCE: Duration = Duration::from_millis(600);

/// Sound that waits. Ten packets of 2.5 ms for every one that is likely.
const MAX_HELD: usize = 256;

/// While a keyframe is needed it is asked for again after this long.
const KEYFRAME_AGAIN: Duration = Duration::from_secs(1);

/// A rotation or codec that flaps makes at most one part in this time.
const MIN_PART: Duration = Duration::from_secs(2);

/// Parts of one recording. At the shortest they cover half an hour of flapping;
/// long before, something is wrong with the sender.
pub const MAX_PARTS: u32 = 999;

/// A file ends after so long and another part begins. Tables of a finished
/// file, held while finishing, stay below fifty megabytes.
pub const MAX_PART_DURATION: Duration = Duration::from_secs(12 * 3600);

#[derive(Debug)]
enum State {
    /// Nothing to write yet. Sound that waits for a keyframe.
    Waiting {
        /// And when it came.
        held: VecDeque<(Duration, AccessUnit)>,
        /// When the first of it was received.
        since: Option<Duration>,
    },
    Running,
    Paused,
    Ended,
}

/// Records one stream.
#[derive(Debug)]
pub struct Recorder {
    config: Config,
    state: State,
    layout: Layout,
    /// What the stream turned to and the open part cannot carry.
    wanted: Option<Layout>,
    part: Option<Part>,
    timeline: Timeline,
    disk: Disk,
    /// Pictures are of no use before the next keyframe.
    needs_keyframe: bool,
    asked_for_keyframe: Option<Duration>,
    slow: bool,
    /// What was written would not survive a power cut.
    unsynced: bool,
    counters: Counters,
    outputs: VecDeque<Output>,
}

impl Recorder {
    /// Starts at the first keyframe, and asks for it.
    pub fn new(config: Config, now: Duration) -> Self {
        let layout = Layout {
            video: config.video,
            rotation: 0,
            audio: config.audio,
        };
        let mut recorder = Self {
            timeline: Timeline::new(config.aligned.map(|a| a.origin)),
            config,
            state: State::Waiting {
                held: VecDeque::new(),
                since: None,
            },
            layout,
            wanted: None,
            part: None,
            disk: Disk::default(),
            needs_keyframe: true,
            asked_for_keyframe: None,
            slow: false,
            unsynced: false,
            counters: Counters::default(),
            outputs: VecDeque::new(),
        };
        recorder.ask_for_keyframe(now);
        recorder
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Whether nothing more will come of it.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended) && self.outputs.is_empty()
    }

    /// What to do next; `None` until there is another input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Recorder::handle_time`] at the latest.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let flush = self.part.as_ref().and_then(Part::flush_at);
        let start = match &self.state {
            State::Waiting { since, .. } => since.map(|s| s + START_PATIENCE),
            State::Ended => return None,
            _ => None,
        };
        let ask = self
            .asked_for_keyframe
            .filter(|_| self.keyframe_is_missing())
            .map(|at| at + KEYFRAME_AGAIN);
        [flush, start, ask, self.disk.retry_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// An access unit of the stream, those of a track in order.
    pub fn handle_unit(&mut self, now: Duration, unit: AccessUnit) {
        if matches!(self.state, State::Ended) {
            return;
        }
        self.counters.units += 1;
        if unit.data.is_empty()
            || unit.data.len() > MAX_SAMPLE_BYTES
            || matches!(self.state, State::Paused)
        {
            self.dropped(1);
            return;
        }
        let at = self.timeline.sane(now, unit.at, &mut self.counters);
        let unit = AccessUnit { at, ..unit };
        match &unit.kind {
            AccessUnitKind::Video { .. } => self.handle_video(now, unit),
            AccessUnitKind::Audio { .. } => self.handle_audio(now, unit),
        }
        self.flush_if_due(now);
    }

    /// Units were dropped on the way here: the writer was too slow.
    pub fn handle_lost(&mut self, now: Duration, units: u64) {
        if matches!(self.state, State::Ended) {
            return;
        }
        self.counters.units += units;
        self.counters.dropped_units += units;
        self.needs_keyframe = true;
        if !self.slow {
            self.slow = true;
            self.status(Status::Degraded(Degraded::SlowDisk));
        }
        self.ask_for_keyframe(now);
    }

    /// Time passed.
    pub fn handle_time(&mut self, now: Duration) {
        if matches!(self.state, State::Ended) {
            return;
        }
        if let State::Waiting { since, .. } = &self.state
            && since.is_some_and(|s| now >= s + START_PATIENCE)
        {
            self.start_with_sound(now);
        }
        if self.keyframe_is_missing()
            && self
                .asked_for_keyframe
                .is_some_and(|at| now >= at + KEYFRAME_AGAIN)
        {
            self.ask_for_keyframe(now);
        }
        self.flush_if_due(now);
        if self.disk.retry(now) {
            self.pump_disk();
        }
    }

    /// How the last [`Output::Write`] went, or the [`Output::Open`] before it.
    /// The shell removes what was written of a write that failed.
    pub fn handle_written(&mut self, now: Duration, result: Result<(), DiskError>) {
        match self.disk.handle_written(now, result) {
            None => {}
            Some(disk::Event::Failing(error)) => {
                self.status(Status::Degraded(Degraded::Disk(error)));
            }
            Some(disk::Event::Well) => self.status_recording(),
            Some(disk::Event::GiveUp(error)) => {
                if !matches!(self.state, State::Ended) {
                    self.end(End::Disk(error));
                }
                return;
            }
        }
        self.pump_disk();
    }

    /// How an [`Output::Sync`] went, where the policy asked for one.
    pub fn handle_synced(&mut self, result: Result<(), DiskError>) {
        if matches!(self.state, State::Ended) {
            return;
        }
        match result {
            Ok(()) if std::mem::take(&mut self.unsynced) => self.status_recording(),
            Err(error) if !std::mem::replace(&mut self.unsynced, true) => {
                self.status(Status::Degraded(Degraded::Disk(error)));
            }
            _ => {}
        }
    }

    /// Takes nothing until [`Recorder::resume`].
    pub fn pause(&mut self, now: Duration) {
        match self.state {
            State::Running => {
                self.flush(now);
                self.state = State::Paused;
                self.status(Status::Paused);
            }
            State::Waiting { .. } => {
                self.state = State::Paused;
                self.status(Status::Paused);
            }
            State::Paused | State::Ended => {}
        }
    }

    /// Goes on in the same file, at the next keyframe: where it paused, unless it
    /// keeps the time of its room.
    pub fn resume(&mut self, now: Duration) {
        if !matches!(self.state, State::Paused) {
            return;
        }
        self.state = State::Waiting {
            held: VecDeque::new(),
            since: None,
        };
        let keeps_time = self.config.keeps_time || self.config.aligned.is_some();
        if self.part.is_some() && !keeps_time {
            self.timeline.join();
        }
        self.needs_keyframe = true;
        self.ask_for_keyframe(now);
    }

    /// Ends the recording. What waits is written first.
    pub fn stop(&mut self, now: Duration) {
        if matches!(self.state, State::Ended) {
            return;
        }
        if let State::Waiting { since, .. } = &self.state
            && since.is_some()
        {
            self.start_with_sound(now);
        }
        self.flush(now);
        let end = if self.part.is_some() {
            End::Stopped
        } else {
            End::Empty
        };
        self.end(end);
    }

    fn keyframe_is_missing(&self) -> bool {
        let pictures =
            self.layout.video.is_some() || self.wanted.is_some_and(|w| w.video.is_some());
        let waits = self.needs_keyframe || self.wanted.is_some();
        pictures && waits && !matches!(self.state, State::Paused | State::Ended)
    }

    fn ask_for_keyframe_again(&mut self, now: Duration) {
        if self
            .asked_for_keyframe
            .is_none_or(|at| now >= at + KEYFRAME_AGAIN)
        {
            self.ask_for_keyframe(now);
        }
    }

    fn ask_for_keyframe(&mut self, now: Duration) {
        if self.layout.video.is_some() || self.wanted.is_some_and(|w| w.video.is_some()) {
            self.asked_for_keyframe = Some(now);
            self.outputs.push_back(Output::RequestKeyframe);
        }
    }

    fn dropped(&mut self, units: u64) {
        self.counters.dropped_units += units;
    }

    /// Unless something else is in the way.
    fn status_recording(&mut self) {
        let is_well = !self.slow && !self.unsynced && !self.disk.is_failing();
        if matches!(self.state, State::Running) && is_well {
            self.status(Status::Recording);
        }
    }

    /// Everything that came is in the file again.
    fn caught_up(&mut self) {
        if std::mem::take(&mut self.slow) {
            self.status_recording();
        }
    }

    fn status(&mut self, status: Status) {
        self.outputs.push_back(Output::Status(status));
    }
}
