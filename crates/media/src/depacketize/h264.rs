//! H.264, RFC 6184, packetization modes 0 and 1: single NAL units, STAP-A, FU-A.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CodedFrame, DepacketizeError, MAX_UNITS};
use crate::FrameSize;
use crate::keyframe::{Bits, sps_size};

const UNIT: DepacketizeError = DepacketizeError::Truncated("NAL unit");

// H.264, table 7-1.
const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;
const END_OF_STREAM: u8 = 11;
const FILLER: u8 = 12;
// RFC 6184, table 1.
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// With scaling lists about 300 bytes.
const MAX_PARAMETER_SET: usize = 2 << 10;
/// seq_parameter_set_id is 0 to 31 (7.4.2.1.1).
const MAX_SPS: usize = 32;
/// Of the 256 that may be; encoders of calls use one or two.
const MAX_PPS: usize = 32;

/// What the payload format remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct H264 {
    sps: BTreeMap<u32, ParameterSet>,
    pps: BTreeMap<u32, ParameterSet>,
    /// A set came that is not as the one before.
    changed: bool,
    /// The last IDR picture brought its parameter sets with it.
    brings_sets: bool,
}

#[derive(Debug)]
struct ParameterSet {
    unit: Vec<u8>,
    /// Came since the last keyframe.
    fresh: bool,
}

impl H264 {
    /// Length-prefixed NAL units; on keyframes, the parameter sets first.
    pub(super) fn frame(
        &mut self,
        payloads: &[Arc<[u8]>],
        after_gap: bool,
    ) -> Result<Option<CodedFrame>, DepacketizeError> {
        let mut units = Units::default();
        for payload in payloads {
            units.payload(payload)?;
        }
        let units = units.finish()?;
        let kinds = || units.iter().map(|unit| unit[0] & 0x1f);
        let has_sps = kinds().any(|kind| kind == SPS);
        let keyframe = kinds().any(|kind| kind == IDR);
        let slices = |unit: &&Vec<u8>| (SLICE..=IDR).contains(&(unit[0] & 0x1f));
        if let Some(first) = units.iter().find(slices) {
            // 7.3.3: first_mb_in_slice, at the front of the slice, is 0 in the
            // first slice of a picture.
            if first.get(1).ok_or(UNIT)? & 0x80 == 0 {
                return Err(DepacketizeError::NoBeginning);
            }
        }
        // The sets that belong to it may be in the gap.
        if keyframe && after_gap && self.brings_sets && !has_sps {
            return Err(DepacketizeError::NoBeginning);
        }
        let mut data = Vec::new();
        let mut pictures = false;
        let mut body = Vec::with_capacity(units.iter().map(|u| u.len() + 4).sum());
        for unit in &units {
            match unit[0] & 0x1f {
                kind @ (SPS | PPS) => {
                    let new = self.keep(kind, unit)?;
                    // A keyframe has all sets in front.
                    if new && !keyframe {
                        push(&mut body, unit);
                    }
                }
                DELIMITER..=FILLER => {}
                kind => {
                    pictures |= (SLICE..=IDR).contains(&kind);
                    push(&mut body, unit);
                }
            }
        }
        if !pictures {
            return Ok(None);
        }
        let mut size = None;
        if keyframe {
            if self.sps.is_empty() || self.pps.is_empty() {
                return Err(DepacketizeError::NoParameterSets);
            }
            self.changed |= retire(&mut self.sps) | retire(&mut self.pps);
            for set in self.sps.values().chain(self.pps.values()) {
                push(&mut data, &set.unit);
            }
            size = self.size();
            self.brings_sets = has_sps;
        }
        if data.is_empty() {
            data = body;
        } else {
            data.append(&mut body);
        }
        Ok(Some(CodedFrame {
            data,
            keyframe,
            size,
            reconfigured: keyframe && std::mem::take(&mut self.changed),
        }))
    }

    /// True: not as it was.
    fn keep(&mut self, kind: u8, unit: &[u8]) -> Result<bool, DepacketizeError> {
        if unit.len() > MAX_PARAMETER_SET {
            return Err(DepacketizeError::ParameterSet(unit.len()));
        }
        let mut bits = Bits::new(&unit[1..]);
        let (sets, limit) = if kind == SPS {
            bits.take(24).ok_or(UNIT)?;
            (&mut self.sps, MAX_SPS)
        } else {
            (&mut self.pps, MAX_PPS)
        };
        let id = bits.ue().ok_or(UNIT)?;
        let full = sets.len() == limit;
        match sets.get_mut(&id) {
            Some(set) => {
                set.fresh = true;
                let new = set.unit != unit;
                if new {
                    unit.clone_into(&mut set.unit);
                    self.changed = true;
                }
                Ok(new)
            }
            None if full => Err(DepacketizeError::ParameterSet(unit.len())),
            None => {
                self.changed |= !sets.is_empty();
                let unit = unit.to_vec();
                sets.insert(id, ParameterSet { unit, fresh: true });
                Ok(true)
            }
        }
    }

    /// Of the one SPS; with several it is not clear which is in use.
    fn size(&self) -> Option<FrameSize> {
        let mut sets = self.sps.values();
        match (sets.next(), sets.next()) {
            (Some(sps), None) => sps_size(sps.unit.get(1..)?),
            _ => None,
        }
    }
}

/// Where a keyframe brings sets, those that it does not bring are of an encoder
/// before. True: there were some.
fn retire(sets: &mut BTreeMap<u32, ParameterSet>) -> bool {
    let before = sets.len();
    if sets.values().any(|set| set.fresh) {
        sets.retain(|_, set| std::mem::take(&mut set.fresh));
    }
    sets.len() != before
}

fn push(data: &mut Vec<u8>, unit: &[u8]) {
    // A frame is smaller than 4 GiB: it is limited long before.
    #[allow(clippy::cast_possible_truncation)]
    let len = unit.len() as u32;
    data.extend_from_slice(&len.to_be_bytes());
    data.extend_from_slice(unit);
}

/// NAL units being put together.
#[derive(Default)]
struct Units {
    units: Vec<Vec<u8>>,
    /// The last of `units` is a fragmented one that has not ended.
    open: bool,
}

impl Units {
    fn payload(&mut self, payload: &[u8]) -> Result<(), DepacketizeError> {
        let header = *payload.first().ok_or(UNIT)?;
        let kind = header & 0x1f;
        if self.open && kind != FU_A {
            return Err(DepacketizeError::Fragments);
        }
        match kind {
            1..=23 => self.unit(payload),
            STAP_A => self.stap_a(&payload[1..]),
            FU_A => self.fu_a(header, &payload[1..]),
            25..=27 | 29 => Err(DepacketizeError::Interleaved(kind)),
            // 5.2: undefined types are to be ignored.
            _ => Ok(()),
        }
    }

    fn unit(&mut self, unit: &[u8]) -> Result<(), DepacketizeError> {
        // Nothing but a header: only an end of sequence or of stream is that.
        if unit.len() < 2 && !(DELIMITER..=END_OF_STREAM).contains(&(unit[0] & 0x1f)) {
            return Err(UNIT);
        }
        self.push(unit.to_vec())
    }

    fn push(&mut self, unit: Vec<u8>) -> Result<(), DepacketizeError> {
        if self.units.len() == MAX_UNITS {
            return Err(DepacketizeError::TooManyUnits { limit: MAX_UNITS });
        }
        self.units.push(unit);
        Ok(())
    }

    /// 5.7.1.
    fn stap_a(&mut self, mut rest: &[u8]) -> Result<(), DepacketizeError> {
        const AGGREGATE: DepacketizeError = DepacketizeError::Truncated("STAP-A");
        if rest.is_empty() {
            return Err(AGGREGATE);
        }
        while !rest.is_empty() {
            let [a, b, tail @ ..] = rest else {
                return Err(AGGREGATE);
            };
            let len = usize::from(u16::from_be_bytes([*a, *b]));
            let (unit, next) = tail.split_at_checked(len).ok_or(AGGREGATE)?;
            match unit.first().ok_or(AGGREGATE)? & 0x1f {
                1..=23 => self.unit(unit)?,
                kind @ 24..=29 => return Err(DepacketizeError::Interleaved(kind)),
                _ => {}
            }
            rest = next;
        }
        Ok(())
    }

    /// 5.8.
    fn fu_a(&mut self, indicator: u8, rest: &[u8]) -> Result<(), DepacketizeError> {
        const FRAGMENT: DepacketizeError = DepacketizeError::Truncated("FU-A");
        let (header, fragment) = rest.split_first().ok_or(FRAGMENT)?;
        let (starts, ends) = (header & 0x80 != 0, header & 0x40 != 0);
        let unit_header = indicator & 0xe0 | header & 0x1f;
        if !(1..=23).contains(&(header & 0x1f)) {
            return Err(DepacketizeError::Fragments);
        }
        if fragment.is_empty() {
            return Err(FRAGMENT);
        }
        // Beginning and end in one is forbidden, and sent by some all the same.
        if starts == self.open {
            return Err(DepacketizeError::Fragments);
        }
        if starts {
            self.push(vec![unit_header])?;
        }
        let unit = self.units.last_mut().ok_or(DepacketizeError::Fragments)?;
        if unit[0] & 0x1f != header & 0x1f {
            return Err(DepacketizeError::Fragments);
        }
        unit.extend_from_slice(fragment);
        self.open = !ends;
        Ok(())
    }

    fn finish(self) -> Result<Vec<Vec<u8>>, DepacketizeError> {
        if self.open {
            return Err(DepacketizeError::Fragments);
        }
        Ok(self.units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x264, 640x480, constrained baseline.
    const SPS_640: [u8; 24] = [
        0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0xb0, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01,
        0x00, 0x00, 0x03, 0x00, 0x3c, 0x0f, 0x16, 0x2e, 0x48,
    ];
    const PPS_0: [u8; 4] = [0x68, 0xcb, 0x83, 0xcb];

    fn stap(units: &[&[u8]]) -> Arc<[u8]> {
        let mut payload = vec![0x78];
        for unit in units {
            payload.extend(u16::try_from(unit.len()).unwrap().to_be_bytes());
            payload.extend(*unit);
        }
        payload.into()
    }

    fn avcc(units: &[&[u8]]) -> Vec<u8> {
        let mut data = Vec::new();
        for unit in units {
            push(&mut data, unit);
        }
        data
    }

    fn bytes(payload: &[u8]) -> Arc<[u8]> {
        payload.into()
    }

    fn key(h264: &mut H264) -> CodedFrame {
        let parts = [stap(&[&SPS_640, &PPS_0]), bytes(&[0x65, 0x88, 1])];
        h264.frame(&parts, false).unwrap().unwrap()
    }

    #[test]
    fn a_keyframe_has_its_parameter_sets_in_front() {
        let mut h264 = H264::default();
        let frame = key(&mut h264);
        assert!(frame.keyframe && !frame.reconfigured);
        assert_eq!(
            frame.size,
            Some(FrameSize {
                width: 640,
                height: 480
            })
        );
        assert_eq!(frame.data, avcc(&[&SPS_640, &PPS_0, &[0x65, 0x88, 1]]));
        // Also when they were sent once only.
        let again = h264.frame(&[bytes(&[0x65, 0x88, 2])], false);
        let again = again.unwrap().unwrap();
        assert_eq!(again.data, avcc(&[&SPS_640, &PPS_0, &[0x65, 0x88, 2]]));
    }

    #[test]
    fn fragments_are_put_together() {
        let mut h264 = H264::default();
        key(&mut h264);
        let parts = [
            bytes(&[0x5c, 0x81, 0x9a, 1]),
            bytes(&[0x5c, 0x01, 2]),
            bytes(&[0x5c, 0x41, 3]),
        ];
        let frame = h264.frame(&parts, false).unwrap().unwrap();
        assert!(!frame.keyframe);
        assert_eq!(frame.data, avcc(&[&[0x41, 0x9a, 1, 2, 3]]));
        for broken in [
            &parts[..2],
            &parts[1..],
            &[parts[0].clone(), bytes(&[0x41, 0x9a])],
        ] {
            assert_eq!(h264.frame(broken, false), Err(DepacketizeError::Fragments));
        }
    }

    #[test]
    fn delimiters_and_fillers_are_left_out() {
        let mut h264 = H264::default();
        key(&mut h264);
        let parts = [
            bytes(&[0x09, 0xf0]),
            bytes(&[0x06, 5, 1]),
            bytes(&[0x41, 0x9a, 7]),
            bytes(&[0x0c, 0xff, 0xff]),
        ];
        let frame = h264.frame(&parts, false).unwrap().unwrap();
        assert_eq!(frame.data, avcc(&[&[0x06, 5, 1], &[0x41, 0x9a, 7]]));
    }

    #[test]
    fn parameter_sets_alone_wait_for_their_picture() {
        let mut h264 = H264::default();
        let sets = [bytes(&SPS_640), bytes(&PPS_0)];
        assert_eq!(h264.frame(&sets, false), Ok(None));
        let frame = h264.frame(&[bytes(&[0x65, 0x88, 2])], false);
        assert!(frame.unwrap().unwrap().keyframe);
    }

    #[test]
    fn a_changed_parameter_set_is_noticed() {
        let mut h264 = H264::default();
        key(&mut h264);
        assert!(!key(&mut h264).reconfigured);
        let mut other = SPS_640;
        other[3] = 0x1f;
        let parts = [stap(&[&other, &PPS_0]), bytes(&[0x65, 0x88, 1])];
        let frame = h264.frame(&parts, false).unwrap().unwrap();
        assert!(frame.reconfigured);
        assert_eq!(frame.data, avcc(&[&other, &PPS_0, &[0x65, 0x88, 1]]));
    }

    #[test]
    fn sets_of_an_encoder_before_are_forgotten() {
        let mut h264 = H264::default();
        key(&mut h264);
        // Another id: ue(1) in the place of ue(0).
        let sps = [&[0x67, 0x42, 0xc0, 0x1e, 0x59][..], &SPS_640[5..]].concat();
        let pps = [0x68, 0x5b, 0x83, 0xcb];
        let parts = [stap(&[&sps, &pps]), bytes(&[0x65, 0x88, 1])];
        let frame = h264.frame(&parts, false).unwrap().unwrap();
        assert!(frame.reconfigured);
        assert_eq!(frame.data, avcc(&[&sps, &pps, &[0x65, 0x88, 1]]));
        assert!(!h264.frame(&parts, false).unwrap().unwrap().reconfigured);
    }

    #[test]
    fn a_keyframe_whose_beginning_may_be_lost_is_not_taken() {
        let mut h264 = H264::default();
        key(&mut h264);
        // The sets that this encoder always sends.
        let idr = [bytes(&[0x65, 0x88, 1])];
        assert_eq!(h264.frame(&idr, true), Err(DepacketizeError::NoBeginning));
        // A second slice.
        assert_eq!(
            h264.frame(&[bytes(&[0x65, 0x48, 1])], false),
            Err(DepacketizeError::NoBeginning)
        );
        assert!(h264.frame(&idr, false).unwrap().unwrap().keyframe);
        assert_eq!(
            H264::default().frame(&idr, false),
            Err(DepacketizeError::NoParameterSets)
        );
    }

    #[test]
    fn case_20_what_is_cut_short_is_an_error() {
        let mut h264 = H264::default();
        for payload in [
            &[][..],
            &[0x41],
            &[0x78],
            &[0x78, 0],
            &[0x78, 0xff, 0xff, 0x67],
            &[0x78, 0, 0],
            &[0x78, 0, 1, 0x67],
            &[0x7c],
            &[0x7c, 0x85],
            &[0x7c, 0x98, 1],
            &[0x67, 0x42],
            &[0x79, 1, 2],
            &[0x65, 0x88, 1],
        ] {
            let result = h264.frame(&[bytes(payload)], false);
            assert!(result.is_err(), "{payload:02x?}: {result:?}");
        }
        assert_eq!(h264.frame(&[bytes(&[0x1f, 1])], false), Ok(None));
    }

    #[test]
    fn parameter_sets_are_bounded() {
        let mut h264 = H264::default();
        let long = [&SPS_640[..], &[0x55; MAX_PARAMETER_SET]].concat();
        assert!(h264.frame(&[long.into()], false).is_err());
        // Exp-Golomb ids 0.. as pic_parameter_set_id.
        let mut kept = 0;
        for id in 1_u32..200 {
            let zeros = id.ilog2();
            let code = u64::from(id) << (63 - 2 * zeros);
            let unit = [&[0x68][..], &code.to_be_bytes()].concat();
            kept += usize::from(h264.frame(&[unit.into()], false).is_ok());
        }
        assert_eq!(kept, MAX_PPS);
    }
}
