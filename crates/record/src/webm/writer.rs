use super::ebml::{self, master, uint, vint};
use super::{header, id};
use crate::track::{Sample, Track};

/// Which of the two a file says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocType {
    /// VP8, VP9 and AV1 with Opus.
    Webm,
    /// Every codec.
    Matroska,
}

impl DocType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Webm => "webm",
            Self::Matroska => "matroska",
        }
    }
}

/// Writes an open file: clusters, each whole in itself. Bytes out; no file.
///
/// What [`Writer::header`] and every [`Writer::fragment`] give, appended in
/// that order, plays at every moment.
#[derive(Clone, Debug)]
pub struct Writer {
    doc_type: DocType,
    tracks: Vec<Track>,
}

/// Milliseconds of a cluster. A block has sixteen bits for its distance from
/// the cluster's time; one that starts late in the cluster still fits.
const MAX_CLUSTER_MS: u64 = 5_000;

impl Writer {
    /// For a file with these tracks.
    pub fn new(doc_type: DocType, tracks: Vec<Track>) -> Self {
        Self { doc_type, tracks }
    }

    /// The beginning of the file.
    pub fn header(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        header::ebml(&mut out, self.doc_type);
        ebml::id(&mut out, id::SEGMENT);
        ebml::unknown_size(&mut out);
        header::info(&mut out, None);
        header::tracks(&mut out, &self.tracks);
        out
    }

    /// One or more clusters with these samples, those of a track in order of
    /// time. A keyframe of a picture begins a cluster. Nothing for none.
    pub fn fragment(&mut self, samples: &[Sample]) -> Vec<u8> {
        let mut blocks: Vec<(u64, &Sample)> = samples
            .iter()
            .filter(|s| s.track < self.tracks.len())
            .map(|s| (milliseconds(s.at), s))
            .collect();
        blocks.sort_by_key(|(at, _)| *at);
        let bytes: usize = samples.iter().map(|s| s.data.len()).sum();
        let mut out = Vec::with_capacity(bytes + samples.len() * 16 + 64);
        let mut rest = &blocks[..];
        while let Some((first, _)) = rest.first() {
            let length = rest
                .iter()
                .enumerate()
                .skip(1)
                .find(|(_, (at, sample))| {
                    let begins = sample.keyframe && self.tracks[sample.track].is_video();
                    begins || at - first > MAX_CLUSTER_MS
                })
                .map_or(rest.len(), |(i, _)| i);
            cluster(&mut out, *first, &rest[..length]);
            rest = &rest[length..];
        }
        out
    }
}

fn milliseconds(at: std::time::Duration) -> u64 {
    crate::track::ticks(at, 1000)
}

fn cluster(out: &mut Vec<u8>, start: u64, blocks: &[(u64, &Sample)]) {
    master(out, id::CLUSTER, |out| {
        uint(out, id::TIMESTAMP, start);
        for (at, sample) in blocks {
            let number = sample.track as u64 + 1;
            let mut head = Vec::with_capacity(8);
            vint(&mut head, number);
            let relative = i16::try_from(at - start).unwrap_or(i16::MAX);
            head.extend_from_slice(&relative.to_be_bytes());
            head.push(if sample.keyframe { 0x80 } else { 0 });
            ebml::id(out, id::SIMPLE_BLOCK);
            vint(out, (head.len() + sample.data.len()) as u64);
            out.extend_from_slice(&head);
            out.extend_from_slice(&sample.data);
        }
    });
}
