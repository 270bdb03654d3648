//! An LZX encoder ([MS-PATCH] 2, as cabinets use it): the `cab` crate only reads.
//!
//! The input is cut into frames of 32 KiB, and each frame is one verbatim block. Its Huffman trees
//! fit it alone, so that no frame grows: even noise takes less than nine bits a byte, and a
//! cabinet has room for nine and a half. The trees are written as differences to those of the
//! frame before; the window and the recent offsets go on through all frames.

mod bits;
mod huffman;
mod matcher;
mod tokens;

use bits::BitWriter;
use huffman::{Code, TREE_BITS_MAX, TreeLengths};
use matcher::Matcher;
use tokens::{LENGTH_SYMBOLS, LITERALS, MAIN_SYMBOLS, Token};

/// What a frame stands for; the last one may be shorter.
pub(crate) const FRAME_BYTES: usize = 32_768;
/// The window is 2 MiB, as in Microsoft's cabinets (fact 48).
pub(crate) const WINDOW_BITS: u32 = 21;

const VERBATIM: u32 = 1;

/// Compresses `input`, at most 4 GiB, and hands every frame to `take`: the compressed bytes, and
/// how many bytes they stand for.
pub(crate) fn compress(input: &[u8], mut take: impl FnMut(&[u8], usize)) {
    let mut matcher = Matcher::new(input);
    let mut main = TreeLengths::new(MAIN_SYMBOLS);
    let mut length = TreeLengths::new(LENGTH_SYMBOLS);
    let mut bits = BitWriter::default();
    // The stream begins with a bit that turns the translation of x86 calls on or off.
    bits.write(0, 1);
    let mut end = 0;
    while end < input.len() {
        let bytes = FRAME_BYTES.min(input.len() - end);
        end += bytes;
        bits.write(VERBATIM, 3);
        bits.write(bytes as u32, 24);
        write_body(&matcher.tokens(end), &mut main, &mut length, &mut bits);
        take(&bits.finish(), bytes);
    }
}

/// Writes the trees of a block and then its tokens.
fn write_body(tokens: &[Token], main: &mut TreeLengths, length: &mut TreeLengths, bits: &mut BitWriter) {
    let mut main_counts = [0; MAIN_SYMBOLS];
    let mut length_counts = [0; LENGTH_SYMBOLS];
    for token in tokens {
        main_counts[usize::from(token.main)] += 1;
        if let Some(symbol) = token.length {
            length_counts[usize::from(symbol)] += 1;
        }
    }
    let main_code = Code::new(&main_counts, TREE_BITS_MAX);
    let length_code = Code::new(&length_counts, TREE_BITS_MAX);
    main.write(&main_code, 0..LITERALS, bits);
    main.write(&main_code, LITERALS..MAIN_SYMBOLS, bits);
    length.write(&length_code, 0..LENGTH_SYMBOLS, bits);
    for token in tokens {
        main_code.write(usize::from(token.main), bits);
        if let Some(symbol) = token.length {
            length_code.write(usize::from(symbol), bits);
        }
        bits.write(token.footer, token.footer_bits);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The most compressed bytes of a frame that a reader makes room for ([MS-CAB] 2.4).
    const COMPRESSED_BYTES_MAX: usize = FRAME_BYTES + 6144;

    #[track_caller]
    fn check_frames(input: &[u8]) {
        let mut sizes = Vec::new();
        compress(input, |frame, bytes| {
            assert!(frame.len() <= COMPRESSED_BYTES_MAX, "{} bytes", frame.len());
            // Readers fill a register of 32 bits first.
            assert!(frame.len() >= 4 && frame.len().is_multiple_of(2));
            sizes.push(bytes);
        });
        let expected: Vec<usize> = input.chunks(FRAME_BYTES).map(<[u8]>::len).collect();
        assert_eq!(sizes, expected);
    }

    /// Bytes that no compressor shrinks.
    fn noise(bytes: usize) -> Vec<u8> {
        let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        std::iter::successors(Some(1), step).map(|state| (state >> 24) as u8).take(bytes).collect()
    }

    #[test]
    fn frames_have_their_size_and_do_not_grow() {
        for bytes in [0, 1, 2, 3, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES] {
            check_frames(&vec![0; bytes]);
            check_frames(&noise(bytes));
        }
        // Noise with matches strewn in, each as short and as far away as they are ever taken.
        let mut input = noise(4 * FRAME_BYTES);
        for at in (FRAME_BYTES..input.len() - 8).step_by(8) {
            input.copy_within(at - 40..at - 36, at);
        }
        check_frames(&input);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn no_frame_grows(
            words in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..6), 1..4),
            order in proptest::collection::vec(any::<u8>(), 0..15_000),
        ) {
            let with_noise = |n: &u8| [&words[usize::from(*n) % words.len()][..], &[*n]].concat();
            check_frames(&order.iter().flat_map(with_noise).collect::<Vec<u8>>());
        }
    }
}
