//! VP8 (RFC 6386).

use veche_media::FrameSize;

/// Pixels of a keyframe (9.1).
pub(crate) fn size(frame: &[u8]) -> Option<FrameSize> {
    match frame.get(..10)? {
        [first, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] if first & 1 == 0 => Some(FrameSize {
            width: u32::from(u16::from_le_bytes([*w0, *w1]) & 0x3fff),
            height: u32::from(u16::from_le_bytes([*h0, *h1]) & 0x3fff),
        }),
        _ => None,
    }
}

/// A black keyframe.
///
/// A boolean decoder reads nothing but "false" from zeros, whatever the
/// probabilities. So the first partition, all zeros, says: no filter, the
/// finest quantizer, default probabilities, and every block predicted as the
/// mean of its borders. What is left is to pull the blocks along the frame's
/// edges, where those borders are 127 above and 129 at the left (12.2), down to
/// black; all others follow them.
pub(crate) fn black(size: FrameSize) -> Vec<u8> {
    let (columns, rows) = (size.width.div_ceil(16), size.height.div_ceil(16));
    let blocks = columns * rows;
    // Modes take less than a byte each; the header with its thousand flags
    // less than this.
    let first = vec![0_u8; blocks as usize + 512];
    let second = residuals(columns as usize, rows as usize);

    let tag = u32::try_from(first.len()).unwrap_or(0) << 5 | 1 << 4;
    let mut frame = tag.to_le_bytes()[..3].to_vec();
    frame.extend_from_slice(&[0x9d, 0x01, 0x2a]);
    frame.extend_from_slice(&((size.width & 0x3fff) as u16).to_le_bytes());
    frame.extend_from_slice(&((size.height & 0x3fff) as u16).to_le_bytes());
    frame.extend_from_slice(&first);
    frame.extend_from_slice(&second);
    frame
}

/// Default token probabilities (13.5) of luma blocks' first coefficient, by
/// how many neighbours have any.
const FIRST: [[u8; 11]; 3] = [
    [202, 24, 213, 235, 186, 191, 220, 160, 240, 175, 255],
    [126, 38, 182, 232, 169, 184, 228, 174, 255, 187, 128],
    [61, 46, 138, 219, 151, 178, 240, 170, 255, 216, 128],
];

/// Of "end" behind a large first coefficient.
const END_BEHIND_LARGE: u8 = 39;

/// Of "end" in a block of chroma beside none that has coefficients.
const END_OF_CHROMA: u8 = 253;

/// Of the extra bits of the largest token.
const CATEGORY_6: [u8; 11] = [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129];

fn residuals(columns: usize, rows: usize) -> Vec<u8> {
    let mut out = BoolWriter::new();
    let mut above = vec![[false; 4]; columns];
    for row in 0..rows {
        let mut left = [false; 4];
        for (column, above) in above.iter_mut().enumerate() {
            for (y, left) in left.iter_mut().enumerate() {
                for (x, above) in above.iter_mut().enumerate() {
                    let context = usize::from(*left) + usize::from(*above);
                    // A step of the quantizer is 4, and the transform divides
                    // by 8: half of the level is the change of each pixel.
                    let level = match (row * 4 + y, column * 4 + x) {
                        (0, 0) => 224, // from 128
                        (0, _) => 112, // from 72, of 127 above and 16
                        (_, 0) => 114, // from 73, of 129 at the left and 16
                        _ => 0,
                    };
                    token(&mut out, &FIRST[context], level);
                    *left = level > 0;
                    *above = level > 0;
                }
            }
            for _ in 0..8 {
                out.put(false, END_OF_CHROMA);
            }
        }
    }
    out.finish()
}

/// A block whose only coefficient is the first: minus `level`, or none.
fn token(out: &mut BoolWriter, p: &[u8; 11], level: u32) {
    out.put(level > 0, p[0]);
    if level == 0 {
        return;
    }
    for branch in [1, 2, 3, 6, 8, 10] {
        out.put(true, p[branch]);
    }
    let extra = level - 67;
    for (i, p) in CATEGORY_6.iter().enumerate() {
        out.put(extra >> (10 - i) & 1 == 1, *p);
    }
    out.put(true, 128);
    out.put(false, END_BEHIND_LARGE);
}

/// The boolean encoder of 7.3.
struct BoolWriter {
    out: Vec<u8>,
    range: u32,
    bottom: u32,
    bits: u32,
}

impl BoolWriter {
    fn new() -> Self {
        Self {
            out: Vec::new(),
            range: 255,
            bottom: 0,
            bits: 24,
        }
    }

    fn put(&mut self, value: bool, probability: u8) {
        let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
        if value {
            let (bottom, carry) = self.bottom.overflowing_add(split);
            self.bottom = bottom;
            self.range -= split;
            if carry {
                self.carry();
            }
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.range <<= 1;
            if self.bottom & 1 << 31 != 0 {
                self.carry();
            }
            self.bottom <<= 1;
            self.bits -= 1;
            if self.bits == 0 {
                self.out.push((self.bottom >> 24) as u8);
                self.bottom &= 0x00ff_ffff;
                self.bits = 8;
            }
        }
    }

    fn carry(&mut self) {
        for byte in self.out.iter_mut().rev() {
            if *byte == 255 {
                *byte = 0;
            } else {
                *byte += 1;
                break;
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        for _ in 0..32 {
            self.put(false, 128);
        }
        self.out
    }
}
