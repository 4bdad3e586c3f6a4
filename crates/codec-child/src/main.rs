//! The process that decodes and encodes: FFmpeg's codecs with few rights.
//!
//! Started by [`veche_codec::Codecs`], never by hand. Standard input is a socket
//! on which it is told what to do; [`veche_codec::wire`] says how. It ends when
//! that socket is closed, whatever its threads are doing: the main thread does
//! nothing but read, and each stream has a thread of its own.

mod audio;
mod bitstream;
mod codec;
mod ff;
mod output;
mod protect;
mod session;
mod stream;
mod video_decoder;
mod video_encoder;

use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "veche-codec is started by veche. It decodes and encodes, and has few rights.
usage: veche-codec serve --nice N --memory BYTES
       veche-codec self-test    whether the rights are given up on this machine
       veche-codec --version";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["--version"] => print(concat!("veche-codec ", env!("CARGO_PKG_VERSION"))),
        ["self-test"] => protect::self_test().and_then(|report| print(&report)),
        ["serve", "--nice", nice, "--memory", memory] => match (nice.parse(), memory.parse()) {
            (Ok(nice), Ok(memory)) => session::serve(&protect::Rights { nice, memory }),
            _ => Err(anyhow::anyhow!("{USAGE}")),
        },
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // There is nobody to tell if even this cannot be written.
            let _ = writeln!(std::io::stderr(), "veche-codec: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
