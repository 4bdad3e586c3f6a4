//! What a film shall be: `offline_mixer.json`, and what the command line adds.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use veche_mix::Rgb;

/// What a film shall be. The defaults make a 720p film with names.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// There are pictures.
    pub has_video: bool,
    /// There is sound.
    pub has_audio: bool,
    /// How the pictures look: size, layout, names.
    pub picture: veche_mix::Settings,
    /// Pictures a second.
    pub fps: u32,
    /// How the pictures are coded.
    pub codec: FilmCodec,
    /// Bits a second of the pictures; without, [`Settings::crf`] decides.
    pub bitrate_kbps: Option<u32>,
    /// Constant rate factor of the encoder: lower is better and larger. Without,
    /// what is usual for the codec.
    pub crf: Option<u8>,
    /// Name of the encoder's preset, as x264 calls them; for H.264 only.
    pub preset: String,
    /// Bits a second of the sound.
    pub audio_bitrate_kbps: u32,
    /// Where the chat goes.
    pub chat: Chat,
    /// Chapters at joins and shares.
    pub chapters: bool,
    /// Threads of the encoder; 0: as many as there are processors.
    pub threads: u32,
    /// Told by an HTTP POST when the film is there.
    pub callback_url: Option<String>,
}

/// How the pictures of a film are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilmCodec {
    /// H.264, which every player and editor opens.
    #[default]
    H264,
    /// VP9: smaller, slower.
    Vp9,
    /// AV1: smallest, slowest.
    Av1,
}

/// What becomes of the chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chat {
    /// A subtitle track, which viewers switch on.
    #[default]
    Subtitles,
    /// Part of the picture.
    Burn,
    /// Left out.
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            has_video: true,
            has_audio: true,
            picture: veche_mix::Settings {
                show_chat: false,
                ..veche_mix::Settings::default()
            },
            fps: 30,
            codec: FilmCodec::H264,
            bitrate_kbps: None,
            crf: None,
            preset: "veryfast".to_owned(),
            audio_bitrate_kbps: 128,
            chat: Chat::default(),
            chapters: true,
            threads: 0,
            callback_url: None,
        }
    }
}

/// Why settings cannot be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file.
    #[error("cannot read {path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file is too large to be settings.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// Which.
        path: String,
        /// As many may be.
        limit: u64,
    },
    /// The text.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The text is JSON of another kind.
    #[error("expected a JSON object of settings")]
    NotAnObject,
    /// One value.
    #[error("{key}: {problem}")]
    Value {
        /// The key as it stands in the file or on the command line.
        key: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

/// Bytes of a settings file.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Keys of the live mixer, which a settings file may carry and which mean
/// nothing to a film.
const LIVE_ONLY: &[&str] = &[
    "mixerTextCutTop",
    "localStreamName",
    "mixerAutoStart",
    "mixerIdleTimeout",
    "mixerLosslessVideoProcessorWaitTimeMs",
    "mixerMcuAudio",
    "mixerMcuVideo",
    "mixerRealtime",
    "uri",
];

impl Settings {
    /// Reads `offline_mixer.json`. Also what was not understood, to be said.
    pub fn read(path: &Path) -> Result<(Self, Vec<String>), SettingsError> {
        let failed = |error| SettingsError::File {
            path: path.display().to_string(),
            error,
        };
        let len = std::fs::metadata(path).map_err(failed)?.len();
        if len > MAX_FILE_BYTES {
            return Err(SettingsError::TooLarge {
                path: path.display().to_string(),
                limit: MAX_FILE_BYTES,
            });
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::parse(&text)
    }

    /// The same from a text.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), SettingsError> {
        let mut settings = Self::default();
        let Value::Object(object) = serde_json::from_str(text)? else {
            return Err(SettingsError::NotAnObject);
        };
        let warnings = settings.apply(&object)?;
        settings.check()?;
        Ok((settings, warnings))
    }

    /// Takes over what `object` says. Unknown keys are given back as sentences.
    pub fn apply(&mut self, object: &Map<String, Value>) -> Result<Vec<String>, SettingsError> {
        let mut warnings = Vec::new();
        for (key, value) in object {
            let of = Of { key, value };
            match key.as_str() {
                "hasVideo" => self.has_video = of.flag()?,
                "hasAudio" => self.has_audio = of.flag()?,
                "mixerDisplayStreamName" => self.picture.show_names = of.flag()?,
                "mixerVoiceActivity" => self.picture.voice_activity = of.flag()?,
                "mixerVideoWidth" => self.picture.width = of.number(16, MAX_SIDE)?,
                "mixerVideoHeight" => self.picture.height = of.number(16, MAX_SIDE)?,
                "mixerVideoFps" => self.fps = of.number(1, 120)?,
                "mixerVideoBitrateKbps" => {
                    self.bitrate_kbps = Some(of.number(50, 200_000)?);
                }
                "mixerAudioBitrateKbps" => self.audio_bitrate_kbps = of.number(16, 512)?,
                "mixerLayoutClass" => {
                    self.picture.layout = of.one("a layout", |text| text.parse().ok())?;
                }
                "mixerDesktopAlign" => {
                    self.picture.desktop_align = of.one("TOP, LEFT, RIGHT, BOTTOM or CENTER", |text| {
                        text.parse().ok()
                    })?;
                }
                "mixerFontSize" => self.picture.font_size = of.number(4, 400)?,
                "mixerFontSizeAudioOnly" => {
                    self.picture.font_size_audio_only = of.number(4, 400)?;
                }
                "mixerTextPaddingTop" => self.picture.text_padding.top = of.number(0, 400)?,
                "mixerTextPaddingRight" => self.picture.text_padding.right = of.number(0, 400)?,
                "mixerTextPaddingBottom" => self.picture.text_padding.bottom = of.number(0, 400)?,
                "mixerTextPaddingLeft" => self.picture.text_padding.left = of.number(0, 400)?,
                "mixerTextColour" | "mixerTextColor" => self.picture.text_colour = of.colour()?,
                "mixerTextBackgroundColour" | "mixerTextBackgroundColor" => {
                    self.picture.text_background = of.colour()?;
                }
                "mixerTextAutoscale" => self.picture.caption_autoscale = of.flag()?,
                "callbackUrl" => self.callback_url = Some(of.url()?),
                "codec" => self.codec = of.known("h264, vp9 or av1")?,
                "crf" => self.crf = Some(of.number(0, 63)? as u8),
                "preset" => {
                    self.preset = of.one("a preset of x264, such as veryfast", |text| {
                        PRESETS.contains(&text).then(|| text.to_owned())
                    })?;
                }
                "threads" => self.threads = of.number(0, 64)?,
                "mixerBackgroundColour" | "mixerBackgroundColor" => {
                    self.picture.background = of.colour()?;
                }
                "chat" => {
                    self.chat = of.known("subtitles, burn or off")?;
                    self.picture.show_chat = self.chat == Chat::Burn;
                }
                "chapters" => self.chapters = of.flag()?,
                "mixerLayoutDir" => warnings.push(
                    "mixerLayoutDir: layouts from files are not there yet; mixerLayoutClass decides"
                        .to_owned(),
                ),
                key if LIVE_ONLY.contains(&key) => {}
                key => warnings.push(format!("{key}: no such setting, left out")),
            }
        }
        Ok(warnings)
    }

    /// Whether the settings fit each other.
    pub fn check(&self) -> Result<(), SettingsError> {
        let problem = |key: &str, problem: &str| {
            Err(SettingsError::Value {
                key: key.to_owned(),
                problem: problem.to_owned(),
            })
        };
        if !self.has_video && !self.has_audio {
            return problem(
                "hasVideo",
                "neither pictures nor sound would be in the film",
            );
        }
        if self.picture.width % 2 + self.picture.height % 2 > 0 {
            return problem("mixerVideoWidth", "width and height must be even");
        }
        if self.codec == FilmCodec::H264 && self.crf.is_some_and(|crf| crf > 51) {
            return problem("crf", "H.264 has 0 to 51");
        }
        Ok(())
    }

    /// The constant rate factor in force.
    pub(crate) fn crf(&self) -> u8 {
        self.crf.unwrap_or(match self.codec {
            FilmCodec::H264 => 23,
            FilmCodec::Vp9 | FilmCodec::Av1 => 34,
        })
    }
}

/// Pixels of a side of the film: 8K.
const MAX_SIDE: u32 = 8192;

/// Presets of x264.
pub const PRESETS: &[&str] = &[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
];

struct Of<'a> {
    key: &'a str,
    value: &'a Value,
}

impl Of<'_> {
    fn wrong(&self, expected: &str) -> SettingsError {
        let mut shown = self.value.to_string();
        if shown.len() > 40 {
            let end = (0..=40).rev().find(|i| shown.is_char_boundary(*i));
            shown.truncate(end.unwrap_or(0));
            shown.push('…');
        }
        SettingsError::Value {
            key: self.key.to_owned(),
            problem: format!("{shown} is not {expected}"),
        }
    }

    /// Booleans may be strings: the reference's own file has them so.
    fn flag(&self) -> Result<bool, SettingsError> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn number(&self, least: u32, most: u32) -> Result<u32, SettingsError> {
        let number = match self.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(&format!("a number from {least} to {most}")))
    }

    fn one<T>(&self, expected: &str, of: impl Fn(&str) -> Option<T>) -> Result<T, SettingsError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong(expected))?;
        of(text).ok_or_else(|| self.wrong(expected))
    }

    fn known<T: for<'de> Deserialize<'de>>(&self, expected: &str) -> Result<T, SettingsError> {
        serde_json::from_value(self.value.clone()).map_err(|_| self.wrong(expected))
    }

    fn colour(&self) -> Result<Rgb, SettingsError> {
        self.one("a colour as #RRGGBB", Rgb::parse)
    }

    fn url(&self) -> Result<String, SettingsError> {
        self.one("an http:// or https:// address", |text| {
            let known = text.starts_with("http://") || text.starts_with("https://");
            known.then(|| text.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Settings {
        Settings::parse(text).expect("valid settings").0
    }

    fn refused(text: &str) -> String {
        Settings::parse(text).expect_err("refused").to_string()
    }

    #[test]
    fn the_reference_s_own_file_is_read() {
        let text = r#"{"hasVideo":"true","hasAudio":"true","mixerDisplayStreamName":true}"#;
        assert_eq!(parse(text), Settings::default());
        let off = parse(r#"{"hasVideo":"false","mixerDisplayStreamName":"false"}"#);
        assert!(!off.has_video && !off.picture.show_names && off.has_audio);
    }

    #[test]
    fn a_key_of_the_live_mixer_is_taken_without_a_word_and_a_strange_one_is_named() {
        let (_, warnings) =
            Settings::parse(r#"{"mixerRealtime":true,"mixerColour":1}"#).expect("valid settings");
        assert_eq!(warnings, ["mixerColour: no such setting, left out"]);
    }

    #[test]
    fn numbers_may_be_strings_and_have_limits() {
        assert_eq!(parse(r#"{"mixerVideoWidth":"640"}"#).picture.width, 640);
        assert_eq!(
            refused(r#"{"mixerVideoWidth":100000}"#),
            "mixerVideoWidth: 100000 is not a number from 16 to 8192"
        );
        assert_eq!(
            refused(r#"{"mixerVideoWidth":641}"#),
            "mixerVideoWidth: width and height must be even"
        );
        assert!(refused(r#"{"crf":-1}"#).starts_with("crf: -1 is not"));
    }

    #[test]
    fn what_cannot_be_a_film_is_refused() {
        assert!(refused(r#"{"hasVideo":false,"hasAudio":false}"#).contains("neither"));
        assert_eq!(refused("[]"), "expected a JSON object of settings");
        assert!(refused("{").starts_with("not JSON"));
        assert!(refused(r#"{"callbackUrl":"file:///etc/passwd"}"#).contains("http://"));
        assert!(refused(r#"{"preset":"; rm -rf"}"#).contains("preset"));
    }

    #[test]
    fn a_long_wrong_value_is_cut_at_a_character() {
        let text = format!(r#"{{"preset":"{}"}}"#, "ж".repeat(200));
        assert!(refused(&text).len() < 200);
    }
}
