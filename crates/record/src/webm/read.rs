//! Reading our own files, open or finished, however they end.

use std::collections::VecDeque;
use std::io::{Read, Seek};
use std::time::Duration;

use super::cluster::{self, body, place};
use super::ebml::{child, read_float};
use super::{DocType, codecs, header, id};
use crate::error::ReadError;
use crate::extras::Extras;
use crate::track::{Sample, Track, time};

/// The header's elements other than cues. A thousand tracks with parameter
/// sets are below it.
const MAX_HEADER_BYTES: u64 = 4 * 1024 * 1024;

/// Elements between the start of the segment and its first cluster.
const MAX_ELEMENTS_BEFORE_CLUSTER: usize = 32;

/// What stands before the clusters.
pub(crate) struct Head {
    pub doc_type: DocType,
    /// Numbers and tracks.
    pub tracks: Vec<(u64, Track)>,
    /// In milliseconds; said by finished files only.
    pub duration: Option<f64>,
    /// Where the first cluster starts.
    pub clusters: u64,
    pub extras: Extras,
}

impl Head {
    pub(super) fn position(&self, number: u64) -> Option<usize> {
        self.tracks.iter().position(|(n, _)| *n == number)
    }
}

pub(crate) fn head<R: Read + Seek>(file: &mut R, len: u64) -> Result<Head, ReadError> {
    let cut = || ReadError::HeaderCutShort;
    let ebml = place(file, 0, len)?.ok_or_else(cut)?;
    if ebml.id != id::EBML {
        return Err(ReadError::UnknownContainer);
    }
    let bytes = body(file, ebml, len, "header", MAX_HEADER_BYTES)?.ok_or_else(cut)?;
    let doc_type = match child(&bytes, id::DOC_TYPE) {
        Some(b"webm") => DocType::Webm,
        Some(b"matroska") => DocType::Matroska,
        _ => return Err(ReadError::malformed("document type", 0)),
    };
    let segment = place(file, ebml.end.unwrap_or(0), len)?.ok_or_else(cut)?;
    if segment.id != id::SEGMENT {
        return Err(ReadError::malformed("segment", segment.start));
    }
    let mut tracks = None;
    let mut duration = None;
    let mut extras = Extras::default();
    let mut at = segment.body;
    for _ in 0..MAX_ELEMENTS_BEFORE_CLUSTER {
        let found = match place(file, at, len)? {
            Some(found) if found.id != id::CLUSTER => found,
            // The first cluster, or none yet.
            end if end.is_some() || tracks.is_some() => {
                return Ok(Head {
                    doc_type,
                    tracks: tracks.ok_or(ReadError::malformed("tracks", at))?,
                    duration,
                    clusters: at,
                    extras,
                });
            }
            _ => return Err(cut()),
        };
        match found.id {
            id::TRACKS => {
                let bytes = body(file, found, len, "tracks", MAX_HEADER_BYTES)?.ok_or_else(cut)?;
                let read = header::read_tracks(&bytes).ok_or_else(|| {
                    codecs::unread(&bytes).unwrap_or(ReadError::malformed("tracks", at))
                });
                tracks = Some(read?);
            }
            id::INFO => {
                let bytes = body(file, found, len, "info", MAX_HEADER_BYTES)?.ok_or_else(cut)?;
                duration = child(&bytes, id::DURATION).and_then(read_float);
                extras.title = header::read_title(&bytes);
            }
            id::CHAPTERS => {
                let bytes = body(file, found, len, "chapters", MAX_HEADER_BYTES)?;
                extras.chapters = header::read_chapters(&bytes.ok_or_else(cut)?);
            }
            _ => {}
        }
        at = found.end.ok_or(ReadError::malformed("element", at))?;
    }
    Err(ReadError::malformed("segment", at))
}

/// Gives the samples of a file in about the order of time.
pub(crate) struct Samples<R> {
    file: R,
    len: u64,
    head: Head,
    at: u64,
    ready: VecDeque<Sample>,
    /// The latest time of each track so far.
    latest: Vec<Duration>,
}

impl<R: Read + Seek> Samples<R> {
    pub(crate) fn new(mut file: R, len: u64) -> Result<Self, ReadError> {
        let head = head(&mut file, len)?;
        Ok(Self {
            at: head.clusters,
            latest: vec![Duration::ZERO; head.tracks.len()],
            file,
            len,
            head,
            ready: VecDeque::new(),
        })
    }

    pub(crate) fn extras(&self) -> &Extras {
        &self.head.extras
    }

    pub(crate) fn length(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.head.duration? / 1000.0).ok()
    }

    pub(crate) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.head.tracks.iter().map(|(_, t)| t)
    }

    pub(crate) fn next(&mut self) -> Result<Option<Sample>, ReadError> {
        while self.ready.is_empty() {
            if let Some(behind) = cluster::behind_other(&mut self.file, self.at, self.len)? {
                self.at = behind;
                continue;
            }
            let Some(found) = cluster::read(&mut self.file, self.at, self.len)? else {
                return Ok(None);
            };
            self.at = found.end;
            for block in found.blocks() {
                let Some(track) = self.head.position(block.number) else {
                    continue;
                };
                let at = time(block.at, 1000);
                let latest = &mut self.latest[track];
                *latest = at.max(*latest);
                self.ready.push_back(Sample {
                    track,
                    at,
                    decode_at: *latest,
                    duration: super::finish::length(&self.head.tracks[track].1, &block),
                    keyframe: block.key,
                    data: block.data.into(),
                });
            }
        }
        Ok(self.ready.pop_front())
    }
}
