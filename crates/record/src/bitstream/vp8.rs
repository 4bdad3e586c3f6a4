//! VP8 (RFC 6386).

use veche_media::FrameSize;

/// Pixels of a keyframe (9.1).
pub(crate) fn size(frame: &[u8]) -> Option<FrameSize> {
    match frame.get(..10)? {
        [first, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] if first & 1 == 0 => Some(FrameSize {
            width: u32::from(u16::from_le_bytes([*w0, *w1]) & 0x3fff),
            height: u32::from(u16::from_le_bytes([*h0, *h1]) & 0x3fff),
        }),
        _ => None,
    }
}

pub(crate) fn black(_size: FrameSize) -> Vec<u8> {
    Vec::new()
}
