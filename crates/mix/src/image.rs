//! Images that somebody chose: watermarks, backgrounds, portraits.

use std::sync::Arc;

use crate::colour::Matrix;
use crate::draw::{Sketch, Sprite};

/// The largest width and height of an image.
pub const MAX_IMAGE_SIDE: u32 = 4096;

/// Why bytes are no image.
#[non_exhaustive]
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "an image of {width}x{height} with {bytes} bytes: sides are 1 to {MAX_IMAGE_SIDE}, and a pixel has four bytes"
)]
pub struct ImageError {
    width: u32,
    height: u32,
    bytes: usize,
}

/// Red, green, blue and alpha. Cloning shares the bytes.
#[derive(Clone)]
pub struct Image {
    width: u32,
    height: u32,
    pixels: Arc<Vec<u8>>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({}x{})", self.width, self.height)
    }
}

/// A part of an image, in its pixels.
#[derive(Clone, Copy, Debug)]
struct Part {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

impl Image {
    /// From bytes of red, green, blue and alpha (which they are not multiplied
    /// by), row by row without gaps.
    pub fn rgba(width: u32, height: u32, pixels: Vec<u8>) -> Result<Image, ImageError> {
        let good = |side: u32| (1..=MAX_IMAGE_SIDE).contains(&side);
        if !good(width) || !good(height) || pixels.len() != width as usize * height as usize * 4 {
            return Err(ImageError {
                width,
                height,
                bytes: pixels.len(),
            });
        }
        Ok(Image {
            width,
            height,
            pixels: Arc::new(pixels),
        })
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All of it in another size.
    pub(crate) fn sketch(&self, width: u32, height: u32) -> Sketch {
        let whole = Part {
            x: 0.0,
            y: 0.0,
            width: self.width as f32,
            height: self.height as f32,
        };
        self.part(whole, width, height)
    }

    /// The same, its middle, so that it fills the size without being bent.
    pub(crate) fn covering(&self, width: u32, height: u32) -> Sketch {
        let (w, h) = (self.width as f32, self.height as f32);
        let shown = width as f32 / height.max(1) as f32;
        let (part_w, part_h) = match w / h > shown {
            true => (h * shown, h),
            false => (w, w / shown),
        };
        let part = Part {
            x: (w - part_w) / 2.0,
            y: (h - part_h) / 2.0,
            width: part_w,
            height: part_h,
        };
        self.part(part, width, height)
    }

    pub(crate) fn to_sprite(&self, width: u32, height: u32, matrix: Matrix) -> Sprite {
        self.sketch(width, height).to_sprite(matrix)
    }

    fn part(&self, part: Part, width: u32, height: u32) -> Sketch {
        let mut out = Sketch::new(width, height);
        let across = weights(part.x, part.width, self.width, out.width);
        let down = weights(part.y, part.height, self.height, out.height);
        let mut row = vec![[0.0f32; 4]; self.width as usize];
        for (y, (first, weights)) in down.iter().enumerate() {
            row.fill([0.0; 4]);
            for (i, weight) in weights.iter().enumerate() {
                for (sum, pixel) in row.iter_mut().zip(self.row(first + i)) {
                    let alpha = f32::from(pixel[3]) / 255.0 * weight;
                    for (sum, value) in sum.iter_mut().zip(pixel).take(3) {
                        *sum += f32::from(*value) / 255.0 * alpha;
                    }
                    sum[3] += alpha;
                }
            }
            for (x, (first, weights)) in across.iter().enumerate() {
                let mut pixel = [0.0; 4];
                for (from, weight) in row[*first..].iter().zip(weights) {
                    for (sum, value) in pixel.iter_mut().zip(from) {
                        *sum += value * weight;
                    }
                }
                out.set(x, y, pixel);
            }
        }
        out
    }

    fn row(&self, row: usize) -> &[[u8; 4]] {
        let pixels = self.pixels.as_chunks::<4>().0;
        let width = self.width as usize;
        &pixels[row * width..(row + 1) * width]
    }
}

/// For each pixel of a scaled row the first pixel it is made of, and their
/// shares: the mean of what it covers, or between two when there are fewer.
fn weights(from: f32, length: f32, most: u32, to: u32) -> Vec<(usize, Vec<f32>)> {
    let step = length / to as f32;
    let reach = step.max(1.0);
    (0..to)
        .map(|i| {
            let middle = from + (i as f32 + 0.5) * step - 0.5;
            let last = most as isize - 1;
            let first = ((middle - reach).floor() as isize + 1).clamp(0, last);
            let end = ((middle + reach).ceil() as isize).clamp(first + 1, last + 1);
            let raw: Vec<f32> = (first..end)
                .map(|at| (1.0 - (at as f32 - middle).abs() / reach).max(0.0))
                .collect();
            let sum: f32 = raw.iter().sum();
            let shares = match sum > 0.0 {
                true => raw.iter().map(|value| value / sum).collect(),
                false => vec![1.0 / raw.len() as f32; raw.len()],
            };
            (first as usize, shares)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Image {
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = all.flat_map(|(x, y)| pixel(x, y)).collect();
        Image::rgba(width, height, pixels).unwrap()
    }

    #[test]
    fn bytes_have_to_be_an_image() {
        assert!(Image::rgba(2, 2, vec![0; 16]).is_ok());
        for (width, height, bytes) in [(2, 2, 15), (0, 2, 0), (5000, 1, 20_000)] {
            assert!(Image::rgba(width, height, vec![0; bytes]).is_err());
        }
    }

    #[test]
    fn what_is_clear_has_no_colour_when_it_is_scaled() {
        // White beside clear black: no grey edge.
        let image = of(4, 2, |x, _| if x < 2 { [255; 4] } else { [0; 4] });
        for size in [(2, 2), (8, 4), (40, 20)] {
            let sketch = image.sketch(size.0, size.1);
            for pixel in sketch.pixels() {
                assert!((pixel[0] - pixel[3]).abs() < 1e-4, "{size:?}: {pixel:?}");
            }
        }
    }

    #[test]
    fn the_middle_covers_another_shape() {
        let image = of(30, 10, |x, _| {
            if (10..20).contains(&x) {
                [255, 0, 0, 255]
            } else {
                [0, 0, 255, 255]
            }
        });
        let sketch = image.covering(8, 8);
        let blue: f32 = sketch.pixels().iter().map(|p| p[2]).sum();
        assert!(blue < 8.0, "{blue}");
    }
}
