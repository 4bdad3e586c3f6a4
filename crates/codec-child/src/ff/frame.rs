use std::ffi::c_int;
use std::ptr::NonNull;
use std::slice;

use ffmpeg_sys_next as sys;

use super::context::{int, sample_format};
use super::{Error, check};

/// A decoded picture or piece of sound.
pub(crate) struct Frame(NonNull<sys::AVFrame>);

// SAFETY: frames belong to no thread; `Frame` is not `Sync` for writing.
unsafe impl Send for Frame {}

/// The formats that the decoders give, all of which swscale reads.
const FORMATS: [sys::AVPixelFormat; 22] = [
    sys::AVPixelFormat::AV_PIX_FMT_YUV420P,
    sys::AVPixelFormat::AV_PIX_FMT_YUVJ420P,
    sys::AVPixelFormat::AV_PIX_FMT_YUV422P,
    sys::AVPixelFormat::AV_PIX_FMT_YUVJ422P,
    sys::AVPixelFormat::AV_PIX_FMT_YUV444P,
    sys::AVPixelFormat::AV_PIX_FMT_YUVJ444P,
    sys::AVPixelFormat::AV_PIX_FMT_YUV440P,
    sys::AVPixelFormat::AV_PIX_FMT_YUVA420P,
    sys::AVPixelFormat::AV_PIX_FMT_GRAY8,
    sys::AVPixelFormat::AV_PIX_FMT_GBRP,
    sys::AVPixelFormat::AV_PIX_FMT_NV12,
    sys::AVPixelFormat::AV_PIX_FMT_YUV420P10LE,
    sys::AVPixelFormat::AV_PIX_FMT_YUV422P10LE,
    sys::AVPixelFormat::AV_PIX_FMT_YUV444P10LE,
    sys::AVPixelFormat::AV_PIX_FMT_YUV440P10LE,
    sys::AVPixelFormat::AV_PIX_FMT_GRAY10LE,
    sys::AVPixelFormat::AV_PIX_FMT_GBRP10LE,
    sys::AVPixelFormat::AV_PIX_FMT_YUV420P12LE,
    sys::AVPixelFormat::AV_PIX_FMT_YUV422P12LE,
    sys::AVPixelFormat::AV_PIX_FMT_YUV444P12LE,
    sys::AVPixelFormat::AV_PIX_FMT_GRAY12LE,
    sys::AVPixelFormat::AV_PIX_FMT_GBRP12LE,
];

impl Frame {
    /// Nothing yet.
    pub(crate) fn new() -> Result<Self, Error> {
        // SAFETY: no arguments.
        NonNull::new(unsafe { sys::av_frame_alloc() })
            .map(Self)
            .ok_or(Error::MEMORY)
    }

    /// A picture of 4:2:0 with memory of its own, not set yet.
    pub(crate) fn picture(width: u32, height: u32, full_range: bool) -> Result<Self, Error> {
        let mut new = Self::new()?;
        // SAFETY: the frame is ours and has no memory yet.
        unsafe {
            let frame = new.0.as_mut();
            frame.width = int(width);
            frame.height = int(height);
            if full_range {
                frame.format = sys::AVPixelFormat::AV_PIX_FMT_YUVJ420P as c_int;
                frame.color_range = sys::AVColorRange::AVCOL_RANGE_JPEG;
            } else {
                frame.format = sys::AVPixelFormat::AV_PIX_FMT_YUV420P as c_int;
                frame.color_range = sys::AVColorRange::AVCOL_RANGE_MPEG;
            }
            check(sys::av_frame_get_buffer(new.as_mut_ptr(), 0))?;
        }
        Ok(new)
    }

    /// Sound of 48 kHz, of stereo `samples`: both channels, or the left alone.
    pub(crate) fn sound(
        samples: &[f32],
        mono: bool,
        planar: bool,
        pts: i64,
    ) -> Result<Self, Error> {
        let mut new = Self::new()?;
        let count = samples.len() / 2;
        // SAFETY: the frame is ours; `av_frame_get_buffer` gives room for `count`
        // floats of each channel, in one plane or two, and only that many are
        // written. Of one channel there is one plane either way.
        unsafe {
            let frame = new.0.as_mut();
            frame.format = sample_format(planar) as c_int;
            frame.sample_rate = 48_000;
            frame.nb_samples = c_int::try_from(count).map_err(|_| Error::INVALID)?;
            sys::av_channel_layout_default(&mut frame.ch_layout, if mono { 1 } else { 2 });
            frame.pts = pts;
            check(sys::av_frame_get_buffer(new.as_mut_ptr(), 0))?;
            let frame = new.0.as_ref();
            if mono {
                let only = slice::from_raw_parts_mut(frame.data[0].cast::<f32>(), count);
                for (i, pair) in samples.chunks_exact(2).enumerate() {
                    only[i] = pair[0];
                }
            } else if planar {
                let left = slice::from_raw_parts_mut(frame.data[0].cast::<f32>(), count);
                let right = slice::from_raw_parts_mut(frame.data[1].cast::<f32>(), count);
                for (i, pair) in samples.chunks_exact(2).enumerate() {
                    (left[i], right[i]) = (pair[0], pair[1]);
                }
            } else {
                let all = slice::from_raw_parts_mut(frame.data[0].cast::<f32>(), count * 2);
                all.copy_from_slice(&samples[..count * 2]);
            }
        }
        Ok(new)
    }

    /// Writes the planes of a picture of 4:2:0 that lie without gaps in `data`.
    ///
    /// The encoder may still hold the memory of the picture before: then this
    /// gets memory of its own.
    pub(crate) fn fill(&mut self, data: &[u8], pts: i64) -> Result<(), Error> {
        // SAFETY: the frame is ours.
        check(unsafe { sys::av_frame_make_writable(self.as_mut_ptr()) })?;
        let (width, height) = self.size();
        let mut rest = data;
        for plane in 0..3 {
            let half = if plane == 0 { 1 } else { 2 };
            let (w, h) = (width as usize / half, height as usize / half);
            let (lines, after) = rest.split_at_checked(w * h).ok_or(Error::INVALID)?;
            rest = after;
            // SAFETY: a plane of a frame that FFmpeg allocated for this size has
            // `h` lines of at least `w` bytes, `linesize` (positive) apart.
            unsafe {
                let frame = self.0.as_ref();
                let stride = frame.linesize[plane] as usize;
                for (i, line) in lines.chunks_exact(w).enumerate() {
                    let to = frame.data[plane].add(i * stride);
                    std::ptr::copy_nonoverlapping(line.as_ptr(), to, w);
                }
            }
        }
        self.set_pts(pts);
        Ok(())
    }

    /// Pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        // SAFETY: fields of our frame.
        let frame = unsafe { self.0.as_ref() };
        (
            u32::try_from(frame.width).unwrap_or(0),
            u32::try_from(frame.height).unwrap_or(0),
        )
    }

    /// Its time as it was given with the packet, in microseconds.
    pub(crate) fn pts(&self) -> Option<i64> {
        // SAFETY: fields of our frame.
        let frame = unsafe { self.0.as_ref() };
        [frame.best_effort_timestamp, frame.pts]
            .into_iter()
            .find(|t| *t != sys::AV_NOPTS_VALUE)
    }

    /// Sets its time.
    pub(crate) fn set_pts(&mut self, pts: i64) {
        // SAFETY: a field of our frame.
        unsafe { self.0.as_mut() }.pts = pts;
    }

    /// Whether parts of it are guessed.
    pub(crate) fn is_damaged(&self) -> bool {
        // SAFETY: fields of our frame.
        let frame = unsafe { self.0.as_ref() };
        frame.decode_error_flags != 0 || frame.flags & sys::AV_FRAME_FLAG_CORRUPT as c_int != 0
    }

    /// Its pixel format, if it is one that decoders give.
    pub(super) fn format(&self) -> Option<sys::AVPixelFormat> {
        // SAFETY: a field of our frame.
        let format = unsafe { self.0.as_ref() }.format;
        FORMATS.into_iter().find(|f| *f as c_int == format)
    }

    /// Whether black is 0 and not 16.
    pub(super) fn is_full_range(&self) -> bool {
        use sys::AVPixelFormat::{AV_PIX_FMT_GBRP, AV_PIX_FMT_GBRP10LE, AV_PIX_FMT_GBRP12LE};
        use sys::AVPixelFormat::{AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P};
        // SAFETY: a field of our frame.
        let range = unsafe { self.0.as_ref() }.color_range;
        range == sys::AVColorRange::AVCOL_RANGE_JPEG
            || matches!(
                self.format(),
                Some(
                    AV_PIX_FMT_YUVJ420P
                        | AV_PIX_FMT_YUVJ422P
                        | AV_PIX_FMT_YUVJ444P
                        | AV_PIX_FMT_GBRP
                        | AV_PIX_FMT_GBRP10LE
                        | AV_PIX_FMT_GBRP12LE
                )
            )
    }

    /// Whether its planes may be passed on as they are.
    pub(crate) fn is_plain(&self) -> bool {
        let (width, height) = self.size();
        self.format() == Some(sys::AVPixelFormat::AV_PIX_FMT_YUV420P)
            && !self.is_full_range()
            && width.is_multiple_of(2)
            && height.is_multiple_of(2)
    }

    /// The lines of a plain picture: Y, U, V.
    pub(crate) fn lines(&self) -> Result<Vec<&[u8]>, Error> {
        if !self.is_plain() {
            return Err(Error::INVALID);
        }
        let (width, height) = self.size();
        let mut lines = Vec::with_capacity(height as usize * 2);
        for plane in 0..3 {
            let half = if plane == 0 { 1 } else { 2 };
            let (w, h) = (width as usize / half, height as usize / half);
            // SAFETY: a plane of a frame of this format and size has `h` lines of
            // at least `w` bytes, `linesize` apart, which may be negative. They
            // live as long as the frame is not changed, which the borrow says.
            unsafe {
                let frame = self.0.as_ref();
                let stride = frame.linesize[plane] as isize;
                if frame.data[plane].is_null() {
                    return Err(Error::INVALID);
                }
                if stride == w as isize {
                    lines.push(slice::from_raw_parts(frame.data[plane], w * h));
                } else {
                    for i in 0..h as isize {
                        let line = frame.data[plane].offset(i * stride);
                        lines.push(slice::from_raw_parts(line, w));
                    }
                }
            }
        }
        Ok(lines)
    }

    pub(super) fn as_ptr(&self) -> *const sys::AVFrame {
        self.0.as_ptr()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut sys::AVFrame {
        self.0.as_ptr()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: ours, and not used afterwards.
        unsafe { sys::av_frame_free(&mut self.0.as_ptr()) };
    }
}
