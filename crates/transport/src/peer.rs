//! One WebRTC peer: ICE, DTLS, SRTP, RTCP. The only module that names str0m.
//!
//! A forwarding path of our own replaces what is behind [`Peer::write`] and the
//! [`Output::Packet`] it gives, and nothing else.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use str0m::bwe::{Bitrate, BweKind};
use str0m::config::DtlsCert;
use str0m::crypto::{CryptoProvider, Fingerprint, from_feature_flags};
use str0m::format::{Codec, FormatParams};
use str0m::ice::StunMessage;
use str0m::media::{Frequency, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionValues, RtpWrite, SeqNo, Ssrc, VideoOrientation};
use str0m::{Candidate, Event, IceCreds, Input, Rtc, RtcConfig, RtcError};
use veche_media::sdp::{self, ext};
use veche_media::{AudioCodec, VideoCodec};

/// Sent video packets kept for retransmission to one player: a second at
/// 4 Mbps. str0m keeps a record of about 400 bytes for each.
const RTX_PACKETS: usize = 512;
/// How long they are kept; a later request comes too late for the decoder.
const RTX_AGE: Duration = Duration::from_secs(2);
/// At most this share of what is sent may be retransmissions, so that a player
/// who asks for everything again is not amplified.
const RTX_SHARE: Option<f32> = Some(0.5);
/// Audio is not retransmitted.
const RTX_PACKETS_AUDIO: usize = 16;
/// How often stream statistics are made.
const STATS_INTERVAL: Duration = Duration::from_secs(1);

/// Audio or video: a transport carries at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    Audio,
    Video,
}

/// UDP, or TCP with RFC 4571 framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Wire {
    Udp,
    Tcp,
}

/// A codec with the payload types of this peer's offer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TrackCodec {
    Audio(AudioCodec),
    Video(VideoCodec),
}

/// One negotiated track.
#[derive(Clone, Debug)]
pub(crate) struct TrackSpec {
    pub codec: TrackCodec,
    pub mid: String,
    pub pt: u8,
    pub rtx_pt: Option<u8>,
    /// Sending: ours. Receiving: the client's, if its offer named them.
    pub ssrc: Option<u32>,
    pub rtx_ssrc: Option<u32>,
}

impl Marks {
    /// Clockwise degrees to turn the picture, on packets that say so.
    pub(crate) fn rotation(&self) -> Option<u16> {
        self.orientation.map(|orientation| match orientation {
            VideoOrientation::Deg0 => 0,
            VideoOrientation::Deg90 => 90,
            VideoOrientation::Deg180 => 180,
            VideoOrientation::Deg270 => 270,
        })
    }
}

impl TrackSpec {
    pub(crate) fn track(&self) -> Track {
        match self.codec {
            TrackCodec::Audio(_) => Track::Audio,
            TrackCodec::Video(_) => Track::Video,
        }
    }
}

/// What a peer is made of.
pub(crate) struct Spec<'a> {
    pub sending: bool,
    pub tracks: Vec<TrackSpec>,
    pub extensions: Vec<(u8, &'static str)>,
    pub ice_ufrag: &'a str,
    pub ice_pwd: &'a str,
    pub remote_ufrag: &'a str,
    pub remote_pwd: &'a str,
    pub remote_fingerprint: &'a sdp::Fingerprint,
    pub dtls_active: bool,
    pub candidates: &'a [sdp::Candidate],
}

/// A received RTP packet, free of the sender's numbering of payload types.
#[derive(Debug)]
pub(crate) struct Packet {
    pub track: Track,
    pub ssrc: u32,
    /// Extended.
    pub seq: u64,
    pub timestamp: u32,
    pub marker: bool,
    pub payload: Arc<[u8]>,
    pub marks: Marks,
    /// NTP time and RTP timestamp of the track's last sender report.
    pub report: Option<(SystemTime, u32)>,
}

/// Header extensions that travel with a packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    audio_level: Option<i8>,
    voice: Option<bool>,
    orientation: Option<VideoOrientation>,
    content_type: Option<u8>,
}

/// One packet to send, renumbered for this peer.
pub(crate) struct Write<'a> {
    pub pt: u8,
    pub ssrc: u32,
    pub seq: u64,
    pub timestamp: u32,
    pub captured: Instant,
    pub marker: bool,
    pub payload: &'a Arc<[u8]>,
    pub marks: Marks,
    pub nackable: bool,
}

/// What a peer wants done.
pub(crate) enum Output {
    Transmit {
        wire: Wire,
        destination: SocketAddr,
        contents: Vec<u8>,
    },
    Packet(Packet),
    /// The player needs a keyframe.
    KeyframeAsked,
    /// ICE and DTLS are up.
    Connected,
    /// The peer sent close_notify.
    Closed,
    /// Statistics of a track, cumulative.
    Figures {
        track: Track,
        nacks: u64,
        plis: u64,
        /// Fraction lost since the last figures.
        loss: Option<f32>,
        packets: u64,
    },
    /// What the player can receive, bits per second (REMB).
    Capacity(u64),
    Timeout(Instant),
}

/// Why a peer cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeerError {
    #[error("the peer's certificate is not the one that its offer named")]
    Fingerprint,
    #[error("DTLS: {0}")]
    Dtls(String),
    #[error("{0}")]
    Other(String),
}

impl From<RtcError> for PeerError {
    fn from(error: RtcError) -> Self {
        match error {
            // str0m gives fingerprint faults as faults of the description.
            RtcError::RemoteSdp(_) => Self::Fingerprint,
            RtcError::Dtls(e) => Self::Dtls(e.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

/// The server's certificate and crypto, shared by every peer.
pub(crate) struct Identity {
    crypto: Arc<CryptoProvider>,
    cert: DtlsCert,
    fingerprint: OnceLock<sdp::Fingerprint>,
}

impl Identity {
    /// Makes a certificate; `None` if the crypto library cannot.
    pub(crate) fn generate() -> Option<Self> {
        let crypto = Arc::new(from_feature_flags());
        let cert = crypto.dtls_provider.generate_certificate()?;
        Some(Self {
            crypto,
            cert,
            fingerprint: OnceLock::new(),
        })
    }
}

/// A peer connection without its sockets.
pub(crate) struct Peer {
    rtc: Rtc,
    audio: Option<Mid>,
    video: Option<Mid>,
    fingerprint: sdp::Fingerprint,
}

impl Peer {
    pub(crate) fn new(
        spec: &Spec<'_>,
        identity: &Identity,
        now: Instant,
    ) -> Result<Self, PeerError> {
        let mut config = RtcConfig::new()
            .set_crypto_provider(identity.crypto.clone())
            .set_dtls_cert(identity.cert.clone())
            .set_local_ice_credentials(IceCreds {
                ufrag: spec.ice_ufrag.to_owned(),
                pass: spec.ice_pwd.to_owned(),
            })
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_stats_interval(Some(STATS_INTERVAL))
            .set_send_buffer_audio(RTX_PACKETS_AUDIO)
            .set_send_buffer_video(RTX_PACKETS)
            .clear_codecs()
            .clear_extension_map();
        for (id, uri) in &spec.extensions {
            if let Some(extension) = extension(uri) {
                config = config.set_extension(*id, extension);
            }
        }
        for track in &spec.tracks {
            let (codec, clock_rate, channels) = str0m_codec(track.codec);
            config.codec_config().add_config(
                Pt::new_with_value(track.pt),
                track.rtx_pt.map(Pt::new_with_value),
                codec,
                clock_rate,
                channels,
                FormatParams::default(),
            );
        }
        let mut rtc = config.build(now);
        for candidate in spec.candidates {
            let candidate = if candidate.tcp {
                Candidate::builder()
                    .tcp()
                    .host(candidate.address)
                    .tcptype(str0m::net::TcpType::Passive)
                    .build()
            } else {
                Candidate::host(candidate.address, Protocol::Udp)
            }
            .map_err(|e| PeerError::Other(e.to_string()))?;
            rtc.add_local_candidate(candidate);
        }
        let mut peer = Self {
            fingerprint: identity
                .fingerprint
                .get_or_init(|| local_fingerprint(&mut rtc))
                .clone(),
            rtc,
            audio: None,
            video: None,
        };
        peer.declare(spec)?;
        Ok(peer)
    }

    fn declare(&mut self, spec: &Spec<'_>) -> Result<(), PeerError> {
        let mut api = self.rtc.direct_api();
        api.set_remote_ice_credentials(IceCreds {
            ufrag: spec.remote_ufrag.to_owned(),
            pass: spec.remote_pwd.to_owned(),
        });
        api.set_remote_fingerprint(Fingerprint {
            hash_func: spec.remote_fingerprint.hash.clone(),
            bytes: spec.remote_fingerprint.bytes.clone(),
        });
        api.start_dtls(spec.dtls_active)?;
        for track in &spec.tracks {
            let mid = Mid::from(track.mid.as_str());
            let kind = match track.track() {
                Track::Audio => {
                    self.audio = Some(mid);
                    MediaKind::Audio
                }
                Track::Video => {
                    self.video = Some(mid);
                    MediaKind::Video
                }
            };
            api.declare_media(mid, kind);
            let Some(ssrc) = track.ssrc else { continue };
            let rtx = track.rtx_ssrc.map(Ssrc::from);
            if spec.sending {
                let stream = api.declare_stream_tx(Ssrc::from(ssrc), rtx, mid, None);
                if kind == MediaKind::Video {
                    stream.set_rtx_cache(RTX_PACKETS, RTX_AGE, RTX_SHARE);
                }
            } else {
                api.expect_stream_rx(Ssrc::from(ssrc), rtx, mid, None);
            }
        }
        if !spec.sending && spec.extensions.iter().any(|(_, u)| *u == ext::TRANSPORT_CC) {
            api.enable_twcc_feedback();
        }
        Ok(())
    }

    /// The certificate's fingerprint, for the answer.
    pub(crate) fn fingerprint(&self) -> &sdp::Fingerprint {
        &self.fingerprint
    }

    /// Whether a STUN message is for this peer, by its credentials and integrity.
    pub(crate) fn accepts(
        &self,
        wire: Wire,
        source: SocketAddr,
        local: SocketAddr,
        datagram: &[u8],
    ) -> bool {
        Receive::new(protocol(wire), source, local, datagram)
            .is_ok_and(|receive| self.rtc.accepts(&Input::Receive(Instant::now(), receive)))
    }

    /// Takes a datagram in. One that cannot be read is dropped: anybody can send one.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        wire: Wire,
        source: SocketAddr,
        local: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), PeerError> {
        let Ok(receive) = Receive::new(protocol(wire), source, local, datagram) else {
            return Ok(());
        };
        self.rtc.handle_input(Input::Receive(now, receive))?;
        Ok(())
    }

    pub(crate) fn advance(&mut self, now: Instant) -> Result<(), PeerError> {
        self.rtc.handle_input(Input::Timeout(now))?;
        Ok(())
    }

    /// Queues one packet; the next [`Self::poll`] after [`Self::advance`] sends it.
    pub(crate) fn write(&mut self, write: Write<'_>) {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx(&Ssrc::from(write.ssrc)) else {
            return;
        };
        let ext_vals = ExtensionValues {
            audio_level: write.marks.audio_level,
            voice_activity: write.marks.voice,
            video_orientation: write.marks.orientation,
            video_content_type: write.marks.content_type,
            ..ExtensionValues::default()
        };
        stream.write_rtp(
            RtpWrite::new(
                Pt::new_with_value(write.pt),
                SeqNo::from(write.seq),
                write.timestamp,
                write.captured,
                write.payload.clone(),
            )
            .marker(write.marker)
            .ext_vals(ext_vals)
            .nackable(write.nackable),
        );
    }

    /// Asks the publisher for a keyframe (PLI).
    pub(crate) fn request_keyframe(&mut self) {
        let Some(mid) = self.video else { return };
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Tells the publisher the most that it should send (REMB).
    pub(crate) fn request_bitrate(&mut self, bps: u64) {
        let Some(mid) = self.video else { return };
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, None) {
            stream.request_remb(Bitrate::bps(bps));
        }
    }

    /// Begins an orderly end (RTCP BYE, DTLS close_notify); poll once more.
    pub(crate) fn close(&mut self) -> Result<(), PeerError> {
        self.rtc.close()?;
        Ok(())
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    /// What is to be done next; call until [`Output::Timeout`].
    pub(crate) fn poll(&mut self) -> Result<Output, PeerError> {
        loop {
            let event = match self.rtc.poll_output()? {
                str0m::Output::Timeout(at) => return Ok(Output::Timeout(at)),
                str0m::Output::Transmit(t) => {
                    return Ok(Output::Transmit {
                        wire: if t.proto == Protocol::Udp {
                            Wire::Udp
                        } else {
                            Wire::Tcp
                        },
                        destination: t.destination,
                        contents: t.contents.into(),
                    });
                }
                str0m::Output::Event(event) => event,
            };
            if let Some(output) = self.translate(event) {
                return Ok(output);
            }
        }
    }

    fn translate(&self, event: Event) -> Option<Output> {
        match event {
            Event::RtpPacket(p) => {
                let track = self.track_of(p.header.payload_type)?;
                let report = p.last_sender_info.as_ref().map(|info| {
                    #[allow(clippy::cast_possible_truncation)]
                    let ts = info.rtp_time.numer() as u32;
                    (info.ntp_time, ts)
                });
                Some(Output::Packet(Packet {
                    track,
                    ssrc: *p.header.ssrc,
                    seq: *p.seq_no,
                    timestamp: p.header.timestamp,
                    marker: p.header.marker,
                    payload: p.payload,
                    marks: Marks {
                        audio_level: p.header.ext_vals.audio_level,
                        voice: p.header.ext_vals.voice_activity,
                        orientation: p.header.ext_vals.video_orientation,
                        content_type: p.header.ext_vals.video_content_type,
                    },
                    report,
                }))
            }
            Event::KeyframeRequest(_) => Some(Output::KeyframeAsked),
            Event::Connected => Some(Output::Connected),
            Event::Closed => Some(Output::Closed),
            Event::MediaIngressStats(s) => Some(Output::Figures {
                track: self.track_of_mid(s.mid)?,
                nacks: s.nacks,
                plis: s.plis + s.firs,
                loss: s.loss,
                packets: s.packets,
            }),
            Event::MediaEgressStats(s) => Some(Output::Figures {
                track: self.track_of_mid(s.mid)?,
                nacks: s.nacks,
                plis: s.plis + s.firs,
                loss: s.loss,
                packets: s.packets,
            }),
            Event::EgressBitrateEstimate(BweKind::Remb { estimate, .. }) => {
                Some(Output::Capacity(estimate.as_u64()))
            }
            _ => None,
        }
    }

    /// A peer has one audio and one video codec, so the payload type tells.
    fn track_of(&self, pt: Pt) -> Option<Track> {
        let params = self.rtc.codec_config().params();
        let codec = params
            .iter()
            .find(|p| p.pt() == pt || p.resend() == Some(pt))?
            .spec()
            .codec;
        Some(if codec.is_video() {
            Track::Video
        } else {
            Track::Audio
        })
    }

    fn track_of_mid(&self, mid: Mid) -> Option<Track> {
        if self.video == Some(mid) {
            Some(Track::Video)
        } else {
            (self.audio == Some(mid)).then_some(Track::Audio)
        }
    }
}

/// The local part of a STUN request's USERNAME: which of our peers it is for.
pub(crate) fn stun_ufrag(datagram: &[u8]) -> Option<String> {
    // RFC 8489, 5: two zero bits, then the magic cookie.
    if datagram.len() < 20 || datagram[0] > 1 || datagram[4..8] != [0x21, 0x12, 0xa4, 0x42] {
        return None;
    }
    let message = StunMessage::parse(datagram).ok()?;
    message.split_username().map(|(local, _)| local.to_owned())
}

fn protocol(wire: Wire) -> Protocol {
    match wire {
        Wire::Udp => Protocol::Udp,
        Wire::Tcp => Protocol::Tcp,
    }
}

fn local_fingerprint(rtc: &mut Rtc) -> sdp::Fingerprint {
    let api = rtc.direct_api();
    let fingerprint = api.local_dtls_fingerprint();
    sdp::Fingerprint {
        hash: fingerprint.hash_func.clone(),
        bytes: fingerprint.bytes.clone(),
    }
}

fn str0m_codec(codec: TrackCodec) -> (Codec, Frequency, Option<u8>) {
    match codec {
        TrackCodec::Audio(AudioCodec::Opus) => (Codec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2)),
        TrackCodec::Audio(AudioCodec::Pcmu) => (Codec::PCMU, Frequency::EIGHT_KHZ, None),
        TrackCodec::Audio(AudioCodec::Pcma) => (Codec::PCMA, Frequency::EIGHT_KHZ, None),
        TrackCodec::Video(VideoCodec::Vp8) => (Codec::Vp8, Frequency::NINETY_KHZ, None),
        TrackCodec::Video(VideoCodec::H264) => (Codec::H264, Frequency::NINETY_KHZ, None),
        TrackCodec::Video(VideoCodec::Vp9) => (Codec::Vp9, Frequency::NINETY_KHZ, None),
        TrackCodec::Video(VideoCodec::Av1) => (Codec::Av1, Frequency::NINETY_KHZ, None),
    }
}

fn extension(uri: &str) -> Option<Extension> {
    Some(match uri {
        ext::AUDIO_LEVEL => Extension::AudioLevel,
        ext::MID => Extension::RtpMid,
        ext::VIDEO_ORIENTATION => Extension::VideoOrientation,
        ext::ABS_SEND_TIME => Extension::AbsoluteSendTime,
        ext::TRANSPORT_CC => Extension::TransportSequenceNumber,
        ext::VIDEO_CONTENT_TYPE => Extension::VideoContentType,
        _ => return None,
    })
}
