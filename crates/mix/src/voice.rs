//! Who speaks: loudness with hysteresis over a moving floor of noise.

use std::time::Duration;

/// Louder than this (RMS, -40 dBFS) may be a voice.
const ON: f32 = 0.01;

/// What was a voice stays one down to half of that.
const KEEP: f32 = 0.5;

/// A voice is this much louder than the noise around it (10 dB).
const OVER_NOISE: f32 = 3.2;

/// Shorter sounds are clicks.
const ATTACK: Duration = Duration::from_millis(80);

/// Words have pauses of this length between them.
const RELEASE: Duration = Duration::from_millis(600);

/// A level that is not renewed counts no longer.
const LEVEL_HOLDS: Duration = Duration::from_millis(250);

/// How fast the floor rises to a louder noise: in 8 s by 1/e, slower than speech
/// without a pause; it falls at once.
const FLOOR_RISES: f32 = 8.0;

/// The ring comes quickly and goes slowly, as in the web app.
const RING_IN: f32 = 0.09;
const RING_OUT: f32 = 0.24;

/// One source's voice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Voice {
    /// Loudest since the last step, if there was any.
    heard: Option<f32>,
    level: f32,
    level_at: Duration,
    floor: f32,
    loud_since: Option<Duration>,
    loud_last: Duration,
    /// Since when it speaks.
    pub speaking: Option<Duration>,
    /// How much of the ring is seen, from 0 to 1.
    pub ring: f32,
}

impl Voice {
    /// A level, as RMS of full scale.
    pub fn hear(&mut self, rms: f32) {
        let rms = if rms.is_finite() {
            rms.clamp(0.0, 1.0)
        } else {
            0.0
        };
        self.heard = Some(self.heard.unwrap_or(0.0).max(rms));
    }

    /// Moves on by `passed` to `at`.
    pub fn step(&mut self, at: Duration, passed: Duration) {
        if let Some(level) = self.heard.take() {
            self.level = level;
            self.level_at = at;
            let share = 1.0 - (-passed.as_secs_f32() / FLOOR_RISES).exp();
            self.floor = match level < self.floor {
                true => level,
                false => self.floor + (level - self.floor) * share,
            };
        } else if at.saturating_sub(self.level_at) > LEVEL_HOLDS {
            self.level = 0.0;
        }
        let mut threshold = ON.max(self.floor * OVER_NOISE);
        if self.speaking.is_some() {
            threshold *= KEEP;
        }
        if self.level >= threshold {
            let since = *self.loud_since.get_or_insert(at);
            self.loud_last = at;
            if at.saturating_sub(since) >= ATTACK {
                self.speaking.get_or_insert(since);
            }
        } else {
            self.loud_since = None;
            if at.saturating_sub(self.loud_last) >= RELEASE {
                self.speaking = None;
            }
        }
        let seconds = passed.as_secs_f32();
        self.ring = match self.speaking.is_some() {
            true => (self.ring + seconds / RING_IN).min(1.0),
            false => (self.ring - seconds / RING_OUT).max(0.0),
        };
    }
}

/// Which of many takes the stage, without jumping at every word.
#[derive(Clone, Debug)]
pub(crate) struct Floor<Id> {
    holder: Option<Id>,
    since: Duration,
}

/// Who interrupts has to speak this long; who has the stage keeps it at least so long.
const INTERRUPTS: Duration = Duration::from_millis(700);
const KEEPS: Duration = Duration::from_secs(2);

impl<Id> Default for Floor<Id> {
    fn default() -> Floor<Id> {
        Floor {
            holder: None,
            since: Duration::ZERO,
        }
    }
}

impl<Id: Copy + Eq> Floor<Id> {
    /// Who has the stage, given everybody's start of speaking. Those who are no
    /// longer there lose it.
    pub fn step(&mut self, at: Duration, people: &[(Id, Option<Duration>)]) -> Option<Id> {
        let state = |id: Id| people.iter().find(|(other, _)| *other == id);
        let held = self.holder.and_then(state);
        let busy = held.is_some_and(|(_, speaking)| speaking.is_some());
        let settled = held.is_none() || at.saturating_sub(self.since) >= KEEPS;
        if settled && !busy {
            let next = people
                .iter()
                .filter_map(|(id, since)| Some((*id, (*since)?)))
                .filter(|(_, since)| held.is_none() || at.saturating_sub(*since) >= INTERRUPTS)
                .min_by_key(|(_, since)| *since);
            if let Some((id, _)) = next {
                self.holder = Some(id);
                self.since = at;
                return self.holder;
            }
        }
        if held.is_none() {
            // The first in the room until somebody speaks; that holds nothing back.
            self.holder = None;
            return people.first().map(|(id, _)| *id);
        }
        self.holder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(20);

    fn run(voice: &mut Voice, from: &mut Duration, ms: u64, level: impl Fn(u64) -> f32) -> u64 {
        let mut spoke = 0;
        for i in 0..ms / 20 {
            *from += STEP;
            voice.hear(level(i));
            voice.step(*from, STEP);
            spoke += u64::from(voice.speaking.is_some()) * 20;
        }
        spoke
    }

    #[test]
    fn a_click_is_no_voice_and_pauses_do_not_end_one() {
        let (mut voice, mut at) = (Voice::default(), Duration::ZERO);
        assert_eq!(run(&mut voice, &mut at, 60, |_| 0.3), 0);
        assert_eq!(run(&mut voice, &mut at, 500, |_| 0.0005), 0);
        // Words of 300 ms with pauses of 400.
        let spoke = run(&mut voice, &mut at, 7000, |i| {
            if i * 20 % 700 < 300 { 0.1 } else { 0.001 }
        });
        assert!(spoke > 6800, "{spoke}");
        run(&mut voice, &mut at, 700, |_| 0.0005);
        assert!(voice.speaking.is_none());
    }

    #[test]
    fn steady_noise_stops_being_a_voice() {
        let (mut voice, mut at) = (Voice::default(), Duration::ZERO);
        run(&mut voice, &mut at, 20_000, |_| 0.02);
        assert!(voice.speaking.is_none());
        // Somebody speaks over it.
        let spoke = run(&mut voice, &mut at, 2000, |_| 0.2);
        assert!(spoke > 1800, "{spoke}");
    }

    #[test]
    fn a_source_without_levels_falls_silent() {
        let (mut voice, mut at) = (Voice::default(), Duration::ZERO);
        run(&mut voice, &mut at, 1000, |_| 0.1);
        assert!(voice.speaking.is_some());
        for _ in 0..60 {
            at += STEP;
            voice.step(at, STEP);
        }
        assert!(voice.speaking.is_none() && voice.ring == 0.0);
    }

    #[test]
    fn the_stage_changes_hands_after_a_while_only() {
        let mut floor = Floor::default();
        let s = Duration::from_secs;
        let ms = Duration::from_millis;
        assert_eq!(floor.step(s(0), &[('a', None), ('b', None)]), Some('a'));
        assert_eq!(
            floor.step(s(1), &[('a', None), ('b', Some(s(1)))]),
            Some('b')
        );
        // A short "yes" of somebody else changes nothing, nor does one over a voice.
        assert_eq!(
            floor.step(s(4), &[('a', Some(ms(3800))), ('b', None)]),
            Some('b')
        );
        assert_eq!(
            floor.step(s(6), &[('a', Some(s(4))), ('b', Some(s(5)))]),
            Some('b')
        );
        assert_eq!(
            floor.step(s(7), &[('a', Some(s(4))), ('b', None)]),
            Some('a')
        );
        // Who left has it no longer.
        assert_eq!(floor.step(s(8), &[('b', None)]), Some('b'));
    }
}
