//! A shard: one thread, one epoll loop, its own sockets on the shared ports,
//! and the transports whose first valid STUN arrived here.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use rustc_hash::FxHashMap;
use veche_media::TransportId;

use crate::addresses::candidate_for;
use crate::counters::{Counters, count};
use crate::engine::Shared;
use crate::inbox::{Command, Inbox, Passed};
use crate::peer::{Output, Packet, PeerError, Track, Wire, stun_ufrag};
use crate::registry::Claim;
use crate::tcp::{Tcp, TcpEnd};
use crate::transport::{Forward, MAX_PATHS, Role, Transport};
use crate::udp::{Buffers, Udp};
use crate::{Event, FailReason};

pub(crate) const WAKER: Token = Token(0);
const LISTENERS: usize = 1;
const SOCKETS: usize = 1_000;
const CONNECTIONS: usize = 1_000_000;

/// How often a transport's rates and liveness are looked at.
const TICK: Duration = Duration::from_secs(1);
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

/// What one round of polling a peer gave. Kept between rounds for its space.
#[derive(Default)]
struct Pumped {
    transmits: Vec<(Wire, SocketAddr, Vec<u8>)>,
    packets: Vec<Packet>,
    keyframe_asked: bool,
    connected: bool,
    closed: bool,
    capacity_bps: Option<u64>,
}

pub(crate) struct Shard {
    index: usize,
    shared: Arc<Shared>,
    poll: Poll,
    udp: Vec<Udp>,
    listeners: Vec<mio::net::TcpListener>,
    connections: FxHashMap<usize, Tcp>,
    next_connection: usize,
    transports: FxHashMap<TransportId, Transport>,
    paths: HashMap<(Wire, SocketAddr), Path>,
    foreign_paths: usize,
    /// Players here of publishers on other shards.
    remote_sources: FxHashMap<TransportId, Vec<TransportId>>,
    timers: BinaryHeap<Reverse<(Instant, TransportId)>>,
    /// Transports with written packets.
    dirty: Vec<TransportId>,
    pumped: Pumped,
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
        Ok(Self {
            index,
            shared,
            poll,
            udp,
            listeners,
            connections: FxHashMap::default(),
            next_connection: CONNECTIONS,
            transports: FxHashMap::default(),
            paths: HashMap::new(),
            foreign_paths: 0,
            remote_sources: FxHashMap::default(),
            timers: BinaryHeap::new(),
            dirty: Vec::new(),
            pumped: Pumped::default(),
            run: Vec::new(),
            next_sweep: Instant::now() + TICK,
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
            self.run_timers();
            self.flush();
        }
    }

    fn sleep(&self) -> Duration {
        let now = Instant::now();
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
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
            self.flush();
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
                self.transports
                    .get(&transport)
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
            Claim::Mine(id) => self
                .transports
                .get(&id)
                .is_some_and(valid)
                .then_some(Ok(id)),
            Claim::Other(shard) => Some(Err(shard)),
            Claim::Claimed(mut transport) => {
                let id = transport.id;
                transport.claimed_at = Some(now);
                transport.last_heard = now;
                transport.tick_at = now + TICK;
                self.transports.insert(id, *transport);
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
        let Some(transport) = self.transports.get_mut(&id) else {
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
                if let Some(former) = self.transports.get_mut(&to) {
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
        let Some(transport) = self.transports.get_mut(&id) else {
            self.paths.remove(&(wire, source));
            return;
        };
        let Some(to) = candidate_for(local, &transport.candidates) else {
            return;
        };
        transport.last_heard = now;
        let peer = &mut transport.peer;
        let received = catch_unwind(AssertUnwindSafe(|| {
            peer.receive(now, wire, source, to, bytes)
        }));
        self.after(now, id, received);
    }

    // ---- driving a peer --------------------------------------------------

    fn after(
        &mut self,
        now: Instant,
        id: TransportId,
        result: std::thread::Result<Result<(), PeerError>>,
    ) {
        match result {
            Ok(Ok(())) => self.drive(now, id),
            Ok(Err(error)) => self.fault(now, id, &error),
            Err(_) => self.panicked(id),
        }
    }

    /// Lets a peer say everything that it has to say, and does it.
    fn drive(&mut self, now: Instant, id: TransportId) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        let pumped = &mut self.pumped;
        let result = catch_unwind(AssertUnwindSafe(|| pump(transport, pumped)));
        let mut pumped = std::mem::take(&mut self.pumped);
        self.transmit(&mut pumped.transmits);
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.pumped = Pumped::default();
                self.fault(now, id, &error);
                return;
            }
            Err(_) => {
                self.pumped = Pumped::default();
                self.panicked(id);
                return;
            }
        }
        if std::mem::take(&mut pumped.connected) {
            self.connected(now, id);
        }
        if !pumped.packets.is_empty() {
            self.forward(now, id, pumped.packets.drain(..));
        }
        if std::mem::take(&mut pumped.keyframe_asked) {
            count(&self.counters().keyframes_asked, 1);
            if let Some((source, shard)) = self.source_of(id) {
                self.ask_keyframe(now, source, shard);
            }
        }
        if let Some(capacity) = pumped.capacity_bps.take()
            && let Some(transport) = self.transports.get_mut(&id)
            && let Role::Play(play) = &mut transport.role
        {
            play.capacity_bps = capacity;
        }
        let closed = std::mem::take(&mut pumped.closed);
        self.pumped = pumped;
        if closed {
            let connected = self.transports.get(&id).is_some_and(|t| t.connected);
            self.fail(
                id,
                if connected {
                    FailReason::PeerClosed
                } else {
                    FailReason::DtlsError
                },
            );
        } else {
            self.schedule(id);
        }
    }

    fn transmit(&mut self, transmits: &mut Vec<(Wire, SocketAddr, Vec<u8>)>) {
        let mut all = transmits.drain(..).peekable();
        while let Some((wire, destination, first)) = all.next() {
            self.run.clear();
            self.run.push(first);
            while let Some((_, _, next)) = all.next_if(|(w, d, _)| *w == wire && *d == destination)
            {
                self.run.push(next);
            }
            let sent = match self.paths.get(&(wire, destination)).copied() {
                Some(Path::Udp { socket, local, .. }) => {
                    self.udp[socket].send(destination, local, &self.run)
                }
                Some(Path::Tcp { connection, .. }) => {
                    let mut sent = crate::udp::Sent::default();
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
                Some(Path::Shard(_)) | None => crate::udp::Sent {
                    dropped: self.run.len(),
                    ..Default::default()
                },
            };
            let counters = &self.shared.counters[self.index];
            count(&counters.packets_out, sent.packets);
            count(&counters.bytes_out, sent.bytes);
            count(&counters.dropped_full, sent.dropped);
        }
    }

    fn connected(&mut self, now: Instant, id: TransportId) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut transport.connected, true) {
            return;
        }
        let source = match &transport.role {
            Role::Play(play) => Some(play.source),
            Role::Publish(_) => None,
        };
        (self.shared.events)(Event::Connected { transport: id });
        if let Some(source) = source {
            self.subscribe(now, id, source);
        }
    }

    fn fault(&mut self, _now: Instant, id: TransportId, error: &PeerError) {
        tracing::debug!(transport = %id, %error, "peer fault");
        let reason = match error {
            PeerError::Fingerprint => FailReason::DtlsFingerprint,
            PeerError::Dtls(_) => FailReason::DtlsError,
            PeerError::Other(_) => FailReason::IceError,
        };
        self.fail(id, reason);
    }

    fn panicked(&mut self, id: TransportId) {
        count(&self.counters().panics, 1);
        tracing::error!(transport = %id, "panic in a transport; it is closed");
        self.fail(id, FailReason::Internal);
    }

    fn fail(&mut self, id: TransportId, reason: FailReason) {
        if self.remove(id) {
            (self.shared.events)(Event::Failed {
                transport: id,
                reason,
            });
        }
    }

    /// Forgets a transport. False: it was not here.
    fn remove(&mut self, id: TransportId) -> bool {
        let Some(transport) = self.transports.remove(&id) else {
            return false;
        };
        self.shared.registry.remove(id);
        for key in &transport.paths {
            if let Some(Path::Tcp { connection, .. }) = self.paths.remove(key) {
                self.drop_connection(connection);
            }
        }
        if let Role::Play(play) = &transport.role
            && let Some(shard) = play.source_shard
        {
            self.unsubscribe(id, play.source, shard);
        }
        true
    }

    // ---- forwarding ------------------------------------------------------

    fn forward(&mut self, now: Instant, id: TransportId, packets: impl Iterator<Item = Packet>) {
        for packet in packets {
            let Some(transport) = self.transports.get_mut(&id) else {
                return;
            };
            let Role::Publish(publish) = &mut transport.role else {
                return;
            };
            transport
                .meter
                .packet(packet.track, packet.payload.len(), packet.marker);
            let (packet, size) = publish.forward(id, packet, now, self.shared.origin);
            if let Some(size) = size {
                transport.meter.rate.width = size.width;
                transport.meter.rate.height = size.height;
                (self.shared.events)(Event::VideoSize {
                    transport: id,
                    width: size.width,
                    height: size.height,
                });
            }
            let packet = Arc::new(packet);
            for shard in &publish.remote {
                if !self.shared.inboxes[*shard].pass(Passed::Packet(packet.clone())) {
                    count(&self.shared.counters[self.index].dropped_full, 1);
                }
            }
            // Taken out while the players are written to, then put back.
            let players = std::mem::take(&mut publish.local);
            self.deliver(&players, &packet);
            if let Some(Transport {
                role: Role::Publish(publish),
                ..
            }) = self.transports.get_mut(&id)
            {
                publish.local = players;
            }
        }
    }

    fn deliver(&mut self, players: &[TransportId], packet: &Forward) {
        let mut forwarded = 0;
        for player in players {
            let Some(transport) = self.transports.get_mut(player) else {
                continue;
            };
            let Role::Play(play) = &mut transport.role else {
                continue;
            };
            if play.send(&mut transport.peer, packet, &mut transport.meter) {
                forwarded += 1;
                if !std::mem::replace(&mut transport.dirty, true) {
                    self.dirty.push(*player);
                }
            }
        }
        count(&self.counters().forwarded, forwarded);
    }

    /// Sends what was written to players since the last time.
    fn flush(&mut self) {
        // A round may dirty publishers (keyframe requests), hence the loop;
        // a second round writes no packets, so it ends.
        while !self.dirty.is_empty() {
            let now = Instant::now();
            for id in std::mem::take(&mut self.dirty) {
                self.advance(now, id);
            }
        }
    }

    fn advance(&mut self, now: Instant, id: TransportId) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        transport.dirty = false;
        let peer = &mut transport.peer;
        let advanced = catch_unwind(AssertUnwindSafe(|| peer.advance(now)));
        self.after(now, id, advanced);
    }

    fn source_of(&self, player: TransportId) -> Option<(TransportId, usize)> {
        match &self.transports.get(&player)?.role {
            Role::Play(play) => Some((play.source, play.source_shard?)),
            Role::Publish(_) => None,
        }
    }

    fn subscribe(&mut self, now: Instant, player: TransportId, source: TransportId) {
        // Gone meanwhile: whoever closed it closes its players too.
        let Some((_, shard)) = self.shared.registry.source(source) else {
            return;
        };
        if let Some(Transport {
            role: Role::Play(play),
            ..
        }) = self.transports.get_mut(&player)
        {
            play.source_shard = Some(shard);
        }
        if shard == self.index {
            if let Some(Transport {
                role: Role::Publish(publish),
                ..
            }) = self.transports.get_mut(&source)
            {
                publish.local.push(player);
            }
        } else {
            let players = self.remote_sources.entry(source).or_default();
            players.push(player);
            if players.len() == 1 {
                self.shared.inboxes[shard].command(Command::Subscribe {
                    source,
                    to: self.index,
                });
            }
        }
        self.ask_keyframe(now, source, shard);
    }

    fn unsubscribe(&mut self, player: TransportId, source: TransportId, shard: usize) {
        if shard == self.index {
            if let Some(Transport {
                role: Role::Publish(publish),
                ..
            }) = self.transports.get_mut(&source)
            {
                publish.local.retain(|p| *p != player);
            }
            return;
        }
        let Some(players) = self.remote_sources.get_mut(&source) else {
            return;
        };
        players.retain(|p| *p != player);
        if players.is_empty() {
            self.remote_sources.remove(&source);
            self.shared.inboxes[shard].command(Command::Unsubscribe {
                source,
                to: self.index,
            });
        }
    }

    fn ask_keyframe(&mut self, now: Instant, source: TransportId, shard: usize) {
        if shard != self.index {
            self.shared.inboxes[shard].command(Command::AskKeyframe(source));
            return;
        }
        let since = now.duration_since(self.shared.origin);
        let Some(transport) = self.transports.get_mut(&source) else {
            return;
        };
        let Role::Publish(publish) = &mut transport.role else {
            return;
        };
        if publish.keyframes.ask(since) {
            self.send_keyframe_request(source);
        } else {
            self.schedule(source);
        }
    }

    fn send_keyframe_request(&mut self, source: TransportId) {
        let Some(transport) = self.transports.get_mut(&source) else {
            return;
        };
        transport.peer.request_keyframe();
        if !std::mem::replace(&mut transport.dirty, true) {
            self.dirty.push(source);
        }
        count(&self.counters().keyframes_sent, 1);
    }

    // ---- timers ----------------------------------------------------------

    fn schedule(&mut self, id: TransportId) {
        let origin = self.shared.origin;
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        let mut at = transport.wake_at.min(transport.tick_at);
        if let Role::Publish(publish) = &transport.role
            && let Some(due) = publish.keyframes.next_timeout()
        {
            at = at.min(origin + due);
        }
        if transport.scheduled.is_none_or(|scheduled| at < scheduled) {
            transport.scheduled = Some(at);
            self.timers.push(Reverse((at, id)));
        }
    }

    fn run_timers(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            let Some(transport) = self.transports.get_mut(&id) else {
                continue;
            };
            if transport.scheduled != Some(at) {
                continue;
            }
            transport.scheduled = None;
            let tick = transport.tick_at <= now;
            if tick {
                transport.tick_at = now + TICK;
            }
            let since = now.duration_since(self.shared.origin);
            let keyframe = match &mut transport.role {
                Role::Publish(publish) => publish.keyframes.poll(since),
                Role::Play(_) => false,
            };
            if keyframe {
                self.send_keyframe_request(id);
            }
            if tick && !self.tick(now, id) {
                continue;
            }
            self.advance(now, id);
        }
        if now >= self.next_sweep {
            self.next_sweep = now + TICK;
            self.sweep(now);
        }
    }

    /// Once a second for each transport. False: it ended.
    fn tick(&mut self, now: Instant, id: TransportId) -> bool {
        let config = &self.shared.config;
        let Some(transport) = self.transports.get_mut(&id) else {
            return false;
        };
        if transport.connected {
            if now.duration_since(transport.last_heard) > config.idle_timeout {
                self.fail(id, FailReason::IceKeepAlive);
                return false;
            }
        } else if transport
            .claimed_at
            .is_some_and(|at| now.duration_since(at) > config.connect_timeout)
        {
            self.fail(id, FailReason::DtlsError);
            return false;
        }
        if let Role::Play(play) = &transport.role {
            transport.meter.rate.capacity_bps = play.capacity_bps;
        }
        if let Some(rate) = transport.meter.second(now)
            && transport.connected
        {
            (self.shared.events)(Event::Rate {
                transport: id,
                rate,
            });
        }
        if let Role::Publish(publish) = &mut transport.role
            && let Some(bitrate) = &mut publish.bitrate
            && let Some(bps) = bitrate.update(
                now.duration_since(self.shared.origin),
                transport.meter.recent_loss,
            )
        {
            transport.peer.request_bitrate(bps);
        }
        let waits = match &transport.role {
            Role::Play(play) if transport.connected && play.waits_for_keyframe() => {
                play.source_shard.map(|shard| (play.source, shard))
            }
            _ => None,
        };
        // A request, or the keyframe, may have been lost on the way.
        if let Some((source, shard)) = waits {
            self.ask_keyframe(now, source, shard);
        }
        true
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
                Passed::Packet(packet) => {
                    let Some(players) = self.remote_sources.get_mut(&packet.source) else {
                        continue;
                    };
                    let players = std::mem::take(players);
                    self.deliver(&players, &packet);
                    if let Some(place) = self.remote_sources.get_mut(&packet.source) {
                        *place = players;
                    }
                }
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
    }

    /// False: shut down.
    fn take_commands(&mut self) -> bool {
        let now = Instant::now();
        while let Some(command) = self.inbox().next_command() {
            match command {
                Command::Close(id) => self.close(now, id),
                Command::Subscribe { source, to } => {
                    if let Some(Transport {
                        role: Role::Publish(publish),
                        ..
                    }) = self.transports.get_mut(&source)
                        && !publish.remote.contains(&to)
                    {
                        publish.remote.push(to);
                    }
                }
                Command::Unsubscribe { source, to } => {
                    if let Some(Transport {
                        role: Role::Publish(publish),
                        ..
                    }) = self.transports.get_mut(&source)
                    {
                        publish.remote.retain(|s| *s != to);
                    }
                }
                Command::AskKeyframe(source) => self.ask_keyframe(now, source, self.index),
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
                    let all: Vec<TransportId> = self.transports.keys().copied().collect();
                    for id in all {
                        self.close(now, id);
                    }
                    return false;
                }
            }
        }
        true
    }

    fn close(&mut self, now: Instant, id: TransportId) {
        if let Some(transport) = self.transports.get_mut(&id) {
            let pumped = &mut self.pumped;
            let said = catch_unwind(AssertUnwindSafe(|| {
                transport.peer.close()?;
                transport.peer.advance(now)?;
                pump(transport, pumped)
            }));
            let mut pumped = std::mem::take(&mut self.pumped);
            if matches!(said, Ok(Ok(()))) {
                self.transmit(&mut pumped.transmits);
            }
        }
        self.remove(id);
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
                && let Some(transport) = self.transports.get_mut(&to)
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
        self.flush();
        filled
    }
}

/// Polls a peer until it has no more to say.
fn pump(transport: &mut Transport, pumped: &mut Pumped) -> Result<(), PeerError> {
    loop {
        match transport.peer.poll()? {
            Output::Timeout(at) => {
                transport.wake_at = at;
                break;
            }
            Output::Transmit {
                wire,
                destination,
                contents,
            } => pumped.transmits.push((wire, destination, contents)),
            Output::Packet(packet) => pumped.packets.push(packet),
            Output::KeyframeAsked => pumped.keyframe_asked = true,
            Output::Connected => pumped.connected = true,
            Output::Closed => pumped.closed = true,
            Output::Capacity(bps) => pumped.capacity_bps = Some(bps),
            Output::Figures {
                track: Track::Video,
                nacks,
                plis,
                loss,
                packets,
            } => transport.meter.figures(nacks, plis, loss, packets),
            Output::Figures { .. } => {}
        }
    }
    if !transport.peer.is_alive() {
        pumped.closed = true;
    }
    Ok(())
}
