//! Pictures another way up.

use super::Rotation;
use crate::picture::{Picture, plane_size};

/// Side of the squares that a quarter turn works in, so that rows read and rows
/// written both stay in the cache.
const BLOCK: usize = 32;

pub(super) fn turn(picture: &Picture, rotation: Rotation, into: &mut Picture) {
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
