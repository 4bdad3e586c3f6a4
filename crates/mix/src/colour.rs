//! Colours: from sRGB to the Y, U, V of the pictures.

/// A colour, sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Rgb {
    /// White.
    pub const WHITE: Rgb = Rgb::new(255, 255, 255);

    /// From its three parts.
    pub const fn new(r: u8, g: u8, b: u8) -> Rgb {
        Rgb { r, g, b }
    }

    /// `#RRGGBB` or `RRGGBB`; `None` when it is neither.
    pub fn parse(text: &str) -> Option<Rgb> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits, 16).ok()?;
        Some(Rgb::new(
            (value >> 16) as u8,
            (value >> 8) as u8,
            value as u8,
        ))
    }

    /// From Oklch, as the web app's `oklch(lightness chroma hue)`; what sRGB
    /// cannot show is clipped.
    pub fn oklch(lightness: f32, chroma: f32, hue_degrees: f32) -> Rgb {
        let (sin, cos) = hue_degrees.to_radians().sin_cos();
        let (a, b) = (chroma * cos, chroma * sin);
        let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
        let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
        let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
        let gamma = |linear: f32| {
            let linear = linear.clamp(0.0, 1.0);
            let out = match linear <= 0.003_130_8 {
                true => linear * 12.92,
                false => 1.055 * linear.powf(1.0 / 2.4) - 0.055,
            };
            (out * 255.0).round() as u8
        };
        Rgb::new(
            gamma(4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s),
            gamma(-1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s),
            gamma(-0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s),
        )
    }
}

/// A colour as pictures store it: limited range, Y from 16 to 235.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yuv {
    /// Luma.
    pub y: u8,
    /// Blue difference.
    pub u: u8,
    /// Red difference.
    pub v: u8,
}

impl Yuv {
    /// Black in either matrix.
    pub const BLACK: Yuv = Yuv {
        y: 16,
        u: 128,
        v: 128,
    };
}

/// Which weights turn red, green and blue into Y, U, V. Pictures pass through as
/// they are; this is for what is drawn over them, and what the film should say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Matrix {
    /// What browsers' cameras and their VP8 are (`smpte170m`).
    #[default]
    Bt601,
    /// High definition.
    Bt709,
}

impl Matrix {
    /// A colour in this matrix, limited range.
    pub fn yuv(self, colour: Rgb) -> Yuv {
        let [y, u, v] = self.convert([colour.r, colour.g, colour.b].map(|c| f32::from(c) / 255.0));
        let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        Yuv {
            y: byte(16.0 + 219.0 * y),
            u: byte(128.0 + 224.0 * u),
            v: byte(128.0 + 224.0 * v),
        }
    }

    /// From 0..1 each to Y in 0..1 and differences in -0.5..0.5.
    pub(crate) fn convert(self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        let (kr, kb) = match self {
            Matrix::Bt601 => (0.299, 0.114),
            Matrix::Bt709 => (0.2126, 0.0722),
        };
        let y = kr * r + (1.0 - kr - kb) * g + kb * b;
        [
            y,
            (b - y) / (2.0 * (1.0 - kb)),
            (r - y) / (2.0 * (1.0 - kr)),
        ]
    }
}

/// The look of the web app's dark theme (`web/apps/src/styles/tokens.css`).
pub(crate) mod theme {
    use super::Rgb;

    pub const GROUND: Rgb = Rgb::new(0x0c, 0x15, 0x12);
    pub const SUNKEN: Rgb = Rgb::new(0x1e, 0x2d, 0x27);
    pub const INK: Rgb = Rgb::new(0xea, 0xf2, 0xed);
    pub const INK_SOFT: Rgb = Rgb::new(0xa5, 0xb8, 0xae);
    pub const VOICE: Rgb = Rgb::new(0xf6, 0xc1, 0x44);
    /// Behind a name that lies on a picture.
    pub const PILL: Rgb = Rgb::new(8, 18, 14);

    /// Ground of a face without a picture.
    pub fn face(hue: f32) -> Rgb {
        Rgb::oklch(0.31, 0.05, hue)
    }

    /// The circle behind its monogram.
    pub fn face_circle(hue: f32) -> Rgb {
        Rgb::oklch(0.40, 0.07, hue)
    }

    /// Its letters.
    pub fn face_ink(hue: f32) -> Rgb {
        Rgb::oklch(0.88, 0.07, hue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_the_reference_writes_them() {
        assert_eq!(Rgb::parse("#2B2A2B"), Some(Rgb::new(0x2b, 0x2a, 0x2b)));
        assert_eq!(Rgb::parse("ffffff"), Some(Rgb::WHITE));
        for wrong in ["", "#fff", "#12345g", "#1234567", "+12345", "é23456"] {
            assert_eq!(Rgb::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn white_and_black_are_those_of_limited_range() {
        for matrix in [Matrix::Bt601, Matrix::Bt709] {
            assert_eq!(matrix.yuv(Rgb::new(0, 0, 0)), Yuv::BLACK);
            let white = matrix.yuv(Rgb::WHITE);
            assert_eq!((white.y, white.u, white.v), (235, 128, 128));
        }
        // Red of BT.601, as in every table.
        let red = Matrix::Bt601.yuv(Rgb::new(255, 0, 0));
        assert_eq!((red.y, red.u, red.v), (81, 90, 240));
    }

    #[test]
    fn oklch_gives_what_browsers_give() {
        // oklch(0.628 0.2577 29.23) is #ff0000.
        let red = Rgb::oklch(0.628, 0.2577, 29.23);
        assert!(red.r >= 254 && red.g <= 2 && red.b <= 2, "{red:?}");
        assert_eq!(Rgb::oklch(1.0, 0.0, 0.0), Rgb::WHITE);
    }
}
