//! What an aligned file has before its media: black and silence, by the second.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use veche_media::{AccessUnit, AudioCodec};

use super::MAX_PART_DURATION;
use super::audio;
use super::part::{Layout, described};
use super::write::sample;
use crate::bitstream::black;
use crate::track::Sample;

/// One a second, and for those who came more than ten minutes late as many, longer
/// ones.
const MAX_BLACK_PICTURES: usize = 600;

/// Large pictures are fewer: as many as fit.
const MAX_BLACK_BYTES: usize = 4 * 1024 * 1024;

/// All of it is made at once and waits in memory for the disk. Twelve hours of Opus
/// are three megabytes, two hours of G.711 are this much.
const MAX_SILENCE_BYTES: usize = 64 * 1024 * 1024;

/// Whoever comes later has nothing before: the file would be over.
const MAX_LEAD_IN: Duration = MAX_PART_DURATION;

const SECOND: Duration = Duration::from_secs(1);

/// The samples of one second after the other.
pub(super) struct LeadIn {
    black: VecDeque<Sample>,
    silence: Option<Silence>,
    at: Duration,
    length: Duration,
}

struct Silence {
    track: usize,
    codec: AudioCodec,
    /// Where it stands, and where it ends.
    at: Duration,
    end: Duration,
    bytes: usize,
}

impl LeadIn {
    /// Before `unit`, which begins when the file is so long; the first sound begins
    /// when it is as long as `sound`.
    pub(super) fn new(
        layout: &Layout,
        unit: &AccessUnit,
        length: Duration,
        sound: Duration,
    ) -> Self {
        let length = match length <= MAX_LEAD_IN {
            true => length,
            false => Duration::ZERO,
        };
        let silence = layout.audio.zip(layout.position(false));
        Self {
            black: pictures(layout, unit, length),
            silence: silence.map(|(codec, track)| Silence {
                track,
                codec,
                at: Duration::ZERO,
                end: sound.min(length),
                bytes: 0,
            }),
            at: Duration::ZERO,
            length,
        }
    }
}

impl Iterator for LeadIn {
    type Item = Vec<Sample>;

    fn next(&mut self) -> Option<Vec<Sample>> {
        if self.at >= self.length {
            return None;
        }
        self.at += SECOND;
        let mut samples = Vec::new();
        let shown = self.black.partition_point(|picture| picture.at < self.at);
        samples.extend(self.black.drain(..shown));
        if let Some(silence) = &mut self.silence {
            silence.until(self.at, &mut samples);
        }
        Some(samples)
    }
}

impl Silence {
    fn until(&mut self, until: Duration, samples: &mut Vec<Sample>) {
        let until = until.min(self.end);
        while self.bytes < MAX_SILENCE_BYTES
            && let Some((data, length)) = audio::silence(self.codec, until.saturating_sub(self.at))
        {
            self.bytes += data.len();
            samples.push(sample(self.track, self.at, length, true, data.into()));
            self.at += length;
        }
    }
}

/// Black pictures of the size of `unit` that fill `length`. None where the codec's
/// black takes an encoder.
fn pictures(layout: &Layout, unit: &AccessUnit, length: Duration) -> VecDeque<Sample> {
    let made = layout.video.and_then(|codec| {
        let size = described(codec, unit)?.size?;
        black::keyframe(codec, size)
    });
    let (Some(picture), Some(track)) = (made, layout.position(true)) else {
        return VecDeque::new();
    };
    let fitting = MAX_BLACK_BYTES / picture.len().max(1);
    let seconds = usize::try_from(length.as_secs()).unwrap_or(usize::MAX);
    let count = seconds.min(MAX_BLACK_PICTURES).min(fitting).max(1);
    let count = u32::try_from(count).unwrap_or(1);
    let picture: Arc<[u8]> = picture.into();
    let each = length / count;
    (0..count)
        .map(|i| sample(track, each * i, each, true, Arc::clone(&picture)))
        .collect()
}

#[cfg(test)]
mod tests {
    use veche_media::{AccessUnitKind, FrameSize, VideoCodec};

    use super::*;

    #[test]
    fn black_of_large_pictures_has_a_bound_of_bytes() {
        let size = FrameSize {
            width: 3840,
            height: 2160,
        };
        let codec = VideoCodec::H264;
        let picture = black::keyframe(codec, size).unwrap();
        let kind = AccessUnitKind::Video {
            codec,
            keyframe: true,
            size: None,
            rotation: 0,
        };
        let unit = AccessUnit {
            kind,
            at: Duration::ZERO,
            waited: Duration::ZERO,
            data: picture.into(),
        };
        let layout = Layout {
            video: Some(codec),
            rotation: 0,
            audio: Some(AudioCodec::Opus),
        };
        let hour = Duration::from_secs(3600);
        let lead: Vec<_> = LeadIn::new(&layout, &unit, hour, hour).collect();
        assert_eq!(lead.len(), 3600);
        let black: Vec<_> = lead.iter().flatten().filter(|s| s.track == 0).collect();
        let bytes: usize = black.iter().map(|s| s.data.len()).sum();
        assert!(bytes <= MAX_BLACK_BYTES && black.len() < MAX_BLACK_PICTURES);
        let shown: Duration = black.iter().map(|s| s.duration).sum();
        assert!(hour - shown < SECOND, "{shown:?}");
        let silence = lead.iter().flatten().filter(|s| s.track == 1);
        assert_eq!(silence.map(|s| s.duration).sum::<Duration>(), hour);
        let late = hour * 13;
        assert_eq!(LeadIn::new(&layout, &unit, late, late).count(), 0);
    }
}
