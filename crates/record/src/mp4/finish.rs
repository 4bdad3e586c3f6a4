//! An open file made plain: the movie in front with complete tables, then the
//! media as it was.

use std::io::{Read, Seek, SeekFrom, Write};

use super::boxes::{u32, u64};
use super::fragment::Fragments;
use super::header::{MAX_MOVIE_BYTES, Movie, movie};
use super::movie::{self, About, Finished};
use super::tables::{MAX_SAMPLES, Table, scale};
use super::writer::brands;
use super::{survey, text};
use crate::bitstream;
use crate::error::ReadError;
use crate::extras::Extras;
use crate::finish::{FinishError, Refine, Resume, Summary, TrackSummary, turn};
use crate::track::{Track, TrackMedia, time};

/// What is left to do when the open file has been looked through.
pub(crate) struct Plan {
    tracks: Vec<Track>,
    tables: Vec<Table>,
    /// Of media in the open file: offset, length.
    pieces: Vec<(u64, u64)>,
    pub summary: Summary,
}

/// Of the movie box, what is not tables: a thousand tracks with their names and
/// parameter sets, and chapters.
const MAX_OTHER_BYTES: u64 = 8 * 1024 * 1024;

/// Tables of all tracks that are written, so that the movie box can be read.
const MAX_TABLE_BYTES: u64 = MAX_MOVIE_BYTES - MAX_OTHER_BYTES;

/// What a finished file may have.
struct Limits {
    /// Of a track.
    samples: usize,
    /// Of all tracks.
    table_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            samples: MAX_SAMPLES,
            table_bytes: MAX_TABLE_BYTES,
        }
    }
}

/// Looks through a file up to its last whole fragment.
pub(crate) fn plan<R: Read + Seek>(file: &mut R, len: u64) -> Result<Plan, FinishError> {
    plan_within(file, len, Limits::default())
}

fn plan_within<R: Read + Seek>(
    file: &mut R,
    len: u64,
    limits: Limits,
) -> Result<Plan, FinishError> {
    let movie = movie(file, len)?;
    // Those of others that are half in tables are left as they are.
    if !movie.open || movie.has_tables() {
        return Err(ReadError::Finished.into());
    }
    let plan = plan_of(movie, file, len, limits.samples)?;
    let bytes = plan.tables.iter().map(Table::bytes).sum();
    match bytes > limits.table_bytes {
        true => Err(FinishError::IndexTooLarge {
            bytes,
            limit: limits.table_bytes,
        }),
        false => Ok(plan),
    }
}

fn plan_of<R: Read + Seek>(
    movie: Movie,
    file: &mut R,
    len: u64,
    max_samples: usize,
) -> Result<Plan, ReadError> {
    let mut tables: Vec<Table> = movie
        .tracks
        .iter()
        .map(|t| Table::new(t.track.timescale()))
        .collect();
    let mut refine: Vec<Refine> = movie.tracks.iter().map(|t| Refine::new(&t.track)).collect();
    let mut pieces: Vec<(u64, u64)> = Vec::new();
    let mut copied = 0;
    let mut at = movie.end;
    let mut fragments = Fragments::default();
    let mut resume = Resume::default();
    let mut skipped = 0;
    while at < len {
        let found = match fragments.read(file, &movie, at, len) {
            Ok(Some(found)) => found,
            // Indexes and the like are no loss.
            Ok(None) if fragments.behind == len => {
                at = len;
                break;
            }
            // Damage, or the end: whole fragments may follow.
            _ => match resume.find(file, at + 5, *b"moof") {
                Some(kind) => {
                    skipped += kind - 4 - at;
                    at = kind - 4;
                    continue;
                }
                None => break,
            },
        };
        for run in &found.runs {
            let track = &movie.tracks[run.track];
            let here = |ticks| scale(ticks, track.rate, track.track.timescale());
            let table = &mut tables[run.track];
            if table.sizes.len() + run.entries.len() > max_samples {
                // Cut there it would not be whole; open it is.
                return Err(ReadError::TooLarge {
                    what: "track",
                    limit: max_samples as u64,
                });
            }
            let mut decode = run.start;
            let first = run.entries.first().map_or(found.data.start, |e| e.offset);
            let count = u32::try_from(run.entries.len()).unwrap_or(0);
            if count > 0 {
                table
                    .chunks
                    .push((first - found.data.start + copied, count));
            }
            for entry in &run.entries {
                let when = track.when(decode, entry.shown);
                let at = here(when.decode_at);
                let later = i64::try_from(here(when.at)).unwrap_or(i64::MAX);
                let later = later.saturating_sub_unsigned(at);
                let duration = here(u64::from(entry.duration));
                let duration = u32::try_from(duration).unwrap_or(u32::MAX);
                table.push(at, later, duration, entry.size, entry.key);
                decode = decode.saturating_add(u64::from(entry.duration));
                if entry.key && track.track.is_video() {
                    let head = (entry.size as usize).min(bitstream::DESCRIBE_BYTES);
                    let mut bytes = vec![0; head];
                    file.seek(SeekFrom::Start(entry.offset))?;
                    file.read_exact(&mut bytes)?;
                    refine[run.track].keyframe(&bytes);
                }
            }
        }
        let length = found.data.end - found.data.start;
        pieces.push((found.data.start, length));
        copied += length;
        at = found.end;
    }
    if pieces.is_empty() {
        return Err(ReadError::NoMedia);
    }
    for (table, track) in tables.iter_mut().zip(&movie.tracks) {
        table.end(match &track.track.media {
            TrackMedia::Audio(audio) => u64::from(audio.priming),
            _ => 0,
        });
    }
    let mut tracks: Vec<Track> = movie.tracks.into_iter().map(|t| t.track).collect();
    for (track, refine) in tracks.iter_mut().zip(refine) {
        refine.apply(track);
    }
    let summary = summary(&tracks, &tables, len - at + skipped);
    Ok(Plan {
        tracks,
        tables,
        pieces,
        summary,
    })
}

/// What is in a file, open or finished.
pub(crate) fn inspect<R: Read + Seek>(file: &mut R, len: u64) -> Result<Summary, ReadError> {
    let movie = movie(file, len)?;
    match movie.open && !movie.has_tables() {
        true => plan_of(movie, file, len, MAX_SAMPLES).map(|p| p.summary),
        false => survey::summary(movie, file, len),
    }
}

fn summary(tracks: &[Track], tables: &[Table], lost_bytes: u64) -> Summary {
    let tracks: Vec<TrackSummary> = tracks
        .iter()
        .zip(tables)
        .map(|(track, table)| {
            let start = table.start.filter(|_| !table.sizes.is_empty());
            let start = time(start.unwrap_or(0), table.timescale);
            TrackSummary {
                track: track.clone(),
                samples: table.sizes.len() as u64,
                keyframes: table.keys.len() as u64,
                start,
                end: start + time(table.shown(), table.timescale),
            }
        })
        .collect();
    Summary {
        duration: tracks.iter().map(|t| t.end).max().unwrap_or_default(),
        tracks,
        lost_bytes,
    }
}

impl Plan {
    /// Its pictures are turned so, if that is known.
    pub(crate) fn turned(mut self, rotation: Option<u16>) -> Self {
        turn(&mut self.tracks, &mut self.summary, rotation);
        self
    }

    /// Writes the plain file.
    pub(crate) fn write<R: Read + Seek, W: Write>(
        &self,
        file: &mut R,
        out: &mut W,
        extras: &Extras,
    ) -> Result<(), FinishError> {
        let copied: u64 = self.pieces.iter().map(|(_, n)| n).sum();
        let chapters = extras.chapters(self.summary.duration);
        let (chapter_table, chapter_media) =
            text::chapter_track(&chapters, self.summary.duration, copied);
        let media = copied + chapter_media.len() as u64;
        let movie = |shift: u64| {
            let finished: Vec<Finished<'_>> = self
                .tables
                .iter()
                .map(|table| Finished { table, shift })
                .collect();
            let mut head = Vec::new();
            brands(&mut head, b"isom", &[b"isom", b"iso2", b"mp41"]);
            let chapter_track = Finished {
                table: &chapter_table,
                shift,
            };
            let about = About {
                title: extras.title(),
                chapters: &chapters,
                chapter_track: (!chapters.is_empty()).then_some(chapter_track),
            };
            movie::write(&mut head, &self.tracks, Some(&finished), &about);
            head
        };
        // Places have a fixed width, so the length does not depend on them.
        let length = movie(0).len() as u64 + 16;
        let mut head = movie(length);
        u32(&mut head, 1);
        head.extend_from_slice(b"mdat");
        u64(&mut head, media + 16);
        out.write_all(&head).map_err(FinishError::Write)?;
        for (offset, length) in &self.pieces {
            crate::finish::copy(file, *offset, *length, out)?;
        }
        out.write_all(&chapter_media).map_err(FinishError::Write)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::Duration;

    use veche_media::AudioCodec;

    use super::*;
    use crate::mp4::Writer;
    use crate::track::Sample;

    /// Finishes two seconds of sound within limits.
    fn plan(limits: Limits) -> Result<Plan, FinishError> {
        let mut writer = Writer::new(vec![Track::audio("a", AudioCodec::Opus)]);
        let mut bytes = writer.header();
        for n in 0..100 {
            let at = Duration::from_millis(20 * n);
            bytes.extend(writer.fragment(&[Sample {
                track: 0,
                at,
                decode_at: at,
                duration: Duration::from_millis(20),
                keyframe: true,
                data: [0xf8, 1, 2].as_slice().into(),
            }]));
        }
        let len = bytes.len() as u64;
        plan_within(&mut Cursor::new(bytes), len, limits)
    }

    #[test]
    fn an_index_that_could_not_be_read_is_not_written() {
        assert!(plan(Limits::default()).is_ok());
        let limits = Limits {
            table_bytes: 1_000,
            ..Limits::default()
        };
        let error = plan(limits).err().unwrap();
        let is_named = matches!(error, FinishError::IndexTooLarge { limit: 1_000, .. });
        assert!(is_named, "{error}");
    }

    #[test]
    fn a_track_of_too_many_samples_is_not_cut() {
        let limits = |samples| Limits {
            samples,
            ..Limits::default()
        };
        assert_eq!(plan(limits(100)).unwrap().summary.tracks[0].samples, 100);
        let error = plan(limits(99)).err().unwrap();
        assert_eq!(error.to_string(), "track is larger than 99");
    }
}
