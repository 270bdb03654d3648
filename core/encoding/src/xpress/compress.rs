//! One block to Plain LZ77 ([MS-XCA] 2.3, [MS-WUSP] 2.1.1.1.2): greedy, few candidates.

use super::BLOCK_BYTES_MAX;
use crate::prefix::common_bytes;

/// A match reaches back at most this far: the offset has 13 bits.
const WINDOW_BYTES: usize = 1 << 13;
const MATCH_BYTES_MIN: usize = 3;

// Positions in a block are kept as u16.
const _: () = assert!(BLOCK_BYTES_MAX <= u16::MAX as usize);

/// Appends the compressed `block`. False if that takes as many bytes as the block itself; what was
/// appended is then worth nothing.
pub(super) fn compress(block: &[u8], out: &mut Vec<u8>) -> bool {
    let end = out.len() + block.len();
    let mut tokens = Tokens::new(out);
    let mut seen = Seen::new();
    let mut literals_from = 0;
    let mut at = 0;
    while let Some(key) = key(block, at) {
        let Some((offset, length)) = seen.longest_match(block, at, key) else {
            seen.add(at, key);
            // The longer nothing is found, the larger the steps: noise is left alone quickly.
            at += 1 + (at - literals_from) / 64;
            continue;
        };
        tokens.literals(&block[literals_from..at]);
        tokens.copy(offset, length);
        if tokens.out.len() >= end {
            return false;
        }
        literals_from = at + length;
        seen.add_all(block, at..literals_from);
        at = literals_from;
    }
    tokens.literals(&block[literals_from..]);
    tokens.finish();
    out.len() < end
}

/// The three bytes from `at` on; none where fewer than four are left, which saves a read.
fn key(block: &[u8], at: usize) -> Option<u32> {
    block.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) << 8)
}

/// The last places where a key was seen, by its hash, the newest first. Zero also stands for
/// *nowhere*: what is found is compared anyway.
struct Seen([[u16; Self::PLACES]; 1 << Self::BITS]);

impl Seen {
    const BITS: u32 = 12;
    const PLACES: usize = 4;

    fn new() -> Self {
        Self([[0; Self::PLACES]; 1 << Self::BITS])
    }

    fn places(&mut self, key: u32) -> &mut [u16; Self::PLACES] {
        &mut self.0[(key.wrapping_mul(0x9E37_79B1) >> (32 - Self::BITS)) as usize]
    }

    fn add(&mut self, at: usize, key: u32) {
        let [a, b, c, _] = *self.places(key);
        *self.places(key) = [at as u16, a, b, c];
    }

    fn add_all(&mut self, block: &[u8], places: std::ops::Range<usize>) {
        for at in places {
            let Some(key) = key(block, at) else { break };
            self.add(at, key);
        }
    }

    /// Offset and length of the longest match, the nearest one of several.
    fn longest_match(&mut self, block: &[u8], at: usize, sought: u32) -> Option<(usize, usize)> {
        let mut longest = None;
        let mut length_min = MATCH_BYTES_MIN;
        for from in self.places(sought).map(usize::from) {
            if from >= at || at - from > WINDOW_BYTES || key(block, from) != Some(sought) {
                continue;
            }
            let length = MATCH_BYTES_MIN
                + common_bytes(&block[from + MATCH_BYTES_MIN..], &block[at + MATCH_BYTES_MIN..]);
            if length >= length_min {
                longest = Some((at - from, length));
                length_min = length + 1;
            }
        }
        longest
    }
}

/// Writes literals and matches, and before each 32 of them the word of flags that tells them apart.
struct Tokens<'a> {
    out: &'a mut Vec<u8>,
    flags: u64,
    flag_count: usize,
    flags_at: usize,
    /// A length byte whose high half is still free for the next long match.
    half_byte_at: Option<usize>,
}

impl<'a> Tokens<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        let flags_at = out.len();
        out.extend_from_slice(&[0; 4]);
        Self { out, flags: 0, flag_count: 0, flags_at, half_byte_at: None }
    }

    fn literals(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (run, rest) = bytes.split_at(bytes.len().min(32 - self.flag_count));
            self.out.extend_from_slice(run);
            self.flag(0, run.len());
            bytes = rest;
        }
    }

    fn copy(&mut self, offset: usize, length: usize) {
        let offset = (offset - 1) << 3;
        let length = length - MATCH_BYTES_MIN;
        self.out.extend_from_slice(&((offset | length.min(7)) as u16).to_le_bytes());
        if length >= 7 {
            self.long_length(length);
        }
        self.flag(1, 1);
    }

    /// Half a byte, then a byte, then two: the first two forms count on, the last one starts anew.
    fn long_length(&mut self, length: usize) {
        let half = (length - 7).min(15) as u8;
        match self.half_byte_at.take() {
            Some(at) => self.out[at] |= half << 4,
            None => {
                self.half_byte_at = Some(self.out.len());
                self.out.push(half);
            }
        }
        if half == 15 {
            let byte = (length - 22).min(255) as u8;
            self.out.push(byte);
            if byte == 255 {
                self.out.extend_from_slice(&(length as u16).to_le_bytes());
            }
        }
    }

    fn flag(&mut self, bit: u64, count: usize) {
        self.flags = self.flags << count | bit;
        self.flag_count += count;
        if self.flag_count == 32 {
            self.write_flags();
            self.flags = 0;
            self.flag_count = 0;
            self.flags_at = self.out.len();
            self.out.extend_from_slice(&[0; 4]);
        }
    }

    /// Fills the last word with ones: the first of them is the mark of the end.
    fn finish(mut self) {
        let free = 32 - self.flag_count;
        self.flags = self.flags << free | ((1 << free) - 1);
        self.write_flags();
    }

    fn write_flags(&mut self) {
        self.out[self.flags_at..self.flags_at + 4].copy_from_slice(&(self.flags as u32).to_le_bytes());
    }
}
