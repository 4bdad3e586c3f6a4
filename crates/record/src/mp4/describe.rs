//! Sample entries, read: what a track is coded with. Ours, and those of ffmpeg,
//! phones, cameras and QuickTime.

use veche_media::{FrameSize, VideoCodec};

use super::boxes::{Fields, child, children};
use super::entry::unknown;
use crate::bitstream::aac;
use crate::track::{AudioCoding, AudioTrack, TrackMedia, VideoTrack};

/// Why a track is not read.
pub(super) enum Unread {
    /// It is coded with this.
    Codec(String),
    /// It makes no sense.
    Malformed,
}

/// The first sample entry of `stsd`, of a track of pictures, sound or text.
pub(super) fn read(stsd: &[u8]) -> Result<TrackMedia, Unread> {
    let entries = stsd.get(8..).ok_or(Unread::Malformed)?;
    let (kind, body) = children(entries).next().ok_or(Unread::Malformed)?;
    let known = match &kind {
        b"avc1" | b"avc3" => video(body, VideoCodec::H264, b"avcC", &kind == b"avc3"),
        b"vp08" => video(body, VideoCodec::Vp8, b"vpcC", false),
        b"vp09" => video(body, VideoCodec::Vp9, b"vpcC", false),
        b"av01" => video(body, VideoCodec::Av1, b"av1C", false),
        b"Opus" => return opus(body),
        b"ulaw" => g711(body, AudioCoding::Pcmu),
        b"alaw" => g711(body, AudioCoding::Pcma),
        b"mp4a" => return mpeg4_audio(body),
        b"tx3g" => Some(TrackMedia::Text),
        _ => return Err(Unread::Codec(codec_name(kind))),
    };
    known.ok_or(Unread::Malformed)
}

fn video(body: &[u8], codec: VideoCodec, config: &[u8; 4], changes: bool) -> Option<TrackMedia> {
    let mut fields = Fields(body.get(24..)?);
    let (width, height) = (fields.u16()?, fields.u16()?);
    let config = child(body.get(78..)?, config)?;
    let config = if config == unknown(codec) {
        Vec::new()
    } else {
        config.to_vec()
    };
    Some(TrackMedia::Video(VideoTrack {
        codec,
        config,
        config_changes: changes,
        size: FrameSize {
            width: u32::from(width),
            height: u32::from(height),
        },
        rotation: 0,
    }))
}

fn channels(body: &[u8]) -> Option<u8> {
    u8::try_from(Fields(body.get(16..)?).u16()?).ok()
}

fn g711(body: &[u8], codec: AudioCoding) -> Option<TrackMedia> {
    Some(TrackMedia::Audio(AudioTrack {
        codec,
        channels: channels(body)?,
        sample_rate: 8_000,
        config: Vec::new(),
        priming: 0,
    }))
}

fn opus(body: &[u8]) -> Result<TrackMedia, Unread> {
    let read = || {
        let mut head = Fields(child(body.get(28..)?, b"dOps")?.get(2..)?);
        Some((channels(body)?, head.u16()?))
    };
    let (channels, priming) = read().ok_or(Unread::Malformed)?;
    if channels > 2 {
        return Err(Unread::Codec(format!("Opus of {channels} channels")));
    }
    Ok(TrackMedia::Audio(AudioTrack {
        codec: AudioCoding::Opus,
        channels,
        sample_rate: 48_000,
        config: Vec::new(),
        priming,
    }))
}

/// `mp4a`: AAC, but for a few. QuickTime's own sound descriptions are longer,
/// and have the rest in `wave`.
fn mpeg4_audio(body: &[u8]) -> Result<TrackMedia, Unread> {
    let version = body.get(8..).and_then(|rest| Fields(rest).u16());
    let behind: [usize; 2] = match version {
        Some(1) => [44, 28],
        Some(2) => [64, 28],
        _ => [28, 44],
    };
    let esds = behind.iter().find_map(|at| {
        let rest = body.get(*at..)?;
        child(rest, b"esds").or_else(|| child(child(rest, b"wave")?, b"esds"))
    });
    let (object, config) = esds.and_then(stream_descriptor).ok_or(Unread::Malformed)?;
    match object {
        0x40 | 0x66..=0x68 => {}
        0x69 | 0x6b => return Err(Unread::Codec("MP3".to_owned())),
        other => return Err(Unread::Codec(format!("MPEG-4 sound of kind {other:#x}"))),
    }
    let found =
        aac::describe(config).ok_or_else(|| Unread::Codec("AAC of an unusual form".to_owned()))?;
    Ok(TrackMedia::Audio(AudioTrack {
        codec: AudioCoding::Aac,
        channels: found.channels,
        sample_rate: found.sample_rate,
        config: config.to_vec(),
        // Said by the edit list.
        priming: 0,
    }))
}

/// Object type and `AudioSpecificConfig` of an `esds` (ISO/IEC 14496-1, 7.2.6);
/// empty where there is none.
fn stream_descriptor(esds: &[u8]) -> Option<(u8, &[u8])> {
    let descriptor = |fields: &mut Fields<'_>, tag: u8| {
        if fields.bytes(1)? != [tag] {
            return None;
        }
        let mut size = 0_usize;
        for _ in 0..4 {
            let byte = *fields.bytes(1)?.first()?;
            size = size << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Some(size);
            }
        }
        None
    };
    let mut fields = Fields(esds.get(4..)?);
    descriptor(&mut fields, 3)?;
    fields.skip(2)?;
    let flags = *fields.bytes(1)?.first()?;
    // What the stream depends on, an address, another clock.
    if flags & 0x80 != 0 {
        fields.skip(2)?;
    }
    if flags & 0x40 != 0 {
        let length = *fields.bytes(1)?.first()?;
        fields.skip(usize::from(length))?;
    }
    if flags & 0x20 != 0 {
        fields.skip(2)?;
    }
    descriptor(&mut fields, 4)?;
    let object = *fields.bytes(1)?.first()?;
    fields.skip(12)?;
    let config = descriptor(&mut fields, 5).and_then(|size| fields.bytes(size));
    Some((object, config.unwrap_or_default()))
}

/// What people call a codec, or its four letters.
fn codec_name(kind: [u8; 4]) -> String {
    let known = match &kind {
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "HEVC (H.265)",
        b"vvc1" | b"vvi1" => "VVC (H.266)",
        b"mp4v" | b"xvid" | b"XVID" | b"DIVX" => "MPEG-4 part 2",
        b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" => "Motion JPEG",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "ProRes",
        b"AVdn" | b"AVdh" => "DNxHD",
        b"s263" | b"h263" => "H.263",
        b"encv" | b"enca" | b"drmi" | b"drms" => "something encrypted",
        b"samr" | b"sawb" => "AMR",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"alac" => "ALAC",
        b"fLaC" => "FLAC",
        b".mp3" => "MP3",
        b"apac" => "APAC (spatial sound)",
        b"lpcm" | b"sowt" | b"twos" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"raw " | b"ipcm"
        | b"fpcm" => "PCM",
        _ => return format!("\"{}\"", kind.escape_ascii()),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_have_the_names_that_people_know() {
        assert_eq!(codec_name(*b"hvc1"), "HEVC (H.265)");
        assert_eq!(codec_name(*b"sowt"), "PCM");
        assert_eq!(codec_name(*b"x\n\xff1"), "\"x\\n\\xff1\"");
    }

    #[test]
    fn descriptors_may_have_longer_heads() {
        let esds = [
            0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 40, 0, 1, 0xe0, 0, 9, 2, b'a', b'b', 0, 5, 4, 20,
            0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x12, 0x10,
        ];
        assert_eq!(stream_descriptor(&esds), Some((0x40, &[0x12, 0x10][..])));
        for cut in 0..esds.len() {
            let cut = stream_descriptor(&esds[..cut]);
            assert!(cut.is_none_or(|cut| cut == (0x40, &[])));
        }
    }
}
