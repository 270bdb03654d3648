//! Properties that hold for any bytes, for fuzzers and tests.

use crate::{cabinet, xpress};

/// Large enough for every path through the decoders, small enough for many runs a second.
const BYTES_MAX: usize = 1 << 20;

/// No bytes make [`xpress::decode`] panic or exceed its limit, be they a stream or the body of one
/// block; and any bytes, encoded or stored, come back.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_xpress(data: &[u8]) {
    decode_xpress(data);
    if let Some((original_bytes, body)) = data.split_first_chunk::<2>() {
        let sizes = [u32::from(u16::from_le_bytes(*original_bytes)), body.len() as u32];
        let header = sizes.map(u32::to_le_bytes);
        decode_xpress(&[header.as_flattened(), body].concat());
    }
    let (mut encoded, mut stored) = (Vec::new(), Vec::new());
    xpress::encode(data, &mut encoded);
    xpress::store(data, &mut stored);
    assert!(encoded.len() <= stored.len(), "encoding is never worse than storing");
    for stream in [encoded, stored] {
        assert_eq!(xpress::decode(&stream, data.len()).as_deref(), Ok(data));
    }
}

fn decode_xpress(stream: &[u8]) {
    if let Ok(decoded) = xpress::decode(stream, BYTES_MAX) {
        assert!(decoded.len() <= BYTES_MAX);
        assert!(decoded.is_empty() || xpress::decode(stream, decoded.len() - 1).is_err());
    }
}

/// No bytes make unpacking a cabinet panic or exceed its limit; and any bytes, packed, come back.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_cabinet(data: &[u8]) {
    if let Ok(blob) = cabinet::unpack_blob(data, BYTES_MAX) {
        assert!(blob.len() <= BYTES_MAX);
        assert!(blob.is_empty() || cabinet::unpack_blob(data, blob.len() - 1).is_err());
        let document = cabinet::unpack_document(data, BYTES_MAX).ok();
        let units = document.map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
        assert!(units.is_none_or(|units| units == blob));
    }
    let packed = cabinet::pack_blob(data).expect("fuzzers do not make gigabytes");
    let unpacked = cabinet::unpack_blob(&packed, data.len()).expect("our own cabinet");
    assert!(unpacked == data);
}
