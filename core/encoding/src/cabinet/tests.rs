use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::real_data;

const BYTES_MAX: usize = 1 << 23;

fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// `document` packs, and unpacks to itself.
#[track_caller]
fn check(document: &[u8]) {
    let cabinet = pack_blob(document).unwrap();
    // Too long for a useful message.
    assert!(unpack_blob(&cabinet, document.len()).unwrap() == document);
}

/// The real cabinets, each with the document in it: `documents/<first eight digits>-<revision>.*`.
fn real_cabinets() -> Vec<(String, Vec<u8>, String)> {
    let documents = real_data::files("documents", ".xml");
    let sibling = |name: &str| {
        let (id, revision) = name.trim_end_matches(".lzx21.cab").split_once('-').unwrap();
        let found = documents.iter().find(|(document, _)| {
            document.starts_with(id) && document.ends_with(&format!("-{revision}.xml"))
        });
        String::from_utf8(found.unwrap().1.clone()).unwrap()
    };
    let cabinets = real_data::files("documents", ".lzx21.cab");
    cabinets.into_iter().map(|(name, cabinet)| (name.clone(), cabinet, sibling(&name))).collect()
}

#[test]
fn real_cabinets_unpack_to_their_documents() {
    for (name, cabinet, document) in real_cabinets() {
        assert_eq!(unpack_document(&cabinet, BYTES_MAX).unwrap(), document, "{name}");
    }
}

#[test]
fn blobs_of_a_real_conversation_unpack() {
    for (name, response) in real_data::files("captures/server-sync", "GetUpdateData.response.xml") {
        let response = String::from_utf8(response).unwrap();
        for blob in response.split("<XmlUpdateBlobCompressed>").skip(1) {
            let (blob, _) = blob.split_once("</").unwrap();
            let document = unpack_document(&STANDARD.decode(blob).unwrap(), BYTES_MAX).unwrap();
            assert!(document.starts_with("<upd:Update "), "{name}");
            assert!(document.ends_with("</upd:Update>"), "{name}");
        }
    }
}

#[test]
fn our_cabinets_look_like_real_ones() {
    for (name, real, document) in real_cabinets() {
        let mut ours = pack_blob(&utf16le(&document)).unwrap();
        assert_eq!(unpack_document(&ours, BYTES_MAX).unwrap(), document, "{name}");
        assert!(ours.len() * 4 <= real.len() * 5, "{name}: {} bytes, not {}", ours.len(), real.len());
        assert_eq!(ours[8..12], (ours.len() as u32).to_le_bytes());
        // But for the size of the cabinet, all is the same up to the first frame.
        ours[8..12].copy_from_slice(&real[8..12]);
        assert_eq!(ours[..DATA_AT], real[..DATA_AT], "{name}");
    }
}

#[test]
fn real_checksums_are_ours() {
    for (name, real, _) in real_cabinets() {
        let mut rest = &real[DATA_AT..];
        while let Some((head, after)) = rest.split_first_chunk::<8>() {
            let [a, b, c, d, sizes @ ..] = *head;
            let sizes = u32::from_le_bytes(sizes);
            let (frame, after) = after.split_at(sizes as usize & 0xFFFF);
            assert_eq!(checksum(frame) ^ sizes, u32::from_le_bytes([a, b, c, d]), "{name}");
            rest = after;
        }
    }
}

#[test]
fn a_checksum_takes_the_last_bytes_in_reverse() {
    // [MS-CAB] 3.1.
    for (bytes, sum) in [
        (&[][..], 0),
        (&[1], 0x01),
        (&[1, 2], 0x0102),
        (&[1, 2, 3], 0x01_0203),
        (&[1, 2, 3, 4], 0x0403_0201),
        (&[1, 2, 3, 4, 1, 2, 3, 4, 5], 0x05),
    ] {
        assert_eq!(checksum(bytes), sum, "{bytes:?}");
    }
}

#[test]
fn documents_of_any_size_come_back() {
    for bytes in [0, 1, 2, 3, 257, 258, 32_767, 32_768, 32_769, 65_536, 100_001] {
        check(&vec![0; bytes]);
        check(&b"<\0a\0/\0>\0".repeat(bytes.div_ceil(8))[..bytes]);
    }
}

#[test]
fn matches_reach_back_almost_two_mebibytes() {
    let needle = utf16le("<Needle Id=\"6964aab4-c5b5-43bd-a17d-ffb4346a8e1d\" />");
    for distance in [(1 << 21) - 4, (1 << 21) - 3, (1 << 21) - 2, 1 << 21, (1 << 21) + 50_000] {
        let mut document = needle.clone();
        document.resize(distance, 7);
        document.extend_from_slice(&needle);
        document.extend_from_slice(&document.clone()[..100_000]);
        check(&document);
    }
}

#[test]
fn text_is_decoded_strictly() {
    let unpacked = |blob: &[u8]| unpack_document(&pack_blob(blob).unwrap(), BYTES_MAX);
    assert_eq!(unpacked(&utf16le("<a>äあ𝄞</a>")).unwrap(), "<a>äあ𝄞</a>");
    assert_eq!(unpacked(b"").unwrap(), "");
    for broken in [&b"<\0a"[..], b"\x34\xD8", b"\x1E\xDD\x34\xD8"] {
        assert!(matches!(unpacked(broken), Err(CabinetError::NotUtf16)), "{broken:?}");
    }
}

/// What becomes of a good cabinet in which `patch` was written at `at`.
fn patched(at: usize, patch: &[u8]) -> CabinetError {
    let mut cabinet = pack_blob(&utf16le("<Update />")).unwrap();
    cabinet[at..at + patch.len()].copy_from_slice(patch);
    unpack_blob(&cabinet, 1000).unwrap_err()
}

#[test]
fn broken_cabinets_are_refused() {
    use CabinetError::*;
    assert!(matches!(patched(0, b"PK"), Damaged(_)));
    assert!(matches!(patched(24, &[4]), Damaged(_)));
    assert!(matches!(patched(26, &[0]), Damaged(_)));
    assert!(matches!(patched(28, &[0]), NotOneMember { folders: 1, members: 0 }));
    // No compression, MSZIP, Quantum, LZX with windows of 4 MiB and of nonsense.
    for compression in [[0, 0], [1, 0], [0x72, 0x14], [3, 22]] {
        assert!(matches!(patched(42, &compression), OtherCompression), "{compression:?}");
    }
    assert!(matches!(patched(42, &[3, 31]), Damaged(_)));
    assert!(matches!(patched(FILES_AT, &[21]), SizeMismatch { bytes: 20, declared_bytes: 21 }));
    let declared = patched(FILES_AT, &[0xFF; 4]);
    assert!(matches!(declared, DocumentTooLarge { bytes: 0xFFFF_FFFF, bytes_max: 1000 }));
    assert!(matches!(patched(FILES_AT + 4, &[1]), MemberOffset));
    assert!(matches!(patched(FILES_AT + 4, &[0xFF; 4]), MemberOffset));
    // The checksum, the sizes and the bytes of the only frame.
    for at in DATA_AT..DATA_AT + 12 {
        assert!(matches!(patched(at, &[0xA5]), Damaged(_)), "byte {at}");
    }
}

#[test]
fn a_cut_cabinet_is_refused() {
    let cabinet = pack_blob(&utf16le("<Update />")).unwrap();
    for cut in 0..cabinet.len() {
        assert!(matches!(unpack_blob(&cabinet[..cut], 1000), Err(CabinetError::Damaged(_))), "at {cut}");
    }
}

#[test]
fn the_limit_is_kept() {
    let cabinet = pack_blob(&[0; 1000]).unwrap();
    assert_eq!(unpack_blob(&cabinet, 1000).unwrap(), [0; 1000]);
    let error = unpack_blob(&cabinet, 999).unwrap_err();
    assert_eq!(error.to_string(), "the document has 1000 bytes, more than 999");
}

/// Elements from a few words and numbers.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let element = ("[A-Z][a-z]{1,12}", any::<u32>(), 0..40_usize)
        .prop_map(|(name, id, repeat)| format!("<{name} Id=\"{id}\" />").repeat(repeat));
    proptest::collection::vec(element, 0..40).prop_map(|elements| utf16le(&elements.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn documents_come_back(document in document()) {
        check(&document);
    }

    #[test]
    fn noise_comes_back(blob in proptest::collection::vec(any::<u8>(), 0..40_000)) {
        check(&blob);
    }

    #[test]
    fn few_bytes_come_back(blob in proptest::collection::vec(0..4_u8, 0..40_000)) {
        check(&blob);
    }
}
