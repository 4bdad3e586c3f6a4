use std::time::Duration;

use veche_codec::{
    AudioCodec, AudioDecoder, AudioDecoderConfig, AudioEncoder, AudioEncoderConfig, Child,
    CodecError, EncoderHeader, Sound,
};
use veche_record::{AudioCoding, AudioTrack, Sample};

use crate::line::{Line, samples, time};
use crate::transcode::Error;

/// Samples of a channel that are encoded at once: a second.
const PIECE: usize = 48_000;

/// Channels of everything that is decoded and encoded.
const SIDES: usize = 2;

/// One track of sound on its way through the codecs.
pub(crate) struct Voice {
    track: usize,
    decoder: AudioDecoder,
    encoder: AudioEncoder,
    header: EncoderHeader,
    /// Of what it is decoded from: not heard.
    priming: u64,
    from_start: bool,
    /// Since the first packet.
    started: Option<Started>,
    /// The end of the last packet, by its time.
    end: u64,
    packets: u64,
    /// Of AAC, that were given.
    frames: u64,
}

/// In samples of the file.
struct Started {
    line: Line,
    /// Where the line begins.
    origin: u64,
    /// The first packet.
    first: u64,
}

/// Takes frames of AAC.
type Give<'a> = dyn FnMut(Sample) -> Result<(), Error> + 'a;

/// What came of the packets of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) packets: u64,
    pub(crate) undecodable: u64,
}

impl Voice {
    pub(crate) fn open(
        child: &Child,
        track: usize,
        from: &AudioTrack,
        channels: u8,
        bitrate: u32,
        from_start: bool,
    ) -> Result<Self, CodecError> {
        let decoder = child.audio_decoder(AudioDecoderConfig {
            codec: codec(from.codec),
            channels,
            config: from.config.clone(),
        })?;
        let encoder = child.audio_encoder(AudioEncoderConfig {
            channels,
            priming: true,
            ..AudioEncoderConfig::aac(bitrate)
        })?;
        Ok(Self {
            track,
            decoder,
            header: encoder.header().clone(),
            encoder,
            priming: u64::from(from.priming),
            from_start,
            started: None,
            end: 0,
            packets: 0,
            frames: 0,
        })
    }

    pub(crate) fn header(&self) -> &EncoderHeader {
        &self.header
    }

    /// Takes a packet; gives what is encoded by now.
    pub(crate) fn take(&mut self, sample: &Sample, give: &mut Give<'_>) -> Result<(), Error> {
        if self.started.is_none() {
            let first = samples(sample.at);
            let origin = if self.from_start { 0 } else { first };
            let line = Line::new(origin);
            self.started = Some(Started {
                line,
                origin,
                first,
            });
        }
        self.end = samples(sample.at.saturating_add(sample.duration)).saturating_sub(self.priming);
        self.packets += 1;
        while !self.decoder.send(&sample.data, sample.at)?.is_taken() {
            if let Some(sound) = self.decoder.recv()? {
                self.hear(&sound, give)?;
            }
        }
        while let Some(sound) = self.decoder.try_recv()? {
            self.hear(&sound, give)?;
        }
        while let Some(packet) = self.encoder.try_recv()? {
            self.frame(packet.data, give)?;
        }
        Ok(())
    }

    /// Gives the rest.
    pub(crate) fn finish(mut self, give: &mut Give<'_>) -> Result<Heard, Error> {
        if self.packets == 0 {
            return Ok(Heard::default());
        }
        self.decoder.finish()?;
        while let Some(sound) = self.decoder.recv()? {
            self.hear(&sound, give)?;
        }
        if let Some(started) = &mut self.started {
            let rest = started.line.until(self.end)?;
            self.silence(rest, give)?;
        }
        self.encoder.finish()?;
        while let Some(packet) = self.encoder.recv()? {
            self.frame(packet.data, give)?;
        }
        Ok(Heard {
            packets: self.packets,
            undecodable: self.decoder.errors().min(self.packets),
        })
    }

    /// Encodes a piece of sound, behind the silence that is missing before it.
    fn hear(&mut self, sound: &Sound, give: &mut Give<'_>) -> Result<(), Error> {
        let Some(started) = &mut self.started else {
            return Ok(());
        };
        let length = sound.samples.len() as u64 / SIDES as u64;
        let at = samples(sound.at);
        // What an encoder put before the first sample is not heard.
        let early = (started.first + self.priming).saturating_sub(at);
        let early = early.min(length).min(self.priming);
        let at = (at + early).saturating_sub(self.priming);
        let place = started.line.place(at, length - early)?;
        self.silence(place.silence, give)?;
        let from = usize::try_from(early + place.skip).unwrap_or(usize::MAX);
        let heard = sound.samples.get(from * SIDES..).unwrap_or_default();
        for piece in heard.chunks(PIECE * SIDES) {
            self.encode(piece, give)?;
        }
        Ok(())
    }

    fn silence(&mut self, length: u64, give: &mut Give<'_>) -> Result<(), Error> {
        let mut left = usize::try_from(length).unwrap_or(usize::MAX);
        let zeros = vec![0.0; left.min(PIECE) * SIDES];
        while left > 0 {
            let piece = left.min(PIECE);
            self.encode(&zeros[..piece * SIDES], give)?;
            left -= piece;
        }
        Ok(())
    }

    fn encode(&mut self, piece: &[f32], give: &mut Give<'_>) -> Result<(), Error> {
        // Times are counted here.
        while !self.encoder.send(piece, Duration::ZERO)?.is_taken() {
            if let Some(packet) = self.encoder.recv()? {
                self.frame(packet.data, give)?;
            }
        }
        Ok(())
    }

    /// Gives a frame; the last one ends where the sound does.
    fn frame(&mut self, data: Vec<u8>, give: &mut Give<'_>) -> Result<(), Error> {
        let Some(started) = &self.started else {
            return Ok(());
        };
        let frame = u64::from(self.header.frame_samples);
        let begin = self.frames * frame;
        let whole = started.line.length() + u64::from(self.header.priming);
        let length = whole.saturating_sub(begin).min(frame);
        self.frames += 1;
        if length == 0 {
            // Nothing of the sound is in it.
            return Ok(());
        }
        let at = time(started.origin + begin);
        give(Sample {
            track: self.track,
            at,
            decode_at: at,
            duration: time(length),
            keyframe: true,
            data: data.into(),
        })
    }
}

fn codec(coding: AudioCoding) -> AudioCodec {
    match coding {
        AudioCoding::Opus => AudioCodec::Opus,
        AudioCoding::Pcmu => AudioCodec::Pcmu,
        AudioCoding::Pcma => AudioCodec::Pcma,
        AudioCoding::Aac => AudioCodec::Aac,
    }
}
