//! Properties that hold for any bytes, for fuzzers and tests.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use crate::{ClientId, ProtocolVersion, Sha1Digest, Sha256Digest, Timestamp, UpdateId};

/// No text makes reading a value panic, and what was read is written so that it is read the same.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check::<Timestamp>(text);
    check::<UpdateId>(text);
    check::<ClientId>(text);
    check::<Sha1Digest>(text);
    check::<Sha256Digest>(text);
    check::<ProtocolVersion>(text);
}

fn check<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        assert_eq!(written.parse().ok().as_ref(), Some(&value), "{written} of {text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: &[&str] = &[
        "2026-10-04T16:03:35.9967236Z",
        "2004-02-28T18:17:34.1032476-08:00",
        "9999-12-31T23:59:59.9999999",
        "0001-01-01T00:00:00+14:00",
        "{56309036-4C77-4DD9-951A-99EE9C246A94}",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "2.90",
    ];
    const PIECES: &[&str] = &["", "0", "9", "24", "60", "-", "+", ":", "T", "Z", " ", "é", "\u{0}", "."];

    #[test]
    fn every_edit_of_a_good_value_keeps_the_oracle() {
        for seed in SEEDS {
            for start in 0..=seed.len() {
                for end in start..=(start + 2).min(seed.len()) {
                    for piece in PIECES {
                        let edited = [&seed[..start], piece, &seed[end..]].concat();
                        fuzz_values(edited.as_bytes());
                    }
                }
            }
        }
    }
}
