//! Pictures of another size or another way up.
//!
//! Shrinking averages over all that a pixel covers, enlarging is bilinear: one
//! triangle filter, as wide as the larger of both steps. Rows first, in loops
//! that vectorise, then columns.

mod taps;
mod turn;

use self::taps::{BITS, Taps};
use self::turn::turn;
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

#[cfg(test)]
mod tests;
