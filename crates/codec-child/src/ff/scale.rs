use std::ffi::c_int;
use std::ptr::null_mut;

use ffmpeg_sys_next as sys;

use super::context::int;
use super::{Error, Frame, check};

// Constants before FFmpeg 8, an enumeration since; the values stay.
const SWS_BILINEAR: c_int = 0x02;
const SWS_AREA: c_int = 0x20;

/// Scales and converts pictures to 4:2:0 of eight bits.
pub(crate) struct Scaler {
    context: *mut sys::SwsContext,
    /// What the context was made for, if it was.
    kind: Option<Kind>,
    to: Frame,
    full_range: bool,
}

// SAFETY: contexts belong to no thread; methods take `&mut self`.
unsafe impl Send for Scaler {}

/// What a source is like.
#[derive(Clone, Copy, PartialEq)]
struct Kind {
    size: (u32, u32),
    format: sys::AVPixelFormat,
    full_range: bool,
    how: c_int,
}

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
            kind: None,
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
        let (width, _) = self.to.size();
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
        let kind = Kind {
            size: (part.width, part.height),
            format,
            full_range: from.is_full_range(),
            how,
        };
        if self.kind != Some(kind) {
            self.begin(kind)?;
        }
        // SAFETY: the context is ours and was made for this source and target;
        // the source is moved to a pixel inside, with the part's size within it.
        unsafe {
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

    /// Makes the context for sources of this kind.
    fn begin(&mut self, kind: Kind) -> Result<(), Error> {
        let (width, height) = self.to.size();
        let target_format = if self.full_range {
            sys::AVPixelFormat::AV_PIX_FMT_YUVJ420P
        } else {
            sys::AVPixelFormat::AV_PIX_FMT_YUV420P
        };
        // Ranges have to be known at the beginning: a context that seems to have
        // nothing to do but copy is not asked again.
        let options = [
            (c"srcw", i64::from(kind.size.0)),
            (c"srch", i64::from(kind.size.1)),
            (c"src_format", kind.format as i64),
            (c"src_range", i64::from(kind.full_range)),
            (c"dstw", i64::from(width)),
            (c"dsth", i64::from(height)),
            (c"dst_format", target_format as i64),
            (c"dst_range", i64::from(self.full_range)),
            (c"sws_flags", i64::from(kind.how)),
        ];
        self.kind = None;
        // SAFETY: the context before is ours or null; the new one is ours, its
        // options are set by name while it is not initialised.
        unsafe {
            sys::sws_freeContext(self.context);
            self.context = sys::sws_alloc_context();
            if self.context.is_null() {
                return Err(Error::MEMORY);
            }
            for (name, value) in options {
                check(sys::av_opt_set_int(
                    self.context.cast(),
                    name.as_ptr(),
                    value,
                    0,
                ))?;
            }
            check(sys::sws_init_context(self.context, null_mut(), null_mut()))?;
        }
        self.kind = Some(kind);
        Ok(())
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
