//! Black pictures of any size, made without an encoder: fixed bits, repeated.

use veche_media::{FrameSize, VideoCodec};

use super::bits::BitWriter;
use super::h264;

/// A black keyframe, where one can be made without an encoder.
pub(crate) fn keyframe(codec: VideoCodec, size: FrameSize) -> Option<Vec<u8>> {
    // H.264 level 6.2 ends near here; VP8 has 14 bits.
    if size.width == 0 || size.height == 0 || size.width > 8192 || size.height > 8192 {
        return None;
    }
    match codec {
        VideoCodec::H264 => Some(h264_black(size)),
        VideoCodec::Vp8 => Some(super::vp8::black(size)),
        VideoCodec::Vp9 | VideoCodec::Av1 => None,
    }
}

/// Baseline. The first macroblock is raw black samples (`I_PCM`), every other
/// is predicted from its neighbours without residual.
fn h264_black(size: FrameSize) -> Vec<u8> {
    let (columns, rows) = (size.width.div_ceil(16), size.height.div_ceil(16));
    let (right, bottom) = (columns * 16 - size.width, rows * 16 - size.height);

    let mut sps = BitWriter::default();
    sps.put(0x67, 8);
    sps.put(66, 8);
    sps.put(0xc0, 8);
    sps.put(if columns * rows <= 3600 { 31 } else { 52 }, 8);
    sps.ue(0); // seq_parameter_set_id
    sps.ue(0); // log2_max_frame_num - 4
    sps.ue(2); // pic_order_cnt_type: output in decoding order
    sps.ue(1); // max_num_ref_frames
    sps.put(0, 1);
    sps.ue(columns - 1);
    sps.ue(rows - 1);
    sps.put(0b11, 2); // frames only, direct_8x8_inference
    if right | bottom == 0 {
        sps.put(0, 1);
    } else {
        sps.put(1, 1);
        for crop in [0, right / 2, 0, bottom / 2] {
            sps.ue(crop);
        }
    }
    sps.put(0, 1); // no VUI

    let mut pps = BitWriter::default();
    pps.put(0x68, 8);
    pps.ue(0);
    pps.ue(0);
    pps.put(0, 2); // CAVLC, no bottom field order
    pps.ue(0); // one slice group
    pps.ue(0);
    pps.ue(0);
    pps.put(0, 3); // no weighted prediction
    pps.ue(0); // QP 26 and offsets
    pps.ue(0);
    pps.ue(0);
    pps.put(0, 3);

    let mut slice = BitWriter::default();
    slice.put(0x65, 8);
    slice.ue(0); // first macroblock
    slice.ue(7); // I, and all slices of the picture
    slice.ue(0); // PPS
    slice.put(0, 4); // frame_num
    slice.ue(0); // idr_pic_id
    slice.put(0, 2); // reference marking
    slice.ue(0); // QP delta
    slice.ue(25); // I_PCM
    slice.align_zero();
    slice.raw(&[16; 256]);
    slice.raw(&[128; 128]);
    for block in 1..columns * rows {
        slice.ue(3); // I_16x16, DC prediction, nothing coded
        slice.ue(0); // chroma: DC prediction
        slice.ue(0); // QP delta
        // coeff_token "none". Beside I_PCM, which counts as sixteen
        // coefficients, it has another form (9.2.1).
        if block == 1 && columns > 1 || block == columns {
            slice.put(0b11, 6);
        } else {
            slice.put(1, 1);
        }
    }
    let mut unit = Vec::new();
    for nal in [sps, pps, slice] {
        let nal = h264::escape(&nal.finish());
        unit.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        unit.extend_from_slice(&nal);
    }
    unit
}
