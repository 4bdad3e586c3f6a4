/// Sequence numbers and timestamps of one forwarded track, as one player sees them.
///
/// The source's numbers keep their distances (a gap stays a gap, so a player's
/// NACK and a late retransmission still fit), but begin at the player's own
/// origin. When the source jumps (its encoder or its SSRC was replaced), the
/// player sees no jump.
#[derive(Clone, Debug)]
pub struct Rewriter {
    seq_origin: u64,
    clock_rate: u32,
    state: Option<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Added to the source's extended sequence number, wrapping.
    seq_offset: u64,
    /// Added to the source's timestamp, wrapping.
    ts_offset: u32,
    /// Highest of the source, extended.
    source_seq: u64,
    /// Highest sent, extended.
    seq: u64,
    /// Lowest that may be sent under the present offset.
    floor: u64,
    /// Timestamp sent with `seq`.
    ts: u32,
}

/// One packet's numbers for the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// Extended sequence number, starting below 2^16 (SRTP rollover counter 0).
    pub seq: u64,
    /// RTP timestamp.
    pub timestamp: u32,
}

/// A step larger than this is a new origin, not loss: at 4 Mbps in packets of
/// 1100 bytes it is two seconds.
const MAX_STEP: u64 = 1_000;

impl Rewriter {
    /// A rewriter whose first packet gets the sequence number `origin`.
    pub fn new(origin: u16, clock_rate: u32) -> Self {
        Self {
            // Half of the space, so that an early reordered packet does not
            // fall below zero, nor 2^16 come before the player's first report.
            seq_origin: u64::from(origin & 0x7fff) + MAX_STEP,
            clock_rate,
            state: None,
        }
    }

    /// Numbers for the source's packet, or `None` if it belongs before the
    /// present origin and cannot be placed.
    pub fn rewrite(&mut self, source_seq: u64, source_ts: u32) -> Option<Rewritten> {
        let Some(state) = &mut self.state else {
            let seq = self.seq_origin;
            self.state = Some(State {
                seq_offset: seq.wrapping_sub(source_seq),
                ts_offset: 0,
                source_seq,
                seq,
                floor: seq,
                ts: source_ts,
            });
            return Some(Rewritten {
                seq,
                timestamp: source_ts,
            });
        };
        if source_seq.abs_diff(state.source_seq) > MAX_STEP {
            // One frame later at 30 fps; the true distance is not known.
            let step = self.clock_rate / 30;
            let seq = state.seq + 1;
            let ts = state.ts.wrapping_add(step);
            *state = State {
                seq_offset: seq.wrapping_sub(source_seq),
                ts_offset: ts.wrapping_sub(source_ts),
                source_seq,
                seq,
                floor: seq,
                ts,
            };
            return Some(Rewritten { seq, timestamp: ts });
        }
        let seq = source_seq.wrapping_add(state.seq_offset);
        if seq < state.floor {
            return None;
        }
        let timestamp = source_ts.wrapping_add(state.ts_offset);
        if seq > state.seq {
            state.seq = seq;
            state.source_seq = source_seq;
            state.ts = timestamp;
        }
        Some(Rewritten { seq, timestamp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seqs(rewriter: &mut Rewriter, source: &[u64]) -> Vec<Option<u64>> {
        source
            .iter()
            .map(|s| rewriter.rewrite(*s, 0).map(|r| r.seq))
            .collect()
    }

    #[test]
    fn gaps_and_order_are_kept() {
        let mut r = Rewriter::new(0, 90_000);
        assert_eq!(
            seqs(&mut r, &[70_000, 70_001, 70_004, 70_003]),
            [Some(1000), Some(1001), Some(1004), Some(1003)]
        );
    }

    #[test]
    fn a_packet_from_before_the_origin_is_not_placed() {
        let mut r = Rewriter::new(7, 90_000);
        assert_eq!(seqs(&mut r, &[50, 49]), [Some(1007), None]);
    }

    #[test]
    fn case_21_a_jump_of_the_source_is_no_jump_for_the_player() {
        let mut r = Rewriter::new(0, 90_000);
        let first = r.rewrite(10, 1_000).unwrap();
        let after = r.rewrite(u64::from(u32::MAX), 4_000_000_000).unwrap();
        assert_eq!(after.seq, first.seq + 1);
        assert_eq!(after.timestamp, 1_000 + 3_000);
        let back = r.rewrite(3, 77).unwrap();
        assert_eq!(back.seq, first.seq + 2);
        assert_eq!(back.timestamp, after.timestamp + 3_000);
    }

    #[test]
    fn the_first_number_leaves_the_rollover_counter_at_zero() {
        let mut r = Rewriter::new(u16::MAX, 90_000);
        assert!(r.rewrite(9, 9).unwrap().seq < 1 << 16);
    }

    #[test]
    fn timestamps_wrap_with_the_source() {
        let mut r = Rewriter::new(0, 90_000);
        r.rewrite(1, u32::MAX - 5).unwrap();
        assert_eq!(r.rewrite(2, 4).unwrap().timestamp, 4);
    }
}
