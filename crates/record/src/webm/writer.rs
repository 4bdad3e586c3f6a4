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
        header::info(&mut out, None, None);
        header::tracks(&mut out, &self.tracks);
        out
    }

    /// One or more clusters with these samples, those of a track in order of
    /// decoding. A keyframe of a picture begins a cluster. Nothing for none.
    pub fn fragment(&mut self, samples: &[Sample]) -> Vec<u8> {
        let mut blocks: Vec<(u64, &Sample)> = samples
            .iter()
            .filter(|s| s.track < self.tracks.len())
            .map(|s| (milliseconds(s.at), s))
            .collect();
        blocks.sort_by_key(|(_, sample)| sample.decode_at);
        let bytes: usize = samples.iter().map(|s| s.data.len()).sum();
        let mut out = Vec::with_capacity(bytes + samples.len() * 16 + 64);
        let mut rest = &blocks[..];
        while let Some((first, _)) = rest.first() {
            let mut range = (*first, *first);
            let length = rest
                .iter()
                .enumerate()
                .skip(1)
                .find(|(_, (at, sample))| {
                    let begins = sample.keyframe && self.tracks[sample.track].is_video();
                    let longer = (range.0.min(*at), range.1.max(*at));
                    let ends = begins || longer.1 - longer.0 > MAX_CLUSTER_MS;
                    if !ends {
                        range = longer;
                    }
                    ends
                })
                .map_or(rest.len(), |(i, _)| i);
            self.cluster(&mut out, range.0, &rest[..length]);
            rest = &rest[length..];
        }
        out
    }

    fn cluster(&self, out: &mut Vec<u8>, start: u64, blocks: &[(u64, &Sample)]) {
        master(out, id::CLUSTER, |out| {
            uint(out, id::TIMESTAMP, start);
            for (at, sample) in blocks {
                if self.tracks[sample.track].is_text() {
                    master(out, id::BLOCK_GROUP, |out| {
                        block(out, id::BLOCK, at - start, 0, sample);
                        uint(out, id::BLOCK_DURATION, milliseconds(sample.duration));
                    });
                } else {
                    let key = if sample.keyframe { 0x80 } else { 0 };
                    block(out, id::SIMPLE_BLOCK, at - start, key, sample);
                }
            }
        });
    }
}

fn milliseconds(at: std::time::Duration) -> u64 {
    crate::track::ticks(at, 1000)
}

fn block(out: &mut Vec<u8>, element: u32, at: u64, flags: u8, sample: &Sample) {
    let mut head = Vec::with_capacity(8);
    vint(&mut head, sample.track as u64 + 1);
    let at = i16::try_from(at).unwrap_or(i16::MAX);
    head.extend_from_slice(&at.to_be_bytes());
    head.push(flags);
    ebml::id(out, element);
    vint(out, (head.len() + sample.data.len()) as u64);
    out.extend_from_slice(&head);
    out.extend_from_slice(&sample.data);
}
