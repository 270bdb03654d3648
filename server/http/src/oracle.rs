//! Properties that hold for any bytes, for fuzzers and tests.

use crate::updates::content;

/// No path makes looking for its file panic, and a file is only found by a digest that the path spells.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_content_path(data: &[u8]) {
    let Ok(path) = std::str::from_utf8(data) else { return };
    if let Some(digest) = content::digest(path).filter(|_| content::is_content(path)) {
        assert!(path.to_lowercase().contains(&digest.to_string()), "{digest} of {path}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_of_a_path_keeps_the_oracle() {
        let good = "/Content/9D/A9993E364706816ABA3E25717850C26C9CD0D89D.cab";
        assert!(content::digest(good).is_some());
        for start in 0..=good.len() {
            for end in start..=(start + 2).min(good.len()) {
                for piece in ["", "/", ".", "..", "%2e", "\\", "0", "g", "é", "\u{0}"] {
                    fuzz_content_path([&good[..start], piece, &good[end..]].concat().as_bytes());
                }
            }
            fuzz_content_path(&good.as_bytes()[..start]);
        }
    }
}
