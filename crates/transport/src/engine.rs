use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use veche_media::{AudioCodec, CodecSet, TransportId, VideoCodec};

/// Where media is received and what is told to clients.
#[derive(Clone, Debug)]
pub struct Config {
    /// UDP port for all media, and the TCP port of ICE-TCP. 0 picks a free one.
    pub port: u16,
    /// Addresses to bind. Empty: every IPv4 and IPv6 address of the host.
    pub bind: Vec<IpAddr>,
    /// Addresses that clients are told, instead of those of the interfaces
    /// (`public_ip`, 1:1 NAT). Empty: the interfaces' own.
    pub advertise: Vec<IpAddr>,
    /// Whether ICE-TCP (RFC 6544, passive) is offered.
    pub tcp: bool,
    /// Shard threads. 0: one for each core.
    pub shards: usize,
    /// At most this many transports at once; more are refused.
    pub max_transports: usize,
    /// How long ICE and DTLS may take before the transport fails.
    pub connect_timeout: Duration,
    /// How long a connected peer may be silent (no STUN consent, no media)
    /// before the transport fails.
    pub idle_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 31001,
            bind: Vec::new(),
            advertise: Vec::new(),
            tcp: true,
            shards: 0,
            max_transports: 20_000,
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(15),
        }
    }
}

/// Receives [`Event`]s. Called on shard threads: it must not block.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// A client's offer to publish.
#[derive(Clone, Debug)]
pub struct PublishRequest {
    /// The new transport; never used before.
    pub transport: TransportId,
    /// The SDP offer, as the client wrote it.
    pub offer: String,
    /// Video codecs in order of preference. The first that the offer has is taken.
    pub video_codecs: Vec<VideoCodec>,
    /// Audio codecs in order of preference.
    pub audio_codecs: Vec<AudioCodec>,
    /// The client asked for ICE-TCP: only TCP candidates go into the answer.
    pub tcp_only: bool,
    /// Upper bound asked of the client, bits per second, as `b=AS`/REMB. 0: none.
    pub max_bitrate_bps: u64,
}

/// How a publish offer was answered.
#[derive(Clone, Debug)]
pub struct PublishAnswer {
    /// The SDP answer.
    pub sdp: String,
    /// The audio codec chosen, if the offer sends audio.
    pub audio: Option<AudioCodec>,
    /// The video codec chosen, if the offer sends video.
    pub video: Option<VideoCodec>,
    /// Video codecs that the offer names, so what this browser surely knows.
    pub offered_video: CodecSet,
}

/// A client's offer to play a published stream.
#[derive(Clone, Debug)]
pub struct PlayRequest {
    /// The new transport; never used before.
    pub transport: TransportId,
    /// The publishing transport whose tracks are played.
    pub source: TransportId,
    /// The SDP offer, as the client wrote it.
    pub offer: String,
    /// The client asked for ICE-TCP: only TCP candidates go into the answer.
    pub tcp_only: bool,
}

/// How a play offer was answered.
#[derive(Clone, Debug)]
pub struct PlayAnswer {
    /// The SDP answer.
    pub sdp: String,
    /// The audio codec that will be sent, if any.
    pub audio: Option<AudioCodec>,
    /// The video codec that will be sent, if any.
    pub video: Option<VideoCodec>,
    /// Video codecs that the offer can receive.
    pub receivable: CodecSet,
}

/// Why an offer was refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// The text is not a session description that can be used.
    #[error("the offer cannot be used: {0}")]
    BadOffer(String),
    /// No codec of the offer fits (WCS text: `No common codecs`).
    #[error("no common codecs")]
    NoCommonCodecs,
    /// The published stream is not there (any more).
    #[error("stream not found")]
    SourceNotFound,
    /// `max_transports` is reached.
    #[error("the server carries its limit of {limit} transports")]
    TooManyTransports {
        /// The configured limit.
        limit: usize,
    },
    /// The engine is shutting down or broke.
    #[error("media engine failure: {0}")]
    Internal(String),
}

/// Why a transport ended by itself. Each has its WCS `info` text (wcs-protocol, B.2).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailReason {
    /// No valid ICE check in time: `Failed by ICE timeout`.
    IceTimeout,
    /// ICE failed otherwise: `Failed by ICE error`.
    IceError,
    /// The peer was connected and went silent: `Failed by ICE keep alive`.
    IceKeepAlive,
    /// The DTLS certificate is not the one of the offer: `Failed by DTLS fingerprint error`.
    DtlsFingerprint,
    /// The DTLS handshake failed or took too long: `Failed by DTLS error`.
    DtlsError,
    /// The peer closed DTLS (a page that closed its PeerConnection): `Stopped by user`.
    PeerClosed,
    /// A fault of ours: `Failed by error`.
    Internal,
}

/// One second of a stream's video, for `inboundVideoRate` / `outboundVideoRate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Video payload, bits per second.
    pub video_bps: u64,
    /// Audio payload, bits per second.
    pub audio_bps: u64,
    /// Video frames in the second.
    pub fps: u32,
    /// Lost packets that were asked for again (sent by us for a publisher, received for a player), since the start.
    pub nack: u64,
    /// Keyframe requests, since the start.
    pub pli: u64,
    /// Packets lost, since the start.
    pub lost_packets: u64,
    /// Width of the last keyframe in pixels, 0 while unknown.
    pub width: u32,
    /// Height of the last keyframe in pixels, 0 while unknown.
    pub height: u32,
}

/// What happened to a transport.
///
/// For each transport: at most one `Connected`, then `Rate` and `VideoSize`
/// in any number, and at most one `Failed`, after which nothing comes. None
/// after [`Engine::close`] returned, except those already under way.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// ICE and DTLS are up: media may flow.
    Connected {
        /// Which transport.
        transport: TransportId,
    },
    /// The transport ended by itself; it is closed already.
    Failed {
        /// Which transport.
        transport: TransportId,
        /// Why.
        reason: FailReason,
    },
    /// A publisher's picture has a new size (or its first).
    VideoSize {
        /// Which publishing transport.
        transport: TransportId,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// Once a second for each connected transport that carries media.
    Rate {
        /// Which transport.
        transport: TransportId,
        /// The figures.
        rate: Rate,
    },
}

/// Counters for `/metrics`. Monotonic, except the gauges named so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Gauge: transports that exist.
    pub transports: u64,
    /// Datagrams and TCP frames received.
    pub packets_in: u64,
    /// Datagrams and TCP frames sent.
    pub packets_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// RTP packets forwarded to a player.
    pub forwarded: u64,
    /// Datagrams dropped: unknown address, not STUN of ours.
    pub dropped_unknown: u64,
    /// Datagrams dropped because a queue or socket was full.
    pub dropped_full: u64,
    /// Keyframe requests received from players.
    pub keyframes_asked: u64,
    /// Keyframe requests sent to publishers, after coalescing.
    pub keyframes_sent: u64,
    /// Panics caught at a transport's edge.
    pub panics: u64,
}

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket could not be opened.
    #[error("cannot open {protocol} {address}: {source}")]
    Bind {
        /// `UDP` or `TCP`.
        protocol: &'static str,
        /// What was to be bound.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// No address to tell clients.
    #[error("no usable network address; set public_ip")]
    NoAddress,
    /// Anything else of the system.
    #[error("cannot start the media engine: {0}")]
    Io(#[from] io::Error),
}

/// Handle to the running engine. Cheap to clone; the last one dropped stops it.
#[derive(Clone)]
pub struct Engine {}

impl Engine {
    /// Opens the sockets and starts the shards.
    ///
    /// # Errors
    /// If a port is taken or no address can be told to clients.
    pub fn start(_config: Config, _events: EventSink) -> Result<Self, StartError> {
        Ok(Self {})
    }

    /// The port in use (useful when the configuration said 0).
    pub fn port(&self) -> u16 {
        0
    }

    /// The addresses that clients are told.
    pub fn advertised(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Answers an offer to publish. Takes about a millisecond of CPU; call it
    /// from a blocking-friendly place.
    ///
    /// # Errors
    /// See [`NegotiationError`]; nothing is left behind on error.
    pub fn publish(&self, _request: PublishRequest) -> Result<PublishAnswer, NegotiationError> {
        Err(NegotiationError::Internal("not built yet".into()))
    }

    /// Answers an offer to play. The source's keyframe is asked for as soon as
    /// the transport connects.
    ///
    /// # Errors
    /// See [`NegotiationError`]; nothing is left behind on error.
    pub fn play(&self, _request: PlayRequest) -> Result<PlayAnswer, NegotiationError> {
        Err(NegotiationError::Internal("not built yet".into()))
    }

    /// Ends a transport at once. Players of a closed publisher stay until they
    /// are closed too; they receive nothing more. Unknown ids are ignored.
    pub fn close(&self, _transport: TransportId) {}

    /// Counters, summed over the shards.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// Closes every transport (DTLS close_notify) and stops the shards.
    pub fn shutdown(&self) {}
}
