//! A track of pictures on its way from its recording into the mixer.

use std::collections::VecDeque;
use std::time::Duration;

use veche_codec::{Child, CodecError, Output, TimedPicture, VideoDecoder, VideoDecoderConfig};
use veche_media::FrameSize;
use veche_mix::Rotation;
use veche_record::{Sample, VideoTrack};

/// Pictures that are sent to a decoder beyond the one that is waited for, so
/// that it works while others do; less than what it takes without waiting.
const AHEAD: usize = 5;

/// Decodes one track, in order, up to the moment that is shown.
pub(crate) struct VideoFeed {
    /// The role that it belongs to.
    pub(crate) role: usize,
    /// Position among the inputs' tracks.
    pub(crate) track: usize,
    /// How it is turned for display.
    pub(crate) rotation: Rotation,
    size: FrameSize,
    config: VideoDecoderConfig,
    decoder: Option<VideoDecoder>,
    output: Option<Output>,
    /// Read, not sent.
    waiting: VecDeque<Sample>,
    /// When those are shown that were sent and not answered.
    sent: VecDeque<Duration>,
    /// Decoded, not shown.
    ready: VecDeque<TimedPicture>,
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
            size: media.size,
            config: VideoDecoderConfig {
                config: media.config.clone(),
                ..VideoDecoderConfig::new(codec(media.codec))
            },
            decoder: None,
            output: None,
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            ready: VecDeque::new(),
            failed: false,
            wants_key: true,
        }
    }

    /// Pixels as they are coded, where the file says it.
    pub(crate) fn size(&self) -> Option<FrameSize> {
        (self.size.width > 0 && self.size.height > 0).then_some(self.size)
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

    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether a picture is shown at `at` or follows within `gap`.
    pub(crate) fn is_alive(&self, at: Duration, shown: Option<Duration>, gap: Duration) -> bool {
        let next = self.ready.front().map(|p| p.at);
        let next = next.or_else(|| self.sent.front().copied());
        let next = next.or_else(|| self.waiting.front().map(|s| s.at));
        shown.is_some_and(|shown| at < shown + gap) || next.is_some_and(|next| next < at + gap)
    }

    /// Begins anew at the next keyframe, after its decoder is gone.
    pub(crate) fn restart(&mut self) {
        self.decoder = None;
        self.output = None;
        self.sent.clear();
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
            if sample.at > at && self.sent.len() >= AHEAD {
                break;
            }
            if self.wants_key && !sample.keyframe {
                self.waiting.pop_front();
                continue;
            }
            if !decoder.send(&sample.data, sample.at)?.is_taken() {
                match decoder.try_recv()? {
                    Some(picture) => take(&mut self.ready, &mut self.sent, picture),
                    None => break,
                }
                continue;
            }
            self.wants_key = false;
            self.sent.push_back(sample.at);
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// The newest picture that is to be seen at `at`, if there is a new one.
    pub(crate) fn newest(&mut self, at: Duration) -> Result<Option<TimedPicture>, CodecError> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(None);
        };
        while self.sent.front().is_some_and(|sent| *sent <= at) {
            match decoder.recv()? {
                Some(picture) => take(&mut self.ready, &mut self.sent, picture),
                // All that was sent is done.
                None => self.sent.clear(),
            }
        }
        let mut newest = None;
        while self.ready.front().is_some_and(|picture| picture.at <= at) {
            newest = self.ready.pop_front();
        }
        Ok(newest)
    }
}

fn take(ready: &mut VecDeque<TimedPicture>, sent: &mut VecDeque<Duration>, picture: TimedPicture) {
    while sent.front().is_some_and(|sent| *sent <= picture.at) {
        sent.pop_front();
    }
    ready.push_back(picture);
}

pub(crate) fn codec(codec: veche_media::VideoCodec) -> veche_codec::VideoCodec {
    match codec {
        veche_media::VideoCodec::Vp8 => veche_codec::VideoCodec::Vp8,
        veche_media::VideoCodec::H264 => veche_codec::VideoCodec::H264,
        veche_media::VideoCodec::Vp9 => veche_codec::VideoCodec::Vp9,
        veche_media::VideoCodec::Av1 => veche_codec::VideoCodec::Av1,
    }
}
