//! One track's packets in order again, gaps waited for and then given up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A received RTP packet, as a recording needs it.
#[derive(Clone, Debug)]
pub struct RecordedPacket {
    /// Which encoder it is from, usually the SSRC. Another number means that
    /// sequence numbers and timestamps begin anew.
    pub source: u32,
    /// Sequence number, extended.
    pub seq: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// Without padding; padding alone is an empty payload.
    pub payload: Arc<[u8]>,
    /// When it was received, as a distance from the origin of the room's clock.
    pub arrival: Duration,
    /// Clockwise degrees of the video orientation extension, on packets that have it.
    pub rotation: Option<u16>,
    /// The source's last sender report: NTP time, from any fixed origin, and
    /// RTP timestamp.
    pub report: Option<(Duration, u32)>,
}

/// How long a gap is held open. A player gives up after some 200 ms; a
/// recording waits for the second retransmission on a bad mobile network, and
/// still has what came behind the gap on the disk a second after it was received.
pub(crate) const MAX_HOLD: Duration = Duration::from_millis(850);
/// Packets that wait behind a gap: a second at 20 Mbps.
const MAX_PENDING: usize = 2048;
/// Their bytes: a second at 64 Mbps, since over TCP a packet may have 64 KiB.
const MAX_PENDING_BYTES: usize = 8 << 20;
/// Among so many packets behind a gap is the one that came first: more than are
/// retransmitted together.
const LOOK_BEHIND: usize = 64;
/// A packet this far behind is not late: its source counts anew (RFC 3550, A.1).
const MAX_MISORDER: u64 = 1 << 15;
/// So many old packets in a row are not late either.
const MAX_LATE_RUN: u32 = 128;

/// What comes out of a [`Reorder`], in order.
#[derive(Debug)]
pub(crate) enum Step {
    Packet(RecordedPacket),
    /// So many packets before the next one will not come.
    Lost(u64),
}

/// Counts of a track's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrivals {
    pub duplicates: u64,
    pub late: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Reorder {
    source: Option<u32>,
    /// The source before, and until when its stragglers are expected.
    previous: Option<(u32, Duration)>,
    /// Sequence number that comes next.
    next: u64,
    pending: BTreeMap<u64, RecordedPacket>,
    pending_bytes: usize,
    /// Since when `next` is missed: there are packets behind it.
    gap_since: Option<Duration>,
    late_run: u32,
    pub arrivals: Arrivals,
}

impl Reorder {
    /// Takes a packet and gives what is in order now.
    pub(crate) fn handle_packet(&mut self, packet: RecordedPacket, steps: &mut Vec<Step>) {
        let now = packet.arrival;
        if self.source != Some(packet.source) {
            if let Some((previous, until)) = self.previous
                && previous == packet.source
                && now < until
            {
                self.arrivals.late += 1;
                return;
            }
            self.previous = self.source.map(|source| (source, now + MAX_HOLD));
            if self.source.replace(packet.source).is_some() {
                self.restart(&packet, steps);
            } else {
                self.next = packet.seq;
            }
        }
        if packet.seq < self.next {
            self.late_run += 1;
            let far = self.next - packet.seq > MAX_MISORDER;
            if !far && self.late_run <= MAX_LATE_RUN {
                self.arrivals.late += 1;
                return;
            }
            self.restart(&packet, steps);
        } else if packet.seq - self.next > MAX_PENDING as u64 {
            self.restart(&packet, steps);
        }
        self.late_run = 0;
        if packet.seq == self.next && self.pending.is_empty() {
            self.next += 1;
            steps.push(Step::Packet(packet));
            return;
        }
        if self.pending.contains_key(&packet.seq) {
            self.arrivals.duplicates += 1;
            return;
        }
        self.pending_bytes += packet.payload.len();
        self.pending.insert(packet.seq, packet);
        self.run(steps);
        while self.pending.len() > MAX_PENDING || self.pending_bytes > MAX_PENDING_BYTES {
            self.skip_gap(steps);
        }
        self.expire(now, steps);
    }

    /// Gives up the gaps that were held long enough.
    pub(crate) fn expire(&mut self, now: Duration, steps: &mut Vec<Step>) {
        while self.gap_since.is_some_and(|since| now >= since + MAX_HOLD) {
            self.skip_gap(steps);
        }
    }

    /// Gives up every gap: nothing more will come.
    pub(crate) fn flush(&mut self, steps: &mut Vec<Step>) {
        while !self.pending.is_empty() {
            self.skip_gap(steps);
        }
    }

    /// Begins anew with the next packet; what was missed is not lost.
    pub(crate) fn reset(&mut self) {
        *self = Self {
            arrivals: self.arrivals,
            ..Self::default()
        };
    }

    /// Since when a packet is missed.
    pub(crate) fn gap_since(&self) -> Option<Duration> {
        self.gap_since
    }

    /// The source counts anew, from this packet.
    fn restart(&mut self, packet: &RecordedPacket, steps: &mut Vec<Step>) {
        self.flush(steps);
        // How many, only a jump ahead within one numbering could tell, and not for sure.
        steps.push(Step::Lost(1));
        self.next = packet.seq;
    }

    fn skip_gap(&mut self, steps: &mut Vec<Step>) {
        let Some(first) = self.pending.keys().next().copied() else {
            self.gap_since = None;
            return;
        };
        steps.push(Step::Lost(first - self.next));
        self.next = first;
        self.run(steps);
    }

    /// Gives what is in order, and looks whether a gap is behind it.
    fn run(&mut self, steps: &mut Vec<Step>) {
        let from = self.next;
        while let Some(packet) = self.pending.remove(&self.next) {
            self.pending_bytes -= packet.payload.len();
            self.next += 1;
            steps.push(Step::Packet(packet));
        }
        if self.next != from || self.gap_since.is_none() {
            // A new gap is missed since the first packet from behind it came.
            let behind = self.pending.values().take(LOOK_BEHIND);
            self.gap_since = behind.map(|p| p.arrival).min();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn packet(source: u32, seq: u64, at: u64) -> RecordedPacket {
        RecordedPacket {
            source,
            seq,
            timestamp: 0,
            marker: false,
            payload: [0; 10].into(),
            arrival: ms(at),
            rotation: None,
            report: None,
        }
    }

    /// Sequence numbers as they come out; -n: n lost.
    fn check(packets: &[(u64, u64)], expected: &[i64]) -> Reorder {
        let mut reorder = Reorder::default();
        let mut steps = Vec::new();
        for (seq, at) in packets {
            reorder.handle_packet(packet(1, *seq, *at), &mut steps);
        }
        assert_eq!(numbers(&steps), expected, "{packets:?}");
        reorder
    }

    fn numbers(steps: &[Step]) -> Vec<i64> {
        steps
            .iter()
            .map(|step| match step {
                Step::Packet(p) => i64::try_from(p.seq).unwrap(),
                Step::Lost(n) => -i64::try_from(*n).unwrap(),
            })
            .collect()
    }

    #[test]
    fn packets_come_out_in_order_and_once() {
        check(
            &[
                (5, 0),
                (7, 1),
                (6, 2),
                (6, 3),
                (8, 4),
                (9, 5),
                (9, 6),
                (7, 7),
            ],
            &[5, 6, 7, 8, 9],
        );
    }

    #[test]
    fn a_gap_is_held_and_then_given_up() {
        check(&[(5, 0), (8, 10), (9, 859)], &[5]);
        check(&[(5, 0), (8, 10), (6, 700), (9, 859)], &[5, 6]);
        check(&[(5, 0), (8, 10), (9, 860)], &[5, -2, 8, 9]);
    }

    #[test]
    fn every_gap_has_a_time_of_its_own() {
        let mut reorder = check(&[(1, 0), (3, 10), (5, 600), (6, 860)], &[1, -1, 3]);
        let mut steps = Vec::new();
        reorder.expire(ms(1449), &mut steps);
        assert!(steps.is_empty());
        reorder.expire(ms(1450), &mut steps);
        assert_eq!(numbers(&steps), [-1, 5, 6]);
        assert_eq!(reorder.gap_since(), None);
    }

    #[test]
    fn another_source_begins_anew_and_stragglers_of_the_old_are_dropped() {
        let mut reorder = Reorder::default();
        let mut steps = Vec::new();
        for (source, seq, at) in [(1, 100, 0), (1, 102, 1), (2, 7, 2), (1, 101, 3), (2, 8, 4)] {
            reorder.handle_packet(packet(source, seq, at), &mut steps);
        }
        assert_eq!(numbers(&steps), [100, -1, 102, -1, 7, 8]);
        // Back to the first, later: a simulcast layer.
        reorder.handle_packet(packet(1, 500, 2000), &mut steps);
        assert_eq!(numbers(&steps[6..]), [-1, 500]);
    }

    #[test]
    fn case_21_a_jump_of_sequence_numbers_is_a_new_beginning() {
        check(
            &[(5, 0), (100_000, 1), (100_001, 2)],
            &[5, -1, 100_000, 100_001],
        );
        check(&[(100_000, 0), (5, 1), (6, 2)], &[100_000, -1, 5, 6]);
        let mut restart: Vec<(u64, u64)> = vec![(1000, 0)];
        restart.extend((0..200).map(|n| (n, n)));
        let mut reorder = Reorder::default();
        let mut steps = Vec::new();
        for (seq, at) in restart {
            reorder.handle_packet(packet(1, seq, at), &mut steps);
        }
        assert_eq!(numbers(&steps)[..3], [1000, -1, 128]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut reorder = Reorder::default();
        let mut steps = Vec::new();
        reorder.handle_packet(packet(1, 0, 0), &mut steps);
        for seq in 0..10_000 {
            reorder.handle_packet(packet(1, 2 + seq * 2, 1), &mut steps);
            assert!(reorder.pending.len() <= MAX_PENDING);
        }
        for seq in 0..1000 {
            let mut large = packet(1, 40_000 + seq, 2);
            large.payload = vec![0; 65_535].into();
            reorder.handle_packet(large, &mut steps);
            assert!(reorder.pending_bytes <= MAX_PENDING_BYTES);
        }
    }
}
