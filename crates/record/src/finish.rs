//! Finishing: an open file becomes a plain one, beside it, then in its place.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use veche_media::{FrameSize, VideoCodec};

use crate::bitstream::{self, Description};
use crate::error::ReadError;
use crate::extras::Extras;
use crate::track::{Track, TrackMedia};
use crate::{mp4, webm};

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// From the start of the file to the end of its longest track.
    pub duration: Duration,
    /// In the order of the file.
    pub tracks: Vec<TrackSummary>,
    /// Bytes at the end that belong to no whole fragment.
    pub lost_bytes: u64,
}

/// What is in one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSummary {
    /// How it is coded.
    pub track: Track,
    /// Pictures or packets.
    pub samples: u64,
    /// Of them, decodable alone.
    pub keyframes: u64,
    /// When the first begins.
    pub start: Duration,
    /// When the last ends.
    pub end: Duration,
}

/// Why a file could not be finished. The open file is as it was.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The open file.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The finished one.
    #[error("cannot write: {0}")]
    Write(io::Error),
    /// Of a finished MP4: nobody could read it. Matroska has no such limit.
    #[error("its index would have {bytes} bytes, more than {limit}")]
    IndexTooLarge {
        /// As long as it would be.
        bytes: u64,
        /// As long as it may be.
        limit: u64,
    },
}

/// What is in a file, open or finished, up to its last whole fragment.
pub fn inspect(path: &Path) -> Result<Summary, ReadError> {
    let (mut file, len) = open(path)?;
    match container(&mut file)? {
        Found::Mp4 => mp4::finish::inspect(&mut file, len),
        Found::Matroska => webm::finish::inspect(&mut file, len),
    }
}

/// Writes the finished form of the open file `from` to `to`, which must be a
/// new name on the same file system, and makes sure that it is on the disk.
///
/// A file that was finished before is [`ReadError::Finished`].
pub fn finish_to(from: &Path, to: &Path) -> Result<Summary, FinishError> {
    finish_to_with(from, to, &Extras::default())
}

/// [`finish_to`], and the file says what it is called and what is where in it.
pub fn finish_to_with(from: &Path, to: &Path, extras: &Extras) -> Result<Summary, FinishError> {
    finish_to_turned(from, to, extras, None)
}

/// [`finish_to_with`], and its pictures are to be turned by so many degrees clockwise,
/// where the header of the open file could not know.
pub(crate) fn finish_to_turned(
    from: &Path,
    to: &Path,
    extras: &Extras,
    rotation: Option<u16>,
) -> Result<Summary, FinishError> {
    let (mut file, len) = open(from)?;
    Ok(match container(&mut file)? {
        Found::Mp4 => {
            let plan = mp4::finish::plan(&mut file, len)?.turned(rotation);
            write_durably(to, |out| plan.write(&mut file, out, extras))?;
            plan.summary
        }
        Found::Matroska => {
            let plan = webm::finish::plan(&mut file, len)?.turned(rotation);
            write_durably(to, |out| plan.write(&mut file, out, extras))?;
            plan.summary
        }
    })
}

/// The finished form of an open file that is in memory.
pub fn finish_bytes(bytes: &[u8], extras: &Extras) -> Result<(Vec<u8>, Summary), FinishError> {
    let (mut file, len) = (io::Cursor::new(bytes), bytes.len() as u64);
    let mut out = Vec::new();
    let summary = match container(&mut file)? {
        Found::Mp4 => {
            let plan = mp4::finish::plan(&mut file, len)?;
            plan.write(&mut file, &mut out, extras)?;
            plan.summary
        }
        Found::Matroska => {
            let plan = webm::finish::plan(&mut file, len)?;
            plan.write(&mut file, &mut out, extras)?;
            plan.summary
        }
    };
    Ok((out, summary))
}

/// Finishes the open file at `path` in its place: at every moment there is
/// either the open or the finished file under that name.
///
/// Finished files are left as they are.
pub fn finish(path: &Path) -> Result<Summary, FinishError> {
    finish_turned(path, None)
}

/// [`finish`] with the rotation of [`finish_to_turned`].
pub(crate) fn finish_turned(path: &Path, rotation: Option<u16>) -> Result<Summary, FinishError> {
    let beside = beside(path);
    match finish_to_turned(path, &beside, &Extras::default(), rotation) {
        Ok(summary) => {
            fs::rename(&beside, path).map_err(FinishError::Write)?;
            sync_folder(path).map_err(FinishError::Write)?;
            Ok(summary)
        }
        Err(FinishError::Read(ReadError::Finished)) => Ok(inspect(path)?),
        Err(error) => Err(error),
    }
}

/// Ends the name of what is being finished; such files are removed at start.
pub(crate) const UNFINISHED: &str = ".finishing";

/// Ends the name of what is still open beside what is being finished.
pub(crate) const GROWING: &str = ".open";

/// Where the finished form of `path` grows. Not longer than `path` by more
/// than names leave room for.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn write_durably(
    to: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), FinishError>,
) -> Result<(), FinishError> {
    let attempt = || {
        let file = File::create(to).map_err(FinishError::Write)?;
        let mut out = BufWriter::with_capacity(256 * 1024, file);
        write(&mut out)?;
        let file = out
            .into_inner()
            .map_err(|e| FinishError::Write(e.into_error()))?;
        file.sync_all().map_err(FinishError::Write)
    };
    attempt().inspect_err(|_| {
        // Half a file is of no use, and the disk may be full.
        let _ = fs::remove_file(to);
    })
}

/// First boxes of MP4 and QuickTime files.
const MP4_BEGINS: [&[u8; 4]; 7] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot",
];

pub(crate) enum Found {
    Mp4,
    Matroska,
}

pub(crate) fn open(path: &Path) -> Result<(File, u64), ReadError> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    Ok((file, len))
}

/// By the first bytes.
pub(crate) fn container<R: Read + Seek>(file: &mut R) -> Result<Found, ReadError> {
    let mut head = [0; 8];
    file.seek(SeekFrom::Start(0))?;
    let mut read = 0;
    while read < head.len() {
        match file.read(&mut head[read..])? {
            0 => break,
            n => read += n,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    match head {
        // QuickTime files of old begin with anything that may be at the top.
        [_, _, _, _, kind @ ..] if MP4_BEGINS.contains(&&kind) => Ok(Found::Mp4),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Ok(Found::Matroska),
        _ => Err(ReadError::UnknownContainer),
    }
}

/// Places in one file where reading goes on behind damage. After a power cut
/// there may be a few; a file of nothing but damage must not take forever.
const MAX_RESUMPTIONS: u32 = 256;

/// Goes on behind damage: looks for the next `mark`.
#[derive(Default)]
pub(crate) struct Resume {
    used: u32,
}

impl Resume {
    /// Where the next `mark` behind `from` is.
    pub(crate) fn find<R: Read + Seek>(
        &mut self,
        file: &mut R,
        from: u64,
        mark: [u8; 4],
    ) -> Option<u64> {
        self.used += 1;
        if self.used > MAX_RESUMPTIONS {
            return None;
        }
        let mut buffer = vec![0; 64 * 1024];
        let mut at = from;
        loop {
            file.seek(SeekFrom::Start(at)).ok()?;
            let mut length = 0;
            while length < buffer.len() {
                match file.read(&mut buffer[length..]).ok()? {
                    0 => break,
                    n => length += n,
                }
            }
            if let Some(found) = buffer[..length].windows(4).position(|w| w == mark) {
                return Some(at + found as u64);
            }
            if length < buffer.len() {
                return None;
            }
            // A mark may lie across the end.
            at += (length - 3) as u64;
        }
    }
}

/// Copies `length` bytes from `offset`.
pub(crate) fn copy<R: Read + Seek, W: Write>(
    file: &mut R,
    offset: u64,
    length: u64,
    out: &mut W,
) -> Result<(), FinishError> {
    let mut buffer = vec![0; 128 * 1024];
    let mut left = length;
    file.seek(SeekFrom::Start(offset)).map_err(ReadError::Io)?;
    while left > 0 {
        let piece = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let piece = &mut buffer[..piece];
        file.read_exact(piece).map_err(ReadError::Io)?;
        out.write_all(piece).map_err(FinishError::Write)?;
        left -= piece.len() as u64;
    }
    Ok(())
}

/// Turns the pictures of what is being finished, if that is known.
pub(crate) fn turn(tracks: &mut [Track], summary: &mut Summary, rotation: Option<u16>) {
    let Some(rotation) = rotation else { return };
    let told = summary.tracks.iter_mut().map(|told| &mut told.track);
    for track in tracks.iter_mut().chain(told) {
        if let TrackMedia::Video(video) = &mut track.media {
            video.rotation = rotation;
        }
    }
}

/// Learns from keyframes what the header of an open file could not know.
pub(crate) struct Refine {
    codec: Option<VideoCodec>,
    first: Option<Description>,
    changed: bool,
    largest: FrameSize,
}

impl Refine {
    pub(crate) fn new(track: &Track) -> Self {
        let codec = match &track.media {
            TrackMedia::Video(video) => Some(video.codec),
            TrackMedia::Audio(_) | TrackMedia::Text => None,
        };
        Self {
            codec,
            first: None,
            changed: false,
            largest: FrameSize {
                width: 0,
                height: 0,
            },
        }
    }

    /// Takes at least the first [`bitstream::DESCRIBE_BYTES`] of a keyframe.
    pub(crate) fn keyframe(&mut self, bytes: &[u8]) {
        let Some(found) = self.codec.and_then(|c| bitstream::describe(c, bytes)) else {
            return;
        };
        if let Some(size) = found.size {
            let area = |s: FrameSize| u64::from(s.width) * u64::from(s.height);
            if area(size) > area(self.largest) {
                self.largest = size;
            }
        }
        match &self.first {
            Some(first) => self.changed |= first.config != found.config,
            None => self.first = Some(found),
        }
    }

    pub(crate) fn apply(self, track: &mut Track) {
        if let (TrackMedia::Video(video), Some(first)) = (&mut track.media, self.first) {
            video.config = first.config;
            video.config_changes = self.changed && video.codec == VideoCodec::H264;
            if self.largest.width > 0 {
                video.size = self.largest;
            }
        }
    }
}
