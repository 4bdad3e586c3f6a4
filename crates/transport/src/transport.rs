//! One transport as its shard holds it: the peer, what it is for, its timers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use veche_media::{
    FrameSize, KeyframeRequests, ReceiveBitrate, RecordedPacket, Rewriter, SenderClock, TrackKind,
    TransportId, VideoCodec,
};

use crate::peer::{Marks, Packet, Peer, Track, Wire, Write};
use crate::{Rate, Tap, Tapped};

/// Addresses that one transport may be heard from: a client has a few
/// interfaces, each on IPv4, IPv6, UDP and TCP.
pub(crate) const MAX_PATHS: usize = 16;

pub(crate) struct Transport {
    pub id: TransportId,
    pub peer: Peer,
    pub role: Role,
    /// The candidates of its answer, which STUN must be addressed to.
    pub candidates: Arc<[SocketAddr]>,
    pub paths: Vec<(Wire, SocketAddr)>,
    pub claimed_at: Option<Instant>,
    pub last_heard: Instant,
    pub connected: bool,
    /// Our ICE user name fragment, by which STUN names this transport.
    pub ufrag: String,
    /// When rates and liveness are next looked at.
    pub tick_at: Instant,
    /// When the peer next wants to be driven.
    pub wake_at: Instant,
    /// The one entry of the shard's timer heap that counts.
    pub scheduled: Option<Instant>,
    /// Has packets that were written but not yet sent.
    pub dirty: bool,
    pub meter: Meter,
}

pub(crate) enum Role {
    Publish(Box<Publish>),
    Play(Box<Play>),
}

/// A publisher: what it needs to be forwarded.
pub(crate) struct Publish {
    pub video_codec: Option<VideoCodec>,
    pub audio_clock_rate: u32,
    pub clock: SenderClock,
    pub keyframes: KeyframeRequests,
    /// Players on this shard.
    pub local: Vec<TransportId>,
    /// Other shards with players.
    pub remote: Vec<usize>,
    pub size: Option<FrameSize>,
    /// Gets every packet besides the players.
    pub tap: Option<Tap>,
    /// Tells the publisher how much to send, where it has no TWCC.
    pub bitrate: Option<ReceiveBitrate>,
}

/// A player: the source and how its tracks are rewritten.
pub(crate) struct Play {
    pub source: TransportId,
    /// Where the source lives.
    pub source_shard: usize,
    /// Its packets come here: since the player connected.
    pub subscribed: bool,
    pub audio: Option<Downlink>,
    pub video: Option<Downlink>,
    /// What the player said that it can receive (REMB), 0 while it has not.
    pub capacity_bps: u64,
}

/// One track on its way to one player.
pub(crate) struct Downlink {
    pub pt: u8,
    pub ssrc: u32,
    pub rewriter: Rewriter,
    pub nackable: bool,
    /// Nothing is sent before a keyframe: it could not be decoded.
    pub waits_for_keyframe: bool,
}

/// A packet on its way from a publisher to players, shared by all of them.
#[derive(Debug)]
pub(crate) struct Forward {
    pub source: TransportId,
    pub track: Track,
    pub seq: u64,
    pub timestamp: u32,
    pub captured: Instant,
    pub marker: bool,
    pub payload: Arc<[u8]>,
    pub marks: Marks,
    pub keyframe: bool,
}

/// Counts of the running second and of the whole life.
#[derive(Default)]
pub(crate) struct Meter {
    pub video_bytes: u64,
    pub audio_bytes: u64,
    pub frames: u32,
    pub since: Option<Instant>,
    pub rate: Rate,
    /// Fraction of video packets lost, of the last second.
    pub recent_loss: f32,
    packets: u64,
}

impl Meter {
    pub(crate) fn packet(&mut self, track: Track, bytes: usize, marker: bool) {
        match track {
            Track::Audio => self.audio_bytes += bytes as u64,
            Track::Video => {
                self.video_bytes += bytes as u64;
                self.frames += u32::from(marker);
            }
        }
    }

    /// Takes the peer's cumulative figures of the video track.
    pub(crate) fn figures(&mut self, nacks: u64, plis: u64, loss: Option<f32>, packets: u64) {
        let new = packets.saturating_sub(self.packets);
        self.packets = packets;
        self.rate.nack = nacks;
        self.rate.pli = plis;
        self.recent_loss = loss.unwrap_or(0.0);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let lost = (new as f32 * loss.unwrap_or(0.0)) as u64;
        self.rate.lost_packets += lost;
    }

    /// The last second's rate, once a second.
    pub(crate) fn second(&mut self, now: Instant) -> Option<Rate> {
        let since = *self.since.get_or_insert(now);
        let elapsed = now.duration_since(since);
        if elapsed < Duration::from_secs(1) {
            return None;
        }
        self.since = Some(now);
        let per_second = |bytes: u64| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss
            )]
            let bps = (bytes as f64 * 8.0 / elapsed.as_secs_f64()) as u64;
            bps
        };
        self.rate.video_bps = per_second(std::mem::take(&mut self.video_bytes));
        self.rate.audio_bps = per_second(std::mem::take(&mut self.audio_bytes));
        self.rate.fps = std::mem::take(&mut self.frames);
        Some(self.rate)
    }
}

impl Publish {
    /// Makes a received packet ready for players.
    pub(crate) fn forward(
        &mut self,
        source: TransportId,
        packet: Packet,
        now: Instant,
        origin: Instant,
    ) -> (Forward, Option<FrameSize>) {
        let keyframe = match (packet.track, self.video_codec) {
            (Track::Video, Some(codec)) => veche_media::keyframe(codec, &packet.payload),
            _ => None,
        };
        if let Some(tap) = &self.tap {
            tap(tapped(&packet, now.duration_since(origin)));
        }
        let mut new_size = None;
        if let Some(keyframe) = keyframe {
            self.keyframes.keyframe();
            if keyframe.size.is_some() && keyframe.size != self.size {
                self.size = keyframe.size;
                new_size = keyframe.size;
            }
        }
        let captured = match packet.report {
            Some((ntp, report_ts)) => {
                let ntp = ntp
                    .duration_since(std::time::UNIX_EPOCH)
                    .unwrap_or_default();
                let clock_rate = match packet.track {
                    Track::Audio => self.audio_clock_rate,
                    Track::Video => 90_000,
                };
                let since = now.duration_since(origin);
                let at =
                    self.clock
                        .capture_time(since, ntp, report_ts, packet.timestamp, clock_rate);
                origin + at
            }
            None => now,
        };
        let forward = Forward {
            source,
            track: packet.track,
            seq: packet.seq,
            timestamp: packet.timestamp,
            captured,
            marker: packet.marker,
            payload: packet.payload,
            marks: packet.marks,
            keyframe: keyframe.is_some(),
        };
        (forward, new_size)
    }
}

fn tapped(packet: &Packet, arrival: Duration) -> Tapped {
    let report = packet.report.map(|(ntp, timestamp)| {
        let since_1970 = ntp.duration_since(std::time::UNIX_EPOCH);
        (since_1970.unwrap_or_default(), timestamp)
    });
    Tapped {
        kind: match packet.track {
            Track::Audio => TrackKind::Audio,
            Track::Video => TrackKind::Video,
        },
        packet: RecordedPacket {
            source: packet.ssrc,
            seq: packet.seq,
            timestamp: packet.timestamp,
            marker: packet.marker,
            payload: packet.payload.clone(),
            arrival,
            rotation: packet.marks.rotation(),
            report,
        },
    }
}

impl Play {
    /// Renumbers a packet and hands it to the peer. False: not for this player (now).
    pub(crate) fn send(&mut self, peer: &mut Peer, packet: &Forward, meter: &mut Meter) -> bool {
        let downlink = match packet.track {
            Track::Audio => &mut self.audio,
            Track::Video => &mut self.video,
        };
        let Some(downlink) = downlink else {
            return false;
        };
        if downlink.waits_for_keyframe {
            if !packet.keyframe {
                return false;
            }
            downlink.waits_for_keyframe = false;
        }
        let Some(numbers) = downlink.rewriter.rewrite(packet.seq, packet.timestamp) else {
            return false;
        };
        meter.packet(packet.track, packet.payload.len(), packet.marker);
        peer.write(Write {
            pt: downlink.pt,
            ssrc: downlink.ssrc,
            seq: numbers.seq,
            timestamp: numbers.timestamp,
            captured: packet.captured,
            marker: packet.marker,
            payload: &packet.payload,
            marks: packet.marks,
            nackable: downlink.nackable,
        });
        true
    }

    pub(crate) fn waits_for_keyframe(&self) -> bool {
        self.video.as_ref().is_some_and(|d| d.waits_for_keyframe)
    }
}
