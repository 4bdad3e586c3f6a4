//! What is in a file, from where its samples are.

use std::io::{Read, Seek};

use super::header::Movie;
use super::read::{Place, Places};
use crate::error::ReadError;
use crate::finish::{Summary, TrackSummary};
use crate::track::time;

/// What is known of a track so far, in its ticks.
#[derive(Clone, Copy, Default)]
struct Seen {
    samples: u64,
    keyframes: u64,
    first: Option<u64>,
    last: u64,
    /// Of the last that was decoded.
    duration: u32,
}

impl Seen {
    fn add(&mut self, place: &Place) {
        let at = place.when.at;
        self.samples += 1;
        self.keyframes += u64::from(place.key);
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(at);
        self.duration = place.duration;
    }
}

/// Looks at every sample of a file up to where it is whole.
pub(super) fn summary<R: Read + Seek>(
    movie: Movie,
    file: &mut R,
    len: u64,
) -> Result<Summary, ReadError> {
    let mut seen = vec![Seen::default(); movie.tracks.len()];
    let mut places = Places::new(movie);
    let mut bytes_left = len;
    // Damage behind the first ends it, as it ends reading.
    while let Ok(Some(place)) = places.next(file, len) {
        if place.check(len, &mut bytes_left).is_err() {
            break;
        }
        seen[place.track].add(&place);
    }
    let tracks = places.movie.tracks.iter().zip(seen);
    let tracks: Vec<TrackSummary> = tracks
        .map(|(track, seen)| {
            let start = seen.first.unwrap_or(0);
            let end = seen.last.saturating_add(u64::from(seen.duration));
            let end = track.until_end(end.saturating_sub(track.lead()));
            TrackSummary {
                track: track.track.clone(),
                samples: seen.samples,
                keyframes: seen.keyframes,
                start: time(start, track.rate),
                end: time(end.max(start), track.rate),
            }
        })
        .collect();
    Ok(Summary {
        duration: tracks.iter().map(|t| t.end).max().unwrap_or_default(),
        tracks,
        lost_bytes: 0,
    })
}
