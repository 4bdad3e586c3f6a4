use crate::VideoCodec;

/// Pixels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// A packet that begins a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyframe {
    /// The picture's size, where the packet tells it.
    pub size: Option<FrameSize>,
}

/// Whether an RTP payload begins a keyframe, and of what size.
///
/// Reads only the payload format's own header and the first bytes of the
/// bitstream; a payload that is cut short or makes no sense is no keyframe.
pub fn keyframe(codec: VideoCodec, payload: &[u8]) -> Option<Keyframe> {
    match codec {
        VideoCodec::Vp8 => vp8(payload),
        VideoCodec::H264 => h264(payload),
        VideoCodec::Vp9 => vp9(payload),
        VideoCodec::Av1 => av1(payload),
    }
}

/// RFC 7741, 4.2 and 4.3.
fn vp8(payload: &[u8]) -> Option<Keyframe> {
    let first = *payload.first()?;
    let starts_partition_zero = first & 0x10 != 0 && first & 0x07 == 0;
    if !starts_partition_zero {
        return None;
    }
    let mut at = 1;
    if first & 0x80 != 0 {
        let flags = *payload.get(at)?;
        at += 1;
        if flags & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(flags & 0x40 != 0);
        at += usize::from(flags & 0x30 != 0);
    }
    let frame = payload.get(at..)?;
    if frame.first()? & 0x01 != 0 {
        return None;
    }
    // RFC 6386, 9.1: start code, then 14 bits each of width and height.
    let size = match frame.get(3..10) {
        Some([0x9d, 0x01, 0x2a, w0, w1, h0, h1]) => Some(FrameSize {
            width: u32::from(u16::from_le_bytes([*w0, *w1]) & 0x3fff),
            height: u32::from(u16::from_le_bytes([*h0, *h1]) & 0x3fff),
        }),
        _ => None,
    };
    Some(Keyframe { size })
}

/// RFC 6184, 5: single NAL unit, STAP-A (24) and FU-A (28). A sequence
/// parameter set (7) counts as the beginning: encoders send it just before
/// the IDR picture (5).
fn h264(payload: &[u8]) -> Option<Keyframe> {
    match payload.first()? & 0x1f {
        5 => Some(Keyframe { size: None }),
        7 => Some(Keyframe {
            size: sps_size(payload.get(1..)?),
        }),
        24 => {
            let mut rest = payload.get(1..)?;
            let mut found = None;
            while let [a, b, tail @ ..] = rest {
                let len = usize::from(u16::from_be_bytes([*a, *b]));
                let Some((nal, next)) = tail.split_at_checked(len) else {
                    break;
                };
                match nal.first().map(|n| n & 0x1f) {
                    Some(7) => {
                        let size = nal.get(1..).and_then(sps_size);
                        return Some(Keyframe { size });
                    }
                    Some(5) => found = Some(Keyframe { size: None }),
                    _ => {}
                }
                rest = next;
            }
            found
        }
        28 => {
            let header = payload.get(1)?;
            let starts = header & 0x80 != 0;
            (starts && matches!(header & 0x1f, 5 | 7)).then_some(Keyframe { size: None })
        }
        _ => None,
    }
}

/// RFC 9628, 4.2.
fn vp9(payload: &[u8]) -> Option<Keyframe> {
    let first = *payload.first()?;
    let (has_pid, predicted, has_layer, flexible) = (
        first & 0x80 != 0,
        first & 0x40 != 0,
        first & 0x20 != 0,
        first & 0x10 != 0,
    );
    let (begins, has_structure) = (first & 0x08 != 0, first & 0x02 != 0);
    if predicted || !begins {
        return None;
    }
    let mut at = 1;
    if has_pid {
        at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    if has_layer {
        let layer = payload.get(at)?;
        // Spatial layers above the base predict from it, P bit or not.
        if layer >> 1 & 0x07 != 0 {
            return None;
        }
        at += if flexible { 1 } else { 2 };
    }
    if !has_structure {
        return Some(Keyframe { size: None });
    }
    let structure = *payload.get(at)?;
    let layers = usize::from(structure >> 5) + 1;
    let has_size = structure & 0x10 != 0;
    let size = has_size
        .then(|| {
            let top = at + 1 + (layers - 1) * 4;
            let b = payload.get(top..top + 4)?;
            Some(FrameSize {
                width: u32::from(u16::from_be_bytes([b[0], b[1]])),
                height: u32::from(u16::from_be_bytes([b[2], b[3]])),
            })
        })
        .flatten();
    Some(Keyframe { size })
}

/// AOMedia RTP payload format, 4.4: the N bit says that a coded video sequence
/// begins, which is with a keyframe. The size is not read.
fn av1(payload: &[u8]) -> Option<Keyframe> {
    let aggregation = *payload.first()?;
    let continues = aggregation & 0x80 != 0;
    let begins_sequence = aggregation & 0x08 != 0;
    (begins_sequence && !continues && payload.len() > 1).then_some(Keyframe { size: None })
}

/// H.264 (ITU-T) 7.3.2.1.1: width and height of a sequence parameter set,
/// given without its NAL header.
pub(crate) fn sps_size(sps: &[u8]) -> Option<FrameSize> {
    let mut bits = Bits::new(sps);
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.ue()?;
    let mut chroma_format = 1;
    let mut separate_planes = false;
    if matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    ) {
        chroma_format = bits.ue()?;
        if chroma_format == 3 {
            separate_planes = bits.take(1)? == 1;
        }
        bits.ue()?;
        bits.ue()?;
        bits.take(1)?;
        if bits.take(1)? == 1 {
            let lists = if chroma_format == 3 { 12 } else { 8 };
            for list in 0..lists {
                if bits.take(1)? == 1 {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?;
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.take(1)?;
            bits.ue()?;
            bits.ue()?;
            for _ in 0..bits.ue()?.min(255) {
                bits.ue()?;
            }
        }
        _ => {}
    }
    bits.ue()?;
    bits.take(1)?;
    let width_mbs = bits.ue()?.checked_add(1)?;
    let height_units = bits.ue()?.checked_add(1)?;
    let frames_only = bits.take(1)?;
    if frames_only == 0 {
        bits.take(1)?;
    }
    bits.take(1)?;
    let (mut left, mut right, mut top, mut bottom) = (0, 0, 0, 0);
    if bits.take(1)? == 1 {
        left = bits.ue()?;
        right = bits.ue()?;
        top = bits.ue()?;
        bottom = bits.ue()?;
    }
    let field_factor = 2 - frames_only;
    let (crop_x, crop_y) = match (chroma_format, separate_planes) {
        (1, _) => (2, 2 * field_factor),
        (2, _) => (2, field_factor),
        _ => (1, field_factor),
    };
    let width = width_mbs
        .checked_mul(16)?
        .checked_sub(left.checked_add(right)?.checked_mul(crop_x)?)?;
    let height = height_units
        .checked_mul(16 * field_factor)?
        .checked_sub(top.checked_add(bottom)?.checked_mul(crop_y)?)?;
    ((1..=16_384).contains(&width) && (1..=16_384).contains(&height))
        .then_some(FrameSize { width, height })
}

fn skip_scaling_list(bits: &mut Bits<'_>, entries: usize) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..entries {
        if next != 0 {
            let code = i64::from(bits.ue()?);
            let delta = if code % 2 == 0 {
                -(code / 2)
            } else {
                (code + 1) / 2
            };
            next = (last + delta + 256) % 256;
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

/// Bits of a NAL unit, emulation prevention bytes (7.4.1.1) left out.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    bit: u8,
    zeros: u8,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            bit: 0,
            zeros: 0,
        }
    }

    fn one(&mut self) -> Option<u32> {
        if self.bit == 0 && self.zeros >= 2 && self.bytes.get(self.at) == Some(&3) {
            self.at += 1;
            self.zeros = 0;
        }
        let byte = *self.bytes.get(self.at)?;
        let value = byte >> (7 - self.bit) & 1;
        self.bit += 1;
        if self.bit == 8 {
            self.bit = 0;
            self.at += 1;
            self.zeros = if byte == 0 {
                self.zeros.saturating_add(1)
            } else {
                0
            };
        }
        Some(u32::from(value))
    }

    pub(crate) fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | self.one()?;
        }
        Some(value)
    }

    /// Exp-Golomb, 9.1.
    pub(crate) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.one()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1_u32 << zeros) - 1 + self.take(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codec: VideoCodec, payload: &[u8], expected: Option<Option<(u32, u32)>>) {
        let found = keyframe(codec, payload).map(|k| k.size.map(|s| (s.width, s.height)));
        assert_eq!(found, expected, "{codec} {payload:02x?}");
    }

    #[test]
    fn vp8_keyframes_tell_their_size() {
        let frame = [0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
        let mut payload = vec![0x10];
        payload.extend(frame);
        check(VideoCodec::Vp8, &payload, Some(Some((640, 480))));
        // Extended descriptor as Chromium writes it: 15-bit picture id.
        let mut extended = vec![0x90, 0x80, 0x81, 0x23];
        extended.extend(frame);
        check(VideoCodec::Vp8, &extended, Some(Some((640, 480))));
        check(VideoCodec::Vp8, &[0x10, 0x51, 0, 0], None);
        check(VideoCodec::Vp8, &[0x00, 0x50, 0, 0], None);
    }

    #[test]
    fn h264_keyframes_begin_with_a_parameter_set_or_an_idr_slice() {
        // x264, 640x480, constrained baseline.
        let sps = [
            0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0xb0, 0x11, 0x00, 0x00, 0x03, 0x00,
            0x01, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x0f, 0x16, 0x2e, 0x48,
        ];
        check(VideoCodec::H264, &sps, Some(Some((640, 480))));
        let mut stap = vec![0x78, 0, u8::try_from(sps.len()).unwrap()];
        stap.extend(sps);
        check(VideoCodec::H264, &stap, Some(Some((640, 480))));
        check(VideoCodec::H264, &[0x65, 0x88], Some(None));
        check(VideoCodec::H264, &[0x7c, 0x85, 0x88], Some(None));
        check(VideoCodec::H264, &[0x7c, 0x05, 0x88], None);
        check(VideoCodec::H264, &[0x41, 0x9a], None);
    }

    #[test]
    fn vp9_keyframes_are_not_predicted() {
        let with_size = [0x8a, 0x81, 0x01, 0x10, 0x05, 0x00, 0x02, 0xd0];
        check(VideoCodec::Vp9, &with_size, Some(Some((1280, 720))));
        check(VideoCodec::Vp9, &[0xca, 0x81, 0x01], None);
        check(VideoCodec::Vp9, &[0x88, 0x81, 0x01], Some(None));
    }

    #[test]
    fn av1_keyframes_begin_a_coded_video_sequence() {
        check(VideoCodec::Av1, &[0x18, 0x0a], Some(None));
        check(VideoCodec::Av1, &[0x98, 0x0a], None);
        check(VideoCodec::Av1, &[0x10, 0x0a], None);
    }

    #[test]
    fn case_20_no_payload_of_any_length_panics() {
        let mut seed = 1_u32;
        for codec in VideoCodec::ALL {
            for len in 0..200 {
                for _ in 0..50 {
                    let payload: Vec<u8> = (0..len)
                        .map(|_| {
                            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                            // Biased to the small values that headers are made of.
                            if seed >> 30 == 0 {
                                (seed >> 8) as u8 & 0x7f
                            } else {
                                (seed >> 16) as u8
                            }
                        })
                        .collect();
                    let _ = keyframe(codec, &payload);
                }
            }
        }
        // A STAP-A whose unit says that it is longer than the packet.
        check(VideoCodec::H264, &[0x78, 0xff, 0xff, 0x67], None);
    }
}
