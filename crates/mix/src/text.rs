//! Text of any script, drawn into sketches.

use std::sync::Arc;

use cosmic_text::{
    Align, Attrs, Buffer, Color, Ellipsize, EllipsizeHeightLimit, Fallback, Family, FontSystem,
    Metrics, PlatformFallback, Shaping, SwashCache, Weight, Wrap, fontdb,
};

use crate::colour::Rgb;
use crate::draw::Sketch;

/// Latin, Cyrillic and Greek: Onest, the web app's letters, with Inter's Greek.
static LETTERS: &[u8] = include_bytes!("../fonts/VecheSans-Medium.ttf");
const FAMILY: &str = "Veche Sans";

/// The fonts that texts are drawn with. Cheap to clone; ask for them once.
#[derive(Clone, Debug)]
pub struct Fonts {
    database: Arc<fontdb::Database>,
}

impl Fonts {
    /// The font that is part of this crate: Latin, Cyrillic, Greek. Pictures are
    /// the same on every machine.
    pub fn embedded() -> Fonts {
        let mut database = fontdb::Database::new();
        database.load_font_data(LETTERS.to_vec());
        Fonts {
            database: Arc::new(database),
        }
    }

    /// The same, and for other scripts and emoji the fonts that this machine has.
    /// Reads the fonts' directories, some tens of milliseconds: the only call of
    /// this crate that looks at a disk. Font files are mapped when first needed.
    pub fn with_system() -> Fonts {
        let mut database = fontdb::Database::new();
        database.load_font_data(LETTERS.to_vec());
        database.load_system_fonts();
        Fonts {
            database: Arc::new(database),
        }
    }
}

/// Ours first whatever the script; only then what the platform suggests.
#[derive(Debug)]
struct OursFirst;

impl Fallback for OursFirst {
    fn common_fallback(&self) -> &[&'static str] {
        const COMMON: &[&str] = &[
            FAMILY,
            "Noto Sans",
            "DejaVu Sans",
            "Noto Color Emoji",
            "Noto Sans Symbols",
            "Noto Sans Symbols2",
        ];
        COMMON
    }

    fn forbidden_fallback(&self) -> &[&'static str] {
        PlatformFallback.forbidden_fallback()
    }

    fn script_fallback(&self, script: unicode_script::Script, locale: &str) -> &[&'static str] {
        PlatformFallback.script_fallback(script, locale)
    }
}

/// How a text is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Height of the letters' em, pixels.
    pub size: f32,
    /// Where a line ends.
    pub width: f32,
    /// How many lines there may be; what is more ends in an ellipsis.
    pub lines: usize,
    pub colour: Rgb,
}

/// From one line to the next, in ems.
const LINE: f32 = 1.25;

/// Drawn glyphs that are kept. A glyph of 40 pixels takes some 2 kB.
const KEPT_GLYPHS: usize = 1024;

/// Draws texts.
#[derive(Debug)]
pub(crate) struct Writer {
    system: FontSystem,
    glyphs: SwashCache,
}

impl Writer {
    pub fn new(fonts: &Fonts) -> Writer {
        Writer {
            system: FontSystem::new_with_locale_and_db_and_fallback(
                "en-US".to_owned(),
                (*fonts.database).clone(),
                OursFirst,
            ),
            glyphs: SwashCache::new(),
        }
    }

    fn laid_out(&mut self, text: &str, style: Style, line: f32, align: Option<Align>) -> Buffer {
        let mut buffer = Buffer::new(&mut self.system, Metrics::new(style.size, line));
        let one = style.lines <= 1;
        buffer.set_wrap(if one { Wrap::None } else { Wrap::WordOrGlyph });
        if one {
            buffer.set_ellipsize(Ellipsize::End(EllipsizeHeightLimit::Lines(1)));
        }
        buffer.set_size(Some(style.width.max(style.size)), None);
        let attrs = Attrs::new()
            .family(Family::Name(FAMILY))
            // Fallback takes fonts of exactly the same weight, and most have only
            // this one. Ours says it of itself too.
            .weight(Weight::NORMAL);
        buffer.set_text(text, &attrs, Shaping::Advanced, align);
        buffer.shape_until_scroll(&mut self.system, false);
        buffer
    }

    /// A text as wide and high as it is; at least a clear sketch of one line.
    pub fn write(&mut self, text: &str, style: Style) -> Sketch {
        let one = style.lines <= 1;
        self.written(text, style, one.then_some(Align::Left))
    }

    /// The same, each line in the middle.
    pub fn write_centred(&mut self, text: &str, style: Style) -> Sketch {
        self.written(text, style, Some(Align::Center))
    }

    fn written(&mut self, text: &str, style: Style, align: Option<Align>) -> Sketch {
        if self.glyphs.image_cache.len() > KEPT_GLYPHS {
            self.glyphs.image_cache.clear();
        }
        let line = (style.size * LINE).ceil();
        let mut buffer = self.laid_out(text, style, line, align);
        if style.lines > 1 {
            // The library's ellipsis is for single lines: others are cut here.
            let mut cut = text.to_owned();
            while let Some(end) = overflow(&buffer, style.lines) {
                let end = end.min(cut.len().saturating_sub('…'.len_utf8() + 1));
                let end = (0..=end)
                    .rev()
                    .find(|&i| cut.is_char_boundary(i))
                    .unwrap_or(0);
                cut.truncate(end);
                cut.truncate(cut.trim_end().len());
                cut.push('…');
                buffer = self.laid_out(&cut, style, line, align);
                if end == 0 {
                    break;
                }
            }
        }
        let (mut left, mut right, mut lines) = (f32::MAX, 0.0f32, 0usize);
        for run in buffer.layout_runs() {
            lines += 1;
            for glyph in run.glyphs {
                left = left.min(glyph.x);
                right = right.max(glyph.x + glyph.w);
            }
        }
        let left = if left == f32::MAX { 0.0 } else { left };
        let height = (lines.max(1) as f32 * line) as u32;
        let mut sketch = Sketch::new((right - left).max(1.0).ceil() as u32, height);
        let Rgb { r, g, b } = style.colour;
        let shift = left.floor() as i32;
        buffer.draw(
            &mut self.system,
            &mut self.glyphs,
            Color::rgb(r, g, b),
            |x, y, _, _, colour| {
                let alpha = f32::from(colour.a()) / 255.0;
                let colour = Rgb::new(colour.r(), colour.g(), colour.b());
                sketch.over(x - shift, y, colour, alpha);
            },
        );
        sketch
    }
}

/// Where the last of `lines` ends, when there are more.
fn overflow(buffer: &Buffer, lines: usize) -> Option<usize> {
    buffer.layout_runs().nth(lines)?;
    let last = buffer.layout_runs().nth(lines - 1)?;
    last.glyphs.iter().map(|glyph| glyph.end).max()
}

/// A text as one line without what could pass it off for another or turn the
/// text round it: control and direction characters. At most `longest` characters.
pub(crate) fn plain(text: &str, longest: usize) -> String {
    let mut out = String::new();
    let mut gap = false;
    for c in text.chars() {
        let hidden = matches!(c,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if c.is_whitespace() {
            gap = !out.is_empty();
        } else if !hidden && !c.is_control() {
            if std::mem::take(&mut gap) {
                out.push(' ');
            }
            out.push(c);
        }
        // Bytes are bounded with the characters.
        if out.len() >= longest * 4 {
            break;
        }
    }
    match out.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &out[..end]),
        None => out,
    }
}

/// One or two letters that stand for a person, as the web app chooses them.
pub(crate) fn monogram(name: &str) -> String {
    let words: Vec<&str> = name
        .split(|c: char| c.is_whitespace() || matches!(c, '.' | '_' | '-'))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .collect();
    let first = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let letters: String = match words.as_slice() {
        [] => name.trim().chars().take(1).collect(),
        [only] => first(only).into_iter().collect(),
        [one, .., last] => first(one).into_iter().chain(first(last)).collect(),
    };
    match letters.is_empty() {
        true => "?".to_owned(),
        false => letters.to_uppercase(),
    }
}

/// A hue (degrees) out of a name, the same as in the web app for names in
/// composed form. Red is kept for endings.
pub(crate) fn hue(name: &str) -> f32 {
    let mut hash = 2_166_136_261u32;
    for c in name.chars() {
        hash = (hash ^ u32::from(c)).wrapping_mul(16_777_619);
    }
    (55 + hash % 290) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_would_disguise_them() {
        assert_eq!(plain("  Ann\n\tLee ", 64), "Ann Lee");
        assert_eq!(plain("a\u{202e}b\u{0}c\u{2066}", 64), "abc");
        assert_eq!(plain("abcdef", 3), "abc…");
        assert!(plain(&"\u{1f469}".repeat(10_000), 100).len() < 500);
    }

    #[test]
    fn monograms_and_hues_are_the_web_app_s() {
        let check = |name: &str, letters: &str| assert_eq!(monogram(name), letters, "{name}");
        check("Ann", "A");
        check("ann marie lee", "AL");
        check("jean-luc", "JL");
        check("Жанна д'Арк", "ЖД");
        check("李雷", "李");
        check("…", "…");
        check("", "?");
        check("😀", "😀");
        // From web/apps/src/model/names.ts.
        assert_eq!(hue("Ann"), 85.0);
    }

    #[test]
    fn a_long_name_ends_within_its_width() {
        let mut writer = Writer::new(&Fonts::embedded());
        let style = Style {
            size: 20.0,
            width: 100.0,
            lines: 1,
            colour: Rgb::WHITE,
        };
        let long = writer.write(&"Bartholomew ".repeat(9), style);
        assert!(long.width <= 102 && long.height <= 26, "{}", long.width);
        let short = writer.write("Bo", style);
        assert!(short.width < 40);
        let lines = writer.write(&"word ".repeat(99), Style { lines: 3, ..style });
        assert_eq!(lines.height, 76);
    }
}
