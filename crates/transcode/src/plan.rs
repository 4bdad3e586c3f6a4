use veche_codec::limits::MAX_STREAMS;
use veche_record::store::is_other_sound;
use veche_record::{AudioTrack, Track, TrackMedia};

/// Tracks of sound that are worked on: each has a decoder and an encoder in one
/// process.
pub const MAX_VOICES: usize = MAX_STREAMS / 2;

/// Bits a second. Well above what calls send, since what is coded twice loses
/// twice.
const STEREO_BITRATE: u32 = 128_000;
const MONO_BITRATE: u32 = 80_000;

/// What becomes of the tracks of a file. Pure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the tracks.
    pub treatments: Vec<Treatment>,
    /// Sound begins with the file, with silence if need be: not all editors look
    /// where a track begins. In a file of many, who came late begins late.
    pub from_start: bool,
}

/// What becomes of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Stays as it is.
    Copy,
    /// Becomes AAC.
    Aac {
        /// As it is.
        from: AudioTrack,
        /// One or two, as there were.
        channels: u8,
        /// In bits a second.
        bitrate: u32,
    },
}

/// Why there is no plan.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is nothing to do.
    #[error("it has no sound that is not AAC")]
    Nothing,
    /// More than [`MAX_VOICES`].
    #[error("it has {0} tracks of sound, at most {MAX_VOICES} are put into AAC")]
    TooMany(usize),
}

impl Plan {
    /// For a file with these tracks.
    ///
    /// # Errors
    /// If there is nothing to do, or too much.
    pub fn of(tracks: &[Track]) -> Result<Self, PlanError> {
        let treatments: Vec<Treatment> = tracks.iter().map(treatment).collect();
        let is_voice = |t: &&Treatment| **t != Treatment::Copy;
        let voices = treatments.iter().filter(is_voice).count();
        match voices {
            0 => Err(PlanError::Nothing),
            n if n > MAX_VOICES => Err(PlanError::TooMany(n)),
            _ => Ok(Self {
                from_start: voices == 1,
                treatments,
            }),
        }
    }
}

fn treatment(track: &Track) -> Treatment {
    match &track.media {
        TrackMedia::Audio(from) if is_other_sound(track) => {
            let channels = from.channels.clamp(1, 2);
            Treatment::Aac {
                from: from.clone(),
                channels,
                bitrate: match channels {
                    1 => MONO_BITRATE,
                    _ => STEREO_BITRATE,
                },
            }
        }
        _ => Treatment::Copy,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use veche_media::{AudioCodec, VideoCodec};

    use super::*;

    fn channels(plan: &Plan) -> Vec<Option<u8>> {
        let of = |treatment: &Treatment| match treatment {
            Treatment::Copy => None,
            Treatment::Aac { channels, .. } => Some(*channels),
        };
        plan.treatments.iter().map(of).collect()
    }

    #[test]
    fn sound_becomes_aac_of_as_many_channels_and_the_rest_stays() {
        let tracks = [
            Track::video("Ann", VideoCodec::H264),
            Track::audio("Ann", AudioCodec::Opus),
            Track::audio("Bob", AudioCodec::Pcmu),
            Track::aac("Cid", &[0x11, 0x90], 1024).unwrap(),
            Track::text("Chat"),
        ];
        let plan = Plan::of(&tracks).unwrap();
        assert_eq!(channels(&plan), [None, Some(2), Some(1), None, None]);
        assert!(!plan.from_start, "each at its time");
        assert!(Plan::of(&tracks[..2]).unwrap().from_start);
    }

    #[test]
    fn where_there_is_nothing_to_do_or_too_much_there_is_no_plan() {
        let aac = Track::aac("Ann", &[0x11, 0x90], 1024).unwrap();
        let pictures = Track::video("Ann", VideoCodec::H264);
        assert_eq!(Plan::of(&[pictures, aac]), Err(PlanError::Nothing));
        let crowd = vec![Track::audio("x", AudioCodec::Opus); MAX_VOICES + 1];
        let error = Plan::of(&crowd).unwrap_err();
        assert_eq!(error, PlanError::TooMany(MAX_VOICES + 1));
        assert!(Plan::of(&crowd[1..]).is_ok());
    }
}
