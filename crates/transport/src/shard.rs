//! A shard: one thread, one epoll loop, its own sockets on the shared ports,
//! and the transports whose first valid STUN arrived here.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use rustc_hash::FxHashMap;
use veche_media::TransportId;

use crate::addresses::candidate_for;
use crate::core::{Core, Effect, Timeouts};
use crate::counters::{Counters, count};
use crate::engine::Shared;
use crate::inbox::{Command, Inbox, Passed};
use crate::peer::{Wire, stun_ufrag};
use crate::registry::Claim;
use crate::tcp::{Tcp, TcpEnd};
use crate::transport::{MAX_PATHS, Transport};
use crate::udp::{Buffers, Sent, Udp};
use crate::{Event, FailReason};

pub(crate) const WAKER: Token = Token(0);
const LISTENERS: usize = 1;
const SOCKETS: usize = 1_000;
const CONNECTIONS: usize = 1_000_000;

/// How often those are looked for that never said a word.
const SWEEP: Duration = Duration::from_secs(1);
/// Batches read from a socket before timers and commands get their turn.
const MAX_BATCHES: usize = 16;
/// Connections that have not yet said whose they are.
const MAX_UNKNOWN_TCP: usize = 1_024;
/// The same from one address: offices share one, attackers too.
const MAX_UNKNOWN_TCP_PER_ADDRESS: usize = 64;
/// How long such a connection may take to say it.
const UNKNOWN_TCP_TIMEOUT: Duration = Duration::from_secs(10);
/// Addresses of other shards' clients that are remembered.
const MAX_FOREIGN_PATHS: usize = 65_536;

/// Whom a remote address belongs to.
#[derive(Clone, Copy)]
enum Path {
    Udp {
        to: TransportId,
        socket: usize,
        local: IpAddr,
    },
    Tcp {
        to: TransportId,
        connection: usize,
    },
    Shard(usize),
}

pub(crate) struct Shard {
    index: usize,
    shared: Arc<Shared>,
    poll: Poll,
    udp: Vec<Udp>,
    listeners: Vec<mio::net::TcpListener>,
    connections: FxHashMap<usize, Tcp>,
    next_connection: usize,
    core: Core,
    paths: HashMap<(Wire, SocketAddr), Path>,
    foreign_paths: usize,
    /// Datagrams to one destination, about to be sent.
    run: Vec<Vec<u8>>,
    next_sweep: Instant,
}

impl Shard {
    pub(crate) fn new(
        index: usize,
        shared: Arc<Shared>,
        poll: Poll,
        mut udp: Vec<Udp>,
        mut listeners: Vec<mio::net::TcpListener>,
    ) -> io::Result<Self> {
        for (i, socket) in udp.iter_mut().enumerate() {
            poll.registry()
                .register(&mut socket.socket, Token(SOCKETS + i), Interest::READABLE)?;
        }
        for (i, listener) in listeners.iter_mut().enumerate() {
            poll.registry()
                .register(listener, Token(LISTENERS + i), Interest::READABLE)?;
        }
        let timeouts = Timeouts {
            connect: shared.config.connect_timeout,
            idle: shared.config.idle_timeout,
        };
        let core = Core::new(
            index,
            timeouts,
            shared.origin,
            shared.counters[index].clone(),
        );
        Ok(Self {
            index,
            shared,
            poll,
            udp,
            listeners,
            connections: FxHashMap::default(),
            next_connection: CONNECTIONS,
            core,
            paths: HashMap::new(),
            foreign_paths: 0,
            run: Vec::new(),
            next_sweep: Instant::now() + SWEEP,
        })
    }

    fn counters(&self) -> &Counters {
        &self.shared.counters[self.index]
    }

    fn inbox(&self) -> &Inbox {
        &self.shared.inboxes[self.index]
    }

    /// Runs until told to shut down.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut buffers = Buffers::new();
        let mut readable = vec![true; self.udp.len()];
        loop {
            let timeout = if readable.contains(&true) {
                Duration::ZERO
            } else {
                self.sleep()
            };
            match self.poll.poll(&mut events, Some(timeout)) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(shard = self.index, %error, "poll failed; the shard stops");
                    return;
                }
            }
            self.inbox().begin();
            for event in &events {
                match event.token().0 {
                    0 => {}
                    t if t >= CONNECTIONS => self.connection_ready(t, event.is_writable()),
                    t if t >= SOCKETS => readable[t - SOCKETS] = true,
                    t => self.accept(t - LISTENERS),
                }
            }
            for (i, ready) in readable.iter_mut().enumerate() {
                *ready = *ready && self.read_socket(i, &mut buffers);
            }
            self.take_passed();
            if !self.take_commands() {
                return;
            }
            let now = Instant::now();
            self.core.run_timers(now);
            self.effects();
            if now >= self.next_sweep {
                self.next_sweep = now + SWEEP;
                self.sweep(now);
            }
        }
    }

    fn sleep(&self) -> Duration {
        let now = Instant::now();
        let timer = self.core.next_timeout();
        let next = timer.map_or(self.next_sweep, |at| at.min(self.next_sweep));
        next.saturating_duration_since(now)
    }

    // ---- input -----------------------------------------------------------

    /// True: there may be more to read.
    fn read_socket(&mut self, index: usize, buffers: &mut Buffers) -> bool {
        for _ in 0..MAX_BATCHES {
            let mut batch: Vec<(SocketAddr, IpAddr, std::ops::Range<usize>)> = Vec::new();
            let mut bytes = Vec::new();
            let now = Instant::now();
            let received = self.udp[index].receive(buffers, |source, local, datagram| {
                let start = bytes.len();
                bytes.extend_from_slice(datagram);
                batch.push((source, local, start..bytes.len()));
            });
            count(&self.counters().packets_in, batch.len());
            count(&self.counters().bytes_in, bytes.len());
            for (source, local, range) in batch {
                self.datagram(now, index, source, local, &bytes[range]);
            }
            self.settle(now);
            match received {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    tracing::warn!(shard = self.index, %error, "receive failed");
                    return false;
                }
            }
        }
        true
    }

    fn datagram(
        &mut self,
        now: Instant,
        socket: usize,
        source: SocketAddr,
        local: IpAddr,
        bytes: &[u8],
    ) {
        let key = (Wire::Udp, source);
        match self.paths.get(&key).copied() {
            Some(Path::Udp { to, .. }) if !self.names_another(to, bytes) => {
                self.input(now, to, key, local, bytes);
            }
            Some(Path::Shard(shard)) if stun_ufrag(bytes).is_none() => {
                self.pass_datagram(shard, source, local, bytes);
            }
            _ => self.introduce(now, socket, source, local, bytes),
        }
    }

    /// A known address may begin anew: behind NAT, or after a reload.
    fn names_another(&self, transport: TransportId, bytes: &[u8]) -> bool {
        bytes.first().is_some_and(|b| *b < 2)
            && stun_ufrag(bytes).is_some_and(|ufrag| {
                self.core
                    .transport(transport)
                    .is_none_or(|t| t.ufrag != ufrag)
            })
    }

    /// A datagram from an address that is nobody's yet: only STUN with the
    /// right credentials makes it somebody's.
    fn introduce(
        &mut self,
        now: Instant,
        socket: usize,
        source: SocketAddr,
        local: IpAddr,
        bytes: &[u8],
    ) {
        let key = (Wire::Udp, source);
        match self.whose(key, local, bytes, now) {
            Some(Ok(to)) => {
                self.add_path(to, key, Path::Udp { to, socket, local });
                self.input(now, to, key, local, bytes);
            }
            Some(Err(shard)) => {
                if self.foreign_paths >= MAX_FOREIGN_PATHS {
                    self.paths.retain(|_, path| !matches!(path, Path::Shard(_)));
                    self.foreign_paths = 0;
                }
                if self.paths.insert(key, Path::Shard(shard)).is_none() {
                    self.foreign_paths += 1;
                }
                self.pass_datagram(shard, source, local, bytes);
            }
            None => count(&self.counters().dropped_unknown, 1),
        }
    }

    /// Finds the transport that a STUN request names: here, or on which shard.
    fn whose(
        &mut self,
        (wire, source): (Wire, SocketAddr),
        local: IpAddr,
        bytes: &[u8],
        now: Instant,
    ) -> Option<Result<TransportId, usize>> {
        let ufrag = stun_ufrag(bytes)?;
        let valid = |t: &Transport| {
            candidate_for(local, &t.candidates)
                .is_some_and(|to| t.peer.accepts(wire, source, to, bytes))
        };
        match self.shared.registry.claim(&ufrag, self.index, valid) {
            Claim::Nobody => None,
            Claim::Mine(id) => self.core.transport(id).is_some_and(valid).then_some(Ok(id)),
            Claim::Other(shard) => Some(Err(shard)),
            Claim::Claimed(transport) => {
                let id = transport.id;
                self.core.insert(now, *transport);
                Some(Ok(id))
            }
        }
    }

    fn pass_datagram(&self, shard: usize, source: SocketAddr, local: IpAddr, bytes: &[u8]) {
        let passed = Passed::Datagram {
            source,
            local,
            contents: bytes.to_vec(),
        };
        if !self.shared.inboxes[shard].pass(passed) {
            count(&self.counters().dropped_full, 1);
        }
    }

    fn add_path(&mut self, id: TransportId, key: (Wire, SocketAddr), path: Path) {
        let Some(transport) = self.core.transport_mut(id) else {
            return;
        };
        let mut evicted = None;
        if !transport.paths.contains(&key) {
            if transport.paths.len() >= MAX_PATHS {
                evicted = Some(transport.paths.remove(0));
            }
            transport.paths.push(key);
        }
        if let Some(old) = evicted {
            self.paths.remove(&old);
        }
        match self.paths.insert(key, path) {
            Some(Path::Shard(_)) => self.foreign_paths = self.foreign_paths.saturating_sub(1),
            Some(Path::Udp { to, .. } | Path::Tcp { to, .. }) if to != id => {
                if let Some(former) = self.core.transport_mut(to) {
                    former.paths.retain(|p| *p != key);
                }
            }
            _ => {}
        }
    }

    fn input(
        &mut self,
        now: Instant,
        id: TransportId,
        (wire, source): (Wire, SocketAddr),
        local: IpAddr,
        bytes: &[u8],
    ) {
        let Some(transport) = self.core.transport(id) else {
            self.paths.remove(&(wire, source));
            return;
        };
        let Some(to) = candidate_for(local, &transport.candidates) else {
            return;
        };
        self.core.input(now, id, (wire, source), to, bytes);
        // At once, so that a source's packets are on their way, and its paths
        // are true, before the next datagram is looked at.
        self.effects();
    }

    /// Sends what the last inputs made ready.
    fn settle(&mut self, now: Instant) {
        self.core.flush(now);
        self.effects();
    }

    // ---- effects ---------------------------------------------------------

    /// Carries out what the core wants done.
    fn effects(&mut self) {
        let mut effects = std::mem::take(&mut self.core.effects);
        let mut all = effects.drain(..).peekable();
        while let Some(effect) = all.next() {
            match effect {
                Effect::Transmit {
                    wire,
                    destination,
                    contents,
                } => {
                    self.run.clear();
                    self.run.push(contents);
                    while let Some(Effect::Transmit { contents, .. }) = all.next_if(|e| {
                        matches!(e, Effect::Transmit { wire: w, destination: d, .. }
                            if *w == wire && *d == destination)
                    }) {
                        self.run.push(contents);
                    }
                    self.transmit(wire, destination);
                }
                Effect::Event(event) => (self.shared.events)(event),
                Effect::Pass { shard, packet } => {
                    if !self.shared.inboxes[shard].pass(Passed::Packet(packet)) {
                        count(&self.shared.counters[self.index].dropped_full, 1);
                    }
                }
                Effect::Ask { shard, request } => {
                    self.shared.inboxes[shard].command(Command::Request(request));
                }
                Effect::Gone { transport, paths } => {
                    self.shared.registry.remove(transport);
                    for key in paths {
                        if let Some(Path::Tcp { connection, .. }) = self.paths.remove(&key) {
                            self.drop_connection(connection);
                        }
                    }
                }
            }
        }
        drop(all);
        self.core.effects = effects;
    }

    /// Sends the datagrams of `self.run`.
    fn transmit(&mut self, wire: Wire, destination: SocketAddr) {
        let sent = match self.paths.get(&(wire, destination)).copied() {
            Some(Path::Udp { socket, local, .. }) => {
                self.udp[socket].send(destination, local, &self.run)
            }
            Some(Path::Tcp { connection, .. }) => {
                let mut sent = Sent::default();
                if let Some(tcp) = self.connections.get_mut(&connection) {
                    for packet in &self.run {
                        match tcp.send(packet) {
                            Ok(true) => {
                                sent.packets += 1;
                                sent.bytes += packet.len();
                            }
                            // An error shows again when the socket is read.
                            Ok(false) | Err(_) => sent.dropped += 1,
                        }
                    }
                }
                sent
            }
            Some(Path::Shard(_)) | None => Sent {
                dropped: self.run.len(),
                ..Sent::default()
            },
        };
        let counters = self.counters();
        count(&counters.packets_out, sent.packets);
        count(&counters.bytes_out, sent.bytes);
        count(&counters.dropped_full, sent.dropped);
    }

    fn sweep(&mut self, now: Instant) {
        if self.index == 0
            && let Some(deadline) = now.checked_sub(self.shared.config.connect_timeout)
        {
            for id in self.shared.registry.expire(deadline) {
                (self.shared.events)(Event::Failed {
                    transport: id,
                    reason: FailReason::IceTimeout,
                });
            }
        }
        let late: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, c)| {
                c.transport.is_none() && now.duration_since(c.opened) > UNKNOWN_TCP_TIMEOUT
            })
            .map(|(token, _)| *token)
            .collect();
        for token in late {
            self.drop_connection(token);
        }
    }

    // ---- other shards and control ----------------------------------------

    fn take_passed(&mut self) {
        let now = Instant::now();
        while let Some(passed) = self.inbox().next_passed() {
            match passed {
                Passed::Packet(packet) => self.core.passed(&packet),
                Passed::Datagram {
                    source,
                    local,
                    contents,
                } => {
                    // Replies leave by this shard's own socket of the family:
                    // it has the same port.
                    let socket = self
                        .udp
                        .iter()
                        .position(|u| u.local.is_ipv4() == source.is_ipv4())
                        .unwrap_or(0);
                    let key = (Wire::Udp, source);
                    match self.paths.get(&key).copied() {
                        Some(Path::Udp { to, .. }) if !self.names_another(to, &contents) => {
                            self.input(now, to, key, local, &contents);
                        }
                        // Not passed on again: two shards must not play ball.
                        _ => match self.whose(key, local, &contents, now) {
                            Some(Ok(to)) => {
                                self.add_path(to, key, Path::Udp { to, socket, local });
                                self.input(now, to, key, local, &contents);
                            }
                            _ => count(&self.counters().dropped_unknown, 1),
                        },
                    }
                }
            }
        }
        self.settle(now);
    }

    /// False: shut down.
    fn take_commands(&mut self) -> bool {
        let now = Instant::now();
        while let Some(command) = self.inbox().next_command() {
            match command {
                Command::Close(id) => self.core.close(now, id),
                Command::Request(request) => self.core.request(now, request),
                Command::Tap(source, tap) => self.core.tap(now, source, tap),
                Command::Adopt {
                    stream,
                    remote,
                    local,
                    read,
                } => {
                    let tcp = Tcp::adopted(stream, remote, local, read, now);
                    if let Some(token) = self.add_connection(tcp) {
                        self.connection_ready(token, false);
                    }
                }
                Command::Shutdown => {
                    for id in self.core.ids() {
                        self.core.close(now, id);
                    }
                    self.effects();
                    return false;
                }
            }
        }
        self.settle(now);
        true
    }

    // ---- ICE-TCP ---------------------------------------------------------

    fn accept(&mut self, listener: usize) {
        loop {
            let (stream, remote) = match self.listeners[listener].accept() {
                Ok(accepted) => accepted,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    // Out of descriptors, or gone before it was taken.
                    tracing::debug!(%error, "TCP accept failed");
                    return;
                }
            };
            let Ok(local) = stream.local_addr() else {
                continue;
            };
            let unknown = self.connections.values().filter(|c| c.transport.is_none());
            let (all, same) = unknown.fold((0, 0), |(all, same), c| {
                (all + 1, same + usize::from(c.remote.ip() == remote.ip()))
            });
            if all >= MAX_UNKNOWN_TCP || same >= MAX_UNKNOWN_TCP_PER_ADDRESS {
                count(&self.counters().dropped_full, 1);
                continue;
            }
            self.add_connection(Tcp::new(stream, remote, local, Instant::now()));
        }
    }

    fn add_connection(&mut self, mut tcp: Tcp) -> Option<usize> {
        let token = self.next_connection;
        self.next_connection += 1;
        self.poll
            .registry()
            .register(
                tcp.stream(),
                Token(token),
                Interest::READABLE | Interest::WRITABLE,
            )
            .ok()?;
        self.connections.insert(token, tcp);
        Some(token)
    }

    fn drop_connection(&mut self, token: usize) {
        if let Some(mut tcp) = self.connections.remove(&token) {
            let _ = self.poll.registry().deregister(tcp.stream());
            let key = (Wire::Tcp, tcp.remote);
            if let Some(Path::Tcp { to, .. }) = self.paths.remove(&key)
                && let Some(transport) = self.core.transport_mut(to)
            {
                transport.paths.retain(|p| *p != key);
            }
        }
    }

    fn connection_ready(&mut self, token: usize, writable: bool) {
        loop {
            match self.read_connection(token, writable) {
                Ok(true) => {}
                Ok(false) => return,
                Err(end) => {
                    tracing::debug!(%end, "TCP connection ends");
                    self.drop_connection(token);
                    return;
                }
            }
        }
    }

    /// True: there may be more to read.
    fn read_connection(&mut self, token: usize, writable: bool) -> Result<bool, TcpEnd> {
        let now = Instant::now();
        let Some(tcp) = self.connections.get_mut(&token) else {
            return Ok(false);
        };
        if writable {
            tcp.flush()?;
        }
        let filled = tcp.fill();
        let key = (Wire::Tcp, tcp.remote);
        let local = tcp.local.ip();
        if tcp.transport.is_none() {
            let Some(first) = tcp.peek()?.map(<[u8]>::to_vec) else {
                return filled;
            };
            match self.whose(key, local, &first, now) {
                Some(Ok(id)) => {
                    if let Some(tcp) = self.connections.get_mut(&token) {
                        tcp.transport = Some(id);
                    }
                    let path = Path::Tcp {
                        to: id,
                        connection: token,
                    };
                    self.add_path(id, key, path);
                }
                Some(Err(shard)) => {
                    if let Some(mut tcp) = self.connections.remove(&token) {
                        let _ = self.poll.registry().deregister(tcp.stream());
                        let (remote, local) = (tcp.remote, tcp.local);
                        let (stream, read) = tcp.into_parts();
                        self.shared.inboxes[shard].command(Command::Adopt {
                            stream,
                            remote,
                            local,
                            read,
                        });
                    }
                    return Ok(false);
                }
                None => {
                    count(&self.counters().dropped_unknown, 1);
                    return Err(TcpEnd::Closed);
                }
            }
        }
        let Some(tcp) = self.connections.get_mut(&token) else {
            return Ok(false);
        };
        let (frames, Some(id)) = (tcp.take_frames()?, tcp.transport) else {
            return filled;
        };
        count(&self.counters().packets_in, frames.len());
        for frame in frames {
            count(&self.counters().bytes_in, frame.len());
            self.input(now, id, key, local, &frame);
        }
        self.settle(now);
        filled
    }
}
