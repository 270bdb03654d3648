//! A short run of the oracle over good challenges with a few edits, and over nonsense.

use headwater_ntlm::{Challenge, oracle};
use proptest::prelude::*;
use proptest::sample::Index;

/// The challenge of [MS-NLMP] 4.2.4.3, and one with flags, time, service name and bindings in the place of
/// its list, and bytes behind it.
fn challenges() -> [Vec<u8>; 2] {
    let hex = include_str!("data/challenge.hex");
    let example: Vec<u8> =
        hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect();
    let mut longer = example.clone();
    longer.truncate(0x44);
    longer.extend_from_slice(&[6, 0, 4, 0, 1, 0, 0, 0]);
    longer.extend_from_slice(&[7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    longer.extend_from_slice(&[9, 0, 2, 0, 65, 0]);
    longer.extend_from_slice(&[10, 0, 4, 0, 1, 2, 3, 4]);
    longer.extend_from_slice(&[0, 0, 0, 0, 1, 2, 3, 4]);
    longer[0x28] = longer.len() as u8 - 0x44;
    [example, longer]
}

proptest! {
    #[test]
    fn edited_challenges_keep_the_oracle(
        which in any::<Index>(),
        edits in prop::collection::vec(any::<(Index, u8)>(), 0..4),
    ) {
        let mut challenge = which.get(&challenges()).clone();
        for (place, byte) in edits {
            *place.get_mut(&mut challenge) = byte;
        }
        oracle::fuzz_challenge(&challenge);
    }

    #[test]
    fn cut_off_challenges_keep_the_oracle(which in any::<Index>(), end in any::<Index>()) {
        let challenge = which.get(&challenges()).clone();
        oracle::fuzz_challenge(&challenge[..end.index(challenge.len())]);
    }

    #[test]
    fn lists_of_anything_keep_the_oracle(list in prop::collection::vec(0u8..12, 0..100)) {
        let mut challenge = challenges()[0].clone();
        challenge.truncate(0x44);
        challenge.extend_from_slice(&list);
        challenge[0x28] = list.len() as u8;
        oracle::fuzz_challenge(&challenge);
    }

    #[test]
    fn nonsense_keeps_the_oracle(data in prop::collection::vec(any::<u8>(), 0..300)) {
        oracle::fuzz_challenge(&data);
    }
}

#[test]
fn what_is_edited_is_good() {
    assert!(challenges().iter().all(|challenge| Challenge::parse(challenge).is_ok()));
}
