//! Whole calls in memory: real ICE, DTLS and SRTP on virtual time, over
//! networks that lose, delay, duplicate and reorder, decided by a seed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Poll, Waker};
use str0m::rtp::ExtensionValues;
use veche_media::{AudioCodec, TransportId, VideoCodec};
use veche_testkit::{Client, ClientIdentity, Datagram, Link, LinkConfig, Received};

use crate::addresses::candidate_for;
use crate::core::{Core, Effect, Timeouts};
use crate::counters::Counters;
use crate::engine::{Engine, Shared};
use crate::inbox::Inbox;
use crate::peer::{Wire, stun_ufrag};
use crate::registry::{Claim, Place};
use crate::shard::WAKER;
use crate::{Config, Event, FailReason, PlayRequest, PublishRequest};

const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 31_001);
const SHARDS: usize = 2;
/// Between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// Frames by which sound is sent later than the picture of the same instant.
const SOUND_LAG: u32 = 5;

/// A participant's endpoint and its network.
struct End {
    client: Client,
    up: Link<Datagram>,
    down: Link<Vec<u8>>,
    publishes: bool,
    received: Vec<Received>,
    /// Frames sent so far.
    frames: u32,
    crashed: bool,
}

/// The engine's cores, their clients and the networks between them.
struct World {
    now: Instant,
    engine: Engine,
    cores: Vec<Core>,
    paths: HashMap<SocketAddr, (usize, TransportId)>,
    ends: BTreeMap<TransportId, End>,
    addresses: BTreeMap<SocketAddr, TransportId>,
    identity: ClientIdentity,
    network: LinkConfig,
    events: Vec<Event>,
    rng: fastrand::Rng,
    next_id: u64,
}

impl World {
    fn new(seed: u64, network: LinkConfig) -> Self {
        let config = Config {
            bind: vec![SERVER.ip()],
            port: SERVER.port(),
            tcp: false,
            ..Config::default()
        };
        let start = Instant::now();
        let timeouts = Timeouts {
            connect: config.connect_timeout,
            idle: config.idle_timeout,
        };
        let counters: Vec<Arc<Counters>> = (0..SHARDS).map(|_| Arc::default()).collect();
        let cores = counters
            .iter()
            .enumerate()
            .map(|(i, c)| Core::new(i, timeouts, start, c.clone()))
            .collect();
        let inboxes = (0..SHARDS)
            .map(|_| {
                let poll = Poll::new().unwrap();
                Inbox::new(Waker::new(poll.registry(), WAKER).unwrap())
            })
            .collect();
        let shared = Shared::unconnected(config, SERVER, inboxes, counters, start);
        Self {
            now: start,
            engine: Engine {
                shared: Arc::new(shared),
            },
            cores,
            paths: HashMap::new(),
            ends: BTreeMap::new(),
            addresses: BTreeMap::new(),
            identity: ClientIdentity::generate(),
            network,
            events: Vec::new(),
            rng: fastrand::Rng::with_seed(seed),
            next_id: 1,
        }
    }

    fn end(&mut self, id: TransportId, publishes: bool) -> String {
        let host = u8::try_from(id.0 % 250).unwrap();
        let port = 10_000 + u16::try_from(id.0).unwrap();
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)), port);
        let (client, offer) = Client::new(
            &self.identity,
            address,
            publishes,
            (true, true),
            |c| c,
            self.now,
        );
        let end = End {
            client,
            up: Link::new(self.network, self.rng.u64(..)),
            down: Link::new(self.network, self.rng.u64(..)),
            publishes,
            received: Vec::new(),
            frames: 0,
            crashed: false,
        };
        self.ends.insert(id, end);
        self.addresses.insert(address, id);
        offer
    }

    fn new_id(&mut self) -> TransportId {
        self.next_id += 1;
        TransportId(self.next_id)
    }

    fn publish(&mut self) -> TransportId {
        let id = self.new_id();
        let offer = self.end(id, true);
        let answer = self
            .engine
            .publish(PublishRequest {
                transport: id,
                offer,
                video_codecs: VideoCodec::ALL.to_vec(),
                audio_codecs: AudioCodec::ALL.to_vec(),
                tcp_only: false,
                max_bitrate_bps: 0,
            })
            .unwrap();
        self.ends
            .get_mut(&id)
            .unwrap()
            .client
            .accept(&answer.sdp)
            .unwrap();
        id
    }

    fn play(&mut self, source: TransportId) -> Option<TransportId> {
        let id = self.new_id();
        let offer = self.end(id, false);
        let answer = self.engine.play(PlayRequest {
            transport: id,
            source,
            offer,
            tcp_only: false,
        });
        let Ok(answer) = answer else {
            self.ends.remove(&id);
            return None;
        };
        self.ends
            .get_mut(&id)
            .unwrap()
            .client
            .accept(&answer.sdp)
            .unwrap();
        Some(id)
    }

    /// As the room does it: by the registry first, then the shard.
    fn close(&mut self, id: TransportId) {
        if let Some(Place::On(shard)) = self.engine.shared.registry.remove(id) {
            self.cores[shard].close(self.now, id);
            self.effects(shard);
        }
        self.ends.remove(&id);
    }

    /// One frame of three packets, the third shorter, and one of sound.
    fn media(&mut self) {
        let now = self.now;
        for end in self.ends.values_mut() {
            if !end.publishes || end.crashed || !end.client.is_connected() {
                continue;
            }
            let n = end.frames;
            end.frames += 1;
            let asked = end.client.keyframes_asked() > 0;
            let keyframe = asked && n.is_multiple_of(15);
            for part in 0_u32..3 {
                let mut payload = vec![if part == 0 { 0x10 } else { 0x00 }];
                payload.extend(if keyframe { [0x50, 1, 0] } else { [0x51, 1, 0] });
                payload.extend([0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]);
                payload.extend((n * 3 + part).to_be_bytes());
                payload.resize(if part == 2 { 300 } else { 1_000 }, 0);
                end.client.send(
                    now,
                    true,
                    n.wrapping_mul(3_000),
                    part == 2,
                    payload,
                    ExtensionValues::default(),
                );
            }
            // Sound leaves late, as from a slow encoder; its capture time is true.
            if let Some(n) = n.checked_sub(SOUND_LAG) {
                end.client.send(
                    now - FRAME * SOUND_LAG,
                    false,
                    n.wrapping_mul(1_600),
                    false,
                    n.to_be_bytes().to_vec(),
                    ExtensionValues::default(),
                );
            }
        }
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        let mut next_frame = self.now;
        while self.now < end {
            let mut next = next_frame.min(end);
            for e in self.ends.values() {
                for at in [e.up.next_arrival(), e.down.next_arrival()]
                    .into_iter()
                    .flatten()
                {
                    next = next.min(at);
                }
                if !e.crashed {
                    next = next.min(e.client.timeout());
                }
            }
            for core in &self.cores {
                next = core.next_timeout().map_or(next, |at| next.min(at));
            }
            // A timeout in the past means now; time moves by a step at least
            // so that nothing can stop it.
            self.now = next.max(self.now + Duration::from_micros(100));
            if self.now >= next_frame {
                self.media();
                next_frame = self.now + FRAME;
            }
            self.step();
        }
    }

    fn weather(&mut self, network: LinkConfig) {
        for end in self.ends.values_mut() {
            end.up.set(network);
            end.down.set(network);
        }
    }

    fn run_until_connected(&mut self, id: TransportId) {
        let limit = self.engine.shared.config.connect_timeout;
        let started = self.now;
        while !self.connected(id) {
            assert!(
                self.now - started < limit,
                "{id} does not connect in {limit:?}"
            );
            self.run(Duration::from_millis(100));
        }
    }

    fn step(&mut self) {
        let now = self.now;
        let mut arrived = Vec::new();
        for (id, end) in &mut self.ends {
            while let Some(bytes) = end.down.receive(now) {
                if !end.crashed {
                    end.client.receive(now, SERVER, &bytes);
                    for datagram in end.client.poll(now) {
                        end.up.send(now, datagram);
                    }
                }
            }
            if !end.crashed {
                for datagram in end.client.poll(now) {
                    end.up.send(now, datagram);
                }
            }
            end.received.extend(end.client.take_received());
            while let Some(datagram) = end.up.receive(now) {
                arrived.push((*id, datagram));
            }
        }
        let from: HashMap<TransportId, SocketAddr> =
            self.addresses.iter().map(|(a, id)| (*id, *a)).collect();
        for (id, datagram) in arrived {
            self.datagram(from[&id], &datagram.contents);
        }
        for shard in 0..SHARDS {
            self.cores[shard].run_timers(now);
            self.cores[shard].flush(now);
            self.effects(shard);
            self.cores[shard].check();
        }
    }

    fn datagram(&mut self, source: SocketAddr, bytes: &[u8]) {
        let now = self.now;
        if let Some((shard, id)) = self.paths.get(&source).copied() {
            self.cores[shard].input(now, id, (Wire::Udp, source), SERVER, bytes);
            self.effects(shard);
            return;
        }
        let Some(ufrag) = stun_ufrag(bytes) else {
            return;
        };
        let claimed = self.engine.shared.registry.claim(&ufrag, 99, |t| {
            let to = candidate_for(SERVER.ip(), &t.candidates).unwrap();
            t.peer.accepts(Wire::Udp, source, to, bytes)
        });
        if let Claim::Claimed(transport) = claimed {
            let id = transport.id;
            let shard = usize::try_from(id.0).unwrap() % SHARDS;
            self.engine.shared.registry.place(id, shard);
            self.cores[shard].insert(now, *transport);
            self.cores[shard]
                .transport_mut(id)
                .unwrap()
                .paths
                .push((Wire::Udp, source));
            self.paths.insert(source, (shard, id));
            self.cores[shard].input(now, id, (Wire::Udp, source), SERVER, bytes);
            self.effects(shard);
        }
    }

    fn effects(&mut self, shard: usize) {
        for effect in std::mem::take(&mut self.cores[shard].effects) {
            match effect {
                Effect::Transmit {
                    destination,
                    contents,
                    ..
                } => {
                    let id = self.addresses[&destination];
                    if let Some(end) = self.ends.get_mut(&id) {
                        end.down.send(self.now, contents);
                    }
                }
                Effect::Event(event) => self.events.push(event),
                Effect::Pass { shard, packet } => self.cores[shard].passed(&packet),
                Effect::Ask { shard, request } => self.cores[shard].request(self.now, request),
                Effect::Gone { transport, paths } => {
                    self.engine.shared.registry.remove(transport);
                    for (_, source) in paths {
                        self.paths.remove(&source);
                    }
                }
            }
        }
    }

    fn connected(&self, id: TransportId) -> bool {
        self.ends[&id].client.is_connected()
    }

    fn failures(&self) -> Vec<(TransportId, FailReason)> {
        self.events
            .iter()
            .filter_map(|e| match e {
                Event::Failed { transport, reason } => Some((*transport, *reason)),
                _ => None,
            })
            .collect()
    }

    /// The frame parts that a player has, each under its sequence number.
    fn picture(&self, id: TransportId) -> BTreeMap<u64, u32> {
        let mut parts = BTreeMap::new();
        for r in self.ends[&id].received.iter().filter(|r| r.video) {
            let n = u32::from_be_bytes(r.payload[11..15].try_into().unwrap());
            assert_eq!(
                r.timestamp,
                (n / 3).wrapping_mul(3_000),
                "timestamp of part {n}"
            );
            assert_eq!(r.marker, n % 3 == 2);
            assert!(parts.insert(r.seq, n).is_none(), "seq {} twice", r.seq);
        }
        parts
    }
}

/// Sequence numbers keep the source's distances, and nothing comes twice.
fn assert_in_step(parts: &BTreeMap<u64, u32>) {
    let Some((first_seq, first_part)) = parts.first_key_value() else {
        panic!("no picture");
    };
    for (seq, part) in parts {
        assert_eq!(seq - first_seq, u64::from(part - first_part));
    }
    let distinct: BTreeSet<u32> = parts.values().copied().collect();
    assert_eq!(distinct.len(), parts.len());
}

/// A call of ten seconds; gives the share of packets that each player has of
/// those from its first to the last sent. The network turns bad when everybody
/// is connected: how long a handshake takes then is the client's timers' doing.
fn call(seed: u64, network: LinkConfig) -> Vec<f64> {
    let mut world = World::new(seed, LinkConfig::default());
    let ann = world.publish();
    world.run_until_connected(ann);
    world.run(Duration::from_secs(1));
    let players: Vec<_> = (0..3).map(|_| world.play(ann).unwrap()).collect();
    for player in &players {
        world.run_until_connected(*player);
    }
    world.run(Duration::from_secs(1));
    world.weather(network);
    world.run(Duration::from_secs(10));
    world.weather(LinkConfig::default());
    world.run(Duration::from_secs(1));
    assert_eq!(world.failures(), []);
    players
        .iter()
        .map(|id| {
            let parts = world.picture(*id);
            assert_in_step(&parts);
            let (first, last) = (
                parts.first_key_value().unwrap(),
                parts.last_key_value().unwrap(),
            );
            assert_eq!(first.1 % 3, 0, "begins with the first packet of a frame");
            assert!(
                world.ends[&ann].frames * 3 - last.1 < 40,
                "goes on to the end"
            );
            parts.len() as f64 / (last.1 - first.1 + 1) as f64
        })
        .collect()
}

const fn network(loss: f64, jitter_ms: u64, duplicate: f64) -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(jitter_ms),
        loss,
        duplicate,
    }
}

#[test]
fn a_good_network_loses_nothing() {
    for share in call(1, network(0.0, 0, 0.0)) {
        assert!((share - 1.0).abs() < f64::EPSILON);
    }
}

#[test]
fn reordering_and_duplicates_change_nothing() {
    for share in call(2, network(0.0, 30, 0.1)) {
        assert!(share > 0.999, "{share}");
    }
}

#[test]
fn five_percent_loss_is_repaired() {
    for share in call(3, network(0.05, 10, 0.01)) {
        assert!(share > 0.995, "{share}");
    }
}

#[test]
fn thirty_percent_loss_leaves_a_call() {
    for share in call(4, network(0.30, 10, 0.01)) {
        assert!(share > 0.85, "{share}");
    }
}

#[test]
fn a_call_begins_on_a_network_that_loses_every_tenth_packet() {
    let mut world = World::new(8, network(0.1, 10, 0.01));
    let ann = world.publish();
    world.run_until_connected(ann);
    let bob = world.play(ann).unwrap();
    world.run_until_connected(bob);
    world.run(Duration::from_secs(5));
    assert!(world.picture(bob).len() > 300);
}

#[test]
fn sound_and_picture_share_one_clock() {
    let mut world = World::new(5, network(0.0, 0, 0.0));
    let ann = world.publish();
    world.run(Duration::from_secs(3));
    let bob = world.play(ann).unwrap();
    world.run(Duration::from_secs(12));
    let captured = |video: bool| {
        let clock_rate = if video { 90_000.0 } else { 48_000.0 };
        let last = world.ends[&bob]
            .received
            .iter()
            .rev()
            .find(|r| r.video == video && r.report.is_some())
            .unwrap();
        let (ntp, report) = last.report.unwrap();
        let ticks = last.timestamp.wrapping_sub(report).cast_signed();
        // Frame n was sent with both kinds at the same instant.
        let frame = last.timestamp / if video { 3_000 } else { 1_600 };
        (frame, ntp + f64::from(ticks) / clock_rate)
    };
    let (video_frame, video) = captured(true);
    let (audio_frame, audio) = captured(false);
    let apart = (video - audio) - (f64::from(video_frame) - f64::from(audio_frame)) / 30.0;
    assert!(apart.abs() < 0.040, "{apart} s apart");
}

#[test]
fn a_publisher_that_vanishes_is_given_up_and_its_name_freed() {
    let mut world = World::new(6, network(0.02, 5, 0.0));
    let ann = world.publish();
    world.run(Duration::from_secs(3));
    let bob = world.play(ann).unwrap();
    world.run(Duration::from_secs(3));
    world.ends.get_mut(&ann).unwrap().crashed = true;
    world.run(Duration::from_secs(20));
    assert_eq!(world.failures(), [(ann, FailReason::IceKeepAlive)]);
    assert!(world.engine.shared.registry.source(ann).is_none());
    world.close(bob);
    world.run(Duration::from_millis(200));
    assert!(world.cores.iter().all(Core::is_empty));
    assert!(world.paths.is_empty());
}

#[test]
fn random_comings_and_goings_leave_nothing_behind() {
    for seed in 0..40 {
        let loss = f64::from(u32::try_from(seed).unwrap() % 4) * 0.03;
        let mut world = World::new(seed, network(loss, 15, 0.02));
        let mut publishers: Vec<TransportId> = Vec::new();
        let mut players: Vec<TransportId> = Vec::new();
        for _ in 0..14 {
            match world.rng.u32(0..6) {
                0 | 1 => publishers.push(world.publish()),
                2 | 3 => {
                    if let Some(source) = pick(&mut world.rng, &publishers)
                        && let Some(id) = world.play(source)
                    {
                        players.push(id);
                    }
                }
                4 => {
                    let list = if world.rng.bool() {
                        &mut publishers
                    } else {
                        &mut players
                    };
                    if !list.is_empty() {
                        let id = list.swap_remove(world.rng.usize(..list.len()));
                        world.close(id);
                    }
                }
                _ => {
                    let list = if world.rng.bool() {
                        &publishers
                    } else {
                        &players
                    };
                    if let Some(id) = pick(&mut world.rng, list)
                        && let Some(end) = world.ends.get_mut(&id)
                    {
                        end.crashed = true;
                    }
                }
            }
            let wait = world.rng.u64(0..400);
            world.run(Duration::from_millis(wait));
        }
        for id in publishers.into_iter().chain(players) {
            world.close(id);
        }
        world.run(Duration::from_millis(100));
        assert!(world.cores.iter().all(Core::is_empty), "seed {seed}");
        assert!(world.paths.is_empty(), "seed {seed}");
        assert_eq!(world.engine.shared.registry.len(), 0, "seed {seed}");
        let panics = world.engine.stats().panics;
        assert_eq!(panics, 0, "seed {seed}");
    }
}

fn pick(rng: &mut fastrand::Rng, ids: &[TransportId]) -> Option<TransportId> {
    (!ids.is_empty()).then(|| ids[rng.usize(..ids.len())])
}
