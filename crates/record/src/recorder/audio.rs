use std::time::Duration;

use veche_media::AudioCodec;

use crate::bitstream::{g711, opus};

/// Where a packet of sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There is sound for that time already.
    Overlaps,
    /// There.
    At(Duration),
    /// There, behind silence.
    Behind {
        silence: (Duration, Duration),
        at: Duration,
    },
}

/// How long a packet lasts, by itself.
pub(super) fn duration(codec: AudioCodec, data: &[u8]) -> Option<Duration> {
    match codec {
        AudioCodec::Opus => opus::duration(data),
        AudioCodec::Pcmu | AudioCodec::Pcma => g711::duration(data),
    }
}

/// Silence, as long as one packet can be but not longer than `longest`.
pub(super) fn silence(codec: AudioCodec, longest: Duration) -> Option<(Vec<u8>, Duration)> {
    match codec {
        AudioCodec::Opus => opus::silence(longest),
        AudioCodec::Pcmu | AudioCodec::Pcma => g711::silence(codec, longest),
    }
}
