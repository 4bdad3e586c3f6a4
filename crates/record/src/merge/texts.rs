use std::time::Duration;

use crate::journal::Journal;

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// From the start of the file.
    pub at: Duration,
    /// How long it is shown.
    pub duration: Duration,
    /// Lines.
    pub text: String,
}

/// How long a message is shown.
const SHOWN: Duration = Duration::from_secs(6);

/// Messages that are shown at once: the last ones.
const AT_ONCE: usize = 3;

/// The chat of a room as texts for its file, which starts at `file_start_us` of
/// the room's clock. A track shows one text at a time, so messages that come
/// soon after each other are lines of one.
pub fn chat(journal: &Journal, file_start_us: u64) -> Vec<Text> {
    let mut texts: Vec<Text> = Vec::new();
    let mut shown: Vec<(Duration, String)> = Vec::new();
    let said: Vec<(Duration, String)> = journal
        .chat()
        .filter_map(|chat| {
            let us = journal
                .start
                .room_start_us
                .saturating_add(chat.at_ms.saturating_mul(1000));
            let at = Duration::from_micros(us.checked_sub(file_start_us)?);
            Some((at, format!("{}: {}", chat.name, chat.text)))
        })
        .collect();
    for (i, (at, line)) in said.iter().enumerate() {
        let next = said.get(i + 1).map(|(at, _)| *at);
        shown.push((*at + SHOWN, line.clone()));
        if next == Some(*at) {
            continue;
        }
        let mut from = *at;
        // Until the next message: what is shown becomes less as lines run out.
        loop {
            shown.retain(|(end, _)| *end > from);
            let excess = shown.len().saturating_sub(AT_ONCE);
            shown.drain(..excess);
            let Some((end, _)) = shown.first() else { break };
            let until = next.map_or(*end, |next| next.min(*end));
            let lines: Vec<&str> = shown.iter().map(|(_, l)| l.as_str()).collect();
            texts.push(Text {
                at: from,
                duration: until - from,
                text: lines.join("\n"),
            });
            if next.is_some_and(|next| until >= next) {
                break;
            }
            from = until;
        }
    }
    texts
}
