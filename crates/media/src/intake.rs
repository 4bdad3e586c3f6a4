//! One published stream on its way into a recording.

use std::time::Duration;

use crate::assemble::{Assembled, Assembler};
use crate::depacketize::{DepacketizeError, audio};
use crate::jitter::{MAX_HOLD, RecordedPacket, Reorder, Step};
use crate::room_clock::{PublisherClock, Stamp, TrackKind};
use crate::{AccessUnit, AccessUnitKind, AudioCodec, VideoCodec};

/// From one publisher's RTP packets to access units on the room's clock.
///
/// Pure. Give each packet as it arrives to [`Self::handle_packet`], and time to
/// [`Self::handle_timeout`] when [`Self::next_timeout`] says; both add to
/// `units` what is ready. Then ask [`Self::poll_keyframe_request`]. At the end
/// call [`Self::finish`].
///
/// Units of one track are in order, their times rise. Those of the two tracks
/// interleave as they become ready: a gap holds its track back up to 850 ms,
/// the other goes on. Pictures begin with a keyframe, and again after each
/// loss; what cannot be decoded is not given.
#[derive(Debug)]
pub struct Intake {
    clock: PublisherClock,
    /// The latest that was told.
    now: Duration,
    audio: Option<AudioTrack>,
    video: Option<VideoTrack>,
    steps: Vec<Step>,
    frames: Vec<Assembled>,
}

/// What an [`Intake`] has seen of one track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntakeCounts {
    /// Packets in order, without duplicates and what came too late.
    pub packets: u64,
    /// Packets that came twice while the first was held.
    pub duplicates: u64,
    /// Packets that came again, or after their gap was given up.
    pub late: u64,
    /// Packets that never came in time.
    pub lost: u64,
    /// Access units given.
    pub units: u64,
    /// Frames not given: incomplete, malformed or without their keyframe.
    pub dropped: u64,
    /// Frames or packets whose payload made no sense.
    pub malformed: u64,
    /// Keyframes whose decoder configuration is not that of the one before.
    pub reconfigured: u64,
    /// Why the last malformed one was.
    pub last_error: Option<DepacketizeError>,
}

/// A gap that no retransmission has filled by now is likely to stay: a keyframe
/// is asked for while the gap is still held, so that less is missing.
const ASK_IN_GAP: Duration = Duration::from_millis(400);
/// How often a keyframe is asked for until it comes.
const ASK_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct AudioTrack {
    codec: AudioCodec,
    reorder: Reorder,
    counts: IntakeCounts,
}

#[derive(Debug)]
struct VideoTrack {
    codec: VideoCodec,
    reorder: Reorder,
    assembler: Assembler,
    counts: IntakeCounts,
    /// When a keyframe was last asked for.
    asked: Option<Duration>,
    /// A packet came since.
    lives: bool,
}

impl Intake {
    /// An intake for the tracks that are published.
    pub fn new(audio: Option<AudioCodec>, video: Option<VideoCodec>) -> Self {
        let clock_rate = audio.map_or(48_000, AudioCodec::clock_rate);
        Self {
            clock: PublisherClock::new(clock_rate, 90_000),
            now: Duration::ZERO,
            audio: audio.map(|codec| AudioTrack {
                codec,
                reorder: Reorder::default(),
                counts: IntakeCounts::default(),
            }),
            video: video.map(|codec| VideoTrack {
                codec,
                reorder: Reorder::default(),
                assembler: Assembler::new(codec),
                counts: IntakeCounts::default(),
                asked: None,
                lives: true,
            }),
            steps: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Takes a packet; `packet.arrival` is now. Packets of a track that is not
    /// published are ignored.
    pub fn handle_packet(
        &mut self,
        kind: TrackKind,
        packet: RecordedPacket,
        units: &mut Vec<AccessUnit>,
    ) {
        self.now = self.now.max(packet.arrival);
        match kind {
            TrackKind::Audio => {
                if let Some(track) = &mut self.audio {
                    track.reorder.handle_packet(packet, &mut self.steps);
                }
            }
            TrackKind::Video => {
                if let Some(track) = &mut self.video {
                    track.lives = true;
                    track.reorder.handle_packet(packet, &mut self.steps);
                }
            }
        }
        self.give(kind, units);
    }

    /// Gives up the gaps that were held long enough.
    pub fn handle_timeout(&mut self, now: Duration, units: &mut Vec<AccessUnit>) {
        self.now = self.now.max(now);
        if let Some(track) = &mut self.audio {
            track.reorder.expire(now, &mut self.steps);
        }
        self.give(TrackKind::Audio, units);
        if let Some(track) = &mut self.video {
            track.reorder.expire(now, &mut self.steps);
        }
        self.give(TrackKind::Video, units);
    }

    /// When [`Self::handle_timeout`] or [`Self::poll_keyframe_request`] has
    /// something to do next.
    pub fn next_timeout(&self) -> Option<Duration> {
        let audio = self.audio.as_ref().and_then(|t| t.reorder.gap_since());
        let video = self.video.as_ref().and_then(|t| t.reorder.gap_since());
        let ask = self.video.as_ref().and_then(VideoTrack::ask_at);
        let gaps = [audio, video].into_iter().flatten().map(|at| at + MAX_HOLD);
        gaps.chain(ask).min()
    }

    /// True: ask the publisher for a keyframe now.
    pub fn poll_keyframe_request(&mut self, now: Duration) -> bool {
        let Some(track) = &mut self.video else {
            return false;
        };
        let due = track.ask_at().is_some_and(|at| at <= now);
        if due {
            track.asked = Some(now);
            track.lives = false;
        }
        due
    }

    /// Packets were withheld, and come again from the next one: a pause ended.
    /// Pictures go on with a keyframe, which is asked for. Call
    /// [`Self::finish`] where the pause begins.
    pub fn resume(&mut self) {
        if let Some(track) = &mut self.audio {
            track.reorder.reset();
        }
        if let Some(track) = &mut self.video {
            track.reorder.reset();
            track.assembler.wait_for_keyframe();
            track.asked = None;
            track.lives = true;
        }
    }

    /// Gives everything that is left: nothing more will come, or a pause begins.
    pub fn finish(&mut self, units: &mut Vec<AccessUnit>) {
        if let Some(track) = &mut self.audio {
            track.reorder.flush(&mut self.steps);
        }
        self.give(TrackKind::Audio, units);
        if let Some(track) = &mut self.video {
            track.reorder.flush(&mut self.steps);
        }
        self.give(TrackKind::Video, units);
        if let Some(track) = &mut self.video {
            track.assembler.finish(&mut self.frames);
            track.give(self.now, &mut self.clock, &mut self.frames, units);
        }
    }

    /// What was seen of a track so far.
    pub fn counts(&self, kind: TrackKind) -> IntakeCounts {
        match kind {
            TrackKind::Audio => self.audio.as_ref().map(AudioTrack::counts),
            TrackKind::Video => self.video.as_ref().map(VideoTrack::counts),
        }
        .unwrap_or_default()
    }

    fn give(&mut self, kind: TrackKind, units: &mut Vec<AccessUnit>) {
        for step in self.steps.drain(..) {
            match kind {
                TrackKind::Audio => {
                    if let Some(track) = &mut self.audio {
                        track.handle_step(self.now, step, &mut self.clock, units);
                    }
                }
                TrackKind::Video => {
                    if let Some(track) = &mut self.video {
                        count(&mut track.counts, &step);
                        track.assembler.handle_step(step, &mut self.frames);
                        track.give(self.now, &mut self.clock, &mut self.frames, units);
                    }
                }
            }
        }
    }
}

fn count(counts: &mut IntakeCounts, step: &Step) {
    match step {
        Step::Packet(_) => counts.packets += 1,
        Step::Lost(lost) => counts.lost += lost,
    }
}

impl AudioTrack {
    fn handle_step(
        &mut self,
        now: Duration,
        step: Step,
        clock: &mut PublisherClock,
        units: &mut Vec<AccessUnit>,
    ) {
        count(&mut self.counts, &step);
        let Step::Packet(packet) = step else { return };
        if packet.payload.is_empty() {
            return;
        }
        let duration = match audio::duration(self.codec, &packet.payload) {
            Ok(duration) => duration,
            Err(error) => {
                self.counts.malformed += 1;
                self.counts.dropped += 1;
                self.counts.last_error = Some(error);
                return;
            }
        };
        self.counts.units += 1;
        let at = clock.place(
            TrackKind::Audio,
            Stamp {
                source: packet.source,
                timestamp: packet.timestamp,
                arrival: packet.arrival,
                report: packet.report,
            },
        );
        units.push(AccessUnit {
            kind: AccessUnitKind::Audio {
                codec: self.codec,
                duration,
            },
            at,
            waited: now.saturating_sub(packet.arrival),
            data: packet.payload,
        });
    }

    fn counts(&self) -> IntakeCounts {
        IntakeCounts {
            duplicates: self.reorder.arrivals.duplicates,
            late: self.reorder.arrivals.late,
            ..self.counts
        }
    }
}

impl VideoTrack {
    fn give(
        &self,
        now: Duration,
        clock: &mut PublisherClock,
        frames: &mut Vec<Assembled>,
        units: &mut Vec<AccessUnit>,
    ) {
        for frame in frames.drain(..) {
            let at = clock.place(
                TrackKind::Video,
                Stamp {
                    source: frame.source,
                    timestamp: frame.timestamp,
                    arrival: frame.arrival,
                    report: frame.report,
                },
            );
            units.push(AccessUnit {
                kind: AccessUnitKind::Video {
                    codec: self.codec,
                    keyframe: frame.coded.keyframe,
                    size: frame.coded.size,
                    rotation: frame.rotation,
                },
                at,
                waited: now.saturating_sub(frame.arrival),
                data: frame.coded.data.into(),
            });
        }
    }

    /// When a keyframe is to be asked for.
    fn ask_at(&self) -> Option<Duration> {
        let again = self.asked.map_or(Duration::ZERO, |at| at + ASK_INTERVAL);
        if self.assembler.waits_for_keyframe() {
            // A camera that is off answers no request.
            return self.lives.then_some(again);
        }
        let gap = self.reorder.gap_since()?;
        let asked_for_it = self.asked.is_some_and(|at| at >= gap + ASK_IN_GAP);
        (!asked_for_it).then(|| again.max(gap + ASK_IN_GAP))
    }

    fn counts(&self) -> IntakeCounts {
        let frames = self.assembler.frames;
        IntakeCounts {
            duplicates: self.reorder.arrivals.duplicates,
            late: self.reorder.arrivals.late,
            units: frames.whole,
            dropped: frames.dropped,
            malformed: frames.malformed,
            reconfigured: frames.reconfigured,
            last_error: frames.last_error,
            ..self.counts
        }
    }
}
