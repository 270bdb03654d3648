//! Lexical forms of XML Schema ([XMLSCHEMA2]).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Error;

/// `xsd:boolean`
pub fn boolean(name: &'static str, text: &str) -> Result<bool, Error> {
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Error::value(name, text, "expected true or false")),
    }
}

/// `xsd:base64Binary` of at most `bytes_max` bytes; white space is ignored.
pub fn base64_binary(name: &'static str, text: &str, bytes_max: usize) -> Result<Vec<u8>, Error> {
    if text.len() / 4 * 3 > bytes_max.saturating_mul(2) + 1024 {
        return Err(Error::value(name, text, format!("longer than {bytes_max} bytes")));
    }
    let decoded = if text.bytes().any(|b| b.is_ascii_whitespace()) {
        STANDARD.decode(text.bytes().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<u8>>())
    } else {
        STANDARD.decode(text)
    };
    let bytes = decoded.map_err(|e| Error::value(name, text, e))?;
    if bytes.len() > bytes_max {
        return Err(Error::value(name, text, format!("longer than {bytes_max} bytes")));
    }
    Ok(bytes)
}

/// Writes `xsd:base64Binary`.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans() {
        assert_eq!(boolean("b", " true "), Ok(true));
        assert_eq!(boolean("b", "0"), Ok(false));
        assert!(boolean("b", "TRUE").is_err());
    }

    #[test]
    fn base64_has_a_limit_and_ignores_white_space() {
        assert_eq!(base64_binary("b", "AQ ID\r\n", 3), Ok(vec![1, 2, 3]));
        assert!(base64_binary("b", "AQID", 2).is_err());
        assert!(base64_binary("b", "A?", 9).is_err());
        assert_eq!(to_base64(&[1, 2, 3]), "AQID");
    }
}
