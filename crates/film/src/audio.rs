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
    decoder: Option<AudioDecoder>,
    /// Read, not sent.
    waiting: VecDeque<Sample>,
    /// Sent, not answered.
    sent: VecDeque<Sample>,
    /// Decoded, not mixed.
    ready: VecDeque<Sound>,
    /// Position behind the last sample that was given.
    next: Option<u64>,
    /// Of what decodes to before the beginning, which is not heard.
    lead: Duration,
    /// Where it begins to be heard.
    begin: u64,
    /// Nothing more will come of it.
    failed: bool,
}

impl AudioFeed {
    /// For a track that begins to be heard at `begin`.
    pub(crate) fn new(role: usize, track: usize, media: &AudioTrack, begin: Duration) -> Self {
        let priming = Duration::from_secs(u64::from(media.priming));
        Self {
            role,
            track,
            config: AudioDecoderConfig {
                codec: codec(media),
                channels: media.channels,
                config: media.config.clone(),
            },
            decoder: None,
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            ready: VecDeque::new(),
            next: None,
            lead: priming / media.sample_rate.max(1),
            begin: position(begin),
            failed: false,
        }
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        if !self.failed {
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

    /// Whether a decoder is held though all that was read has been heard.
    pub(crate) fn is_idle(&self) -> bool {
        let empty = self.waiting.is_empty() && self.sent.is_empty() && self.ready.is_empty();
        self.decoder.is_some() && empty
    }

    /// Lets the decoder go.
    pub(crate) fn close(&mut self) {
        self.decoder = None;
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
        let until = until + self.lead;
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
            self.sent.extend(self.waiting.pop_front());
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
        let until = until + self.lead;
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        while self.sent.front().is_some_and(|sent| sent.at < until) {
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
            let (at, before) = behind_lead(position(sound.at), position(self.lead), self.begin);
            let (position, skipped) = place(self.next, at);
            let skipped = skipped + before;
            let samples = sound.samples.get(2 * skipped..).unwrap_or_default();
            if !samples.is_empty() {
                hear(position, samples);
                self.next = Some(position + samples.len() as u64 / 2);
            }
        }
        Ok(())
    }

    /// Begins anew with what was not answered, after its decoder went for no fault
    /// of this track that is known.
    pub(crate) fn again(&mut self) {
        self.decoder = None;
        let sent = std::mem::take(&mut self.sent);
        for sample in sent.into_iter().rev() {
            self.waiting.push_front(sample);
        }
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

/// Where a piece is heard, and how many of its samples are before the beginning.
fn behind_lead(at: u64, lead: u64, begin: u64) -> (u64, usize) {
    let before = (begin + lead).saturating_sub(at);
    ((at + before).saturating_sub(lead), before as usize)
}

/// A time in samples of a channel, to the nearest.
pub(crate) fn position(at: Duration) -> u64 {
    let samples = (at.as_nanos() * u128::from(RATE) + 500_000_000) / 1_000_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

fn take(ready: &mut VecDeque<Sound>, sent: &mut VecDeque<Sample>, sound: Sound) {
    while sent.front().is_some_and(|sent| sent.at <= sound.at) {
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
    fn what_is_before_the_beginning_is_not_heard() {
        // A track that begins at 5000, of an encoder that puts 1024 before it.
        assert_eq!(behind_lead(5000, 1024, 5000), (5000, 1024));
        assert_eq!(behind_lead(6024, 1024, 5000), (5000, 0));
        assert_eq!(behind_lead(7048, 1024, 5000), (6024, 0));
        assert_eq!(behind_lead(5000, 0, 5000), (5000, 0));
    }

    #[test]
    fn times_are_samples() {
        assert_eq!(position(Duration::from_millis(20)), 960);
        assert_eq!(position(Duration::from_nanos(1)), 0);
        assert_eq!(position(Duration::MAX), u64::MAX);
    }
}
