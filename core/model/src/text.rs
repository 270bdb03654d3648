//! Characters of texts that others chose.

/// Whether a character shows nothing itself and changes how what is around it is shown: it commands a
/// terminal, breaks a line, or turns the order of the text around. No name needs one; languages that are
/// written from right to left do not.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_languages_are_printable() {
        // Arabic, Hebrew, combining marks, a family of emoji that are joined, a mark that turns nothing around.
        for text in ["مكتب", "משרד", "Cafe\u{301}", "👩\u{200d}👧", "\u{200f}", "a b"] {
            assert!(!text.chars().any(is_unprintable), "{text:?}");
        }
        for c in ['\u{0}', '\n', '\u{1b}', '\u{7f}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{2067}'] {
            assert!(is_unprintable(c), "{c:?}");
        }
    }
}
