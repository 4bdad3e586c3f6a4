//! Corners and frames with rounded corners, as masks.

/// How much of each pixel of a corner is covered, the corner at the top left.
#[derive(Clone, Debug)]
pub(super) struct Mask {
    pub size: usize,
    pub covered: Vec<u8>,
}

/// A rounded corner, for luma and for chroma.
#[derive(Clone, Debug)]
pub(crate) struct Corner {
    pub(super) size: usize,
    pub(super) masks: [Mask; 2],
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
pub(super) fn disc(dx: f32, dy: f32, radius: f32) -> f32 {
    let (dx, dy) = (dx.max(0.0), dy.max(0.0));
    (radius - (dx * dx + dy * dy).sqrt() + 0.5).clamp(0.0, 1.0)
}

/// A frame with rounded corners.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    pub(super) thickness: u32,
    pub(super) corner: Corner,
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
