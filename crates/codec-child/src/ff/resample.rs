use std::ffi::c_int;
use std::ptr::{NonNull, null_mut};

use ffmpeg_sys_next as sys;

use super::{Error, Frame, check};

/// Converts sound to 48 kHz, stereo, interleaved floats.
pub(crate) struct Resampler {
    context: NonNull<sys::SwrContext>,
    /// Format, rate and channels of the source.
    from: (c_int, c_int, c_int),
}

// SAFETY: contexts belong to no thread; methods take `&mut self`.
unsafe impl Send for Resampler {}

const RATE: c_int = 48_000;

impl Resampler {
    /// For sound like this.
    pub(crate) fn new(like: &Frame) -> Result<Self, Error> {
        let from = kind(like);
        if from.0 < 0 || from.0 > sys::AVSampleFormat::AV_SAMPLE_FMT_DBLP as c_int || from.1 <= 0 {
            return Err(Error::INVALID);
        }
        let format = FORMATS
            .into_iter()
            .find(|f| *f as c_int == from.0)
            .ok_or(Error::INVALID)?;
        let mut context = null_mut();
        // SAFETY: the layouts are read only; the new context is ours.
        unsafe {
            let mut stereo = std::mem::zeroed();
            sys::av_channel_layout_default(&mut stereo, 2);
            let mut source = std::mem::zeroed();
            // By number alone: a layout of unknown order cannot be mixed down.
            sys::av_channel_layout_default(&mut source, from.2);
            let result = sys::swr_alloc_set_opts2(
                &mut context,
                &raw mut stereo,
                sys::AVSampleFormat::AV_SAMPLE_FMT_FLT,
                RATE,
                &raw mut source,
                format,
                from.1,
                0,
                null_mut(),
            );
            check(result)?;
            let context = NonNull::new(context).ok_or(Error::MEMORY)?;
            // From here on dropping frees it.
            let new = Self { context, from };
            if from.2 == 1 {
                // One channel is as loud on both sides; by default it would be
                // three decibels less.
                let matrix = [1.0f64, 1.0];
                check(sys::swr_set_matrix(context.as_ptr(), matrix.as_ptr(), 1))?;
            }
            check(sys::swr_init(context.as_ptr()))?;
            Ok(new)
        }
    }

    /// Whether it is for sound like this.
    pub(crate) fn fits(&self, frame: &Frame) -> bool {
        self.from == kind(frame)
    }

    /// Converts; gives the samples, and by how many microseconds the first is
    /// earlier than the frame. `None` gives what is left.
    pub(crate) fn convert(&mut self, frame: Option<&Frame>) -> Result<(Vec<f32>, i64), Error> {
        // SAFETY: the context is initialised. The output has room for as many
        // samples as it is told; the input is a frame of the kind that the
        // context was made for, which `fits` says.
        unsafe {
            let context = self.context.as_ptr();
            let delay = sys::swr_get_delay(context, 1_000_000);
            let (data, count) = match frame {
                Some(frame) if !self.fits(frame) => return Err(Error::INVALID),
                Some(frame) => {
                    let frame = &*frame.as_ptr();
                    (frame.extended_data.cast_const(), frame.nb_samples)
                }
                None => (null_mut::<*mut u8>().cast_const(), 0),
            };
            let room = check(sys::swr_get_out_samples(context, count))?;
            let mut samples = vec![0.0f32; room as usize * 2];
            let mut to = [samples.as_mut_ptr().cast::<u8>()];
            let made = check(sys::swr_convert(
                context,
                to.as_mut_ptr().cast(),
                room,
                data.cast_mut().cast(),
                count,
            ))?;
            samples.truncate(made as usize * 2);
            Ok((samples, delay))
        }
    }
}

const FORMATS: [sys::AVSampleFormat; 8] = [
    sys::AVSampleFormat::AV_SAMPLE_FMT_U8,
    sys::AVSampleFormat::AV_SAMPLE_FMT_S16,
    sys::AVSampleFormat::AV_SAMPLE_FMT_S32,
    sys::AVSampleFormat::AV_SAMPLE_FMT_FLT,
    sys::AVSampleFormat::AV_SAMPLE_FMT_U8P,
    sys::AVSampleFormat::AV_SAMPLE_FMT_S16P,
    sys::AVSampleFormat::AV_SAMPLE_FMT_S32P,
    sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP,
];

fn kind(frame: &Frame) -> (c_int, c_int, c_int) {
    // SAFETY: fields of a frame.
    let frame = unsafe { &*frame.as_ptr() };
    (frame.format, frame.sample_rate, frame.ch_layout.nb_channels)
}

impl Drop for Resampler {
    fn drop(&mut self) {
        // SAFETY: ours, and not used afterwards.
        unsafe { sys::swr_free(&mut self.context.as_ptr()) };
    }
}
