//! Coded pictures to I420 of the wanted size.

use anyhow::Context;
use veche_codec::limits::MAX_SIDE;
use veche_codec::wire::{Message, PictureMeta, Times};
use veche_codec::{Fit, Output as Wanted, Target, VideoCodec, VideoDecoderConfig};

use crate::codec;
use crate::ff::{Coder, Error, Frame, Part, Scaler, Setup, Side};
use crate::output::Output;
use crate::stream::{Coding, Decoded};

/// `avcC` without parameter sets: they lie between the pictures, and NAL units
/// are behind four bytes of length (ISO/IEC 14496-15, 5.3.3.1).
const AVCC_WITHOUT_SETS: [u8; 7] = [1, 0x42, 0xe0, 0x1f, 0xff, 0xe0, 0];

pub(crate) struct VideoDecoder {
    coder: Coder,
    frame: Frame,
    scaler: Option<Scaler>,
    wanted: Wanted,
    /// Time of the last picture, for one that has none.
    last: i64,
}

impl VideoDecoder {
    pub(crate) fn new(about: &VideoDecoderConfig, config: Vec<u8>) -> anyhow::Result<Self> {
        let name = codec::choose(Side::Decoder, codec::video_decoders(about.codec))?;
        let config = match about.codec {
            VideoCodec::H264 if config.is_empty() => AVCC_WITHOUT_SETS.to_vec(),
            VideoCodec::H264 => config,
            // They find what they need in the pictures.
            _ => Vec::new(),
        };
        let setup = Setup {
            config,
            threads: about.threads.clamp(1, 16),
            ..Setup::default()
        };
        Ok(Self {
            coder: Coder::open(Side::Decoder, name, &setup)?,
            frame: Frame::new()?,
            scaler: None,
            wanted: Wanted::AsIs,
            last: 0,
        })
    }

    /// Gives what is decoded.
    fn drain(&mut self, output: &Output, decoded: &mut Decoded) -> anyhow::Result<()> {
        loop {
            match self.coder.receive_frame(&mut self.frame) {
                Ok(()) => {}
                Err(Error::AGAIN | Error::END) => return Ok(()),
                Err(e) => {
                    // The decoder goes on with the next packet.
                    decoded.error = Some(e.to_string());
                    return Ok(());
                }
            }
            decoded.outputs += 1;
            if self.frame.is_damaged() {
                decoded.error = Some("parts of a picture are missing".to_owned());
            }
            self.last = self.frame.pts().unwrap_or(self.last);
            if let Err(e) = self.give(output) {
                match e.downcast::<Error>() {
                    // One that swscale cannot take.
                    Ok(e) => decoded.error = Some(e.to_string()),
                    Err(e) => return Err(e),
                }
            }
        }
    }

    fn give(&mut self, output: &Output) -> anyhow::Result<()> {
        let at = u64::try_from(self.last).unwrap_or(0);
        let size = self.frame.size();
        let (part, to) = match self.wanted {
            Wanted::Nothing => return Ok(()),
            Wanted::AsIs => (whole(size), (even(size.0), even(size.1))),
            Wanted::Scaled(target) => fit(size, target),
        };
        let whole = part == whole(size);
        let frame = if whole && to == size && self.frame.is_plain() {
            &self.frame
        } else {
            let scaler = match self.scaler.take() {
                Some(scaler) if scaler.size() == to => scaler,
                _ => Scaler::new(to.0, to.1, false)?,
            };
            self.scaler.insert(scaler).scale(&self.frame, part)?
        };
        let meta = PictureMeta {
            at,
            width: to.0,
            height: to.1,
            frame: size,
        };
        Ok(output.picture(meta, &frame.lines()?)?)
    }
}

impl Coding for VideoDecoder {
    fn is_decoder(&self) -> bool {
        true
    }

    fn input(&mut self, message: Message, output: &Output) -> anyhow::Result<Decoded> {
        let at = Times::from_meta(&message.meta)
            .context("times of a picture")?
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
        Ok(decoded)
    }

    fn set_output(&mut self, wanted: Wanted) {
        self.coder.skip_unneeded(wanted == Wanted::Nothing);
        self.wanted = wanted;
    }
}

fn whole((width, height): (u32, u32)) -> Part {
    Part {
        left: 0,
        top: 0,
        width,
        height,
    }
}

/// Which part of a picture is scaled to which size.
fn fit((width, height): (u32, u32), target: Target) -> (Part, (u32, u32)) {
    let to = (even(target.width), even(target.height));
    let (w, h) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (tw, th) = (u64::from(to.0), u64::from(to.1));
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let is_wider = w * th > tw * h;
    match target.fit {
        Fit::Contain if is_alike((w, h), (tw, th)) => (whole((width, height)), to),
        Fit::Contain if is_wider => (whole((width, height)), (to.0, even(small(tw * h / w)))),
        Fit::Contain => (whole((width, height)), (even(small(th * w / h)), to.1)),
        Fit::Cover => {
            let part_width = if is_wider { small(h * tw / th) } else { width };
            let part_height = if is_wider { height } else { small(w * th / tw) };
            let part = Part {
                left: (width - part_width.clamp(1, width)) / 4 * 2,
                top: (height - part_height.clamp(1, height)) / 4 * 2,
                width: part_width.clamp(1, width),
                height: part_height.clamp(1, height),
            };
            (part, to)
        }
    }
}

/// Whether a picture differs from a target by no more than the rounding of their
/// sizes: two pixels of a side, or one in 250 of a large one.
fn is_alike((w, h): (u64, u64), (tw, th): (u64, u64)) -> bool {
    let apart = (w * th).abs_diff(tw * h);
    apart <= 2 * w.max(h) || apart * 250 <= tw * h
}

/// The next even number that is not zero, within what a side may have.
fn even(n: u32) -> u32 {
    (n.clamp(1, MAX_SIDE) + 1) & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(size: (u32, u32), target: (u32, u32), fit_: Fit, part: [u32; 4], to: (u32, u32)) {
        let target = Target {
            width: target.0,
            height: target.1,
            fit: fit_,
        };
        let expected = Part {
            left: part[0],
            top: part[1],
            width: part[2],
            height: part[3],
        };
        assert_eq!(fit(size, target), (expected, to));
    }

    #[test]
    fn contained_pictures_keep_their_shape() {
        check(
            (1280, 720),
            (640, 360),
            Fit::Contain,
            [0, 0, 1280, 720],
            (640, 360),
        );
        check(
            (640, 480),
            (640, 360),
            Fit::Contain,
            [0, 0, 640, 480],
            (480, 360),
        );
        check(
            (720, 1280),
            (640, 360),
            Fit::Contain,
            [0, 0, 720, 1280],
            (202, 360),
        );
        check(
            (1280, 720),
            (300, 300),
            Fit::Contain,
            [0, 0, 1280, 720],
            (300, 168),
        );
        check((5000, 2), (64, 64), Fit::Contain, [0, 0, 5000, 2], (64, 2));
    }

    #[test]
    fn contained_pictures_fill_what_was_made_for_them() {
        let whole = [0, 0, 1280, 720];
        check((1280, 720), (300, 168), Fit::Contain, whole, (300, 168));
        check((1280, 720), (854, 482), Fit::Contain, whole, (854, 482));
        check((1280, 720), (854, 490), Fit::Contain, whole, (854, 480));
    }

    #[test]
    fn covering_pictures_are_cut_in_the_middle() {
        check(
            (1280, 720),
            (360, 360),
            Fit::Cover,
            [280, 0, 720, 720],
            (360, 360),
        );
        check(
            (720, 1280),
            (640, 360),
            Fit::Cover,
            [0, 436, 720, 405],
            (640, 360),
        );
        check(
            (640, 360),
            (1280, 720),
            Fit::Cover,
            [0, 0, 640, 360],
            (1280, 720),
        );
        check((3, 3), (2, 400), Fit::Cover, [0, 0, 1, 3], (2, 400));
    }

    #[test]
    fn sizes_are_made_even() {
        check(
            (641, 361),
            (641, 361),
            Fit::Contain,
            [0, 0, 641, 361],
            (642, 362),
        );
    }
}
