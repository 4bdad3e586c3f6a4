/// Bits of a header, most significant first.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `n` bits, at most 32.
    pub(crate) fn take(&mut self, n: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..n {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? == 1)
    }
}

/// Writes bits, most significant first.
#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    used: u32,
}

impl BitWriter {
    pub(crate) fn put(&mut self, value: u32, n: u32) {
        for bit in (0..n).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> bit & 1) as u8) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }

    /// Exp-Golomb (ITU-T H.264, 9.1).
    pub(crate) fn ue(&mut self, value: u32) {
        let bits = 32 - (value + 1).leading_zeros();
        self.put(0, bits - 1);
        self.put(value + 1, bits);
    }

    pub(crate) fn align_zero(&mut self) {
        self.used = self.used.next_multiple_of(8);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.align_zero();
        self.bytes.extend_from_slice(bytes);
        self.used += 8 * u32::try_from(bytes.len()).unwrap_or(0);
    }

    /// `rbsp_trailing_bits`, then the bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.bytes
    }
}
