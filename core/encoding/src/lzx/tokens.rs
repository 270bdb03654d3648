//! The symbols of a verbatim block.

/// The first symbols of the main tree are bytes as they are.
pub(super) const LITERALS: usize = 256;
/// A window of 2 MiB has 50 position slots, each with eight length headers.
pub(super) const MAIN_SYMBOLS: usize = LITERALS + 50 * 8;
pub(super) const LENGTH_SYMBOLS: usize = 249;

pub(super) const MATCH_BYTES_MIN: usize = 2;
pub(super) const MATCH_BYTES_MAX: usize = 257;

/// A literal or a match, ready to be counted and written.
pub(super) struct Token {
    pub(super) main: u16,
    pub(super) length: Option<u8>,
    pub(super) footer: u32,
    pub(super) footer_bits: u32,
}

impl Token {
    pub(super) fn literal(byte: u8) -> Self {
        Self { main: u16::from(byte), length: None, footer: 0, footer_bits: 0 }
    }

    pub(super) fn copy(position: u32, length: usize) -> Self {
        let (slot, footer_bits) = slot(position);
        let length = length - MATCH_BYTES_MIN;
        Self {
            main: (LITERALS + slot as usize * 8 + length.min(7)) as u16,
            length: length.checked_sub(7).map(|rest| rest as u8),
            footer: position & ((1 << footer_bits) - 1),
            footer_bits,
        }
    }
}

/// The slot of a position, and how many of its lower bits follow. Positions 0 to 2 are the recent
/// offsets, the others are offsets plus 2.
pub(super) fn slot(position: u32) -> (u32, u32) {
    match position {
        0..4 => (position, 0),
        4..0x4_0000 => {
            let footer_bits = position.ilog2() - 1;
            (2 * footer_bits + (position >> footer_bits), footer_bits)
        }
        _ => (34 + (position >> 17), 17),
    }
}

/// The three offsets used last; using one of them again is cheap.
pub(super) struct Recent([u32; 3]);

impl Recent {
    pub(super) fn new() -> Self {
        Self([1; 3])
    }

    pub(super) fn offsets(&self) -> [u32; 3] {
        self.0
    }

    /// The position that stands for `offset`, which becomes the most recent one.
    pub(super) fn position(&mut self, offset: u32) -> u32 {
        match self.0.iter().position(|recent| *recent == offset) {
            Some(index) => {
                self.0.swap(0, index);
                index as u32
            }
            None => {
                self.0 = [offset, self.0[0], self.0[1]];
                offset + 2
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_begin_where_the_specification_has_them() {
        // [MS-PATCH], the table of position slots: slot, first position, footer bits.
        for (expected, first, footer_bits) in [
            (0, 0, 0),
            (3, 3, 0),
            (4, 4, 1),
            (5, 6, 1),
            (6, 8, 2),
            (7, 12, 2),
            (15, 192, 6),
            (34, 131_072, 16),
            (35, 196_608, 16),
            (36, 262_144, 17),
            (37, 393_216, 17),
            (49, 1_966_080, 17),
        ] {
            assert_eq!(slot(first), (expected, footer_bits), "position {first}");
            assert_eq!(
                slot(first + (1 << footer_bits) - 1),
                (expected, footer_bits),
                "the last of slot {expected}"
            );
        }
    }

    #[test]
    fn long_matches_need_a_length_symbol() {
        // [MS-PATCH]: the header holds lengths up to 8, the length tree the others.
        for (length, header, symbol) in [(2, 0, None), (8, 6, None), (9, 7, Some(0)), (257, 7, Some(248))] {
            let token = Token::copy(13, length);
            assert_eq!(token.main, 256 + 7 * 8 + header);
            assert_eq!((token.length, token.footer, token.footer_bits), (symbol, 1, 2));
        }
    }

    #[test]
    fn recent_offsets_move_to_the_front() {
        let mut recent = Recent::new();
        assert_eq!(recent.position(1), 0);
        assert_eq!([10, 20, 30].map(|offset| recent.position(offset)), [12, 22, 32]);
        // A repeated offset changes places with the first, the one between stays.
        assert_eq!(recent.position(10), 2);
        assert_eq!(recent.offsets(), [10, 20, 30]);
        assert_eq!(recent.position(20), 1);
        assert_eq!(recent.offsets(), [20, 10, 30]);
        assert_eq!(recent.position(40), 42);
        assert_eq!(recent.offsets(), [40, 20, 10]);
    }
}
