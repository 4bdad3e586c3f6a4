//! Pictures of another size or another way up.
//!
//! Shrinking averages over all that a pixel covers, enlarging is bilinear: one
//! triangle filter, as wide as the larger of both steps. Rows first, in loops
//! that vectorise, then columns.

use crate::picture::{Picture, plane_size};

/// How a picture has to be turned to stand upright, clockwise, as RTP's video
/// orientation and the recordings' rotation say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Rotation {
    /// Upright already.
    #[default]
    None,
    /// A quarter to the right.
    Quarter,
    /// Upside down.
    Half,
    /// Three quarters to the right, one to the left.
    ThreeQuarters,
}

impl Rotation {
    /// From degrees clockwise; other than quarters count as none.
    pub fn from_degrees(degrees: u32) -> Rotation {
        match degrees % 360 {
            90 => Rotation::Quarter,
            180 => Rotation::Half,
            270 => Rotation::ThreeQuarters,
            _ => Rotation::None,
        }
    }

    /// Whether width and height change places.
    pub fn turns(self) -> bool {
        matches!(self, Rotation::Quarter | Rotation::ThreeQuarters)
    }

    /// A size after turning, or the one before it.
    pub fn size(self, width: u32, height: u32) -> (u32, u32) {
        match self.turns() {
            true => (height, width),
            false => (width, height),
        }
    }
}

/// Weights sum up to one of this many bits: a sum of weighted bytes is sixteen.
const BITS: u32 = 8;

/// For each output pixel the first input pixel and its weights.
#[derive(Clone, Debug, Default)]
struct Taps {
    from: usize,
    to: usize,
    /// Weights of each output pixel; the same number for all.
    width: usize,
    first: Vec<usize>,
    weights: Vec<i16>,
}

impl Taps {
    fn new(from: usize, to: usize) -> Taps {
        let step = from as f32 / to as f32;
        let reach = step.max(1.0);
        // At most eight where large steps begin with halves.
        let width = (2.0 * reach).ceil() as usize + 1;
        let width = width.next_multiple_of(4).min(from);
        let mut first = Vec::with_capacity(to);
        let mut weights = Vec::with_capacity(to * width);
        for i in 0..to {
            let middle = (i as f32 + 0.5) * step - 0.5;
            let begin = ((middle - reach).floor() as isize + 1).clamp(0, (from - width) as isize);
            let begin = begin as usize;
            let raw: Vec<f32> = (begin..begin + width)
                .map(|at| (1.0 - (at as f32 - middle).abs() / reach).max(0.0))
                .collect();
            let sum: f32 = raw.iter().sum();
            let one = (1u32 << BITS) as f32;
            let mut left = 1i32 << BITS;
            let start = weights.len();
            for value in &raw {
                let weight = match sum > 0.0 {
                    true => (value / sum * one).round() as i32,
                    false => 0,
                };
                weights.push(weight.min(left).max(0) as i16);
                left -= weight.min(left).max(0);
            }
            // What rounding left over goes to the heaviest.
            let heaviest = (0..width).max_by(|&a, &b| raw[a].total_cmp(&raw[b]));
            if let Some(heaviest) = heaviest {
                weights[start + heaviest] += left as i16;
            }
            first.push(begin);
        }
        Taps {
            from,
            to,
            width,
            first,
            weights,
        }
    }

    fn at(&self, i: usize) -> (usize, &[i16]) {
        (
            self.first[i],
            &self.weights[i * self.width..(i + 1) * self.width],
        )
    }
}

/// Scales and turns pictures; keeps its tables and rows between frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scaler {
    taps: Vec<Taps>,
    sums: Vec<u16>,
    row: Vec<i16>,
    turned: Option<Picture>,
    halved: [Vec<u8>; 2],
}

/// Enough for both planes in both directions of a few sizes.
const KEPT_TAPS: usize = 64;

impl Scaler {
    fn taps(&mut self, from: usize, to: usize) -> Taps {
        let found = self
            .taps
            .iter()
            .position(|taps| taps.from == from && taps.to == to);
        let at = found.unwrap_or_else(|| {
            if self.taps.len() >= KEPT_TAPS {
                self.taps.remove(0);
            }
            self.taps.push(Taps::new(from, to));
            self.taps.len() - 1
        });
        // Taken out while in use and given back by the caller.
        std::mem::take(&mut self.taps[at])
    }

    fn give_back(&mut self, taps: Taps) {
        match self.taps.iter_mut().find(|slot| slot.to == 0) {
            Some(slot) => *slot = taps,
            None => self.taps.push(taps),
        }
    }

    /// `picture` upright and in the size of `into`.
    pub fn fill(&mut self, picture: &Picture, rotation: Rotation, into: &mut Picture) {
        if rotation == Rotation::None {
            return self.scale(picture, into);
        }
        let (width, height) = rotation.size(into.width(), into.height());
        if (picture.width(), picture.height()) == (width, height) {
            return turn(picture, rotation, into);
        }
        let fits = |turned: &Picture| (turned.width(), turned.height()) == (width, height);
        let mut turned = match self.turned.take().filter(fits) {
            Some(turned) => turned,
            None => Picture::black(width, height),
        };
        self.scale(picture, &mut turned);
        turn(&turned, rotation, into);
        self.turned = Some(turned);
    }

    fn scale(&mut self, picture: &Picture, into: &mut Picture) {
        let (to_width, to_height) = (into.width(), into.height());
        let mut into = into.edit();
        if picture.copy_to(&mut into) {
            return;
        }
        for plane in 0..3 {
            let (w, h) = plane_size(picture.width(), picture.height(), plane);
            let (tw, th) = plane_size(to_width, to_height, plane);
            let (from, stride) = picture.plane(plane);
            // Large steps begin with halves: the mean of four pixels is quick.
            let [mut near, mut far] = std::mem::take(&mut self.halved);
            let (mut from, mut stride, mut w, mut h) = (from, stride, w, h);
            if w >= 2 * tw && h >= 2 * th {
                (w, h) = halve(from, stride, w, h, &mut near);
                while w >= 2 * tw && h >= 2 * th {
                    (w, h) = halve(&near, w, w, h, &mut far);
                    std::mem::swap(&mut near, &mut far);
                }
                (from, stride) = (&near, w);
            }
            let across = self.taps(w, tw);
            let down = self.taps(h, th);
            self.row.resize(w, 0);
            for y in 0..th {
                self.sum_rows(from, stride, w, down.at(y));
                let out = &mut into.planes[plane].row(y)[..tw];
                match w == tw {
                    true => {
                        for (out, &value) in out.iter_mut().zip(&self.row) {
                            *out = ((i32::from(value) + 64) >> (BITS - 1)).min(255) as u8;
                        }
                    }
                    false => columns(&self.row, &across, out),
                }
            }
            self.halved = [near, far];
            self.give_back(across);
            self.give_back(down);
        }
    }

    /// The weighted sum of some rows, with seven bits of fraction: signed sixteen
    /// bits are what processors multiply and add fastest.
    fn sum_rows(
        &mut self,
        from: &[u8],
        stride: usize,
        width: usize,
        (first, weights): (usize, &[i16]),
    ) {
        self.sums.clear();
        self.sums.resize(width, 0);
        for (i, &weight) in weights.iter().enumerate() {
            if weight == 0 {
                continue;
            }
            let line = &from[(first + i) * stride..][..width];
            for (sum, &value) in self.sums.iter_mut().zip(line) {
                *sum += u16::from(value) * weight as u16;
            }
        }
        for (out, &sum) in self.row.iter_mut().zip(&self.sums) {
            *out = (sum >> 1) as i16;
        }
    }
}

/// Half of a plane's width and height; an odd last row or column is left out.
fn halve(from: &[u8], stride: usize, w: usize, h: usize, out: &mut Vec<u8>) -> (usize, usize) {
    let (half_w, half_h) = (w / 2, h / 2);
    out.resize(half_w * half_h, 0);
    for (y, out) in out.chunks_exact_mut(half_w).enumerate() {
        let one = &from[2 * y * stride..][..half_w * 2];
        let two = &from[(2 * y + 1) * stride..][..half_w * 2];
        let pairs = one.chunks_exact(2).zip(two.chunks_exact(2));
        for (out, (one, two)) in out.iter_mut().zip(pairs) {
            let sum = u16::from(one[0]) + u16::from(one[1]) + u16::from(two[0]) + u16::from(two[1]);
            *out = ((sum + 2) >> 2) as u8;
        }
    }
    (half_w, half_h)
}

fn columns(row: &[i16], taps: &Taps, out: &mut [u8]) {
    let finish = |sum: i32| ((sum + (1 << (2 * BITS - 2))) >> (2 * BITS - 1)).clamp(0, 255) as u8;
    // The number of weights known to the compiler is worth a few cases.
    match taps.width {
        4 => fixed::<4>(row, taps, out, finish),
        8 => fixed::<8>(row, taps, out, finish),
        _ => {
            for (i, out) in out.iter_mut().enumerate() {
                let (first, weights) = taps.at(i);
                let sum = row[first..]
                    .iter()
                    .zip(weights)
                    .map(|(&value, &weight)| i32::from(value) * i32::from(weight))
                    .sum();
                *out = finish(sum);
            }
        }
    }
}

#[inline(always)]
fn fixed<const N: usize>(row: &[i16], taps: &Taps, out: &mut [u8], finish: impl Fn(i32) -> u8) {
    let weights = taps.weights.chunks_exact(N);
    for ((out, &first), weights) in out.iter_mut().zip(&taps.first).zip(weights) {
        let values = &row[first..first + N];
        let sum = (0..N)
            .map(|i| i32::from(values[i]) * i32::from(weights[i]))
            .sum();
        *out = finish(sum);
    }
}

/// Side of the squares that a quarter turn works in, so that rows read and rows
/// written both stay in the cache.
const BLOCK: usize = 32;

fn turn(picture: &Picture, rotation: Rotation, into: &mut Picture) {
    let mut into = into.edit();
    for plane in 0..3 {
        let (w, h) = plane_size(picture.width(), picture.height(), plane);
        let (from, stride) = picture.plane(plane);
        let to = &mut into.planes[plane];
        if rotation == Rotation::Half {
            for y in 0..h {
                let row = &from[(h - 1 - y) * stride..][..w];
                for (out, &value) in to.row(y)[..w].iter_mut().zip(row.iter().rev()) {
                    *out = value;
                }
            }
            continue;
        }
        // The turned plane is h wide and w high.
        for by in (0..w).step_by(BLOCK) {
            let rows = BLOCK.min(w - by);
            for bx in (0..h).step_by(BLOCK) {
                let columns = BLOCK.min(h - bx);
                let mut block = [[0u8; BLOCK]; BLOCK];
                for x in 0..columns {
                    let line = match rotation {
                        Rotation::Quarter => &from[(h - 1 - bx - x) * stride + by..][..rows],
                        _ => &from[(bx + x) * stride + w - by - rows..][..rows],
                    };
                    block[x][..rows].copy_from_slice(line);
                }
                for y in 0..rows {
                    let out = &mut to.row(by + y)[bx..bx + columns];
                    let from = match rotation {
                        Rotation::Quarter => y,
                        _ => rows - 1 - y,
                    };
                    for (out, line) in out.iter_mut().zip(&block) {
                        *out = line[from % BLOCK];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Yuv;

    fn ramp(width: u32, height: u32) -> Picture {
        let mut picture = Picture::black(width, height);
        let mut edit = picture.edit();
        for y in 0..height as usize {
            for (x, pixel) in edit.planes[0].row(y).iter_mut().enumerate() {
                *pixel = (x * 255 / (width as usize - 1)) as u8;
            }
        }
        picture
    }

    #[test]
    fn one_colour_stays_that_colour_in_every_size() {
        let colour = Yuv {
            y: 235,
            u: 17,
            v: 239,
        };
        for (w, h) in [(2, 2), (64, 36), (100, 300), (1920, 1080), (636, 358)] {
            let mut out = Picture::black(w, h);
            Scaler::default().fill(&Picture::solid(640, 360, colour), Rotation::None, &mut out);
            for (plane, value) in [(0, 235), (1, 17), (2, 239)] {
                for row in 0..plane_size(w, h, plane).1 {
                    assert!(out.row(plane, row).iter().all(|&v| v == value), "{w}x{h}");
                }
            }
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp() {
        for width in [128u32, 640, 300] {
            let mut out = Picture::black(width, 20);
            Scaler::default().fill(&ramp(256, 40), Rotation::None, &mut out);
            let row = out.row(0, 10);
            for (x, &value) in row.iter().enumerate() {
                let wanted = (x as f32 + 0.5) / width as f32 * 255.0;
                assert!(
                    (f32::from(value) - wanted).abs() < 2.5,
                    "{width} {x} {value}"
                );
            }
        }
    }

    #[test]
    fn fine_stripes_become_grey_when_shrunk() {
        let mut picture = Picture::black(640, 64);
        let mut edit = picture.edit();
        for y in 0..64 {
            for (x, pixel) in edit.planes[0].row(y).iter_mut().enumerate() {
                *pixel = if x % 2 == 0 { 0 } else { 200 };
            }
        }
        let mut out = Picture::black(128, 32);
        Scaler::default().fill(&picture, Rotation::None, &mut out);
        assert!(out.row(0, 16).iter().all(|&v| (85..=115).contains(&v)));
    }

    #[test]
    fn turning_four_times_comes_back() {
        let picture = ramp(64, 40);
        let mut scaler = Scaler::default();
        let mut quarter = Picture::black(40, 64);
        scaler.fill(&picture, Rotation::Quarter, &mut quarter);
        // The left edge, dark, is on top after a turn to the right.
        assert!(quarter.row(0, 0).iter().all(|&v| v == 0));
        assert!(quarter.row(0, 63).iter().all(|&v| v == 255));
        let mut back = Picture::black(64, 40);
        scaler.fill(&quarter, Rotation::ThreeQuarters, &mut back);
        assert_eq!(back.to_packed(), picture.to_packed());
        let mut half = Picture::black(64, 40);
        scaler.fill(&picture, Rotation::Half, &mut half);
        assert_eq!(half.row(0, 0)[0], 255);
    }
}
