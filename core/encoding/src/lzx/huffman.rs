//! Canonical Huffman codes, and the form in which LZX writes their lengths.

use std::ops::Range;

use super::bits::BitWriter;

/// The longest code of the main and the length tree.
pub(super) const TREE_BITS_MAX: u8 = 16;

/// The pretree: differences 0 to 16, then three kinds of runs.
const PRETREE_SYMBOLS: usize = 20;
const PRETREE_BITS_MAX: u8 = 15;
const SHORT_ZEROS: u8 = 17;
const LONG_ZEROS: u8 = 18;
const SAME: u8 = 19;

/// A canonical code: shorter codes come first, codes of one length in the order of their symbols.
pub(super) struct Code {
    lengths: Vec<u8>,
    codes: Vec<u32>,
}

impl Code {
    /// The best code for symbols that occur so often, with at most `bits_max` bits each.
    ///
    /// Readers refuse an incomplete code, so a lone symbol gets a companion; a code without any
    /// symbol is allowed.
    pub(super) fn new(counts: &[u32], bits_max: u8) -> Self {
        let mut leaves: Vec<(u32, usize)> = counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(symbol, count)| (*count, symbol))
            .collect();
        if let [(_, symbol)] = leaves[..] {
            leaves.push((1, usize::from(symbol == 0)));
        }
        let mut lengths = vec![0; counts.len()];
        loop {
            leaves.sort_unstable();
            let depths = leaf_depths(&leaves);
            if depths.iter().all(|depth| *depth <= u32::from(bits_max)) {
                for (depth, (_, symbol)) in depths.into_iter().zip(&leaves) {
                    lengths[*symbol] = depth as u8;
                }
                return Self { codes: canonical_codes(&lengths), lengths };
            }
            // Flatter counts give a flatter tree; equal ones need ten bits at most.
            for (count, _) in &mut leaves {
                *count = count.div_ceil(2);
            }
        }
    }

    pub(super) fn write(&self, symbol: usize, bits: &mut BitWriter) {
        bits.write(self.codes[symbol], u32::from(self.lengths[symbol]));
    }
}

/// The depth of each leaf in the Huffman tree over `leaves`, which are in ascending order.
fn leaf_depths(leaves: &[(u32, usize)]) -> Vec<u32> {
    // Nodes are made in ascending order too: the two lightest are always at the heads of two queues.
    let mut weights: Vec<u32> = leaves.iter().map(|(count, _)| *count).collect();
    let mut parents = vec![0; weights.len()];
    let (mut leaf, mut node) = (0, leaves.len());
    for parent in leaves.len()..(2 * leaves.len()).saturating_sub(1) {
        let mut lightest = || {
            let head = if leaf < leaves.len() && (node == parent || weights[leaf] <= weights[node]) {
                &mut leaf
            } else {
                &mut node
            };
            *head += 1;
            *head - 1
        };
        let (first, second) = (lightest(), lightest());
        parents[first] = parent;
        parents[second] = parent;
        weights.push(weights[first] + weights[second]);
        parents.push(0);
    }
    // Parents come after their children, so from the root down each depth is known in time.
    let mut depths = vec![0; parents.len()];
    for child in (0..parents.len().saturating_sub(1)).rev() {
        depths[child] = depths[parents[child]] + 1;
    }
    depths.truncate(leaves.len());
    depths
}

fn canonical_codes(lengths: &[u8]) -> Vec<u32> {
    let mut next_code = 0;
    let mut codes = vec![0; lengths.len()];
    for length in 1..=TREE_BITS_MAX {
        next_code <<= 1;
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, of_symbol)| **of_symbol == length) {
            *code = next_code;
            next_code += 1;
        }
    }
    codes
}

/// The lengths of a tree as the reader knows them from the block before.
pub(super) struct TreeLengths(Vec<u8>);

impl TreeLengths {
    pub(super) fn new(symbols: usize) -> Self {
        Self(vec![0; symbols])
    }

    /// Writes a pretree and, with it, what changes in `range` to make these the lengths of `code`.
    pub(super) fn write(&mut self, code: &Code, range: Range<usize>, bits: &mut BitWriter) {
        let lengths = &code.lengths[range.clone()];
        let changes = changes(&self.0[range.clone()], lengths);
        let mut counts = [0; PRETREE_SYMBOLS];
        for change in &changes {
            counts[usize::from(change.symbol)] += 1;
        }
        let pretree = Code::new(&counts, PRETREE_BITS_MAX);
        for length in &pretree.lengths {
            bits.write(u32::from(*length), 4);
        }
        for change in &changes {
            pretree.write(usize::from(change.symbol), bits);
            bits.write(change.footer, change.footer_bits);
        }
        self.0[range].copy_from_slice(lengths);
    }
}

/// A symbol of the pretree and the bits after it.
struct Change {
    symbol: u8,
    footer: u32,
    footer_bits: u32,
}

fn changes(before: &[u8], after: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut at = 0;
    while at < after.len() {
        let run = after[at..].iter().take_while(|length| **length == after[at]).count();
        let difference = Change { symbol: (before[at] + 17 - after[at]) % 17, footer: 0, footer_bits: 0 };
        at += match (after[at], run) {
            (0, 20..) => {
                let run = run.min(51);
                changes.push(Change { symbol: LONG_ZEROS, footer: run as u32 - 20, footer_bits: 5 });
                run
            }
            (0, 4..) => {
                changes.push(Change { symbol: SHORT_ZEROS, footer: run as u32 - 4, footer_bits: 4 });
                run
            }
            (_, 4..) => {
                let run = run.min(5);
                changes.push(Change { symbol: SAME, footer: run as u32 - 4, footer_bits: 1 });
                changes.push(difference);
                run
            }
            _ => {
                changes.push(difference);
                1
            }
        };
    }
    changes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(counts: &[u32], lengths: &[u8], codes: &[u32]) {
        let code = Code::new(counts, 15);
        assert_eq!((&code.lengths[..], &code.codes[..]), (lengths, codes));
    }

    #[test]
    fn frequent_symbols_have_short_codes() {
        check(&[5, 1, 0, 1, 2], &[1, 3, 0, 3, 2], &[0b0, 0b110, 0, 0b111, 0b10]);
        check(&[1, 1, 1, 1], &[2, 2, 2, 2], &[0, 1, 2, 3]);
        check(&[0, 0], &[0, 0], &[0, 0]);
    }

    #[test]
    fn a_lone_symbol_gets_a_companion() {
        check(&[9, 0, 0], &[1, 1, 0], &[0, 1, 0]);
        check(&[0, 0, 9], &[1, 0, 1], &[0, 0, 1]);
    }

    #[test]
    fn no_code_is_longer_than_allowed() {
        // Each count is the sum of the two before it: the tree is a list.
        let counts: Vec<u32> = std::iter::successors(Some((1, 1)), |(a, b)| Some((*b, a + b)))
            .map(|(count, _)| count)
            .take(30)
            .collect();
        assert_eq!(Code::new(&counts, 40).lengths.iter().max(), Some(&29));
        let code = Code::new(&counts, TREE_BITS_MAX);
        assert!(code.lengths.iter().all(|length| (1..=TREE_BITS_MAX).contains(length)));
        assert_eq!(kraft_sum(&code), 1 << 40);
    }

    fn kraft_sum(code: &Code) -> u64 {
        code.lengths.iter().filter(|length| **length > 0).map(|length| 1 << (40 - length)).sum()
    }

    #[test]
    fn equal_lengths_are_written_as_runs() {
        let symbols = |before: &[u8], after: &[u8]| -> Vec<(u8, u32)> {
            changes(before, after).iter().map(|change| (change.symbol, change.footer)).collect()
        };
        assert_eq!(symbols(&[5, 5, 5], &[5, 4, 7]), [(0, 0), (1, 0), (15, 0)]);
        assert_eq!(symbols(&[0; 3], &[0; 3]), [(0, 0); 3]);
        assert_eq!(symbols(&[3; 19], &[0; 19]), [(17, 15)]);
        assert_eq!(symbols(&[0; 75], &[0; 75]), [(18, 31), (18, 4)]);
        assert_eq!(symbols(&[0; 10], &[9; 10]), [(19, 1), (8, 0), (19, 1), (8, 0)]);
        assert_eq!(symbols(&[2; 6], &[2; 6]), [(19, 1), (0, 0), (0, 0)]);
    }

    proptest! {
        #[test]
        fn codes_are_complete(counts in proptest::collection::vec(prop_oneof![Just(0), 1..20_u32, 1..30_000_u32], 2..700)) {
            let code = Code::new(&counts, TREE_BITS_MAX);
            prop_assert!(code.lengths.iter().all(|length| *length <= TREE_BITS_MAX));
            if counts.iter().any(|count| *count > 0) {
                prop_assert_eq!(kraft_sum(&code), 1 << 40);
            }
        }
    }
}
