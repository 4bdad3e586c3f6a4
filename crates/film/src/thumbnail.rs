//! One picture that stands for a recording.

use std::path::Path;
use std::time::Duration;

use veche_codec::{CodecError, Codecs, Output, Picture, TimedPicture, VideoDecoderConfig};
use veche_mix::Rotation;
use veche_record::{ReadError, Reader, Sample, TrackMedia, VideoTrack};

/// Why there is no picture.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ThumbnailError {
    /// The recording.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The codecs.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Sound only, or nothing that can be decoded.
    #[error("there is no picture in it")]
    NoPicture,
}

/// Pixels of a thumbnail, at most.
const WIDTH: u32 = 480;
const HEIGHT: u32 = 270;

/// Quality of the JPEG, 2 (best) to 31.
const QUALITY: u8 = 5;

/// Where in the recording: past the first moments, in which people arrange
/// themselves.
const AT: Duration = Duration::from_secs(10);

/// Pictures that are looked at: keyframes up to [`AT`].
const TRIES: usize = 40;

/// A JPEG of the picture that is seen some seconds into a recording: of its
/// last keyframes before that the one with most on it.
pub fn thumbnail(path: &Path, codecs: &Codecs) -> Result<Vec<u8>, ThumbnailError> {
    let mut reader = Reader::open(path)?;
    let video = reader
        .tracks()
        .iter()
        .enumerate()
        .find_map(|(position, track)| match &track.media {
            TrackMedia::Video(media) => Some((position, media.clone())),
            _ => None,
        });
    let (track, media) = video.ok_or(ThumbnailError::NoPicture)?;
    let mut keyframes: Vec<Sample> = Vec::new();
    while let Some(sample) = reader.next_sample()? {
        if sample.track != track || !sample.keyframe {
            continue;
        }
        if !keyframes.is_empty() && (sample.at > AT || keyframes.len() == TRIES) {
            break;
        }
        keyframes.push(sample);
    }
    decode(path, codecs, &media, &keyframes)
}

fn decode(
    path: &Path,
    codecs: &Codecs,
    media: &VideoTrack,
    keyframes: &[Sample],
) -> Result<Vec<u8>, ThumbnailError> {
    let label = path.file_name().unwrap_or_default().to_string_lossy();
    let child = codecs.spawn(label)?;
    let mut decoder = child.video_decoder(VideoDecoderConfig {
        config: media.config.clone(),
        ..VideoDecoderConfig::new(crate::video::codec(media.codec))
    })?;
    let rotation = Rotation::from_degrees(u32::from(media.rotation));
    let (width, height) = rotation.size(WIDTH, HEIGHT);
    decoder.set_output(Output::scaled(width, height));
    let mut best: Option<(u64, TimedPicture)> = None;
    let mut take = |picture: TimedPicture| {
        let detail = detail(picture.picture.y(), picture.picture.width as usize);
        if best.as_ref().is_none_or(|(most, _)| detail >= *most) {
            best = Some((detail, picture));
        }
    };
    for sample in keyframes {
        while !decoder.send(&sample.data, sample.at)?.is_taken() {
            decoder.recv()?.into_iter().for_each(&mut take);
        }
    }
    decoder.finish()?;
    while let Some(picture) = decoder.recv()? {
        take(picture);
    }
    let (_, picture) = best.ok_or(ThumbnailError::NoPicture)?;
    Ok(child.jpeg(&upright(picture.picture, rotation)?, QUALITY)?)
}

/// A recording of a phone may lie on its side.
fn upright(picture: Picture, rotation: Rotation) -> Result<Picture, CodecError> {
    let (width, height) = (picture.width, picture.height);
    match veche_mix::Picture::packed(width, height, picture.data) {
        Ok(lying) => {
            let upright = lying.turned(rotation);
            Picture::new(upright.width(), upright.height(), upright.to_packed())
        }
        Err(_) => Err(CodecError::BadPicture { width, height }),
    }
}

/// How much is on a picture: differences between neighbours.
fn detail(luma: &[u8], width: usize) -> u64 {
    let rows = luma.chunks_exact(width.max(1));
    rows.map(|row| {
        row.windows(2)
            .map(|pair| u64::from(pair[0].abs_diff(pair[1])))
            .sum::<u64>()
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_with_more_on_it_has_more_detail() {
        assert_eq!(detail(&[16; 64], 8), 0);
        let pattern: Vec<u8> = (0..64).map(|n| if n % 2 == 0 { 16 } else { 200 }).collect();
        assert!(detail(&pattern, 8) > 0);
        assert_eq!(detail(&[], 0), 0);
    }
}
