use std::ops::Range;

use md5::{Digest, Md5};

use super::MIB;

/// S3 takes so many parts of one file.
const MAX_PARTS: u64 = 10_000;

/// How a large file is divided. All parts but the last are of one size, as some
/// storages want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub bytes: u64,
    pub part_bytes: u64,
}

impl Parts {
    /// Parts of the usual size, or of larger ones where there would be too many.
    pub(crate) fn of(bytes: u64, usual: u64) -> Self {
        let least = bytes.div_ceil(MAX_PARTS).div_ceil(MIB) * MIB;
        Self {
            bytes,
            part_bytes: usual.max(least).max(1),
        }
    }

    pub(crate) fn count(self) -> usize {
        usize::try_from(self.bytes.div_ceil(self.part_bytes)).unwrap_or(usize::MAX)
    }

    /// Which bytes are in a part, from 0.
    pub(crate) fn range(self, part: usize) -> Range<u64> {
        let start = (part as u64).saturating_mul(self.part_bytes);
        start.min(self.bytes)..start.saturating_add(self.part_bytes).min(self.bytes)
    }

    /// How much is in the parts before this one.
    pub(crate) fn before(self, part: usize) -> u64 {
        self.range(part).start
    }
}

/// The tag of a file whose parts have these tags, where they are hashes of what
/// is in them: so it is with most storages. `None`: nobody can say.
pub(crate) fn tag_of_parts(tags: &[String]) -> Option<String> {
    let mut all = Md5::new();
    for tag in tags {
        all.update(hash(tag)?);
    }
    let hex: String = all.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Some(format!("\"{hex}-{}\"", tags.len()))
}

/// The sixteen bytes that a tag writes in hexadecimal digits.
fn hash(tag: &str) -> Option<Vec<u8>> {
    let digits = tag.trim_matches('"');
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let bytes = (0..16).map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).ok());
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: u64, usual: u64, part_bytes: u64, count: usize) {
        let parts = Parts::of(bytes, usual);
        assert_eq!((parts.part_bytes, parts.count()), (part_bytes, count));
        let mut at = 0;
        for n in 0..count.min(20_000) {
            let range = parts.range(n);
            assert!(range.start == at && range.end > at, "part {n} of {bytes}");
            at = range.end;
        }
        assert_eq!(at, bytes);
        assert_eq!(parts.before(count), bytes);
    }

    #[test]
    fn parts_are_of_one_size_and_at_most_ten_thousand() {
        check(17 * MIB, 8 * MIB, 8 * MIB, 3);
        check(16 * MIB, 8 * MIB, 8 * MIB, 2);
        check(80_000 * MIB, 8 * MIB, 8 * MIB, 10_000);
        check(80_000 * MIB + 1, 8 * MIB, 9 * MIB, 8_889);
        // The largest object there is at Amazon.
        check(5 * 1024 * 1024 * MIB, 8 * MIB, 525 * MIB, 9_987);
    }

    #[test]
    fn the_tag_of_the_whole_is_made_of_those_of_its_parts() {
        let tags = [
            "\"0cc175b9c0f1b6a831c399e269772661\"",
            "\"92eb5ffee6ae2fec3ad71c777531578f\"",
        ];
        let whole = tag_of_parts(&tags.map(str::to_owned)).unwrap();
        assert_eq!(whole, "\"96e024ba2074fe77e8e965ba43a704be-2\"");
        assert_eq!(tag_of_parts(&["\"of-some-other-kind\"".to_owned()]), None);
        assert_eq!(tag_of_parts(&["é".repeat(16)]), None);
    }
}
