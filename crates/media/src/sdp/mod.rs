//! Session descriptions (RFC 8866) as WebRTC uses them (RFC 9429): reading the
//! client's offer, choosing codecs, writing the answer.
//!
//! The client always offers and never renegotiates, so this is one function
//! each way: [`Offer::parse`], then [`Answer::write`]. What an offer holds
//! beyond what is needed is ignored, also when it contradicts itself (the
//! published WebSDK leaves RTX payload types whose codec it has removed).

mod answer;
mod choose;
mod offer;

pub use answer::{Answer, AnswerMedia, Candidate};
pub use choose::{ChosenCodec, choose_audio, choose_video, match_video, receivable_video};
pub use offer::{
    Direction, Fingerprint, MediaKind, Offer, OfferError, OfferedCodec, OfferedMedia, Setup,
    StreamSsrc,
};

/// RTP header extensions that are negotiated, by URI.
pub mod ext {
    /// RFC 6464.
    pub const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    /// RFC 9143.
    pub const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
    /// 3GPP TS 26.114, coordination of video orientation.
    pub const VIDEO_ORIENTATION: &str = "urn:3gpp:video-orientation";
    /// Feeds the receiver's REMB.
    pub const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
    /// Feeds transport-wide congestion control.
    pub const TRANSPORT_CC: &str =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    /// Tells a screen from a camera to the decoder's post-processing.
    pub const VIDEO_CONTENT_TYPE: &str =
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";
}
