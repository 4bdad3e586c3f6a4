//! What is drawn by pixels of red, green and blue before it becomes a picture.

use super::shape::disc;
use crate::colour::{Matrix, Rgb};
use crate::layout::Rect;
use crate::picture::Picture;

/// Something small that is drawn once and blended often. Values are multiplied
/// by their alpha already; chroma is halved, with an alpha of its own.
#[derive(Clone, Debug)]
pub(crate) struct Sprite {
    pub width: u32,
    pub height: u32,
    pub(super) planes: [Vec<u8>; 3],
    pub(super) alpha: [Vec<u8>; 2],
}

/// Red, green, blue (multiplied by alpha) and alpha, each from 0 to 1, to draw a
/// sprite or a card with.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub width: u32,
    pub height: u32,
    pixels: Vec<[f32; 4]>,
}

impl Sketch {
    /// A clear one; sizes are made even.
    pub fn new(width: u32, height: u32) -> Sketch {
        let width = width.next_multiple_of(2).max(2);
        let height = height.next_multiple_of(2).max(2);
        Sketch {
            width,
            height,
            pixels: vec![[0.0; 4]; width as usize * height as usize],
        }
    }

    /// Sets a pixel that is in it.
    pub fn set(&mut self, x: usize, y: usize, pixel: [f32; 4]) {
        self.pixels[y * self.width as usize + x] = pixel;
    }

    #[cfg(test)]
    pub fn pixels(&self) -> &[[f32; 4]] {
        &self.pixels
    }

    /// Keeps what is in a disc in the middle, as wide as the sketch.
    pub fn keep_disc(&mut self) {
        let (w, h) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        let width = self.width as usize;
        for (i, pixel) in self.pixels.iter_mut().enumerate() {
            let dx = ((i % width) as f32 + 0.5 - w).abs();
            let dy = ((i / width) as f32 + 0.5 - h).abs();
            let covered = disc(dx, dy, w.min(h));
            for value in pixel {
                *value *= covered;
            }
        }
    }

    /// Puts a colour over one pixel; outside of the sketch nothing happens.
    pub fn over(&mut self, x: i32, y: i32, colour: Rgb, alpha: f32) {
        if x < 0 || y < 0 || x >= self.width as i32 || y >= self.height as i32 || alpha <= 0.0 {
            return;
        }
        let pixel = &mut self.pixels[y as usize * self.width as usize + x as usize];
        let over = [colour.r, colour.g, colour.b].map(|c| f32::from(c) / 255.0 * alpha);
        for (value, over) in pixel.iter_mut().zip([over[0], over[1], over[2], alpha]) {
            *value = *value * (1.0 - alpha) + over;
        }
    }

    /// A line with round ends.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), thickness: f32, colour: Rgb) {
        self.along(from, to, thickness, |sketch, x, y, covered| {
            sketch.over(x, y, colour, covered);
        });
    }

    /// Takes a line with round ends out of what is there.
    pub fn cut(&mut self, from: (f32, f32), to: (f32, f32), thickness: f32) {
        self.along(from, to, thickness, |sketch, x, y, covered| {
            let width = sketch.width as usize;
            for value in &mut sketch.pixels[y as usize * width + x as usize] {
                *value *= 1.0 - covered;
            }
        });
    }

    /// Everything a little clearer.
    pub fn fade(&mut self, opacity: f32) {
        for value in self.pixels.as_flattened_mut() {
            *value *= opacity;
        }
    }

    /// Gives each pixel that a line covers, and by how much.
    fn along(
        &mut self,
        (ax, ay): (f32, f32),
        (bx, by): (f32, f32),
        thickness: f32,
        mut paint: impl FnMut(&mut Sketch, i32, i32, f32),
    ) {
        let reach = thickness / 2.0 + 1.0;
        let (dx, dy) = (bx - ax, by - ay);
        let length = (dx * dx + dy * dy).max(1e-6);
        let range = |a: f32, b: f32, most: u32| {
            let from = (a.min(b) - reach).floor().max(0.0) as i32;
            from..((a.max(b) + reach).ceil().max(0.0) as i32).min(most as i32)
        };
        for y in range(ay, by, self.height) {
            for x in range(ax, bx, self.width) {
                let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
                let along = (((px - ax) * dx + (py - ay) * dy) / length).clamp(0.0, 1.0);
                let (ox, oy) = (px - ax - along * dx, py - ay - along * dy);
                let covered = disc(ox.abs(), oy.abs(), thickness / 2.0);
                if covered > 0.0 {
                    paint(self, x, y, covered);
                }
            }
        }
    }

    /// A rectangle with rounded corners, in part covered.
    pub fn rounded(&mut self, rect: Rect, radius: f32, colour: Rgb, alpha: f32) {
        let (w, h) = (rect.width as f32, rect.height as f32);
        let radius = radius.min(w / 2.0).min(h / 2.0);
        for y in 0..rect.height {
            for x in 0..rect.width {
                let (fx, fy) = (x as f32 + 0.5, y as f32 + 0.5);
                let dx = (radius - fx).max(fx - (w - radius));
                let dy = (radius - fy).max(fy - (h - radius));
                let covered = match dx > 0.0 && dy > 0.0 {
                    true => disc(dx, dy, radius),
                    false => 1.0,
                };
                self.over(
                    (rect.x + x) as i32,
                    (rect.y + y) as i32,
                    colour,
                    alpha * covered,
                );
            }
        }
    }

    /// Puts another sketch over this one.
    pub fn draw(&mut self, other: &Sketch, left: i32, top: i32) {
        for y in 0..other.height as i32 {
            for x in 0..other.width as i32 {
                let (tx, ty) = (left + x, top + y);
                if tx < 0 || ty < 0 || tx >= self.width as i32 || ty >= self.height as i32 {
                    continue;
                }
                let over = other.pixels[y as usize * other.width as usize + x as usize];
                let pixel = &mut self.pixels[ty as usize * self.width as usize + tx as usize];
                for (value, above) in pixel.iter_mut().zip(over) {
                    *value = *value * (1.0 - over[3]) + above;
                }
            }
        }
    }

    fn halved(&self) -> Vec<[f32; 4]> {
        let (w, h) = (self.width as usize / 2, self.height as usize / 2);
        let at = |x: usize, y: usize| self.pixels[y * self.width as usize + x];
        (0..w * h)
            .map(|i| {
                let (x, y) = (i % w * 2, i / w * 2);
                let four = [at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1)];
                std::array::from_fn(|c| four.iter().map(|p| p[c]).sum::<f32>() / 4.0)
            })
            .collect()
    }

    fn planes(&self, matrix: Matrix) -> ([Vec<u8>; 3], [Vec<u8>; 2]) {
        let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        let halved = self.halved();
        let yuv = |p: &[f32; 4]| matrix.convert([p[0], p[1], p[2]]);
        let planes = [
            self.pixels
                .iter()
                .map(|p| byte(16.0 * p[3] + 219.0 * yuv(p)[0]))
                .collect(),
            halved
                .iter()
                .map(|p| byte(128.0 * p[3] + 224.0 * yuv(p)[1]))
                .collect(),
            halved
                .iter()
                .map(|p| byte(128.0 * p[3] + 224.0 * yuv(p)[2]))
                .collect(),
        ];
        let alpha = [
            self.pixels.iter().map(|p| byte(255.0 * p[3])).collect(),
            halved.iter().map(|p| byte(255.0 * p[3])).collect(),
        ];
        (planes, alpha)
    }

    pub fn to_sprite(&self, matrix: Matrix) -> Sprite {
        let (planes, alpha) = self.planes(matrix);
        Sprite {
            width: self.width,
            height: self.height,
            planes,
            alpha,
        }
    }

    /// As a picture, where every pixel is covered.
    pub fn to_picture(&self, matrix: Matrix) -> Picture {
        let ([mut bytes, u, v], _) = self.planes(matrix);
        bytes.extend(u);
        bytes.extend(v);
        Picture::packed(self.width, self.height, bytes)
            .expect("a sketch is even and has all its planes")
    }
}
