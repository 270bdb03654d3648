use proptest::prelude::*;

use super::compress::compress;
use super::*;

/// A stream of the one block `body`, which stands for `original_bytes` bytes.
fn stream(original_bytes: usize, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_header(original_bytes, body.len(), &mut out);
    out.extend_from_slice(body);
    out
}

fn encoded(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(input, &mut out);
    out
}

/// The block `text` is compressed to `body`, if that is shorter, and `body` is decoded to `text`.
#[track_caller]
fn check(text: &[u8], body: &[u8]) {
    let mut compressed = Vec::new();
    let shrinks = compress(text, &mut compressed);
    assert_eq!(shrinks, body.len() < text.len());
    if shrinks {
        assert_eq!(compressed, body);
    }
    assert_eq!(decode(&stream(text.len(), body), text.len()).as_deref(), Ok(text));
}

#[track_caller]
fn refused(stream: &[u8], error: XpressError) {
    assert_eq!(decode(stream, 1000), Err(error));
}

#[test]
fn examples_of_the_algorithm() {
    // [MS-XCA] 3.1.
    check(b"abcdefghijklmnopqrstuvwxyz", b"\x3f\0\0\0abcdefghijklmnopqrstuvwxyz");
    check(&b"abc".repeat(100), b"\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01");
    // [MS-WUSP] 2.1.1.1.2 shows these flags in a word of eight: 00010001.
    check(b"ABCABCDEF", b"\xff\xff\xff\x11ABC\x10\x00DEF");
}

#[test]
fn the_end_is_marked_even_where_that_takes_another_word() {
    let text = b"abcdefghijklmnopqrstuvwxyzABCDEF";
    check(text, &[&[0; 4], &text[..], &[0xFF; 4]].concat());
}

#[test]
fn every_form_of_length() {
    // [MS-WUSP] 2.1.1.1.2, "Length representation in metadata".
    for (length, metadata) in [
        (3, &[0x00, 0x00][..]),
        (9, &[0x06, 0x00]),
        (10, &[0x07, 0x00, 0x00]),
        (24, &[0x07, 0x00, 0x0e]),
        (25, &[0x07, 0x00, 0x0f, 0x00]),
        (26, &[0x07, 0x00, 0x0f, 0x01]),
        (279, &[0x07, 0x00, 0x0f, 0xfe]),
        (280, &[0x07, 0x00, 0x0f, 0xff, 0x15, 0x01]),
        (281, &[0x07, 0x00, 0x0f, 0xff, 0x16, 0x01]),
        (65_533, &[0x07, 0x00, 0x0f, 0xff, 0xfa, 0xff]),
    ] {
        // The `b` leaves four bytes to read where the shortest match begins.
        let text = [&vec![b'a'; 1 + length][..], b"b"].concat();
        check(&text, &[b"\xff\xff\xff\x5fa", metadata, b"b"].concat());
    }
}

#[test]
fn two_long_matches_share_a_byte() {
    let text = [&[b'a'; 13][..], &[b'b'; 14], &[b'c'; 15]].concat();
    check(&text, b"\xff\xff\xff\x57a\x07\x00\x32b\x07\x00c\x07\x00\x04");
}

#[test]
fn the_window_ends_after_8192_bytes() {
    for (distance, found) in [(8192, true), (8193, false)] {
        let text = [b"<needle>", &vec![b'a'; distance - 8][..], b"<needle>"].concat();
        let mut compressed = Vec::new();
        compress(&text, &mut compressed);
        assert_eq!(!compressed.ends_with(b"<needle>"), found, "{distance} bytes back");
        assert_eq!(decode(&stream(text.len(), &compressed), text.len()), Ok(text));
    }
}

#[test]
fn a_length_of_four_bytes_is_read() {
    // [MS-XCA] 2.4: zero in the two bytes says that four follow.
    let block = stream(301, b"\xff\xff\xff\x7fa\x07\x00\x0f\xff\x00\x00\x29\x01\x00\x00");
    assert_eq!(decode(&block, 301), Ok(vec![b'a'; 301]));
}

#[test]
fn what_does_not_shrink_is_stored() {
    assert_eq!(encoded(b"OK"), b"\x02\0\0\0\x02\0\0\0OK");
    let mut out = Vec::new();
    store(&[b' '; 65_536], &mut out);
    assert_eq!(out.len(), 65_536 + 2 * 8);
    assert_eq!(out[..8], [0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0]);
    assert_eq!(decode(&out, 65_536), Ok(vec![b' '; 65_536]));
    assert_eq!(encoded(b""), b"");
    assert_eq!(decode(b"", 0), Ok(vec![]));
}

#[test]
fn streams_may_be_concatenated() {
    let body = b"<Update>".repeat(20_000);
    let mut out = b"kept".to_vec();
    store(b"<Updates>", &mut out);
    encode(&body, &mut out);
    store(b"</Updates>", &mut out);
    let expected = [b"<Updates>", &body[..], b"</Updates>"].concat();
    assert_eq!(decode(&out[4..], expected.len()), Ok(expected));
}

#[test]
fn broken_streams_are_refused() {
    use XpressError::*;
    let good = encoded(&b"abc".repeat(100));
    for cut in 1..good.len() - 1 {
        refused(&good[..cut], Truncated { block_at: 0 });
    }
    refused(&[&good[..], &good[..7]].concat(), Truncated { block_at: good.len() });
    // A block that lies about its size, in either direction.
    for original_bytes in [299, 301, 999] {
        refused(&stream(original_bytes, &good[8..]), SizeMismatch { block_at: 0 });
    }
    refused(b"\x00\x00\x01\x00\x01\0\0\0a", BlockTooLarge { block_at: 0 });
    refused(b"\x01\0\0\0\x00\x00\x01\x00a", BlockTooLarge { block_at: 0 });
    refused(b"\x01\0\0\0\xff\xff\xff\xffa", BlockTooLarge { block_at: 0 });
    refused(&good.repeat(4), OutputTooLarge { bytes_max: 1000 });
    // A match that reaches back two bytes after only one, and one into the block before.
    refused(&stream(4, b"\xff\xff\xff\x7fa\x08\x00"), OffsetBeforeBlock { block_at: 0 });
    let second = [&b"\x01\0\0\0\x01\0\0\0a"[..], &stream(3, b"\xff\xff\xff\xff\x00\x00")].concat();
    refused(&second, OffsetBeforeBlock { block_at: 9 });
    refused(&stream(30, b"\xff\xff\xff\x7fa\x07\x00\x0f\xff\x15\x00"), OverlongLength { block_at: 0 });
    // Literals up to the last byte, and no mark of the end.
    refused(&stream(3, b"\xff\xff\xff\x1fab"), Truncated { block_at: 0 });
    refused(&stream(32, &[0; 36]), Truncated { block_at: 0 });
}

#[test]
fn real_documents_shrink_and_come_back() {
    for (name, document) in crate::real_data::files("documents", ".xml") {
        let stream = encoded(&document);
        assert!(stream.len() < document.len() * 6 / 10, "{name}: {} bytes", stream.len());
        assert_eq!(decode(&stream, document.len()), Ok(document));
    }
}

/// Text of few words, so that matches of every length and distance occur.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..40),
        (any::<u8>(), 1..3000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ];
    (proptest::collection::vec(word, 1..12), proptest::collection::vec(any::<usize>(), 0..80))
        .prop_map(|(words, order)| order.iter().flat_map(|n| words[n % words.len()].clone()).collect())
}

proptest! {
    #[test]
    fn text_comes_back(input in text()) {
        prop_assert_eq!(decode(&encoded(&input), input.len()), Ok(input));
    }

    #[test]
    fn noise_comes_back(input in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let stream = encoded(&input);
        prop_assert!(stream.len() <= input.len() + HEADER_BYTES);
        prop_assert_eq!(decode(&stream, input.len()), Ok(input));
    }
}
