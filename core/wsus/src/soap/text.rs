//! Bytes into text.

use std::borrow::Cow;

use super::Error;

/// The text of a message. `charset` is the parameter of the header `Content-Type`. A byte order
/// mark decides before it; without both it is UTF-8. UTF-16 needs its mark or its name.
pub fn decode_text<'a>(bytes: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, Error> {
    let charset = charset.map(|name| name.trim_matches(['"', '\'', ' ']).to_ascii_lowercase());
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => match charset.as_deref() {
            None | Some("" | "utf-8" | "utf8" | "us-ascii") => utf8(bytes),
            Some("utf-16" | "utf-16le" | "unicode") => utf16(bytes, u16::from_le_bytes),
            Some("utf-16be") => utf16(bytes, u16::from_be_bytes),
            Some(other) => Err(Error::Encoding(other.chars().take(64).collect())),
        },
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Error::Encoding("UTF-8".to_owned()))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, Error> {
    let error = || Error::Encoding("UTF-16".to_owned());
    let (pairs, []) = bytes.as_chunks::<2>() else { return Err(error()) };
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| error())
}
