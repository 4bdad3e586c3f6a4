//! What a shard does with its transports, without sockets, threads or clocks:
//! packets and time go in, [`Effect`]s come out. The same code runs under real
//! sockets and in simulated networks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use veche_media::TransportId;

use crate::counters::{Counters, count};
use crate::peer::{Output, Packet, PeerError, Track, Wire};
use crate::transport::{Forward, Publish, Role, Transport};
use crate::{Event, FailReason, Tap};

/// How often a transport's rates and liveness are looked at.
const TICK: Duration = Duration::from_secs(1);

/// What the shell is to do, in order.
pub(crate) enum Effect {
    /// Send a datagram to a client.
    Transmit {
        wire: Wire,
        destination: SocketAddr,
        contents: Vec<u8>,
    },
    /// Tell control.
    Event(Event),
    /// Pass a publisher's packet to another shard.
    Pass { shard: usize, packet: Arc<Forward> },
    /// Ask another shard.
    Ask { shard: usize, request: Request },
    /// A transport is gone; its paths are free.
    Gone {
        transport: TransportId,
        paths: Vec<(Wire, SocketAddr)>,
    },
}

/// What shards ask of each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    /// Pass the packets of `source` to shard `to` from now on.
    Subscribe { source: TransportId, to: usize },
    /// Shard `to` has no more players of `source`.
    Unsubscribe { source: TransportId, to: usize },
    /// A player of the source needs a keyframe.
    AskKeyframe(TransportId),
}

/// Times that decide when a transport is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub connect: Duration,
    pub idle: Duration,
}

/// What one round of polling a peer gave. Kept between rounds for its space.
#[derive(Default)]
struct Pumped {
    transmits: Vec<Effect>,
    packets: Vec<Packet>,
    keyframe_asked: bool,
    connected: bool,
    closed: bool,
    capacity_bps: Option<u64>,
}

pub(crate) struct Core {
    index: usize,
    timeouts: Timeouts,
    /// Origin of the distances that the pure parts count in.
    origin: Instant,
    counters: Arc<Counters>,
    transports: FxHashMap<TransportId, Transport>,
    /// Players here of publishers on other shards.
    remote_sources: FxHashMap<TransportId, Vec<TransportId>>,
    timers: BinaryHeap<Reverse<(Instant, TransportId)>>,
    /// Transports with written packets.
    dirty: Vec<TransportId>,
    pumped: Pumped,
    /// Emptied by the shell after each call.
    pub effects: Vec<Effect>,
}

impl Core {
    pub(crate) fn new(
        index: usize,
        timeouts: Timeouts,
        origin: Instant,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            index,
            timeouts,
            origin,
            counters,
            transports: FxHashMap::default(),
            remote_sources: FxHashMap::default(),
            timers: BinaryHeap::new(),
            dirty: Vec::new(),
            pumped: Pumped::default(),
            effects: Vec::new(),
        }
    }

    pub(crate) fn transport(&self, id: TransportId) -> Option<&Transport> {
        self.transports.get(&id)
    }

    pub(crate) fn transport_mut(&mut self, id: TransportId) -> Option<&mut Transport> {
        self.transports.get_mut(&id)
    }

    /// Every transport, for shutdown.
    pub(crate) fn ids(&self) -> Vec<TransportId> {
        self.transports.keys().copied().collect()
    }

    /// Takes over a transport whose first valid STUN is about to be given in.
    pub(crate) fn insert(&mut self, now: Instant, mut transport: Transport) {
        transport.claimed_at = Some(now);
        transport.last_heard = now;
        transport.tick_at = now + TICK;
        let id = transport.id;
        self.transports.insert(id, transport);
        self.schedule(id);
    }

    /// A datagram for a transport; `to` is the candidate that it was sent to.
    pub(crate) fn input(
        &mut self,
        now: Instant,
        id: TransportId,
        (wire, source): (Wire, SocketAddr),
        to: SocketAddr,
        bytes: &[u8],
    ) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        transport.last_heard = now;
        let peer = &mut transport.peer;
        let received = catch_unwind(AssertUnwindSafe(|| {
            peer.receive(now, wire, source, to, bytes)
        }));
        self.after(now, id, received);
    }

    /// A publisher's packet from another shard, for the players here.
    pub(crate) fn passed(&mut self, packet: &Forward) {
        let Some(players) = self.remote_sources.get_mut(&packet.source) else {
            return;
        };
        let players = std::mem::take(players);
        self.deliver(&players, packet);
        if let Some(place) = self.remote_sources.get_mut(&packet.source) {
            *place = players;
        }
    }

    pub(crate) fn request(&mut self, now: Instant, request: Request) {
        match request {
            Request::Subscribe { source, to } => {
                if let Some(publish) = self.publish_mut(source)
                    && !publish.remote.contains(&to)
                {
                    publish.remote.push(to);
                }
            }
            Request::Unsubscribe { source, to } => {
                if let Some(publish) = self.publish_mut(source) {
                    publish.remote.retain(|s| *s != to);
                }
            }
            Request::AskKeyframe(source) => self.ask_keyframe(now, source, self.index),
        }
    }

    /// Sets or takes away a publisher's tap. A new one begins with a keyframe.
    pub(crate) fn tap(&mut self, now: Instant, source: TransportId, tap: Option<Tap>) {
        let begins = tap.is_some();
        if let Some(publish) = self.publish_mut(source) {
            publish.tap = tap;
        }
        if begins {
            self.ask_keyframe(now, source, self.index);
        }
    }

    /// Ends a transport with DTLS close_notify.
    pub(crate) fn close(&mut self, now: Instant, id: TransportId) {
        if let Some(transport) = self.transports.get_mut(&id) {
            let pumped = &mut self.pumped;
            let said = catch_unwind(AssertUnwindSafe(|| {
                transport.peer.close()?;
                transport.peer.advance(now)?;
                pump(transport, pumped)
            }));
            let mut pumped = std::mem::take(&mut self.pumped);
            if matches!(said, Ok(Ok(()))) {
                self.effects.append(&mut pumped.transmits);
            }
        }
        self.remove(id);
    }

    fn publish_mut(&mut self, id: TransportId) -> Option<&mut Publish> {
        match &mut self.transports.get_mut(&id)?.role {
            Role::Publish(publish) => Some(publish),
            Role::Play(_) => None,
        }
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
            Ok(Err(error)) => self.fault(id, &error),
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
        self.effects.append(&mut pumped.transmits);
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.pumped = Pumped::default();
                self.fault(id, &error);
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
            count(&self.counters.keyframes_asked, 1);
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

    fn connected(&mut self, now: Instant, id: TransportId) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut transport.connected, true) {
            return;
        }
        self.effects
            .push(Effect::Event(Event::Connected { transport: id }));
        self.subscribe(now, id);
    }

    fn fault(&mut self, id: TransportId, error: &PeerError) {
        tracing::debug!(transport = %id, %error, "peer fault");
        let reason = match error {
            PeerError::Fingerprint => FailReason::DtlsFingerprint,
            PeerError::Dtls(_) => FailReason::DtlsError,
            PeerError::Other(_) => FailReason::IceError,
        };
        self.fail(id, reason);
    }

    fn panicked(&mut self, id: TransportId) {
        count(&self.counters.panics, 1);
        tracing::error!(transport = %id, "panic in a transport; it is closed");
        self.fail(id, FailReason::Internal);
    }

    fn fail(&mut self, id: TransportId, reason: FailReason) {
        if self.remove(id) {
            self.effects.push(Effect::Event(Event::Failed {
                transport: id,
                reason,
            }));
        }
    }

    /// Forgets a transport. False: it was not here.
    fn remove(&mut self, id: TransportId) -> bool {
        let Some(transport) = self.transports.remove(&id) else {
            return false;
        };
        if let Role::Play(play) = &transport.role
            && play.subscribed
        {
            self.unsubscribe(id, play.source, play.source_shard);
        }
        self.effects.push(Effect::Gone {
            transport: id,
            paths: transport.paths,
        });
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
            let (packet, size) = publish.forward(id, packet, now, self.origin);
            if let Some(size) = size {
                transport.meter.rate.width = size.width;
                transport.meter.rate.height = size.height;
                self.effects.push(Effect::Event(Event::VideoSize {
                    transport: id,
                    width: size.width,
                    height: size.height,
                }));
            }
            let packet = Arc::new(packet);
            for shard in &publish.remote {
                self.effects.push(Effect::Pass {
                    shard: *shard,
                    packet: packet.clone(),
                });
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
        count(&self.counters.forwarded, forwarded);
    }

    /// Sends what was written to players since the last time.
    pub(crate) fn flush(&mut self, now: Instant) {
        // A round may dirty publishers (keyframe requests), hence the loop;
        // a second round writes no packets, so it ends.
        while !self.dirty.is_empty() {
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
            Role::Play(play) => Some((play.source, play.source_shard)),
            Role::Publish(_) => None,
        }
    }

    fn subscribe(&mut self, now: Instant, player: TransportId) {
        let Some(Transport {
            role: Role::Play(play),
            ..
        }) = self.transports.get_mut(&player)
        else {
            return;
        };
        play.subscribed = true;
        let (source, shard) = (play.source, play.source_shard);
        if shard == self.index {
            // Gone meanwhile: whoever closed it closes its players too.
            if let Some(publish) = self.publish_mut(source) {
                publish.local.push(player);
            }
        } else {
            let players = self.remote_sources.entry(source).or_default();
            players.push(player);
            if players.len() == 1 {
                let to = self.index;
                self.ask(shard, Request::Subscribe { source, to });
            }
        }
        self.ask_keyframe(now, source, shard);
    }

    fn ask(&mut self, shard: usize, request: Request) {
        self.effects.push(Effect::Ask { shard, request });
    }

    fn unsubscribe(&mut self, player: TransportId, source: TransportId, shard: usize) {
        if shard == self.index {
            if let Some(publish) = self.publish_mut(source) {
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
            let to = self.index;
            self.ask(shard, Request::Unsubscribe { source, to });
        }
    }

    fn ask_keyframe(&mut self, now: Instant, source: TransportId, shard: usize) {
        if shard != self.index {
            self.ask(shard, Request::AskKeyframe(source));
            return;
        }
        let since = now.duration_since(self.origin);
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
        count(&self.counters.keyframes_sent, 1);
    }

    // ---- timers ----------------------------------------------------------

    fn schedule(&mut self, id: TransportId) {
        let origin = self.origin;
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

    /// When [`Self::run_timers`] has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    /// Does what is due.
    pub(crate) fn run_timers(&mut self, now: Instant) {
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
            let since = now.duration_since(self.origin);
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
        self.flush(now);
    }

    /// Once a second for each transport. False: it ended.
    fn tick(&mut self, now: Instant, id: TransportId) -> bool {
        let timeouts = self.timeouts;
        let Some(transport) = self.transports.get_mut(&id) else {
            return false;
        };
        if transport.connected {
            if now.duration_since(transport.last_heard) > timeouts.idle {
                self.fail(id, FailReason::IceKeepAlive);
                return false;
            }
        } else if transport
            .claimed_at
            .is_some_and(|at| now.duration_since(at) > timeouts.connect)
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
            self.effects.push(Effect::Event(Event::Rate {
                transport: id,
                rate,
            }));
        }
        if let Role::Publish(publish) = &mut transport.role
            && let Some(bitrate) = &mut publish.bitrate
            && let Some(bps) =
                bitrate.update(now.duration_since(self.origin), transport.meter.recent_loss)
        {
            transport.peer.request_bitrate(bps);
        }
        let waits = match &transport.role {
            Role::Play(play) if transport.connected && play.waits_for_keyframe() => {
                Some((play.source, play.source_shard))
            }
            _ => None,
        };
        // A request, or the keyframe, may have been lost on the way.
        if let Some((source, shard)) = waits {
            self.ask_keyframe(now, source, shard);
        }
        true
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
            } => pumped.transmits.push(Effect::Transmit {
                wire,
                destination,
                contents,
            }),
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

#[cfg(test)]
impl Core {
    /// What must hold between any two inputs.
    pub(crate) fn check(&self) {
        for (id, transport) in &self.transports {
            assert_eq!(*id, transport.id);
            assert!(transport.paths.len() <= crate::transport::MAX_PATHS);
            assert!(!transport.dirty || self.dirty.contains(id));
            match &transport.role {
                Role::Publish(publish) => {
                    for player in &publish.local {
                        let subscribed = self.transports.get(player).is_some_and(
                            |t| matches!(&t.role, Role::Play(p) if p.source == *id && p.subscribed),
                        );
                        assert!(subscribed, "{player} is in {id}'s list and not its player");
                    }
                }
                Role::Play(play) if play.subscribed => {
                    let listed = if play.source_shard == self.index {
                        self.transports.get(&play.source).map(|t| match &t.role {
                            Role::Publish(p) => p.local.iter().filter(|p| *p == id).count(),
                            Role::Play(_) => 0,
                        })
                    } else {
                        self.remote_sources
                            .get(&play.source)
                            .map(|players| players.iter().filter(|p| *p == id).count())
                    };
                    assert!(
                        matches!(listed, None | Some(1)),
                        "{id} listed {listed:?} times"
                    );
                }
                Role::Play(_) => {}
            }
        }
        for (source, players) in &self.remote_sources {
            assert!(!players.is_empty(), "{source} has no players here");
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.transports.is_empty() && self.remote_sources.is_empty()
    }
}
