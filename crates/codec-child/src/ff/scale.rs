use std::ffi::c_int;
use std::ptr::null_mut;

use ffmpeg_sys_next as sys;

use super::context::int;
use super::{Error, Frame, check};

// Constants before FFmpeg 8, an enumeration since; the values stay.
const SWS_BILINEAR: c_int = 0x02;
const SWS_AREA: c_int = 0x20;
const SWS_CS_DEFAULT: c_int = 5;

/// Scales and converts pictures to 4:2:0 of eight bits.
pub(crate) struct Scaler {
    context: *mut sys::SwsContext,
    to: Frame,
    full_range: bool,
}

// SAFETY: contexts belong to no thread; methods take `&mut self`.
unsafe impl Send for Scaler {}

/// The part of a picture that is scaled, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Scaler {
    /// To this size, and to limited range unless the full one is wanted.
    pub(crate) fn new(width: u32, height: u32, full_range: bool) -> Result<Self, Error> {
        Ok(Self {
            context: null_mut(),
            to: Frame::picture(width, height, full_range)?,
            full_range,
        })
    }

    /// The size that it scales to.
    pub(crate) fn size(&self) -> (u32, u32) {
        self.to.size()
    }

    /// Scales a part of a picture. `left` and `top` are even.
    pub(crate) fn scale(&mut self, from: &Frame, part: Part) -> Result<&mut Frame, Error> {
        let format = from.format().ok_or(Error::INVALID)?;
        let (width, height) = self.to.size();
        let (whole_width, whole_height) = from.size();
        let inside = part
            .left
            .checked_add(part.width)
            .is_some_and(|r| r <= whole_width)
            && part
                .top
                .checked_add(part.height)
                .is_some_and(|b| b <= whole_height)
            && part.width > 0
            && part.height > 0
            && part.left.is_multiple_of(2)
            && part.top.is_multiple_of(2);
        if !inside {
            return Err(Error::INVALID);
        }
        // Averages over an area when the picture becomes much smaller, where
        // two or four neighbours would flicker.
        let shrinks = part.width >= width * 2;
        let how = if shrinks { SWS_AREA } else { SWS_BILINEAR };
        // SAFETY: the context is null or ours, and is replaced or kept; source
        // and target are frames of the sizes and formats that are told, the
        // source moved to a pixel inside, with the part's size within it.
        unsafe {
            let target_format = if self.full_range {
                sys::AVPixelFormat::AV_PIX_FMT_YUVJ420P
            } else {
                sys::AVPixelFormat::AV_PIX_FMT_YUV420P
            };
            let before = self.context;
            self.context = sys::sws_getCachedContext(
                self.context,
                int(part.width),
                int(part.height),
                format,
                int(width),
                int(height),
                target_format,
                how,
                null_mut(),
                null_mut(),
                std::ptr::null(),
            );
            if self.context.is_null() {
                return Err(Error::INVALID);
            }
            if self.context != before {
                let table = sys::sws_getCoefficients(SWS_CS_DEFAULT);
                sys::sws_setColorspaceDetails(
                    self.context,
                    table,
                    c_int::from(from.is_full_range()),
                    table,
                    c_int::from(self.full_range),
                    0,
                    1 << 16,
                    1 << 16,
                );
            }
            let source = &*from.as_ptr();
            let (data, strides) = cut(source, format, part)?;
            check(sys::av_frame_make_writable(self.to.as_mut_ptr()))?;
            let target = &*self.to.as_ptr();
            check(sys::sws_scale(
                self.context,
                data.as_ptr(),
                strides.as_ptr(),
                0,
                int(part.height),
                target.data.as_ptr(),
                target.linesize.as_ptr(),
            ))?;
        }
        Ok(&mut self.to)
    }
}

/// The planes of a frame from a part's first pixel on.
///
/// # Safety
/// The frame has this format, and the part lies within it.
unsafe fn cut(
    frame: &sys::AVFrame,
    format: sys::AVPixelFormat,
    part: Part,
) -> Result<([*const u8; 4], [c_int; 4]), Error> {
    let mut data = [std::ptr::null(); 4];
    let mut strides = [0; 4];
    // SAFETY: a format that exists has a constant description, whose components
    // say in which plane they lie, how far apart and how often; offsets stay
    // within the planes as the part lies within the picture.
    unsafe {
        let about = sys::av_pix_fmt_desc_get(format);
        let about = about.as_ref().ok_or(Error::INVALID)?;
        for component in about.comp.iter().take(usize::from(about.nb_components)) {
            let plane = component.plane as usize;
            let is_chroma = matches!(plane, 1 | 2)
                && u64::from(about.flags as u32) & u64::from(sys::AV_PIX_FMT_FLAG_RGB as u32) == 0;
            let (right, down) = if is_chroma {
                (about.log2_chroma_w, about.log2_chroma_h)
            } else {
                (0, 0)
            };
            let stride = frame.linesize[plane] as isize;
            let offset = (part.top >> down) as isize * stride
                + (part.left >> right) as isize * component.step as isize;
            data[plane] = frame.data[plane].offset(offset).cast_const();
            strides[plane] = frame.linesize[plane];
        }
    }
    Ok((data, strides))
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: ours or null, and not used afterwards.
        unsafe { sys::sws_freeContext(self.context) };
    }
}
