//! How the composed picture looks: the reference's mixer settings (F.3).

use std::str::FromStr;
use std::time::Duration;

use crate::colour::{Matrix, Rgb, theme};

/// Where tiles lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// The grid whose tiles are largest, with gaps. A shared screen takes the
    /// stage and faces stand beside it, as [`Settings::desktop_align`] says.
    #[default]
    Grid,
    /// The same grid edge to edge: no gaps, square corners, pictures whole.
    GridNoPadding,
    /// Edge to edge with every row filled; cameras are cropped to their tiles.
    CropNoPadding,
    /// A shared screen large, faces beside; without one as [`Layout::Grid`].
    Desktop,
    /// Who speaks large, the others beside. A shared screen comes first.
    Speaker,
}

/// The name of a layout that there is not.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "no layout named {0:?}: there are grid, grid-no-padding, crop-no-padding, desktop and speaker"
)]
pub struct UnknownLayout(String);

impl FromStr for Layout {
    type Err = UnknownLayout;

    /// Our names, or the class names of the reference with or without package.
    fn from_str(name: &str) -> Result<Layout, UnknownLayout> {
        let class = name.rsplit('.').next().unwrap_or(name);
        Ok(match class {
            "grid" | "GridLayout" => Layout::Grid,
            "grid-no-padding"
            | "GridNoPaddingLayout"
            | "NoPaddingGridLayout"
            | "CenterNoPaddingGridLayout" => Layout::GridNoPadding,
            "crop-no-padding" | "CropNoPaddingGridLayout" => Layout::CropNoPadding,
            "desktop" | "DesktopLayout" => Layout::Desktop,
            "speaker" | "SpeakerLayout" => Layout::Speaker,
            _ => return Err(UnknownLayout(name.to_owned())),
        })
    }
}

/// Where a shared screen stands (`mixer_desktop_align`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum DesktopAlign {
    /// Above the faces.
    #[default]
    Top,
    /// Left of them.
    Left,
    /// Right of them.
    Right,
    /// Below them.
    Bottom,
    /// Between them.
    Center,
}

/// The name of an alignment that there is not.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no alignment named {0:?}: there are TOP, LEFT, RIGHT, BOTTOM and CENTER")]
pub struct UnknownAlign(String);

impl FromStr for DesktopAlign {
    type Err = UnknownAlign;

    fn from_str(name: &str) -> Result<DesktopAlign, UnknownAlign> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "TOP" => DesktopAlign::Top,
            "LEFT" => DesktopAlign::Left,
            "RIGHT" => DesktopAlign::Right,
            "BOTTOM" => DesktopAlign::Bottom,
            "CENTER" => DesktopAlign::Center,
            _ => return Err(UnknownAlign(name.to_owned())),
        })
    }
}

/// Space around a caption's text, in pixels of a 720p picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPadding {
    /// `mixer_text_padding_top`
    pub top: u32,
    /// `mixer_text_padding_right`
    pub right: u32,
    /// `mixer_text_padding_bottom`
    pub bottom: u32,
    /// `mixer_text_padding_left`
    pub left: u32,
}

/// Everything that is chosen about the composed picture. Lengths are pixels of a
/// 1280x720 picture and grow and shrink with the real one.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Pixels in a row; made even.
    pub width: u32,
    /// Rows; made even.
    pub height: u32,
    /// Where tiles lie.
    pub layout: Layout,
    /// Where a shared screen stands.
    pub desktop_align: DesktopAlign,
    /// Names on pictures (`mixer_display_stream_name`). Faces without a picture
    /// keep their monogram.
    pub show_names: bool,
    /// A ring round who speaks (`mixer_voice_activity`).
    pub voice_activity: bool,
    /// Height of names on pictures (`mixer_font_size`).
    pub font_size: u32,
    /// Height of names of those without a picture (`mixer_font_size_audio_only`).
    pub font_size_audio_only: u32,
    /// Names become smaller in small tiles.
    pub caption_autoscale: bool,
    /// Space around names on pictures.
    pub text_padding: TextPadding,
    /// How much of what a font has above its letters is left out
    /// (`mixer_text_cut_top`).
    pub text_cut_top: u32,
    /// Colour of names on pictures.
    pub text_colour: Rgb,
    /// Behind names on pictures.
    pub text_background: Rgb,
    /// How much [`Settings::text_background`] covers, from 0 to 1.
    pub text_background_opacity: f32,
    /// Behind everything.
    pub background: Rgb,
    /// The ring round who speaks.
    pub voice_colour: Rgb,
    /// How long tiles take to their new places; zero jumps.
    pub animation: Duration,
    /// Chat on the picture.
    pub show_chat: bool,
    /// How long a message stays.
    pub chat_stays: Duration,
    /// The colours' weights.
    pub matrix: Matrix,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            width: 1280,
            height: 720,
            layout: Layout::default(),
            desktop_align: DesktopAlign::default(),
            show_names: true,
            voice_activity: true,
            font_size: 20,
            font_size_audio_only: 40,
            caption_autoscale: true,
            text_padding: TextPadding {
                top: 5,
                right: 4,
                bottom: 5,
                left: 5,
            },
            text_cut_top: 3,
            text_colour: Rgb::WHITE,
            text_background: theme::PILL,
            text_background_opacity: 0.62,
            background: theme::GROUND,
            voice_colour: theme::VOICE,
            animation: Duration::from_millis(300),
            show_chat: true,
            chat_stays: Duration::from_secs(8),
            matrix: Matrix::default(),
        }
    }
}

impl Settings {
    /// How much larger than the 720p reference a picture is, by its area, so
    /// that an upright picture has letters of the same size.
    pub(crate) fn scale(&self) -> f32 {
        let area = self.width as f32 * self.height as f32;
        (area / (1280.0 * 720.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_have_the_reference_s_names_too() {
        let check = |name: &str, layout| assert_eq!(name.parse::<Layout>(), Ok(layout), "{name}");
        check(
            "com.flashphoner.media.mixer.video.presentation.GridLayout",
            Layout::Grid,
        );
        check(
            "com.flashphoner.media.mixer.video.presentation.CropNoPaddingGridLayout",
            Layout::CropNoPadding,
        );
        check("CenterNoPaddingGridLayout", Layout::GridNoPadding);
        check("speaker", Layout::Speaker);
        assert!("com.example.MyLayout".parse::<Layout>().is_err());
        assert_eq!("left".parse(), Ok(DesktopAlign::Left));
        assert!("middle".parse::<DesktopAlign>().is_err());
    }
}
