//! A track of pictures on its way from its recording into the mixer.

use std::collections::VecDeque;
use std::time::Duration;

use veche_codec::{Child, CodecError, Output, TimedPicture, VideoDecoder, VideoDecoderConfig};
use veche_mix::Rotation;
use veche_record::{Sample, VideoTrack};

/// Pictures that are sent to a decoder beyond the one that is waited for, so
/// that it works while others do; less than what it takes without waiting.
const AHEAD: usize = 5;

/// Pictures that a decoder keeps until it knows what is shown before them: as
/// many as H.264 allows (A.3.1).
const MOST_HELD: usize = 16;

/// Decodes one track, in order, up to the moment that is shown.
pub(crate) struct VideoFeed {
    /// The role that it belongs to.
    pub(crate) role: usize,
    /// Position among the inputs' tracks.
    pub(crate) track: usize,
    /// How it is turned for display.
    pub(crate) rotation: Rotation,
    config: VideoDecoderConfig,
    decoder: Option<VideoDecoder>,
    output: Option<Output>,
    /// Read, not sent; in the order of decoding.
    waiting: VecDeque<Sample>,
    /// When those are shown that were sent and not answered.
    sent: Vec<Duration>,
    /// Decoded, not shown; in the order of showing.
    ready: VecDeque<TimedPicture>,
    /// Pictures that the decoder keeps back.
    held: usize,
    /// The decoder was told that nothing more comes.
    finished: bool,
    /// Nothing more will come of it.
    failed: bool,
    /// Nothing before the next keyframe can be decoded.
    wants_key: bool,
}

impl VideoFeed {
    pub(crate) fn new(role: usize, track: usize, media: &VideoTrack) -> Self {
        Self {
            role,
            track,
            rotation: Rotation::from_degrees(u32::from(media.rotation)),
            config: VideoDecoderConfig {
                config: media.config.clone(),
                ..VideoDecoderConfig::new(codec(media.codec))
            },
            decoder: None,
            output: None,
            waiting: VecDeque::new(),
            sent: Vec::new(),
            ready: VecDeque::new(),
            held: 0,
            finished: false,
            failed: false,
            wants_key: true,
        }
    }

    pub(crate) fn push(&mut self, mut sample: Sample) {
        // Decoders answer in microseconds.
        sample.at = micros(sample.at);
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

    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether a picture is shown at `at` or follows within `gap`.
    pub(crate) fn is_alive(&self, at: Duration, shown: Option<Duration>, gap: Duration) -> bool {
        let next = self.ready.front().map(|p| p.at);
        let next = next.or_else(|| self.sent.iter().min().copied());
        let next = next.or_else(|| self.waiting.front().map(|s| s.at));
        shown.is_some_and(|shown| at < shown + gap) || next.is_some_and(|next| next < at + gap)
    }

    /// Begins anew at the next keyframe, after its decoder is gone.
    pub(crate) fn restart(&mut self) {
        self.decoder = None;
        self.output = None;
        self.sent.clear();
        self.finished = false;
        self.wants_key = true;
    }

    /// Whether all that was read has been shown, so that the decoder can go.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.sent.is_empty() && self.ready.is_empty()
    }

    /// Lets the decoder go.
    pub(crate) fn close(&mut self) {
        self.decoder = None;
        self.output = None;
    }

    /// Whether there is anything to send.
    pub(crate) fn needs_decoder(&self) -> bool {
        !self.failed && self.decoder.is_none() && !self.waiting.is_empty()
    }

    pub(crate) fn start(&mut self, child: &Child) -> Result<(), CodecError> {
        self.decoder = Some(child.video_decoder(self.config.clone())?);
        self.finished = false;
        Ok(())
    }

    /// Sends what is due at `at` and a little more, as pictures of `output`.
    pub(crate) fn fill(&mut self, at: Duration, output: Output) -> Result<(), CodecError> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        if self.output != Some(output) {
            decoder.set_output(output);
            self.output = Some(output);
        }
        while let Some(sample) = self.waiting.front() {
            let enough = self.sent.len() >= AHEAD + self.held;
            if sample.at > at && enough || !self.send()? {
                break;
            }
        }
        Ok(())
    }

    /// Sends the next; `false` if there is none.
    fn send(&mut self) -> Result<bool, CodecError> {
        if self.finished && !self.waiting.is_empty() {
            // More than the file had promised.
            self.restart();
        }
        while self.wants_key && self.waiting.front().is_some_and(|s| !s.keyframe) {
            self.waiting.pop_front();
        }
        let (Some(decoder), Some(sample)) = (&mut self.decoder, self.waiting.front()) else {
            return Ok(false);
        };
        while !decoder.send(&sample.data, sample.at)?.is_taken() {
            if let Some(picture) = decoder.recv()? {
                answered(&mut self.sent, picture.at);
                self.ready.push_back(picture);
            }
        }
        self.wants_key = false;
        self.sent.push(sample.at);
        self.waiting.pop_front();
        Ok(true)
    }

    /// The newest picture that is to be seen at `at`, if there is a new one.
    /// `over`: nothing more is read of the track.
    pub(crate) fn newest(
        &mut self,
        at: Duration,
        over: bool,
    ) -> Result<Option<TimedPicture>, CodecError> {
        while self.lacks(at) {
            let Some(decoder) = &mut self.decoder else {
                break;
            };
            if let Some(picture) = decoder.recv()? {
                answered(&mut self.sent, picture.at);
                self.ready.push_back(picture);
            } else if self.finished || self.output == Some(Output::Nothing) {
                // That is all there will be of them.
                self.sent.retain(|sent| *sent > at);
            } else {
                // It waits for what comes behind.
                self.held = self.held.max(self.sent.len().min(MOST_HELD));
                if self.send()? {
                    continue;
                }
                if !over {
                    break;
                }
                if let Some(decoder) = &mut self.decoder {
                    decoder.finish()?;
                }
                self.finished = true;
            }
        }
        let mut newest = None;
        while self.ready.front().is_some_and(|picture| picture.at <= at) {
            newest = self.ready.pop_front();
        }
        Ok(newest)
    }

    /// Whether a picture may come that is to be seen by `at`.
    fn lacks(&self, at: Duration) -> bool {
        let later = self.ready.back().is_some_and(|picture| picture.at > at);
        !later && self.sent.iter().any(|sent| *sent <= at)
    }
}

/// Pictures come in the order of showing: what was to be shown before one that
/// is here does not come any more.
fn answered(sent: &mut Vec<Duration>, at: Duration) {
    if let Some(this) = sent.iter().position(|sent| *sent == at) {
        sent.remove(this);
    }
    sent.retain(|sent| *sent >= at);
}

fn micros(at: Duration) -> Duration {
    Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
}

pub(crate) fn codec(codec: veche_media::VideoCodec) -> veche_codec::VideoCodec {
    match codec {
        veche_media::VideoCodec::Vp8 => veche_codec::VideoCodec::Vp8,
        veche_media::VideoCodec::H264 => veche_codec::VideoCodec::H264,
        veche_media::VideoCodec::Vp9 => veche_codec::VideoCodec::Vp9,
        veche_media::VideoCodec::Av1 => veche_codec::VideoCodec::Av1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_to_be_shown_before_comes_no_more() {
        let ms = Duration::from_millis;
        let mut sent = vec![ms(0), ms(100), ms(33), ms(66), ms(66)];
        answered(&mut sent, ms(0));
        answered(&mut sent, ms(66));
        // One of two at the same time is still to come.
        assert_eq!(sent, [ms(100), ms(66)]);
    }
}
