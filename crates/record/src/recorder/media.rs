//! Access units, one by one: which of them are of use, and where they go.

use std::time::Duration;

use veche_media::{AccessUnit, AccessUnitKind};

use super::audio;
use super::part::Layout;
use super::write::sample;
use super::{MAX_HELD, MAX_PART_DURATION, Recorder, State};

impl Recorder {
    pub(super) fn handle_video(&mut self, now: Duration, unit: AccessUnit) {
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
            if self.timeline.length() >= MAX_PART_DURATION {
                self.ask_for_keyframe_again(now);
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
            self.late_black(now, &unit);
            self.needs_keyframe = false;
            // One that the part is too young for is asked for again.
            self.asked_for_keyframe = self.wanted.map(|_| now);
            self.caught_up();
        }
        let Some(track) = self.layout.position(true) else {
            return;
        };
        let at = self.timeline.video(unit.at);
        let duration = self.timeline.picture_duration();
        let sample = sample(track, at, duration, keyframe, unit.data);
        self.push(now, unit.waited, sample);
    }

    pub(super) fn handle_audio(&mut self, now: Duration, unit: AccessUnit) {
        let AccessUnitKind::Audio { codec, duration } = unit.kind else {
            return;
        };
        let duration = audio::duration(codec, &unit.data).unwrap_or(duration);
        if let State::Waiting { held, since } = &mut self.state {
            if self.layout.video.is_some() {
                since.get_or_insert(now.saturating_sub(unit.waited));
                held.push_back((now, unit));
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
        // Where there are pictures it begins with one of them.
        if self.timeline.length() >= MAX_PART_DURATION && !self.timeline.is_showing() {
            self.needs_keyframe = true;
            if !self.begin_at(now, self.layout, None, &unit) {
                self.dropped(1);
                return;
            }
        }
        if !self.timeline.has_video() {
            // No keyframe has to come for it.
            self.caught_up();
        }
        let Some(track) = self.layout.position(false) else {
            return;
        };
        let at = match self.timeline.audio(unit.at, duration) {
            audio::Place::Overlaps => {
                self.dropped(1);
                return;
            }
            audio::Place::At(at) => at,
            audio::Place::Behind { silence, at } => {
                if !self.fill(now, silence) {
                    self.dropped(1);
                    return;
                }
                at
            }
        };
        let sample = sample(track, at, duration, true, unit.data);
        self.push(now, unit.waited, sample);
    }
}
