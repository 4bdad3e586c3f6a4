//! Samples become fragments, and fragments writes.

use std::sync::Arc;
use std::time::Duration;

use super::part::Part;
use super::{End, FRAGMENT_BYTES, Output, Recorder, State, Status, audio};
use crate::track::Sample;

/// What is shown in the order of decoding.
pub(super) fn sample(
    track: usize,
    at: Duration,
    duration: Duration,
    keyframe: bool,
    data: Arc<[u8]>,
) -> Sample {
    Sample {
        track,
        at,
        decode_at: at,
        duration,
        keyframe,
        data,
    }
}

impl Recorder {
    /// Takes a sample that was received so long ago.
    pub(super) fn push(&mut self, now: Duration, waited: Duration, sample: Sample) {
        let is_entry = sample.keyframe && self.layout.position(true) == Some(sample.track);
        let part = self.part.as_ref().filter(|_| is_entry);
        if part.is_some_and(|part| part.is_cut_at_keyframe(now)) {
            self.flush(now);
        }
        if let Some(part) = &mut self.part {
            part.push(now, now.saturating_sub(waited), sample);
            if part.bytes() >= FRAGMENT_BYTES {
                self.flush(now);
            }
        }
    }

    /// Silence in `from..to` of the file. `false` if the disk refused some of it: what
    /// follows has to wait for another try.
    pub(super) fn fill(&mut self, now: Duration, (from, to): (Duration, Duration)) -> bool {
        let (Some(codec), Some(track)) = (self.layout.audio, self.layout.position(false)) else {
            return true;
        };
        let mut at = from;
        while let Some((data, length)) = audio::silence(codec, to.saturating_sub(at)) {
            self.counters.silence += 1;
            let sample = sample(track, at, length, true, data.into());
            at += length;
            let Some(part) = &mut self.part else { break };
            part.push_made(now, sample);
            if part.bytes() >= FRAGMENT_BYTES && !self.write_fragment() {
                return false;
            }
        }
        true
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
        self.write_fragment();
    }

    /// What waits. `false` if it is lost.
    fn write_fragment(&mut self) -> bool {
        let sound = self.layout.position(false);
        let Some(part) = &mut self.part else {
            return true;
        };
        let fragment = part.take(sound);
        if fragment.bytes.is_empty() || self.write(fragment.bytes) {
            return true;
        }
        // What follows would lack what it refers to.
        self.needs_keyframe = true;
        self.dropped(fragment.units);
        self.counters.refused_units += fragment.units;
        // Silence takes its place.
        if let Some(at) = fragment.sound {
            self.timeline.audio_ends_at(at);
        }
        false
    }

    /// `false` if the disk has no room for it.
    pub(super) fn write(&mut self, bytes: Vec<u8>) -> bool {
        let length = bytes.len() as u64;
        let is_taken = self.disk.push(bytes);
        if is_taken {
            self.counters.bytes += length;
        }
        self.pump_disk();
        is_taken
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
