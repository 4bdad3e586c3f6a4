//! The sound of many as one: 48 kHz, stereo, interleaved f32.

use std::collections::BTreeMap;

use crate::limiter::{AHEAD, Limiter};
use crate::mixer::SourceId;

/// Frames (a sample of each channel) a second.
pub const RATE: u32 = 48_000;

/// Frames of a source that wait for their time. What comes earlier than this is
/// left out: ten seconds, more than any file's tracks are apart.
const MOST_WAITING: u64 = 10 * RATE as u64;

/// Pieces of a source that wait, whatever their length.
const MOST_PIECES: usize = 4096;

/// Frames over which a changed level comes into force: 10 ms.
const RAMP: f32 = 480.0;

/// Frames of a window whose loudness is measured: 20 ms.
const WINDOW: usize = 960;

/// Louder input than this (+6 dBFS) is broken; decoders overshoot by less.
const LOUDEST: f32 = 2.0;

/// What [`AudioMixer::add`] could not use, in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct LeftOut {
    /// Their time is over.
    pub late: u64,
    /// Too far ahead, or too many pieces wait.
    pub early: u64,
    /// There was sound of this source at their time already.
    pub doubled: u64,
}

/// What was mixed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// Everybody, interleaved stereo.
    pub all: Vec<f32>,
    /// For each listener of [`AudioMixer::listen`] everybody else.
    pub without: Vec<(SourceId, Vec<f32>)>,
    /// Loudness of each source that made a sound: the highest RMS of 20 ms. For
    /// [`Mixer::level`](crate::Mixer::level).
    pub levels: Vec<(SourceId, f32)>,
}

#[derive(Clone, Debug)]
struct Source {
    /// By the position of their first frame; none overlaps another.
    pieces: BTreeMap<u64, Vec<f32>>,
    gain: f32,
    wanted_gain: f32,
}

impl Default for Source {
    fn default() -> Source {
        Source {
            pieces: BTreeMap::new(),
            gain: 1.0,
            wanted_gain: 1.0,
        }
    }
}

fn frames(samples: &[f32]) -> u64 {
    samples.len() as u64 / 2
}

impl Source {
    fn end(&self, at: u64) -> u64 {
        self.pieces.get(&at).map_or(at, |piece| at + frames(piece))
    }

    /// Adds what is not there yet.
    fn insert(&mut self, at: u64, samples: &[f32], left_out: &mut LeftOut) {
        let (mut at, mut rest) = (at, samples);
        while !rest.is_empty() {
            // Behind what lies before.
            if let Some((&before, _)) = self.pieces.range(..=at).next_back() {
                let covered = self.end(before).saturating_sub(at).min(frames(rest));
                left_out.doubled += covered;
                at += covered;
                rest = &rest[covered as usize * 2..];
            }
            // Up to what lies after.
            let next = self.pieces.range(at..).next().map(|(&next, _)| next);
            let free = next.map_or(u64::MAX, |next| next - at).min(frames(rest));
            if free > 0 {
                if self.pieces.len() >= MOST_PIECES {
                    left_out.early += frames(rest);
                    return;
                }
                let (piece, after) = rest.split_at(free as usize * 2);
                self.pieces.insert(at, piece.to_vec());
                at += free;
                rest = after;
            } else if next.is_none() {
                return;
            }
        }
    }

    /// Adds this source's frames from `from` on to `out`, and forgets them.
    /// Gives whether there were any.
    fn take(&mut self, from: u64, out: &mut [f32]) -> bool {
        let end = from + frames(out);
        let mut any = false;
        while let Some(entry) = self.pieces.first_entry() {
            let at = *entry.key();
            if at >= end {
                break;
            }
            let piece = entry.remove();
            let skip = from.saturating_sub(at).min(frames(&piece));
            let piece_end = at + frames(&piece);
            let stop = piece_end.min(end);
            let begin = at + skip;
            if begin < stop {
                any = true;
                let source = &piece[skip as usize * 2..(stop - at) as usize * 2];
                let into = (begin - from) as usize * 2;
                out[into..into + source.len()].copy_from_slice(source);
            }
            if piece_end > end {
                let left = piece[(end - at) as usize * 2..].to_vec();
                self.pieces.insert(end, left);
                break;
            }
        }
        any && self.scale(out)
    }

    fn scale(&mut self, out: &mut [f32]) -> bool {
        if self.gain == self.wanted_gain {
            if self.gain != 1.0 {
                for sample in out.iter_mut() {
                    *sample *= self.gain;
                }
            }
            return self.gain != 0.0;
        }
        for frame in out.chunks_exact_mut(2) {
            let step = (self.wanted_gain - self.gain).clamp(-1.0 / RAMP, 1.0 / RAMP);
            self.gain += step;
            if step.abs() < 1.0 / RAMP {
                self.gain = self.wanted_gain;
            }
            frame[0] *= self.gain;
            frame[1] *= self.gain;
        }
        true
    }
}

/// The highest RMS of 20 ms.
fn loudness(samples: &[f32]) -> f32 {
    samples
        .chunks(WINDOW * 2)
        .map(|window| {
            // Several sums at once, so that the loop vectorises.
            let mut sums = [0.0f32; 8];
            for eight in window.chunks(8) {
                for (sum, &sample) in sums.iter_mut().zip(eight) {
                    *sum += sample * sample;
                }
            }
            (sums.iter().sum::<f32>() / window.len() as f32).sqrt()
        })
        .fold(0.0, f32::max)
}

/// Adds sources up.
///
/// Sources are given at absolute positions, in frames of [`RATE`] from a common
/// zero; [`AudioMixer::mix`] takes them from there. Gaps are silence, what comes
/// twice counts once, what comes late is left out. The sum is kept under -1 dBFS
/// by a limiter that sees 5 ms ahead: a source has to be there that much before
/// its time. Nothing is delayed.
#[derive(Clone, Debug, Default)]
pub struct AudioMixer {
    sources: BTreeMap<SourceId, Source>,
    listeners: BTreeMap<SourceId, Limiter>,
    common: Limiter,
    /// The next position to give out; `None` before the first.
    next: Option<u64>,
}

impl AudioMixer {
    /// Without sources; they come with their first sound.
    pub fn new() -> AudioMixer {
        AudioMixer::default()
    }

    /// Sound of a source, interleaved stereo, its first frame at `at`. An odd
    /// sample at the end is left out.
    pub fn add(&mut self, id: SourceId, at: u64, samples: &[f32]) -> LeftOut {
        let mut left_out = LeftOut::default();
        let samples = &samples[..samples.len() & !1];
        // What the limiter has seen is decided.
        let taken = self.next.map_or(0, |next| next + AHEAD as u64);
        left_out.late = taken.saturating_sub(at).min(frames(samples));
        let (at, samples) = (
            at.saturating_add(left_out.late),
            &samples[left_out.late as usize * 2..],
        );
        // Before the first mix nothing is known of the time but the earliest sound.
        let begin = self.next.unwrap_or_else(|| {
            let firsts = self.sources.values().filter_map(|s| s.pieces.keys().next());
            firsts.copied().chain([at]).min().unwrap_or(at)
        });
        let room = (begin + MOST_WAITING)
            .saturating_sub(at)
            .min(frames(samples));
        left_out.early = frames(samples) - room;
        let clean: Vec<f32> = samples[..room as usize * 2]
            .iter()
            .map(|s| {
                if s.is_finite() {
                    s.clamp(-LOUDEST, LOUDEST)
                } else {
                    0.0
                }
            })
            .collect();
        if !clean.is_empty() {
            self.sources
                .entry(id)
                .or_default()
                .insert(at, &clean, &mut left_out);
        }
        left_out
    }

    /// How loud a source is in the sum: 1 as it is, 0 not at all. Comes into force
    /// over 10 ms.
    pub fn set_level(&mut self, id: SourceId, level: f32) {
        let level = if level.is_finite() {
            level.clamp(0.0, 4.0)
        } else {
            1.0
        };
        self.sources.entry(id).or_default().wanted_gain = level;
    }

    /// From now on [`Sound::without`] has what this source is to hear: everybody
    /// but itself.
    pub fn listen(&mut self, id: SourceId) {
        let common = &self.common;
        self.listeners.entry(id).or_insert_with(|| common.clone());
    }

    /// A source is gone, with what waits of it, and listens no longer.
    pub fn remove(&mut self, id: SourceId) {
        self.sources.remove(&id);
        self.listeners.remove(&id);
    }

    /// The sound of `count` frames from `from` on. Calls follow each other; a
    /// later `from` leaves out what is between, an earlier one was given out
    /// already and is silence.
    pub fn mix(&mut self, from: u64, count: usize) -> Sound {
        let mut sound = Sound::default();
        let over = match self.next {
            Some(next) if from < next => (next - from).min(count as u64) as usize,
            Some(next) if from == next => 0,
            _ => {
                self.start(from);
                0
            }
        };
        let count_left = count - over;
        sound.all.resize(over * 2, 0.0);
        for &id in self.listeners.keys() {
            sound.without.push((id, vec![0.0; over * 2]));
        }
        let begin = self.next.unwrap_or(from) + AHEAD as u64;
        sound.levels = self.pass(begin, count_left, &mut sound.all, &mut sound.without);
        self.next = Some(self.next.unwrap_or(from) + count_left as u64);
        sound
    }

    /// Begins at another position: the limiters see what comes first.
    fn start(&mut self, from: u64) {
        self.common = Limiter::default();
        for limiter in self.listeners.values_mut() {
            *limiter = Limiter::default();
        }
        self.next = Some(from);
        let (mut all, mut without) = (Vec::new(), Vec::new());
        for &id in self.listeners.keys() {
            without.push((id, Vec::new()));
        }
        self.pass(from, AHEAD, &mut all, &mut without);
    }

    /// Sums up frames and sends them through the limiters.
    fn pass(
        &mut self,
        begin: u64,
        count: usize,
        all: &mut Vec<f32>,
        without: &mut [(SourceId, Vec<f32>)],
    ) -> Vec<(SourceId, f32)> {
        let mut heard: Vec<(SourceId, Vec<f32>)> = Vec::new();
        let mut levels = Vec::new();
        let mut samples = vec![0.0; count * 2];
        for (&id, source) in &mut self.sources {
            if source.take(begin, &mut samples) {
                levels.push((id, loudness(&samples)));
                heard.push((id, std::mem::replace(&mut samples, vec![0.0; count * 2])));
            }
        }
        let sum = |but: Option<SourceId>| {
            let mut others = heard.iter().filter(|(id, _)| Some(*id) != but);
            let mut sum = match others.next() {
                Some((_, first)) => first.clone(),
                None => vec![0.0; count * 2],
            };
            for (_, samples) in others {
                for (sum, sample) in sum.iter_mut().zip(samples) {
                    *sum += sample;
                }
            }
            sum
        };
        self.common.run(&sum(None), all);
        for ((id, limiter), (_, out)) in self.listeners.iter_mut().zip(without) {
            limiter.run(&sum(Some(*id)), out);
        }
        levels
    }
}
