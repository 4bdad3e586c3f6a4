//! The chat of a film for browsers, which show WebVTT and no text tracks of MP4.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use veche_record::{ReadError, Reader};

/// Bytes of it. A chat that is longer ends there.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A film's texts as WebVTT (W3C).
pub(super) fn of(film: &Path) -> Result<String, ReadError> {
    let mut reader = Reader::open(film)?;
    let mut vtt = String::from("WEBVTT\n");
    while let Some(sample) = reader.next_text()? {
        let text = String::from_utf8_lossy(&sample.data);
        let cue = cue(sample.at, sample.at + sample.duration, &text);
        if vtt.len() + cue.len() > MAX_BYTES {
            break;
        }
        vtt.push_str(&cue);
    }
    Ok(vtt)
}

fn cue(from: Duration, until: Duration, text: &str) -> String {
    let mut cue = format!("\n{} --> {}\n", time(from), time(until));
    // An empty line would end the cue.
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line = line.replace('&', "&amp;").replace('<', "&lt;");
        // Writing to a text does not fail.
        let _ = writeln!(cue, "{}", line.replace('>', "&gt;"));
    }
    cue
}

fn time(at: Duration) -> String {
    let (s, ms) = (at.as_secs(), at.subsec_millis());
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_cue() {
        let ms = Duration::from_millis;
        let shown = cue(
            ms(3_725_040),
            ms(3_728_000),
            "Ann: a\n\n00:00 --> 01:00\r\n<b>&",
        );
        let expected =
            "\n01:02:05.040 --> 01:02:08.000\nAnn: a\n00:00 --&gt; 01:00\n&lt;b&gt;&amp;\n";
        assert_eq!(shown, expected);
    }
}
