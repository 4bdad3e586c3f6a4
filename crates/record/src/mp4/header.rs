//! The movie box, read: ours and those of others.

use std::io::{Read, Seek};
use std::time::Duration;

use super::boxes::{Fields, child, children, descend};
use super::describe::{self, Unread};
use super::edits::Edits;
use super::index::Alike;
use super::tables::{Table, scale};
use super::top::{self, Top};
use super::{movie, text};
use crate::error::ReadError;
use crate::extras::Extras;
use crate::track::{MAX_TRACKS, Track, TrackMedia, time};

/// A movie box: the tables of a finished part of a day with two tracks are
/// below it.
pub(super) const MAX_MOVIE_BYTES: u64 = 128 * 1024 * 1024;

/// Boxes at the top of a file before its movie: where it comes last there may be
/// media in several pieces.
const MAX_BOXES_BEFORE_MOVIE: usize = 256;

/// Of a track whose encoder's delay is longer than a track can tell, so much is
/// kept for the decoder to begin with.
const PREROLL_MS: u64 = 250;

/// The tracks of a file.
pub(crate) struct Movie {
    pub tracks: Vec<MovieTrack>,
    /// Ids of tracks that are not read.
    pub(super) ignored: Vec<u32>,
    /// There may be samples in fragments.
    pub open: bool,
    /// How long it says that it is, if there are none.
    pub(super) length: Option<Duration>,
    /// Behind the movie box.
    pub end: u64,
    pub extras: Extras,
}

pub(crate) struct MovieTrack {
    pub id: u32,
    pub track: Track,
    /// Ticks a second in this file.
    pub(super) rate: u32,
    pub(super) table: Table,
    pub(super) defaults: Defaults,
    edits: Edits,
    /// Of sound: ticks before its beginning that are told as priming.
    lead: i64,
}

/// What samples of fragments are if nothing else is said (`trex`).
#[derive(Clone, Copy, Default)]
pub(super) struct Defaults {
    pub duration: u32,
    pub size: u32,
    pub flags: u32,
}

/// When a sample is, on the time of [`crate::Sample`], in ticks of its track.
#[derive(Clone, Copy)]
pub(super) struct When {
    pub at: u64,
    pub decode_at: u64,
    /// In the order of all tracks.
    pub due: i64,
    /// It is shown, or decoded for others that are.
    pub shown: bool,
}

impl Movie {
    /// Samples are in the movie box's tables.
    pub(super) fn has_tables(&self) -> bool {
        self.tracks.iter().any(|t| !t.table.sizes.is_empty())
    }
}

impl MovieTrack {
    /// Places a sample that is decoded `decode` and shown `offset` later.
    pub(super) fn when(&self, decode: u64, offset: i32) -> When {
        let decode = i64::try_from(decode).unwrap_or(i64::MAX / 2);
        let media = decode.saturating_add(i64::from(offset));
        let positive = |at: i64| u64::try_from(at).unwrap_or(0);
        let due = self.edits.place(decode);
        let place = self.edits.place(media);
        if self.track.is_video() {
            let start = self.edits.start();
            return When {
                at: positive(self.edits.until_end(place.max(start))),
                decode_at: positive(decode.saturating_add(start)),
                due,
                shown: true,
            };
        }
        // Sound is told with what is before its beginning; who hears it leaves
        // that out. What is further before is of no use.
        let at = place.saturating_add(self.lead);
        When {
            at: positive(at),
            decode_at: positive(at),
            due,
            shown: at >= self.edits.start() && self.edits.has(media),
        }
    }

    /// The end of all, where the list of edits has one.
    pub(super) fn until_end(&self, at: u64) -> u64 {
        let at = i64::try_from(at).unwrap_or(i64::MAX / 2);
        u64::try_from(self.edits.until_end(at)).unwrap_or(0)
    }

    /// Ticks of the track before what is heard at [`When::at`].
    pub(super) fn lead(&self) -> u64 {
        u64::try_from(self.lead).unwrap_or(0)
    }
}

/// Reads the movie box, wherever it is.
pub(crate) fn movie<R: Read + Seek>(file: &mut R, len: u64) -> Result<Movie, ReadError> {
    let mut at = 0;
    let mut media = false;
    for _ in 0..MAX_BOXES_BEFORE_MOVIE {
        let found = top::header(file, at, len)?;
        media |= found.is_some_and(|found| &found.kind == b"mdat");
        let Some(found) = found.filter(|found| found.end <= len) else {
            return Err(match media {
                true => ReadError::NoIndex,
                false => ReadError::HeaderCutShort,
            });
        };
        if &found.kind == b"moov" {
            return read(file, found, at, len);
        }
        at = found.end;
    }
    Err(ReadError::malformed("moov", at))
}

fn read<R: Read + Seek>(file: &mut R, found: Top, at: u64, len: u64) -> Result<Movie, ReadError> {
    let bytes = top::body(file, found, "movie box", MAX_MOVIE_BYTES)?;
    let malformed = || ReadError::malformed("moov", at);
    let (rate, length) = movie_clock(&bytes).ok_or_else(malformed)?;
    let mvex = child(&bytes, b"mvex");
    let mut tracks = Vec::new();
    let mut ignored = Vec::new();
    let mut unread = Vec::new();
    let mut alike = Alike::within(len);
    let traks = children(&bytes).filter(|(kind, _)| kind == b"trak");
    for (_, trak) in traks {
        let Some(handler) = handler(trak) else {
            ignored.extend(track_id(trak));
            continue;
        };
        if tracks.len() >= MAX_TRACKS {
            return Err(malformed());
        }
        match track(trak, rate, mvex, &mut alike) {
            Ok(track) => tracks.push((alternatives(trak), track)),
            Err(Unread::Codec(codec)) => {
                ignored.extend(track_id(trak));
                unread.push((handler, codec));
            }
            Err(Unread::Malformed) => return Err(malformed()),
        }
    }
    ignored.extend(only_one_of_alternatives(&mut tracks));
    let tracks: Vec<MovieTrack> = tracks.into_iter().map(|(_, track)| track).collect();
    // Beside another that can be, one that cannot be read is left out.
    let missing = unread.into_iter().find(|(handler, _)| match handler {
        Handler::Video => !tracks.iter().any(|t| t.track.is_video()),
        Handler::Audio => !tracks.iter().any(|t| t.track.is_audio()),
        Handler::Text => false,
    });
    if let Some((handler, codec)) = missing {
        return Err(ReadError::Codec {
            what: handler.what(),
            codec,
            known: handler.known(),
        });
    }
    if tracks.is_empty() {
        return Err(malformed());
    }
    Ok(Movie {
        tracks,
        ignored,
        open: mvex.is_some(),
        length: length.filter(|_| mvex.is_none()),
        end: found.end,
        extras: extras(&bytes),
    })
}

/// Ticks a second of the movie, and how long it says that it is.
fn movie_clock(moov: &[u8]) -> Option<(u32, Option<Duration>)> {
    let mut mvhd = Fields(child(moov, b"mvhd")?);
    let (version, _) = mvhd.full()?;
    mvhd.skip(if version == 1 { 16 } else { 8 })?;
    let rate = mvhd.u32().filter(|rate| *rate > 0)?;
    Some((rate, mvhd.wide(version).map(|ticks| time(ticks, rate))))
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

/// Tracks that are more than data for others.
#[derive(Clone, Copy)]
enum Handler {
    Video,
    Audio,
    Text,
}

impl Handler {
    fn what(self) -> &'static str {
        match self {
            Self::Video => "pictures",
            Self::Audio => "sound",
            Self::Text => "text",
        }
    }

    fn known(self) -> &'static str {
        match self {
            Self::Video => "H.264, VP8, VP9 and AV1",
            Self::Audio => "AAC, Opus and G.711",
            Self::Text => "timed text",
        }
    }
}

/// `None` for chapters, which are said twice, time codes, what cameras measured.
fn handler(trak: &[u8]) -> Option<Handler> {
    match descend(trak, &[b"mdia", b"hdlr"])?.get(8..12)? {
        b"vide" => Some(Handler::Video),
        b"soun" => Some(Handler::Audio),
        b"sbtl" => Some(Handler::Text),
        _ => None,
    }
}

/// Which tracks are instead of each other, and whether this one is played by
/// itself.
fn alternatives(trak: &[u8]) -> (u16, bool) {
    let read = || {
        let mut tkhd = Fields(child(trak, b"tkhd")?);
        let (version, flags) = tkhd.full()?;
        tkhd.skip(if version == 1 { 32 } else { 20 } + 10)?;
        Some((tkhd.u16()?, flags & 1 != 0))
    };
    read().unwrap_or((0, true))
}

/// Players play one of several sounds that are instead of each other: languages,
/// the tracks of OBS. In the file of a room, which has several pictures, they are
/// of several people.
/// Gives the ids of the others.
fn only_one_of_alternatives(tracks: &mut Vec<((u16, bool), MovieTrack)>) -> Vec<u32> {
    let videos = tracks.iter().filter(|(_, t)| t.track.is_video()).count();
    if videos > 1 {
        return Vec::new();
    }
    let mut groups: Vec<u16> = Vec::new();
    // Those that are played by themselves first, in their order.
    let mut chosen = vec![true; tracks.len()];
    for enabled in [true, false] {
        for (i, ((group, on), track)) in tracks.iter().enumerate() {
            if *group != 0 && *on == enabled && track.track.is_audio() {
                chosen[i] = !groups.contains(group);
                groups.push(*group);
            }
        }
    }
    let mut chosen = chosen.into_iter();
    let left_out = tracks.extract_if(.., |_| !chosen.next().unwrap_or(true));
    left_out.map(|(_, track)| track.id).collect()
}

fn track_id(trak: &[u8]) -> Option<u32> {
    let mut tkhd = Fields(child(trak, b"tkhd")?);
    let (version, _) = tkhd.full()?;
    tkhd.skip(if version == 1 { 16 } else { 8 })?;
    tkhd.u32()
}

fn track(
    trak: &[u8],
    movie_rate: u32,
    mvex: Option<&[u8]>,
    alike: &mut Alike,
) -> Result<MovieTrack, Unread> {
    let stbl = descend(trak, &[b"mdia", b"minf", b"stbl"]).ok_or(Unread::Malformed)?;
    let stsd = child(stbl, b"stsd").ok_or(Unread::Malformed)?;
    let mut media = describe::read(stsd)?;
    let read = || {
        let mut tkhd = Fields(child(trak, b"tkhd")?);
        let (version, _) = tkhd.full()?;
        tkhd.skip(if version == 1 { 16 } else { 8 })?;
        let id = tkhd.u32()?;
        tkhd.skip(if version == 1 { 12 } else { 8 } + 16)?;
        let rotation = movie::rotation(tkhd.u32()?, tkhd.u32()?);

        let mut mdhd = Fields(descend(trak, &[b"mdia", b"mdhd"])?);
        let (version, _) = mdhd.full()?;
        mdhd.skip(if version == 1 { 16 } else { 8 })?;
        let rate = mdhd.u32().filter(|rate| *rate > 0)?;
        Some((id, rotation, rate))
    };
    let (id, rotation, rate) = read().ok_or(Unread::Malformed)?;
    let elst = descend(trak, &[b"edts", b"elst"]);
    let edits = elst.and_then(|elst| Edits::read(elst, movie_rate, rate));
    let edits = edits.unwrap_or_else(|| Edits::whole(0));
    let mut lead = 0;
    match &mut media {
        TrackMedia::Video(video) => video.rotation = rotation,
        TrackMedia::Audio(audio) if edits.skip() > 0 => {
            lead = told_lead(edits.skip(), rate, audio.sample_rate);
            let samples = scale(lead.unsigned_abs(), rate, audio.sample_rate);
            audio.priming = u16::try_from(samples).unwrap_or(u16::MAX);
        }
        _ => {}
    }
    let name = descend(trak, &[b"udta", b"name"]).unwrap_or_default();
    Ok(MovieTrack {
        id,
        track: Track {
            name: String::from_utf8_lossy(name).into_owned(),
            media,
        },
        rate,
        table: Table::read(stbl, rate, alike).ok_or(Unread::Malformed)?,
        defaults: defaults(mvex, id),
        edits,
        lead,
    })
}

/// How much of what is before the beginning of sound is told.
fn told_lead(skip: i64, rate: u32, sample_rate: u32) -> i64 {
    let samples = scale(skip.unsigned_abs(), rate, sample_rate);
    match samples <= u64::from(u16::MAX) {
        true => skip,
        false => i64::try_from(u64::from(rate) * PREROLL_MS / 1000).unwrap_or(0),
    }
}

fn defaults(mvex: Option<&[u8]>, id: u32) -> Defaults {
    let of_track = |trex: &[u8]| {
        let mut fields = Fields(trex);
        fields.full()?;
        let of = fields.u32()?;
        fields.u32()?;
        let defaults = Defaults {
            duration: fields.u32()?,
            size: fields.u32()?,
            flags: fields.u32()?,
        };
        (of == id).then_some(defaults)
    };
    let trexes = mvex.into_iter().flat_map(children);
    trexes
        .filter(|(kind, _)| kind == b"trex")
        .find_map(|(_, trex)| of_track(trex))
        .unwrap_or_default()
}

/// A time that may be before the start, in nanoseconds.
pub(super) fn signed_time(ticks: i64, rate: u32) -> i64 {
    let nanos = time(ticks.unsigned_abs(), rate).as_nanos();
    let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
    if ticks < 0 { -nanos } else { nanos }
}
