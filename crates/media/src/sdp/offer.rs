use std::fmt;

/// An offer is at most this long. Chromium's largest is 12 KB.
const MAX_OFFER_BYTES: usize = 128 * 1024;
/// An offer has at most this many lines. Chromium's largest has 400.
const MAX_OFFER_LINES: usize = 4_000;
/// Media sections that are looked at; a stream needs two.
const MAX_MEDIA: usize = 16;
/// Payload types in one section (RFC 3551: seven bits).
const MAX_CODECS: usize = 128;
/// Longest `mid` that fits the one-byte header extension form.
const MAX_MID_BYTES: usize = 16;

/// Why a text is not an offer that can be answered.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// Longer than any browser writes.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// Bytes.
        limit: usize,
    },
    /// More lines than any browser writes.
    #[error("more than {limit} lines")]
    TooManyLines {
        /// Lines.
        limit: usize,
    },
    /// More media sections than are looked at.
    #[error("more than {limit} media sections")]
    TooManyMedia {
        /// Sections.
        limit: usize,
    },
    /// Does not begin with `v=0`.
    #[error("does not begin with v=0")]
    NotSdp,
    /// A line that matters cannot be read.
    #[error("line {line} cannot be read: {what}")]
    BadLine {
        /// Counted from 1.
        line: usize,
        /// What was looked for.
        what: &'static str,
    },
    /// No `m=audio` and no `m=video`.
    #[error("no audio and no video section")]
    NoMedia,
    /// An attribute that an answer cannot do without.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Sections on different transports.
    #[error("audio and video are not bundled")]
    NotBundled,
}

/// `m=` line's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// `m=audio`
    Audio,
    /// `m=video`
    Video,
    /// Anything else; answered with port 0.
    Other,
}

/// RFC 8866, 6.7, seen from the offerer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways; the default.
    SendRecv,
    /// The client sends.
    SendOnly,
    /// The client receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether the offerer sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the offerer receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// `a=setup` (RFC 8842).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The answerer chooses.
    ActPass,
    /// The offerer starts DTLS.
    Active,
    /// The answerer starts DTLS.
    Passive,
}

/// `a=fingerprint` (RFC 8122).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// `sha-256` and the like, lower case.
    pub hash: String,
    /// The digest.
    pub bytes: Vec<u8>,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.hash)?;
        for (i, byte) in self.bytes.iter().enumerate() {
            if i > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

/// A codec of a media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedCodec {
    /// RTP payload type, 0 to 127.
    pub pt: u8,
    /// Encoding name as written.
    pub name: String,
    /// Hz.
    pub clock_rate: u32,
    /// Audio channels, if written.
    pub channels: Option<u8>,
    /// Text after `a=fmtp:PT `, joined with `;` when there are several lines.
    pub fmtp: String,
    /// Texts after `a=rtcp-fb:PT `.
    pub feedback: Vec<String>,
    /// The RTX payload type whose `apt` is this codec (RFC 4588).
    pub rtx: Option<u8>,
}

impl OfferedCodec {
    /// The value of an fmtp parameter, names compared without case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.fmtp.split(';').find_map(|p| {
            let (key, value) = p.trim().split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// SSRCs that the client says it will send with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSsrc {
    /// Of the media itself.
    pub main: u32,
    /// Of its retransmissions (`a=ssrc-group:FID`).
    pub rtx: Option<u32>,
}

/// One media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedMedia {
    /// What it carries.
    pub kind: MediaKind,
    /// `a=mid`, or the section's index if the client wrote none.
    pub mid: String,
    /// Whether `a=mid` was written.
    pub has_mid: bool,
    /// Seen from the client.
    pub direction: Direction,
    /// The profile of the `m=` line, to be repeated.
    pub profile: String,
    /// The format list of the `m=` line, to be repeated in a rejection.
    pub formats: String,
    /// Port 0 and no `bundle-only`: the client refuses it.
    pub rejected: bool,
    /// In the order of the `m=` line; RTX is folded in.
    pub codecs: Vec<OfferedCodec>,
    /// Header extensions: id and URI.
    pub extensions: Vec<(u8, String)>,
    /// The first SSRC, if named.
    pub ssrc: Option<StreamSsrc>,
    ice: Option<(String, String)>,
    fingerprint: Option<Fingerprint>,
    setup: Option<Setup>,
}

/// A client's offer, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Every media section, in order.
    pub media: Vec<OfferedMedia>,
    /// The client's ICE user name fragment.
    pub ice_ufrag: String,
    /// The client's ICE password.
    pub ice_pwd: String,
    /// The client's certificate.
    pub fingerprint: Fingerprint,
    /// Who starts DTLS.
    pub setup: Setup,
    /// Whether the client wrote `a=group:BUNDLE`.
    pub bundled: bool,
}

#[derive(Default)]
struct SessionLevel {
    ice_ufrag: Option<String>,
    ice_pwd: Option<String>,
    fingerprint: Option<Fingerprint>,
    setup: Option<Setup>,
    direction: Option<Direction>,
    bundle: Vec<String>,
}

/// What is collected of a section before its end is seen.
struct Section {
    media: OfferedMedia,
    pts: Vec<u8>,
    apts: Vec<(u8, u8)>,
    fmtps: Vec<(u8, String)>,
    feedbacks: Vec<(Option<u8>, String)>,
    fid: Option<(u32, u32)>,
    first_ssrc: Option<u32>,
    ufrag: Option<String>,
    pwd: Option<String>,
    direction: Option<Direction>,
    bundle_only: bool,
    port_zero: bool,
}

impl Offer {
    /// Reads an offer.
    ///
    /// # Errors
    /// If the text is too large, not SDP, or lacks what an answer needs.
    pub fn parse(text: &str) -> Result<Self, OfferError> {
        if text.len() > MAX_OFFER_BYTES {
            return Err(OfferError::TooLong {
                limit: MAX_OFFER_BYTES,
            });
        }
        let mut session = SessionLevel::default();
        let mut sections: Vec<Section> = Vec::new();
        let mut started = false;

        for (index, line) in text.split(['\n', '\r']).enumerate() {
            let number = index + 1;
            if number > MAX_OFFER_LINES * 2 {
                return Err(OfferError::TooManyLines {
                    limit: MAX_OFFER_LINES,
                });
            }
            let line = line.trim_end();
            if line.is_empty() {
                continue;
            }
            if !started {
                if line != "v=0" {
                    return Err(OfferError::NotSdp);
                }
                started = true;
                continue;
            }
            let bad = |what| OfferError::BadLine { line: number, what };
            if let Some(rest) = line.strip_prefix("m=") {
                if sections.len() == MAX_MEDIA {
                    return Err(OfferError::TooManyMedia { limit: MAX_MEDIA });
                }
                let index = sections.len();
                sections.push(Section::open(rest, index).ok_or_else(|| bad("m="))?);
            } else if let Some(rest) = line.strip_prefix("a=") {
                let (name, value) = rest.split_once(':').unwrap_or((rest, ""));
                match sections.last_mut() {
                    Some(section) => section.attribute(name, value).map_err(bad)?,
                    None => session.attribute(name, value).map_err(bad)?,
                }
            }
        }
        if !started {
            return Err(OfferError::NotSdp);
        }
        Self::assemble(session, sections)
    }

    fn assemble(session: SessionLevel, sections: Vec<Section>) -> Result<Self, OfferError> {
        let media: Vec<_> = sections
            .into_iter()
            .map(|section| section.close(&session))
            .collect();
        let usable: Vec<_> = media
            .iter()
            .filter(|m| m.kind != MediaKind::Other && !m.rejected)
            .collect();
        let Some(first) = usable.first() else {
            return Err(OfferError::NoMedia);
        };
        let (ice_ufrag, ice_pwd) = first
            .ice
            .clone()
            .or_else(|| session.ice_ufrag.clone().zip(session.ice_pwd.clone()))
            .ok_or(OfferError::Missing("a=ice-ufrag or a=ice-pwd"))?;
        let bundled = !session.bundle.is_empty();
        let same_transport = usable
            .iter()
            .all(|m| m.ice.as_ref().is_none_or(|ice| ice.0 == ice_ufrag));
        if usable.len() > 1 && (!bundled || !same_transport) {
            return Err(OfferError::NotBundled);
        }
        let fingerprint = first
            .fingerprint
            .clone()
            .or(session.fingerprint)
            .ok_or(OfferError::Missing("a=fingerprint"))?;
        let setup = first.setup.or(session.setup).unwrap_or(Setup::ActPass);
        Ok(Self {
            ice_ufrag,
            ice_pwd,
            fingerprint,
            setup,
            bundled,
            media,
        })
    }

    /// The first section of a kind that the client has not refused.
    pub fn first(&self, kind: MediaKind) -> Option<&OfferedMedia> {
        self.media.iter().find(|m| m.kind == kind && !m.rejected)
    }
}

impl SessionLevel {
    fn attribute(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "ice-ufrag" => self.ice_ufrag = Some(ice_text(value, 4).ok_or("a=ice-ufrag")?),
            "ice-pwd" => self.ice_pwd = Some(ice_text(value, 22).ok_or("a=ice-pwd")?),
            "fingerprint" => {
                self.fingerprint = Some(fingerprint(value).ok_or("a=fingerprint")?);
            }
            "setup" => self.setup = setup(value),
            "group" => {
                if let Some(mids) = value.strip_prefix("BUNDLE") {
                    self.bundle = mids
                        .split_whitespace()
                        .take(MAX_MEDIA)
                        .map(str::to_owned)
                        .collect();
                }
            }
            _ => self.direction = direction(name).or(self.direction),
        }
        Ok(())
    }
}

impl Section {
    fn open(rest: &str, index: usize) -> Option<Self> {
        let mut words = rest.split_whitespace();
        let kind = match words.next()? {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            _ => MediaKind::Other,
        };
        let port = words.next()?;
        let port: u16 = port.split('/').next()?.parse().ok()?;
        let profile = words.next()?.to_owned();
        let formats: Vec<_> = words.take(MAX_CODECS).collect();
        // A data section names "webrtc-datachannel" here: no payload type.
        let pts = formats
            .iter()
            .filter_map(|f| f.parse().ok())
            .filter(|pt: &u8| *pt < 128)
            .collect();
        Some(Self {
            media: OfferedMedia {
                kind,
                mid: index.to_string(),
                has_mid: false,
                direction: Direction::SendRecv,
                profile,
                formats: formats.join(" "),
                rejected: false,
                codecs: Vec::new(),
                extensions: Vec::new(),
                ssrc: None,
                ice: None,
                fingerprint: None,
                setup: None,
            },
            pts,
            apts: Vec::new(),
            fmtps: Vec::new(),
            feedbacks: Vec::new(),
            fid: None,
            first_ssrc: None,
            ufrag: None,
            pwd: None,
            direction: None,
            bundle_only: false,
            port_zero: port == 0,
        })
    }

    fn attribute(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "mid" => {
                let fits = !value.is_empty()
                    && value.len() <= MAX_MID_BYTES
                    && value.bytes().all(|b| b.is_ascii_graphic());
                if !fits {
                    return Err("a=mid");
                }
                value.clone_into(&mut self.media.mid);
                self.media.has_mid = true;
            }
            "ice-ufrag" => self.ufrag = Some(ice_text(value, 4).ok_or("a=ice-ufrag")?),
            "ice-pwd" => self.pwd = Some(ice_text(value, 22).ok_or("a=ice-pwd")?),
            "fingerprint" => {
                self.media.fingerprint = Some(fingerprint(value).ok_or("a=fingerprint")?);
            }
            "setup" => self.media.setup = setup(value),
            "bundle-only" => self.bundle_only = true,
            "rtpmap" => self.rtpmap(value).ok_or("a=rtpmap")?,
            "fmtp" => self.fmtp(value),
            "rtcp-fb" => self.feedback(value),
            "extmap" => self.extmap(value).ok_or("a=extmap")?,
            "ssrc" => {
                let ssrc = value.split_whitespace().next().and_then(|v| v.parse().ok());
                self.first_ssrc = self.first_ssrc.or(ssrc);
            }
            "ssrc-group" => {
                let mut words = value.split_whitespace();
                if words.next() == Some("FID") && self.fid.is_none() {
                    let mut ids = words.filter_map(|v| v.parse().ok());
                    self.fid = ids.next().zip(ids.next());
                }
            }
            _ => self.direction = direction(name).or(self.direction),
        }
        Ok(())
    }

    fn rtpmap(&mut self, value: &str) -> Option<()> {
        let (pt, rest) = value.split_once(' ')?;
        let pt: u8 = pt.parse().ok().filter(|pt| *pt < 128)?;
        let mut parts = rest.trim().split('/');
        let name = parts.next()?.trim();
        let clock_rate = parts.next()?.trim().parse().ok()?;
        let channels = parts.next().and_then(|c| c.trim().parse().ok());
        if name.is_empty() || !self.pts.contains(&pt) {
            return Some(());
        }
        if self.media.codecs.iter().all(|c| c.pt != pt) && self.media.codecs.len() < MAX_CODECS {
            self.media.codecs.push(OfferedCodec {
                pt,
                name: name.to_owned(),
                clock_rate,
                channels,
                fmtp: String::new(),
                feedback: Vec::new(),
                rtx: None,
            });
        }
        Some(())
    }

    /// Lines may come before their rtpmap (Firefox writes them so): they are
    /// gathered here and sorted out in `close`.
    fn fmtp(&mut self, value: &str) {
        let Some((pt, params)) = value.split_once(' ') else {
            return;
        };
        let Ok(pt) = pt.parse::<u8>() else { return };
        let apt = params
            .split(';')
            .find_map(|p| p.trim().strip_prefix("apt="))
            .and_then(|v| v.trim().parse().ok());
        match apt {
            Some(apt) if self.apts.len() < MAX_CODECS => self.apts.push((pt, apt)),
            None if self.fmtps.len() < MAX_CODECS * 2 => {
                self.fmtps.push((pt, params.trim().to_owned()));
            }
            _ => {}
        }
    }

    fn feedback(&mut self, value: &str) {
        let Some((pt, kind)) = value.split_once(' ') else {
            return;
        };
        let pt = match pt {
            "*" => None,
            pt => match pt.parse() {
                Ok(pt) => Some(pt),
                Err(_) => return,
            },
        };
        if self.feedbacks.len() < MAX_CODECS * 8 {
            self.feedbacks.push((pt, kind.trim().to_owned()));
        }
    }

    fn extmap(&mut self, value: &str) -> Option<()> {
        let mut words = value.split_whitespace();
        let id = words.next()?.split('/').next()?.parse().ok()?;
        let uri = words.next()?;
        if self.media.extensions.len() < 64 && (1..=14).contains(&id) {
            self.media.extensions.push((id, uri.to_owned()));
        }
        Some(())
    }

    fn close(mut self, session: &SessionLevel) -> OfferedMedia {
        // RFC 3551 static types may come without an rtpmap.
        for (pt, name) in [(0, "PCMU"), (8, "PCMA")] {
            let named = self.media.codecs.iter().any(|c| c.pt == pt);
            if self.media.kind == MediaKind::Audio && self.pts.contains(&pt) && !named {
                self.media.codecs.push(OfferedCodec {
                    pt,
                    name: name.to_owned(),
                    clock_rate: 8_000,
                    channels: None,
                    fmtp: String::new(),
                    feedback: Vec::new(),
                    rtx: None,
                });
            }
        }
        let rtx_pts: Vec<u8> = self
            .media
            .codecs
            .iter()
            .filter(|c| c.name.eq_ignore_ascii_case("rtx"))
            .map(|c| c.pt)
            .collect();
        for (rtx, apt) in &self.apts {
            if rtx_pts.contains(rtx)
                && let Some(codec) = self.media.codecs.iter_mut().find(|c| c.pt == *apt)
            {
                codec.rtx.get_or_insert(*rtx);
            }
        }
        self.media.codecs.retain(|c| !rtx_pts.contains(&c.pt));
        for codec in &mut self.media.codecs {
            let fmtps: Vec<_> = self
                .fmtps
                .iter()
                .filter(|(pt, _)| *pt == codec.pt)
                .map(|(_, text)| text.as_str())
                .collect();
            codec.fmtp = fmtps.join(";");
            codec.feedback = self
                .feedbacks
                .iter()
                .filter(|(pt, _)| pt.is_none_or(|pt| pt == codec.pt))
                .map(|(_, kind)| kind.clone())
                .collect();
        }
        let order = |pt: u8| self.pts.iter().position(|p| *p == pt);
        self.media.codecs.sort_by_key(|c| order(c.pt));
        self.media.ssrc = match (self.fid, self.first_ssrc) {
            (Some((main, rtx)), _) => Some(StreamSsrc {
                main,
                rtx: Some(rtx),
            }),
            (None, Some(main)) => Some(StreamSsrc { main, rtx: None }),
            (None, None) => None,
        };
        self.media.direction = self
            .direction
            .or(session.direction)
            .unwrap_or(Direction::SendRecv);
        let in_bundle = self.bundle_only && session.bundle.contains(&self.media.mid);
        self.media.rejected = self.port_zero && !in_bundle;
        self.media.ice = self.ufrag.zip(self.pwd);
        self.media
    }
}

/// RFC 8839, 5.4: 4 (22) to 256 ice-chars.
fn ice_text(value: &str, min: usize) -> Option<String> {
    let ok = (min..=256).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic());
    ok.then(|| value.to_owned())
}

fn setup(value: &str) -> Option<Setup> {
    match value.trim() {
        "actpass" => Some(Setup::ActPass),
        "active" => Some(Setup::Active),
        "passive" => Some(Setup::Passive),
        _ => None,
    }
}

fn direction(name: &str) -> Option<Direction> {
    match name {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

fn fingerprint(value: &str) -> Option<Fingerprint> {
    let (hash, digest) = value.trim().split_once(' ')?;
    let bytes: Vec<u8> = digest
        .trim()
        .split(':')
        .map(|h| u8::from_str_radix(h, 16).ok().filter(|_| h.len() == 2))
        .collect::<Option<_>>()?;
    let hash = hash.to_ascii_lowercase();
    let expected = match hash.as_str() {
        "sha-1" => 20,
        "sha-224" => 28,
        "sha-256" => 32,
        "sha-384" => 48,
        "sha-512" => 64,
        _ => return None,
    };
    (bytes.len() == expected).then_some(Fingerprint { hash, bytes })
}
