//! Somebody who publishes four seconds of a pattern and a tone.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::rtp::ExtensionValues;
use veche_media::VideoCodec;
use veche_testkit::{ClientIdentity, Live, run_until};

use crate::support::{Client, stream};

/// How long the pattern and the tone are.
#[allow(dead_code, reason = "not all tests ask")]
pub const LENGTH: Duration = Duration::from_secs(4);

const LIMIT: Duration = Duration::from_secs(20);

/// Payload bytes of a packet.
const MTU: usize = 1_100;

/// Between two pictures, and two packets of sound.
const PICTURE: Duration = Duration::from_nanos(66_666_667);
const SOUND: Duration = Duration::from_millis(20);

pub struct Publisher {
    live: Live,
    /// The payloads of each picture.
    pictures: Vec<Vec<Vec<u8>>>,
    sounds: Vec<Vec<u8>>,
    /// Whether both are sent over and over.
    repeated: bool,
    /// What the client was told when it was published.
    pub status: Value,
    /// Microseconds of the stream that are on their way.
    pub sent: Arc<AtomicU64>,
}

impl Publisher {
    pub async fn publish(
        client: &mut Client,
        id: &str,
        name: &str,
        codec: VideoCodec,
        record: bool,
    ) -> Self {
        Self::publish_in(client, id, "r", name, codec, record).await
    }

    pub async fn publish_in(
        client: &mut Client,
        id: &str,
        room: &str,
        name: &str,
        codec: VideoCodec,
        record: bool,
    ) -> Self {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let identity = ClientIdentity::generate();
        let (mut live, offer) = Live::open(&identity, ip, true, (true, true), |c| c).unwrap();
        let mut request = stream(id, name, room, &offer, true);
        request["record"] = json!(record);
        client.send("publishStream", request).await;
        let answer = client.remote_sdp().await;
        live.client.accept(&answer).unwrap();
        tokio::task::block_in_place(|| {
            run_until(&mut [&mut live], LIMIT, "connected", |all| {
                all[0].client.is_connected()
            })
        })
        .unwrap();
        let pictures = match codec {
            VideoCodec::H264 => h264(),
            _ => vp8(&fixture("pattern.vp8.ivf")),
        };
        Self {
            live,
            pictures,
            sounds: opus(&fixture("tone.opus")),
            repeated: false,
            status: client.status(id).await,
            sent: Arc::default(),
        }
    }

    /// From now on sends these instead, over and over: an IVF file of VP8 with
    /// 15 pictures a second, none of them hidden, and of an Ogg file of Opus as much.
    #[allow(dead_code, reason = "not all tests ask")]
    pub fn repeat(&mut self, pictures: &[u8], sounds: &[u8]) {
        self.pictures = vp8(pictures);
        self.sounds = opus(sounds);
        // Encoders add what their delay takes.
        let long = PICTURE * self.pictures.len() as u32;
        let enough = (long.as_secs_f64() / SOUND.as_secs_f64()).round() as usize;
        assert!(self.sounds.len() >= enough);
        self.sounds.truncate(enough);
        self.repeated = true;
    }

    /// From now on sends the pattern and the tone over and over.
    #[allow(dead_code, reason = "not all tests ask")]
    pub fn repeat_all(&mut self) {
        self.repeat(&fixture("pattern.vp8.ivf"), &fixture("tone.opus"));
    }

    pub async fn send_all(&mut self) {
        self.send(f64::INFINITY).await;
    }

    /// Sends so many seconds as they would be captured.
    pub async fn send(&mut self, seconds: f64) {
        tokio::task::block_in_place(|| self.send_blocking(seconds));
    }

    fn send_blocking(&mut self, seconds: f64) {
        let begin = Instant::now();
        let (mut picture, mut sound) = (0, 0);
        let (pictures, sounds) = (self.pictures.len(), self.sounds.len());
        while self.repeated || picture < pictures || sound < sounds {
            let elapsed = begin.elapsed();
            if elapsed.as_secs_f64() > seconds {
                break;
            }
            if (self.repeated || picture < pictures) && elapsed >= PICTURE * picture as u32 {
                let packets = self.pictures[picture % pictures].clone();
                let last = packets.len() - 1;
                for (n, payload) in packets.into_iter().enumerate() {
                    self.rtp(true, picture as u32 * 6_000, n == last, payload);
                }
                picture += 1;
            }
            if (self.repeated || sound < sounds) && elapsed >= SOUND * sound as u32 {
                let payload = self.sounds[sound % sounds].clone();
                self.rtp(false, sound as u32 * 960, false, payload);
                sound += 1;
            }
            self.live.step();
            let sent = (PICTURE * picture as u32).min(SOUND * sound as u32);
            let sent = u64::try_from(sent.as_micros()).unwrap();
            self.sent.store(sent, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(1));
        }
        // What was sent last is under way.
        let arrived = Instant::now() + Duration::from_millis(100);
        while Instant::now() < arrived {
            self.live.step();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn rtp(&mut self, video: bool, timestamp: u32, marker: bool, payload: Vec<u8>) {
        let extensions = ExtensionValues::default();
        let now = Instant::now();
        self.live
            .client
            .send(now, video, timestamp, marker, payload, extensions);
    }

    pub async fn end(&mut self, client: &mut Client, id: &str) {
        client
            .send("unPublishStream", json!({"mediaSessionId": id}))
            .await;
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../record/tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

fn vp8(file: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut rest = &file[32..];
    let mut pictures = Vec::new();
    while let Some((header, tail)) = rest.split_at_checked(12) {
        let length = u32::from_le_bytes(header[..4].try_into().unwrap()) as usize;
        let packets = tail[..length].chunks(MTU).enumerate();
        // RFC 7741: the start of a partition, or its continuation.
        let packet = |(n, piece): (usize, &[u8])| {
            let start = if n == 0 { 0x10 } else { 0 };
            [&[start], piece].concat()
        };
        pictures.push(packets.map(packet).collect());
        rest = &tail[length..];
    }
    pictures
}

fn h264() -> Vec<Vec<Vec<u8>>> {
    let file = fixture("pattern.h264");
    let mut starts: Vec<usize> = (0..file.len() - 3)
        .filter(|at| file[*at..].starts_with(&[0, 0, 1]))
        .collect();
    starts.push(file.len());
    let mut pictures: Vec<Vec<Vec<u8>>> = Vec::new();
    for pair in starts.windows(2) {
        let mut unit = &file[pair[0] + 3..pair[1]];
        while let [head @ .., 0] = unit {
            unit = head;
        }
        // Each picture begins with a delimiter, which nobody sends by RTP.
        if unit[0] & 0x1f == 9 {
            pictures.push(Vec::new());
            continue;
        }
        let packets = pictures.last_mut().unwrap();
        if unit.len() <= MTU {
            packets.push(unit.to_vec());
            continue;
        }
        // RFC 6184, 5.8: FU-A.
        let pieces: Vec<_> = unit[1..].chunks(MTU).collect();
        for (n, piece) in pieces.iter().enumerate() {
            let start = u8::from(n == 0) << 7;
            let end = u8::from(n == pieces.len() - 1) << 6;
            let header = [unit[0] & 0xe0 | 28, start | end | unit[0] & 0x1f];
            packets.push([&header, *piece].concat());
        }
    }
    pictures
}

/// The packets of an Ogg file, without its two headers.
fn opus(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = file;
    let (mut packets, mut packet) = (Vec::new(), Vec::new());
    while rest.starts_with(b"OggS") {
        let count = usize::from(rest[26]);
        let (lacing, mut data) = rest[27..].split_at(count);
        for length in lacing {
            let (piece, tail) = data.split_at(usize::from(*length));
            packet.extend_from_slice(piece);
            data = tail;
            if *length < 255 {
                packets.push(std::mem::take(&mut packet));
            }
        }
        rest = data;
    }
    packets.split_off(2)
}
