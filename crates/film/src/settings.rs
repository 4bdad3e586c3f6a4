//! What a film shall be: `offline_mixer.json`, and what the command line adds.

mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use veche_codec::limits::MAX_PIXELS;
use veche_mix::{Anchor, Rgb, Spot};

use self::value::Of;

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
    /// Folder of layouts for numbers of tiles (`.mix` files).
    pub layout_dir: Option<PathBuf>,
    /// For whom which place of such a layout is, by name.
    pub seats: BTreeMap<String, String>,
    /// A PNG over everything.
    pub watermark: Option<PathBuf>,
    /// Where that lies.
    pub watermark_spot: Spot,
    /// A PNG behind everything.
    pub background: Option<PathBuf>,
    /// PNGs of people without a picture, by name.
    pub avatars: BTreeMap<String, PathBuf>,
    /// What people are called in the film, by name.
    pub labels: BTreeMap<String, String>,
    /// The card before the film.
    pub opening: Opening,
}

/// A card before the film, which tells what it is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Large; the room's name where it is empty. There is a card if there is
    /// this or [`Opening::seconds`].
    pub title: Option<String>,
    /// Below it; the day of the meeting where it is not said.
    pub date: Option<String>,
    /// How long it is seen.
    pub seconds: Option<u32>,
}

/// Seconds of a title that was asked for without saying how long.
const TITLE_SECONDS: u32 = 5;

impl Opening {
    /// How long it is seen; zero if there is none.
    pub fn length(&self) -> std::time::Duration {
        let usual = if self.title.is_some() {
            TITLE_SECONDS
        } else {
            0
        };
        std::time::Duration::from_secs(u64::from(self.seconds.unwrap_or(usual)))
    }
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
            layout_dir: None,
            seats: BTreeMap::new(),
            watermark: None,
            watermark_spot: Spot::Anchor(Anchor::default()),
            background: None,
            avatars: BTreeMap::new(),
            labels: BTreeMap::new(),
            opening: Opening::default(),
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
    /// An image.
    #[error("{path}: {problem}")]
    Image {
        /// Which.
        path: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// A layout, or the folder of them.
    #[error("{path}: {problem}")]
    Layout {
        /// Which file, and which line of it.
        path: String,
        /// What is wrong there, and what would be right.
        problem: String,
    },
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
    /// Reads `offline_mixer.json`; paths in it are relative to it. Also what was
    /// not understood, to be said.
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
        let base = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, base)
    }

    /// The same from a text; paths in it are relative to `base`.
    pub fn parse(text: &str, base: &Path) -> Result<(Self, Vec<String>), SettingsError> {
        let mut settings = Self::default();
        let Value::Object(object) = serde_json::from_str(text)? else {
            return Err(SettingsError::NotAnObject);
        };
        let warnings = settings.apply(&object, base)?;
        settings.check()?;
        Ok((settings, warnings))
    }

    /// Takes over what `object` says. Unknown keys are given back as sentences.
    pub fn apply(
        &mut self,
        object: &Map<String, Value>,
        base: &Path,
    ) -> Result<Vec<String>, SettingsError> {
        let mut warnings = Vec::new();
        for (key, value) in object {
            let of = Of { key, value, base };
            if self.dress(&of)? {
                continue;
            }
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
                    self.picture.desktop_align = of
                        .one("TOP, LEFT, RIGHT, BOTTOM or CENTER", |text| {
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
                "mixerTextCutTop" => self.picture.text_cut_top = of.number(0, 400)?,
                "mixerTextPaddingLeft" => self.picture.text_padding.left = of.number(0, 400)?,
                "mixerTextColour" | "mixerTextColor" => self.picture.text_colour = of.colour()?,
                "mixerTextBackgroundColour" | "mixerTextBackgroundColor" => {
                    self.picture.text_background = of.colour()?;
                }
                "mixerTextAutoscale" => self.picture.caption_autoscale = of.flag()?,
                "callbackUrl" => self.callback_url = Some(of.url()?),
                "codec" => self.codec = of.known("h264, vp9 or av1")?,
                "crf" => {
                    self.crf = Some(of.number(0, 63)? as u8);
                    // One that was said before, in a file, is not meant any more.
                    if !object.contains_key("mixerVideoBitrateKbps") {
                        self.bitrate_kbps = None;
                    }
                }
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
                key if LIVE_ONLY.contains(&key) => {}
                key => warnings.push(format!("{key}: no such setting, left out")),
            }
        }
        Ok(warnings)
    }

    /// Takes over what is chosen by files and names; `false` if it is none of that.
    fn dress(&mut self, of: &Of<'_>) -> Result<bool, SettingsError> {
        match of.key {
            "mixerLayoutDir" => self.layout_dir = of.path()?,
            "videoPositionIds" => self.seats = of.names()?,
            "watermark" => self.watermark = of.path()?,
            "watermarkPosition" => {
                let anchor = of.one(
                    "TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT or CENTER",
                    anchor,
                )?;
                self.watermark_spot = Spot::Anchor(anchor);
            }
            "watermarkX" => self.watermark_spot = self.moved(Some(of.number(0, MAX_SIDE)?), None),
            "watermarkY" => self.watermark_spot = self.moved(None, Some(of.number(0, MAX_SIDE)?)),
            "background" => match of.value.as_str().and_then(Rgb::parse) {
                Some(colour) => {
                    self.picture.background = colour;
                    self.background = None;
                }
                None => self.background = of.path()?,
            },
            "avatars" => {
                let files = of.names()?.into_iter();
                self.avatars = files
                    .map(|(name, file)| (name, of.base.join(file)))
                    .collect();
            }
            "streamLabels" => self.labels = of.names()?,
            "title" => self.opening.title = Some(of.text()?),
            "titleDate" => self.opening.date = Some(of.text()?),
            "titleSeconds" => self.opening.seconds = Some(of.number(0, 60)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where the watermark lies when one of both is said.
    fn moved(&self, x: Option<u32>, y: Option<u32>) -> Spot {
        let (was_x, was_y) = match self.watermark_spot {
            Spot::At(x, y) => (x, y),
            Spot::Anchor(_) => (0, 0),
        };
        Spot::At(x.unwrap_or(was_x), y.unwrap_or(was_y))
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
        let pixels = u64::from(self.picture.width) * u64::from(self.picture.height);
        if pixels > MAX_PIXELS {
            let most = format!("{pixels} pixels are more than the {MAX_PIXELS} of 8K");
            return problem("mixerVideoWidth", &most);
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

fn anchor(text: &str) -> Option<Anchor> {
    Some(match text.to_ascii_uppercase().as_str() {
        "TOP_LEFT" => Anchor::TopLeft,
        "TOP_RIGHT" => Anchor::TopRight,
        "BOTTOM_LEFT" => Anchor::BottomLeft,
        "BOTTOM_RIGHT" => Anchor::BottomRight,
        "CENTER" => Anchor::Center,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
