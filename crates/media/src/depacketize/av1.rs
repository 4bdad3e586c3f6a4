//! AV1, AOMedia "RTP Payload Format For AV1" 1.0.

use std::sync::Arc;

use super::bits::Bits;
use super::{CodedFrame, DepacketizeError, MAX_UNITS};
use crate::FrameSize;

const ELEMENT: DepacketizeError = DepacketizeError::Truncated("OBU element");

/// Sequence headers are some 20 bytes.
const MAX_SEQUENCE_HEADER: usize = 1 << 10;

// AV1 bitstream, 6.2.2.
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;
const TILE_LIST: u8 = 8;
const PADDING: u8 = 15;

#[derive(Debug, Default)]
pub(crate) struct Av1 {
    /// Of the last keyframe.
    sequence: Vec<u8>,
}

impl Av1 {
    pub(super) fn frame(
        &mut self,
        payloads: &[Arc<[u8]>],
    ) -> Result<Option<CodedFrame>, DepacketizeError> {
        let obus = obus(payloads)?;
        let mut unit = Unit::default();
        for obu in &obus {
            unit.push(obu)?;
        }
        if unit.data.is_empty() {
            return Ok(None);
        }
        let keyframe = unit.sequence.is_some() && unit.shows_keyframe;
        let mut reconfigured = false;
        if keyframe && let Some(sequence) = unit.sequence {
            reconfigured = !self.sequence.is_empty() && self.sequence != sequence;
            if self.sequence != sequence {
                self.sequence = sequence.to_vec();
            }
        }
        Ok(Some(CodedFrame {
            keyframe,
            size: unit.sequence.filter(|_| keyframe).and_then(size),
            data: unit.data,
            reconfigured,
        }))
    }
}

/// One temporal unit being written with sizes.
#[derive(Default)]
struct Unit<'a> {
    data: Vec<u8>,
    sequence: Option<&'a [u8]>,
    /// Of the first frame.
    frame_seen: bool,
    shows_keyframe: bool,
}

impl<'a> Unit<'a> {
    fn push(&mut self, obu: &'a [u8]) -> Result<(), DepacketizeError> {
        let header = *obu.first().ok_or(ELEMENT)?;
        if header & 0x80 != 0 {
            return Err(DepacketizeError::Bitstream("an OBU"));
        }
        let has_extension = header & 0x04 != 0;
        let has_size = header & 0x02 != 0;
        let head = 1 + usize::from(has_extension);
        let mut payload = obu.get(head..).ok_or(ELEMENT)?;
        if has_size {
            let (size, rest) = leb128(payload)?;
            payload = rest.get(..size).ok_or(ELEMENT)?;
        }
        let kind = header >> 3 & 0x0f;
        match kind {
            // Tile lists and padding are not for storing.
            TEMPORAL_DELIMITER | TILE_LIST | PADDING => return Ok(()),
            SEQUENCE_HEADER => {
                if payload.len() > MAX_SEQUENCE_HEADER {
                    return Err(DepacketizeError::ParameterSet(payload.len()));
                }
                self.sequence = Some(payload);
            }
            FRAME | FRAME_HEADER if !self.frame_seen => {
                self.frame_seen = true;
                // 5.9.2: show_existing_frame, frame_type (0 is KEY_FRAME), show_frame.
                let first = *payload.first().ok_or(ELEMENT)?;
                self.shows_keyframe = first & 0b1111_0000 == 0b0001_0000;
            }
            _ => {}
        }
        self.data.push(header | 0x02);
        if has_extension {
            self.data.push(obu[1]);
        }
        write_leb128(&mut self.data, payload.len());
        self.data.extend_from_slice(payload);
        Ok(())
    }
}

/// 4.3 and 4.4 of the payload format: elements, and those that go on in the
/// next packet, put together.
fn obus(payloads: &[Arc<[u8]>]) -> Result<Vec<Vec<u8>>, DepacketizeError> {
    let mut obus: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    for (index, payload) in payloads.iter().enumerate() {
        let (aggregation, mut rest) = payload.split_first().ok_or(ELEMENT)?;
        let continues = aggregation & 0x80 != 0;
        let goes_on = aggregation & 0x40 != 0;
        let count = aggregation >> 4 & 0x03;
        if continues != open {
            return Err(if index == 0 {
                DepacketizeError::NoBeginning
            } else {
                DepacketizeError::Fragments
            });
        }
        let mut number = 0_u8;
        while !rest.is_empty() {
            number = number.saturating_add(1);
            let element = if count != 0 && number == count {
                std::mem::take(&mut rest)
            } else {
                let (size, behind) = leb128(rest)?;
                let (element, behind) = behind.split_at_checked(size).ok_or(ELEMENT)?;
                rest = behind;
                element
            };
            let full = obus.len() == MAX_UNITS;
            match obus.last_mut() {
                Some(last) if continues && number == 1 => last.extend_from_slice(element),
                // Elements of no bytes are allowed, and hold nothing.
                _ if element.is_empty() => {}
                _ if full => {
                    return Err(DepacketizeError::TooManyUnits { limit: MAX_UNITS });
                }
                _ => obus.push(element.to_vec()),
            }
        }
        if number == 0 || (count != 0 && number != count) {
            return Err(ELEMENT);
        }
        open = goes_on;
    }
    if open {
        return Err(DepacketizeError::Fragments);
    }
    Ok(obus)
}

/// 4.10.5 of the bitstream.
fn leb128(bytes: &[u8]) -> Result<(usize, &[u8]), DepacketizeError> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7f) << (index * 7);
        if byte & 0x80 == 0 {
            let value = usize::try_from(value).map_err(|_| ELEMENT)?;
            return Ok((value, &bytes[index + 1..]));
        }
    }
    Err(ELEMENT)
}

fn write_leb128(data: &mut Vec<u8>, mut value: usize) {
    loop {
        #[allow(clippy::cast_possible_truncation)]
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            data.push(low);
            return;
        }
        data.push(low | 0x80);
    }
}

/// 5.5.1: the largest size that a sequence header allows.
fn size(sequence: &[u8]) -> Option<FrameSize> {
    let mut bits = Bits::new(sequence);
    bits.take(4)?;
    let reduced = bits.flag()?;
    if reduced {
        bits.take(5)?;
    } else {
        operating_points(&mut bits)?;
    }
    let width_bits = bits.take(4)? + 1;
    let height_bits = bits.take(4)? + 1;
    let width = bits.take(width_bits)? + 1;
    let height = bits.take(height_bits)? + 1;
    Some(FrameSize { width, height })
}

fn operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.take(32)?;
        bits.take(32)?;
        if bits.flag()? {
            let mut zeros = 0;
            while !bits.flag()? {
                zeros += 1;
            }
            bits.take(if zeros < 32 { zeros } else { 0 })?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.take(5)? + 1);
            bits.take(32)?;
            bits.take(10)?;
        }
    }
    let initial_delay = bits.flag()?;
    for _ in 0..=bits.take(5)? {
        bits.take(12)?;
        if bits.take(5)? > 7 {
            bits.take(1)?;
        }
        if let Some(count) = delay_bits
            && bits.flag()?
        {
            bits.take(count)?;
            bits.take(count)?;
            bits.take(1)?;
        }
        if initial_delay && bits.flag()? {
            bits.take(4)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// libaom, 160x120.
    const SEQUENCE: [u8; 11] = [
        0x0a, 0x00, 0x00, 0x00, 0x02, 0xaf, 0xff, 0x9b, 0xbf, 0xf3, 0x00,
    ];

    fn one(payload: &[u8]) -> Result<Option<CodedFrame>, DepacketizeError> {
        Av1::default().frame(&[payload.into()])
    }

    #[test]
    fn elements_get_sizes_and_delimiters_are_left_out() {
        // W=0: each with its length. Delimiter, frame header that is no keyframe.
        let frame = one(&[0x00, 1, 0x10, 3, 0x18, 0x30, 7]).unwrap().unwrap();
        assert_eq!(frame.data, [0x1a, 2, 0x30, 7]);
        assert!(!frame.keyframe);
        // W=2: the last without.
        let frame = one(&[0x20, 1, 0x10, 0x30, 0x30, 9]).unwrap().unwrap();
        assert_eq!(frame.data, [0x32, 2, 0x30, 9]);
    }

    #[test]
    fn a_fragmented_obu_is_put_together() {
        let parts: [Arc<[u8]>; 3] = [
            [0x50, 0x30, 0x30, 1].as_slice().into(),
            [0xd0, 2, 3].as_slice().into(),
            [0xa0, 1, 4, 0x30, 0x30].as_slice().into(),
        ];
        let frame = Av1::default().frame(&parts).unwrap().unwrap();
        assert_eq!(frame.data, [0x32, 5, 0x30, 1, 2, 3, 4, 0x32, 1, 0x30]);
        assert_eq!(
            Av1::default().frame(&parts[..2]),
            Err(DepacketizeError::Fragments)
        );
        assert_eq!(
            Av1::default().frame(&parts[1..]),
            Err(DepacketizeError::NoBeginning)
        );
    }

    #[test]
    fn a_keyframe_has_a_sequence_header_and_a_size() {
        let mut payload = vec![0x28, 12, 0x08];
        payload.extend(SEQUENCE);
        payload.extend([0x30, 0x10, 5]);
        let frame = one(&payload).unwrap().unwrap();
        assert!(frame.keyframe);
        assert!(frame.size.is_some());
    }

    #[test]
    fn case_20_an_obu_longer_than_its_packet_is_an_error() {
        assert_eq!(one(&[0x00, 0xff, 0x10]), Err(ELEMENT));
        assert_eq!(
            one(&[
                0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01
            ]),
            Err(ELEMENT)
        );
        assert_eq!(one(&[0x00]), Err(ELEMENT));
        assert_eq!(one(&[]), Err(ELEMENT));
        assert_eq!(one(&[0x30, 1, 0x30]), Err(ELEMENT));
        // Its own size field says more than there is.
        assert_eq!(one(&[0x10, 0x32, 0x7f, 1]), Err(ELEMENT));
    }
}
