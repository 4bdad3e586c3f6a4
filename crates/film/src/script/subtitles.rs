//! The chat as subtitles.

use std::time::Duration;

use super::Subtitle;

/// Messages of the chat that are shown at once.
pub(super) const SUBTITLE_LINES: usize = 3;

/// How long a text can be read in: three seconds, and a second more for each
/// fifteen letters, at most ten.
fn reading(text: &str) -> Duration {
    let letters = text.chars().count() as u64;
    Duration::from_millis((3_000 + letters * 1_000 / 15).min(10_000))
}

/// Those of a film of that length.
pub(super) fn subtitles(chat: &[(Duration, &str, &str)], end: Duration) -> Vec<Subtitle> {
    let shown: Vec<(Duration, Duration, String)> = chat
        .iter()
        .filter(|(at, ..)| *at < end)
        .map(|(at, name, text)| {
            (
                *at,
                (*at + reading(text)).min(end),
                format!("{name}: {text}"),
            )
        })
        .collect();
    let mut moments: Vec<Duration> = shown.iter().flat_map(|s| [s.0, s.1]).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut subtitles = Vec::new();
    // Messages are in order, so those that are over are at the front.
    let mut over = 0;
    for pair in moments.windows(2) {
        let (at, until) = (pair[0], pair[1]);
        while over < shown.len() && shown[over].1 <= at {
            over += 1;
        }
        let begun = shown.partition_point(|s| s.0 <= at);
        let lines: Vec<&str> = shown[over.min(begun)..begun]
            .iter()
            .filter(|s| s.1 > at)
            .map(|s| &*s.2)
            .collect();
        let last = &lines[lines.len().saturating_sub(SUBTITLE_LINES)..];
        if !last.is_empty() {
            let text = last.join("\n");
            subtitles.push(Subtitle { at, until, text });
        }
    }
    subtitles
}
