//! What touches pixels: rows copied, rectangles filled, edges blended.

use crate::colour::{Matrix, Rgb, Yuv};
use crate::layout::Rect;
use crate::picture::{Picture, PictureMut, plane_size};

/// `a * b / 255`, rounded.
#[inline(always)]
fn scaled(a: u32, b: u32) -> u32 {
    let product = a * b + 128;
    (product + (product >> 8)) >> 8
}

/// From `under` to `over` by `alpha` of 255.
#[inline(always)]
fn mixed(under: u8, over: u8, alpha: u8) -> u8 {
    (scaled(u32::from(under), 255 - u32::from(alpha)) + scaled(u32::from(over), u32::from(alpha)))
        .min(255) as u8
}

fn plane_colour(colour: Yuv, plane: usize) -> u8 {
    [colour.y, colour.u, colour.v][plane]
}

/// A rectangle in a plane's own pixels.
fn in_plane(rect: &Rect, plane: usize) -> (usize, usize, usize, usize) {
    let half = usize::from(plane > 0);
    (
        rect.x as usize >> half,
        rect.y as usize >> half,
        rect.width as usize >> half,
        rect.height as usize >> half,
    )
}

impl PictureMut<'_> {
    /// What of `rect` lies in the picture.
    fn clip(&self, rect: &Rect) -> Option<Rect> {
        let (x, y) = (rect.x.min(self.width), rect.y.min(self.height));
        let width = rect.right().min(self.width) - x;
        let height = rect.bottom().min(self.height) - y;
        (width > 0 && height > 0).then_some(Rect {
            x,
            y,
            width,
            height,
        })
    }

    /// Fills `rect` with a colour.
    pub(crate) fn fill(&mut self, rect: &Rect, colour: Yuv) {
        let Some(rect) = self.clip(rect) else { return };
        for plane in 0..3 {
            let (x, y, w, h) = in_plane(&rect, plane);
            let value = plane_colour(colour, plane);
            for row in y..y + h {
                self.planes[plane].row(row)[x..x + w].fill(value);
            }
        }
    }

    /// Blends a colour over `rect`; `alpha` of 255.
    pub(crate) fn veil(&mut self, rect: &Rect, colour: Yuv, alpha: u8) {
        let Some(rect) = self.clip(rect) else { return };
        for plane in 0..3 {
            let (x, y, w, h) = in_plane(&rect, plane);
            let value = plane_colour(colour, plane);
            for row in y..y + h {
                for pixel in &mut self.planes[plane].row(row)[x..x + w] {
                    *pixel = mixed(*pixel, value, alpha);
                }
            }
        }
    }

    /// Copies `picture` to (x, y); what reaches beyond the edges is left out.
    pub(crate) fn blit(&mut self, picture: &Picture, x: u32, y: u32) {
        let place = Rect {
            x,
            y,
            width: picture.width(),
            height: picture.height(),
        };
        let Some(rect) = self.clip(&place) else {
            return;
        };
        for plane in 0..3 {
            let (px, py, w, h) = in_plane(&rect, plane);
            let (from, stride) = picture.plane(plane);
            for row in 0..h {
                self.planes[plane].row(py + row)[px..px + w]
                    .copy_from_slice(&from[row * stride..row * stride + w]);
            }
        }
    }

    /// Gives the corners of `rect` back to the colour behind it.
    pub(crate) fn round(&mut self, rect: &Rect, corner: &Corner, behind: Yuv) {
        self.corners(rect, corner, |pixel, plane, covered| {
            mixed(plane_colour(behind, plane), pixel, covered)
        });
    }

    /// What lies in `rect` now, into a picture of its size.
    pub(crate) fn keep(&mut self, rect: &Rect, into: &mut Picture) {
        let mut into = into.edit();
        for plane in 0..3 {
            let (x, y, w, h) = in_plane(rect, plane);
            for row in 0..h {
                into.planes[plane].row(row)[..w]
                    .copy_from_slice(&self.planes[plane].row(y + row)[x..x + w]);
            }
        }
    }

    /// Blends what was kept back over `rect`: all of it where `opacity` is 0, its
    /// corners else.
    pub(crate) fn uncover(&mut self, rect: &Rect, kept: &Picture, corner: &Corner, opacity: u8) {
        for plane in 0..3 {
            let (x, y, w, h) = in_plane(rect, plane);
            let mask = &corner.masks[usize::from(plane > 0)];
            let size = mask.size.min(w / 2).min(h / 2);
            for row in 0..h {
                let pixels = &mut self.planes[plane].row(y + row)[x..x + w];
                let kept = kept.row(plane, row);
                for (pixel, &kept) in pixels[size..w - size].iter_mut().zip(&kept[size..]) {
                    *pixel = mixed(kept, *pixel, opacity);
                }
                let from_edge = row.min(h - 1 - row);
                for i in 0..size {
                    let covered = match from_edge < size {
                        true => mask.covered[from_edge * mask.size + i],
                        false => 255,
                    };
                    let alpha = scaled(u32::from(covered), u32::from(opacity)) as u8;
                    for i in [i, w - 1 - i] {
                        pixels[i] = mixed(kept[i], pixels[i], alpha);
                    }
                }
            }
        }
    }

    fn corners(&mut self, rect: &Rect, corner: &Corner, paint: impl Fn(u8, usize, u8) -> u8) {
        let Some(rect) = self.clip(rect) else { return };
        for plane in 0..3 {
            let (x, y, w, h) = in_plane(&rect, plane);
            let mask = &corner.masks[usize::from(plane > 0)];
            let size = mask.size.min(w / 2).min(h / 2);
            for row in 0..size {
                let line = &mask.covered[row * mask.size..row * mask.size + size];
                for at in [y + row, y + h - 1 - row] {
                    let pixels = &mut self.planes[plane].row(at)[x..x + w];
                    for (i, &covered) in line.iter().enumerate() {
                        pixels[i] = paint(pixels[i], plane, covered);
                        let mirrored = w - 1 - i;
                        pixels[mirrored] = paint(pixels[mirrored], plane, covered);
                    }
                }
            }
        }
    }

    /// Draws a frame inside the edges of `rect`; `opacity` of 255.
    pub(crate) fn ring(&mut self, rect: &Rect, ring: &Ring, colour: Yuv, opacity: u8) {
        let Some(rect) = self.clip(rect) else { return };
        let size = (ring.corner.size as u32)
            .min(rect.width / 2)
            .min(rect.height / 2)
            & !1;
        let thick = ring.thickness.min(rect.width / 2).min(rect.height / 2) & !1;
        let across = Rect {
            x: rect.x + size,
            width: rect.width - 2 * size,
            height: thick,
            ..rect
        };
        let upright = Rect {
            y: rect.y + size,
            width: thick,
            height: rect.height - 2 * size,
            ..rect
        };
        for edge in [
            across,
            Rect {
                y: rect.bottom() - thick,
                ..across
            },
            upright,
            Rect {
                x: rect.right() - thick,
                ..upright
            },
        ] {
            self.veil(&edge, colour, opacity);
        }
        self.corners(&rect, &ring.corner, |pixel, plane, covered| {
            let alpha = scaled(u32::from(covered), u32::from(opacity)) as u8;
            mixed(pixel, plane_colour(colour, plane), alpha)
        });
    }

    /// Blends a sprite at (x, y), both even, where `clip` allows it.
    pub(crate) fn sprite(&mut self, sprite: &Sprite, x: i64, y: i64, clip: &Rect, opacity: u8) {
        let Some(clip) = self.clip(clip) else { return };
        let opacity = u32::from(opacity);
        for plane in 0..3 {
            let half = u32::from(plane > 0);
            let (cx, cy, cw, ch) = in_plane(&clip, plane);
            let (sw, sh) = plane_size(sprite.width, sprite.height, plane);
            let (sx, sy) = (x >> half, y >> half);
            let x0 = (cx as i64).max(sx);
            let x1 = ((cx + cw) as i64).min(sx + sw as i64);
            let y0 = (cy as i64).max(sy);
            let y1 = ((cy + ch) as i64).min(sy + sh as i64);
            if x0 >= x1 || y0 >= y1 {
                continue;
            }
            let alphas = &sprite.alpha[usize::from(plane > 0)];
            let values = &sprite.planes[plane];
            for row in y0..y1 {
                let from = (row - sy) as usize * sw + (x0 - sx) as usize;
                let len = (x1 - x0) as usize;
                let pixels =
                    &mut self.planes[plane].row(row as usize)[x0 as usize..x0 as usize + len];
                let over = &values[from..from + len];
                let alpha = &alphas[from..from + len];
                for ((pixel, &over), &alpha) in pixels.iter_mut().zip(over).zip(alpha) {
                    let left = 255 - scaled(u32::from(alpha), opacity);
                    let sum = scaled(u32::from(*pixel), left) + scaled(u32::from(over), opacity);
                    *pixel = sum.min(255) as u8;
                }
            }
        }
    }
}

/// How much of each pixel of a corner is covered, the corner at the top left.
#[derive(Clone, Debug)]
struct Mask {
    size: usize,
    covered: Vec<u8>,
}

/// A rounded corner, for luma and for chroma.
#[derive(Clone, Debug)]
pub(crate) struct Corner {
    size: usize,
    masks: [Mask; 2],
}

impl Corner {
    pub fn new(radius: u32) -> Corner {
        let radius = radius as f32;
        Corner::covered(radius.ceil() as usize, |x, y| {
            disc(radius - x, radius - y, radius)
        })
    }

    fn covered(size: usize, cover: impl Fn(f32, f32) -> f32) -> Corner {
        let size = size.next_multiple_of(2);
        let luma: Vec<f32> = (0..size * size)
            .map(|i| cover((i % size) as f32 + 0.5, (i / size) as f32 + 0.5).clamp(0.0, 1.0))
            .collect();
        let half = size / 2;
        let chroma = (0..half * half)
            .map(|i| {
                let at = i / half * 2 * size + i % half * 2;
                (luma[at] + luma[at + 1] + luma[at + size] + luma[at + size + 1]) / 4.0
            })
            .map(|covered| (covered * 255.0).round() as u8)
            .collect();
        Corner {
            size,
            masks: [
                Mask {
                    size,
                    covered: luma.iter().map(|c| (c * 255.0).round() as u8).collect(),
                },
                Mask {
                    size: half,
                    covered: chroma,
                },
            ],
        }
    }
}

/// How much of a pixel at this offset from its middle a disc covers.
fn disc(dx: f32, dy: f32, radius: f32) -> f32 {
    let (dx, dy) = (dx.max(0.0), dy.max(0.0));
    (radius - (dx * dx + dy * dy).sqrt() + 0.5).clamp(0.0, 1.0)
}

/// A frame with rounded corners.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    thickness: u32,
    corner: Corner,
}

impl Ring {
    /// `thickness` is even, so that it is whole pixels of chroma.
    pub fn new(radius: u32, thickness: u32) -> Ring {
        let (outer, thick) = (radius as f32, thickness as f32);
        let inner = (outer - thick).max(0.0);
        let size = radius.max(thickness) as usize;
        let corner = Corner::covered(size, |x, y| {
            let inside = match x > thick && y > thick {
                // The inner edge has its own rounding, or none.
                true => disc(outer.max(thick) - x, outer.max(thick) - y, inner),
                false => 0.0,
            };
            let hole = if inner == 0.0 && x > thick && y > thick {
                1.0
            } else {
                inside
            };
            disc(outer - x, outer - y, outer) - hole
        });
        Ring { thickness, corner }
    }
}

/// Something small that is drawn once and blended often. Values are multiplied
/// by their alpha already; chroma is halved, with an alpha of its own.
#[derive(Clone, Debug)]
pub(crate) struct Sprite {
    pub width: u32,
    pub height: u32,
    planes: [Vec<u8>; 3],
    alpha: [Vec<u8>; 2],
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
