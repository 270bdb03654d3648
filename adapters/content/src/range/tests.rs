use proptest::prelude::*;

use super::*;

const TAG: &str = "\"ab12\"";
const MIB: u64 = 1 << 20;

/// `expected` is `200`, `206 start..end` or `416`.
#[track_caller]
fn check(range: &str, len: u64, expected: &str) {
    let shown = match decide(Some(range), None, TAG, len) {
        Answer::Whole => "200".to_owned(),
        Answer::Part(part) => format!("206 {part:?}"),
        Answer::Unsatisfiable => "416".to_owned(),
    };
    assert_eq!(shown, expected, "{range} of {len}");
}

/// The first six are the examples of RFC 9110, 14.1.2, for a representation of 10,000 bytes.
#[test]
fn one_range_is_one_part() {
    for (range, expected) in [
        ("bytes=0-499", "206 0..500"),
        ("bytes=500-999", "206 500..1000"),
        ("bytes=-500", "206 9500..10000"),
        ("bytes=9500-", "206 9500..10000"),
        ("bytes=0-0", "206 0..1"),
        ("bytes=-1", "206 9999..10000"),
        ("bytes=0-", "206 0..10000"),
        ("bytes=9999-9999", "206 9999..10000"),
        ("bytes=9000-20000", "206 9000..10000"),
        ("bytes=-20000", "206 0..10000"),
        ("bytes=0-18446744073709551615", "206 0..10000"),
        ("bytes=0-99999999999999999999999", "206 0..10000"),
        ("bytes=-99999999999999999999999", "206 0..10000"),
        ("Bytes=0-499", "206 0..500"),
        (" bytes=\t0-499 ,,", "206 0..500"),
        ("bytes=00-0499", "206 0..500"),
    ] {
        check(range, 10_000, expected);
    }
}

#[test]
fn a_range_beyond_the_file_is_unsatisfiable() {
    for range in ["bytes=10000-", "bytes=10000-10000", "bytes=99999999999999999999999-", "bytes=-0"] {
        check(range, 10_000, "416");
    }
}

#[test]
fn what_is_invalid_unknown_or_several_is_ignored() {
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=--1",
        "bytes=1",
        "bytes=2-1",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes= 0 - 1",
        "bytes=1-2-3",
        "bytes =0-1",
        "bytes=\u{661}-\u{662}",
        "lines=0-1",
        "=0-1",
        "bytes=0-0,-1",
        "bytes=0-1,2-3",
        "bytes=10000-,0-1",
        "bytes=0-1;2-3",
    ] {
        check(range, 10_000, "200");
    }
    assert_eq!(decide(None, None, TAG, 10), Answer::Whole);
}

#[test]
fn an_empty_file_is_always_whole() {
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-"] {
        check(range, 0, "200");
    }
}

#[test]
fn a_part_is_given_only_of_the_file_that_was_begun() {
    for (if_range, expected) in [
        (TAG, Answer::Part(0..2)),
        (" \"ab12\" ", Answer::Part(0..2)),
        ("W/\"ab12\"", Answer::Whole),
        ("\"ab13\"", Answer::Whole),
        ("ab12", Answer::Whole),
        ("*", Answer::Whole),
        ("", Answer::Whole),
        ("Sat, 29 Oct 1994 19:43:31 GMT", Answer::Whole),
    ] {
        assert_eq!(decide(Some("bytes=0-1"), Some(if_range), TAG, 9), expected, "{if_range}");
    }
    assert_eq!(decide(Some("bytes=9-"), Some("\"ab13\""), TAG, 9), Answer::Whole);
    assert_eq!(decide(None, Some(TAG), TAG, 9), Answer::Whole);
    assert_eq!(decide(Some("bytes=0-1"), Some("W/\"a\""), "W/\"a\"", 9), Answer::Whole);
}

#[test]
fn content_range_counts_the_last_byte_in() {
    assert_eq!(Answer::Part(0..MIB).content_range(5 * MIB).as_deref(), Some("bytes 0-1048575/5242880"));
    assert_eq!(Answer::Unsatisfiable.content_range(47).as_deref(), Some("bytes */47"));
    assert_eq!(Answer::Whole.content_range(47), None);
}

proptest! {
    /// As a download client cuts a file: closed ranges of 1 MiB, the last one shorter.
    #[test]
    fn the_ranges_of_a_client_are_the_whole_file(len in 1..200 * MIB) {
        let mut next = 0;
        for start in (0..len).step_by(MIB as usize) {
            let last = (start + MIB).min(len) - 1;
            match decide(Some(&format!("bytes={start}-{last}")), None, TAG, len) {
                Answer::Part(part) if part.start == next => next = part.end,
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert_eq!(next, len);
    }

    #[test]
    fn no_field_asks_for_more_than_there_is(
        field in "(bytes=)?[0-9,= \t-]{0,24}",
        if_range in proptest::option::of("(W/)?\"?[a-b]{0,2}\"?"),
        len: u64,
    ) {
        crate::oracle::check_range(&field, if_range.as_deref(), len);
    }

    #[test]
    fn no_bytes_make_it_panic(data: Vec<u8>) {
        crate::oracle::fuzz_range(&data);
    }
}
