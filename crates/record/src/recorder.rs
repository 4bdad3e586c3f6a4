//! The recording of one stream, as a state machine.
//!
//! Pure. Access units, commands, results of the disk and time go in through
//! `handle_*`, [`Output`]s come out of [`Recorder::poll_output`] until it has
//! none; [`Recorder::poll_timeout`] says when to come back without any input.
//! `now` is any clock that never runs back; times of access units are those of
//! the room.

mod audio;
mod config;
mod disk;
mod part;
mod timeline;

pub use config::{Aligned, Config};
pub use disk::DiskError;
pub use part::{Layout, PartInfo, PartReason};

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use veche_media::{AccessUnit, AccessUnitKind, AudioCodec, FrameSize};

use crate::track::{MAX_SAMPLE_BYTES, Sample};
use disk::Disk;
use part::Part;
use timeline::Timeline;

/// Media waits at most this long before it is given to be written, so that it
/// is on the disk a second after it was received, slow turns of the writing
/// thread included.
pub const FRAGMENT: Duration = Duration::from_millis(700);

/// A keyframe cuts a fragment that is at least so old, so that files are easy
/// to enter; streams of nothing but keyframes don't make a fragment of each.
const CUT_AT_KEYFRAME: Duration = Duration::from_millis(300);

/// Bytes that make a fragment however young it is.
pub const FRAGMENT_BYTES: usize = 2 * 1024 * 1024;

/// How long sound waits for the first keyframe. Then the file begins with
/// sound, and the picture joins when it comes.
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

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Make a file; what is written from here on goes to it.
    Open(PartInfo),
    /// Append to the open file, then tell [`Recorder::handle_written`].
    Write(Arc<Vec<u8>>),
    /// A fragment ends here: a policy of syncing acts on it.
    Sync,
    /// Nothing more comes for the open file: finish it.
    Close,
    /// Ask the publisher for a keyframe.
    RequestKeyframe,
    /// Tell who watches.
    Status(Status),
}

/// How the recording is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Media is being written.
    Recording,
    /// Paused by command.
    Paused,
    /// Something is lost at the moment; calls are not touched.
    Degraded(Degraded),
    /// The last word.
    Ended(End),
}

/// Why something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Degraded {
    /// Media came faster than the disk took it.
    #[error("the disk is too slow")]
    SlowDisk,
    /// The disk refuses.
    #[error(transparent)]
    Disk(DiskError),
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// By command.
    #[error("stopped")]
    Stopped,
    /// By command, and there was never anything to record.
    #[error("stopped before any media")]
    Empty,
    /// The disk refused for longer than a minute.
    #[error("given up: {0}")]
    Disk(DiskError),
    /// The sender changed its codec or rotation too often.
    #[error("more than {MAX_PARTS} parts")]
    TooManyParts,
}

/// What was counted over all parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Access units that came.
    pub units: u64,
    /// Of them, not in any file: before the first keyframe, behind a loss,
    /// while the disk refused, overlapping sound.
    pub dropped_units: u64,
    /// Bytes of media given to be written.
    pub bytes: u64,
    /// Packets of silence written where no sound came.
    pub silence: u64,
    /// Times of units that could not be and were put right.
    pub clamped: u64,
    /// Files made.
    pub parts: u32,
}

#[derive(Debug)]
enum State {
    /// Nothing to write yet. Sound that waits for a keyframe.
    Waiting {
        held: VecDeque<AccessUnit>,
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

    /// Goes on in the same file where it paused, at the next keyframe.
    pub fn resume(&mut self, now: Duration) {
        if !matches!(self.state, State::Paused) {
            return;
        }
        self.state = State::Waiting {
            held: VecDeque::new(),
            since: None,
        };
        // Aligned files keep the room's time, pauses included.
        if self.part.is_some() && self.config.aligned.is_none() {
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

    fn handle_video(&mut self, now: Duration, unit: AccessUnit) {
        let AccessUnitKind::Video {
            codec,
            keyframe,
            size,
            rotation,
        } = unit.kind
        else {
            return;
        };
        let rotation = rotation % 360 / 90 * 90;
        if !keyframe {
            let fits = !self.needs_keyframe && self.layout.video == Some(codec);
            if !fits || !matches!(self.state, State::Running) {
                if self.layout.video != Some(codec) {
                    self.wanted = Some(Layout {
                        video: Some(codec),
                        rotation,
                        ..self.layout
                    });
                }
                self.dropped(1);
                self.ask_for_keyframe_again(now);
                return;
            }
            if rotation != self.layout.rotation && self.wanted.is_none() {
                self.wanted = Some(Layout {
                    rotation,
                    ..self.layout
                });
                self.ask_for_keyframe(now);
            }
        }
        if keyframe {
            let wanted = Layout {
                video: Some(codec),
                rotation,
                audio: self.wanted_sound(),
            };
            if !self.begin_at(now, wanted, size, &unit) {
                self.dropped(1);
                return;
            }
            self.needs_keyframe = false;
            self.asked_for_keyframe = None;
            if std::mem::take(&mut self.slow) {
                self.status_recording();
            }
        }
        let at = self.timeline.video(unit.at);
        let duration = self.timeline.picture_duration();
        self.push(now, true, at, duration, keyframe, unit.data);
    }

    fn handle_audio(&mut self, now: Duration, unit: AccessUnit) {
        let AccessUnitKind::Audio { codec, duration } = unit.kind else {
            return;
        };
        let duration = audio::duration(codec, &unit.data).unwrap_or(duration);
        if let State::Waiting { held, since } = &mut self.state {
            if self.layout.video.is_some() {
                since.get_or_insert(now);
                held.push_back(unit);
                if held.len() > MAX_HELD {
                    held.pop_front();
                    self.counters.dropped_units += 1;
                }
                return;
            }
            let layout = Layout {
                audio: Some(codec),
                ..self.layout
            };
            if !self.begin_at(now, layout, None, &unit) {
                self.dropped(1);
                return;
            }
        }
        if self.layout.audio != Some(codec) {
            let layout = Layout {
                audio: Some(codec),
                ..self.layout
            };
            if self.layout.video.is_some() && self.timeline.has_video() {
                // The new part begins with the next keyframe.
                self.wanted = Some(layout);
                self.ask_for_keyframe_again(now);
                self.dropped(1);
                return;
            }
            if !self.begin_at(now, layout, None, &unit) {
                self.dropped(1);
                return;
            }
        }
        match self.timeline.audio(unit.at, duration) {
            audio::Place::Overlaps => self.dropped(1),
            audio::Place::At(at) => self.push(now, false, at, duration, true, unit.data),
            audio::Place::Behind { silence, at } => {
                self.fill(now, silence);
                self.push(now, false, at, duration, true, unit.data);
            }
        }
    }

    /// Makes sure that a part of that layout is open and running, beginning
    /// with `unit` if it is new. `false` if the unit has no place in a file.
    fn begin_at(
        &mut self,
        now: Duration,
        layout: Layout,
        size: Option<FrameSize>,
        unit: &AccessUnit,
    ) -> bool {
        let at = unit.at;
        let reason = match &self.part {
            None => Some(PartReason::Start),
            Some(part) => {
                let young = now.saturating_sub(part.opened) < MIN_PART;
                match self.layout.reason_to_leave(&layout) {
                    Some(PartReason::Rotation) if young => None,
                    Some(PartReason::Codec) if young => return false,
                    None => {
                        self.wanted = None;
                        let long = self.timeline.length() >= MAX_PART_DURATION;
                        long.then_some(PartReason::Length)
                    }
                    other => other,
                }
            }
        };
        if let Some(reason) = reason {
            if self.counters.parts >= MAX_PARTS {
                self.flush(now);
                self.end(End::TooManyParts);
                return false;
            }
            self.flush(now);
            if self.part.take().is_some() {
                self.close();
            }
            self.layout = layout;
            self.wanted = None;
            self.open_part(now, reason, size, unit);
        }
        if let State::Waiting { held, .. } = &mut self.state {
            let held = std::mem::take(held);
            self.state = State::Running;
            self.timeline.running(at);
            self.status(Status::Recording);
            // Sound that was captured with the picture, not before it.
            for unit in held {
                if unit.at >= at {
                    self.handle_audio(now, unit);
                } else {
                    self.dropped(1);
                }
            }
        }
        true
    }

    fn open_part(
        &mut self,
        now: Duration,
        reason: PartReason,
        size: Option<FrameSize>,
        unit: &AccessUnit,
    ) {
        let at = unit.at;
        self.counters.parts += 1;
        let tracks = self.layout.tracks(&self.config.name, size, unit);
        let container = self
            .config
            .formats
            .container(self.layout.video, self.layout.audio);
        let start = self.timeline.begin_part(at);
        let info = PartInfo {
            number: self.counters.parts,
            reason,
            container,
            start,
            tracks,
        };
        let (part, header) = Part::new(&info, now);
        self.outputs.push_back(Output::Open(info));
        self.part = Some(part);
        self.write(header);
        if self.counters.parts == 1
            && let Some(aligned) = self.config.aligned
        {
            self.lead_in(now, aligned, at, unit);
        }
    }

    /// Black and silence from the start of an aligned file to its media.
    fn lead_in(&mut self, now: Duration, aligned: Aligned, at: Duration, unit: &AccessUnit) {
        let length = at.saturating_sub(aligned.origin);
        if length.is_zero() {
            return;
        }
        let pictures = part::black(&self.layout, unit, length);
        for (at, duration, data) in pictures {
            self.timeline.video_at(at);
            self.push(now, true, at, duration, true, data);
        }
        if self.layout.audio.is_some() {
            self.fill(now, (Duration::ZERO, length));
            self.timeline.audio_ends_at(length);
        }
        self.flush(now);
    }

    fn start_with_sound(&mut self, now: Duration) {
        let State::Waiting { held, since } = &mut self.state else {
            return;
        };
        let held = std::mem::take(held);
        *since = None;
        let Some(first) = held.front().cloned() else {
            return;
        };
        let AccessUnitKind::Audio { codec, .. } = first.kind else {
            return;
        };
        let layout = Layout {
            audio: Some(codec),
            ..self.layout
        };
        if !self.begin_at(now, layout, None, &first) {
            self.dropped(held.len() as u64);
            return;
        }
        for unit in held {
            self.handle_audio(now, unit);
        }
    }

    fn push(
        &mut self,
        now: Duration,
        video: bool,
        at: Duration,
        duration: Duration,
        keyframe: bool,
        data: Arc<[u8]>,
    ) {
        let Some(track) = self.layout.position(video) else {
            return;
        };
        if video
            && keyframe
            && self
                .part
                .as_ref()
                .is_some_and(|p| p.age(now) >= CUT_AT_KEYFRAME)
        {
            self.flush(now);
        }
        let sample = Sample {
            track,
            at,
            decode_at: at,
            duration,
            keyframe,
            data,
        };
        if let Some(part) = &mut self.part {
            part.push(now, sample);
            if part.bytes() >= FRAGMENT_BYTES {
                self.flush(now);
            }
        }
    }

    /// Silence in `from..to` of the file.
    fn fill(&mut self, now: Duration, (from, to): (Duration, Duration)) {
        let Some(codec) = self.layout.audio else {
            return;
        };
        let mut at = from;
        while let Some((data, length)) = audio::silence(codec, to.saturating_sub(at)) {
            self.counters.silence += 1;
            self.push(now, false, at, length, true, data.into());
            at += length;
        }
    }

    fn flush_if_due(&mut self, now: Duration) {
        let due = self.part.as_ref().and_then(Part::flush_at);
        if due.is_some_and(|at| now >= at) {
            self.flush(now);
        }
    }

    fn flush(&mut self, now: Duration) {
        // Sound that is muted or lost is kept up with, so that it never lies
        // far behind the pictures of its time in the file.
        if matches!(self.state, State::Running)
            && let Some(silence) = self.timeline.missing_sound(now)
            && self.layout.audio.is_some()
        {
            self.fill(now, silence);
        }
        let Some(part) = &mut self.part else { return };
        let bytes = part.take();
        if !bytes.is_empty() {
            self.write(bytes);
        }
    }

    fn write(&mut self, bytes: Vec<u8>) {
        let length = bytes.len() as u64;
        if self.disk.push(bytes) {
            self.counters.bytes += length;
        } else {
            // What follows would lack what it refers to.
            self.needs_keyframe = true;
        }
        self.pump_disk();
    }

    fn pump_disk(&mut self) {
        if let Some(bytes) = self.disk.next_write() {
            self.outputs.push_back(Output::Write(bytes));
            self.outputs.push_back(Output::Sync);
        }
    }

    fn close(&mut self) {
        for bytes in self.disk.drain() {
            self.outputs.push_back(Output::Write(bytes));
        }
        self.outputs.push_back(Output::Close);
    }

    fn end(&mut self, end: End) {
        self.state = State::Ended;
        if self.part.take().is_some() {
            self.close();
        }
        self.status(Status::Ended(end));
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

    /// What the next part has for sound: what the stream turned to, or what
    /// waits for the first keyframe.
    fn wanted_sound(&self) -> Option<AudioCodec> {
        let waiting = match &self.state {
            State::Waiting { held, .. } => held.front().and_then(|u| match u.kind {
                AccessUnitKind::Audio { codec, .. } => Some(codec),
                AccessUnitKind::Video { .. } => None,
            }),
            _ => None,
        };
        self.wanted
            .and_then(|w| w.audio)
            .or(self.layout.audio)
            .or(waiting)
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
        if matches!(self.state, State::Running) && !self.slow && !self.disk.is_failing() {
            self.status(Status::Recording);
        }
    }

    fn status(&mut self, status: Status) {
        self.outputs.push_back(Output::Status(status));
    }
}
