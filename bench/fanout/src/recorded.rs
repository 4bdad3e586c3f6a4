//! What recording costs: the same publishers, first unrecorded, then recorded.

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

/// What one run found.
struct Measured {
    cpu_seconds: f64,
    elapsed: f64,
    grown_bytes: f64,
    recorded_bytes: u64,
}

/// VP8's payload descriptor, then a keyframe's first bytes: 640x480.
const HEAD: [u8; 11] = [
    0x10, 0x50, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01,
];

/// Publishers as they send.
struct Publishers {
    poll: Poll,
    events: Events,
    lives: Vec<Live>,
    next_frame: Instant,
    frame: u32,
}

/// Runs both and prints what a recorded stream costs more than another.
pub fn run(options: &Options, streams: usize) -> anyhow::Result<()> {
    let plain = measure(options, streams, false)?;
    let recorded = measure(options, streams, true)?;
    let share = |m: &Measured| m.cpu_seconds / m.elapsed * 100.0 / streams as f64;
    let wanted = options.bitrate as f64 / 8.0 * recorded.elapsed * streams as f64;
    if (recorded.recorded_bytes as f64) < wanted * 0.8 {
        bail!(
            "{} bytes were recorded of about {wanted:.0}",
            recorded.recorded_bytes
        );
    }
    println!(
        "{streams:>8} {:>16.2} {:>16.2} {:>16.2} {:>18.0}",
        share(&plain),
        share(&recorded),
        share(&recorded) - share(&plain),
        (recorded.grown_bytes - plain.grown_bytes) / 1_024.0 / streams as f64,
    );
    Ok(())
}

/// The table's head.
pub fn heading(options: &Options) {
    println!(
        "recording: {} kbit/s, {} fps, {} s measured, loopback; CPU in % of a core for each stream",
        options.bitrate / 1_000,
        options.fps,
        options.seconds
    );
    println!(
        "{:>8} {:>16} {:>16} {:>16} {:>18}",
        "streams", "unrecorded", "recorded", "recording", "KiB for recording"
    );
}

fn measure(options: &Options, streams: usize, record: bool) -> anyhow::Result<Measured> {
    let binary = options.veche.canonicalize();
    let server = Server::start(&binary.unwrap_or(options.veche.clone()), options.shards)?;
    let identity = ClientIdentity::generate();
    let mut publishers = Publishers {
        poll: Poll::new()?,
        events: Events::with_capacity(1_024),
        lives: Vec::new(),
        next_frame: Instant::now(),
        frame: 0,
    };
    let mut sessions = Vec::new();
    let empty = server.resident_bytes();
    for index in 0..streams {
        let mut session = Session::open(server.http_port, &format!("source-{index}"))?;
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (mut live, offer) = Live::open(&identity, address, true, (false, true), |c| {
            c.clear_codecs().enable_vp8(true)
        })?;
        let id = format!("publish-{index}");
        let answer = session.publish(&id, &format!("bench-{index}"), &offer, record)?;
        live.client.accept(&answer).map_err(anyhow::Error::msg)?;
        let fd = live.socket().as_raw_fd();
        publishers.poll.registry().register(
            &mut SourceFd(&fd),
            Token(index),
            Interest::READABLE,
        )?;
        publishers.lives.push(live);
        sessions.push((session, id));
    }
    let end = Instant::now() + Duration::from_secs(20);
    while !publishers.lives.iter().all(|l| l.client.is_connected()) {
        if Instant::now() > end {
            bail!("the publishers do not connect");
        }
        publishers.turn(options)?;
    }
    for (session, id) in &mut sessions {
        session.status(id, "PUBLISHING")?;
    }
    // Buffers fill while nothing is measured.
    publishers.run_for(options, Duration::from_secs(4))?;
    let (cpu, began) = (server.cpu_seconds(), Instant::now());
    let written = server.recorded_bytes();
    publishers.run_for(options, Duration::from_secs(options.seconds))?;
    Ok(Measured {
        cpu_seconds: server.cpu_seconds() - cpu,
        elapsed: began.elapsed().as_secs_f64(),
        grown_bytes: server.resident_bytes() as f64 - empty as f64,
        recorded_bytes: server.recorded_bytes() - written,
    })
}

impl Publishers {
    fn run_for(&mut self, options: &Options, duration: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
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
        let timeouts = self.lives.iter().map(|live| live.client.timeout());
        let next = timeouts.fold(self.next_frame, Instant::min);
        let wait = next.saturating_duration_since(Instant::now());
        self.poll.poll(&mut self.events, Some(wait))?;
        for live in &mut self.lives {
            live.step();
        }
        Ok(())
    }

    fn send_frame(&mut self, options: &Options, now: Instant) {
        let bytes = usize::try_from(options.bitrate / 8 / options.fps).unwrap_or(usize::MAX);
        let fps = u32::try_from(options.fps).unwrap_or(30);
        for live in &mut self.lives {
            if !live.client.is_connected() {
                continue;
            }
            let mut left = bytes.max(64);
            let mut first = true;
            while left > 0 {
                let size = left.min(options.packet);
                left -= size;
                let mut payload = vec![0; size.max(HEAD.len())];
                if first {
                    payload[..HEAD.len()].copy_from_slice(&HEAD);
                }
                first = false;
                let time = self.frame.wrapping_mul(90_000 / fps);
                let end = left == 0;
                let extensions = ExtensionValues::default();
                live.client.send(now, true, time, end, payload, extensions);
            }
            live.step();
        }
        self.frame = self.frame.wrapping_add(1);
    }
}
