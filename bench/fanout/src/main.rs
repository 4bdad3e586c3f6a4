//! One synthetic publisher, N light viewers, over real ICE and DTLS-SRTP on
//! loopback, against the real server. Reports what the server spends: CPU for
//! each forwarded packet, memory for each viewer, time to the first packet,
//! added delay. With `--recorded` instead: what recording costs.
//!
//! The server is a process of its own (`--veche PATH`), so what the load costs
//! is not counted; its CPU is the kernel's (`/proc/PID/task/*/schedstat`).

mod load;
mod process;
mod recorded;
mod report;
mod signalling;

use std::path::PathBuf;

use clap::Parser;

/// What to run.
#[derive(Clone, Debug, Parser)]
#[command(about = "Measures forwarding from one publisher to N viewers", version)]
struct Options {
    /// The server's binary.
    #[arg(long, default_value = "target/release/veche")]
    veche: PathBuf,
    /// Viewers of the one publisher; several counts are run one after another.
    #[arg(
        long,
        short = 'n',
        value_delimiter = ',',
        default_value = "1,10,50,100"
    )]
    viewers: Vec<usize>,
    /// Measure recording instead: so many publishers, unrecorded and recorded;
    /// several counts are run one after another.
    #[arg(long, value_delimiter = ',', value_name = "STREAMS")]
    recorded: Vec<usize>,
    /// Seconds that are measured, after everybody is connected.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Video bitrate in bits per second.
    #[arg(long, default_value_t = 1_000_000)]
    bitrate: u64,
    /// RTP payload bytes of a full packet.
    #[arg(long, default_value_t = 1_100)]
    packet: usize,
    /// Frames per second; the packets of a frame are sent at once.
    #[arg(long, default_value_t = 30)]
    fps: u64,
    /// Shard threads of the server; 0 is one for each core.
    #[arg(long, default_value_t = 0)]
    shards: usize,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if !options.recorded.is_empty() {
        recorded::heading(&options);
        for streams in &options.recorded {
            recorded::run(&options, *streams)?;
        }
        return Ok(());
    }
    report::heading(&options);
    for viewers in &options.viewers {
        let measured = load::run(&options, *viewers)?;
        report::row(&measured);
    }
    Ok(())
}
