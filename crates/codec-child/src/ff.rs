//! FFmpeg's libraries, behind types that are safe to use.
//!
//! The only module with `unsafe`, but for what `protect` asks of the system.
//! Each type owns what FFmpeg allocated for it and frees it once; none is
//! shared between threads, all may move to another.
#![allow(
    unsafe_code,
    reason = "FFmpeg is C; the rest of the program goes through this module"
)]

mod context;
mod frame;
mod resample;
mod scale;

use std::ffi::{CStr, c_char, c_int};

use ffmpeg_sys_next as sys;

pub(crate) use context::{Coder, Setup, Side};
pub(crate) use frame::Frame;
pub(crate) use resample::Resampler;
pub(crate) use scale::{Part, Scaler};

/// What FFmpeg answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error(pub(crate) c_int);

impl Error {
    pub(crate) const AGAIN: Self = Self(sys::AVERROR(sys::EAGAIN));
    pub(crate) const END: Self = Self(sys::AVERROR_EOF);
    const MEMORY: Self = Self(sys::AVERROR(sys::ENOMEM));
    const INVALID: Self = Self(sys::AVERROR_INVALIDDATA);
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text: [c_char; 128] = [0; 128];
        // SAFETY: the buffer has the length that is told; it is zero at the end
        // whatever is written before.
        let text = unsafe {
            sys::av_strerror(self.0, text.as_mut_ptr(), text.len() - 1);
            CStr::from_ptr(text.as_ptr())
        };
        f.write_str(&text.to_string_lossy())
    }
}

impl std::error::Error for Error {}

fn check(result: c_int) -> Result<c_int, Error> {
    if result < 0 {
        Err(Error(result))
    } else {
        Ok(result)
    }
}

/// FFmpeg's log goes to standard error from this level on; it is passed on by
/// the client, which keeps a bound.
pub(crate) fn init() {
    // SAFETY: sets a number.
    unsafe { sys::av_log_set_level(sys::AV_LOG_WARNING) };
}

/// Whether FFmpeg was built with this decoder or encoder.
pub(crate) fn has(side: Side, name: &CStr) -> bool {
    !context::find(side, name).is_null()
}
