//! Codecs that are in Matroska files of others and are not read.

use super::ebml::{child, children};
use super::id;
use crate::error::ReadError;

/// Says which codec of these tracks it is that is not read, if it is that.
pub(super) fn unread(tracks: &[u8]) -> Option<ReadError> {
    let entries = children(tracks).filter(|(element, _)| *element == id::TRACK_ENTRY);
    let codecs = entries.filter_map(|(_, entry)| child(entry, id::CODEC_ID));
    let (what, codec, known) = codecs.map(named).find(|(_, codec, _)| !codec.is_empty())?;
    Some(ReadError::Codec { what, codec, known })
}

/// What it is of, what people call it, what could be read instead. Without a name
/// if it is read.
fn named(id: &[u8]) -> (&'static str, String, &'static str) {
    const READ: [&[u8]; 8] = [
        b"V_VP8",
        b"V_VP9",
        b"V_AV1",
        b"V_MPEG4/ISO/AVC",
        b"A_OPUS",
        b"A_AAC",
        b"A_MS/ACM",
        b"S_TEXT/UTF8",
    ];
    let (what, known) = match id.first() {
        Some(b'V') => ("pictures", "H.264, VP8, VP9 and AV1"),
        Some(b'A') => ("sound", "Opus, AAC and G.711"),
        _ => ("text", "plain text"),
    };
    if READ.contains(&id) {
        return (what, String::new(), known);
    }
    let name = match id {
        b"V_MPEGH/ISO/HEVC" => "HEVC (H.265)",
        b"V_MPEG4/ISO/ASP" | b"V_MPEG4/ISO/SP" => "MPEG-4 part 2",
        b"V_MJPEG" => "Motion JPEG",
        b"A_MPEG/L3" => "MP3",
        b"A_VORBIS" => "Vorbis",
        b"A_FLAC" => "FLAC",
        b"A_AC3" => "AC-3",
        b"A_EAC3" => "E-AC-3",
        _ if id.starts_with(b"A_PCM/") => "PCM",
        _ => {
            let shown = id.get(..id.len().min(40)).unwrap_or_default();
            return (what, format!("\"{}\"", shown.escape_ascii()), known);
        }
    };
    (what, name.to_owned(), known)
}
