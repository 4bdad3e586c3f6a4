//! `cargo run -p veche-transcode --example aac FROM TO`: the sound of a finished
//! recording as AAC, and how long that takes.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use veche_codec::Codecs;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &args[..] else {
        println!("usage: aac FROM TO");
        return ExitCode::FAILURE;
    };
    let began = Instant::now();
    let done = Codecs::find().map_err(veche_transcode::Error::from);
    let done = done.and_then(|codecs| {
        veche_transcode::to_aac(Path::new(from), Path::new(to), &codecs, &|| true)
    });
    match done {
        Ok(done) => {
            let (took, length) = (began.elapsed().as_secs_f64(), done.summary.duration);
            let times = length.as_secs_f64() / took;
            println!("{length:?} in {took:.2} s: {times:.0} times real time");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
