//! The clusters of a plain file: in which order, and where one can enter.

/// Clusters that get a cue. One a second for two days; later ones are found
/// from the last cue.
const MAX_CUES: usize = 172_800;

/// Where pictures are declared and there are none, sound has cues so far apart.
const SOUND_CUES_MS: u64 = 2_000;

pub(super) struct Cue {
    pub(super) at: u64,
    pub(super) number: u64,
    /// From the first cluster.
    pub(super) offset: u64,
    /// Of sound where there are pictures in the file.
    is_sound: bool,
}

/// A cluster that was looked through.
pub(super) struct Found {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) timestamp: u64,
    /// The first block that one can enter at: its time, and its track's number.
    pub(super) entry: Option<(u64, u64)>,
    /// The same of sound where there are pictures in the file.
    pub(super) sound: Option<(u64, u64)>,
    pub(super) has_pictures: bool,
    pub(super) has_others: bool,
}

/// Clusters before the first picture that is not earlier than the sound before it: more
/// than the twelve hours of a file, and ten megabytes.
const MAX_EARLY: usize = 100_000;

/// Puts clusters where they belong. They lie in order but for one case: the black
/// before the first picture of a file that began with sound is behind that sound.
#[derive(Default)]
pub(super) struct Order {
    /// Of pictures alone, or of other media alone.
    early: Vec<Found>,
    is_over: bool,
}

impl Order {
    /// Takes the next of the file and gives those whose place is known.
    pub(super) fn push(&mut self, found: Found, known: &mut Vec<Found>) {
        let latest = self.early.last().map(|last| last.timestamp);
        let is_mixed = found.has_pictures && found.has_others;
        let is_in_order = found.has_pictures && latest.is_none_or(|at| found.timestamp > at);
        let is_strange = !found.has_pictures && latest.is_some_and(|at| found.timestamp < at);
        let is_full = self.early.len() >= MAX_EARLY;
        if self.is_over || is_mixed || is_in_order || is_strange || is_full {
            self.finish(known);
            known.push(found);
        } else if found.has_pictures {
            let before = |early: &Found| early.timestamp < found.timestamp;
            let at = self.early.partition_point(before);
            self.early.insert(at, found);
        } else {
            self.early.push(found);
        }
    }

    pub(super) fn finish(&mut self, known: &mut Vec<Found>) {
        self.is_over = true;
        known.append(&mut self.early);
    }
}

/// The clusters of the plain file.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) cues: Vec<Cue>,
    /// In the open file: offset, length.
    pub(super) pieces: Vec<(u64, u64)>,
    /// Of all.
    pub(super) length: u64,
}

impl Layout {
    fn push(&mut self, found: &Found) {
        // Among pictures one has to begin with a key; where there are none, with
        // the sound.
        if let Some((at, number)) = found.entry {
            // A keyframe that waited behind a loss may be earlier than the sound before.
            let is_later = |last: &mut Cue| last.is_sound && last.at >= at;
            while self.cues.pop_if(is_later).is_some() {}
            self.cue(at, number, false);
        } else if let Some((at, number)) = found.sound
            && !found.has_pictures
        {
            let last = self.cues.last().map(|last| last.at);
            if last.is_none_or(|last| at >= last.saturating_add(SOUND_CUES_MS)) {
                self.cue(at, number, true);
            }
        }
        let length = found.end - found.start;
        match self.pieces.last_mut() {
            Some((start, so_far)) if *start + *so_far == found.start => *so_far += length,
            _ => self.pieces.push((found.start, length)),
        }
        self.length += length;
    }

    fn cue(&mut self, at: u64, number: u64, is_sound: bool) {
        let is_next = self.cues.last().is_none_or(|last| at >= last.at);
        if is_next && self.cues.len() < MAX_CUES {
            self.cues.push(Cue {
                at,
                number,
                offset: self.length,
                is_sound,
            });
        }
    }
}

impl Extend<Found> for Layout {
    fn extend<T: IntoIterator<Item = Found>>(&mut self, found: T) {
        for found in found {
            self.push(&found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(clusters: &[(u64, bool, bool)]) -> Vec<u64> {
        let (mut order, mut known) = (Order::default(), Vec::new());
        for (timestamp, has_pictures, has_others) in clusters {
            let found = Found {
                start: 0,
                end: 0,
                timestamp: *timestamp,
                entry: None,
                sound: None,
                has_pictures: *has_pictures,
                has_others: *has_others,
            };
            order.push(found, &mut known);
        }
        order.finish(&mut known);
        known.iter().map(|found| found.timestamp).collect()
    }

    #[test]
    fn black_behind_the_sound_of_its_time_is_put_between() {
        let sound = [0, 700, 1_400, 2_100].map(|at| (at, false, true));
        let black = [0, 1_000, 2_000].map(|at| (at, true, false));
        let rest = [
            (2_500, true, true),
            (2_400, false, true),
            (3_200, true, true),
        ];
        let all = [&sound[..], &black, &rest].concat();
        let expected = [0, 0, 700, 1_000, 1_400, 2_000, 2_100, 2_500, 2_400, 3_200];
        assert_eq!(ordered(&all), expected);
    }

    #[test]
    fn clusters_of_which_one_needs_another_keep_their_order() {
        let all = [(0, false, true), (500, true, true), (300, true, false)];
        assert_eq!(ordered(&all), [0, 500, 300]);
        let pictures = [(0, true, false), (900, true, false), (800, true, false)];
        assert_eq!(ordered(&pictures), [0, 900, 800]);
    }
}
