//! `AudioSpecificConfig` (ISO/IEC 14496-3, 1.6.2.1).

use std::time::Duration;

use super::bits::Bits;

/// What it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    pub channels: u8,
    /// Of the core, in Hz.
    pub sample_rate: u32,
    /// Samples of a frame, at that rate.
    pub frame: u32,
}

/// Longer ones have things in them that nobody needs here.
const MAX_CONFIG_BYTES: usize = 64;

const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// `None` for one that makes no sense or has no usual number of channels.
pub(crate) fn describe(config: &[u8]) -> Option<Description> {
    if config.len() > MAX_CONFIG_BYTES {
        return None;
    }
    let mut bits = Bits::new(config);
    let object = object_type(&mut bits)?;
    let sample_rate = rate(&mut bits)?;
    let channels = match bits.take(4)? {
        n @ 1..=6 => n as u8,
        7 => 8,
        _ => return None,
    };
    // SBR and parametric stereo say the rate of their output and what is inside.
    if matches!(object, 5 | 29) {
        rate(&mut bits)?;
        object_type(&mut bits)?;
    }
    let short = bits.take(1)? == 1;
    Some(Description {
        channels,
        sample_rate,
        frame: if short { 960 } else { 1024 },
    })
}

/// A frame of silence of AAC-LC with one or two channels: no section has anything
/// in it (ISO/IEC 14496-3, 4.4.2).
pub(crate) fn silence(of: &Description) -> Option<Vec<u8>> {
    match of.channels {
        1 => Some(vec![0x01, 0x18, 0x20, 0x07]),
        2 => Some(vec![0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c]),
        _ => None,
    }
}

fn object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(32 + bits.take(6)?),
        n => Some(n),
    }
}

fn rate(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(4)? {
        15 => Some(bits.take(24)?).filter(|r| (1_000..=192_000).contains(r)),
        n => RATES.get(n as usize).copied(),
    }
}

/// How long a frame lasts.
pub(crate) fn duration(config: &[u8]) -> Option<Duration> {
    let found = describe(config)?;
    Some(crate::track::time(
        u64::from(found.frame),
        found.sample_rate,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_tell_rate_and_channels() {
        let check = |config: &[u8], expected| {
            let found = describe(config).map(|d| (d.channels, d.sample_rate, d.frame));
            assert_eq!(found, expected, "{config:x?}");
        };
        // As ffmpeg writes them.
        check(&[0x11, 0x90], Some((2, 48_000, 1024)));
        check(&[0x12, 0x10], Some((2, 44_100, 1024)));
        check(&[0x15, 0x88, 0x56, 0xe5, 0x00], Some((1, 8_000, 1024)));
        // HE-AAC, said outright.
        check(&[0x2b, 0x11, 0x88, 0x00], Some((2, 24_000, 1024)));
        check(&[0x11, 0x94], Some((2, 48_000, 960)));
        // Channels by themselves, a rate that is reserved, cut short.
        check(&[0x11, 0x80], None);
        check(&[0x16, 0x90 | 0x80], None);
        check(&[0x11], None);
        check(&[], None);
        check(&[0xff; 65], None);
    }
}
