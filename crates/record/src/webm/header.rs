//! What stands before the clusters.

use std::time::Duration;

use veche_media::{FrameSize, VideoCodec};

use super::ebml::{bytes, child, children, float, master, read_float, read_uint, uint};
use super::{DocType, TIMESTAMP_SCALE, id};
use crate::bitstream::{aac, opus};
use crate::extras::{Chapter, MAX_CHAPTERS, MAX_TITLE_BYTES};
use crate::track::{
    AudioCoding, AudioTrack, MAX_TRACKS, Track, TrackMedia, VideoTrack, cut, ticks, time,
};

/// Appends the EBML header.
pub(super) fn ebml(out: &mut Vec<u8>, doc_type: DocType) {
    master(out, id::EBML, |out| {
        uint(out, id::EBML_VERSION, 1);
        uint(out, id::EBML_READ_VERSION, 1);
        uint(out, id::EBML_MAX_ID, 4);
        uint(out, id::EBML_MAX_SIZE, 8);
        bytes(out, id::DOC_TYPE, doc_type.name().as_bytes());
        uint(out, id::DOC_TYPE_VERSION, 4);
        uint(out, id::DOC_TYPE_READ_VERSION, 2);
    });
}

/// Appends `Info`; the duration in milliseconds when it is known.
pub(super) fn info(out: &mut Vec<u8>, duration: Option<f64>, title: Option<&str>) {
    master(out, id::INFO, |out| {
        uint(out, id::TIMESTAMP_SCALE, TIMESTAMP_SCALE);
        if let Some(duration) = duration {
            float(out, id::DURATION, duration);
        }
        if let Some(title) = title {
            bytes(out, id::TITLE, title.as_bytes());
        }
        bytes(out, id::MUXING_APP, b"Veche");
        bytes(out, id::WRITING_APP, b"Veche");
    });
}

/// Appends `Tracks`.
pub(super) fn tracks(out: &mut Vec<u8>, tracks: &[Track]) {
    master(out, id::TRACKS, |out| {
        for (position, track) in tracks.iter().enumerate() {
            master(out, id::TRACK_ENTRY, |out| entry(out, position, track));
        }
    });
}

fn entry(out: &mut Vec<u8>, position: usize, track: &Track) {
    let number = position as u64 + 1;
    uint(out, id::TRACK_NUMBER, number);
    uint(out, id::TRACK_UID, number);
    let kind = match &track.media {
        TrackMedia::Video(_) => 1,
        TrackMedia::Audio(_) => 2,
        TrackMedia::Text => 17,
    };
    uint(out, id::TRACK_TYPE, kind);
    uint(out, id::FLAG_LACING, 0);
    bytes(out, id::LANGUAGE, b"und");
    if !track.name.is_empty() {
        bytes(out, id::NAME, track.short_name().as_bytes());
    }
    match &track.media {
        TrackMedia::Video(video) => video_entry(out, video),
        TrackMedia::Audio(audio) => audio_entry(out, audio),
        TrackMedia::Text => {
            uint(out, id::FLAG_DEFAULT, 0);
            bytes(out, id::CODEC_ID, b"S_TEXT/UTF8");
        }
    }
}

fn video_entry(out: &mut Vec<u8>, video: &VideoTrack) {
    let codec: &[u8] = match video.codec {
        VideoCodec::Vp8 => b"V_VP8",
        VideoCodec::Vp9 => b"V_VP9",
        VideoCodec::Av1 => b"V_AV1",
        VideoCodec::H264 => b"V_MPEG4/ISO/AVC",
    };
    bytes(out, id::CODEC_ID, codec);
    if matches!(video.codec, VideoCodec::H264 | VideoCodec::Av1) && !video.config.is_empty() {
        bytes(out, id::CODEC_PRIVATE, &video.config);
    }
    master(out, id::VIDEO, |out| {
        // A size must be there; a keyframe that tells it may come later.
        uint(out, id::PIXEL_WIDTH, u64::from(video.size.width.max(16)));
        uint(out, id::PIXEL_HEIGHT, u64::from(video.size.height.max(16)));
        if video.rotation != 0 {
            master(out, id::PROJECTION, |out| {
                uint(out, id::PROJECTION_TYPE, 0);
                // Counter-clockwise (RFC 9559, 5.1.4.1.28.46), -180 to 180.
                let clockwise = f64::from(video.rotation % 360);
                let roll = if clockwise > 180.0 {
                    360.0 - clockwise
                } else {
                    -clockwise
                };
                float(out, id::PROJECTION_POSE_ROLL, roll);
            });
        }
    });
}

fn audio_entry(out: &mut Vec<u8>, audio: &AudioTrack) {
    let channels = audio.channels.max(1);
    let delay = time(u64::from(audio.priming), audio.sample_rate).as_nanos();
    let delay = u64::try_from(delay).unwrap_or(0);
    match audio.codec {
        AudioCoding::Opus => {
            bytes(out, id::CODEC_ID, b"A_OPUS");
            bytes(out, id::CODEC_PRIVATE, &opus::head(channels, audio.priming));
            uint(out, id::CODEC_DELAY, delay);
            uint(out, id::SEEK_PRE_ROLL, 80_000_000);
        }
        AudioCoding::Aac => {
            bytes(out, id::CODEC_ID, b"A_AAC");
            bytes(out, id::CODEC_PRIVATE, &audio.config);
            uint(out, id::CODEC_DELAY, delay);
        }
        AudioCoding::Pcmu | AudioCoding::Pcma => {
            bytes(out, id::CODEC_ID, b"A_MS/ACM");
            bytes(out, id::CODEC_PRIVATE, &wave_format(audio));
        }
    }
    master(out, id::AUDIO, |out| {
        let rate = f64::from(audio.sample_rate);
        float(out, id::SAMPLING_FREQUENCY, rate);
        uint(out, id::CHANNELS, u64::from(channels));
    });
}

/// `WAVEFORMATEX` of G.711.
fn wave_format(audio: &AudioTrack) -> Vec<u8> {
    let tag: u16 = if audio.codec == AudioCoding::Pcma {
        6
    } else {
        7
    };
    let channels = u16::from(audio.channels.max(1));
    let mut out = Vec::with_capacity(18);
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&channels.to_le_bytes());
    out.extend_from_slice(&8000_u32.to_le_bytes());
    out.extend_from_slice(&(8000 * u32::from(channels)).to_le_bytes());
    out.extend_from_slice(&channels.to_le_bytes());
    out.extend_from_slice(&8_u16.to_le_bytes());
    out.extend_from_slice(&0_u16.to_le_bytes());
    out
}

/// Reads what [`tracks`] writes: track numbers, from 1, with their tracks.
pub(super) fn read_tracks(body: &[u8]) -> Option<Vec<(u64, Track)>> {
    let mut tracks = Vec::new();
    for (element, entry) in children(body) {
        if element == id::TRACK_ENTRY {
            if tracks.len() >= MAX_TRACKS {
                return None;
            }
            let (number, track) = read_entry(entry)?;
            // Finishing numbers tracks again, and leaves blocks as they are.
            if number != tracks.len() as u64 + 1 {
                return None;
            }
            tracks.push((number, track));
        }
    }
    (!tracks.is_empty()).then_some(tracks)
}

fn read_entry(entry: &[u8]) -> Option<(u64, Track)> {
    let number = read_uint(child(entry, id::TRACK_NUMBER)?)?;
    let name = child(entry, id::NAME).unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    let private = child(entry, id::CODEC_PRIVATE).unwrap_or_default();
    let video = |codec| {
        let settings = child(entry, id::VIDEO)?;
        let pixels = |element| {
            let n = read_uint(child(settings, element)?)?;
            u32::try_from(n).ok().filter(|n| *n <= 0xffff)
        };
        let roll = child(settings, id::PROJECTION)
            .and_then(|p| child(p, id::PROJECTION_POSE_ROLL))
            .and_then(read_float)
            .unwrap_or(0.0);
        Some(TrackMedia::Video(VideoTrack {
            codec,
            config: private.to_vec(),
            config_changes: false,
            size: FrameSize {
                width: pixels(id::PIXEL_WIDTH)?,
                height: pixels(id::PIXEL_HEIGHT)?,
            },
            rotation: match roll as i32 {
                -90 => 90,
                -180 | 180 => 180,
                90 => 270,
                _ => 0,
            },
        }))
    };
    let audio = |codec| {
        let settings = child(entry, id::AUDIO)?;
        let channels = read_uint(child(settings, id::CHANNELS)?)?;
        let (channels, sample_rate, config) = match codec {
            AudioCoding::Aac => {
                let found = aac::describe(private)?;
                (found.channels, found.sample_rate, private.to_vec())
            }
            AudioCoding::Opus => (u8::try_from(channels).ok()?, 48_000, Vec::new()),
            _ => (u8::try_from(channels).ok()?, 8_000, Vec::new()),
        };
        let delay = child(entry, id::CODEC_DELAY).and_then(read_uint);
        let delay = Duration::from_nanos(delay.unwrap_or(0));
        Some(TrackMedia::Audio(AudioTrack {
            codec,
            channels,
            sample_rate,
            config,
            priming: u16::try_from(ticks(delay, sample_rate)).ok()?,
        }))
    };
    let media = match child(entry, id::CODEC_ID)? {
        b"V_VP8" => video(VideoCodec::Vp8)?,
        b"V_VP9" => video(VideoCodec::Vp9)?,
        b"V_AV1" => video(VideoCodec::Av1)?,
        b"V_MPEG4/ISO/AVC" => video(VideoCodec::H264)?,
        b"A_OPUS" => audio(AudioCoding::Opus)?,
        b"A_AAC" => audio(AudioCoding::Aac)?,
        b"S_TEXT/UTF8" => TrackMedia::Text,
        b"A_MS/ACM" if private.first() == Some(&6) => audio(AudioCoding::Pcma)?,
        b"A_MS/ACM" if private.first() == Some(&7) => audio(AudioCoding::Pcmu)?,
        _ => return None,
    };
    Some((number, Track { name, media }))
}

/// Appends `Chapters`. Nothing for none.
pub(super) fn chapters(out: &mut Vec<u8>, chapters: &[Chapter]) {
    if chapters.is_empty() {
        return;
    }
    master(out, id::CHAPTERS, |out| {
        master(out, id::EDITION_ENTRY, |out| {
            for (i, chapter) in chapters.iter().enumerate() {
                master(out, id::CHAPTER_ATOM, |out| {
                    uint(out, id::CHAPTER_UID, i as u64 + 1);
                    let at = u64::try_from(chapter.at.as_nanos()).unwrap_or(u64::MAX);
                    uint(out, id::CHAPTER_TIME_START, at);
                    master(out, id::CHAPTER_DISPLAY, |out| {
                        bytes(out, id::CHAP_STRING, chapter.title.as_bytes());
                        bytes(out, id::CHAP_LANGUAGE, b"und");
                    });
                });
            }
        });
    });
}

/// Reads what [`chapters`] writes, as far as it makes sense.
pub(super) fn read_chapters(body: &[u8]) -> Vec<Chapter> {
    let Some(edition) = child(body, id::EDITION_ENTRY) else {
        return Vec::new();
    };
    children(edition)
        .filter(|(element, _)| *element == id::CHAPTER_ATOM)
        .filter_map(|(_, atom)| {
            let at = read_uint(child(atom, id::CHAPTER_TIME_START)?)?;
            let display = child(atom, id::CHAPTER_DISPLAY)?;
            Some(Chapter {
                at: Duration::from_nanos(at),
                title: text(child(display, id::CHAP_STRING)?),
            })
        })
        .take(MAX_CHAPTERS)
        .collect()
}

/// Reads the title in `Info`.
pub(super) fn read_title(info: &[u8]) -> Option<String> {
    child(info, id::TITLE).map(text)
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    cut(&text, MAX_TITLE_BYTES).to_owned()
}
