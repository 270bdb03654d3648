//! Properties that hold for every input, for the fuzzer and for the short runs in the tests.

use crate::range::{Answer, decide};

/// The first eight bytes are the length of the file, the two lines after them Range and If-Range.
///
/// # Panics
/// When the property does not hold.
pub fn fuzz_range(data: &[u8]) {
    let Some((len, text)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(text);
    let (range, if_range) = match text.split_once('\n') {
        Some((range, if_range)) => (range, Some(if_range)),
        None => (text.as_ref(), None),
    };
    check_range(range, if_range, u64::from_le_bytes(*len));
}

/// A part lies within the file and is not empty, what is unsatisfiable is so for a reason, and a file that
/// is not the one begun is never cut.
///
/// # Panics
/// When the property does not hold.
pub fn check_range(range: &str, if_range: Option<&str>, len: u64) {
    let etag = "\"a\"";
    let answer = decide(Some(range), if_range, etag, len);
    match &answer {
        Answer::Whole => {}
        Answer::Part(part) => assert!(part.start < part.end && part.end <= len, "{part:?} of {len}"),
        Answer::Unsatisfiable => assert!(len > 0, "an empty file is whole"),
    }
    if if_range.is_some_and(|tag| !tag.contains(etag)) {
        assert_eq!(answer, Answer::Whole, "another file was begun");
    }
}
