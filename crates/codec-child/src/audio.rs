//! Sound, both ways.

use anyhow::Context;
use veche_codec::wire::{self, Message, Times};
use veche_codec::{AudioCodec, AudioDecoderConfig, AudioEncoderConfig, EncoderHeader};

use crate::bitstream;
use crate::codec;
use crate::ff::{Coder, Error, Frame, Resampler, Setup, Side};
use crate::output::Output;
use crate::stream::{Coding, Decoded};

const RATE: u32 = 48_000;

/// Packets to 48 kHz stereo.
pub(crate) struct AudioDecoder {
    coder: Coder,
    frame: Frame,
    resampler: Option<Resampler>,
    /// Where the sound given last ends, for what is left in the resampler.
    end: i64,
}

impl AudioDecoder {
    pub(crate) fn new(about: &AudioDecoderConfig, config: Vec<u8>) -> anyhow::Result<Self> {
        let name = codec::choose(Side::Decoder, codec::audio_decoders(about.codec))?;
        let rate = match about.codec {
            AudioCodec::Opus | AudioCodec::Aac => RATE,
            AudioCodec::Pcmu | AudioCodec::Pcma => 8_000,
        };
        let setup = Setup {
            // Opus says in each packet what it is; an OpusHead would make the
            // decoder take its pre-skip off, and times here have none.
            config: if about.codec == AudioCodec::Aac {
                config
            } else {
                Vec::new()
            },
            threads: 1,
            sound: Some((rate, u32::from(about.channels.clamp(1, 2)))),
            ..Setup::default()
        };
        Ok(Self {
            coder: Coder::open(Side::Decoder, name, &setup)?,
            frame: Frame::new()?,
            resampler: None,
            end: 0,
        })
    }

    fn drain(&mut self, output: &Output, decoded: &mut Decoded) -> anyhow::Result<()> {
        loop {
            match self.coder.receive_frame(&mut self.frame) {
                Ok(()) => {}
                Err(Error::AGAIN | Error::END) => return Ok(()),
                Err(e) => {
                    decoded.error = Some(e.to_string());
                    return Ok(());
                }
            }
            decoded.outputs += 1;
            let at = self.frame.pts().unwrap_or(self.end);
            if !self.resampler.as_ref().is_some_and(|r| r.fits(&self.frame)) {
                self.flush(output)?;
                self.resampler = match Resampler::new(&self.frame) {
                    Ok(resampler) => Some(resampler),
                    Err(e) => {
                        decoded.error = Some(e.to_string());
                        continue;
                    }
                };
            }
            if let Some(resampler) = &mut self.resampler {
                let (samples, delay) = resampler.convert(Some(&self.frame))?;
                self.give(output, &samples, at - delay)?;
            }
        }
    }

    fn flush(&mut self, output: &Output) -> anyhow::Result<()> {
        if let Some(mut resampler) = self.resampler.take() {
            let (samples, _) = resampler.convert(None)?;
            self.give(output, &samples, self.end)?;
        }
        Ok(())
    }

    fn give(&mut self, output: &Output, samples: &[f32], at: i64) -> anyhow::Result<()> {
        if !samples.is_empty() {
            self.end = at + (samples.len() as i64 / 2) * 1_000_000 / i64::from(RATE);
            output.sound(u64::try_from(at).unwrap_or(0), samples)?;
        }
        Ok(())
    }
}

impl Coding for AudioDecoder {
    fn is_decoder(&self) -> bool {
        true
    }

    fn input(&mut self, message: Message, output: &Output) -> anyhow::Result<Decoded> {
        let at = Times::from_meta(&message.meta)
            .context("times of a packet")?
            .at;
        let mut decoded = Decoded::default();
        let sent = self.coder.send_packet(Some((&message.data, at as i64)));
        if let Err(e) = sent {
            decoded.error = Some(e.to_string());
        }
        self.drain(output, &mut decoded)?;
        Ok(decoded)
    }

    fn finish(&mut self, output: &Output) -> anyhow::Result<Decoded> {
        let mut decoded = Decoded::default();
        self.coder.send_packet(None)?;
        self.drain(output, &mut decoded)?;
        self.flush(output)?;
        Ok(decoded)
    }
}

/// 48 kHz stereo to packets.
pub(crate) struct AudioEncoder {
    codec: AudioCodec,
    mono: bool,
    coder: Coder,
    header: EncoderHeader,
    /// Less than a packet's.
    waiting: Vec<f32>,
    /// Samples of each channel given to the encoder.
    sent: i64,
    /// Time of the first sample.
    origin: Option<u64>,
}

impl AudioEncoder {
    pub(crate) fn new(about: &AudioEncoderConfig) -> anyhow::Result<Self> {
        let name = codec::choose(Side::Encoder, codec::audio_encoders(about.codec))?;
        let mono = about.channels == 1;
        let setup = Setup {
            threads: 1,
            bitrate: Some(about.bitrate.clamp(6_000, 512_000)),
            sound: Some((RATE, if mono { 1 } else { 2 })),
            planar: is_planar(about.codec),
            ..Setup::default()
        };
        let coder = Coder::open(Side::Encoder, name, &setup)?;
        let frame_samples = coder.frame_samples();
        anyhow::ensure!(frame_samples > 0, "the encoder has no packet size");
        let is_kept = about.priming && about.codec == AudioCodec::Aac;
        let priming = if is_kept { coder.padding() } else { 0 };
        Ok(Self {
            codec: about.codec,
            mono,
            header: EncoderHeader {
                config: bitstream::sound_config(about.codec, coder.config()).to_vec(),
                frame_samples,
                priming: u32::try_from(priming).unwrap_or(0),
                reorder_us: 0,
            },
            coder,
            waiting: Vec::new(),
            sent: 0,
            origin: None,
        })
    }

    /// Encodes what is whole, or all.
    fn encode(&mut self, all: bool, output: &Output, decoded: &mut Decoded) -> anyhow::Result<()> {
        let whole = self.header.frame_samples as usize * 2;
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut chunks = waiting.chunks_exact(whole);
        for chunk in &mut chunks {
            self.encode_one(chunk, output, decoded)?;
        }
        let rest = chunks.remainder().to_vec();
        if all && !rest.is_empty() {
            let mut last = rest;
            last.resize(whole, 0.0);
            self.encode_one(&last, output, decoded)?;
            waiting.clear();
        } else {
            waiting = rest;
        }
        self.waiting = waiting;
        Ok(())
    }

    fn encode_one(
        &mut self,
        samples: &[f32],
        output: &Output,
        decoded: &mut Decoded,
    ) -> anyhow::Result<()> {
        let frame = Frame::sound(samples, self.mono, is_planar(self.codec), self.sent)?;
        self.sent += samples.len() as i64 / 2;
        self.coder.send_frame(Some(&frame))?;
        self.drain(output, decoded)
    }

    fn drain(&mut self, output: &Output, decoded: &mut Decoded) -> anyhow::Result<()> {
        // AAC's first packet is what comes before the first sample: left out if
        // containers shall not be told to skip it. Opus's first packet has both,
        // and decoders skip as many samples as `OpusHead` says.
        let skip = match self.codec {
            AudioCodec::Aac => i64::from(self.header.priming),
            _ => self.coder.padding(),
        };
        loop {
            let packet = match self.coder.receive_packet() {
                Ok(packet) => packet,
                Err(Error::AGAIN | Error::END) => return Ok(()),
                Err(e) => return Err(e.into()),
            };
            let Ok(samples) = u64::try_from(packet.pts + skip) else {
                continue;
            };
            decoded.outputs += 1;
            let at = self.origin.unwrap_or(0) + samples * 1_000_000 / u64::from(RATE);
            let times = Times {
                at,
                decode_at: at,
                key: true,
            };
            output.coded(times, packet.data)?;
        }
    }
}

impl Coding for AudioEncoder {
    fn header(&self) -> EncoderHeader {
        self.header.clone()
    }

    fn input(&mut self, message: Message, output: &Output) -> anyhow::Result<Decoded> {
        let at = Times::from_meta(&message.meta)?.at;
        self.origin.get_or_insert(at);
        self.waiting.extend(wire::sound_from_bytes(&message.data));
        let mut decoded = Decoded::default();
        self.encode(false, output, &mut decoded)?;
        Ok(decoded)
    }

    fn finish(&mut self, output: &Output) -> anyhow::Result<Decoded> {
        let mut decoded = Decoded::default();
        self.encode(true, output, &mut decoded)?;
        self.coder.send_frame(None)?;
        self.drain(output, &mut decoded)?;
        Ok(decoded)
    }
}

/// FFmpeg's AAC encoder wants a plane for each channel, libopus has them by turns.
fn is_planar(codec: AudioCodec) -> bool {
    codec == AudioCodec::Aac
}
