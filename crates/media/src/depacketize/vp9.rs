//! VP9, RFC 9628.

use std::sync::Arc;

use super::bits::Bits;
use super::{CodedFrame, DepacketizeError};
use crate::FrameSize;

const DESCRIPTOR: DepacketizeError = DepacketizeError::Truncated("VP9 payload descriptor");

/// Frames of one superframe (VP9 bitstream, Annex B).
const MAX_LAYERS: usize = 8;

/// Spatial layers of one picture become a superframe.
pub(super) fn frame(payloads: &[Arc<[u8]>]) -> Result<CodedFrame, DepacketizeError> {
    let mut data = Vec::with_capacity(payloads.iter().map(|p| p.len()).sum());
    let mut layers: Vec<usize> = Vec::new();
    let mut open = false;
    for payload in payloads {
        let Descriptor {
            begins,
            ends,
            spatial,
            rest,
        } = descriptor(payload)?;
        if begins {
            // An end bit that is missing: the next layer began all the same.
            if layers.len() == MAX_LAYERS || (layers.is_empty() && spatial != 0) {
                return Err(DepacketizeError::NoBeginning);
            }
            layers.push(0);
        } else if !open {
            return Err(DepacketizeError::NoBeginning);
        }
        open = !ends;
        data.extend_from_slice(rest);
        if let Some(layer) = layers.last_mut() {
            *layer += rest.len();
        }
    }
    let header = header(&data)?;
    if layers.len() > 1 {
        superframe(&mut data, &layers);
    }
    Ok(CodedFrame {
        data,
        keyframe: header.keyframe,
        size: header.size,
        reconfigured: false,
    })
}

/// Annex B.2: an index behind the frames, its marker before and after.
fn superframe(data: &mut Vec<u8>, layers: &[usize]) {
    // Eight frames at most, four bytes for each size: both fit their bits.
    #[allow(clippy::cast_possible_truncation)]
    let marker = 0b1101_1000 | (layers.len() - 1) as u8;
    data.push(marker);
    for layer in layers {
        let size = u32::try_from(*layer).unwrap_or(u32::MAX);
        data.extend_from_slice(&size.to_le_bytes());
    }
    data.push(marker);
}

struct Descriptor<'a> {
    begins: bool,
    ends: bool,
    spatial: u8,
    rest: &'a [u8],
}

/// RFC 9628, 4.2.
fn descriptor(payload: &[u8]) -> Result<Descriptor<'_>, DepacketizeError> {
    let byte = |at: usize| payload.get(at).copied().ok_or(DESCRIPTOR);
    let first = byte(0)?;
    let [
        has_id,
        predicted,
        has_layer,
        flexible,
        begins,
        ends,
        has_structure,
    ] = [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02].map(|bit| first & bit != 0);
    let mut at = 1;
    if has_id {
        at += if byte(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    let mut spatial = 0;
    if has_layer {
        spatial = byte(at)? >> 1 & 0x07;
        at += if flexible { 1 } else { 2 };
    }
    if flexible && predicted {
        // Three references at most; the lowest bit says that one more follows.
        for _ in 0..3 {
            let more = byte(at)? & 0x01 != 0;
            at += 1;
            if !more {
                break;
            }
        }
    }
    if has_structure {
        let structure = byte(at)?;
        at += 1;
        if structure & 0x10 != 0 {
            at += (usize::from(structure >> 5) + 1) * 4;
        }
        if structure & 0x08 != 0 {
            let pictures = byte(at)?;
            at += 1;
            for _ in 0..pictures {
                at += 1 + usize::from(byte(at)? >> 2 & 0x03);
            }
        }
    }
    match payload.get(at..) {
        Some(rest) if !rest.is_empty() => Ok(Descriptor {
            begins,
            ends,
            spatial,
            rest,
        }),
        _ => Err(DESCRIPTOR),
    }
}

struct Header {
    keyframe: bool,
    size: Option<FrameSize>,
}

/// VP9 bitstream, 6.2: the uncompressed header up to the size.
fn header(data: &[u8]) -> Result<Header, DepacketizeError> {
    const BITSTREAM: DepacketizeError = DepacketizeError::Bitstream("a VP9 frame");
    let mut bits = Bits::new(data);
    let mut parse = || {
        if bits.take(2)? != 0b10 {
            return None;
        }
        let profile = bits.take(1)? | bits.take(1)? << 1;
        if profile == 3 {
            bits.take(1)?;
        }
        let shows_existing = bits.flag()?;
        let inter = shows_existing || bits.flag()?;
        if inter {
            return Some(Header {
                keyframe: false,
                size: None,
            });
        }
        bits.take(2)?;
        if bits.take(24)? != 0x49_83_42 {
            return None;
        }
        if profile >= 2 {
            bits.take(1)?;
        }
        let rgb = bits.take(3)? == 7;
        if rgb {
            if profile & 1 == 1 {
                bits.take(1)?;
            }
        } else {
            bits.take(1)?;
            if profile & 1 == 1 {
                bits.take(3)?;
            }
        }
        let (width, height) = (bits.take(16)? + 1, bits.take(16)? + 1);
        Some(Header {
            keyframe: true,
            size: Some(FrameSize { width, height }),
        })
    };
    parse().ok_or(BITSTREAM)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Profile 0, 320x240.
    const KEY: [u8; 10] = [0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0e, 0xf0, 0xaa];

    fn payload(descriptor: &[u8], rest: &[u8]) -> Arc<[u8]> {
        [descriptor, rest].concat().into()
    }

    #[test]
    fn descriptors_of_every_kind_are_taken_off() {
        for descriptor in [
            &[0x0c][..],
            &[0x8c, 0x11],
            &[0x8c, 0x81, 0x23],
            &[0xac, 0x81, 0x23, 0x00, 0x07],
            &[0xfc, 0x81, 0x23, 0x00, 0x03, 0x03, 0x02],
            &[
                0x9e, 0x81, 0x23, 0x18, 0x01, 0x40, 0x00, 0xf0, 0x01, 0x04, 0x02,
            ],
        ] {
            let frame = frame(&[payload(descriptor, &KEY)]).unwrap();
            assert_eq!(frame.data, KEY, "{descriptor:02x?}");
            assert!(frame.keyframe);
            let size = frame.size.unwrap();
            assert_eq!((size.width, size.height), (320, 240));
        }
    }

    #[test]
    fn spatial_layers_become_a_superframe() {
        let parts = [
            payload(&[0xa8, 0x11, 0x00, 0x07], &KEY[..6]),
            payload(&[0xa4, 0x11, 0x00, 0x07], &KEY[6..]),
            payload(&[0xac, 0x11, 0x03, 0x07], &[0x86, 1, 2]),
        ];
        let frame = frame(&parts).unwrap();
        let index = [0xd9, 10, 0, 0, 0, 3, 0, 0, 0, 0xd9];
        assert_eq!(frame.data, [&KEY[..], &[0x86, 1, 2], &index].concat());
    }

    #[test]
    fn a_frame_without_its_beginning_is_refused() {
        assert_eq!(
            frame(&[payload(&[0x84, 0x11], &KEY)]),
            Err(DepacketizeError::NoBeginning)
        );
        let upper_layer_alone = payload(&[0xac, 0x11, 0x02, 0x07], &KEY);
        assert_eq!(
            frame(&[upper_layer_alone]),
            Err(DepacketizeError::NoBeginning)
        );
    }

    #[test]
    fn case_20_cut_short_at_any_byte_is_an_error() {
        let whole = [
            &[
                0x9e, 0x81, 0x23, 0x18, 0x01, 0x40, 0x00, 0xf0, 0x01, 0x04, 0x02,
            ][..],
            &KEY[..9],
        ]
        .concat();
        for len in 0..whole.len() {
            assert!(frame(&[whole[..len].into()]).is_err(), "{len} bytes");
        }
        assert!(frame(&[[0x8c, 0x11, 0xff].as_slice().into()]).is_err());
    }
}
