//! A short run of the oracles over good streams and cabinets with a few edits, and over nonsense.

use headwater_encoding::{cabinet, oracle, xpress};
use proptest::prelude::*;
use proptest::sample::Index;

/// Text with repetitions near and far.
const TEXT: &str = "<UpdateIdentity UpdateID=\"56309036-4c77-4dd9-951a-99ee9c246a94\" RevisionNumber=\"101\" />\
    <Relationships><Prerequisites><UpdateIdentity UpdateID=\"6964aab4-c5b5-43bd-a17d-ffb4346a8e1d\" />\
    <AtLeastOne IsCategory=\"true\"><UpdateIdentity UpdateID=\"6964aab4-c5b5-43bd-a17d-ffb4346a8e1d\" />\
    </AtLeastOne></Prerequisites></Relationships>                                        ";

fn stream() -> Vec<u8> {
    let mut stream = Vec::new();
    xpress::store(b"<Updates>", &mut stream);
    xpress::encode(TEXT.repeat(3).as_bytes(), &mut stream);
    stream
}

/// A cabinet of two frames. Without checksums edits reach the decoder.
fn cabinet_without_checksums() -> Vec<u8> {
    const FRAMES_AT: usize = 65;
    let document: Vec<u8> = TEXT.repeat(45).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut cabinet = cabinet::pack_blob(&document).expect("a small document");
    let mut frame_at = FRAMES_AT;
    while frame_at < cabinet.len() {
        cabinet[frame_at..frame_at + 4].fill(0);
        let frame_bytes = u16::from_le_bytes([cabinet[frame_at + 4], cabinet[frame_at + 5]]);
        frame_at += 8 + usize::from(frame_bytes);
    }
    cabinet
}

fn edited(mut bytes: Vec<u8>, edits: Vec<(Index, u8)>) -> Vec<u8> {
    for (place, byte) in edits {
        *place.get_mut(&mut bytes) = byte;
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec(any::<(Index, u8)>(), 0..5)
}

proptest! {
    #[test]
    fn edited_streams_keep_the_oracle(edits in edits()) {
        oracle::fuzz_xpress(&edited(stream(), edits));
    }

    #[test]
    fn edited_cabinets_keep_the_oracle(edits in edits()) {
        oracle::fuzz_cabinet(&edited(cabinet_without_checksums(), edits));
    }

    #[test]
    fn nonsense_keeps_the_oracles(data in prop::collection::vec(any::<u8>(), 0..300)) {
        oracle::fuzz_xpress(&data);
        oracle::fuzz_cabinet(&data);
    }
}

#[test]
fn what_is_edited_is_good() {
    assert_eq!(xpress::decode(&stream(), 9 + 3 * TEXT.len()).map(|text| text.len()), Ok(9 + 3 * TEXT.len()));
    assert_eq!(cabinet::unpack_document(&cabinet_without_checksums(), 1 << 20).unwrap(), TEXT.repeat(45));
}
