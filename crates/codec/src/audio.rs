use std::time::Duration;

use crate::limits::{INPUTS, MAX_SOUND_FRAMES};
use crate::stream::{Given, Sent, Stream, micros};
use crate::video::coded;
use crate::wire::{self, Kind, Times};
use crate::{CodecError, CodedPacket, EncoderHeader, Sound};

/// Decodes the sound of one track.
#[derive(Debug)]
pub struct AudioDecoder {
    stream: Stream,
}

impl AudioDecoder {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream }
    }

    /// Sends one packet, heard `at`. Waits while the decoder is busy; does not
    /// while there is sound to receive ([`Sent::Full`]).
    ///
    /// What cannot be decoded is left out and counted ([`Self::errors`]).
    ///
    /// # Errors
    /// [`CodecError::TooLarge`], [`CodecError::Finished`]; that of a stream or
    /// child that has failed.
    pub fn send(&mut self, data: &[u8], at: Duration) -> Result<Sent, CodecError> {
        self.stream.send_coded(data, at)
    }

    /// The next piece of sound. Waits for it; `None` if none comes without more
    /// input, or, after [`Self::finish`], at the end.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn recv(&mut self) -> Result<Option<Sound>, CodecError> {
        self.stream.recv().map(sound)
    }

    /// The next piece of sound if it is here already.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn try_recv(&mut self) -> Result<Option<Sound>, CodecError> {
        self.stream.try_recv().map(sound)
    }

    /// Says that there is no more input. The rest is still to be received.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn finish(&mut self) -> Result<(), CodecError> {
        self.stream.finish()
    }

    /// Inputs so far that could not be decoded.
    pub fn errors(&self) -> u64 {
        self.stream.errors()
    }
}

fn sound(given: Option<Given>) -> Option<Sound> {
    match given {
        Some(Given::Sound(sound)) => Some(sound),
        _ => None,
    }
}

/// Encodes sound: 48 kHz, stereo, interleaved.
#[derive(Debug)]
pub struct AudioEncoder {
    stream: Stream,
    header: EncoderHeader,
}

impl AudioEncoder {
    pub(crate) fn new(stream: Stream, header: EncoderHeader) -> Self {
        Self { stream, header }
    }

    /// What has to be known before the first packet.
    pub fn header(&self) -> &EncoderHeader {
        &self.header
    }

    /// Sends sound whose first sample is heard `at`. Any number of samples up
    /// to [`MAX_SOUND_FRAMES`] of each channel. Sound follows without gaps: the
    /// times of packets count on from that of the first piece.
    ///
    /// Waits while the encoder is busy; does not while there are packets to
    /// receive ([`Sent::Full`]).
    ///
    /// # Errors
    /// [`CodecError::TooLarge`], [`CodecError::Finished`]; that of a stream or
    /// child that has failed.
    pub fn send(&mut self, samples: &[f32], at: Duration) -> Result<Sent, CodecError> {
        if samples.len() > MAX_SOUND_FRAMES * 2 {
            return Err(CodecError::TooLarge {
                what: "a piece of sound",
                size: samples.len() as u64 / 2,
                limit: MAX_SOUND_FRAMES as u64,
            });
        }
        let times = Times {
            at: micros(at),
            ..Times::default()
        };
        let bytes = wire::sound_to_bytes(samples);
        self.stream
            .send(Kind::EncodeSound, INPUTS, &times.to_meta(), &[&bytes])
    }

    /// The next packet. Waits for it; `None` if none comes without more input,
    /// or, after [`Self::finish`], at the end.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn recv(&mut self) -> Result<Option<CodedPacket>, CodecError> {
        self.stream.recv().map(packet)
    }

    /// The next packet if it is here already.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn try_recv(&mut self) -> Result<Option<CodedPacket>, CodecError> {
        self.stream.try_recv().map(packet)
    }

    /// Says that there is no more input. The rest is still to be received.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn finish(&mut self) -> Result<(), CodecError> {
        self.stream.finish()
    }
}

fn packet(given: Option<Given>) -> Option<CodedPacket> {
    coded(given).map(|c| CodedPacket {
        at: c.at,
        data: c.data,
    })
}
