//! What the client and the child say to each other.
//!
//! A stream socket carries messages: a header of 16 bytes, a short description
//! (`meta`), then `data`. Integers are little-endian; descriptions that are not
//! sent often are JSON.
//!
//! ```text
//!  0..2  kind      2..4  length of meta      4..8  stream
//!  8..12 length of data                     12..16 zero
//! ```
//!
//! Both ends are of one release: [`VERSION`] is checked once, in the child's
//! [`Kind::Hello`]. The client does not trust the child beyond that: lengths and
//! sizes are checked, since the child reads what strangers sent.

use std::io::{self, IoSlice, Read, Write};

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CONFIG_BYTES, MAX_MESSAGE_BYTES, OUTPUT_PACKETS, OUTPUT_PICTURES};
use crate::{
    AudioDecoderConfig, AudioEncoderConfig, EncoderHeader, VideoDecoderConfig, VideoEncoderConfig,
};

/// Changes whenever a message does.
pub const VERSION: u32 = 3;

const HEADER: usize = 16;

/// Bytes of a description.
const MAX_META: usize = 16 * 1024;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $value:literal,)*) => {
        /// What a message is. Above 127: from the child.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Kind { $($(#[$doc])* $name = $value,)* }

        impl Kind {
            fn from_wire(value: u16) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// Begin a stream. Meta: [`Open`]. Data: a decoder's configuration.
    Open = 1,
    /// A coded picture or packet to decode. Meta: [`Times`].
    Decode = 2,
    /// What to do with decoded pictures from here on. Meta: [`crate::Output`] as JSON.
    Output = 3,
    /// A picture to encode. Meta: [`PictureMeta`]. Data: I420 without gaps.
    EncodePicture = 4,
    /// Sound to encode. Meta: [`Times`]. Data: stereo `f32`.
    EncodeSound = 5,
    /// Outputs that were received, so that more may come. Meta: a `u32`.
    Received = 6,
    /// No more input: give what is left, then [`Kind::Finished`].
    Finish = 7,
    /// Forget the stream.
    Close = 8,

    /// The child is ready. Meta: [`Hello`].
    Hello = 128,
    /// A stream has begun. Meta: [`EncoderHeader`]. Data: its configuration.
    Opened = 129,
    /// Inputs have been worked on; their outputs were sent before. Meta: [`Taken`].
    Taken = 130,
    /// A decoded picture. Meta: [`PictureMeta`]. Data: I420 without gaps.
    Picture = 131,
    /// Decoded sound. Meta: [`Times`]. Data: 48 kHz stereo `f32`.
    Sound = 132,
    /// An encoded picture or packet. Meta: [`Times`].
    Coded = 133,
    /// All outputs were sent.
    Finished = 134,
    /// The stream cannot go on. Data: why, for people.
    Failed = 135,
}

/// What a stream is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Open {
    /// Pictures.
    VideoDecoder(VideoDecoderConfig),
    /// Sound.
    AudioDecoder(AudioDecoderConfig),
    /// Pictures.
    VideoEncoder(VideoEncoderConfig),
    /// Sound.
    AudioEncoder(AudioEncoderConfig),
}

impl Open {
    /// Outputs that the child may give before one of them is received.
    pub fn window(&self) -> u32 {
        match self {
            Self::VideoDecoder(_) => OUTPUT_PICTURES,
            Self::AudioDecoder(_) | Self::VideoEncoder(_) | Self::AudioEncoder(_) => OUTPUT_PACKETS,
        }
    }
}

/// What a child says first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`VERSION`].
    pub version: u32,
    /// Names of what it decodes.
    pub decoders: Vec<String>,
    /// Names of what it encodes.
    pub encoders: Vec<String>,
    /// Which rights it has given up.
    pub protections: Vec<String>,
    /// Which it could not give up, and why.
    pub missing: Vec<String>,
}

/// When something is, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Shown or heard.
    pub at: u64,
    /// Decoded.
    pub decode_at: u64,
    /// Decodable without any before it.
    pub key: bool,
}

impl Times {
    /// As meta.
    pub fn to_meta(self) -> [u8; 17] {
        let mut meta = [0; 17];
        meta[..8].copy_from_slice(&self.at.to_le_bytes());
        meta[8..16].copy_from_slice(&self.decode_at.to_le_bytes());
        meta[16] = u8::from(self.key);
        meta
    }

    /// From meta.
    pub fn from_meta(meta: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(meta);
        Ok(Self {
            at: fields.u64()?,
            decode_at: fields.u64()?,
            key: fields.u8()? != 0,
        })
    }
}

/// What a picture in a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureMeta {
    /// When it is shown, in microseconds.
    pub at: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pixels of the frame that it was made from; those above, of one to encode.
    pub frame: (u32, u32),
}

impl PictureMeta {
    /// As meta.
    pub fn to_meta(self) -> [u8; 24] {
        let mut meta = [0; 24];
        meta[..8].copy_from_slice(&self.at.to_le_bytes());
        meta[8..12].copy_from_slice(&self.width.to_le_bytes());
        meta[12..16].copy_from_slice(&self.height.to_le_bytes());
        meta[16..20].copy_from_slice(&self.frame.0.to_le_bytes());
        meta[20..].copy_from_slice(&self.frame.1.to_le_bytes());
        meta
    }

    /// From meta.
    pub fn from_meta(meta: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(meta);
        Ok(Self {
            at: fields.u64()?,
            width: fields.u32()?,
            height: fields.u32()?,
            frame: (fields.u32()?, fields.u32()?),
        })
    }
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Inputs that are done with.
    pub inputs: u32,
    /// Of these, how many could not be decoded, whole or in part.
    pub errors: u32,
}

impl Taken {
    /// As meta.
    pub fn to_meta(self) -> [u8; 8] {
        let mut meta = [0; 8];
        meta[..4].copy_from_slice(&self.inputs.to_le_bytes());
        meta[4..].copy_from_slice(&self.errors.to_le_bytes());
        meta
    }

    /// From meta.
    pub fn from_meta(meta: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(meta);
        Ok(Self {
            inputs: fields.u32()?,
            errors: fields.u32()?,
        })
    }
}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// Which stream it is about; zero for the child itself.
    pub stream: u32,
    /// Its description.
    pub meta: Vec<u8>,
    /// Its bytes.
    pub data: Vec<u8>,
}

impl Message {
    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it is none or too large,
    /// [`io::ErrorKind::UnexpectedEof`] if it is cut.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER];
        let mut have = 0;
        while have < HEADER {
            match from.read(&mut header[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => have += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let mut fields = Fields(&header);
        let kind = Kind::from_wire(fields.u16()?).ok_or_else(|| invalid("unknown kind"))?;
        let meta_len = usize::from(fields.u16()?);
        let stream = fields.u32()?;
        let data_len = fields.u32()? as usize;
        if meta_len > MAX_META || data_len > MAX_MESSAGE_BYTES {
            return Err(invalid("too large"));
        }
        Ok(Some(Self {
            kind,
            stream,
            meta: take(from, meta_len)?,
            data: take(from, data_len)?,
        }))
    }

    /// The description, if it is JSON.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> io::Result<T> {
        serde_json::from_slice(&self.meta).map_err(|_| invalid("not the JSON that it should be"))
    }
}

/// Writes a message whose data lies in parts.
///
/// # Errors
/// Those of writing; [`io::ErrorKind::InvalidInput`] if it is too large.
pub fn write(
    to: &mut impl Write,
    kind: Kind,
    stream: u32,
    meta: &[u8],
    data: &[&[u8]],
) -> io::Result<()> {
    let len: usize = data.iter().map(|d| d.len()).sum();
    if meta.len() > MAX_META || len > MAX_MESSAGE_BYTES {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut head = Vec::with_capacity(HEADER + meta.len());
    head.extend_from_slice(&(kind as u16).to_le_bytes());
    head.extend_from_slice(&(meta.len() as u16).to_le_bytes());
    head.extend_from_slice(&stream.to_le_bytes());
    head.extend_from_slice(&(len as u32).to_le_bytes());
    head.extend_from_slice(&[0; 4]);
    head.extend_from_slice(meta);
    let mut slices = Vec::with_capacity(1 + data.len());
    slices.push(IoSlice::new(&head));
    slices.extend(data.iter().map(|d| IoSlice::new(d)));
    let mut left = &mut slices[..];
    // Parts of no bytes at the end would look like a socket that takes nothing.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match to.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut left, n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// A description as JSON.
///
/// # Panics
/// Never: the descriptions of this protocol can all be written as JSON.
pub fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A header as the client gets it.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if it is none, or too large.
pub fn opened(message: Message) -> io::Result<EncoderHeader> {
    if message.data.len() > MAX_CONFIG_BYTES {
        return Err(invalid("too large"));
    }
    let header: EncoderHeader = message.json()?;
    Ok(EncoderHeader {
        config: message.data,
        ..header
    })
}

/// Something that is not what it should be.
pub fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Sound as bytes.
pub fn sound_to_bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

/// Sound from bytes. What is no whole sample is left out.
pub fn sound_from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

fn take(from: &mut impl Read, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(len);
    if from.take(len as u64).read_to_end(&mut bytes)? < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// Reads fields off the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (first, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| invalid("too short"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn u8(&mut self) -> io::Result<u8> {
        self.bytes().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> io::Result<u16> {
        self.bytes().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> io::Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> io::Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
