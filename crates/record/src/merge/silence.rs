use std::sync::Arc;
use std::time::Duration;

use crate::bitstream::aac;
use crate::track::{AudioCoding, Sample, Track, TrackMedia, time};

/// Longer gaps are left: a damaged time would ask for years.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Silence where a track of AAC has nothing: MP4 tells how long frames last and
/// not where there are none, and not all players let one last for minutes.
pub(super) struct Silence {
    tracks: Vec<Option<Filled>>,
}

struct Filled {
    /// A frame of silence, and how long it lasts.
    frame: Arc<[u8]>,
    samples: u32,
    rate: u32,
    /// The end of the last frame.
    end: Option<Duration>,
}

impl Silence {
    pub(super) fn new(tracks: &[Track]) -> Self {
        Self {
            tracks: tracks.iter().map(filled).collect(),
        }
    }

    /// None, where gaps need no filling.
    pub(super) fn none() -> Self {
        Self { tracks: Vec::new() }
    }

    /// What is missing before a sample.
    pub(super) fn before(&mut self, sample: &Sample) -> Vec<Sample> {
        let Some(Some(filled)) = self.tracks.get_mut(sample.track) else {
            return Vec::new();
        };
        let end = filled
            .end
            .replace(sample.at.saturating_add(sample.duration));
        let Some(from) = end else {
            return Vec::new();
        };
        let gap = sample.at.saturating_sub(from);
        if gap > LONGEST {
            return Vec::new();
        }
        let (samples, rate) = (u64::from(filled.samples), filled.rate);
        let at = |n: u64| from + time(n * samples, rate);
        (0..)
            .take_while(|n| at(n + 1) <= sample.at)
            .map(|n| Sample {
                track: sample.track,
                at: at(n),
                decode_at: at(n),
                duration: time(samples, rate),
                keyframe: true,
                data: Arc::clone(&filled.frame),
            })
            .collect()
    }
}

fn filled(track: &Track) -> Option<Filled> {
    let TrackMedia::Audio(audio) = &track.media else {
        return None;
    };
    if audio.codec != AudioCoding::Aac {
        return None;
    }
    let found = aac::describe(&audio.config)?;
    Some(Filled {
        frame: aac::silence(&found)?.into(),
        samples: found.frame,
        rate: found.sample_rate,
        end: None,
    })
}
