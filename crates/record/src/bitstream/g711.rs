//! G.711: a byte a sample, eight thousand a second.

use std::time::Duration;

use veche_media::AudioCodec;

pub(crate) fn duration(samples: &[u8]) -> Option<Duration> {
    let n = u64::try_from(samples.len()).ok()?;
    (n > 0).then(|| Duration::from_micros(n * 125))
}

/// Sound that is none, at most a tenth of a second of it.
pub(crate) fn silence(codec: AudioCodec, longest: Duration) -> Option<(Vec<u8>, Duration)> {
    let samples = u64::try_from(longest.as_micros() / 125).ok()?.min(800);
    let zero = if codec == AudioCodec::Pcma {
        0xd5
    } else {
        0xff
    };
    let bytes = vec![zero; usize::try_from(samples).ok()?];
    let length = duration(&bytes)?;
    Some((bytes, length))
}
