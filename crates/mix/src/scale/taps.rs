//! What of a row each pixel of another row is made of.

/// Weights sum up to one of this many bits: a sum of weighted bytes is sixteen.
pub(super) const BITS: u32 = 8;

/// For each output pixel the first input pixel and its weights.
#[derive(Clone, Debug, Default)]
pub(super) struct Taps {
    pub from: usize,
    pub to: usize,
    /// Weights of each output pixel; the same number for all.
    pub width: usize,
    pub first: Vec<usize>,
    pub weights: Vec<i16>,
}

impl Taps {
    pub fn new(from: usize, to: usize) -> Taps {
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

    pub fn at(&self, i: usize) -> (usize, &[i16]) {
        (
            self.first[i],
            &self.weights[i * self.width..(i + 1) * self.width],
        )
    }
}
