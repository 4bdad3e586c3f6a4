//! Fixtures, packetizers and chance.

use std::sync::Arc;
use std::time::Duration;

use veche_media::{AccessUnit, Intake, RecordedPacket, TrackKind, VideoCodec};

pub const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// xorshift64*: the same for ever, unlike a crate's.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.below(1 << 32) as f64 / (1_u64 << 32) as f64
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

pub fn data(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/media/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

/// Frames of an IVF file.
pub fn ivf(name: &str) -> Vec<Vec<u8>> {
    let file = data(name);
    let mut rest = &file[32..];
    let mut frames = Vec::new();
    while let Some((header, tail)) = rest.split_at_checked(12) {
        let len = u32::from_le_bytes(header[..4].try_into().unwrap()) as usize;
        frames.push(tail[..len].to_vec());
        rest = &tail[len..];
    }
    frames
}

/// NAL units of an Annex B file, by picture.
pub fn annex_b(name: &str) -> Vec<Vec<Vec<u8>>> {
    let file = data(name);
    let mut starts: Vec<usize> = (0..file.len() - 3)
        .filter(|at| file[*at..].starts_with(&[0, 0, 1]))
        .collect();
    starts.push(file.len() + 3);
    let mut pictures: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut slices = false;
    for pair in starts.windows(2) {
        let mut unit = &file[pair[0] + 3..(pair[1] - 3).max(pair[0] + 3)];
        if pair[1] <= file.len() {
            unit = &file[pair[0] + 3..pair[1]];
        }
        while let [head @ .., 0] = unit {
            unit = head;
        }
        let slice = matches!(unit[0] & 0x1f, 1 | 5);
        let first = slice && unit[1] & 0x80 != 0;
        if pictures.is_empty() || (slices && (!slice || first)) {
            pictures.push(Vec::new());
        }
        slices = slice;
        pictures.last_mut().unwrap().push(unit.to_vec());
    }
    pictures
}

pub fn avcc(units: &[Vec<u8>]) -> Vec<u8> {
    let mut data = Vec::new();
    for unit in units {
        data.extend(u32::try_from(unit.len()).unwrap().to_be_bytes());
        data.extend(unit);
    }
    data
}

/// RTP packets of a fixture: sequence number, timestamp, marker, payload.
pub fn rtp(name: &str) -> Vec<(u16, u32, bool, Vec<u8>)> {
    let file = data(name);
    let mut rest = &file[..];
    let mut packets = Vec::new();
    while let [a, b, tail @ ..] = rest {
        let (packet, next) = tail.split_at(usize::from(u16::from_be_bytes([*a, *b])));
        rest = next;
        // Sender reports come over another port, but are muxed by some.
        if packet[0] != 0x80 || (192..224).contains(&packet[1]) {
            continue;
        }
        packets.push((
            u16::from_be_bytes([packet[2], packet[3]]),
            u32::from_be_bytes(packet[4..8].try_into().unwrap()),
            packet[1] & 0x80 != 0,
            packet[12..].to_vec(),
        ));
    }
    packets
}

/// A coded picture and what an intake should give for it.
#[derive(Clone)]
pub struct Picture {
    pub payloads: Vec<Vec<u8>>,
    pub expected: Vec<u8>,
    pub keyframe: bool,
}

/// The fixture of a codec, in payloads of at most `mtu` bytes.
pub fn pictures(codec: VideoCodec, mtu: usize) -> Vec<Picture> {
    match codec {
        VideoCodec::Vp8 => ivf("vp8.ivf").iter().map(|f| vp8(f, mtu)).collect(),
        VideoCodec::Vp9 => ivf("vp9.ivf").iter().map(|f| vp9(f, mtu)).collect(),
        VideoCodec::Av1 => ivf("av1.ivf").iter().map(|f| av1(f, mtu)).collect(),
        VideoCodec::H264 => annex_b("h264.h264").iter().map(|p| h264(p, mtu)).collect(),
    }
}

fn chunks(frame: &[u8], mtu: usize) -> impl Iterator<Item = (bool, bool, &[u8])> {
    let count = frame.len().div_ceil(mtu);
    let chunks = frame.chunks(mtu).enumerate();
    chunks.map(move |(index, chunk)| (index == 0, index + 1 == count, chunk))
}

fn vp8(frame: &[u8], mtu: usize) -> Picture {
    let payloads = chunks(frame, mtu)
        .map(|(first, _, chunk)| {
            let descriptor = [0x80 | u8::from(first) << 4, 0x80, 0x81, 0x23];
            [&descriptor, chunk].concat()
        })
        .collect();
    Picture {
        payloads,
        expected: frame.to_vec(),
        keyframe: frame[0] & 1 == 0,
    }
}

fn vp9(frame: &[u8], mtu: usize) -> Picture {
    // Frame marker 10, profile 00, no existing frame shown, frame type 0.
    let keyframe = frame[0] & 0b1100_1100 == 0b1000_0000;
    let payloads = chunks(frame, mtu)
        .map(|(first, last, chunk)| {
            let flags = u8::from(!keyframe) << 6 | u8::from(first) << 3 | u8::from(last) << 2;
            [&[0x80 | flags, 0x81, 0x23], chunk].concat()
        })
        .collect();
    Picture {
        payloads,
        expected: frame.to_vec(),
        keyframe,
    }
}

/// One element a packet but the first, which has its small ones with lengths.
fn av1(unit: &[u8], mtu: usize) -> Picture {
    let mut rest = unit;
    let mut obus = Vec::new();
    let mut expected = Vec::new();
    let mut keyframe = false;
    while let Some(header) = rest.first() {
        assert_eq!(header & 0x06, 0x02, "a size and no extension");
        let (len, head) = match rest[1] {
            short @ 0..=127 => (usize::from(short), 2),
            low => (usize::from(low & 0x7f) | usize::from(rest[2]) << 7, 3),
        };
        let (obu, next) = rest.split_at(head + len);
        rest = next;
        let kind = header >> 3 & 0x0f;
        if kind == 2 {
            continue;
        }
        keyframe |= kind == 1;
        expected.extend(obu);
        obus.push([&[header & !0x02], &obu[head..]].concat());
    }
    let mut payloads = Vec::new();
    let count = obus.len();
    for (index, obu) in obus.iter().enumerate() {
        for (first, last, chunk) in chunks(obu, mtu) {
            let begins = keyframe && index == 0 && first;
            let header = u8::from(!first) << 7
                | u8::from(!last) << 6
                | u8::from(begins) << 3
                | if index + 1 == count { 0x10 } else { 0 };
            let mut payload = vec![header];
            if index + 1 != count {
                let len = chunk.len();
                payload.extend([len as u8 & 0x7f | 0x80, (len >> 7) as u8]);
            }
            payload.extend(chunk);
            payloads.push(payload);
        }
    }
    Picture {
        payloads,
        expected,
        keyframe,
    }
}

/// As libwebrtc does it: parameter sets in a STAP-A, large units in FU-A.
fn h264(units: &[Vec<u8>], mtu: usize) -> Picture {
    let keyframe = units.iter().any(|unit| unit[0] & 0x1f == 5);
    let (sets, slices): (Vec<_>, Vec<_>) = units
        .iter()
        .partition(|unit| matches!(unit[0] & 0x1f, 7 | 8));
    let mut payloads = Vec::new();
    if !sets.is_empty() {
        let mut stap = vec![0x78];
        for set in &sets {
            stap.extend(u16::try_from(set.len()).unwrap().to_be_bytes());
            stap.extend(*set);
        }
        payloads.push(stap);
    }
    for slice in &slices {
        if slice.len() <= mtu {
            payloads.push((*slice).clone());
            continue;
        }
        for (first, last, chunk) in chunks(&slice[1..], mtu) {
            let header = u8::from(first) << 7 | u8::from(last) << 6 | slice[0] & 0x1f;
            payloads.push([&[slice[0] & 0xe0 | 28, header], chunk].concat());
        }
    }
    let ordered: Vec<Vec<u8>> = sets.into_iter().chain(slices).cloned().collect();
    Picture {
        payloads,
        expected: avcc(&ordered),
        keyframe,
    }
}

/// Packets of pictures, one picture each 33 ms, without what a network does.
pub fn packets(pictures: &[Picture], first_seq: u64, first_timestamp: u32) -> Vec<RecordedPacket> {
    let mut packets = Vec::new();
    let mut seq = first_seq;
    for (index, picture) in pictures.iter().enumerate() {
        let count = picture.payloads.len();
        for (part, payload) in picture.payloads.iter().enumerate() {
            packets.push(RecordedPacket {
                source: 1,
                seq,
                timestamp: first_timestamp.wrapping_add(index as u32 * 2970),
                marker: part + 1 == count,
                payload: Arc::from(payload.as_slice()),
                arrival: ms(1000 + index as u64 * 33),
                rotation: None,
                report: None,
            });
            seq += 1;
        }
    }
    packets
}

/// All that an intake gives for packets as they come in.
pub fn record(intake: &mut Intake, kind: TrackKind, packets: &[RecordedPacket]) -> Vec<AccessUnit> {
    let mut units = Vec::new();
    for packet in packets {
        while let Some(at) = intake.next_timeout().filter(|at| *at < packet.arrival) {
            intake.handle_timeout(at, &mut units);
            if !intake.poll_keyframe_request(at) {
                break;
            }
        }
        intake.handle_packet(kind, packet.clone(), &mut units);
    }
    intake.finish(&mut units);
    units
}
