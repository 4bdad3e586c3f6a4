//! Frames of one video track, out of its packets in order.

use std::sync::Arc;
use std::time::Duration;

use crate::VideoCodec;
use crate::depacketize::{CodedFrame, DepacketizeError, Depacketizer, MAX_FRAME_BYTES};
use crate::jitter::{RecordedPacket, Step};

/// Packets of one frame: the largest frame in packets of 1 KiB. Without it, a
/// frame of tiny packets would cost many times its bytes.
const MAX_FRAME_PACKETS: usize = MAX_FRAME_BYTES / 1024;

/// A whole frame and what its packets said.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub coded: CodedFrame,
    pub source: u32,
    pub timestamp: u32,
    /// Of the packet that came first.
    pub arrival: Duration,
    pub report: Option<(Duration, u32)>,
    pub rotation: u16,
}

/// Counts of a video track's frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frames {
    pub whole: u64,
    pub dropped: u64,
    pub malformed: u64,
    pub reconfigured: u64,
    pub last_error: Option<DepacketizeError>,
}

/// A frame whose packets are coming.
#[derive(Debug)]
struct Partial {
    source: u32,
    timestamp: u32,
    payloads: Vec<Arc<[u8]>>,
    bytes: usize,
    too_large: bool,
    arrival: Duration,
    report: Option<(Duration, u32)>,
    rotation: Option<u16>,
    after_gap: bool,
}

#[derive(Debug)]
pub(crate) struct Assembler {
    depacketizer: Depacketizer,
    partial: Option<Partial>,
    /// Packets are missing before the next one.
    gap: bool,
    /// Nothing can be decoded before a keyframe.
    waits_for_keyframe: bool,
    /// Its sender marks the ends of frames.
    sets_markers: bool,
    rotation: u16,
    pub frames: Frames,
}

impl Assembler {
    pub(crate) fn new(codec: VideoCodec) -> Self {
        Self {
            depacketizer: Depacketizer::new(codec),
            partial: None,
            gap: true,
            waits_for_keyframe: true,
            sets_markers: false,
            rotation: 0,
            frames: Frames::default(),
        }
    }

    pub(crate) fn waits_for_keyframe(&self) -> bool {
        self.waits_for_keyframe
    }

    /// Packets are withheld up to now: gives nothing before the next keyframe.
    pub(crate) fn wait_for_keyframe(&mut self) {
        self.partial = None;
        self.gap = true;
        self.waits_for_keyframe = true;
    }

    pub(crate) fn handle_step(&mut self, step: Step, frames: &mut Vec<Assembled>) {
        match step {
            Step::Lost(_) => {
                self.frames.dropped += u64::from(self.partial.take().is_some());
                self.gap = true;
                self.waits_for_keyframe = true;
            }
            Step::Packet(packet) => self.handle_packet(packet, frames),
        }
    }

    /// Nothing more will come. A frame without its marker is not whole, unless
    /// its sender sets none.
    pub(crate) fn finish(&mut self, frames: &mut Vec<Assembled>) {
        if self.sets_markers {
            self.frames.dropped += u64::from(self.partial.take().is_some());
        }
        self.end_frame(frames);
    }

    fn end_frame(&mut self, frames: &mut Vec<Assembled>) {
        if let Some(partial) = self.partial.take() {
            self.complete(partial, frames);
        }
    }

    fn handle_packet(&mut self, packet: RecordedPacket, frames: &mut Vec<Assembled>) {
        if packet.payload.is_empty() {
            return;
        }
        // Without a marker the next frame's beginning is the end of this one.
        if let Some(partial) = &self.partial
            && partial.timestamp != packet.timestamp
        {
            self.end_frame(frames);
        }
        let marker = packet.marker;
        let partial = self.partial.get_or_insert_with(|| Partial {
            source: packet.source,
            timestamp: packet.timestamp,
            payloads: Vec::new(),
            bytes: 0,
            too_large: false,
            arrival: packet.arrival,
            report: None,
            rotation: None,
            after_gap: std::mem::take(&mut self.gap),
        });
        partial.bytes += packet.payload.len();
        partial.arrival = partial.arrival.min(packet.arrival);
        partial.report = packet.report.or(partial.report);
        partial.rotation = packet.rotation.or(partial.rotation);
        partial.too_large |=
            partial.bytes > MAX_FRAME_BYTES || partial.payloads.len() == MAX_FRAME_PACKETS;
        if partial.too_large {
            partial.payloads = Vec::new();
        } else {
            partial.payloads.push(packet.payload);
        }
        if marker {
            self.sets_markers = true;
            self.end_frame(frames);
        }
    }

    fn complete(&mut self, partial: Partial, frames: &mut Vec<Assembled>) {
        if let Some(rotation) = partial.rotation {
            self.rotation = rotation / 90 % 4 * 90;
        }
        let coded = if partial.too_large {
            Err(DepacketizeError::TooLarge {
                limit: MAX_FRAME_BYTES,
            })
        } else {
            self.depacketizer
                .frame(&partial.payloads, partial.after_gap)
        };
        let coded = match coded {
            Ok(Some(coded)) => coded,
            Ok(None) => return,
            Err(error) => {
                self.frames.dropped += 1;
                // The rest of a frame whose beginning was lost is no fault of its sender.
                if !partial.after_gap || partial.too_large {
                    self.frames.malformed += 1;
                    self.frames.last_error = Some(error);
                }
                self.waits_for_keyframe = true;
                return;
            }
        };
        if self.waits_for_keyframe && !coded.keyframe {
            self.frames.dropped += 1;
            return;
        }
        self.waits_for_keyframe = false;
        self.frames.whole += 1;
        self.frames.reconfigured += u64::from(coded.reconfigured);
        frames.push(Assembled {
            coded,
            source: partial.source,
            timestamp: partial.timestamp,
            arrival: partial.arrival,
            report: partial.report,
            rotation: self.rotation,
        });
    }
}
