//! VP8, RFC 7741.

use std::sync::Arc;

use super::{CodedFrame, DepacketizeError};
use crate::FrameSize;

pub(super) fn frame(payloads: &[Arc<[u8]>]) -> Result<CodedFrame, DepacketizeError> {
    let mut data = Vec::with_capacity(payloads.iter().map(|p| p.len()).sum());
    for (index, payload) in payloads.iter().enumerate() {
        let (begins, rest) = descriptor(payload)?;
        if begins != (index == 0) {
            return Err(DepacketizeError::NoBeginning);
        }
        data.extend_from_slice(rest);
    }
    let first = *data.first().ok_or(DepacketizeError::Empty)?;
    // RFC 6386, 9.1: the lowest bit is clear on keyframes; a start code, then
    // 14 bits each of width and height.
    let keyframe = first & 0x01 == 0;
    let size = if keyframe {
        match data.get(3..10) {
            Some([0x9d, 0x01, 0x2a, w0, w1, h0, h1]) => Some(FrameSize {
                width: u32::from(u16::from_le_bytes([*w0, *w1]) & 0x3fff),
                height: u32::from(u16::from_le_bytes([*h0, *h1]) & 0x3fff),
            }),
            _ => return Err(DepacketizeError::Bitstream("a VP8 keyframe")),
        }
    } else {
        None
    };
    Ok(CodedFrame {
        data,
        keyframe,
        size,
        reconfigured: false,
    })
}

/// RFC 7741, 4.2: whether the payload begins a frame, and what is behind the
/// descriptor.
fn descriptor(payload: &[u8]) -> Result<(bool, &[u8]), DepacketizeError> {
    const TRUNCATED: DepacketizeError = DepacketizeError::Truncated("VP8 payload descriptor");
    let byte = |at: usize| payload.get(at).copied().ok_or(TRUNCATED);
    let first = byte(0)?;
    let begins = first & 0x10 != 0 && first & 0x07 == 0;
    let mut at = 1;
    if first & 0x80 != 0 {
        let flags = byte(at)?;
        at += 1;
        if flags & 0x80 != 0 {
            at += if byte(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(flags & 0x40 != 0);
        at += usize::from(flags & 0x30 != 0);
    }
    match payload.get(at..) {
        Some(rest) if !rest.is_empty() => Ok((begins, rest)),
        _ => Err(TRUNCATED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 10] = [0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];

    fn payload(descriptor: &[u8], rest: &[u8]) -> Arc<[u8]> {
        [descriptor, rest].concat().into()
    }

    #[test]
    fn descriptors_of_every_length_are_taken_off() {
        for descriptor in [
            &[0x10][..],
            &[0x90, 0x00],
            &[0x90, 0x80, 0x11],
            &[0x90, 0x80, 0x81, 0x23],
            &[0x90, 0xe0, 0x81, 0x23, 0x07, 0x20],
            &[0x90, 0x10, 0x20],
        ] {
            let frame = frame(&[payload(descriptor, &KEY), payload(&[0x00], &[1, 2])]).unwrap();
            assert_eq!(
                frame.data,
                [&KEY[..], &[1, 2]].concat(),
                "{descriptor:02x?}"
            );
            assert!(frame.keyframe);
            let size = frame.size.unwrap();
            assert_eq!((size.width, size.height), (640, 480));
        }
    }

    #[test]
    fn later_partitions_begin_no_frame() {
        let parts = [payload(&[0x10], &[0x51, 0, 0]), payload(&[0x11], &[7])];
        assert_eq!(frame(&parts).unwrap().data, [0x51, 0, 0, 7]);
    }

    #[test]
    fn a_frame_without_its_beginning_is_refused() {
        assert_eq!(
            frame(&[payload(&[0x00], &KEY)]),
            Err(DepacketizeError::NoBeginning)
        );
        let twice = [payload(&[0x10], &KEY), payload(&[0x10], &KEY)];
        assert_eq!(frame(&twice), Err(DepacketizeError::NoBeginning));
    }

    #[test]
    fn case_20_cut_short_at_any_byte_is_an_error_or_a_shorter_frame() {
        let whole = [&[0x90, 0xe0, 0x81, 0x23, 0x07, 0x20][..], &KEY].concat();
        for len in 0..whole.len() {
            assert!(frame(&[whole[..len].into()]).is_err(), "{len} bytes");
        }
        assert!(frame(&[]).is_err());
    }
}
