//! Pictures: I420 (4:2:0, three planes), limited range, sizes even.

use std::fmt;
use std::sync::Arc;

use crate::colour::Yuv;
use crate::scale::{Rotation, Scaler};

/// The largest width and height of a picture: that of the codecs in use, and a
/// bound on what one picture can take.
pub const MAX_SIDE: u32 = 16_384;

/// Why bytes are no picture.
#[non_exhaustive]
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PictureError {
    /// Width or height is zero, odd or beyond [`MAX_SIDE`].
    #[error("a picture of {width}x{height}: sizes are even, from 2 to {MAX_SIDE}")]
    Size {
        /// The width that was asked for.
        width: u32,
        /// The height that was asked for.
        height: u32,
    },
    /// A plane reaches beyond the end of the buffer, or its rows overlap.
    #[error("plane {plane} (offset {offset}, stride {stride}) does not fit into {bytes} bytes")]
    Plane {
        /// 0 for Y, 1 for U, 2 for V.
        plane: usize,
        /// Where it begins.
        offset: usize,
        /// From one row to the next.
        stride: usize,
        /// The buffer's length.
        bytes: usize,
    },
}

/// Bytes that hold a picture: of our own, or lent (shared memory).
#[derive(Clone)]
enum Storage {
    Own(Arc<Vec<u8>>),
    Lent(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Storage {
    fn bytes(&self) -> &[u8] {
        match self {
            Storage::Own(bytes) => bytes,
            Storage::Lent(bytes) => (**bytes).as_ref(),
        }
    }
}

/// Where the planes Y, U and V lie in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planes {
    /// First byte of each plane.
    pub offset: [usize; 3],
    /// Bytes from one row to the next.
    pub stride: [usize; 3],
}

impl Planes {
    /// Y, U and V one after the other without gaps.
    pub fn packed(width: u32, height: u32) -> Planes {
        let (w, h) = (width as usize, height as usize);
        Planes {
            offset: [0, w * h, w * h + w / 2 * (h / 2)],
            stride: [w, w / 2, w / 2],
        }
    }
}

/// How many bytes a packed picture takes.
pub fn packed_len(width: u32, height: u32) -> usize {
    width as usize * height as usize * 3 / 2
}

/// An I420 picture. Cloning and cropping share the bytes.
#[derive(Clone)]
pub struct Picture {
    width: u32,
    height: u32,
    planes: Planes,
    storage: Storage,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    let good = |side: u32| (2..=MAX_SIDE).contains(&side) && side.is_multiple_of(2);
    match good(width) && good(height) {
        true => Ok(()),
        false => Err(PictureError::Size { width, height }),
    }
}

fn check_plane(
    (width, height): (u32, u32),
    plane: usize,
    offset: usize,
    stride: usize,
    bytes: usize,
) -> Result<(), PictureError> {
    let (w, h) = plane_size(width, height, plane);
    let end = stride
        .checked_mul(h - 1)
        .and_then(|rows| rows.checked_add(w)?.checked_add(offset));
    match stride >= w && end.is_some_and(|end| end <= bytes) {
        true => Ok(()),
        false => Err(PictureError::Plane {
            plane,
            offset,
            stride,
            bytes,
        }),
    }
}

fn check(width: u32, height: u32, planes: &Planes, bytes: usize) -> Result<(), PictureError> {
    check_size(width, height)?;
    (0..3).try_for_each(|plane| {
        let (offset, stride) = (planes.offset[plane], planes.stride[plane]);
        check_plane((width, height), plane, offset, stride, bytes)
    })
}

/// Columns and rows of a plane.
pub(crate) fn plane_size(width: u32, height: u32, plane: usize) -> (usize, usize) {
    match plane {
        0 => (width as usize, height as usize),
        _ => (width as usize / 2, height as usize / 2),
    }
}

impl Picture {
    /// A picture in bytes that are already there, without a copy. `bytes` must
    /// give the same slice each time; a frame of shared memory that returns to
    /// its pool when the last clone is dropped does this in its `Drop`.
    pub fn lent(
        width: u32,
        height: u32,
        planes: Planes,
        bytes: Arc<dyn AsRef<[u8]> + Send + Sync>,
    ) -> Result<Picture, PictureError> {
        check(width, height, &planes, (*bytes).as_ref().len())?;
        Ok(Picture {
            width,
            height,
            planes,
            storage: Storage::Lent(bytes),
        })
    }

    /// A picture from packed planes, as `ffmpeg -pix_fmt yuv420p` writes them.
    pub fn packed(width: u32, height: u32, bytes: Vec<u8>) -> Result<Picture, PictureError> {
        let planes = Planes::packed(width, height);
        check(width, height, &planes, bytes.len())?;
        Ok(Picture {
            width,
            height,
            planes,
            storage: Storage::Own(Arc::new(bytes)),
        })
    }

    /// A picture of one colour. Sizes are made even and at least 2.
    pub fn solid(width: u32, height: u32, colour: Yuv) -> Picture {
        let even = |side: u32| (side & !1).clamp(2, MAX_SIDE);
        let (width, height) = (even(width), even(height));
        let planes = Planes::packed(width, height);
        let mut bytes = vec![colour.u; packed_len(width, height)];
        bytes[..planes.offset[1]].fill(colour.y);
        bytes[planes.offset[2]..].fill(colour.v);
        Picture {
            width,
            height,
            planes,
            storage: Storage::Own(Arc::new(bytes)),
        }
    }

    /// A black picture.
    pub fn black(width: u32, height: u32) -> Picture {
        Picture::solid(width, height, Yuv::BLACK)
    }

    /// Pixels in a row. Even.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows. Even.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// A plane's bytes from its first pixel on, and its stride. 0 is Y, 1 U, 2 V.
    pub fn plane(&self, plane: usize) -> (&[u8], usize) {
        let (w, h) = plane_size(self.width, self.height, plane);
        let (offset, stride) = (self.planes.offset[plane], self.planes.stride[plane]);
        let end = offset + stride * (h - 1) + w;
        (&self.storage.bytes()[offset..end], stride)
    }

    /// One row of a plane. Panics beyond the last row.
    pub fn row(&self, plane: usize, row: usize) -> &[u8] {
        let (w, _) = plane_size(self.width, self.height, plane);
        let at = self.planes.offset[plane] + self.planes.stride[plane] * row;
        &self.storage.bytes()[at..at + w]
    }

    /// A part of the picture, sharing its bytes. Position and size are made even
    /// and held inside the picture.
    pub fn crop(&self, x: u32, y: u32, width: u32, height: u32) -> Picture {
        let (x, y) = (x.min(self.width - 2) & !1, y.min(self.height - 2) & !1);
        let mut view = self.clone();
        view.width = (width & !1).clamp(2, self.width - x);
        view.height = (height & !1).clamp(2, self.height - y);
        for plane in 0..3 {
            let (px, py) = match plane {
                0 => (x as usize, y as usize),
                _ => (x as usize / 2, y as usize / 2),
            };
            view.planes.offset[plane] += py * view.planes.stride[plane] + px;
        }
        view
    }

    /// The picture upright.
    pub fn turned(&self, rotation: Rotation) -> Picture {
        if rotation == Rotation::None {
            return self.clone();
        }
        let (width, height) = rotation.size(self.width, self.height);
        let mut upright = Picture::black(width, height);
        Scaler::default().fill(self, rotation, &mut upright);
        upright
    }

    /// On the way to another picture of the same size, from 0 (this one) to 1.
    pub fn faded(&self, to: &Picture, share: f32) -> Picture {
        let mut faded = self.clone();
        if (self.width, self.height) == (to.width, to.height) {
            let share = (share.clamp(0.0, 1.0) * 255.0).round() as u8;
            faded.edit().fade(to, share);
        }
        faded
    }

    /// The bytes as packed planes.
    pub fn to_packed(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(packed_len(self.width, self.height));
        for plane in 0..3 {
            for row in 0..plane_size(self.width, self.height, plane).1 {
                bytes.extend_from_slice(self.row(plane, row));
            }
        }
        bytes
    }

    /// Copies the picture into a buffer of the same size. False, and nothing is
    /// done, when the sizes differ.
    pub fn copy_to(&self, to: &mut PictureMut<'_>) -> bool {
        if (to.width, to.height) != (self.width, self.height) {
            return false;
        }
        for plane in 0..3 {
            let (w, h) = plane_size(self.width, self.height, plane);
            let (from, stride) = self.plane(plane);
            let into = &mut to.planes[plane];
            if stride == w && into.stride == w {
                into.bytes[..w * h].copy_from_slice(&from[..w * h]);
                continue;
            }
            for row in 0..h {
                into.row(row)[..w].copy_from_slice(&from[row * stride..row * stride + w]);
            }
        }
        true
    }

    /// The picture to draw into. Bytes that others still hold are copied first.
    pub(crate) fn edit(&mut self) -> PictureMut<'_> {
        let packed = Planes::packed(self.width, self.height);
        if matches!(self.storage, Storage::Lent(_)) || self.planes != packed {
            self.storage = Storage::Own(Arc::new(self.to_packed()));
            self.planes = packed;
        }
        let Storage::Own(bytes) = &mut self.storage else {
            unreachable!("lent bytes were just replaced")
        };
        let bytes = Arc::make_mut(bytes);
        // Packed: the planes follow each other.
        let (y, rest) = bytes.split_at_mut(self.planes.offset[1]);
        let (u, v) = rest.split_at_mut(self.planes.offset[2] - self.planes.offset[1]);
        PictureMut {
            width: self.width,
            height: self.height,
            planes: [
                PlaneMut::new(y, self.planes.stride[0]),
                PlaneMut::new(u, self.planes.stride[1]),
                PlaneMut::new(v, self.planes.stride[2]),
            ],
        }
    }
}

/// One plane to draw into.
#[derive(Debug)]
pub(crate) struct PlaneMut<'a> {
    pub bytes: &'a mut [u8],
    pub stride: usize,
}

impl<'a> PlaneMut<'a> {
    fn new(bytes: &'a mut [u8], stride: usize) -> PlaneMut<'a> {
        PlaneMut { bytes, stride }
    }

    /// From the beginning of a row on.
    pub fn row(&mut self, row: usize) -> &mut [u8] {
        let at = row * self.stride;
        let end = (at + self.stride).min(self.bytes.len());
        &mut self.bytes[at..end]
    }
}

/// An I420 picture in a caller's buffer, to compose into.
#[derive(Debug)]
pub struct PictureMut<'a> {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) planes: [PlaneMut<'a>; 3],
}

impl<'a> PictureMut<'a> {
    /// A buffer of packed planes, at least [`packed_len`] bytes.
    pub fn packed(
        width: u32,
        height: u32,
        bytes: &'a mut [u8],
    ) -> Result<PictureMut<'a>, PictureError> {
        let planes = Planes::packed(width, height);
        check(width, height, &planes, bytes.len())?;
        let (y, rest) = bytes.split_at_mut(planes.offset[1]);
        let (u, v) = rest.split_at_mut(planes.offset[2] - planes.offset[1]);
        PictureMut::new(width, height, [y, u, v], planes.stride)
    }

    /// Three planes and their strides, as a codec's own frame has them.
    pub fn new(
        width: u32,
        height: u32,
        planes: [&'a mut [u8]; 3],
        stride: [usize; 3],
    ) -> Result<PictureMut<'a>, PictureError> {
        check_size(width, height)?;
        for (plane, bytes) in planes.iter().enumerate() {
            check_plane((width, height), plane, 0, stride[plane], bytes.len())?;
        }
        let [y, u, v] = planes;
        Ok(PictureMut {
            width,
            height,
            planes: [
                PlaneMut::new(y, stride[0]),
                PlaneMut::new(u, stride[1]),
                PlaneMut::new(v, stride[2]),
            ],
        })
    }
}
