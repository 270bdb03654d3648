//! Draws that depend on a seed and on what they are for, never on what was drawn before: a catalogue
//! is the same on every machine, and one update can be written without the others.

use headwater_model::UpdateId;

/// Scatters a number over all 64 bits (the finalizer of SplitMix64).
pub(crate) fn scatter(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What a stream of draws is for, so that two uses of one index do not agree.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Id = 1,
    Structure,
    Properties,
    Rules,
    Files,
    Content,
    Manifest,
    Order,
}

/// A stream of draws (SplitMix64).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self(scatter(scatter(seed ^ ((purpose as u64) << 56)) ^ index))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scatter(self.0)
    }

    /// A number from 0 to `end`, without it; 0 where `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number of both bounds and what lies between.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// A number of `2^first..2^last`, each power of two as likely as the others.
    pub(crate) fn magnitude(&mut self, first: u32, last: u32) -> u64 {
        let low = 1 << (u64::from(first) + self.below(u64::from(last - first)));
        low + self.below(low)
    }

    /// Whether an event of this many in a thousand happens.
    pub(crate) fn permille(&mut self, chance: u64) -> bool {
        self.below(1000) < chance
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// As [`Draws::pick`], the first far more often than the last: a product in twenty has the tenth
    /// part of all detectoids in the real export.
    pub(crate) fn pick_skewed<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let narrowed = self.below(1 << 20);
        let cubed = (u128::from(narrowed).pow(3) * from.len() as u128) >> 60;
        &from[cubed as usize]
    }

    /// The index of one of the weights, by weight.
    pub(crate) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// A GUID of the random kind.
    pub(crate) fn update_id(&mut self) -> UpdateId {
        let random = (u128::from(self.next()) << 64) | u128::from(self.next());
        UpdateId::from_u128(random & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62))
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_within_their_bounds_and_reach_them() {
        let mut draws = Draws::new(1, Purpose::Structure, 2);
        let drawn: Vec<u64> = (0..1000).map(|_| draws.between(3, 7)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&7)));
        assert_eq!(draws.below(0), 0);
        assert!((0..1000).map(|_| draws.magnitude(10, 18)).all(|n| (1 << 10..1 << 18).contains(&n)));
    }

    #[test]
    fn the_first_is_picked_most_often() {
        let mut draws = Draws::new(1, Purpose::Structure, 2);
        let from: Vec<usize> = (0..36).collect();
        let first = (0..1000).filter(|_| *draws.pick_skewed(&from) == 0).count();
        assert!((250..400).contains(&first), "{first}");
    }

    #[test]
    fn ids_are_random_guids() {
        let id = Draws::new(1, Purpose::Id, 2).update_id().to_string();
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}
