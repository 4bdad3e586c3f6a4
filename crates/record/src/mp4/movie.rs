//! The movie box: the tracks, and for a finished file where their samples are.

use super::MOVIE_TIMESCALE;
use super::boxes::{boxed, full, u16, u32, u64, zeros};
use super::tables::Table;
use super::{entry, text};
use crate::extras::Chapter;
use crate::track::{AudioCoding, Track, TrackMedia};

/// What a finished movie says of one track; an open one says nothing yet.
pub(super) struct Finished<'a> {
    pub table: &'a Table,
    /// Added to the places in the table.
    pub shift: u64,
}

/// What a finished movie says of itself.
#[derive(Default)]
pub(super) struct About<'a> {
    pub title: Option<&'a str>,
    pub chapters: &'a [Chapter],
    /// Of the chapters as samples; there if there are any.
    pub chapter_track: Option<Finished<'a>>,
}

/// Appends `moov`.
pub(super) fn write(
    out: &mut Vec<u8>,
    tracks: &[Track],
    finished: Option<&[Finished<'_>]>,
    about: &About<'_>,
) {
    let ends = |i: usize| {
        finished.map_or((0, 0), |f| {
            let table = f[i].table;
            (
                table.start_in(MOVIE_TIMESCALE),
                table.shown_in(MOVIE_TIMESCALE),
            )
        })
    };
    let duration = (0..tracks.len())
        .map(|i| ends(i).0.saturating_add(ends(i).1))
        .max()
        .unwrap_or(0);
    boxed(out, b"moov", |out| {
        full(out, b"mvhd", 1, 0, |out| {
            zeros(out, 16);
            u32(out, MOVIE_TIMESCALE);
            u64(out, duration);
            u32(out, 0x0001_0000);
            u16(out, 0x0100);
            zeros(out, 10);
            matrix(out, 0, 0, 0);
            zeros(out, 24);
            u32(out, track_id(tracks.len() + 1));
        });
        let screen = tracks.iter().find_map(|t| match &t.media {
            TrackMedia::Video(video) => {
                Some((video.size.width & 0xffff, video.size.height & 0xffff))
            }
            _ => None,
        });
        for (i, track) in tracks.iter().enumerate() {
            let (start, length) = ends(i);
            let finished = finished.map(|f| &f[i]);
            boxed(out, b"trak", |out| {
                header(out, i, &track.media, start.saturating_add(length), screen);
                let skip = match (finished, &track.media) {
                    (Some(f), _) => f.table.skip,
                    // Of no length: all that follows.
                    (None, TrackMedia::Audio(audio)) => u64::from(audio.priming),
                    _ => 0,
                };
                // Without one Apple's software takes AAC to begin with 2112 samples
                // that are none of the sound.
                let told = finished.is_some() && is_aac(&track.media);
                if start > 0 || skip > 0 || told {
                    edits(out, start, length, skip);
                }
                if about.chapter_track.is_some() && !track.is_text() {
                    boxed(out, b"tref", |out| {
                        boxed(out, b"chap", |out| u32(out, track_id(tracks.len())));
                    });
                }
                media(out, track, finished);
                if !track.name.is_empty() {
                    boxed(out, b"udta", |out| {
                        boxed(out, b"name", |out| {
                            out.extend_from_slice(track.short_name().as_bytes());
                        });
                    });
                }
            });
        }
        if let Some(chapters) = &about.chapter_track {
            let start = chapters.table.start_in(MOVIE_TIMESCALE);
            let length = chapters.table.shown_in(MOVIE_TIMESCALE);
            boxed(out, b"trak", |out| {
                header(
                    out,
                    tracks.len(),
                    &TrackMedia::Text,
                    start.saturating_add(length),
                    screen,
                );
                if start > 0 {
                    edits(out, start, length, 0);
                }
                chapter_media(out, chapters);
            });
        }
        if about.title.is_some() || !about.chapters.is_empty() {
            boxed(out, b"udta", |out| {
                if let Some(title) = about.title {
                    text::write_title(out, title);
                }
                if !about.chapters.is_empty() {
                    text::write_chapter_list(out, about.chapters);
                }
            });
        }
        if finished.is_none() {
            boxed(out, b"mvex", |out| {
                for i in 0..tracks.len() {
                    full(out, b"trex", 0, 0, |out| {
                        u32(out, track_id(i));
                        u32(out, 1);
                        zeros(out, 12);
                    });
                }
            });
        }
    });
}

pub(super) fn track_id(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX - 1) + 1
}

fn header(
    out: &mut Vec<u8>,
    position: usize,
    media: &TrackMedia,
    duration: u64,
    screen: Option<(u32, u32)>,
) {
    // In the movie; text is not enabled by itself.
    let flags = if *media == TrackMedia::Text { 2 } else { 3 };
    full(out, b"tkhd", 1, flags, |out| {
        zeros(out, 16);
        u32(out, track_id(position));
        u32(out, 0);
        u64(out, duration);
        zeros(out, 12);
        match media {
            TrackMedia::Video(video) => {
                let (w, h) = (video.size.width & 0xffff, video.size.height & 0xffff);
                u16(out, 0);
                u16(out, 0);
                matrix(out, video.rotation, w, h);
                u32(out, w << 16);
                u32(out, h << 16);
            }
            TrackMedia::Audio(_) => {
                u16(out, 0x0100);
                u16(out, 0);
                matrix(out, 0, 0, 0);
                zeros(out, 8);
            }
            TrackMedia::Text => {
                // The lowest quarter of the picture.
                let (w, h) = screen.unwrap_or((0, 0));
                zeros(out, 4);
                translation(out, 0, h - h / 4);
                u32(out, w << 16);
                u32(out, (h / 4) << 16);
            }
        }
    });
}

/// The transformation that turns a picture of `w` by `h` clockwise.
fn matrix(out: &mut Vec<u8>, rotation: u16, w: u32, h: u32) {
    const ONE: u32 = 0x0001_0000;
    const MINUS: u32 = ONE.wrapping_neg();
    let (a, b, c, d, x, y) = match rotation {
        90 => (0, ONE, MINUS, 0, h << 16, 0),
        180 => (MINUS, 0, 0, MINUS, w << 16, h << 16),
        270 => (0, MINUS, ONE, 0, 0, w << 16),
        _ => (ONE, 0, 0, ONE, 0, 0),
    };
    for value in [a, b, 0, c, d, 0, x, y, 0x4000_0000] {
        u32(out, value);
    }
}

fn translation(out: &mut Vec<u8>, x: u32, y: u32) {
    for value in [
        0x0001_0000,
        0,
        0,
        0,
        0x0001_0000,
        0,
        x << 16,
        y << 16,
        0x4000_0000,
    ] {
        u32(out, value);
    }
}

/// Clockwise degrees of a `tkhd` matrix.
pub(super) fn rotation(a: u32, b: u32) -> u16 {
    match (a, b) {
        (0, 0x0001_0000) => 90,
        (0xffff_0000, 0) => 180,
        (0, 0xffff_0000) => 270,
        _ => 0,
    }
}

fn is_aac(media: &TrackMedia) -> bool {
    matches!(media, TrackMedia::Audio(audio) if audio.codec == AudioCoding::Aac)
}

/// Each frame is heard rightly when the one before it was decoded (ISO/IEC
/// 14496-12, 10.1). Readers of Apple's take the edit list to tell the encoder's
/// delay where they find this, and guess it where they do not (QuickTime File
/// Format, appendix G).
fn roll(out: &mut Vec<u8>, samples: usize) {
    full(out, b"sgpd", 1, 0, |out| {
        out.extend_from_slice(b"roll");
        u32(out, 2);
        u32(out, 1);
        u16(out, (-1_i16).cast_unsigned());
    });
    full(out, b"sbgp", 0, 0, |out| {
        out.extend_from_slice(b"roll");
        u32(out, 1);
        u32(out, u32::try_from(samples).unwrap_or(u32::MAX));
        u32(out, 1);
    });
}

/// Nothing for `start`, then the track without its first `skip` ticks: it
/// begins when it truly began.
fn edits(out: &mut Vec<u8>, start: u64, length: u64, skip: u64) {
    boxed(out, b"edts", |out| {
        full(out, b"elst", 1, 0, |out| {
            u32(out, if start > 0 { 2 } else { 1 });
            if start > 0 {
                u64(out, start);
                u64(out, u64::MAX);
                u32(out, 0x0001_0000);
            }
            u64(out, length);
            u64(out, skip);
            u32(out, 0x0001_0000);
        });
    });
}

fn media(out: &mut Vec<u8>, track: &Track, finished: Option<&Finished<'_>>) {
    boxed(out, b"mdia", |out| {
        let length = finished.map_or(0, |f| f.table.length());
        media_header(out, track.timescale(), length);
        let kind = match &track.media {
            TrackMedia::Video(_) => b"vide",
            TrackMedia::Audio(_) => b"soun",
            TrackMedia::Text => b"sbtl",
        };
        handler(out, kind, track.short_name());
        boxed(out, b"minf", |out| {
            match &track.media {
                TrackMedia::Video(_) => full(out, b"vmhd", 0, 1, |out| zeros(out, 8)),
                TrackMedia::Audio(_) => full(out, b"smhd", 0, 0, |out| zeros(out, 4)),
                TrackMedia::Text => full(out, b"nmhd", 0, 0, |_| {}),
            }
            data_here(out);
            boxed(out, b"stbl", |out| {
                entry::description(out, &track.media);
                match finished {
                    Some(f) => {
                        f.table.write(out, f.shift, track.is_video());
                        if is_aac(&track.media) {
                            roll(out, f.table.sizes.len());
                        }
                    }
                    None => Table::default().write(out, 0, false),
                }
            });
        });
    });
}

fn media_header(out: &mut Vec<u8>, timescale: u32, length: u64) {
    full(out, b"mdhd", 1, 0, |out| {
        zeros(out, 16);
        u32(out, timescale);
        u64(out, length);
        u16(out, 0x55c4); // "und"
        u16(out, 0);
    });
}

fn handler(out: &mut Vec<u8>, kind: &[u8; 4], name: &str) {
    full(out, b"hdlr", 0, 0, |out| {
        u32(out, 0);
        out.extend_from_slice(kind);
        zeros(out, 12);
        out.extend(name.bytes().filter(|b| *b != 0));
        out.push(0);
    });
}

/// The media is in the same file.
fn data_here(out: &mut Vec<u8>) {
    boxed(out, b"dinf", |out| {
        full(out, b"dref", 0, 0, |out| {
            u32(out, 1);
            full(out, b"url ", 0, 1, |_| {});
        });
    });
}

/// The media box of QuickTime's chapters.
fn chapter_media(out: &mut Vec<u8>, chapters: &Finished<'_>) {
    boxed(out, b"mdia", |out| {
        media_header(out, chapters.table.timescale, chapters.table.length());
        handler(out, b"text", "");
        boxed(out, b"minf", |out| {
            text::header(out);
            data_here(out);
            boxed(out, b"stbl", |out| {
                full(out, b"stsd", 0, 0, |out| {
                    u32(out, 1);
                    text::entry(out, b"text");
                });
                chapters.table.write(out, chapters.shift, false);
            });
        });
    });
}
