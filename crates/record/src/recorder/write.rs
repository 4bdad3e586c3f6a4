//! Samples become fragments, and fragments writes.

use std::sync::Arc;
use std::time::Duration;

use super::part::Part;
use super::{CUT_AT_KEYFRAME, End, FRAGMENT_BYTES, Output, Recorder, State, Status, audio};
use crate::track::Sample;

impl Recorder {
    pub(super) fn push(
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
    pub(super) fn fill(&mut self, now: Duration, (from, to): (Duration, Duration)) {
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

    pub(super) fn flush_if_due(&mut self, now: Duration) {
        let due = self.part.as_ref().and_then(Part::flush_at);
        if due.is_some_and(|at| now >= at) {
            self.flush(now);
        }
    }

    pub(super) fn flush(&mut self, now: Duration) {
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

    pub(super) fn write(&mut self, bytes: Vec<u8>) {
        let length = bytes.len() as u64;
        if self.disk.push(bytes) {
            self.counters.bytes += length;
        } else {
            // What follows would lack what it refers to.
            self.needs_keyframe = true;
        }
        self.pump_disk();
    }

    pub(super) fn pump_disk(&mut self) {
        if let Some(bytes) = self.disk.next_write() {
            self.outputs.push_back(Output::Write(bytes));
            self.outputs.push_back(Output::Sync);
        }
    }

    pub(super) fn close(&mut self) {
        for bytes in self.disk.drain() {
            self.outputs.push_back(Output::Write(bytes));
        }
        self.outputs.push_back(Output::Close);
    }

    pub(super) fn end(&mut self, end: End) {
        self.state = State::Ended;
        if self.part.take().is_some() {
            self.close();
        }
        self.status(Status::Ended(end));
    }
}
