use super::boxes::{boxed, full, u32, u64};
use super::movie;
use super::text;
use crate::track::{Sample, Track, ticks};

/// Writes an open file: fragments, each whole in itself, with the true time of
/// each track in it. Bytes out; no file.
///
/// What [`Writer::header`] and every [`Writer::fragment`] give, appended in
/// that order, plays at every moment.
#[derive(Clone, Debug)]
pub struct Writer {
    tracks: Vec<Track>,
    sequence: u32,
}

/// `sample_flags` (ISO/IEC 14496-12, 8.8.3.1): depends on no other.
const KEY: u32 = 0x0200_0000;

/// Depends on others, is not a sync sample.
const NOT_KEY: u32 = 0x0101_0000;

impl Writer {
    /// For a file with these tracks.
    pub fn new(tracks: Vec<Track>) -> Self {
        Self {
            tracks,
            sequence: 0,
        }
    }

    /// The beginning of the file.
    pub fn header(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        brands(&mut out, b"iso6", &[b"iso6", b"mp41"]);
        movie::write(&mut out, &self.tracks, None, &movie::About::default());
        out
    }

    /// A fragment with these samples, those of a track in order of decoding.
    /// Nothing for none.
    pub fn fragment(&mut self, samples: &[Sample]) -> Vec<u8> {
        if samples.is_empty() {
            return Vec::new();
        }
        let texts = text::samples(&self.tracks, samples);
        let samples = texts.as_deref().unwrap_or(samples);
        self.sequence = self.sequence.wrapping_add(1);
        let bytes: usize = samples.iter().map(|s| s.data.len()).sum();
        let mut out = Vec::with_capacity(bytes + samples.len() * 12 + 512);
        let mut offset_fields = Vec::new();
        boxed(&mut out, b"moof", |out| {
            full(out, b"mfhd", 0, 0, |out| u32(out, self.sequence));
            for (position, track) in self.tracks.iter().enumerate() {
                let run: Vec<&Sample> = samples.iter().filter(|s| s.track == position).collect();
                if !run.is_empty() {
                    traf(out, position, track.timescale(), &run, &mut offset_fields);
                }
            }
        });
        let mut offset = out.len() + 8;
        boxed(&mut out, b"mdat", |out| {
            for (position, field) in &offset_fields {
                let start = u32::try_from(offset).unwrap_or(u32::MAX);
                out[*field..*field + 4].copy_from_slice(&start.to_be_bytes());
                for sample in samples.iter().filter(|s| s.track == *position) {
                    out.extend_from_slice(&sample.data);
                    offset += sample.data.len();
                }
            }
        });
        out
    }
}

fn traf(
    out: &mut Vec<u8>,
    position: usize,
    rate: u32,
    run: &[&Sample],
    offset_fields: &mut Vec<(usize, usize)>,
) {
    boxed(out, b"traf", |out| {
        // Offsets count from the start of this moof.
        full(out, b"tfhd", 0, 0x02_0000, |out| {
            u32(out, movie::track_id(position));
        });
        let first = ticks(run[0].decode_at, rate);
        full(out, b"tfdt", 1, 0, |out| u64(out, first));
        let reordered = run.iter().any(|s| s.at != s.decode_at);
        // Data offset; duration, size and flags of each, and from decoding to
        // showing, signed.
        let (version, flags) = if reordered { (1, 0x0f01) } else { (0, 0x0701) };
        let mut clock = first;
        full(out, b"trun", version, flags, |out| {
            u32(out, u32::try_from(run.len()).unwrap_or(u32::MAX));
            offset_fields.push((position, out.len()));
            u32(out, 0);
            for (i, sample) in run.iter().enumerate() {
                let duration = match run.get(i + 1) {
                    Some(next) => ticks(next.decode_at, rate).saturating_sub(clock),
                    None => ticks(sample.duration, rate),
                };
                let duration = u32::try_from(duration).unwrap_or(u32::MAX).max(1);
                u32(out, duration);
                u32(out, u32::try_from(sample.data.len()).unwrap_or(u32::MAX));
                u32(out, if sample.keyframe { KEY } else { NOT_KEY });
                if reordered {
                    let shown = ticks(sample.at, rate).cast_signed();
                    let offset = shown.saturating_sub_unsigned(clock);
                    let offset = i32::try_from(offset).unwrap_or(0);
                    u32(out, offset.cast_unsigned());
                }
                clock = clock.saturating_add(u64::from(duration));
            }
        });
    });
}

pub(super) fn brands(out: &mut Vec<u8>, major: &[u8; 4], compatible: &[&[u8; 4]]) {
    boxed(out, b"ftyp", |out| {
        out.extend_from_slice(major);
        u32(out, 0x200);
        for brand in compatible {
            out.extend_from_slice(*brand);
        }
    });
}
