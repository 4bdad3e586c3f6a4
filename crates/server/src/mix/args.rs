use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

/// Words behind `veche mix --help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  veche mix room-standup.mkv                      beside it: room-standup.film.mp4
  veche mix data/records --room-id ROOM -o film.mp4
  veche mix ann.webm bob.mp4 --size 1920x1080 --fps 25 --layout grid -o both.mp4
  veche mix room.mkv --settings offline_mixer.json --chat burn
  veche mix room.mkv --title Standup --watermark logo.png --layout-dir layouts/pip

A flag goes before the same key of the settings file.
Exit status: 0 the film is there, 64 a recording is missing, 65 the settings are
missing or wrong, 1 anything else; the last line of the error output says what.";

/// What `veche mix` is asked for.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, next_help_heading = "Film")]
pub(crate) struct MixArgs {
    /// A room's file, several files that began together, or a folder of recordings
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Where the film goes [default: INPUT.film.mp4 beside the input]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a film that is there
    #[arg(long, short)]
    pub(crate) force: bool,
    /// Who was there and what was said [default: the .room.jsonl beside the input]
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Which meeting, of a folder with several
    #[arg(long, value_name = "ID")]
    pub(crate) room_id: Option<String>,
    /// Settings of the film, as offline_mixer.json
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Pixels [default: 1280x720]
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub(crate) size: Option<(u32, u32)>,
    /// Pictures a second [default: 30]
    #[arg(long, value_name = "N")]
    pub(crate) fps: Option<u32>,
    /// How people are placed: grid, grid-no-padding, crop-no-padding, desktop, speaker [default: grid]
    #[arg(long)]
    pub(crate) layout: Option<String>,
    /// Where a shared screen stands: top, left, right, bottom, center
    #[arg(long, value_name = "SIDE")]
    pub(crate) align: Option<String>,
    /// Folder of layouts of one's own: N_name.mix for each number of participants N
    #[arg(long, value_name = "DIR")]
    pub(crate) layout_dir: Option<String>,
    /// A PNG that lies over everything
    #[arg(long, value_name = "FILE")]
    pub(crate) watermark: Option<String>,
    /// What is behind everything: a PNG, or a colour
    #[arg(long, value_name = "FILE|#RRGGBB")]
    pub(crate) background: Option<String>,
    /// A card before the film with this title, the date and the people
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// How long it is seen [default: 5, with a title]
    #[arg(long, value_name = "N")]
    pub(crate) title_seconds: Option<u32>,
    /// h264, vp9 or av1 [default: h264]
    #[arg(long)]
    pub(crate) codec: Option<String>,
    /// Quality: lower is better and larger [default: 23; for VP9 and AV1 34]
    #[arg(long, value_name = "0..63")]
    pub(crate) crf: Option<u32>,
    /// Of the pictures, instead of a quality
    #[arg(long, value_name = "KBPS")]
    pub(crate) bitrate: Option<u32>,
    /// Of the encoder: ultrafast … veryslow [default: veryfast]
    #[arg(long)]
    pub(crate) preset: Option<String>,
    /// Of the sound [default: 128]
    #[arg(long, value_name = "KBPS")]
    pub(crate) audio_bitrate: Option<u32>,
    /// Chat as subtitles, burnt into the picture, or left out
    #[arg(long, value_name = "subtitles|burn|off")]
    pub(crate) chat: Option<String>,
    /// No names under the pictures
    #[arg(long)]
    pub(crate) no_names: bool,
    /// No mark around who speaks
    #[arg(long)]
    pub(crate) no_speaker: bool,
    /// No chapters
    #[arg(long)]
    pub(crate) no_chapters: bool,
    /// Sound only
    #[arg(long)]
    pub(crate) no_video: bool,
    /// Pictures only
    #[arg(long)]
    pub(crate) no_audio: bool,
    /// Threads of the encoder [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<u32>,
    /// How far calls and everything else go first: 0 not at all, 19 always
    #[arg(long, value_name = "0..19", default_value_t = 10)]
    pub(crate) nice: u8,
    /// How it is told how far it is
    #[arg(long, value_enum, default_value_t = ProgressForm::Auto)]
    pub(crate) progress: ProgressForm,
    /// The executable of the codecs [default: veche-codec beside veche, or in PATH]
    #[arg(long, value_name = "FILE", env = "VECHE_CODEC", hide_env = true)]
    pub(crate) codec_program: Option<PathBuf>,
}

/// What `veche thumbnail` is asked for.
#[derive(Debug, Args)]
pub(crate) struct ThumbnailArgs {
    /// The recording
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,
    /// Where the picture goes
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// How progress is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressForm {
    /// A bar on a terminal, else a line now and then
    Auto,
    /// A bar
    Bar,
    /// A JSON object a line, on standard output
    Json,
    /// Not at all
    None,
}

impl MixArgs {
    /// The flags as the keys of a settings file.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        let mut keys = Map::new();
        let mut set = |key: &str, value: Value| {
            if !value.is_null() {
                keys.insert(key.to_owned(), value);
            }
        };
        set("mixerVideoWidth", json!(self.size.map(|size| size.0)));
        set("mixerVideoHeight", json!(self.size.map(|size| size.1)));
        set("mixerVideoFps", json!(self.fps));
        set("mixerLayoutClass", json!(self.layout));
        set("mixerDesktopAlign", json!(self.align));
        set("mixerLayoutDir", json!(self.layout_dir));
        set("watermark", json!(self.watermark));
        set("background", json!(self.background));
        set("title", json!(self.title));
        set("titleSeconds", json!(self.title_seconds));
        set("codec", json!(self.codec));
        set("crf", json!(self.crf));
        set("mixerVideoBitrateKbps", json!(self.bitrate));
        set("preset", json!(self.preset));
        set("mixerAudioBitrateKbps", json!(self.audio_bitrate));
        set("chat", json!(self.chat));
        set("threads", json!(self.threads));
        for (key, off) in [
            ("mixerDisplayStreamName", self.no_names),
            ("mixerVoiceActivity", self.no_speaker),
            ("chapters", self.no_chapters),
            ("hasVideo", self.no_video),
            ("hasAudio", self.no_audio),
        ] {
            if off {
                set(key, json!(false));
            }
        }
        keys
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once(['x', 'X', '×']);
    let number = |side: &str| side.trim().parse::<u32>().ok();
    sides
        .and_then(|(width, height)| Some((number(width)?, number(height)?)))
        .ok_or_else(|| format!("{text} is not WIDTHxHEIGHT, such as 1280x720"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_two_numbers() {
        assert_eq!(size("1280x720"), Ok((1280, 720)));
        assert_eq!(size("640 × 480"), Ok((640, 480)));
        assert!(size("720p").is_err() && size("x").is_err() && size("-1x2").is_err());
    }
}
