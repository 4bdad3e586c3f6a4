//! Text: 3GPP timed text (TS 26.245) as a track, and chapters as players of two
//! kinds look for them.

use std::sync::Arc;
use std::time::Duration;

use super::boxes::{Fields, boxed, full, u16, u32, u64, zeros};
use super::tables::Table;
use crate::extras::{Chapter, MAX_CHAPTERS, MAX_TITLE_BYTES};
use crate::track::{Sample, Track, cut, ticks};

/// Bytes of a text; sixteen bits say how many.
const MAX_TEXT_BYTES: usize = 60_000;

/// The samples with those of texts in the form that a file has: a length in
/// front, and nothing where nothing is shown. `None` if there are none.
pub(super) fn samples(tracks: &[Track], samples: &[Sample]) -> Option<Vec<Sample>> {
    let is_text = |s: &Sample| tracks.get(s.track).is_some_and(Track::is_text);
    if !samples.iter().any(is_text) {
        return None;
    }
    let mut formed = Vec::with_capacity(samples.len() + 8);
    for (i, sample) in samples.iter().enumerate() {
        if !is_text(sample) {
            formed.push(sample.clone());
            continue;
        }
        let text = String::from_utf8_lossy(&sample.data);
        let end = sample.at + sample.duration;
        formed.push(Sample {
            data: coded(&text).into(),
            decode_at: sample.at,
            ..sample.clone()
        });
        let mut later = samples[i + 1..].iter();
        let followed = later.any(|s| s.track == sample.track && s.at <= end);
        if !followed {
            formed.push(Sample {
                at: end,
                decode_at: end,
                duration: Duration::from_millis(1),
                data: Arc::new([0, 0]),
                ..sample.clone()
            });
        }
    }
    Some(formed)
}

fn coded(text: &str) -> Vec<u8> {
    let text = cut(text, MAX_TEXT_BYTES);
    let mut out = Vec::with_capacity(text.len() + 2);
    u16(&mut out, u16::try_from(text.len()).unwrap_or(0));
    out.extend_from_slice(text.as_bytes());
    out
}

/// What a sample says; `None` where it shows nothing.
pub(super) fn decoded(sample: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields(sample);
    let length = fields.u16()?;
    fields.bytes(usize::from(length)).filter(|t| !t.is_empty())
}

/// The sample entry of a text track (5.16), white on nothing.
pub(super) fn entry(out: &mut Vec<u8>, kind: &[u8; 4]) {
    boxed(out, kind, |out| {
        zeros(out, 6);
        u16(out, 1); // data reference
        u32(out, 0);
        out.extend_from_slice(&[1, 0xff]); // centred, at the bottom
        zeros(out, 4 + 8);
        u32(out, 0); // of every character:
        u16(out, 1); // this font,
        out.extend_from_slice(&[0, 18]); // plain, this size,
        u32(out, 0xffff_ffff); // this colour
        boxed(out, b"ftab", |out| {
            u16(out, 1);
            u16(out, 1);
            out.push(5);
            out.extend_from_slice(b"Serif");
        });
    });
}

/// The media header of QuickTime's text tracks.
pub(super) fn header(out: &mut Vec<u8>) {
    boxed(out, b"gmhd", |out| {
        full(out, b"gmin", 0, 0, |out| {
            u16(out, 0x40);
            for _ in 0..3 {
                u16(out, 0x8000);
            }
            u32(out, 0);
        });
        boxed(out, b"text", |out| {
            for value in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
                u32(out, value);
            }
        });
    });
}

/// Chapters as samples of a track: tables, and the media for them.
pub(super) fn chapter_track(chapters: &[Chapter], length: Duration, at: u64) -> (Table, Vec<u8>) {
    const RATE: u32 = 1000;
    let mut table = Table::new(RATE);
    let mut media = Vec::new();
    for (i, chapter) in chapters.iter().enumerate() {
        let mut sample = coded(&chapter.title);
        // "The text is UTF-8", for QuickTime.
        boxed(&mut sample, b"encd", |out| u32(out, 0x100));
        let end = chapters.get(i + 1).map_or(length, |next| next.at);
        let start = ticks(chapter.at, RATE);
        let duration = ticks(end, RATE).saturating_sub(start);
        table.push(
            start,
            0,
            u32::try_from(duration).unwrap_or(u32::MAX),
            u32::try_from(sample.len()).unwrap_or(0),
            true,
        );
        media.extend_from_slice(&sample);
    }
    table.end(0);
    let count = u32::try_from(chapters.len()).unwrap_or(0);
    table.chunks.push((at, count));
    (table, media)
}

/// Appends `chpl`, which has a byte for how many there are.
pub(super) fn write_chapter_list(out: &mut Vec<u8>, chapters: &[Chapter]) {
    let count = chapters.len().min(MAX_CHAPTERS);
    full(out, b"chpl", 1, 0, |out| {
        u32(out, 0);
        out.push(count as u8);
        for chapter in &chapters[..count] {
            // Of 100 nanoseconds.
            u64(out, ticks(chapter.at, 10_000_000));
            let title = cut(&chapter.title, 255);
            out.push(title.len() as u8);
            out.extend_from_slice(title.as_bytes());
        }
    });
}

/// Reads what [`write_chapter_list`] writes, as far as it makes sense.
pub(super) fn read_chapter_list(chpl: &[u8]) -> Vec<Chapter> {
    let mut fields = Fields(chpl);
    let read = |fields: &mut Fields<'_>| {
        let at = fields.u64()?;
        let length = *fields.bytes(1)?.first()?;
        let title = String::from_utf8_lossy(fields.bytes(usize::from(length))?);
        Some(Chapter {
            at: crate::track::time(at, 10_000_000),
            title: title.into_owned(),
        })
    };
    if fields.skip(9).is_none() {
        return Vec::new();
    }
    std::iter::from_fn(|| read(&mut fields))
        .take(MAX_CHAPTERS)
        .collect()
}

/// Appends the title as iTunes and most players have it.
pub(super) fn write_title(out: &mut Vec<u8>, title: &str) {
    full(out, b"meta", 0, 0, |out| {
        full(out, b"hdlr", 0, 0, |out| {
            u32(out, 0);
            out.extend_from_slice(b"mdirappl");
            zeros(out, 9);
        });
        boxed(out, b"ilst", |out| {
            boxed(out, b"\xa9nam", |out| {
                full(out, b"data", 0, 1, |out| {
                    u32(out, 0);
                    out.extend_from_slice(title.as_bytes());
                });
            });
        });
    });
}

/// Reads what [`write_title`] writes.
pub(super) fn read_title(udta: &[u8]) -> Option<String> {
    let meta = super::boxes::child(udta, b"meta")?.get(4..)?;
    let data = super::boxes::descend(meta, &[b"ilst", b"\xa9nam", b"data"])?;
    let text = String::from_utf8_lossy(data.get(8..)?);
    Some(cut(&text, MAX_TITLE_BYTES).to_owned())
}
