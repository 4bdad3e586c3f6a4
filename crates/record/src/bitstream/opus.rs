//! Opus packets (RFC 6716, 3) and its identification header (RFC 7845, 5.1).

use std::time::Duration;

/// How long a packet lasts, by its table of contents.
pub(crate) fn duration(packet: &[u8]) -> Option<Duration> {
    let toc = *packet.first()?;
    let config = toc >> 3;
    let frame_us: u64 = match config {
        0..12 => [10_000, 20_000, 40_000, 60_000][usize::from(config & 3)],
        12..16 => [10_000, 20_000][usize::from(config & 1)],
        _ => [2_500, 5_000, 10_000, 20_000][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1)? & 0x3f),
    };
    let total = frame_us * frames;
    // RFC 6716, 3.4, R5.
    (frames > 0 && total <= 120_000).then(|| Duration::from_micros(total))
}

/// A packet of silence, as long as possible but not longer than `longest`.
///
/// CELT frames whose only bits say "silence" (RFC 6716, 4.3), which every
/// decoder turns into zeros whatever it decoded before.
pub(crate) fn silence(longest: Duration) -> Option<(Vec<u8>, Duration)> {
    let us = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    let frames = (us / 20_000).min(6);
    if frames > 1 {
        // Code 3, constant rate, two bytes a frame.
        let mut packet = vec![0xfb, frames as u8];
        for _ in 0..frames {
            packet.extend_from_slice(&[0xff, 0xfe]);
        }
        return Some((packet, Duration::from_micros(frames * 20_000)));
    }
    [(20_000, 31), (10_000, 30), (5_000, 29), (2_500, 28)]
        .into_iter()
        .find(|(length, _)| *length <= us)
        .map(|(length, config)| (vec![config << 3, 0xff, 0xfe], Duration::from_micros(length)))
}

/// `OpusHead`, as Matroska's private data.
///
/// Recordings are without pre-skip: one joins a running stream, so there is no
/// encoder's beginning to cut, and timestamps are those of the sound.
pub(crate) fn head(channels: u8, pre_skip: u16) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend_from_slice(&pre_skip.to_le_bytes());
    head.extend_from_slice(&48_000_u32.to_le_bytes());
    head.extend_from_slice(&0_u16.to_le_bytes());
    head.push(0);
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_tell_their_length() {
        let us = |p: &[u8]| duration(p).map(|d| d.as_micros());
        assert_eq!(us(&[0xfc, 1, 2]), Some(20_000));
        assert_eq!(us(&[0x78]), Some(20_000));
        assert_eq!(us(&[0x19]), Some(120_000));
        assert_eq!(us(&[0xfb, 0x06]), Some(120_000));
        assert_eq!(us(&[0xfb, 0x07]), None);
        assert_eq!(us(&[0xfb]), None);
        assert_eq!(us(&[]), None);
    }

    #[test]
    fn silence_tells_its_own_length() {
        for ms in [3, 5, 10, 20, 39, 40, 120, 5_000] {
            let (packet, length) = silence(Duration::from_millis(ms)).unwrap();
            assert_eq!(duration(&packet), Some(length), "{ms} ms");
            assert!(length <= Duration::from_millis(ms));
        }
        assert_eq!(silence(Duration::from_millis(2)), None);
    }
}
