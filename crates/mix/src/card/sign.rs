//! Small signs before names.

use crate::colour::Rgb;
use crate::draw::Sketch;
use crate::layout::Rect;

/// What a sign tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It is a screen.
    Screen,
    /// The microphone is off.
    Muted,
}

/// How much of what is behind them signs let through.
const OPACITY: f32 = 0.95;

impl Sign {
    /// With the space behind it, in heights of letters.
    pub fn width(self) -> f32 {
        match self {
            Sign::Screen => 1.45,
            Sign::Muted => 1.2,
        }
    }

    /// Draws it in the middle of the height, for letters of that size.
    pub fn draw(self, sketch: &mut Sketch, left: f32, size: f32, colour: Rgb) {
        match self {
            Sign::Screen => screen(sketch, left, size, colour),
            Sign::Muted => muted(sketch, left, size, colour),
        }
    }
}

/// A screen on a foot.
fn screen(sketch: &mut Sketch, left: f32, size: f32, colour: Rgb) {
    let unit = size / 10.0;
    let middle = sketch.height as f32 / 2.0;
    let mut part = |x: f32, y: f32, w: f32, h: f32| {
        let rect = Rect {
            x: (left + x * unit).round() as u32,
            y: (middle + y * unit).round().max(0.0) as u32,
            width: (w * unit).round().max(1.0) as u32,
            height: (h * unit).round().max(1.0) as u32,
        };
        sketch.rounded(rect, unit, colour, OPACITY);
    };
    part(0.0, -4.2, 11.0, 7.0);
    part(3.5, 3.7, 4.0, 1.2);
}

/// A microphone, crossed out.
fn muted(sketch: &mut Sketch, left: f32, size: f32, colour: Rgb) {
    let unit = size / 10.0;
    let mut sign = Sketch::new((size * 1.1).ceil() as u32, (size * 1.2).ceil() as u32);
    let centre = (4.5 * unit, sign.height as f32 / 2.0);
    let at = |x: f32, y: f32| (centre.0 + x * unit, centre.1 + y * unit);
    let line = |thickness: f32| (thickness * unit).max(1.0);
    // The capsule, the holder round it, the stand.
    sign.line(at(0.0, -2.9), at(0.0, 0.1), 3.2 * unit, colour);
    let holder: Vec<(f32, f32)> = (0..=12)
        .map(|step| {
            let (sin, cos) = (std::f32::consts::PI * step as f32 / 12.0).sin_cos();
            at(3.2 * cos, 0.1 + 3.0 * sin)
        })
        .collect();
    for pair in holder.windows(2) {
        sign.line(pair[0], pair[1], line(1.1), colour);
    }
    sign.line(at(0.0, 3.1), at(0.0, 4.6), line(1.1), colour);
    // The stroke, with a gap beside it.
    sign.cut(at(-3.6, -4.6), at(4.4, 3.9), line(2.9));
    sign.line(at(-4.0, -4.2), at(4.0, 4.3), line(1.2), colour);
    sign.fade(OPACITY);
    let top = (sketch.height as f32 - sign.height as f32) / 2.0;
    sketch.draw(&sign, left.round() as i32, top.round() as i32);
}
