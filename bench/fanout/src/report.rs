use crate::Options;
use crate::load::Measured;

pub fn heading(options: &Options) {
    println!(
        "one publisher, {} kbit/s, {} bytes a packet, {} fps; {} s measured, loopback",
        options.bitrate / 1_000,
        options.packet,
        options.fps,
        options.seconds
    );
    println!(
        "{:>8} {:>10} {:>6} {:>12} {:>7} {:>11} {:>20} {:>20}",
        "viewers",
        "packets",
        "lost",
        "CPU µs/pkt",
        "cores",
        "KiB/viewer",
        "first packet ms",
        "delay ms"
    );
    println!(
        "{:>8} {:>10} {:>6} {:>12} {:>7} {:>11} {:>20} {:>20}",
        "", "", "", "", "", "", "p50 / p99", "p50 / p99"
    );
}

pub fn row(m: &Measured) {
    println!(
        "{:>8} {:>10} {:>6} {:>12.2} {:>7.2} {:>11.0} {:>20} {:>20}",
        m.viewers,
        m.packets,
        m.lost,
        m.cpu_us_per_packet,
        m.cores,
        m.kib_per_viewer,
        pair(&m.first_packet_ms),
        pair(&m.delay_ms),
    );
}

fn pair(sorted: &[f64]) -> String {
    format!(
        "{:.1} / {:.1}",
        quantile(sorted, 0.5),
        quantile(sorted, 0.99)
    )
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let at = ((sorted.len() - 1) as f64 * q).round();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    sorted[at as usize]
}
