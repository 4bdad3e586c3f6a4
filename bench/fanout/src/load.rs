use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use anyhow::bail;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use str0m::rtp::ExtensionValues;
use veche_testkit::{ClientIdentity, Live};

use crate::Options;
use crate::process::Server;
use crate::signalling::Session;

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Bytes before the time stamp: a VP8 descriptor and the frame's first bytes.
const STAMP_AT: usize = 16;

/// What one run found.
pub struct Measured {
    pub viewers: usize,
    pub packets: u64,
    pub lost: u64,
    pub cpu_us_per_packet: f64,
    pub cores: f64,
    pub kib_per_viewer: f64,
    pub first_packet_ms: Vec<f64>,
    pub delay_ms: Vec<f64>,
}

struct Viewer {
    live: Live,
    played_at: Instant,
    first: Option<Duration>,
    packets: u64,
    lowest: u64,
    highest: u64,
}

/// The load as it runs.
struct Load {
    poll: Poll,
    events: Events,
    publisher: Live,
    viewers: Vec<Viewer>,
    by_token: HashMap<usize, usize>,
    next_frame: Instant,
    frame: u32,
    start: Instant,
    delays: Vec<f64>,
    /// Delays are kept, and packets counted.
    measuring: bool,
}

pub fn run(options: &Options, count: usize) -> anyhow::Result<Measured> {
    let server = Server::start(
        &options
            .veche
            .canonicalize()
            .unwrap_or(options.veche.clone()),
        options.shards,
    )?;
    let identity = ClientIdentity::generate();
    let mut session = Session::open(server.http_port, "source")?;
    let (mut publisher, offer) = Live::open(&identity, LOCALHOST, true, (false, true), |c| {
        c.clear_codecs().enable_vp8(true)
    })?;
    let answer = session.offer("publish", "bench", true, &offer)?;
    publisher
        .client
        .accept(&answer)
        .map_err(anyhow::Error::msg)?;
    let now = Instant::now();
    let mut load = Load {
        poll: Poll::new()?,
        events: Events::with_capacity(1_024),
        publisher,
        viewers: Vec::new(),
        by_token: HashMap::new(),
        next_frame: now,
        frame: 0,
        start: now,
        delays: Vec::new(),
        measuring: false,
    };
    let fd = load.publisher.socket().as_raw_fd();
    load.poll
        .registry()
        .register(&mut SourceFd(&fd), Token(0), Interest::READABLE)?;
    load.until(
        options,
        Duration::from_secs(10),
        "the publisher's connection",
        |l| l.publisher.client.is_connected(),
    )?;
    session.status("publish", "PUBLISHING")?;

    let empty = server.resident_bytes();
    // One session carries a few plays, as a participant of a large room does.
    let mut sessions = Vec::new();
    for index in 0..count {
        if index % 16 == 0 {
            sessions.push(Session::open(server.http_port, &format!("viewer-{index}"))?);
        }
        let Some(session) = sessions.last_mut() else {
            continue;
        };
        let (mut live, offer) = Live::open(&identity, LOCALHOST, false, (false, true), |c| {
            c.clear_codecs().enable_vp8(true)
        })?;
        let answer = session.offer(&format!("play-{index}"), "bench", false, &offer)?;
        live.client.accept(&answer).map_err(anyhow::Error::msg)?;
        let fd = live.socket().as_raw_fd();
        let token = index + 1;
        load.poll
            .registry()
            .register(&mut SourceFd(&fd), Token(token), Interest::READABLE)?;
        load.by_token.insert(token, index);
        load.viewers.push(Viewer {
            live,
            played_at: Instant::now(),
            first: None,
            packets: 0,
            lowest: u64::MAX,
            highest: 0,
        });
        load.until(
            options,
            Duration::from_secs(10),
            "a viewer's first packet",
            |l| l.viewers.last().is_some_and(|v| v.first.is_some()),
        )?;
        session.idle()?;
    }
    // Retransmission buffers fill while nothing is measured.
    load.run_for(options, Duration::from_secs(4))?;
    for session in sessions.iter_mut().chain([&mut session]) {
        session.idle()?;
    }

    load.measuring = true;
    let (cpu, began) = (server.cpu_seconds(), Instant::now());
    load.run_for(options, Duration::from_secs(options.seconds))?;
    let (cpu, elapsed) = (server.cpu_seconds() - cpu, began.elapsed());
    let full = server.resident_bytes();

    let packets: u64 = load.viewers.iter().map(|v| v.packets).sum();
    let spanned: u64 = load
        .viewers
        .iter()
        .filter(|v| v.packets > 0)
        .map(|v| v.highest - v.lowest + 1)
        .sum();
    Ok(Measured {
        viewers: count,
        packets,
        lost: spanned.saturating_sub(packets),
        cpu_us_per_packet: cpu * 1e6 / packets.max(1) as f64,
        cores: cpu / elapsed.as_secs_f64(),
        kib_per_viewer: full.saturating_sub(empty) as f64 / 1_024.0 / count.max(1) as f64,
        first_packet_ms: sorted(
            load.viewers
                .iter()
                .filter_map(|v| v.first)
                .map(|d| d.as_secs_f64() * 1e3)
                .collect(),
        ),
        delay_ms: sorted(load.delays),
    })
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

impl Load {
    fn run_for(&mut self, options: &Options, duration: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            self.turn(options)?;
        }
        Ok(())
    }

    fn until(
        &mut self,
        options: &Options,
        limit: Duration,
        what: &str,
        done: impl Fn(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + limit;
        while !done(self) {
            if Instant::now() > end {
                bail!("waited {limit:?} for {what}");
            }
            self.turn(options)?;
        }
        Ok(())
    }

    fn turn(&mut self, options: &Options) -> anyhow::Result<()> {
        let now = Instant::now();
        if now >= self.next_frame {
            self.send_frame(options, now);
            self.next_frame += Duration::from_nanos(1_000_000_000 / options.fps);
            self.next_frame = self.next_frame.max(now);
        }
        let mut next = self.next_frame.min(self.publisher.client.timeout());
        for viewer in &self.viewers {
            next = next.min(viewer.live.client.timeout());
        }
        let wait = next.saturating_duration_since(Instant::now());
        self.poll.poll(&mut self.events, Some(wait))?;
        let ready: Vec<usize> = self.events.iter().map(|e| e.token().0).collect();
        self.publisher.step();
        for token in ready {
            if let Some(index) = self.by_token.get(&token) {
                self.viewers[*index].live.step();
            }
        }
        let now = Instant::now();
        for viewer in &mut self.viewers {
            if viewer.live.client.timeout() <= now {
                viewer.live.step();
            }
            for packet in viewer.live.client.take_received() {
                if viewer.first.is_none() {
                    viewer.first = Some(packet.at - viewer.played_at);
                }
                if !self.measuring {
                    continue;
                }
                viewer.packets += 1;
                viewer.lowest = viewer.lowest.min(packet.seq);
                viewer.highest = viewer.highest.max(packet.seq);
                let stamp = packet
                    .payload
                    .get(STAMP_AT..STAMP_AT + 8)
                    .and_then(|b| b.try_into().ok())
                    .map(u64::from_be_bytes);
                if let Some(sent) = stamp {
                    let at = packet.at.duration_since(self.start).as_nanos() as f64;
                    self.delays.push((at - sent as f64).max(0.0) / 1e6);
                }
            }
        }
        Ok(())
    }

    fn send_frame(&mut self, options: &Options, now: Instant) {
        if !self.publisher.client.is_connected() {
            return;
        }
        let frame_bytes = usize::try_from(options.bitrate / 8 / options.fps).unwrap_or(usize::MAX);
        // Every frame may begin a picture, so that viewers need not wait.
        let head = [
            0x10, 0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01,
        ];
        let stamp = u64::try_from(now.duration_since(self.start).as_nanos()).unwrap_or(0);
        let mut left = frame_bytes.max(64);
        let mut first = true;
        while left > 0 {
            let size = left.min(options.packet);
            left -= size;
            let mut payload = vec![0; size.max(STAMP_AT + 8)];
            if first {
                payload[..head.len()].copy_from_slice(&head);
            }
            first = false;
            payload[STAMP_AT..STAMP_AT + 8].copy_from_slice(&stamp.to_be_bytes());
            self.publisher.client.send(
                now,
                true,
                self.frame
                    .wrapping_mul(90_000 / u32::try_from(options.fps).unwrap_or(30)),
                left == 0,
                payload,
                ExtensionValues::default(),
            );
        }
        self.frame = self.frame.wrapping_add(1);
        self.publisher.step();
    }
}
