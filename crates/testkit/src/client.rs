use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::crypto::{CryptoProvider, from_feature_flags};
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// Sent packets kept for retransmission, as in a browser.
const RTX_PACKETS: usize = 2_000;
/// How long they are kept.
const RTX_AGE: Duration = Duration::from_secs(3);

/// A packet for the network.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// Whom it is for.
    pub destination: SocketAddr,
    /// The bytes.
    pub contents: Vec<u8>,
}

/// An RTP packet that a client received.
#[derive(Clone, Debug)]
pub struct Received {
    /// Audio or video.
    pub video: bool,
    /// Extended sequence number.
    pub seq: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Marker bit.
    pub marker: bool,
    /// Payload type.
    pub pt: u8,
    /// Payload.
    pub payload: Arc<[u8]>,
    /// When.
    pub at: Instant,
    /// NTP time (since 1970, seconds) and RTP time of the last sender report.
    pub report: Option<(f64, u32)>,
    /// Video orientation in degrees, if the packet says.
    pub orientation: Option<u16>,
    /// Audio level in -dBov, if the packet says.
    pub audio_level: Option<i8>,
}

/// A WebRTC endpoint without sockets.
pub struct Client {
    rtc: Rtc,
    address: SocketAddr,
    pending: Option<SdpPendingOffer>,
    audio: Option<Mid>,
    video: Option<Mid>,
    seq: [u64; 2],
    connected: bool,
    closed: bool,
    keyframes_asked: u64,
    received: Vec<Received>,
    timeout: Instant,
}

/// Crypto and a certificate, made once for all clients of a process.
#[derive(Clone)]
pub struct ClientIdentity {
    crypto: Arc<CryptoProvider>,
    cert: DtlsCert,
}

impl ClientIdentity {
    /// Makes a certificate.
    ///
    /// # Panics
    /// If the crypto library cannot.
    pub fn generate() -> Self {
        let crypto = Arc::new(from_feature_flags());
        let cert = crypto
            .dtls_provider
            .generate_certificate()
            .expect("aws-lc makes certificates");
        Self { crypto, cert }
    }
}

impl Client {
    /// A client at `address` that publishes (`sends`) or plays, and its offer.
    ///
    /// # Panics
    /// If the address cannot be a candidate.
    pub fn new(
        identity: &ClientIdentity,
        address: SocketAddr,
        sends: bool,
        (audio, video): (bool, bool),
        configure: impl FnOnce(RtcConfig) -> RtcConfig,
        now: Instant,
    ) -> (Self, String) {
        let config = RtcConfig::new()
            .set_crypto_provider(identity.crypto.clone())
            .set_dtls_cert(identity.cert.clone())
            .set_rtp_mode(true)
            .set_send_buffer_video(2_000);
        let mut rtc = configure(config).build(now);
        rtc.add_local_candidate(
            Candidate::host(address, Protocol::Udp).expect("an address that can be a candidate"),
        );
        let direction = if sends {
            Direction::SendOnly
        } else {
            Direction::RecvOnly
        };
        let mut api = rtc.sdp_api();
        let mut add = |kind, wanted: bool| {
            wanted.then(|| api.add_media(kind, direction, Some("s".into()), None, None))
        };
        let audio = add(MediaKind::Audio, audio);
        let video = add(MediaKind::Video, video);
        let (offer, pending) = api.apply().expect("an offer with media");
        let client = Self {
            rtc,
            address,
            pending: Some(pending),
            audio,
            video,
            seq: [1_000, 2_000],
            connected: false,
            closed: false,
            keyframes_asked: 0,
            received: Vec::new(),
            timeout: now,
        };
        (client, offer.to_sdp_string())
    }

    /// Takes the server's answer.
    ///
    /// # Errors
    /// What a strict reader of the answer has to say against it.
    pub fn accept(&mut self, answer: &str) -> Result<(), String> {
        let answer = SdpAnswer::from_sdp_string(answer).map_err(|e| e.to_string())?;
        let pending = self.pending.take().ok_or("answered twice")?;
        self.rtc
            .sdp_api()
            .accept_answer(pending, answer)
            .map_err(|e| e.to_string())?;
        // Browsers do not cap the share of retransmissions as str0m does.
        if let Some(mid) = self.video
            && let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None)
        {
            stream.set_rtx_cache(RTX_PACKETS, RTX_AGE, None);
        }
        Ok(())
    }

    /// Whether ICE and DTLS are up.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether the server ended the connection.
    pub fn is_closed(&self) -> bool {
        self.closed || !self.rtc.is_alive()
    }

    /// Keyframe requests that reached this publisher.
    pub fn keyframes_asked(&self) -> u64 {
        self.keyframes_asked
    }

    /// What arrived since the last call.
    pub fn take_received(&mut self) -> Vec<Received> {
        std::mem::take(&mut self.received)
    }

    /// When [`Self::poll`] has something to do without input.
    pub fn timeout(&self) -> Instant {
        self.timeout
    }

    /// Takes a datagram in.
    pub fn receive(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        if let Ok(receive) = Receive::new(Protocol::Udp, source, self.address, datagram) {
            // A client under test closes on errors; tests see it by is_closed.
            if self.rtc.handle_input(Input::Receive(now, receive)).is_err() {
                self.closed = true;
            }
        }
    }

    /// The payload type that the answer chose for a kind.
    pub fn payload_type(&self, video: bool) -> Option<u8> {
        let mid = if video { self.video } else { self.audio }?;
        let media = self.rtc.media(mid)?;
        let pt = media.remote_pts().first()?;
        Some(**pt)
    }

    /// Sends an RTP packet.
    pub fn send(
        &mut self,
        now: Instant,
        video: bool,
        timestamp: u32,
        marker: bool,
        payload: impl Into<Arc<[u8]>>,
        ext_vals: ExtensionValues,
    ) {
        let Some(mid) = (if video { self.video } else { self.audio }) else {
            return;
        };
        let Some(pt) = self.payload_type(video) else {
            return;
        };
        let seq = &mut self.seq[usize::from(video)];
        *seq += 1;
        let seq = *seq;
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else {
            return;
        };
        stream.write_rtp(
            RtpWrite::new(
                Pt::new_with_value(pt),
                SeqNo::from(seq),
                timestamp,
                now,
                payload,
            )
            .marker(marker)
            .ext_vals(ext_vals)
            .nackable(video),
        );
    }

    /// Asks for a keyframe of what is played.
    pub fn ask_keyframe(&mut self) {
        if let Some(mid) = self.video
            && let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, None)
        {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Ends the connection (DTLS close_notify).
    pub fn close(&mut self) {
        let _ = self.rtc.close();
    }

    /// Advances to `now` and gives what is to be sent.
    pub fn poll(&mut self, now: Instant) -> Vec<Datagram> {
        let mut out = Vec::new();
        if self.rtc.handle_input(Input::Timeout(now)).is_err() {
            self.closed = true;
            return out;
        }
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.timeout = at;
                    return out;
                }
                Ok(Output::Transmit(t)) => out.push(Datagram {
                    destination: t.destination,
                    contents: t.contents.into(),
                }),
                Ok(Output::Event(event)) => self.event(event),
                Err(_) => {
                    self.closed = true;
                    return out;
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::Closed => self.closed = true,
            Event::KeyframeRequest(_) => self.keyframes_asked += 1,
            Event::RtpPacket(p) => {
                let pt = p.header.payload_type;
                let codec = self
                    .rtc
                    .codec_config()
                    .params()
                    .iter()
                    .find(|c| c.pt() == pt)
                    .map(|c| c.spec().codec);
                let report = p.last_sender_info.map(|info| {
                    let ntp = info
                        .ntp_time
                        .duration_since(std::time::UNIX_EPOCH)
                        .unwrap_or_default();
                    #[allow(clippy::cast_possible_truncation)]
                    let ts = info.rtp_time.numer() as u32;
                    (ntp.as_secs_f64(), ts)
                });
                self.received.push(Received {
                    video: codec.is_some_and(|c| c.is_video()),
                    seq: *p.seq_no,
                    timestamp: p.header.timestamp,
                    marker: p.header.marker,
                    pt: *pt,
                    payload: p.payload,
                    at: p.timestamp,
                    report,
                    orientation: p.header.ext_vals.video_orientation.map(|o| {
                        use str0m::rtp::VideoOrientation::{Deg0, Deg90, Deg180, Deg270};
                        match o {
                            Deg0 => 0,
                            Deg90 => 90,
                            Deg180 => 180,
                            Deg270 => 270,
                        }
                    }),
                    audio_level: p.header.ext_vals.audio_level,
                });
            }
            _ => {}
        }
    }
}
