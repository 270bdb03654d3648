//! A fixed set of small numbers.

/// A set of numbers below a length that is fixed when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set of numbers below `len`.
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)] }
    }

    /// The numbers below `len` for which `member` is true.
    pub fn from_fn(len: usize, mut member: impl FnMut(usize) -> bool) -> Self {
        let mut bits = Self::new(len);
        for (word_at, word) in bits.words.iter_mut().enumerate() {
            let from = word_at * 64;
            for at in from..len.min(from + 64) {
                *word |= u64::from(member(at)) << (at - from);
            }
        }
        bits
    }

    /// Adds `at`; numbers beyond the length are ignored.
    pub fn set(&mut self, at: u32) {
        if let Some(word) = self.words.get_mut(at as usize / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Takes `at` out.
    pub fn clear(&mut self, at: u32) {
        if let Some(word) = self.words.get_mut(at as usize / 64) {
            *word &= !(1 << (at % 64));
        }
    }

    pub fn get(&self, at: u32) -> bool {
        self.words.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(at as u32 * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_and_listed() {
        let mut bits = Bits::from_fn(130, |at| at % 64 == 1);
        bits.set(0);
        bits.set(500);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 1, 65, 129]);
        assert!(bits.get(129) && !bits.get(128) && !bits.get(500));
        assert_eq!(bits.count(), 4);
    }
}
