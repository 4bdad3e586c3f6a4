use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::CodecError;
use crate::limits::{MAX_PIXELS, MAX_SIDE};

/// A codec of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoCodec {
    /// ITU-T H.264. NAL units behind four bytes of length.
    H264,
    /// RFC 6386.
    Vp8,
    /// VP9 bitstream specification; superframes as they come.
    Vp9,
    /// AV1: OBUs with sizes, without temporal delimiters.
    Av1,
    /// One JPEG for each picture. Encoding only.
    Jpeg,
}

/// A codec of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AudioCodec {
    /// RFC 6716.
    Opus,
    /// G.711 µ-law at 8 kHz.
    Pcmu,
    /// G.711 A-law at 8 kHz.
    Pcma,
    /// MPEG-4 AAC-LC, raw access units without ADTS.
    Aac,
}

/// How to decode pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoDecoderConfig {
    /// Coded with.
    pub codec: VideoCodec,
    /// Contents of `avcC`, `vpcC` or `av1C`, as tracks have it; may be empty.
    #[serde(skip)]
    pub config: Vec<u8>,
    /// Threads of the decoder; more than one delays pictures.
    pub threads: u32,
}

impl VideoDecoderConfig {
    /// One thread, nothing known before the first picture.
    pub fn new(codec: VideoCodec) -> Self {
        Self {
            codec,
            config: Vec::new(),
            threads: 1,
        }
    }
}

/// How to decode sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioDecoderConfig {
    /// Coded with.
    pub codec: AudioCodec,
    /// One or two.
    pub channels: u8,
    /// Contents of `AudioSpecificConfig` for AAC; else empty.
    #[serde(skip)]
    pub config: Vec<u8>,
}

/// What a decoder does with its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Decodes, so that later pictures are right, but gives none. What no other
    /// picture depends on is skipped.
    Nothing,
    /// Gives pictures of the size that they have.
    AsIs,
    /// Gives pictures scaled to a size.
    Scaled(Target),
}

impl Output {
    /// Pictures within a size, with their own aspect ratio.
    pub fn scaled(width: u32, height: u32) -> Self {
        Self::Scaled(Target {
            width,
            height,
            fit: Fit::Contain,
        })
    }
}

impl From<Option<Target>> for Output {
    fn from(target: Option<Target>) -> Self {
        target.map_or(Self::Nothing, Self::Scaled)
    }
}

/// The size at which pictures are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Pixels; made even.
    pub width: u32,
    /// Pixels; made even.
    pub height: u32,
    /// How pictures of another aspect ratio fit.
    pub fit: Fit,
}

/// How a picture fits into a size of another aspect ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fit {
    /// All of it is seen: one side is smaller than the target. A picture whose
    /// shape is the target's but for the rounding of its size fills it.
    Contain,
    /// The target is filled: what is too much is cut on both sides.
    Cover,
}

/// A picture: I420, eight bits, limited range.
///
/// `data` is the Y plane, then U, then V, without gaps between lines.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// `width * height * 3 / 2` bytes.
    pub data: Vec<u8>,
}

impl Picture {
    /// A picture of planes without gaps.
    pub fn new(width: u32, height: u32, data: Vec<u8>) -> Result<Self, CodecError> {
        check_size(width, height)?;
        if data.len() != i420_bytes(width, height) {
            return Err(CodecError::BadPicture { width, height });
        }
        Ok(Self {
            width,
            height,
            data,
        })
    }

    /// Luma, `width` bytes a line.
    pub fn y(&self) -> &[u8] {
        &self.data[..self.luma()]
    }

    /// Blue difference, `width / 2` bytes a line.
    pub fn u(&self) -> &[u8] {
        &self.data[self.luma()..self.luma() * 5 / 4]
    }

    /// Red difference, `width / 2` bytes a line.
    pub fn v(&self) -> &[u8] {
        &self.data[self.luma() * 5 / 4..]
    }

    /// The planes by reference, as an encoder takes them.
    pub fn as_ref(&self) -> PictureRef<'_> {
        PictureRef {
            width: self.width,
            height: self.height,
            planes: [self.y(), self.u(), self.v()],
            strides: [
                self.width as usize,
                self.width as usize / 2,
                self.width as usize / 2,
            ],
        }
    }

    fn luma(&self) -> usize {
        self.width as usize * self.height as usize
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// A picture that lies elsewhere: I420, eight bits, limited range.
#[derive(Clone, Copy)]
pub struct PictureRef<'a> {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Y, U and V.
    pub planes: [&'a [u8]; 3],
    /// Bytes from one line of a plane to the next.
    pub strides: [usize; 3],
}

impl<'a> PictureRef<'a> {
    /// The lines of the picture, in the order of [`Picture::data`], with those
    /// that lie side by side together.
    pub(crate) fn parts(&self) -> Result<Vec<&'a [u8]>, CodecError> {
        let (width, height) = (self.width, self.height);
        check_size(width, height)?;
        let mut parts = Vec::new();
        for (i, (plane, stride)) in self.planes.iter().zip(self.strides).enumerate() {
            let half = if i == 0 { 1 } else { 2 };
            let (w, h) = (width as usize / half, height as usize / half);
            if stride < w || plane.len() < stride * (h - 1) + w {
                return Err(CodecError::BadPicture { width, height });
            }
            if stride == w {
                parts.push(&plane[..w * h]);
            } else {
                parts.extend(plane.chunks(stride).take(h).map(|line| &line[..w]));
            }
        }
        Ok(parts)
    }
}

/// Bytes of an I420 picture without gaps.
pub(crate) fn i420_bytes(width: u32, height: u32) -> usize {
    width as usize * height as usize * 3 / 2
}

pub(crate) fn check_size(width: u32, height: u32) -> Result<(), CodecError> {
    if width == 0 || height == 0 || !width.is_multiple_of(2) || !height.is_multiple_of(2) {
        return Err(CodecError::BadPicture { width, height });
    }
    let size = u64::from(width) * u64::from(height);
    if width > MAX_SIDE || height > MAX_SIDE || size > MAX_PIXELS {
        return Err(CodecError::TooLarge {
            what: "a picture",
            size,
            limit: MAX_PIXELS,
        });
    }
    Ok(())
}

/// A decoded picture and when it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedPicture {
    /// The time given to `send` with the data it was decoded from.
    pub at: Duration,
    /// Width and height of the frame before it was scaled and cut; not always even.
    /// They may change from one picture to the next.
    pub frame: (u32, u32),
    /// The picture.
    pub picture: Picture,
}

/// Decoded sound: 48 kHz, stereo, interleaved, full scale is 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// When its first sample is heard. Gaps are as they were in what was sent.
    pub at: Duration,
    /// Left, right, left, …
    pub samples: Vec<f32>,
}

/// How many bits pictures get.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rate {
    /// Constant quality: for H.264 0 (lossless) to 51, about 23; for VP9 and
    /// AV1 0 to 63, about 32; for JPEG 2 (best) to 31.
    Crf(f32),
    /// Bits a second on average, at most twice that for a second.
    Bitrate(u32),
}

/// How to encode pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoEncoderConfig {
    /// Coded with.
    pub codec: VideoCodec,
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Pictures a second, as a fraction. Times of pictures are free; this is
    /// for rate control, and told in the headers.
    pub fps: (u32, u32),
    /// How many bits.
    pub rate: Rate,
    /// The encoder's own word for how thorough it is: `veryfast`, `medium` for
    /// H.264; a number for VP9 (`cpu-used`) and AV1 (`preset`). Empty
    /// is fast.
    pub preset: String,
    /// `zerolatency`, `stillimage`, … for H.264; empty for none.
    pub tune: String,
    /// Threads; zero for as many as the machine has.
    pub threads: u32,
    /// Pictures from one keyframe to the next, at most.
    pub keyframe_interval: u32,
    /// B-frames in a row, at most.
    pub b_frames: u32,
}

impl VideoEncoderConfig {
    /// H.264 of good quality: constant quality 23, `veryfast`, a keyframe at
    /// least every two seconds, two B-frames.
    pub fn h264(width: u32, height: u32, fps: u32) -> Self {
        Self {
            codec: VideoCodec::H264,
            width,
            height,
            fps: (fps, 1),
            rate: Rate::Crf(23.0),
            preset: "veryfast".to_owned(),
            tune: String::new(),
            threads: 0,
            keyframe_interval: fps.saturating_mul(2).max(1),
            b_frames: 2,
        }
    }
}

/// How to encode sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioEncoderConfig {
    /// [`AudioCodec::Aac`] or [`AudioCodec::Opus`].
    pub codec: AudioCodec,
    /// Bits a second.
    pub bitrate: u32,
    /// One or two. One: the left of what is sent.
    pub channels: u8,
    /// AAC: the packet before the first sample is given, too, and the header
    /// says how long it is. Without it the first packet fades in. Opus gives
    /// what comes before within its first packet, always.
    pub priming: bool,
}

impl AudioEncoderConfig {
    /// AAC, two channels, nothing before the first sample.
    pub fn aac(bitrate: u32) -> Self {
        Self {
            codec: AudioCodec::Aac,
            bitrate,
            channels: 2,
            priming: false,
        }
    }
}

/// What has to be known before the first packet of an encoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderHeader {
    /// Contents of `avcC` for H.264; `AudioSpecificConfig` for AAC; `OpusHead`
    /// without its first eight bytes for Opus. Empty for the others, which say
    /// it in their keyframes.
    #[serde(skip)]
    pub config: Vec<u8>,
    /// Samples of each channel in a packet of sound.
    pub frame_samples: u32,
    /// Samples of each channel in the first packets that come before the first
    /// that was sent. Packets are counted with them: the first is heard so much
    /// earlier than it says.
    #[serde(default)]
    pub priming: u32,
    /// By how much [`CodedPicture::decode_at`] is later than what a container
    /// wants that has no negative composition offsets.
    pub reorder_us: u64,
}

impl EncoderHeader {
    /// By how much [`CodedPicture::decode_at`] is later than what a container
    /// wants that has no negative composition offsets.
    pub fn reorder(&self) -> Duration {
        Duration::from_micros(self.reorder_us)
    }
}

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedPicture {
    /// When it is shown: the time it was sent with.
    pub at: Duration,
    /// When it is decoded. Never decreases; the first equals its `at`. With
    /// B-frames a picture may be decoded "after" it is shown by up to
    /// [`EncoderHeader::reorder`]: containers write the signed difference
    /// (`ctts` version 1) or take that much off.
    pub decode_at: Duration,
    /// Decodable without any before it.
    pub key: bool,
    /// As in record files: H.264 with four bytes of length before each NAL unit,
    /// without parameter sets; AV1 without temporal delimiter.
    pub data: Vec<u8>,
}

/// An encoded packet of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedPacket {
    /// When its first sample is heard.
    pub at: Duration,
    /// Coded bytes.
    pub data: Vec<u8>,
}
