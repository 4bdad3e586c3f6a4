//! What touches pixels: rows copied, rectangles filled, edges blended.

mod shape;
mod sketch;

pub(crate) use self::shape::{Corner, Ring};
pub(crate) use self::sketch::{Sketch, Sprite};
use crate::colour::Yuv;
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

    /// Gives `rect` back to what is behind everything, a picture of this size.
    pub(crate) fn restore(&mut self, rect: &Rect, behind: &Picture) {
        let Some(rect) = self.clip(rect) else { return };
        for plane in 0..3 {
            let (x, y, w, h) = in_plane(&rect, plane);
            for row in y..y + h {
                self.planes[plane].row(row)[x..x + w]
                    .copy_from_slice(&behind.row(plane, row)[x..x + w]);
            }
        }
    }

    /// Gives the corners of `rect` back to it.
    pub(crate) fn round(&mut self, rect: &Rect, corner: &Corner, behind: &Picture) {
        let Some(rect) = self.clip(rect) else { return };
        for plane in 0..3 {
            let (x, y, w, h) = in_plane(&rect, plane);
            let mask = &corner.masks[usize::from(plane > 0)];
            let size = mask.size.min(w / 2).min(h / 2);
            for row in 0..size {
                let line = &mask.covered[row * mask.size..row * mask.size + size];
                for at in [y + row, y + h - 1 - row] {
                    let pixels = &mut self.planes[plane].row(at)[x..x + w];
                    let behind = &behind.row(plane, at)[x..x + w];
                    for (i, &covered) in line.iter().enumerate() {
                        for i in [i, w - 1 - i] {
                            pixels[i] = mixed(behind[i], pixels[i], covered);
                        }
                    }
                }
            }
        }
    }

    /// Goes over to another picture of this size; `share` of 255.
    pub(crate) fn fade(&mut self, to: &Picture, share: u8) {
        for plane in 0..3 {
            let (w, h) = plane_size(self.width, self.height, plane);
            for row in 0..h {
                let pixels = &mut self.planes[plane].row(row)[..w];
                for (pixel, &to) in pixels.iter_mut().zip(to.row(plane, row)) {
                    *pixel = mixed(*pixel, to, share);
                }
            }
        }
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
