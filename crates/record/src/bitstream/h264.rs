//! H.264 access units with lengths before NAL units, and `avcC`
//! (ISO/IEC 14496-15, 5.3.3.1).

use veche_media::{VideoCodec, keyframe};

use super::Description;

const SPS: u8 = 7;
const PPS: u8 = 8;

/// `avcC` counts parameter sets in five bits, and picture sets in eight.
const MAX_SETS: usize = 31;

/// NAL units of an access unit; stops at one that is cut short.
pub(crate) fn nal_units(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = unit;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (nal, next) = tail.split_at_checked(length)?;
        rest = next;
        Some(nal)
    })
}

/// `None` if there are no parameter sets in it.
pub(crate) fn describe(unit: &[u8]) -> Option<Description> {
    let of = |kind: u8| {
        nal_units(unit)
            .filter(move |n| n.len() >= 4 && n[0] & 0x1f == kind && n.len() <= 0xffff)
            .take(MAX_SETS)
            .collect::<Vec<_>>()
    };
    let (sps, pps) = (of(SPS), of(PPS));
    let first = *sps.first()?;
    if pps.is_empty() {
        return None;
    }
    Some(Description {
        config: config(&sps, &pps),
        size: keyframe(VideoCodec::H264, first).and_then(|k| k.size),
    })
}

pub(crate) fn config(sps: &[&[u8]], pps: &[&[u8]]) -> Vec<u8> {
    let first = sps.first().copied().unwrap_or(&[SPS, 66, 0, 30]);
    // Version 1; profile, constraints, level; four bytes of length.
    let mut config = vec![1, first[1], first[2], first[3], 0xff];
    for (mark, sets) in [(0xe0_u8, sps), (0, pps)] {
        config.push(mark | sets.len() as u8);
        for set in sets {
            config.extend_from_slice(&(set.len() as u16).to_be_bytes());
            config.extend_from_slice(set);
        }
    }
    if matches!(first[1], 100 | 110 | 122 | 144) {
        // 4:2:0, eight bits, which is all that WebRTC has; no extensions.
        config.extend_from_slice(&[0xfd, 0xf8, 0xf8, 0]);
    }
    config
}

/// Emulation prevention (ITU-T H.264, 7.4.1).
pub(crate) fn escape(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len() + 8);
    let mut zeros = 0;
    for &byte in nal {
        if zeros == 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}
