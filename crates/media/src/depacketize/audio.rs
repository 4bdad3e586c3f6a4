//! Audio payloads: one packet is one access unit. Opus by RFC 7587 and
//! RFC 6716, G.711 by RFC 3551.

use std::time::Duration;

use super::DepacketizeError;
use crate::AudioCodec;

/// RFC 6716, 3.4 [R5]: an Opus packet lasts at most 120 ms.
const MAX_OPUS_US: u64 = 120_000;
/// RFC 6716, 3.4 [R2].
const MAX_OPUS_FRAME: usize = 1275;
/// A second: senders of G.711 make 20 to 60 ms.
const MAX_G711_BYTES: usize = 8_000;

/// How long a packet lasts.
pub(crate) fn duration(codec: AudioCodec, payload: &[u8]) -> Result<Duration, DepacketizeError> {
    match codec {
        AudioCodec::Opus => opus(payload),
        AudioCodec::Pcmu | AudioCodec::Pcma if payload.len() > MAX_G711_BYTES => {
            Err(DepacketizeError::AudioTooLong(payload.len()))
        }
        AudioCodec::Pcmu | AudioCodec::Pcma => {
            Ok(Duration::from_micros(payload.len() as u64 * 125))
        }
    }
}

/// RFC 6716, 3.1 and 3.2. A DTX packet is a TOC byte alone, or with a byte
/// behind it, and lasts as long as a frame.
fn opus(payload: &[u8]) -> Result<Duration, DepacketizeError> {
    let (toc, rest) = payload.split_first().ok_or(DepacketizeError::Empty)?;
    let config = toc >> 3;
    let frame_us: u64 = match (config, config & 0x03) {
        (0..12, 0) | (12..16, 0 | 2) => 10_000,
        (0..12, 1) | (12..16, 1 | 3) => 20_000,
        (0..12, 2) => 40_000,
        (0..12, _) => 60_000,
        (_, 0) => 2_500,
        (_, 1) => 5_000,
        (_, 2) => 10_000,
        _ => 20_000,
    };
    let frames = match toc & 0x03 {
        0 if rest.len() <= MAX_OPUS_FRAME => 1,
        // [R3]: two frames of one size.
        1 if rest.len() % 2 == 0 && rest.len() / 2 <= MAX_OPUS_FRAME => 2,
        2 => {
            two_sizes(rest)?;
            2
        }
        3 => u64::from(code_3(rest)?),
        _ => return Err(DepacketizeError::Opus),
    };
    let us = frames * frame_us;
    if us > MAX_OPUS_US {
        return Err(DepacketizeError::Opus);
    }
    Ok(Duration::from_micros(us))
}

/// [R4]: the first frame's length, which must fit.
fn two_sizes(rest: &[u8]) -> Result<(), DepacketizeError> {
    let (first, behind) = length(rest)?;
    let second = behind
        .len()
        .checked_sub(first)
        .ok_or(DepacketizeError::Opus)?;
    if second > MAX_OPUS_FRAME {
        return Err(DepacketizeError::Opus);
    }
    Ok(())
}

/// [R6], [R7]: a count of frames, padding, lengths.
fn code_3(rest: &[u8]) -> Result<u8, DepacketizeError> {
    let (head, mut rest) = rest.split_first().ok_or(DepacketizeError::Opus)?;
    let count = head & 0x3f;
    if count == 0 {
        return Err(DepacketizeError::Opus);
    }
    let mut padding = 0_usize;
    if head & 0x40 != 0 {
        loop {
            let (byte, behind) = rest.split_first().ok_or(DepacketizeError::Opus)?;
            rest = behind;
            if *byte < 255 {
                padding += usize::from(*byte);
                break;
            }
            padding += 254;
        }
    }
    let mut left = rest;
    let mut sizes = 0;
    if head & 0x80 != 0 {
        for _ in 1..count {
            let (size, behind) = length(left)?;
            sizes += size;
            left = behind;
        }
    }
    let bytes = left
        .len()
        .checked_sub(padding)
        .and_then(|bytes| bytes.checked_sub(sizes))
        .ok_or(DepacketizeError::Opus)?;
    let equal = head & 0x80 == 0;
    if equal && bytes % usize::from(count) != 0 {
        return Err(DepacketizeError::Opus);
    }
    Ok(count)
}

/// 3.2.1: a frame's length in one byte or two.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), DepacketizeError> {
    match bytes {
        [short @ 0..=251, rest @ ..] => Ok((usize::from(*short), rest)),
        [first, second, rest @ ..] => Ok((usize::from(*second) * 4 + usize::from(*first), rest)),
        _ => Err(DepacketizeError::Opus),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &[u8], expected_us: Option<u64>) {
        assert_eq!(
            opus(payload).ok(),
            expected_us.map(Duration::from_micros),
            "{payload:02x?}"
        );
    }

    #[test]
    fn the_toc_byte_tells_how_long_an_opus_packet_lasts() {
        // SILK NB 10, 20, 40, 60 ms.
        check(&[0x00, 1], Some(10_000));
        check(&[0x08, 1], Some(20_000));
        check(&[0x10, 1], Some(40_000));
        check(&[0x18, 1], Some(60_000));
        // Hybrid SWB 10, FB 20 ms.
        check(&[0x60, 1], Some(10_000));
        check(&[0x78, 1], Some(20_000));
        // CELT 2.5, 5, 10, 20 ms.
        check(&[0x80, 1], Some(2_500));
        check(&[0xe8, 1], Some(5_000));
        check(&[0xf0, 1], Some(10_000));
        check(&[0xf8, 1], Some(20_000));
        // Two frames, of one size and of two.
        check(&[0xf9, 1, 2], Some(40_000));
        check(&[0xf9, 1], None);
        check(&[0xfa, 1, 2, 3], Some(40_000));
        check(&[0xfa, 9, 2], None);
    }

    #[test]
    fn packets_of_any_number_of_frames_are_understood() {
        check(&[0xfb, 3, 1, 2, 3], Some(60_000));
        check(&[0xfb, 0x83, 1, 1, 7, 8, 9], Some(60_000));
        check(&[0xfb, 0x43, 2, 1, 2, 3, 0, 0], Some(60_000));
        check(&[0xfb, 0x41, 255, 1, 2], None);
        check(&[0xfb, 0, 1], None);
        check(&[0xfb, 7, 1, 2, 3, 4, 5, 6, 7], None);
        check(&[0xfb, 0x83, 200, 1, 7], None);
        check(&[0xfb], None);
    }

    #[test]
    fn a_dtx_packet_lasts_as_long_as_a_frame() {
        check(&[0x78], Some(20_000));
        check(&[0x08, 0x00], Some(20_000));
    }

    #[test]
    fn g711_lasts_as_long_as_its_samples() {
        let ms = |bytes| duration(AudioCodec::Pcmu, &vec![0xff; bytes]);
        assert_eq!(ms(160), Ok(Duration::from_millis(20)));
        assert_eq!(ms(9_000), Err(DepacketizeError::AudioTooLong(9_000)));
    }

    #[test]
    fn case_20_no_opus_packet_panics() {
        for toc in 0..=255 {
            for second in 0..=255 {
                for len in 0..8 {
                    let mut payload = vec![second; len + 1];
                    payload[0] = toc;
                    let _ = opus(&payload);
                }
            }
        }
    }
}
