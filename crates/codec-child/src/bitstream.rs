//! What encoders give, in the form that record files have.

use veche_codec::{AudioCodec, VideoCodec};

/// What a container needs before the first picture; `None` if the encoder's
/// own form is not understood.
pub(crate) fn config(codec: VideoCodec, given: &[u8]) -> Option<Vec<u8>> {
    match codec {
        VideoCodec::H264 => avcc(given),
        // In their keyframes, or nothing.
        VideoCodec::Vp8 | VideoCodec::Vp9 | VideoCodec::Av1 | VideoCodec::Jpeg => Some(Vec::new()),
    }
}

/// `OpusHead` without its magic; `AudioSpecificConfig` as it is.
pub(crate) fn sound_config(codec: AudioCodec, given: &[u8]) -> &[u8] {
    match codec {
        AudioCodec::Opus => given.strip_prefix(b"OpusHead").unwrap_or(given),
        _ => given,
    }
}

/// A coded picture.
pub(crate) fn unit(codec: VideoCodec, given: &[u8]) -> Vec<u8> {
    match codec {
        VideoCodec::H264 => length_prefixed(given, |nal| matches!(nal & 0x1f, SPS | PPS | AUD)),
        VideoCodec::Av1 => given
            .strip_prefix(&TEMPORAL_DELIMITER)
            .unwrap_or(given)
            .to_vec(),
        _ => given.to_vec(),
    }
}

/// An OBU of that type with a size of zero (AV1 specification, 5.3).
const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0];

const SPS: u8 = 7;
const PPS: u8 = 8;
const AUD: u8 = 9;

/// NAL units behind their length instead of start codes, without those whose
/// first byte is not wanted.
fn length_prefixed(annex_b: &[u8], is_left_out: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(annex_b.len() + 16);
    for nal in nal_units(annex_b) {
        if !nal.first().is_some_and(|first| is_left_out(*first)) {
            out.extend_from_slice(&(nal.len() as u32).to_be_bytes());
            out.extend_from_slice(nal);
        }
    }
    out
}

/// The NAL units of a byte stream (ITU-T H.264, annex B), which are not empty.
fn nal_units(annex_b: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(annex_b);
    std::iter::from_fn(move || {
        let nal = rest?;
        let end = nal.windows(3).position(|w| w == [0, 0, 1]);
        rest = end.and_then(|end| after_start_code(&nal[end..]));
        let nal = &nal[..end.unwrap_or(nal.len())];
        // Zeros before the next start code belong to none.
        let len = nal.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
        Some(&nal[..len])
    })
    .filter(|nal| !nal.is_empty())
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(3).position(|w| w == [0, 0, 1])?;
    Some(&bytes[at + 3..])
}

/// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1) of eight bits, 4:2:0.
fn avcc(annex_b: &[u8]) -> Option<Vec<u8>> {
    let sets = |kind| {
        nal_units(annex_b)
            .filter(|nal| nal[0] & 0x1f == kind)
            .collect::<Vec<_>>()
    };
    let (sps, pps) = (sets(SPS), sets(PPS));
    let profile = sps.first()?.get(1..4)?;
    let mut out = vec![1, profile[0], profile[1], profile[2], 0xff];
    for (mask, sets) in [(0xe0, &sps), (0, &pps)] {
        out.push(mask | u8::try_from(sets.len()).ok()?);
        for set in sets {
            out.extend_from_slice(&u16::try_from(set.len()).ok()?.to_be_bytes());
            out.extend_from_slice(set);
        }
    }
    if matches!(profile[0], 100 | 110 | 122 | 144) {
        out.extend_from_slice(&[0xfd, 0xf8, 0xf8, 0]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nal_units_are_found_behind_start_codes_of_both_lengths() {
        let stream = [
            0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 9, 0, 0, 0, 1, 0x65, 0, 0, 3, 0, 7,
        ];
        let units: Vec<_> = nal_units(&stream).collect();
        assert_eq!(
            units,
            [&[0x67, 1, 2, 3][..], &[0x68, 9], &[0x65, 0, 0, 3, 0, 7]]
        );
        assert_eq!(
            unit(VideoCodec::H264, &stream),
            [0, 0, 0, 6, 0x65, 0, 0, 3, 0, 7]
        );
    }

    #[test]
    fn the_configuration_has_the_sets() {
        let stream = [0, 0, 0, 1, 0x67, 66, 0xc0, 31, 5, 0, 0, 0, 1, 0x68, 9];
        assert_eq!(
            config(VideoCodec::H264, &stream),
            Some(vec![
                1, 66, 0xc0, 31, 0xff, 0xe1, 0, 5, 0x67, 66, 0xc0, 31, 5, 1, 0, 2, 0x68, 9
            ])
        );
        assert_eq!(config(VideoCodec::H264, &[1, 2, 3]), None);
    }
}
