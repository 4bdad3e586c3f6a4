//! How fast decoding, scaling and encoding go, and what the socket costs:
//! `cargo run --release -p veche-codec-child --example throughput [pictures]`.
//!
//! The executable is looked for as always, so build it in the same profile.
#![allow(clippy::unwrap_used, reason = "a measurement")]

use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use veche_codec::wire::{self, Kind, Message};
use veche_codec::{
    Child, Codecs, Output, Picture, VideoCodec, VideoDecoder, VideoDecoderConfig, VideoEncoder,
    VideoEncoderConfig,
};

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;
const SOURCES: usize = 4;

fn main() {
    let count = std::env::args().nth(1).map_or(250, |n| n.parse().unwrap());
    let codecs = Codecs::find().unwrap();
    let child = codecs.spawn("throughput").unwrap();
    let pictures: Vec<Picture> = (0..50).map(|n| picture(n, 7)).collect();

    println!("the socket alone, {WIDTH}x{HEIGHT}");
    socket(&pictures[0], count * 4);
    copy(&pictures[0], count * 4);

    for codec in [VideoCodec::Vp8, VideoCodec::H264] {
        let about = VideoEncoderConfig {
            codec,
            b_frames: 0,
            preset: String::new(),
            ..VideoEncoderConfig::h264(WIDTH, HEIGHT, 25)
        };
        let mut encoder = child.video_encoder(about).unwrap();
        let config = encoder.header().config.clone();
        let mut coded = Vec::new();
        let used = Used::start(&child);
        for n in 0..count {
            encode(&mut encoder, &pictures[n % 50], n, &mut coded);
        }
        finish(&mut encoder, &mut coded);
        let bits = coded.iter().map(Vec::len).sum::<usize>() * 8 * 25 / count / 1000;
        used.print(&child, &format!("encode {codec:?} ({bits} kbit/s)"), count);

        let decoders = |output: Output| -> Vec<VideoDecoder> {
            let start = |_| {
                let mut about = VideoDecoderConfig::new(codec);
                about.config.clone_from(&config);
                let mut decoder = child.video_decoder(about).unwrap();
                decoder.set_output(output);
                decoder
            };
            (0..SOURCES).map(start).collect()
        };
        for (what, output) in [
            ("decode, give nothing", Output::Nothing),
            ("decode, scale to 640x360", Output::scaled(640, 360)),
            ("decode, give 1280x720", Output::AsIs),
        ] {
            let mut sources = decoders(output);
            let used = Used::start(&child);
            for (n, data) in coded.iter().enumerate() {
                for source in &mut sources {
                    feed(source, data, n);
                }
            }
            for source in &mut sources {
                source.finish().unwrap();
                while source.recv().unwrap().is_some() {}
            }
            used.print(&child, &format!("{SOURCES} x {codec:?}: {what}"), count);
        }

        let mut sources = decoders(Output::scaled(640, 360));
        let mut film = child
            .video_encoder(VideoEncoderConfig::h264(WIDTH, HEIGHT, 25))
            .unwrap();
        let used = Used::start(&child);
        let mut out = Vec::new();
        for (n, data) in coded.iter().enumerate() {
            for source in &mut sources {
                feed(source, data, n);
            }
            encode(&mut film, &pictures[n % 50], n, &mut out);
        }
        finish(&mut film, &mut out);
        used.print(
            &child,
            &format!("{SOURCES} x {codec:?} to 640x360, and encode H264 {WIDTH}x{HEIGHT}"),
            count,
        );
    }
}

fn at(n: usize) -> Duration {
    Duration::from_millis(40 * n as u64)
}

/// Something between a face and a slide: shapes that move, and a little noise.
fn picture(n: usize, seed: u64) -> Picture {
    let (w, h) = (WIDTH as usize, HEIGHT as usize);
    let mut random = fastrand::Rng::with_seed(seed + n as u64);
    let mut data = Vec::with_capacity(w * h * 3 / 2);
    for y in 0..h {
        for x in 0..w {
            let wave = ((x + 3 * n) as f32 / 90.0).sin() + ((y + n) as f32 / 70.0).cos();
            data.push((128.0 + 45.0 * wave) as u8 + random.u8(..5));
        }
    }
    for i in 0..w * h / 2 {
        data.push(110 + ((i / 977 + n) % 40) as u8);
    }
    Picture::new(WIDTH, HEIGHT, data).unwrap()
}

fn feed(decoder: &mut VideoDecoder, data: &[u8], n: usize) {
    while !decoder.send(data, at(n)).unwrap().is_taken() {
        decoder.recv().unwrap();
    }
    while decoder.try_recv().unwrap().is_some() {}
}

fn encode(encoder: &mut VideoEncoder, picture: &Picture, n: usize, out: &mut Vec<Vec<u8>>) {
    while !encoder.send(picture.as_ref(), at(n)).unwrap().is_taken() {
        out.extend(encoder.recv().unwrap().map(|c| c.data));
    }
    while let Some(coded) = encoder.try_recv().unwrap() {
        out.push(coded.data);
    }
}

fn finish(encoder: &mut VideoEncoder, out: &mut Vec<Vec<u8>>) {
    encoder.finish().unwrap();
    while let Some(coded) = encoder.recv().unwrap() {
        out.push(coded.data);
    }
}

/// Pictures through a socket from one thread to another.
fn socket(picture: &Picture, count: usize) {
    let (mut a, b) = UnixStream::pair().unwrap();
    let reader = std::thread::spawn(move || {
        let mut from = BufReader::with_capacity(4096, b);
        while Message::read(&mut from).unwrap().is_some() {}
    });
    let began = Instant::now();
    for _ in 0..count {
        wire::write(&mut a, Kind::Picture, 1, &[0; 16], &[&picture.data]).unwrap();
    }
    drop(a);
    reader.join().unwrap();
    each("write and read", began.elapsed(), count);
}

/// What shared memory would cost at least: one copy out of it, since what the
/// child may still write must not be borrowed.
fn copy(picture: &Picture, count: usize) {
    let began = Instant::now();
    for _ in 0..count {
        std::hint::black_box(picture.data.clone());
    }
    each("one copy", began.elapsed(), count);
}

fn each(what: &str, took: Duration, count: usize) {
    println!(
        "  {what}: {:.2} ms",
        took.as_secs_f64() * 1e3 / count as f64
    );
}

/// Time and processor time of this process and the child.
struct Used {
    began: Instant,
    ours: f64,
    childs: f64,
}

impl Used {
    fn start(child: &Child) -> Self {
        Self {
            began: Instant::now(),
            ours: processor("self"),
            childs: processor(&child.id().to_string()),
        }
    }

    fn print(&self, child: &Child, what: &str, count: usize) {
        let took = self.began.elapsed().as_secs_f64();
        let ms = |seconds: f64| seconds * 1e3 / count as f64;
        println!(
            "{what}: {:.0} fps; each {:.2} ms of the child's, {:.2} ms of our processor time",
            count as f64 / took,
            ms(processor(&child.id().to_string()) - self.childs),
            ms(processor("self") - self.ours),
        );
    }
}

/// Seconds of processor time, from `/proc/ID/stat`: ticks of 1/100 s.
fn processor(id: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11..13]
        .iter()
        .map(|t| t.parse::<f64>().unwrap() / 100.0)
        .sum()
}
