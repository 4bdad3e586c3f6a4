//! AV1's sequence header (5.5 of its specification) and `av1C`.

use veche_media::FrameSize;

use super::Description;
use super::bits::Bits;

const OBU_SEQUENCE_HEADER: u8 = 1;

/// The first sequence header among OBUs that have sizes.
pub(crate) fn describe(unit: &[u8]) -> Option<Description> {
    let mut rest = unit;
    loop {
        let header = *rest.first()?;
        let extension = usize::from(header >> 2 & 1);
        if header & 0x80 != 0 || header & 0x02 == 0 {
            return None;
        }
        let (size, used) = leb128(rest.get(1 + extension..)?)?;
        let body = 1 + extension + used;
        let end = body.checked_add(size)?;
        let payload = rest.get(body..end)?;
        if header >> 3 & 0x0f == OBU_SEQUENCE_HEADER {
            return sequence(&rest[..end], payload);
        }
        rest = &rest[end..];
    }
}

fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for i in 0..4 {
        let byte = *bytes.get(i)?;
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
}

fn sequence(obu: &[u8], payload: &[u8]) -> Option<Description> {
    let mut bits = Bits::new(payload);
    let profile = bits.take(3)?;
    bits.take(1)?;
    let reduced = bits.flag()?;
    let (mut level, mut tier) = (0, 0);
    if reduced {
        level = bits.take(5)?;
    } else {
        let mut delay_bits = None;
        if bits.flag()? {
            bits.take(32)?;
            bits.take(32)?;
            if bits.flag()? {
                uvlc(&mut bits)?;
            }
            if bits.flag()? {
                delay_bits = Some(bits.take(5)? + 1);
                bits.take(32)?;
                bits.take(10)?;
            }
        }
        let display_delay = bits.flag()?;
        for point in 0..=bits.take(5)? {
            bits.take(12)?;
            let this_level = bits.take(5)?;
            let this_tier = if this_level > 7 { bits.take(1)? } else { 0 };
            if point == 0 {
                (level, tier) = (this_level, this_tier);
            }
            if let Some(n) = delay_bits
                && bits.flag()?
            {
                bits.take(n)?;
                bits.take(n)?;
                bits.take(1)?;
            }
            if display_delay && bits.flag()? {
                bits.take(4)?;
            }
        }
    }
    let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
    let width = bits.take(width_bits)? + 1;
    let height = bits.take(height_bits)? + 1;
    let (high_depth, twelve, mono) = colour(&mut bits, profile, reduced)?;
    let subsampled = u32::from(profile != 1);
    let mut config = vec![0x81];
    config.push((profile << 5 | level) as u8);
    config.push(
        (tier << 7
            | high_depth << 6
            | twelve << 5
            | mono << 4
            | subsampled << 3
            | u32::from(profile == 0) << 2) as u8,
    );
    config.push(0);
    config.extend_from_slice(obu);
    Some(Description {
        config,
        size: Some(FrameSize { width, height }),
    })
}

/// From behind the sizes to the colour: high bit depth, twelve bit, monochrome.
fn colour(bits: &mut Bits<'_>, profile: u32, reduced: bool) -> Option<(u32, u32, u32)> {
    if !reduced && bits.flag()? {
        bits.take(7)?;
    }
    bits.take(3)?;
    if !reduced {
        bits.take(4)?;
        let order_hint = bits.flag()?;
        if order_hint {
            bits.take(2)?;
        }
        let screen = if bits.flag()? { 2 } else { bits.take(1)? };
        if screen > 0 && !bits.flag()? {
            bits.take(1)?;
        }
        if order_hint {
            bits.take(3)?;
        }
    }
    bits.take(3)?;
    let high_depth = bits.take(1)?;
    let twelve = if profile == 2 && high_depth == 1 {
        bits.take(1)?
    } else {
        0
    };
    let mono = if profile == 1 { 0 } else { bits.take(1)? };
    Some((high_depth, twelve, mono))
}

fn uvlc(bits: &mut Bits<'_>) -> Option<()> {
    let mut zeros = 0;
    while !bits.flag()? {
        zeros += 1;
        if zeros >= 32 {
            return Some(());
        }
    }
    bits.take(zeros)?;
    Some(())
}
