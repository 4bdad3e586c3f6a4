//! Parts begin: with the first media, with another codec or rotation, after hours.

use std::collections::VecDeque;
use std::time::Duration;

use veche_media::{AccessUnit, AccessUnitKind, AudioCodec, FrameSize};

use super::lead::LeadIn;
use super::part::{Layout, Part, PartInfo, PartReason};
use super::{
    Aligned, End, FRAGMENT_BYTES, MAX_PART_DURATION, MAX_PARTS, MIN_PART, Output, Recorder, State,
    Status,
};

impl Recorder {
    /// Makes sure that a part of that layout is open and running, beginning
    /// with `unit` if it is new. `false` if the unit has no place in a file.
    pub(super) fn begin_at(
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
                    Some(PartReason::Rotation) if !self.timeline.has_video() => {
                        self.layout.rotation = layout.rotation;
                        self.wanted = None;
                        self.outputs.push_back(Output::Turn(layout.rotation));
                        None
                    }
                    Some(PartReason::Rotation) if young => {
                        // At the first keyframe that comes when it is old enough.
                        self.wanted = Some(layout);
                        None
                    }
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
        if let State::Waiting { held, since } = &mut self.state {
            if let (Some(part), Some(since)) = (&mut self.part, *since) {
                part.received(now, since);
            }
            let held = release(held, now);
            self.state = State::Running;
            self.timeline.running(at);
            self.status(Status::Recording);
            // Sound that was captured with the picture, not before it; where
            // there is black before it, all.
            let aligned = self.config.aligned.is_some();
            for unit in held {
                if aligned || unit.at >= at {
                    self.handle_audio(now, unit);
                } else {
                    self.dropped(1);
                }
            }
        }
        true
    }

    pub(super) fn open_part(
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
        let waiting = match &self.state {
            State::Waiting { held, .. } => held.front().map(|(_, unit)| unit.at),
            _ => None,
        };
        let sound = waiting.map_or(at, |waiting| waiting.min(at));
        let sound = sound.saturating_sub(aligned.origin);
        self.write_lead_in(now, LeadIn::new(&self.layout, unit, length, sound));
        if self.layout.audio.is_some() {
            self.timeline.audio_ends_at(sound);
        }
    }

    /// Black before the first picture of an aligned file that began with sound.
    pub(super) fn late_black(&mut self, now: Duration, unit: &AccessUnit) {
        let is_first_part = self.counters.parts == 1 && self.part.is_some();
        if self.config.aligned.is_none() || !is_first_part || self.timeline.has_video() {
            return;
        }
        let length = self.timeline.in_file(unit.at);
        // Sound that waits is written by itself: in Matroska, who finishes the file puts
        // the black of its time between. MP4 has tables.
        self.flush(now);
        self.write_lead_in(now, LeadIn::new(&self.layout, unit, length, Duration::ZERO));
    }

    fn write_lead_in(&mut self, now: Duration, lead_in: LeadIn) {
        let track = self.layout.position(false);
        let mut bytes = Vec::new();
        for second in lead_in {
            let Some(part) = &mut self.part else { break };
            for sample in second {
                match Some(sample.track) == track {
                    true => self.counters.silence += 1,
                    false => self.timeline.video_at(sample.at),
                }
                part.push_made(now, sample);
            }
            bytes.extend(part.take(track).bytes);
            if bytes.len() >= FRAGMENT_BYTES {
                self.write(std::mem::take(&mut bytes));
            }
        }
        if !bytes.is_empty() {
            self.write(bytes);
        }
    }

    pub(super) fn start_with_sound(&mut self, now: Duration) {
        let State::Waiting { held, since } = &mut self.state else {
            return;
        };
        *since = None;
        let held = release(held, now);
        let Some(first) = held.first().cloned() else {
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

    /// What the next part has for sound: what the stream turned to, or what
    /// waits for the first keyframe.
    pub(super) fn wanted_sound(&self) -> Option<AudioCodec> {
        let waiting = match &self.state {
            State::Waiting { held, .. } => held.front().and_then(|(_, unit)| match unit.kind {
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
}

/// What waited for the first keyframe, and when it came.
fn release(held: &mut VecDeque<(Duration, AccessUnit)>, now: Duration) -> Vec<AccessUnit> {
    let late = |(came, mut unit): (Duration, AccessUnit)| {
        unit.waited += now.saturating_sub(came);
        unit
    };
    held.drain(..).map(late).collect()
}
