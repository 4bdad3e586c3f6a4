use super::offer::{MediaKind, OfferedCodec, OfferedMedia};
use crate::{AudioCodec, CodecSet, VideoCodec};

/// A codec taken from an offer, with the numbers of that offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenCodec<C> {
    /// Which.
    pub codec: C,
    /// Payload type in the offer's numbering.
    pub pt: u8,
    /// RTX payload type, if the offer has one for it.
    pub rtx: Option<u8>,
    /// Hz.
    pub clock_rate: u32,
    /// Channels of `a=rtpmap`, for audio that names them.
    pub channels: Option<u8>,
    /// What the answer says in `a=fmtp`; empty for no line.
    pub fmtp: String,
    /// H.264 only: `packetization-mode`.
    pub packetization_mode: u8,
    /// H.264 only: `profile-level-id`.
    pub profile_level_id: u32,
    /// Opus only: the sender may send two channels.
    pub stereo: bool,
    /// `a=rtcp-fb` kinds that the client offered for it.
    pub feedback: Vec<String>,
}

/// Default of RFC 6184, 8.1: Constrained Baseline is what everybody decodes.
const BASELINE_3_1: u32 = 0x0042_001f;

/// Takes the first codec of `preference` that the section has.
pub fn choose_video(
    section: &OfferedMedia,
    preference: &[VideoCodec],
) -> Option<ChosenCodec<VideoCodec>> {
    preference.iter().find_map(|codec| {
        video_codecs(section)
            .filter(|c| c.codec == *codec && is_common_profile(c, section))
            .min_by_key(send_rank)
    })
}

/// Takes the first codec of `preference` that the section has.
pub fn choose_audio(
    section: &OfferedMedia,
    preference: &[AudioCodec],
) -> Option<ChosenCodec<AudioCodec>> {
    preference.iter().find_map(|codec| {
        section
            .codecs
            .iter()
            .find(|c| is_audio(c, *codec))
            .map(|offered| audio(offered, *codec))
    })
}

/// How a player's section would take a stream published as `source`.
pub fn match_video(
    section: &OfferedMedia,
    source: &ChosenCodec<VideoCodec>,
) -> Option<ChosenCodec<VideoCodec>> {
    video_codecs(section)
        .filter(|c| c.codec == source.codec && decodes(c, source, section))
        .min_by_key(|c| receive_rank(c, source))
}

/// Every video codec that the section names.
pub fn receivable_video(section: &OfferedMedia) -> CodecSet {
    video_codecs(section).map(|c| c.codec).collect()
}

fn video_codecs(section: &OfferedMedia) -> impl Iterator<Item = ChosenCodec<VideoCodec>> + '_ {
    let offered = (section.kind == MediaKind::Video)
        .then_some(&section.codecs)
        .into_iter()
        .flatten();
    offered.filter_map(|c| {
        let codec: VideoCodec = c.name.parse().ok()?;
        (c.clock_rate == 90_000).then(|| video(c, codec))
    })
}

fn video(offered: &OfferedCodec, codec: VideoCodec) -> ChosenCodec<VideoCodec> {
    let packetization_mode = offered
        .param("packetization-mode")
        .and_then(|v| v.parse().ok())
        .unwrap_or(0);
    let profile_level_id = offered
        .param("profile-level-id")
        .and_then(|v| u32::from_str_radix(v, 16).ok())
        .unwrap_or(BASELINE_3_1);
    let fmtp = match codec {
        VideoCodec::H264 => format!(
            "level-asymmetry-allowed=1;packetization-mode={packetization_mode};\
             profile-level-id={profile_level_id:06x}"
        ),
        VideoCodec::Vp8 => String::new(),
        VideoCodec::Vp9 => match offered.param("profile-id") {
            Some(id) if id.len() == 1 => format!("profile-id={id}"),
            _ => String::new(),
        },
        // RFC 8866 asks for nothing here; libwebrtc compares `profile`.
        VideoCodec::Av1 => match offered.param("profile") {
            Some(p) if p.len() == 1 => format!("profile={p}"),
            _ => String::new(),
        },
    };
    ChosenCodec {
        codec,
        pt: offered.pt,
        rtx: offered.rtx,
        clock_rate: 90_000,
        channels: None,
        fmtp,
        packetization_mode,
        profile_level_id,
        stereo: false,
        feedback: offered.feedback.clone(),
    }
}

fn is_audio(offered: &OfferedCodec, codec: AudioCodec) -> bool {
    offered.name.eq_ignore_ascii_case(codec.name()) && offered.clock_rate == codec.clock_rate()
}

fn audio(offered: &OfferedCodec, codec: AudioCodec) -> ChosenCodec<AudioCodec> {
    let on = |name| offered.param(name) == Some("1");
    let stereo = codec == AudioCodec::Opus && (on("stereo") || on("sprop-stereo"));
    let mut fmtp = String::new();
    if codec == AudioCodec::Opus {
        fmtp.push_str("minptime=10;useinbandfec=1");
        if stereo {
            fmtp.push_str(";stereo=1;sprop-stereo=1");
        }
        if on("usedtx") {
            fmtp.push_str(";usedtx=1");
        }
    }
    ChosenCodec {
        codec,
        pt: offered.pt,
        rtx: None,
        clock_rate: codec.clock_rate(),
        channels: (codec == AudioCodec::Opus).then_some(2),
        fmtp,
        packetization_mode: 0,
        profile_level_id: 0,
        stereo,
        feedback: offered.feedback.clone(),
    }
}

/// VP9 and AV1 beyond 8-bit 4:2:0 are decoded by few; they are not asked for.
fn is_common_profile(c: &ChosenCodec<VideoCodec>, section: &OfferedMedia) -> bool {
    match c.codec {
        VideoCodec::Vp8 | VideoCodec::H264 => true,
        VideoCodec::Vp9 => profile_of(c, section, "profile-id") == 0,
        VideoCodec::Av1 => profile_of(c, section, "profile") == 0,
    }
}

fn profile_of(c: &ChosenCodec<VideoCodec>, section: &OfferedMedia, name: &str) -> u32 {
    section
        .codecs
        .iter()
        .find(|o| o.pt == c.pt)
        .and_then(|o| o.param(name))
        .and_then(|v| v.parse().ok())
        .unwrap_or(0)
}

/// Order among the H.264 payload types of a sender: packetization mode 1, then
/// the profile that most players decode.
fn send_rank(c: &ChosenCodec<VideoCodec>) -> (bool, u8, bool) {
    let constrained = c.profile_level_id >> 8 & 0x40 != 0;
    (
        c.packetization_mode != 1,
        profile_rank(c.profile_level_id),
        !constrained,
    )
}

/// Profiles in the order in which a decoder of one includes those before it.
fn profile_rank(profile_level_id: u32) -> u8 {
    match profile_level_id >> 16 {
        0x42 => 0,
        0x4d | 0x58 => 1,
        0x64 => 2,
        0x6e => 3,
        0x7a => 4,
        _ => 5,
    }
}

fn decodes(
    receiver: &ChosenCodec<VideoCodec>,
    source: &ChosenCodec<VideoCodec>,
    section: &OfferedMedia,
) -> bool {
    match source.codec {
        VideoCodec::Vp8 => true,
        VideoCodec::Vp9 | VideoCodec::Av1 => is_common_profile(receiver, section),
        // A mode-1 stream has aggregation and fragmentation units that a
        // mode-0 receiver need not understand (RFC 6184, 5.4).
        VideoCodec::H264 => {
            receiver.packetization_mode >= source.packetization_mode
                && profile_rank(receiver.profile_level_id) >= profile_rank(source.profile_level_id)
        }
    }
}

fn receive_rank(
    receiver: &ChosenCodec<VideoCodec>,
    source: &ChosenCodec<VideoCodec>,
) -> (bool, bool, u8) {
    (
        receiver.packetization_mode != source.packetization_mode,
        receiver.profile_level_id >> 8 != source.profile_level_id >> 8,
        profile_rank(receiver.profile_level_id),
    )
}
