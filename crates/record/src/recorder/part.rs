use std::time::Duration;

use veche_media::{AccessUnit, AudioCodec, FrameSize, VideoCodec};

use super::{BURST, CUT_AT_KEYFRAME, FRAGMENT};
use crate::bitstream;
use crate::container::{Container, Writer};
use crate::track::{Sample, Track, TrackMedia};

/// What a file carries, and cannot change within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Pictures.
    pub video: Option<VideoCodec>,
    /// Clockwise degrees to turn them for display.
    pub rotation: u16,
    /// Sound.
    pub audio: Option<AudioCodec>,
}

/// A file of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartInfo {
    /// From 1.
    pub number: u32,
    /// Why it begins.
    pub reason: PartReason,
    /// What kind of file.
    pub container: Container,
    /// Where it starts, on the room's clock.
    pub start: Duration,
    /// What it carries.
    pub tracks: Vec<Track>,
}

/// Why a part begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartReason {
    /// It is the first.
    Start,
    /// A codec changed.
    Codec,
    /// The publisher was turned; containers turn whole tracks only.
    Rotation,
    /// The part before was as long as a part may be.
    Length,
}

impl PartReason {
    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Codec => "codec",
            Self::Rotation => "rotation",
            Self::Length => "length",
        }
    }
}

impl Layout {
    /// Why media of that layout cannot go to a file of this one.
    pub(super) fn reason_to_leave(&self, to: &Self) -> Option<PartReason> {
        if (self.video, self.audio) != (to.video, to.audio) {
            Some(PartReason::Codec)
        } else if self.rotation != to.rotation {
            Some(PartReason::Rotation)
        } else {
            None
        }
    }

    pub(super) fn position(&self, video: bool) -> Option<usize> {
        match video {
            true => self.video.map(|_| 0),
            false => self.audio.map(|_| usize::from(self.video.is_some())),
        }
    }

    /// Tracks for a file that begins with `unit`.
    pub(super) fn tracks(
        &self,
        name: &str,
        size: Option<FrameSize>,
        unit: &AccessUnit,
    ) -> Vec<Track> {
        let mut tracks = Vec::new();
        if let Some(codec) = self.video {
            let mut track = Track::video(name, codec);
            if let TrackMedia::Video(video) = &mut track.media {
                video.rotation = self.rotation;
                // More may come between the pictures before the end.
                video.config_changes = codec == VideoCodec::H264;
                let found = described(codec, unit).unwrap_or_default();
                video.config = found.config;
                if let Some(size) = found.size.or(size) {
                    video.size = size;
                }
            }
            tracks.push(track);
        }
        if let Some(codec) = self.audio {
            tracks.push(Track::audio(name, codec));
        }
        tracks
    }
}

pub(super) fn described(codec: VideoCodec, unit: &AccessUnit) -> Option<bitstream::Description> {
    match unit.kind {
        veche_media::AccessUnitKind::Video { .. } => bitstream::describe(codec, &unit.data),
        veche_media::AccessUnitKind::Audio { .. } => None,
    }
}

/// The open file: what waits for its next fragment.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) opened: Duration,
    writer: Writer,
    waiting: Vec<Sample>,
    bytes: usize,
    /// When the oldest of it was received.
    since: Option<Duration>,
    /// When the first of it came here.
    begun: Option<Duration>,
    /// Of what waits, made here.
    made: u64,
}

/// What waited, as one write.
pub(super) struct Fragment {
    pub(super) bytes: Vec<u8>,
    /// Units in it that came from the stream.
    pub(super) units: u64,
    /// When its sound begins in the file.
    pub(super) sound: Option<Duration>,
}

impl Part {
    /// And the beginning of the file.
    pub(super) fn new(info: &PartInfo, now: Duration) -> (Self, Vec<u8>) {
        let writer = Writer::new(info.container, info.tracks.clone());
        let header = writer.header();
        let part = Self {
            opened: now,
            writer,
            waiting: Vec::new(),
            bytes: 0,
            since: None,
            begun: None,
            made: 0,
        };
        (part, header)
    }

    pub(super) fn push(&mut self, now: Duration, received: Duration, sample: Sample) {
        self.begun.get_or_insert(now);
        self.received(now, received);
        self.bytes += sample.data.len();
        self.waiting.push(sample);
    }

    /// What is written next was received then, or is behind what was.
    pub(super) fn received(&mut self, now: Duration, at: Duration) {
        let at = at.max(now.saturating_sub(FRAGMENT - BURST));
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
    }

    /// Silence, or black.
    pub(super) fn push_made(&mut self, now: Duration, sample: Sample) {
        self.made += 1;
        self.push(now, now, sample);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn flush_at(&self) -> Option<Duration> {
        self.since.map(|s| s + FRAGMENT)
    }

    /// Whether a keyframe that comes now begins a fragment.
    pub(super) fn is_cut_at_keyframe(&self, now: Duration) -> bool {
        self.begun.is_some_and(|at| now >= at + CUT_AT_KEYFRAME)
    }

    /// A fragment of what waits. `sound` is the track of it.
    pub(super) fn take(&mut self, sound: Option<usize>) -> Fragment {
        (self.since, self.begun) = (None, None);
        self.bytes = 0;
        let of_sound = self.waiting.iter().find(|s| Some(s.track) == sound);
        let fragment = Fragment {
            bytes: self.writer.fragment(&self.waiting),
            units: self.waiting.len() as u64 - std::mem::take(&mut self.made),
            sound: of_sound.map(|s| s.at),
        };
        self.waiting.clear();
        fragment
    }
}
