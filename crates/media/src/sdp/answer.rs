use std::fmt::Write as _;
use std::net::SocketAddr;

use super::offer::{Fingerprint, Offer, OfferedCodec, OfferedMedia};

/// A local address for `a=candidate` (RFC 8839, RFC 6544 for TCP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where the client sends to.
    pub address: SocketAddr,
    /// ICE-TCP, passive; else UDP.
    pub tcp: bool,
}

/// What is said of one accepted media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerMedia {
    /// Index of the section in the offer.
    pub section: usize,
    /// We send (`a=sendonly`), else we receive (`a=recvonly`).
    pub send: bool,
    /// Payload type.
    pub pt: u8,
    /// Text of `a=rtpmap` behind the payload type.
    pub rtpmap: String,
    /// Text of `a=fmtp` behind the payload type; empty for none.
    pub fmtp: String,
    /// RTX payload type.
    pub rtx: Option<u8>,
    /// `a=rtcp-fb` kinds.
    pub feedback: Vec<String>,
    /// Header extensions in use.
    pub extensions: Vec<(u8, &'static str)>,
    /// SSRC and RTX SSRC that we send with.
    pub ssrc: Option<(u32, Option<u32>)>,
    /// Most bits per second that we want to receive. 0: no limit.
    pub max_bitrate_bps: u64,
}

/// An answer, to be written.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// The offer that is answered.
    pub offer: &'a Offer,
    /// `o=` session id.
    pub session_id: u64,
    /// Our ICE user name fragment.
    pub ice_ufrag: &'a str,
    /// Our ICE password.
    pub ice_pwd: &'a str,
    /// Our certificate.
    pub fingerprint: &'a Fingerprint,
    /// We start DTLS (`a=setup:active`); else `passive`.
    pub dtls_active: bool,
    /// Where we are reached.
    pub candidates: &'a [Candidate],
    /// Media stream id of what we send: one for all tracks, since players
    /// show the first stream of each track in one element.
    pub stream_id: &'a str,
    /// RTCP CNAME of what we send.
    pub cname: &'a str,
    /// The accepted sections; all others carry nothing.
    pub media: &'a [AnswerMedia],
}

impl Answer<'_> {
    /// The answer's text, with CRLF.
    ///
    /// Lines are ordered as Chromium orders them (`rtpmap`, `rtcp-fb`, `fmtp`):
    /// the published WebSDK edits answers by position.
    pub fn write(&self) -> String {
        let mut s = String::with_capacity(4096);
        s.push_str("v=0\r\n");
        line(
            &mut s,
            format_args!("o=- {} 2 IN IP4 127.0.0.1", self.session_id),
        );
        s.push_str("s=-\r\nt=0 0\r\n");
        if self.offer.bundled {
            s.push_str("a=group:BUNDLE");
            for (index, section) in self.offer.media.iter().enumerate() {
                if self.accepted(index).is_some() || self.idle_codec(section).is_some() {
                    let _ = write!(s, " {}", section.mid);
                }
            }
            s.push_str("\r\n");
        }
        s.push_str("a=ice-lite\r\na=msid-semantic: WMS *\r\n");
        for (index, section) in self.offer.media.iter().enumerate() {
            match (self.accepted(index), self.idle_codec(section)) {
                (Some(media), _) => self.write_media(&mut s, section, media),
                (None, Some(codec)) => self.write_idle(&mut s, section, codec),
                (None, None) => refuse(&mut s, section),
            }
        }
        s
    }

    fn accepted(&self, section: usize) -> Option<&AnswerMedia> {
        self.media.iter().find(|m| m.section == section)
    }

    /// The codec to name in a section that carries nothing and stays in the
    /// bundle: a player offers sound and picture, the stream has one of them.
    ///
    /// Port 0 there is legal and of no use: libwebrtc, once all sections share
    /// the first one's transport, fails the whole answer when that is refused.
    fn idle_codec<'a>(&self, section: &'a OfferedMedia) -> Option<&'a OfferedCodec> {
        let bundle = self.offer.bundled && !self.media.is_empty() && !section.rejected;
        section.codecs.first().filter(|_| bundle)
    }

    fn write_idle(&self, s: &mut String, section: &OfferedMedia, codec: &OfferedCodec) {
        let pt = codec.pt;
        let place = self.place();
        let port = place.port;
        line(
            s,
            format_args!("m={} {port} {} {pt}", kind_name(section), section.profile),
        );
        line(s, format_args!("c=IN {} {}", place.family, place.host));
        self.write_transport(s, section, &place);
        s.push_str("a=inactive\r\na=rtcp-mux\r\na=rtcp-rsize\r\n");
        let _ = write!(s, "a=rtpmap:{pt} {}/{}", codec.name, codec.clock_rate);
        if let Some(channels) = codec.channels {
            let _ = write!(s, "/{channels}");
        }
        s.push_str("\r\n");
        if !codec.fmtp.is_empty() {
            line(s, format_args!("a=fmtp:{pt} {}", codec.fmtp));
        }
    }

    /// The address of `m=` and `c=`.
    fn place(&self) -> Place {
        let default = self.candidates.iter().find(|c| !c.tcp);
        // A TCP-only answer has no UDP default: port 9 (RFC 8839, 4.2.1.2).
        let (port, family, host) = match default.map(|c| c.address) {
            Some(a) if a.is_ipv6() => (a.port(), "IP6", a.ip().to_string()),
            Some(a) => (a.port(), "IP4", a.ip().to_string()),
            None => (9, "IP4", "0.0.0.0".to_owned()),
        };
        Place { port, family, host }
    }

    fn write_transport(&self, s: &mut String, section: &OfferedMedia, place: &Place) {
        let Place { port, family, host } = place;
        line(s, format_args!("a=rtcp:{port} IN {family} {host}"));
        for (index, candidate) in self.candidates.iter().enumerate() {
            write_candidate(s, index, candidate);
        }
        s.push_str("a=end-of-candidates\r\n");
        line(s, format_args!("a=ice-ufrag:{}", self.ice_ufrag));
        line(s, format_args!("a=ice-pwd:{}", self.ice_pwd));
        line(s, format_args!("a=fingerprint:{}", self.fingerprint));
        let setup = if self.dtls_active {
            "active"
        } else {
            "passive"
        };
        line(s, format_args!("a=setup:{setup}"));
        if section.has_mid {
            line(s, format_args!("a=mid:{}", section.mid));
        }
    }

    fn write_media(&self, s: &mut String, section: &OfferedMedia, media: &AnswerMedia) {
        let kind = kind_name(section);
        let place = self.place();
        let _ = write!(
            s,
            "m={kind} {} {} {}",
            place.port, section.profile, media.pt
        );
        if let Some(rtx) = media.rtx {
            let _ = write!(s, " {rtx}");
        }
        s.push_str("\r\n");
        line(s, format_args!("c=IN {} {}", place.family, place.host));
        if media.max_bitrate_bps > 0 {
            line(
                s,
                format_args!("b=AS:{}", media.max_bitrate_bps.div_ceil(1000)),
            );
            line(s, format_args!("b=TIAS:{}", media.max_bitrate_bps));
        }
        self.write_transport(s, section, &place);
        for (id, uri) in &media.extensions {
            line(s, format_args!("a=extmap:{id} {uri}"));
        }
        s.push_str(if media.send {
            "a=sendonly\r\n"
        } else {
            "a=recvonly\r\n"
        });
        if media.send {
            line(
                s,
                format_args!("a=msid:{} {}-{kind}", self.stream_id, self.stream_id),
            );
        }
        s.push_str("a=rtcp-mux\r\na=rtcp-rsize\r\n");
        let pt = media.pt;
        line(s, format_args!("a=rtpmap:{pt} {}", media.rtpmap));
        for feedback in &media.feedback {
            line(s, format_args!("a=rtcp-fb:{pt} {feedback}"));
        }
        if !media.fmtp.is_empty() {
            line(s, format_args!("a=fmtp:{pt} {}", media.fmtp));
        }
        if let Some(rtx) = media.rtx {
            line(s, format_args!("a=rtpmap:{rtx} rtx/90000"));
            line(s, format_args!("a=fmtp:{rtx} apt={pt}"));
        }
        if let Some((main, rtx)) = media.ssrc {
            if let Some(rtx) = rtx {
                line(s, format_args!("a=ssrc-group:FID {main} {rtx}"));
            }
            for ssrc in std::iter::once(main).chain(rtx) {
                line(s, format_args!("a=ssrc:{ssrc} cname:{}", self.cname));
            }
        }
    }
}

/// The default destination: for clients that know no candidates, and for `c=`.
struct Place {
    port: u16,
    family: &'static str,
    host: String,
}

fn line(s: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = write!(s, "{text}\r\n");
}

fn kind_name(section: &OfferedMedia) -> &'static str {
    match section.kind {
        super::MediaKind::Audio => "audio",
        super::MediaKind::Video => "video",
        super::MediaKind::Other => "application",
    }
}

/// RFC 8839, 5.1; UDP before TCP, the given order within each.
fn write_candidate(s: &mut String, index: usize, candidate: &Candidate) {
    let foundation = index + 1;
    let local_preference = 65_535_u32.saturating_sub(u32::try_from(index).unwrap_or(u32::MAX));
    let type_preference: u32 = if candidate.tcp { 90 } else { 126 };
    let priority = type_preference << 24 | (local_preference & 0xffff) << 8 | 255;
    let (protocol, tail) = if candidate.tcp {
        ("tcp", " tcptype passive")
    } else {
        ("udp", "")
    };
    let (ip, port) = (candidate.address.ip(), candidate.address.port());
    line(
        s,
        format_args!("a=candidate:{foundation} 1 {protocol} {priority} {ip} {port} typ host{tail}"),
    );
}

/// RFC 3264, 6: a refused section keeps its place and formats.
fn refuse(s: &mut String, section: &OfferedMedia) {
    let formats = if section.formats.is_empty() {
        "0"
    } else {
        &section.formats
    };
    line(
        s,
        format_args!("m={} 0 {} {formats}", kind_name(section), section.profile),
    );
    s.push_str("c=IN IP4 0.0.0.0\r\n");
    if section.has_mid {
        line(s, format_args!("a=mid:{}", section.mid));
    }
    s.push_str("a=inactive\r\n");
}
