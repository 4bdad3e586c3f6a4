use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Poll, Waker};
use veche_media::{AudioCodec, CodecSet, RecordedPacket, TrackKind, TransportId, VideoCodec};

use crate::addresses;
use crate::core::Request;
use crate::counters::Counters;
use crate::inbox::{Command, Inbox};
use crate::peer::Identity;
use crate::registry::{Place, Registry};
use crate::shard::{Shard, WAKER};
use crate::udp::{self, Udp};

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

/// Receives every packet of a published transport, for recording. Called on a
/// shard thread: it must not block.
pub type Tap = Arc<dyn Fn(Tapped) + Send + Sync>;

/// One packet as it was received and decrypted.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// Sound or picture.
    pub kind: TrackKind,
    /// The packet; its `arrival` is counted from [`Engine::origin`].
    pub packet: RecordedPacket,
}

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
    /// What a player said that it can receive (REMB), bits per second, 0 while unknown.
    pub capacity_bps: u64,
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

/// What the shards and the control threads share.
pub(crate) struct Shared {
    pub config: Config,
    pub registry: Registry,
    pub inboxes: Vec<Inbox>,
    pub counters: Vec<Arc<Counters>>,
    pub events: EventSink,
    pub identity: Identity,
    /// Origin of the distances that the pure parts count in.
    pub origin: Instant,
    port: u16,
    bound: Vec<IpAddr>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Handle to the running engine. Cheap to clone; call [`Engine::shutdown`] to
/// stop it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

/// How long [`Engine::shutdown`] waits for a shard to say goodbye.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(2);

impl Engine {
    /// Opens the sockets and starts the shards.
    ///
    /// # Errors
    /// If a port is taken or no address can be told to clients.
    pub fn start(config: Config, events: EventSink) -> Result<Self, StartError> {
        let shards = match config.shards {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let bind = bind_addresses(&config.bind);
        let port = probe(&bind, &config)?;
        let mut polls = Vec::with_capacity(shards);
        let mut inboxes = Vec::with_capacity(shards);
        for _ in 0..shards {
            let poll = Poll::new()?;
            inboxes.push(Inbox::new(Waker::new(poll.registry(), WAKER)?));
            polls.push(poll);
        }
        let identity = Identity::generate()
            .ok_or_else(|| io::Error::other("cannot make a DTLS certificate"))?;
        let mut sockets: Vec<Vec<Udp>> = Vec::with_capacity(shards);
        let mut bound = Vec::new();
        for _ in 0..shards {
            let (opened, addresses) = open_udp(&bind, port, config.bind.is_empty())?;
            sockets.push(opened);
            bound = addresses;
        }
        let shared = Arc::new(Shared {
            registry: Registry::default(),
            inboxes,
            counters: (0..shards).map(|_| Arc::default()).collect(),
            events,
            identity,
            origin: Instant::now(),
            port,
            bound: bound.clone(),
            threads: Mutex::new(Vec::new()),
            config,
        });
        if shared.addresses().is_empty() {
            return Err(StartError::NoAddress);
        }
        let mut threads = Vec::with_capacity(shards);
        for (index, (poll, udp)) in polls.into_iter().zip(sockets).enumerate() {
            let listeners = if index == 0 && shared.config.tcp {
                listen(&bound, port)?
            } else {
                Vec::new()
            };
            let shard = Shard::new(index, shared.clone(), poll, udp, listeners)?;
            let thread = std::thread::Builder::new()
                .name(format!("shard-{index}"))
                .spawn(move || shard.run())?;
            threads.push(thread);
        }
        *shared
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = threads;
        Ok(Self { shared })
    }

    /// The port in use (useful when the configuration said 0).
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// The addresses that clients are told.
    pub fn advertised(&self) -> Vec<SocketAddr> {
        self.shared.addresses()
    }

    /// Ends a transport at once. Players of a closed publisher stay until they
    /// are closed too; they receive nothing more. Unknown ids are ignored.
    pub fn close(&self, transport: TransportId) {
        if let Some(Place::On(shard)) = self.shared.registry.remove(transport) {
            self.shared.inboxes[shard].command(Command::Close(transport));
        }
    }

    /// Gives every packet of a published transport to `tap` too, from the next
    /// one on, or ends that. A keyframe is asked for. Unknown ids are ignored.
    pub fn tap(&self, transport: TransportId, tap: Option<Tap>) {
        if let Some((_, shard)) = self.shared.registry.source(transport) {
            self.shared.inboxes[shard].command(Command::Tap(transport, tap));
        }
    }

    /// Asks a publisher for a keyframe; many requests are made into few.
    pub fn request_keyframe(&self, transport: TransportId) {
        if let Some((_, shard)) = self.shared.registry.source(transport) {
            let request = Request::AskKeyframe(transport);
            self.shared.inboxes[shard].command(Command::Request(request));
        }
    }

    /// The instant that a [`Tapped`] packet's arrival is counted from.
    pub fn origin(&self) -> Instant {
        self.shared.origin
    }

    /// Counters, summed over the shards.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            transports: self.shared.registry.len() as u64,
            ..Stats::default()
        };
        for counters in &self.shared.counters {
            counters.add_to(&mut stats);
        }
        stats
    }

    /// Closes every transport (DTLS close_notify) and stops the shards.
    pub fn shutdown(&self) {
        for inbox in &self.shared.inboxes {
            inbox.command(Command::Shutdown);
        }
        let mut threads = self
            .shared
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + SHUTDOWN_WAIT;
        for thread in threads.drain(..) {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    /// Without sockets or threads, for simulations.
    #[cfg(test)]
    pub(crate) fn unconnected(
        config: Config,
        local: SocketAddr,
        inboxes: Vec<Inbox>,
        counters: Vec<Arc<Counters>>,
        origin: Instant,
    ) -> Self {
        Self {
            registry: Registry::default(),
            inboxes,
            counters,
            events: Arc::new(|_| {}),
            identity: Identity::generate().expect("aws-lc makes certificates"),
            origin,
            port: local.port(),
            bound: vec![local.ip()],
            threads: Mutex::new(Vec::new()),
            config,
        }
    }

    /// Addresses to put into an answer now.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        addresses::advertised(&self.config.advertise, &self.bound)
            .into_iter()
            .map(|ip| SocketAddr::new(ip, self.port))
            .collect()
    }
}

fn bind_addresses(configured: &[IpAddr]) -> Vec<IpAddr> {
    if configured.is_empty() {
        vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
    } else {
        configured.to_vec()
    }
}

/// Makes sure that the port is free for UDP and TCP; chooses one for port 0.
fn probe(bind: &[IpAddr], config: &Config) -> Result<u16, StartError> {
    let first = SocketAddr::new(bind[0], config.port);
    // A port that is free for UDP may be taken for TCP: try a few.
    let tries = if config.port == 0 { 20 } else { 1 };
    let mut last = None;
    for _ in 0..tries {
        let port = udp::probe(first).map_err(|source| StartError::Bind {
            protocol: "UDP",
            address: first,
            source,
        })?;
        if !config.tcp {
            return Ok(port);
        }
        let address = SocketAddr::new(bind[0], port);
        match mio::net::TcpListener::bind(address) {
            Ok(_) => return Ok(port),
            Err(source) => {
                last = Some(StartError::Bind {
                    protocol: "TCP",
                    address,
                    source,
                });
            }
        }
    }
    Err(last.unwrap_or(StartError::NoAddress))
}

/// One shard's sockets. A host without IPv6 still works where nothing was configured.
fn open_udp(
    bind: &[IpAddr],
    port: u16,
    lenient: bool,
) -> Result<(Vec<Udp>, Vec<IpAddr>), StartError> {
    let (mut sockets, mut bound) = (Vec::new(), Vec::new());
    for ip in bind {
        let address = SocketAddr::new(*ip, port);
        match udp::bind(address) {
            Ok(socket) => {
                sockets.push(socket);
                bound.push(*ip);
            }
            Err(_) if lenient && ip.is_ipv6() => {}
            Err(source) => {
                return Err(StartError::Bind {
                    protocol: "UDP",
                    address,
                    source,
                });
            }
        }
    }
    Ok((sockets, bound))
}

fn listen(bound: &[IpAddr], port: u16) -> Result<Vec<mio::net::TcpListener>, StartError> {
    bound
        .iter()
        .map(|ip| {
            let address = SocketAddr::new(*ip, port);
            listen_one(address).map_err(|source| StartError::Bind {
                protocol: "TCP",
                address,
                source,
            })
        })
        .collect()
}

fn listen_one(address: SocketAddr) -> io::Result<mio::net::TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    /// Connections that wait to be accepted.
    const BACKLOG: i32 = 1_024;
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // The IPv4 wildcard has a listener of its own on this port.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(mio::net::TcpListener::from_std(socket.into()))
}
