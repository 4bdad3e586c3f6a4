//! I420 to coded pictures.

use anyhow::{Context, ensure};
use veche_codec::wire::{Message, PictureMeta, Times};
use veche_codec::{EncoderHeader, Rate, VideoCodec, VideoEncoderConfig};

use crate::bitstream;
use crate::codec;
use crate::ff::{Coder, Error, Frame, Part, Scaler, Setup, Side};
use crate::output::Output;
use crate::stream::{Coding, Decoded};

pub(crate) struct VideoEncoder {
    codec: VideoCodec,
    coder: Coder,
    /// What it was given last.
    frame: Frame,
    /// JPEG has full range, pictures have not.
    to_full_range: Option<Scaler>,
    header: EncoderHeader,
    last: Option<i64>,
    /// What is added to times of decoding, so that the first is that of showing.
    shift: Option<i64>,
}

impl VideoEncoder {
    pub(crate) fn new(about: &VideoEncoderConfig) -> anyhow::Result<Self> {
        let name = codec::choose(Side::Encoder, codec::video_encoders(about.codec))?;
        let (width, height) = (about.width, about.height);
        let jpeg = about.codec == VideoCodec::Jpeg;
        let setup = setup(about);
        let coder = Coder::open(Side::Encoder, name, &setup)?;
        let config = bitstream::config(about.codec, coder.config())
            .context("the encoder's parameter sets cannot be understood")?;
        let (num, den) = (u64::from(about.fps.0.max(1)), u64::from(about.fps.1.max(1)));
        let reorder = u64::from(coder.reorder()) * den * 1_000_000 / num;
        Ok(Self {
            codec: about.codec,
            header: EncoderHeader {
                config,
                reorder_us: reorder,
                ..EncoderHeader::default()
            },
            coder,
            frame: Frame::picture(width, height, false)?,
            to_full_range: jpeg.then(|| Scaler::new(width, height, true)).transpose()?,
            last: None,
            shift: None,
        })
    }

    fn drain(&mut self, output: &Output, decoded: &mut Decoded) -> anyhow::Result<()> {
        loop {
            let packet = match self.coder.receive_packet() {
                Ok(packet) => packet,
                Err(Error::AGAIN | Error::END) => return Ok(()),
                Err(e) => return Err(e.into()),
            };
            decoded.outputs += 1;
            let shift = *self.shift.get_or_insert(packet.pts - packet.dts);
            let times = Times {
                at: u64::try_from(packet.pts).unwrap_or(0),
                decode_at: u64::try_from(packet.dts.saturating_add(shift)).unwrap_or(0),
                key: packet.key,
            };
            output.coded(times, &bitstream::unit(self.codec, packet.data))?;
        }
    }
}

impl Coding for VideoEncoder {
    fn header(&self) -> EncoderHeader {
        self.header.clone()
    }

    fn input(&mut self, message: Message, output: &Output) -> anyhow::Result<Decoded> {
        let meta = PictureMeta::from_meta(&message.meta)?;
        ensure!(
            (meta.width, meta.height) == self.frame.size(),
            "a picture of another size"
        );
        let at = i64::try_from(meta.at)?;
        ensure!(
            self.last.is_none_or(|last| last < at),
            "a picture at {at} us is not later than the one before"
        );
        self.last = Some(at);
        self.frame.fill(&message.data, at)?;
        match &mut self.to_full_range {
            None => self.coder.send_frame(Some(&self.frame))?,
            Some(scaler) => {
                let part = Part {
                    left: 0,
                    top: 0,
                    width: meta.width,
                    height: meta.height,
                };
                let full = scaler.scale(&self.frame, part)?;
                full.set_pts(at);
                self.coder.send_frame(Some(full))?;
            }
        }
        let mut decoded = Decoded::default();
        self.drain(output, &mut decoded)?;
        Ok(decoded)
    }

    fn finish(&mut self, output: &Output) -> anyhow::Result<Decoded> {
        let mut decoded = Decoded::default();
        self.coder.send_frame(None)?;
        self.drain(output, &mut decoded)?;
        Ok(decoded)
    }
}

/// What VP8 of constant quality may take: more than a call has.
const VP8_CRF_BITRATE: u32 = 8_000_000;

fn setup(about: &VideoEncoderConfig) -> Setup {
    let mut setup = Setup {
        threads: about.threads.min(64),
        size: Some((about.width, about.height)),
        fps: about.fps,
        keyframe_interval: about.keyframe_interval.max(1),
        b_frames: about.b_frames.min(16),
        ..Setup::default()
    };
    let preset = |name: &str| {
        if about.preset.is_empty() {
            name.to_owned()
        } else {
            about.preset.clone()
        }
    };
    match about.rate {
        Rate::Bitrate(bitrate) => setup.bitrate = Some(bitrate),
        Rate::Crf(crf) if about.codec == VideoCodec::Jpeg => {
            setup.quantiser = Some(crf.clamp(2.0, 31.0) as u32);
        }
        Rate::Crf(crf) => {
            let crf = match about.codec {
                VideoCodec::Vp8 | VideoCodec::Vp9 | VideoCodec::Av1 => {
                    format!("{}", crf.clamp(0.0, 63.0) as u32)
                }
                _ => crf.clamp(0.0, 51.0).to_string(),
            };
            setup.options.push(("crf", crf));
            if about.codec == VideoCodec::Vp8 {
                // It has constant quality below a bitrate only.
                setup.bitrate = Some(VP8_CRF_BITRATE);
            }
        }
    }
    match about.codec {
        VideoCodec::H264 => {
            setup.options.push(("preset", preset("veryfast")));
            if !about.tune.is_empty() {
                setup.options.push(("tune", about.tune.clone()));
            }
        }
        VideoCodec::Vp8 | VideoCodec::Vp9 => {
            setup.options.push(("cpu-used", preset("6")));
            setup.options.push(("deadline", "realtime".to_owned()));
            if about.codec == VideoCodec::Vp9 {
                setup.options.push(("row-mt", "1".to_owned()));
            }
        }
        VideoCodec::Av1 => setup.options.push(("preset", preset("10"))),
        VideoCodec::Jpeg => setup.full_range = true,
    }
    setup
}
