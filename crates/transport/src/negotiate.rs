//! From a client's offer to a transport and an answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use veche_media::sdp::{
    self, Answer, AnswerMedia, Candidate, ChosenCodec, MediaKind, Offer, OfferedMedia, Setup, ext,
};
use veche_media::{
    AudioCodec, KeyframeRequests, ReceiveBitrate, Rewriter, SenderClock, VideoCodec,
};

use crate::engine::{Engine, Shared};
use crate::peer::{Peer, Spec, TrackCodec, TrackSpec};
use crate::registry::Source;
use crate::transport::{Downlink, Meter, Play, Publish, Role, Transport};
use crate::{NegotiationError, PlayAnswer, PlayRequest, PublishAnswer, PublishRequest};

/// Extensions that we take from a publisher, if it offers them.
const PUBLISH_EXTENSIONS: [&str; 5] = [
    ext::AUDIO_LEVEL,
    ext::MID,
    ext::VIDEO_ORIENTATION,
    ext::TRANSPORT_CC,
    ext::VIDEO_CONTENT_TYPE,
];

/// Extensions that we send to a player, if it offers them. Without transport-cc:
/// there is one quality of a stream, so its finer estimate would change nothing,
/// and its feedback costs more than all else of a player.
const PLAY_EXTENSIONS: [&str; 5] = [
    ext::AUDIO_LEVEL,
    ext::MID,
    ext::VIDEO_ORIENTATION,
    ext::ABS_SEND_TIME,
    ext::VIDEO_CONTENT_TYPE,
];

/// RFC 4585 and friends: what is answered, if it was offered.
const FEEDBACK: [&str; 5] = ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"];

impl Engine {
    /// Answers an offer to publish. Takes some milliseconds of CPU; call it
    /// where blocking is allowed.
    ///
    /// # Errors
    /// See [`NegotiationError`]; nothing is left behind on error.
    pub fn publish(&self, request: PublishRequest) -> Result<PublishAnswer, NegotiationError> {
        let offer = parse(&request.offer)?;
        let audio_section = sending(&offer, MediaKind::Audio);
        let video_section = sending(&offer, MediaKind::Video);
        let audio = audio_section
            .and_then(|(_, section)| sdp::choose_audio(section, &request.audio_codecs));
        let video = video_section
            .and_then(|(_, section)| sdp::choose_video(section, &request.video_codecs));
        // A stream with half of what the client meant to send would look like
        // a fault of the client's camera or microphone.
        if audio.is_some() != audio_section.is_some() || video.is_some() != video_section.is_some()
        {
            return Err(NegotiationError::NoCommonCodecs);
        }
        let offered_video = video_section
            .map(|(_, section)| sdp::receivable_video(section))
            .unwrap_or_default();
        let mut sections = Vec::new();
        if let (Some((index, section)), Some(codec)) = (audio_section, &audio) {
            sections.push(Section::new(index, section, audio_codec(codec), None));
        }
        if let (Some((index, section)), Some(codec)) = (video_section, &video) {
            sections.push(Section::new(index, section, video_codec(codec), None));
        }
        if sections.is_empty() {
            return Err(NegotiationError::NoCommonCodecs);
        }
        let has_twcc = sections.iter().any(|s| {
            s.extensions(&PUBLISH_EXTENSIONS)
                .any(|(_, u)| u == ext::TRANSPORT_CC)
        });
        let role = Role::Publish(Box::new(Publish {
            video_codec: video.as_ref().map(|c| c.codec),
            audio_clock_rate: audio.as_ref().map_or(48_000, |c| c.clock_rate),
            clock: SenderClock::default(),
            keyframes: KeyframeRequests::default(),
            local: Vec::new(),
            remote: Vec::new(),
            size: None,
            tap: None,
            bitrate: (!has_twcc || request.max_bitrate_bps > 0)
                .then(|| ReceiveBitrate::new(request.max_bitrate_bps)),
        }));
        let names = (
            audio.as_ref().map(|c| c.codec),
            video.as_ref().map(|c| c.codec),
        );
        let sdp = self.shared.establish(Establish {
            id: request.transport,
            offer: &offer,
            sections,
            wanted: &PUBLISH_EXTENSIONS,
            role,
            source: Some(Arc::new(Source { audio, video })),
            tcp_only: request.tcp_only,
            max_bitrate_bps: request.max_bitrate_bps,
            stream_id: String::new(),
        })?;
        Ok(PublishAnswer {
            sdp,
            audio: names.0,
            video: names.1,
            offered_video,
        })
    }

    /// Answers an offer to play. The source's keyframe is asked for as soon as
    /// the transport connects.
    ///
    /// # Errors
    /// See [`NegotiationError`]; nothing is left behind on error.
    pub fn play(&self, request: PlayRequest) -> Result<PlayAnswer, NegotiationError> {
        let offer = parse(&request.offer)?;
        let (source, source_shard) = self
            .shared
            .registry
            .source(request.source)
            .ok_or(NegotiationError::SourceNotFound)?;
        let audio_section = receiving(&offer, MediaKind::Audio);
        let video_section = receiving(&offer, MediaKind::Video);
        let receivable = video_section
            .map(|(_, section)| sdp::receivable_video(section))
            .unwrap_or_default();
        let mut sections = Vec::new();
        let (mut audio, mut video) = (None, None);
        if let (Some((index, section)), Some(published)) = (audio_section, &source.audio) {
            let mut codec = sdp::choose_audio(section, &[published.codec])
                .ok_or(NegotiationError::NoCommonCodecs)?;
            if published.stereo && !codec.stereo {
                codec.fmtp.push_str(";sprop-stereo=1");
            }
            let ssrc = new_ssrc();
            audio = Some(downlink(&codec, ssrc));
            sections.push(Section::new(
                index,
                section,
                audio_codec(&codec),
                Some((ssrc, None)),
            ));
        }
        if let (Some((index, section)), Some(published)) = (video_section, &source.video) {
            let codec =
                sdp::match_video(section, published).ok_or(NegotiationError::NoCommonCodecs)?;
            let ssrc = new_ssrc();
            let rtx = codec.rtx.map(|_| new_ssrc());
            video = Some(Downlink {
                nackable: rtx.is_some(),
                waits_for_keyframe: true,
                ..downlink(&codec, ssrc)
            });
            sections.push(Section::new(
                index,
                section,
                video_codec(&codec),
                Some((ssrc, rtx)),
            ));
        }
        if sections.is_empty() {
            return Err(NegotiationError::NoCommonCodecs);
        }
        let names = (
            audio
                .is_some()
                .then(|| source.audio.as_ref().map(|c| c.codec))
                .flatten(),
            video
                .is_some()
                .then(|| source.video.as_ref().map(|c| c.codec))
                .flatten(),
        );
        let role = Role::Play(Box::new(Play {
            source: request.source,
            source_shard,
            subscribed: false,
            audio,
            video,
            capacity_bps: 0,
        }));
        let sdp = self.shared.establish(Establish {
            id: request.transport,
            offer: &offer,
            sections,
            wanted: &PLAY_EXTENSIONS,
            role,
            source: None,
            tcp_only: request.tcp_only,
            max_bitrate_bps: 0,
            stream_id: format!("veche-{}", request.source),
        })?;
        Ok(PlayAnswer {
            sdp,
            audio: names.0,
            video: names.1,
            receivable,
        })
    }
}

/// An accepted media section.
struct Section<'a> {
    index: usize,
    offered: &'a OfferedMedia,
    codec: SectionCodec,
    /// Ours, when we send.
    ssrc: Option<(u32, Option<u32>)>,
}

/// The parts of a chosen codec that do not depend on its kind.
struct SectionCodec {
    codec: TrackCodec,
    pt: u8,
    rtx: Option<u8>,
    rtpmap: String,
    fmtp: String,
    feedback: Vec<String>,
}

impl<'a> Section<'a> {
    fn new(
        index: usize,
        offered: &'a OfferedMedia,
        codec: SectionCodec,
        ssrc: Option<(u32, Option<u32>)>,
    ) -> Self {
        Self {
            index,
            offered,
            codec,
            ssrc,
        }
    }

    /// The offered extensions of a list, with the offer's ids.
    fn extensions<'w>(
        &'w self,
        wanted: &'w [&'static str],
    ) -> impl Iterator<Item = (u8, &'static str)> + 'w {
        wanted.iter().filter_map(|uri| {
            let (id, _) = self.offered.extensions.iter().find(|(_, u)| u == uri)?;
            Some((*id, *uri))
        })
    }

    fn answer(&self, wanted: &[&'static str], max_bitrate_bps: u64) -> AnswerMedia {
        let extensions: Vec<_> = self.extensions(wanted).collect();
        let twcc = extensions.iter().any(|(_, u)| *u == ext::TRANSPORT_CC);
        let is_video = self.offered.kind == MediaKind::Video;
        let feedback = FEEDBACK
            .iter()
            .filter(|kind| self.codec.feedback.iter().any(|offered| offered == *kind))
            .filter(|kind| is_video || **kind == "transport-cc")
            .filter(|kind| twcc || **kind != "transport-cc")
            .map(|kind| (*kind).to_owned())
            .collect();
        AnswerMedia {
            section: self.index,
            send: self.ssrc.is_some(),
            pt: self.codec.pt,
            rtpmap: self.codec.rtpmap.clone(),
            fmtp: self.codec.fmtp.clone(),
            rtx: self.codec.rtx,
            feedback,
            extensions,
            ssrc: self.ssrc,
            max_bitrate_bps: if is_video { max_bitrate_bps } else { 0 },
        }
    }

    fn track(&self) -> TrackSpec {
        let (ssrc, rtx_ssrc) = match self.ssrc {
            Some((ssrc, rtx)) => (Some(ssrc), rtx),
            None => (
                self.offered.ssrc.map(|s| s.main),
                self.offered.ssrc.and_then(|s| s.rtx),
            ),
        };
        TrackSpec {
            codec: self.codec.codec,
            mid: self.offered.mid.clone(),
            pt: self.codec.pt,
            rtx_pt: self.codec.rtx,
            ssrc,
            rtx_ssrc,
        }
    }
}

struct Establish<'a> {
    id: veche_media::TransportId,
    offer: &'a Offer,
    sections: Vec<Section<'a>>,
    wanted: &'a [&'static str],
    role: Role,
    source: Option<Arc<Source>>,
    tcp_only: bool,
    max_bitrate_bps: u64,
    stream_id: String,
}

impl Shared {
    /// Makes the transport, puts it where STUN finds it, writes the answer.
    fn establish(&self, e: Establish<'_>) -> Result<String, NegotiationError> {
        let now = Instant::now();
        let addresses = self.addresses();
        let candidates = candidates(&addresses, self.config.tcp, e.tcp_only);
        let ufrag = random_text(8)?;
        let pwd = random_text(24)?;
        let mut extensions: Vec<(u8, &'static str)> = Vec::new();
        for section in &e.sections {
            for extension in section.extensions(e.wanted) {
                if !extensions.iter().any(|(id, _)| *id == extension.0) {
                    extensions.push(extension);
                }
            }
        }
        let sending = e.sections.iter().any(|s| s.ssrc.is_some());
        let dtls_active = e.offer.setup == Setup::Passive;
        let spec = Spec {
            sending,
            tracks: e.sections.iter().map(Section::track).collect(),
            extensions,
            ice_ufrag: &ufrag,
            ice_pwd: &pwd,
            remote_ufrag: &e.offer.ice_ufrag,
            remote_pwd: &e.offer.ice_pwd,
            remote_fingerprint: &e.offer.fingerprint,
            dtls_active,
            candidates: &candidates,
        };
        let peer = Peer::new(&spec, &self.identity, now)
            .map_err(|error| NegotiationError::Internal(error.to_string()))?;
        let media: Vec<AnswerMedia> = e
            .sections
            .iter()
            .map(|s| s.answer(e.wanted, e.max_bitrate_bps))
            .collect();
        let sdp = Answer {
            offer: e.offer,
            session_id: fastrand::u64(1..1 << 62),
            ice_ufrag: &ufrag,
            ice_pwd: &pwd,
            fingerprint: peer.fingerprint(),
            dtls_active,
            candidates: &candidates,
            stream_id: &e.stream_id,
            cname: "veche",
            media: &media,
        }
        .write();
        let transport = Transport {
            id: e.id,
            peer,
            role: e.role,
            candidates: candidates.iter().map(|c| c.address).collect(),
            paths: Vec::new(),
            claimed_at: None,
            last_heard: now,
            connected: false,
            ufrag: ufrag.clone(),
            tick_at: now,
            wake_at: now,
            scheduled: None,
            dirty: false,
            meter: Meter::default(),
        };
        let limit = self.config.max_transports;
        self.registry
            .insert(Box::new(transport), ufrag, e.source, limit, now)
            .map_err(|_| NegotiationError::TooManyTransports { limit })?;
        Ok(sdp)
    }
}

fn parse(offer: &str) -> Result<Offer, NegotiationError> {
    Offer::parse(offer).map_err(|error| NegotiationError::BadOffer(error.to_string()))
}

fn sending(offer: &Offer, kind: MediaKind) -> Option<(usize, &OfferedMedia)> {
    section(offer, kind, |m| m.direction.sends())
}

fn receiving(offer: &Offer, kind: MediaKind) -> Option<(usize, &OfferedMedia)> {
    section(offer, kind, |m| m.direction.receives())
}

fn section(
    offer: &Offer,
    kind: MediaKind,
    wanted: impl Fn(&OfferedMedia) -> bool,
) -> Option<(usize, &OfferedMedia)> {
    offer
        .media
        .iter()
        .enumerate()
        .find(|(_, m)| m.kind == kind && !m.rejected && wanted(m))
}

fn audio_codec(codec: &ChosenCodec<AudioCodec>) -> SectionCodec {
    let channels = codec.channels.map_or_else(String::new, |c| format!("/{c}"));
    SectionCodec {
        codec: TrackCodec::Audio(codec.codec),
        pt: codec.pt,
        rtx: None,
        rtpmap: format!("{}/{}{channels}", codec.codec.name(), codec.clock_rate),
        fmtp: codec.fmtp.clone(),
        feedback: codec.feedback.clone(),
    }
}

fn video_codec(codec: &ChosenCodec<VideoCodec>) -> SectionCodec {
    SectionCodec {
        codec: TrackCodec::Video(codec.codec),
        pt: codec.pt,
        rtx: codec.rtx,
        rtpmap: format!("{}/{}", codec.codec.name(), codec.clock_rate),
        fmtp: codec.fmtp.clone(),
        feedback: codec.feedback.clone(),
    }
}

fn downlink<C>(codec: &ChosenCodec<C>, ssrc: u32) -> Downlink {
    Downlink {
        pt: codec.pt,
        ssrc,
        rewriter: Rewriter::new(fastrand::u16(..), codec.clock_rate),
        nackable: false,
        waits_for_keyframe: false,
    }
}

fn candidates(addresses: &[SocketAddr], tcp: bool, tcp_only: bool) -> Vec<Candidate> {
    let kind = |tcp| {
        addresses.iter().map(move |address| Candidate {
            address: *address,
            tcp,
        })
    };
    let mut all = Vec::new();
    if !(tcp && tcp_only) {
        all.extend(kind(false));
    }
    if tcp {
        all.extend(kind(true));
    }
    all
}

/// Zero is reserved for probes in str0m, and for "unknown" elsewhere.
fn new_ssrc() -> u32 {
    fastrand::u32(1..)
}

/// ICE credentials: each character carries six bits (RFC 8445, 5.3 asks for 24
/// and 128 of them), from the system's generator.
fn random_text(length: usize) -> Result<String, NegotiationError> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| NegotiationError::Internal(error.to_string()))?;
    Ok(bytes
        .into_iter()
        .map(|b| char::from(ALPHABET[usize::from(b & 63)]))
        .collect())
}
