//! Reading our own files, open or finished, however they end.

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom};

use super::boxes::{Fields, child, children, descend};
use super::fragment::{self, Fragment};
use super::tables::{self, Table};
use super::{MOVIE_TIMESCALE, entry, movie, text};
use crate::error::ReadError;
use crate::extras::Extras;
use crate::track::{MAX_SAMPLE_BYTES, MAX_TRACKS, Sample, Track, TrackMedia, time};

/// A movie box: the tables of a finished part of a day with two tracks are
/// below it.
const MAX_MOVIE_BYTES: u64 = 128 * 1024 * 1024;

/// Boxes at the top of a file before its movie.
const MAX_BOXES_BEFORE_MOVIE: usize = 16;

/// The tracks of a file.
pub(crate) struct Movie {
    pub tracks: Vec<MovieTrack>,
    /// Samples are in fragments.
    pub open: bool,
    /// Behind the movie box.
    pub end: u64,
    pub extras: Extras,
}

pub(crate) struct MovieTrack {
    pub id: u32,
    pub track: Track,
    pub(super) table: Table,
}

/// A box at the top of a file.
#[derive(Clone, Copy)]
pub(super) struct Top {
    pub kind: [u8; 4],
    pub body: u64,
    pub end: u64,
}

/// The header of the box at `at`; `None` if it is not wholly in the file.
pub(super) fn top<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
) -> Result<Option<Top>, ReadError> {
    if at.saturating_add(8) > len {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut head = [0; 16];
    file.read_exact(&mut head[..8])?;
    let mut fields = Fields(&head);
    let size = fields.u32().unwrap_or(0);
    let kind = [head[4], head[5], head[6], head[7]];
    let (size, header) = match size {
        1 => {
            if at.saturating_add(16) > len {
                return Ok(None);
            }
            file.read_exact(&mut head[8..])?;
            (Fields(&head[8..]).u64().unwrap_or(0), 16)
        }
        n => (u64::from(n), 8),
    };
    if size < header {
        return Err(ReadError::malformed("box size", at));
    }
    match at.checked_add(size) {
        Some(end) if end <= len => Ok(Some(Top {
            kind,
            body: at + header,
            end,
        })),
        _ => Ok(None),
    }
}

pub(super) fn body<R: Read + Seek>(
    file: &mut R,
    top: Top,
    what: &'static str,
    limit: u64,
) -> Result<Vec<u8>, ReadError> {
    let size = top.end - top.body;
    if size > limit {
        return Err(ReadError::TooLarge { what, limit });
    }
    file.seek(SeekFrom::Start(top.body))?;
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads up to the end of the movie box.
pub(crate) fn movie<R: Read + Seek>(file: &mut R, len: u64) -> Result<Movie, ReadError> {
    let mut at = 0;
    for _ in 0..MAX_BOXES_BEFORE_MOVIE {
        let found = top(file, at, len)?.ok_or(ReadError::HeaderCutShort)?;
        if &found.kind == b"moov" {
            let bytes = body(file, found, "movie box", MAX_MOVIE_BYTES)?;
            let (tracks, open) = parse(&bytes).ok_or(ReadError::malformed("moov", at))?;
            return Ok(Movie {
                tracks,
                open,
                end: found.end,
                extras: extras(&bytes),
            });
        }
        at = found.end;
    }
    Err(ReadError::malformed("moov", at))
}

fn extras(moov: &[u8]) -> Extras {
    let Some(udta) = child(moov, b"udta") else {
        return Extras::default();
    };
    Extras {
        title: text::read_title(udta),
        chapters: child(udta, b"chpl").map_or(Vec::new(), text::read_chapter_list),
    }
}

fn parse(moov: &[u8]) -> Option<(Vec<MovieTrack>, bool)> {
    let open = child(moov, b"mvex").is_some();
    let mut tracks = Vec::new();
    for (kind, trak) in children(moov) {
        if &kind == b"trak" && !is_chapters(trak) {
            if tracks.len() >= MAX_TRACKS {
                return None;
            }
            tracks.push(parse_track(trak, open)?);
        }
    }
    (!tracks.is_empty()).then_some((tracks, open))
}

/// Chapters are said twice; this is the other form of them.
fn is_chapters(trak: &[u8]) -> bool {
    let handler = descend(trak, &[b"mdia", b"hdlr"]).and_then(|h| h.get(8..12));
    handler == Some(b"text")
}

fn parse_track(trak: &[u8], open: bool) -> Option<MovieTrack> {
    let mut tkhd = Fields(child(trak, b"tkhd")?);
    let (version, _) = tkhd.full()?;
    tkhd.skip(if version == 1 { 16 } else { 8 })?;
    let id = tkhd.u32()?;
    tkhd.skip(if version == 1 { 12 } else { 8 } + 16)?;
    let rotation = movie::rotation(tkhd.u32()?, tkhd.u32()?);

    let mut mdhd = Fields(descend(trak, &[b"mdia", b"mdhd"])?);
    let (version, _) = mdhd.full()?;
    mdhd.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = mdhd.u32()?;

    let stbl = descend(trak, &[b"mdia", b"minf", b"stbl"])?;
    let mut media = entry::read(child(stbl, b"stsd")?)?;
    if let TrackMedia::Video(video) = &mut media {
        video.rotation = rotation;
    }
    let name = descend(trak, &[b"udta", b"name"]).unwrap_or_default();
    let track = Track {
        name: String::from_utf8_lossy(name).into_owned(),
        media,
    };
    if timescale != track.timescale() {
        return None;
    }
    let edits = descend(trak, &[b"edts", b"elst"]).and_then(edits);
    let edits = edits.unwrap_or_default();
    let mut track = track;
    if let TrackMedia::Audio(audio) = &mut track.media
        && edits.skip > 0
    {
        audio.priming = u16::try_from(edits.skip).unwrap_or(u16::MAX);
    }
    let table = if open {
        Table::new(timescale)
    } else {
        let here = |ticks| tables::scale(ticks, MOVIE_TIMESCALE, timescale);
        let mut table = Table::read(stbl, timescale, here(edits.empty))?;
        table.skip = edits.skip;
        table.shown = match &track.media {
            _ if edits.skip == 0 => None,
            // Exactly, unlike the list.
            TrackMedia::Audio(_) => Some(table.length().saturating_sub(edits.skip)),
            _ => Some(here(edits.shown)),
        };
        table
    };
    Some(MovieTrack { id, track, table })
}

/// What an edit list of ours says.
#[derive(Default)]
struct Edits {
    /// Ticks of the movie before anything is shown.
    empty: u64,
    /// Ticks of the movie that are shown then.
    shown: u64,
    /// Ticks of the media that are left out before.
    skip: u64,
}

fn edits(elst: &[u8]) -> Option<Edits> {
    let mut edits = Edits::default();
    let mut fields = Fields(elst);
    let (version, _) = fields.full()?;
    let count = fields.u32()?;
    if version != 1 || count > 2 {
        return None;
    }
    for _ in 0..count {
        let duration = fields.u64()?;
        let media_time = fields.u64()?;
        fields.u32()?;
        if media_time == u64::MAX {
            edits.empty = duration;
        } else {
            edits.shown = duration;
            // Behind it nothing is shown of a file that can be.
            edits.skip = media_time.min(u64::from(u32::MAX));
        }
    }
    Some(edits)
}

/// Gives the samples of a file in about the order of time.
pub(crate) struct Samples<R> {
    file: R,
    len: u64,
    movie: Movie,
    state: State,
}

enum State {
    /// Next fragment; what is left of the one before.
    Fragments { at: u64, ready: VecDeque<Place> },
    /// A place in each track's tables.
    Tables(Vec<Cursor>),
}

#[derive(Clone, Copy)]
struct Place {
    track: usize,
    /// Decoded.
    at: u64,
    shown: u64,
    duration: u32,
    offset: u64,
    size: u32,
    key: bool,
}

#[derive(Clone, Default)]
struct Cursor {
    sample: usize,
    at: u64,
    offset: u64,
    chunk: usize,
    left_in_chunk: u32,
    run: usize,
    used_of_run: u32,
    key: usize,
    offset_run: usize,
    used_of_offset: u32,
}

impl<R: Read + Seek> Samples<R> {
    pub(crate) fn new(mut file: R, len: u64) -> Result<Self, ReadError> {
        let movie = movie(&mut file, len)?;
        let state = if movie.open {
            State::Fragments {
                at: movie.end,
                ready: VecDeque::new(),
            }
        } else {
            State::Tables(
                movie
                    .tracks
                    .iter()
                    .map(|t| Cursor {
                        at: t.table.start.unwrap_or(0),
                        ..Cursor::default()
                    })
                    .collect(),
            )
        };
        Ok(Self {
            file,
            len,
            movie,
            state,
        })
    }

    pub(crate) fn extras(&self) -> &Extras {
        &self.movie.extras
    }

    pub(crate) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.movie.tracks.iter().map(|t| &t.track)
    }

    pub(crate) fn next(&mut self) -> Result<Option<Sample>, ReadError> {
        loop {
            let Some(place) = self.place()? else {
                return Ok(None);
            };
            let mut sample = self.sample(place)?;
            if self.movie.tracks[place.track].track.is_text() {
                match text::decoded(&sample.data) {
                    Some(text) => sample.data = text.into(),
                    // Nothing is shown.
                    None => continue,
                }
            }
            return Ok(Some(sample));
        }
    }

    fn place(&mut self) -> Result<Option<Place>, ReadError> {
        Ok(match &mut self.state {
            State::Fragments { at, ready } => {
                while ready.is_empty() {
                    let Some(found) = fragment::read(&mut self.file, &self.movie, *at, self.len)?
                    else {
                        return Ok(None);
                    };
                    *at = found.end;
                    *ready = by_time(&self.movie, &found);
                }
                ready.pop_front()
            }
            State::Tables(cursors) => earliest(&self.movie, cursors),
        })
    }

    fn sample(&mut self, place: Place) -> Result<Sample, ReadError> {
        let size = usize::try_from(place.size).unwrap_or(usize::MAX);
        if size > MAX_SAMPLE_BYTES {
            return Err(ReadError::TooLarge {
                what: "sample",
                limit: MAX_SAMPLE_BYTES as u64,
            });
        }
        if place.offset.saturating_add(u64::from(place.size)) > self.len {
            return Err(ReadError::malformed("sample place", place.offset));
        }
        self.file.seek(SeekFrom::Start(place.offset))?;
        let mut data = vec![0; size];
        self.file.read_exact(&mut data)?;
        let rate = self.movie.tracks[place.track].track.timescale();
        Ok(Sample {
            track: place.track,
            at: time(place.shown, rate),
            decode_at: time(place.at, rate),
            duration: time(u64::from(place.duration), rate),
            keyframe: place.key,
            data: data.into(),
        })
    }
}

fn by_time(movie: &Movie, fragment: &Fragment) -> VecDeque<Place> {
    let mut places: Vec<Place> = Vec::new();
    for run in &fragment.runs {
        let mut at = run.start;
        for entry in &run.entries {
            places.push(Place {
                track: run.track,
                at,
                shown: at.saturating_add_signed(i64::from(entry.shown)),
                duration: entry.duration,
                offset: entry.offset,
                size: entry.size,
                key: entry.key,
            });
            at = at.saturating_add(u64::from(entry.duration));
        }
    }
    places.sort_by_key(|p| time(p.at, movie.tracks[p.track].track.timescale()));
    places.into()
}

/// The next sample of the track that is furthest behind.
fn earliest(movie: &Movie, cursors: &mut [Cursor]) -> Option<Place> {
    let (track, cursor) = cursors
        .iter_mut()
        .enumerate()
        .filter(|(i, c)| c.sample < movie.tracks[*i].table.sizes.len())
        .min_by_key(|(i, c)| time(c.at, movie.tracks[*i].track.timescale()))?;
    let table = &movie.tracks[track].table;
    let size = table.sizes[cursor.sample];
    while cursor.left_in_chunk == 0 {
        let (offset, samples) = table.chunks.get(cursor.chunk)?;
        cursor.offset = *offset;
        cursor.left_in_chunk = *samples;
        cursor.chunk += 1;
    }
    let mut duration = 0;
    while let Some((count, delta)) = table.deltas.get(cursor.run) {
        if cursor.used_of_run < *count {
            cursor.used_of_run += 1;
            duration = *delta;
            break;
        }
        cursor.run += 1;
        cursor.used_of_run = 0;
    }
    let mut shown = cursor.at;
    while let Some((count, offset)) = table.offsets.get(cursor.offset_run) {
        if cursor.used_of_offset < *count {
            cursor.used_of_offset += 1;
            shown = shown.saturating_add_signed(i64::from(*offset));
            break;
        }
        cursor.offset_run += 1;
        cursor.used_of_offset = 0;
    }
    if movie.tracks[track].track.is_video() {
        shown = shown.saturating_sub(table.skip);
    }
    let number = u32::try_from(cursor.sample).unwrap_or(u32::MAX - 1) + 1;
    let key = table.keys.get(cursor.key) == Some(&number);
    let place = Place {
        track,
        at: cursor.at,
        shown,
        duration,
        offset: cursor.offset,
        size,
        key: key || !movie.tracks[track].track.is_video(),
    };
    cursor.key += usize::from(key);
    cursor.sample += 1;
    cursor.left_in_chunk -= 1;
    cursor.at = cursor.at.saturating_add(u64::from(duration));
    cursor.offset = cursor.offset.saturating_add(u64::from(size));
    Some(place)
}
