//! The bit stream.

/// Writes bits, the highest first, into words of 16 bits, the lower byte first.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    pending_bits: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `value`, at most 32; the others are zero.
    pub(super) fn write(&mut self, value: u32, count: u32) {
        self.pending = self.pending << count | u64::from(value);
        self.pending_bits += count;
        while self.pending_bits >= 16 {
            self.pending_bits -= 16;
            let word = (self.pending >> self.pending_bits) as u16;
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
    }

    /// Fills the last word with zeros and takes all words.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        if self.pending_bits > 0 {
            self.write(0, 16 - self.pending_bits);
        }
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::BitWriter;

    #[test]
    fn words_begin_with_the_first_bit_and_are_stored_lower_byte_first() {
        // The beginning of a real blob: the translation of calls is on, for 12,000,000 bytes.
        let mut bits = BitWriter::default();
        bits.write(1, 1);
        bits.write(12_000_000, 32);
        assert_eq!(bits.finish(), [0x5b, 0x80, 0x80, 0x8d, 0x00, 0x00]);
        assert_eq!(bits.finish(), []);
    }
}
