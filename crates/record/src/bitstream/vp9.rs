//! VP9's uncompressed header and `vpcC` (VP Codec ISO Media File Format Binding).

use veche_media::FrameSize;

use super::Description;
use super::bits::Bits;

pub(crate) fn describe(frame: &[u8]) -> Option<Description> {
    let mut bits = Bits::new(frame);
    if bits.take(2)? != 2 {
        return None;
    }
    let profile = bits.take(1)? | bits.take(1)? << 1;
    if profile == 3 {
        bits.take(1)?;
    }
    // show_existing_frame, frame_type (0 is key), show_frame, error_resilient.
    let (existing, inter) = (bits.flag()?, bits.flag()?);
    bits.take(2)?;
    if existing || inter || bits.take(24)? != 0x49_83_42 {
        return None;
    }
    let depth = match (profile >= 2).then(|| bits.flag()) {
        Some(flag) => 10 + 2 * u8::from(flag?),
        None => 8,
    };
    let mut subsampling = 1;
    let mut full_range = 0;
    if bits.take(3)? == 7 {
        subsampling = 3;
        full_range = 1;
        if profile & 1 == 1 {
            bits.take(1)?;
        }
    } else {
        full_range |= bits.take(1)? as u8;
        if profile & 1 == 1 {
            subsampling = if bits.take(2)? == 0 { 3 } else { 2 };
            bits.take(1)?;
        }
    }
    let width = bits.take(16)? + 1;
    let height = bits.take(16)? + 1;
    let level = match width.saturating_mul(height) {
        0..=36_864 => 10,
        36_865..=122_880 => 20,
        122_881..=245_760 => 21,
        245_761..=552_960 => 30,
        552_961..=983_040 => 31,
        983_041..=2_228_224 => 40,
        _ => 51,
    };
    let mut config = vec![1, 0, 0, 0, profile as u8, level];
    // Depth, subsampling, range; colours are not specified (2); no further data.
    config.push(depth << 4 | subsampling << 1 | full_range);
    config.extend_from_slice(&[2, 2, 2, 0, 0]);
    Some(Description {
        config,
        size: Some(FrameSize { width, height }),
    })
}
