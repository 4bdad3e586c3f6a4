//! Reading files, ours and those of others, open or finished, however they end.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use super::fragment::{Fragment, Fragments, MAX_FRAGMENT_SAMPLES};
use super::header::{Movie, MovieTrack, When, movie, signed_time};
use super::index::Cursor;
use super::text;
use crate::error::ReadError;
use crate::extras::Extras;
use crate::track::{MAX_SAMPLE_BYTES, Sample, Track, time};

/// Gives the samples of a file in about the order of time.
pub(crate) struct Samples<R> {
    file: R,
    len: u64,
    /// Of the file, that samples may still have. In honest files none is in
    /// another, so that what all have together is less than the file.
    bytes_left: u64,
    places: Places,
}

/// Where a sample is, and when.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub track: usize,
    pub when: When,
    pub duration: u32,
    pub offset: u64,
    pub size: u32,
    pub key: bool,
}

impl<R: Read + Seek> Samples<R> {
    pub(crate) fn new(mut file: R, len: u64) -> Result<Self, ReadError> {
        let movie = movie(&mut file, len)?;
        Ok(Self {
            file,
            len,
            bytes_left: len,
            places: Places::new(movie),
        })
    }

    pub(crate) fn extras(&self) -> &Extras {
        &self.places.movie.extras
    }

    pub(crate) fn length(&self) -> Option<Duration> {
        self.places.movie.length
    }

    pub(crate) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.places.movie.tracks.iter().map(|t| &t.track)
    }

    /// Passes over what is no text, where tables tell what that is.
    pub(crate) fn texts_only(&mut self) {
        self.places.texts_only = true;
    }

    pub(crate) fn next(&mut self) -> Result<Option<Sample>, ReadError> {
        loop {
            let Some(place) = self.places.next(&mut self.file, self.len)? else {
                return Ok(None);
            };
            let mut sample = self.sample(place)?;
            if self.places.movie.tracks[place.track].track.is_text() {
                match text::decoded(&sample.data) {
                    Some(text) => sample.data = text.into(),
                    // Nothing is shown.
                    None => continue,
                }
            }
            return Ok(Some(sample));
        }
    }

    fn sample(&mut self, place: Place) -> Result<Sample, ReadError> {
        let size = usize::try_from(place.size).unwrap_or(usize::MAX);
        if size > MAX_SAMPLE_BYTES {
            return Err(ReadError::TooLarge {
                what: "sample",
                limit: MAX_SAMPLE_BYTES as u64,
            });
        }
        place.check(self.len, &mut self.bytes_left)?;
        self.file.seek(SeekFrom::Start(place.offset))?;
        let mut data = vec![0; size];
        self.file.read_exact(&mut data)?;
        let rate = self.places.movie.tracks[place.track].rate;
        Ok(Sample {
            track: place.track,
            at: time(place.when.at, rate),
            decode_at: time(place.when.decode_at, rate),
            duration: time(u64::from(place.duration), rate),
            keyframe: place.key,
            data: data.into(),
        })
    }
}

impl Place {
    /// Whether it is in a file of this length, and none was too often.
    pub(super) fn check(&self, len: u64, bytes_left: &mut u64) -> Result<(), ReadError> {
        let size = u64::from(self.size);
        if self.offset.saturating_add(size) > len {
            return Err(ReadError::CutOff { at: len });
        }
        match bytes_left.checked_sub(size) {
            Some(left) => *bytes_left = left,
            None => return Err(ReadError::malformed("sample place", self.offset)),
        }
        Ok(())
    }
}

/// The places of a file's samples in about the order of time: first those of the
/// movie's tables, then those of fragments.
pub(super) struct Places {
    pub movie: Movie,
    cursors: Vec<Cursor>,
    fragments: Fragments,
    /// Behind the last fragment that was looked at.
    at: u64,
    /// Of fragments, by when they are due and, where that is the same, in the order
    /// of the file.
    ready: BTreeMap<(i64, u64), Place>,
    /// Of fragments, how many were ready so far.
    count: u64,
    /// The first fragment that is not in [`Self::ready`]. A track may have its
    /// own fragments, so that those of several are at the same time.
    following: Following,
    /// Of tables, samples of text alone.
    texts_only: bool,
}

/// Samples that are ready at once: hours of several tracks that have their own
/// fragments.
const MAX_READY: usize = 4 * MAX_FRAGMENT_SAMPLES;

enum Following {
    /// Not looked at.
    Unknown,
    /// Its samples, and when the first is due.
    Fragment(i64, Vec<Place>),
    End,
    Error(ReadError),
}

impl Places {
    pub(super) fn new(movie: Movie) -> Self {
        Self {
            cursors: vec![Cursor::default(); movie.tracks.len()],
            fragments: Fragments::default(),
            at: movie.end,
            ready: BTreeMap::new(),
            count: 0,
            following: match movie.open {
                true => Following::Unknown,
                false => Following::End,
            },
            texts_only: false,
            movie,
        }
    }

    /// The next sample that is shown, or that others need.
    pub(super) fn next<R: Read + Seek>(
        &mut self,
        file: &mut R,
        len: u64,
    ) -> Result<Option<Place>, ReadError> {
        loop {
            let next = match self.of_tables() {
                Some(place) => Some(place),
                None => self.of_fragments(file, len)?,
            };
            if next.is_none_or(|place| place.when.shown) {
                return Ok(next);
            }
        }
    }

    /// The next of the tables: of the track that is furthest behind.
    fn of_tables(&mut self) -> Option<Place> {
        let tracks = &self.movie.tracks;
        let due = |track: &MovieTrack, cursor: &Cursor| {
            let decode = cursor.decode(&track.table)?;
            Some(signed_time(track.when(decode, 0).due, track.rate))
        };
        let wanted = |track: &MovieTrack| !self.texts_only || track.track.is_text();
        let all = tracks.iter().zip(&self.cursors).enumerate();
        let all = all.filter(|(_, (track, _))| wanted(track));
        let earliest = all.filter_map(|(i, (track, cursor))| Some((due(track, cursor)?, i)));
        let (_, i) = earliest.min()?;
        let track = &tracks[i];
        let found = self.cursors[i].next(&track.table)?;
        Some(Place {
            track: i,
            when: track.when(found.decode, found.offset),
            duration: found.duration,
            offset: found.place,
            size: found.size,
            key: found.key || !track.track.is_video(),
        })
    }

    fn of_fragments<R: Read + Seek>(
        &mut self,
        file: &mut R,
        len: u64,
    ) -> Result<Option<Place>, ReadError> {
        loop {
            if matches!(self.following, Following::Unknown) {
                self.following = self.look(file, len);
            }
            let first = self.ready.first_key_value().map(|((due, _), _)| *due);
            match &mut self.following {
                Following::Fragment(due, places) if first.is_none_or(|first| *due <= first) => {
                    let places = std::mem::take(places);
                    self.following = Following::Unknown;
                    if self.ready.len() + places.len() > MAX_READY {
                        return Err(ReadError::malformed("fragment", self.at));
                    }
                    for place in places {
                        self.ready.insert((self.due(&place), self.count), place);
                        self.count += 1;
                    }
                }
                Following::Error(_) if first.is_none() => {
                    match std::mem::replace(&mut self.following, Following::End) {
                        Following::Error(error) => return Err(error),
                        _ => return Ok(None),
                    }
                }
                _ => return Ok(self.ready.pop_first().map(|(_, place)| place)),
            }
        }
    }

    fn due(&self, place: &Place) -> i64 {
        signed_time(place.when.due, self.movie.tracks[place.track].rate)
    }

    fn look<R: Read + Seek>(&mut self, file: &mut R, len: u64) -> Following {
        let found = self.fragments.read(file, &self.movie, self.at, len);
        match found {
            Ok(Some(found)) => {
                self.at = found.end;
                let places = places(&self.movie, &found);
                let first = places.iter().map(|place| self.due(place)).min();
                match first {
                    Some(first) => Following::Fragment(first, places),
                    // Of tracks that are not read; the next has an end of its own.
                    None => Following::Fragment(i64::MIN, places),
                }
            }
            Ok(None) => Following::End,
            Err(error) => Following::Error(error),
        }
    }
}

fn places(movie: &Movie, fragment: &Fragment) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for run in &fragment.runs {
        let track = &movie.tracks[run.track];
        let mut decode = run.start;
        for entry in &run.entries {
            places.push(Place {
                track: run.track,
                when: track.when(decode, entry.shown),
                duration: entry.duration,
                offset: entry.offset,
                size: entry.size,
                key: entry.key || !track.track.is_video(),
            });
            decode = decode.saturating_add(u64::from(entry.duration));
        }
    }
    places
}
