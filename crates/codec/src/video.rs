use std::time::Duration;

use crate::limits::INPUT_PICTURES;
use crate::stream::{Given, Sent, Stream, micros};
use crate::wire::{self, Kind, PictureMeta};
use crate::{CodecError, CodedPicture, EncoderHeader, Output, PictureRef, TimedPicture};

/// Decodes the pictures of one track.
#[derive(Debug)]
pub struct VideoDecoder {
    stream: Stream,
    /// Not told to the child yet.
    output: Option<Output>,
}

impl VideoDecoder {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            output: None,
        }
    }

    /// What to do with pictures of what is sent from here on.
    pub fn set_output(&mut self, output: Output) {
        self.output = Some(output);
    }

    /// Sends one coded picture, shown `at`. Waits while the decoder is busy;
    /// does not while there are pictures to receive ([`Sent::Full`]).
    ///
    /// What cannot be decoded is concealed and counted ([`Self::errors`]).
    ///
    /// # Errors
    /// [`CodecError::TooLarge`], [`CodecError::Finished`]; that of a stream or
    /// child that has failed.
    pub fn send(&mut self, data: &[u8], at: Duration) -> Result<Sent, CodecError> {
        if let Some(output) = self.output.take() {
            self.stream.tell(Kind::Output, &wire::to_json(&output))?;
        }
        self.stream.send_coded(data, at)
    }

    /// The next picture, in order of time. Waits for it; `None` if none comes
    /// without more input, or, after [`Self::finish`], at the end.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn recv(&mut self) -> Result<Option<TimedPicture>, CodecError> {
        self.stream.recv().map(picture)
    }

    /// The next picture if it is here already.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn try_recv(&mut self) -> Result<Option<TimedPicture>, CodecError> {
        self.stream.try_recv().map(picture)
    }

    /// Says that there is no more input. The rest is still to be received.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn finish(&mut self) -> Result<(), CodecError> {
        self.stream.finish()
    }

    /// Inputs so far that could not be decoded, whole or in part.
    pub fn errors(&self) -> u64 {
        self.stream.errors()
    }
}

fn picture(given: Option<Given>) -> Option<TimedPicture> {
    match given {
        Some(Given::Picture(picture)) => Some(picture),
        _ => None,
    }
}

/// Encodes pictures.
#[derive(Debug)]
pub struct VideoEncoder {
    stream: Stream,
    header: EncoderHeader,
    size: (u32, u32),
}

impl VideoEncoder {
    pub(crate) fn new(stream: Stream, header: EncoderHeader, size: (u32, u32)) -> Self {
        Self {
            stream,
            header,
            size,
        }
    }

    /// What has to be known before the first packet.
    pub fn header(&self) -> &EncoderHeader {
        &self.header
    }

    /// Sends one picture, shown `at`, which is later than that of the one
    /// before. Waits while the encoder is busy; does not while there are
    /// packets to receive ([`Sent::Full`]).
    ///
    /// # Errors
    /// [`CodecError::BadPicture`] if it is not of the encoder's size,
    /// [`CodecError::Finished`]; that of a stream or child that has failed.
    pub fn send(&mut self, picture: PictureRef<'_>, at: Duration) -> Result<Sent, CodecError> {
        let (width, height) = (picture.width, picture.height);
        let parts = picture.parts()?;
        if (width, height) != self.size {
            return Err(CodecError::BadPicture { width, height });
        }
        let meta = PictureMeta {
            at: micros(at),
            width,
            height,
            frame: (width, height),
        };
        self.stream
            .send(Kind::EncodePicture, INPUT_PICTURES, &meta.to_meta(), &parts)
    }

    /// The next coded picture, in the order of decoding. Waits for it; `None`
    /// if none comes without more input, or, after [`Self::finish`], at the end.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn recv(&mut self) -> Result<Option<CodedPicture>, CodecError> {
        self.stream.recv().map(coded)
    }

    /// The next coded picture if it is here already.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn try_recv(&mut self) -> Result<Option<CodedPicture>, CodecError> {
        self.stream.try_recv().map(coded)
    }

    /// Says that there is no more input. The rest is still to be received.
    ///
    /// # Errors
    /// That of a stream or child that has failed.
    pub fn finish(&mut self) -> Result<(), CodecError> {
        self.stream.finish()
    }
}

pub(crate) fn coded(given: Option<Given>) -> Option<CodedPicture> {
    match given {
        Some(Given::Coded(coded)) => Some(coded),
        _ => None,
    }
}
