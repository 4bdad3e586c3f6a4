//! An open file made plain: the same clusters behind a header that knows how
//! long they last and where they are.

use std::io::{Read, Seek, Write};
use std::time::Duration;

use super::ebml::{self, bytes, master, uint, wide_uint};
use super::order::{Cue, Found, Layout, Order};
use super::read::{Head, head};
use super::{cluster, header, id};
use crate::bitstream::{self, aac, g711, opus};
use crate::error::ReadError;
use crate::extras::Extras;
use crate::finish::{FinishError, Refine, Resume, Summary, TrackSummary, copy, turn};
use crate::track::{AudioCoding, Track, TrackMedia, time};

/// What is left to do when the open file has been looked through.
pub(crate) struct Plan {
    head: Head,
    tracks: Vec<Track>,
    cues: Vec<Cue>,
    /// Of clusters in the open file: offset, length.
    pieces: Vec<(u64, u64)>,
    pub summary: Summary,
}

/// How long a block lasts by itself: sound and texts tell, pictures do not.
pub(super) fn length(track: &Track, block: &cluster::Block<'_>) -> Duration {
    match &track.media {
        TrackMedia::Audio(audio) => match audio.codec {
            AudioCoding::Opus => opus::duration(block.data),
            AudioCoding::Pcmu | AudioCoding::Pcma => g711::duration(block.data),
            AudioCoding::Aac => aac::duration(&audio.config),
        }
        .unwrap_or(Duration::from_millis(20)),
        TrackMedia::Video(_) => Duration::ZERO,
        TrackMedia::Text => time(block.duration.unwrap_or(0), 1000),
    }
}

#[derive(Clone, Copy, Default)]
struct Seen {
    samples: u64,
    keyframes: u64,
    start: u64,
    last: u64,
    /// The latest before the last, in order of showing.
    before: u64,
    /// From the last but one to the last, or how long the last lasts.
    length: Duration,
}

/// A picture that has none before it to tell how long pictures last.
const FRAME: Duration = Duration::from_millis(33);

/// Looks through a file up to its last whole cluster.
pub(crate) fn plan<R: Read + Seek>(file: &mut R, len: u64) -> Result<Plan, ReadError> {
    let head = head(file, len)?;
    if head.duration.is_some() {
        return Err(ReadError::Finished);
    }
    look(file, len, head)
}

/// Of a file that is finished already, too.
pub(crate) fn inspect<R: Read + Seek>(file: &mut R, len: u64) -> Result<Summary, ReadError> {
    let head = head(file, len)?;
    let finished = head.duration.is_some();
    let mut summary = look(file, len, head)?.summary;
    if finished {
        summary.lost_bytes = 0;
    }
    Ok(summary)
}

fn look<R: Read + Seek>(file: &mut R, len: u64, head: Head) -> Result<Plan, ReadError> {
    let mut tracks: Vec<Track> = head.tracks.iter().map(|(_, t)| t.clone()).collect();
    let mut refine: Vec<Refine> = tracks.iter().map(Refine::new).collect();
    let mut seen = vec![Seen::default(); tracks.len()];
    let pictures = tracks.iter().any(Track::is_video);
    let mut at = head.clusters;
    let mut resume = Resume::default();
    let mut layout = Layout::default();
    let mut order = Order::default();
    let mut known = Vec::new();
    while at < len {
        let cluster = match cluster::read(file, at, len) {
            Ok(Some(found)) => found,
            // Damage, or the end: whole clusters may follow.
            _ => match resume.find(file, at + 1, id::CLUSTER.to_be_bytes()) {
                Some(next) => {
                    at = next;
                    continue;
                }
                None => break,
            },
        };
        let mut found = Found {
            start: at,
            end: cluster.end,
            timestamp: cluster.timestamp,
            entry: None,
            sound: None,
            has_pictures: false,
            has_others: false,
        };
        for block in cluster.blocks() {
            let Some(position) = head.position(block.number) else {
                continue;
            };
            let track = &tracks[position];
            let seen = &mut seen[position];
            if seen.samples == 0 {
                seen.start = block.at;
                seen.before = block.at;
                seen.length = FRAME;
            }
            seen.start = seen.start.min(block.at);
            if track.is_video() {
                if seen.samples > 0 {
                    let (last, at) = (seen.last.max(block.at), seen.last.min(block.at));
                    let before = if last > seen.last {
                        at
                    } else {
                        at.max(seen.before)
                    };
                    if last > before {
                        seen.length = time(last - before, 1000);
                    }
                    seen.before = before;
                }
                if block.key {
                    let bytes = block.data.len().min(bitstream::DESCRIBE_BYTES);
                    refine[position].keyframe(&block.data[..bytes]);
                }
            } else {
                seen.length = length(track, &block);
            }
            seen.samples += 1;
            seen.keyframes += u64::from(block.key);
            seen.last = seen.last.max(block.at);
            found.has_pictures |= track.is_video();
            found.has_others |= !track.is_video();
            let place = (block.at, block.number);
            if block.key && (track.is_video() || !pictures) {
                found.entry.get_or_insert(place);
            } else if track.is_audio() {
                found.sound.get_or_insert(place);
            }
        }
        at = cluster.end;
        order.push(found, &mut known);
        layout.extend(known.drain(..));
    }
    order.finish(&mut known);
    layout.extend(known);
    if seen.iter().all(|s| s.samples == 0) {
        return Err(ReadError::NoMedia);
    }
    for (track, refine) in tracks.iter_mut().zip(refine) {
        refine.apply(track);
    }
    let summaries: Vec<TrackSummary> = tracks
        .iter()
        .zip(&seen)
        .map(|(track, seen)| TrackSummary {
            track: track.clone(),
            samples: seen.samples,
            keyframes: seen.keyframes,
            start: time(seen.start, 1000),
            end: time(seen.last, 1000) + seen.length,
        })
        .collect();
    let summary = Summary {
        duration: summaries.iter().map(|t| t.end).max().unwrap_or_default(),
        tracks: summaries,
        lost_bytes: len - head.clusters - layout.length,
    };
    Ok(Plan {
        head,
        tracks,
        cues: layout.cues,
        pieces: layout.pieces,
        summary,
    })
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
        let mut info = Vec::new();
        let duration = self.summary.duration.as_secs_f64() * 1000.0;
        header::info(&mut info, Some(duration), extras.title());
        let mut tracks = Vec::new();
        header::tracks(&mut tracks, &self.tracks);
        let mut chapters = Vec::new();
        let kept = extras.chapters(self.summary.duration);
        header::chapters(&mut chapters, &kept);
        // Positions have a fixed width, so lengths do not depend on them.
        let index = |clusters: u64| {
            let mut cues = Vec::new();
            if !self.cues.is_empty() {
                master(&mut cues, id::CUES, |out| self.cue_points(out, clusters));
            }
            cues
        };
        let seek_head = |info_at: u64, tracks_at: u64, chapters_at: u64, cues_at: Option<u64>| {
            let mut out = Vec::new();
            master(&mut out, id::SEEK_HEAD, |out| {
                seek(out, id::INFO, info_at);
                seek(out, id::TRACKS, tracks_at);
                if !chapters.is_empty() {
                    seek(out, id::CHAPTERS, chapters_at);
                }
                if let Some(at) = cues_at {
                    seek(out, id::CUES, at);
                }
            });
            out
        };
        let cued = (!self.cues.is_empty()).then_some(0);
        let info_at = seek_head(0, 0, 0, cued).len() as u64;
        let tracks_at = info_at + info.len() as u64;
        let chapters_at = tracks_at + tracks.len() as u64;
        let cues_at = chapters_at + chapters.len() as u64;
        let clusters_at = cues_at + index(0).len() as u64;

        let media: u64 = self.pieces.iter().map(|(_, n)| n).sum();
        let mut out_head = Vec::new();
        header::ebml(&mut out_head, self.head.doc_type);
        ebml::id(&mut out_head, id::SEGMENT);
        ebml::size(&mut out_head, clusters_at + media);
        let cues = cued.map(|_| cues_at);
        out_head.extend(seek_head(info_at, tracks_at, chapters_at, cues));
        out_head.extend(info);
        out_head.extend(tracks);
        out_head.extend(chapters);
        out_head.extend(index(clusters_at));
        out.write_all(&out_head).map_err(FinishError::Write)?;
        for (offset, length) in &self.pieces {
            copy(file, *offset, *length, out)?;
        }
        Ok(())
    }

    fn cue_points(&self, out: &mut Vec<u8>, clusters: u64) {
        for cue in &self.cues {
            master(out, id::CUE_POINT, |out| {
                uint(out, id::CUE_TIME, cue.at);
                master(out, id::CUE_TRACK_POSITIONS, |out| {
                    uint(out, id::CUE_TRACK, cue.number);
                    wide_uint(out, id::CUE_CLUSTER_POSITION, cue.offset + clusters);
                });
            });
        }
    }
}

fn seek(out: &mut Vec<u8>, element: u32, position: u64) {
    master(out, id::SEEK, |out| {
        bytes(out, id::SEEK_ID, &element.to_be_bytes());
        wide_uint(out, id::SEEK_POSITION, position);
    });
}
