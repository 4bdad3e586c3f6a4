//! What is drawn for a source: names on pictures, cards instead of pictures.

mod sign;

pub(crate) use self::sign::Sign;
use crate::colour::{Rgb, theme};
use crate::draw::{Sketch, Sprite};
use crate::image::Image;
use crate::layout::Rect;
use crate::picture::Picture;
use crate::settings::Settings;
use crate::text::{Style, Writer, hue, monogram};

/// Smaller letters cannot be read.
const SMALLEST_TEXT: f32 = 11.0;

/// What of the padding below a name its line has below letters anyway.
const SPARE_BELOW: f32 = 3.0;

fn even(value: f32) -> u32 {
    ((value.max(0.0) / 2.0).round() as u32) * 2
}

/// Height of names on a picture in a tile of this height.
fn caption_size(settings: &Settings, height: u32) -> f32 {
    let full = settings.font_size as f32 * settings.scale();
    let size = match settings.caption_autoscale {
        true => full.min(height as f32 * 0.072),
        false => full,
    };
    size.max(SMALLEST_TEXT)
}

/// Distance of a name from its tile's edges.
pub(crate) fn caption_inset(settings: &Settings, height: u32) -> u32 {
    even(caption_size(settings, height) * 0.6)
}

/// A name on a picture; `None` where there is no room for one.
pub(crate) fn caption(
    writer: &mut Writer,
    settings: &Settings,
    name: &str,
    sign: Option<Sign>,
    (width, height): (u32, u32),
) -> Option<Sprite> {
    let mut size = caption_size(settings, height);
    let inset = caption_inset(settings, height) as f32;
    let mut opacity = settings.text_background_opacity.clamp(0.0, 1.0);
    if sign == Some(Sign::Screen) {
        // What is shown matters more than who shows it, and is often white.
        size = (size * 0.85).max(SMALLEST_TEXT);
        opacity += (1.0 - opacity) * 0.4;
    }
    let k = size / settings.font_size.max(1) as f32;
    let padding = settings.text_padding;
    // Round ends need more room than the corners of the reference's boxes.
    let end = size * 0.25;
    let left = padding.left as f32 * k + end;
    let right = padding.right as f32 * k + end;
    let icon = sign.map_or(0.0, |sign| size * sign.width());
    let room = width as f32 - 2.0 * inset - left - right - icon;
    if name.is_empty() || room < size * 1.5 || (height as f32) < size * 2.6 {
        return None;
    }
    let style = Style {
        size,
        width: room,
        lines: 1,
        colour: settings.text_colour,
    };
    let text = writer.write(name, style);
    let line = text.height as f32;
    let top = (padding.top as f32 - settings.text_cut_top as f32) * k;
    let bottom = (padding.bottom as f32 - SPARE_BELOW) * k;
    let mut sketch = Sketch::new(
        (left + icon + text.width as f32 + right).round() as u32,
        (top + line + bottom).max(line).round() as u32,
    );
    let whole = Rect {
        x: 0,
        y: 0,
        width: sketch.width,
        height: sketch.height,
    };
    sketch.rounded(whole, line, settings.text_background, opacity);
    if let Some(sign) = sign {
        sign.draw(&mut sketch, left, size, settings.text_colour);
    }
    sketch.draw(
        &text,
        (left + icon).round() as i32,
        top.max(0.0).round() as i32,
    );
    Some(sketch.to_sprite(settings.matrix))
}

/// Whose card it is.
#[derive(Clone, Copy)]
pub(crate) struct Who<'a> {
    pub name: &'a str,
    pub muted: bool,
    /// Instead of letters.
    pub avatar: Option<&'a Image>,
}

/// A tile of somebody without a picture: monogram or portrait, and the name, in
/// the middle.
pub(crate) fn card(
    writer: &mut Writer,
    settings: &Settings,
    who: Who<'_>,
    (width, height): (u32, u32),
) -> Picture {
    let name = who.name;
    let hue = hue(name);
    let (w, h) = (width as f32, height as f32);
    let scale = settings.scale();
    let mut sketch = filled(width, height, theme::face(hue));

    let (share, most) = match who.avatar {
        Some(_) => (0.5, 260.0),
        None => (0.38, 190.0),
    };
    let circle = even((w.min(h) * share).min(most * scale)).max(16);
    let size = match settings.caption_autoscale {
        true => (settings.font_size_audio_only as f32 * scale).min(h * 0.105),
        false => settings.font_size_audio_only as f32 * scale,
    }
    .max(SMALLEST_TEXT);
    let named = settings.show_names && !name.is_empty() && h > size * 4.0;
    let sign = who.muted.then_some(Sign::Muted);
    let icon = sign.map_or(0.0, |sign| size * sign.width());
    let text = named.then(|| {
        let style = Style {
            size,
            width: w * 0.88 - icon,
            lines: 1,
            colour: theme::face_ink(hue),
        };
        writer.write(name, style)
    });
    let gap = size * 0.35;
    let below = text.as_ref().map_or(0.0, |text| gap + text.height as f32);
    let top = ((h - circle as f32 - below) / 2.0).max(0.0);
    let ring = Rect {
        // Of a tile of some pixels the circle is the larger one.
        x: width.saturating_sub(circle) / 2,
        y: top as u32,
        width: circle,
        height: circle,
    };
    face(&mut sketch, writer, ring, name, who.avatar);
    if let Some(text) = text {
        let middle = top + circle as f32 + gap + text.height as f32 / 2.0;
        if let Some(sign) = sign {
            let left = (w - text.width as f32 - icon) / 2.0;
            let mut drawn = Sketch::new(icon.ceil() as u32, text.height);
            sign.draw(&mut drawn, 0.0, size, theme::face_ink(hue));
            let top = middle - drawn.height as f32 / 2.0;
            sketch.draw(&drawn, left.round() as i32, top.round() as i32);
        }
        centred(&mut sketch, &text, (w + icon) / 2.0, middle);
    }
    sketch.to_picture(settings.matrix)
}

/// A portrait in a circle, or a monogram.
pub(crate) fn face(
    sketch: &mut Sketch,
    writer: &mut Writer,
    circle: Rect,
    name: &str,
    avatar: Option<&Image>,
) {
    let hue = hue(name);
    if let Some(avatar) = avatar {
        let mut portrait = avatar.covering(circle.width, circle.height);
        portrait.keep_disc();
        // What of it is clear shows its person's colour.
        sketch.rounded(circle, circle.width as f32, theme::face_circle(hue), 1.0);
        sketch.draw(&portrait, circle.x as i32, circle.y as i32);
        return;
    }
    sketch.rounded(circle, circle.width as f32, theme::face_circle(hue), 1.0);
    let letters = writer.write(
        &monogram(name),
        Style {
            size: circle.width as f32 * 0.4,
            width: circle.width as f32,
            lines: 1,
            colour: theme::face_ink(hue),
        },
    );
    let middle = |at: u32| at as f32 + circle.width as f32 / 2.0;
    centred(sketch, &letters, middle(circle.x), middle(circle.y));
}

/// The tile that counts those who found no room.
pub(crate) fn more(
    writer: &mut Writer,
    settings: &Settings,
    count: usize,
    (width, height): (u32, u32),
) -> Picture {
    let mut sketch = filled(width, height, theme::SUNKEN);
    let style = Style {
        size: (height as f32 * 0.26).max(SMALLEST_TEXT),
        width: width as f32 * 0.9,
        lines: 1,
        colour: theme::INK_SOFT,
    };
    let text = writer.write(&format!("+{count}"), style);
    centred(&mut sketch, &text, width as f32 / 2.0, height as f32 / 2.0);
    sketch.to_picture(settings.matrix)
}

/// A chat message: who, and under it what.
pub(crate) fn message(writer: &mut Writer, settings: &Settings, name: &str, text: &str) -> Sprite {
    let size = (18.0 * settings.scale()).max(SMALLEST_TEXT);
    let small = settings.scale() < 0.5;
    let share = match settings.height > settings.width {
        true => 0.72,
        false if small => 0.5,
        false => 0.32,
    };
    let (pad_x, pad_y) = (size * 0.75, size * 0.5);
    let style = Style {
        size,
        width: settings.width as f32 * share - 2.0 * pad_x,
        lines: if small { 2 } else { 4 },
        colour: theme::INK,
    };
    let said = writer.write(text, style);
    let who = writer.write(
        name,
        Style {
            size: size * 0.82,
            lines: 1,
            colour: theme::face_ink(hue(name)),
            ..style
        },
    );
    let mut sketch = Sketch::new(
        (said.width.max(who.width) as f32 + 2.0 * pad_x) as u32,
        ((said.height + who.height) as f32 + 2.0 * pad_y) as u32,
    );
    let whole = Rect {
        x: 0,
        y: 0,
        width: sketch.width,
        height: sketch.height,
    };
    sketch.rounded(whole, size * 0.7, theme::SUNKEN, 0.9);
    let left = pad_x.round() as i32;
    sketch.draw(&who, left, pad_y as i32);
    sketch.draw(&said, left, pad_y as i32 + who.height as i32);
    sketch.to_sprite(settings.matrix)
}

pub(crate) fn filled(width: u32, height: u32, colour: Rgb) -> Sketch {
    let mut sketch = Sketch::new(width, height);
    let whole = Rect {
        x: 0,
        y: 0,
        width,
        height,
    };
    sketch.rounded(whole, 0.0, colour, 1.0);
    sketch
}

pub(crate) fn centred(sketch: &mut Sketch, text: &Sketch, x: f32, y: f32) {
    let left = x - text.width as f32 / 2.0;
    let top = y - text.height as f32 / 2.0;
    sketch.draw(text, left.round() as i32, top.round() as i32);
}
