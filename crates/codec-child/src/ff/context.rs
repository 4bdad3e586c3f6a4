use std::ffi::{CStr, CString, c_int};
use std::ptr::{NonNull, null_mut};
use std::slice;

use ffmpeg_sys_next as sys;
use veche_codec::limits::MAX_PIXELS;

use super::{Error, Frame, check};

/// Which way a codec goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Decoder,
    Encoder,
}

pub(super) fn find(side: Side, name: &CStr) -> *const sys::AVCodec {
    // SAFETY: the name is a string; the answer is a constant of the library, or null.
    unsafe {
        match side {
            Side::Decoder => sys::avcodec_find_decoder_by_name(name.as_ptr()),
            Side::Encoder => sys::avcodec_find_encoder_by_name(name.as_ptr()),
        }
    }
}

/// How a codec is opened. Times are in microseconds for pictures and in samples
/// for sound that is encoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// What is known before the first packet.
    pub(crate) config: Vec<u8>,
    pub(crate) threads: u32,
    /// Of pictures to encode.
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) fps: (u32, u32),
    pub(crate) bitrate: Option<u32>,
    pub(crate) keyframe_interval: u32,
    pub(crate) b_frames: u32,
    /// Constant quality as a quantiser, for MJPEG.
    pub(crate) quantiser: Option<u32>,
    /// Full range, which only JPEG has.
    pub(crate) full_range: bool,
    /// Samples a second and channels, of sound.
    pub(crate) sound: Option<(u32, u32)>,
    /// Planes for each channel, or left and right by turns, of sound to encode.
    pub(crate) planar: bool,
    /// Options of the codec by name.
    pub(crate) options: Vec<(&'static str, String)>,
}

/// A decoder or encoder.
pub(crate) struct Coder {
    context: NonNull<sys::AVCodecContext>,
    packet: NonNull<sys::AVPacket>,
}

// SAFETY: contexts and packets belong to no thread; `Coder` is not `Sync` and
// its methods take `&mut self`.
unsafe impl Send for Coder {}

/// A packet that an encoder gave.
pub(crate) struct Packet<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) pts: i64,
    pub(crate) dts: i64,
    pub(crate) key: bool,
}

impl Coder {
    /// Opens the codec of this name.
    pub(crate) fn open(side: Side, name: &CStr, setup: &Setup) -> Result<Self, Error> {
        let codec = find(side, name);
        if codec.is_null() {
            return Err(match side {
                Side::Decoder => Error(sys::AVERROR_DECODER_NOT_FOUND),
                Side::Encoder => Error(sys::AVERROR_ENCODER_NOT_FOUND),
            });
        }
        // SAFETY: `codec` is one of the library's.
        let context = unsafe { sys::avcodec_alloc_context3(codec) };
        let context = NonNull::new(context).ok_or(Error::MEMORY)?;
        // SAFETY: no arguments.
        let packet = NonNull::new(unsafe { sys::av_packet_alloc() });
        let Some(packet) = packet else {
            // SAFETY: allocated above, used by nobody else.
            unsafe { sys::avcodec_free_context(&mut context.as_ptr()) };
            return Err(Error::MEMORY);
        };
        // From here on dropping frees both.
        let mut coder = Self { context, packet };
        coder.configure(side, setup)?;
        let mut options = Options::new(&setup.options)?;
        // SAFETY: context and codec belong together; the options are a dictionary
        // that stays ours, from which those that were understood are taken.
        check(unsafe { sys::avcodec_open2(context.as_ptr(), codec, options.as_mut_ptr()) })?;
        Ok(coder)
    }

    fn configure(&mut self, side: Side, setup: &Setup) -> Result<(), Error> {
        // SAFETY: the context is ours and not open yet, so its fields may be set.
        let context = unsafe { self.context.as_mut() };
        context.thread_count = int(setup.threads);
        context.max_pixels = MAX_PIXELS as i64;
        let microseconds = sys::AVRational {
            num: 1,
            den: 1_000_000,
        };
        context.pkt_timebase = microseconds;
        if !setup.config.is_empty() {
            set_extradata(context, &setup.config)?;
        }
        if let Some((rate, channels)) = setup.sound {
            context.sample_rate = int(rate);
            // SAFETY: writes a layout over the empty one.
            unsafe { sys::av_channel_layout_default(&mut context.ch_layout, int(channels)) };
        }
        if side == Side::Decoder {
            return Ok(());
        }
        context.flags |= sys::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
        if let Some(bitrate) = setup.bitrate {
            context.bit_rate = i64::from(bitrate);
        }
        if let Some((rate, _)) = setup.sound {
            context.time_base = sys::AVRational {
                num: 1,
                den: int(rate),
            };
            context.sample_fmt = sample_format(setup.planar);
        }
        if let Some((width, height)) = setup.size {
            context.width = int(width);
            context.height = int(height);
            context.time_base = microseconds;
            context.framerate = sys::AVRational {
                num: int(setup.fps.0.max(1)),
                den: int(setup.fps.1.max(1)),
            };
            context.gop_size = int(setup.keyframe_interval);
            context.max_b_frames = int(setup.b_frames);
            if let Some(bitrate) = setup.bitrate {
                context.rc_max_rate = i64::from(bitrate) * 2;
                context.rc_buffer_size = int(bitrate).saturating_mul(2);
            }
            if setup.full_range {
                context.pix_fmt = sys::AVPixelFormat::AV_PIX_FMT_YUVJ420P;
                context.color_range = sys::AVColorRange::AVCOL_RANGE_JPEG;
            } else {
                context.pix_fmt = sys::AVPixelFormat::AV_PIX_FMT_YUV420P;
                context.color_range = sys::AVColorRange::AVCOL_RANGE_MPEG;
                // As browsers' cameras are. Without it players take large
                // pictures for BT.709, and every colour is a little off.
                context.color_primaries = sys::AVColorPrimaries::AVCOL_PRI_SMPTE170M;
                context.color_trc = sys::AVColorTransferCharacteristic::AVCOL_TRC_SMPTE170M;
                context.colorspace = sys::AVColorSpace::AVCOL_SPC_SMPTE170M;
            }
            if let Some(quantiser) = setup.quantiser {
                context.flags |= sys::AV_CODEC_FLAG_QSCALE as c_int;
                context.global_quality = int(quantiser).saturating_mul(sys::FF_QP2LAMBDA as c_int);
            }
        }
        Ok(())
    }

    /// Gives a decoder a packet; `None` is the end.
    pub(crate) fn send_packet(&mut self, packet: Option<(&[u8], i64)>) -> Result<(), Error> {
        let Some((data, pts)) = packet else {
            // SAFETY: the context is open.
            return check(unsafe {
                sys::avcodec_send_packet(self.context.as_ptr(), std::ptr::null())
            })
            .map(drop);
        };
        let size = c_int::try_from(data.len()).map_err(|_| Error::INVALID)?;
        // SAFETY: the packet is ours and empty; `av_new_packet` gives it `size`
        // bytes, and padding behind, into which `size` bytes are copied. The
        // decoder takes a reference of its own.
        unsafe {
            let to = self.packet.as_ptr();
            check(sys::av_new_packet(to, size))?;
            std::ptr::copy_nonoverlapping(data.as_ptr(), (*to).data, data.len());
            (*to).pts = pts;
            let result = sys::avcodec_send_packet(self.context.as_ptr(), to);
            sys::av_packet_unref(to);
            check(result).map(drop)
        }
    }

    /// What a decoder has decoded. [`Error::AGAIN`]: nothing without more packets.
    pub(crate) fn receive_frame(&mut self, frame: &mut Frame) -> Result<(), Error> {
        // SAFETY: the context is open; the frame is ours and is emptied first.
        check(unsafe { sys::avcodec_receive_frame(self.context.as_ptr(), frame.as_mut_ptr()) })
            .map(drop)
    }

    /// Whether a decoder leaves out pictures that no other depends on.
    pub(crate) fn skip_unneeded(&mut self, skip: bool) {
        // SAFETY: the field may be changed between packets.
        unsafe { self.context.as_mut() }.skip_frame = if skip {
            sys::AVDiscard::AVDISCARD_NONREF
        } else {
            sys::AVDiscard::AVDISCARD_DEFAULT
        };
    }

    /// Gives an encoder a frame; `None` is the end.
    pub(crate) fn send_frame(&mut self, frame: Option<&Frame>) -> Result<(), Error> {
        let frame = frame.map_or(std::ptr::null(), Frame::as_ptr);
        // SAFETY: the context is open; the encoder takes a reference of its own.
        check(unsafe { sys::avcodec_send_frame(self.context.as_ptr(), frame) }).map(drop)
    }

    /// What an encoder has encoded. [`Error::AGAIN`]: nothing without more frames.
    pub(crate) fn receive_packet(&mut self) -> Result<Packet<'_>, Error> {
        // SAFETY: the context is open; the packet is ours and is emptied first.
        // Its data is valid until the next call, which the lifetime says.
        unsafe {
            let from = self.packet.as_ptr();
            check(sys::avcodec_receive_packet(self.context.as_ptr(), from))?;
            Ok(Packet {
                data: bytes((*from).data, (*from).size),
                pts: (*from).pts,
                dts: (*from).dts,
                key: (*from).flags & sys::AV_PKT_FLAG_KEY as c_int != 0,
            })
        }
    }

    /// What an encoder says has to be known before its packets.
    pub(crate) fn config(&self) -> &[u8] {
        // SAFETY: set when the context was opened, and not changed any more.
        unsafe {
            let context = self.context.as_ref();
            bytes(context.extradata, context.extradata_size)
        }
    }

    /// Samples that an encoder takes at once.
    pub(crate) fn frame_samples(&self) -> u32 {
        // SAFETY: a field of an open context.
        u32::try_from(unsafe { self.context.as_ref() }.frame_size).unwrap_or(0)
    }

    /// Samples before the first that an encoder was given.
    pub(crate) fn padding(&self) -> i64 {
        // SAFETY: as above.
        i64::from(unsafe { self.context.as_ref() }.initial_padding)
    }

    /// By how many pictures an encoder's decoding runs before its showing.
    pub(crate) fn reorder(&self) -> u32 {
        // SAFETY: as above.
        u32::try_from(unsafe { self.context.as_ref() }.has_b_frames).unwrap_or(0)
    }
}

impl Drop for Coder {
    fn drop(&mut self) {
        // SAFETY: both are ours and are not used afterwards.
        unsafe {
            sys::avcodec_free_context(&mut self.context.as_ptr());
            sys::av_packet_free(&mut self.packet.as_ptr());
        }
    }
}

fn set_extradata(context: &mut sys::AVCodecContext, config: &[u8]) -> Result<(), Error> {
    let padding = sys::AV_INPUT_BUFFER_PADDING_SIZE as usize;
    let size = c_int::try_from(config.len()).map_err(|_| Error::INVALID)?;
    // SAFETY: FFmpeg's allocator, as the context frees it; zeroed, with the
    // padding that decoders read into.
    unsafe {
        let to = sys::av_mallocz(config.len() + padding).cast::<u8>();
        if to.is_null() {
            return Err(Error::MEMORY);
        }
        std::ptr::copy_nonoverlapping(config.as_ptr(), to, config.len());
        context.extradata = to;
        context.extradata_size = size;
    }
    Ok(())
}

/// # Safety
/// `data` is null or has `size` bytes, for as long as `'a`.
unsafe fn bytes<'a>(data: *const u8, size: c_int) -> &'a [u8] {
    match usize::try_from(size) {
        // SAFETY: as the caller promises.
        Ok(size) if !data.is_null() => unsafe { slice::from_raw_parts(data, size) },
        _ => &[],
    }
}

pub(super) fn sample_format(planar: bool) -> sys::AVSampleFormat {
    if planar {
        sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP
    } else {
        sys::AVSampleFormat::AV_SAMPLE_FMT_FLT
    }
}

pub(super) fn int(value: u32) -> c_int {
    c_int::try_from(value).unwrap_or(c_int::MAX)
}

/// A dictionary.
struct Options(*mut sys::AVDictionary);

impl Options {
    fn new(options: &[(&str, String)]) -> Result<Self, Error> {
        let mut new = Self(null_mut());
        for (name, value) in options {
            let name = CString::new(*name).map_err(|_| Error::INVALID)?;
            let value = CString::new(value.as_str()).map_err(|_| Error::INVALID)?;
            // SAFETY: the dictionary is ours; the strings are copied.
            check(unsafe { sys::av_dict_set(new.as_mut_ptr(), name.as_ptr(), value.as_ptr(), 0) })?;
        }
        Ok(new)
    }

    fn as_mut_ptr(&mut self) -> *mut *mut sys::AVDictionary {
        &mut self.0
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: ours; null is allowed.
        unsafe { sys::av_dict_free(&mut self.0) };
    }
}
