//! A track of sound on its way from its recording into the mixer.

use std::collections::VecDeque;
use std::time::Duration;

use veche_codec::{AudioDecoder, AudioDecoderConfig, Child, CodecError, Sound};
use veche_record::{AudioCoding, AudioTrack, Sample};

/// Packets that are sent to a decoder beyond what is needed now.
const AHEAD: usize = 6;

/// Decodes one track, in order, up to the moment that is heard.
pub(crate) struct AudioFeed {
    /// The role that it belongs to.
    pub(crate) role: usize,
    /// Position among the inputs' tracks.
    pub(crate) track: usize,
    config: AudioDecoderConfig,
    /// Samples that its encoder put before the sound. They are not heard, and what
    /// follows is heard so much earlier than its packets say.
    priming: u64,
    /// Position of the first packet.
    first: Option<u64>,
    decoder: Option<AudioDecoder>,
    /// Read, not sent.
    waiting: VecDeque<Sample>,
    /// When those are heard that were sent and not answered.
    sent: VecDeque<Duration>,
    /// Decoded, not mixed.
    ready: VecDeque<Sound>,
    /// Position behind the last sample that was given.
    next: Option<u64>,
    /// Nothing more will come of it.
    failed: bool,
}

impl AudioFeed {
    pub(crate) fn new(role: usize, track: usize, media: &AudioTrack) -> Self {
        Self {
            role,
            track,
            config: AudioDecoderConfig {
                codec: codec(media),
                channels: media.channels,
                config: media.config.clone(),
            },
            priming: u64::from(media.priming) * RATE / u64::from(media.sample_rate.max(1)),
            first: None,
            decoder: None,
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            ready: VecDeque::new(),
            next: None,
            failed: false,
        }
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        if !self.failed {
            self.first.get_or_insert(position(sample.at));
            self.waiting.push_back(sample);
        }
    }

    /// Gives the track up.
    pub(crate) fn fail(&mut self) {
        self.failed = true;
        self.decoder = None;
        self.waiting.clear();
        self.sent.clear();
        self.ready.clear();
    }

    /// Whether there is anything to send.
    pub(crate) fn needs_decoder(&self) -> bool {
        !self.failed && self.decoder.is_none() && !self.waiting.is_empty()
    }

    pub(crate) fn start(&mut self, child: &Child) -> Result<(), CodecError> {
        self.decoder = Some(child.audio_decoder(self.config.clone())?);
        Ok(())
    }

    /// Sends what is heard before `until` and a little more.
    pub(crate) fn fill(&mut self, until: Duration) -> Result<(), CodecError> {
        let until = until + self.delay();
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        while let Some(sample) = self.waiting.front() {
            if sample.at >= until && self.sent.len() >= AHEAD {
                break;
            }
            if !decoder.send(&sample.data, sample.at)?.is_taken() {
                match decoder.try_recv()? {
                    Some(sound) => take(&mut self.ready, &mut self.sent, sound),
                    None => break,
                }
                continue;
            }
            self.sent.push_back(sample.at);
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// Gives all that begins before `until`: where in the film, in samples of a
    /// channel, and the samples.
    pub(crate) fn heard(
        &mut self,
        until: Duration,
        mut hear: impl FnMut(u64, &[f32]),
    ) -> Result<(), CodecError> {
        let until = until + self.delay();
        let begin = self.first.unwrap_or(0) + self.priming;
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        while self.sent.front().is_some_and(|sent| *sent < until) {
            match decoder.recv()? {
                Some(sound) => take(&mut self.ready, &mut self.sent, sound),
                // All that was sent is done.
                None => self.sent.clear(),
            }
        }
        while self.ready.front().is_some_and(|sound| sound.at < until) {
            let Some(sound) = self.ready.pop_front() else {
                break;
            };
            let at = position(sound.at);
            let early = begin.saturating_sub(at).min(self.priming);
            let (position, skipped) = place(self.next, (at + early).saturating_sub(self.priming));
            let skipped = skipped + early as usize;
            let samples = sound.samples.get(2 * skipped..).unwrap_or_default();
            if !samples.is_empty() {
                hear(position, samples);
                self.next = Some(position + samples.len() as u64 / 2);
            }
        }
        Ok(())
    }

    /// By how much earlier it is heard than its packets say.
    fn delay(&self) -> Duration {
        Duration::from_micros(self.priming * 1_000_000 / RATE)
    }

    /// Begins anew behind what was sent, after its decoder is gone.
    pub(crate) fn restart(&mut self) {
        self.decoder = None;
        self.sent.clear();
    }
}

/// Samples of a channel a second.
pub(crate) const RATE: u64 = 48_000;

/// How far a packet may be from the end of the one before and still follow it:
/// 15 ms. Files round their times, and a sound that follows without a gap must not
/// click for it; recordings keep their sound within 20 ms of the truth this way.
const SLACK: u64 = RATE * 15 / 1000;

/// Where a piece of sound goes, and how many samples of it were heard before.
fn place(next: Option<u64>, at: u64) -> (u64, usize) {
    match next {
        Some(next) if at.abs_diff(next) <= SLACK => (next, 0),
        Some(next) if at < next => (next, (next - at) as usize),
        _ => (at, 0),
    }
}

/// A time in samples of a channel, to the nearest.
pub(crate) fn position(at: Duration) -> u64 {
    let samples = (at.as_nanos() * u128::from(RATE) + 500_000_000) / 1_000_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

fn take(ready: &mut VecDeque<Sound>, sent: &mut VecDeque<Duration>, sound: Sound) {
    while sent.front().is_some_and(|sent| *sent <= sound.at) {
        sent.pop_front();
    }
    ready.push_back(sound);
}

fn codec(media: &AudioTrack) -> veche_codec::AudioCodec {
    match media.codec {
        AudioCoding::Opus => veche_codec::AudioCodec::Opus,
        AudioCoding::Pcmu => veche_codec::AudioCodec::Pcmu,
        AudioCoding::Pcma => veche_codec::AudioCodec::Pcma,
        AudioCoding::Aac => veche_codec::AudioCodec::Aac,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_nearly_follow_each_other_follow_each_other() {
        assert_eq!(place(None, 5), (5, 0));
        assert_eq!(place(Some(960), 960 + SLACK), (960, 0));
        assert_eq!(place(Some(960), 960 - SLACK), (960, 0));
    }

    #[test]
    fn a_gap_stays_and_what_was_heard_is_left_out() {
        assert_eq!(place(Some(960), 961 + SLACK), (961 + SLACK, 0));
        assert_eq!(place(Some(9600), 4800), (9600, 4800));
    }

    #[test]
    fn times_are_samples() {
        assert_eq!(position(Duration::from_millis(20)), 960);
        assert_eq!(position(Duration::from_nanos(1)), 0);
        assert_eq!(position(Duration::MAX), u64::MAX);
    }
}
