//! Digests: SHA-256 is what we trust, SHA-1 is the name on the wire.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A text or a byte string that is not a digest of the right length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a digest of {bytes} bytes")]
pub struct DigestError {
    text: String,
    bytes: usize,
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Reads the base64 form of update documents and messages; white space is ignored.
            pub fn from_base64(text: &str) -> Result<Self, DigestError> {
                let error = || DigestError { text: text.chars().take(64).collect(), bytes: $len };
                let bare: String = text.chars().filter(|c| !c.is_ascii_whitespace()).take(128).collect();
                let bytes = STANDARD.decode(bare).map_err(|_| error())?;
                bytes.try_into().map(Self).map_err(|_| error())
            }

            pub fn to_base64(&self) -> String {
                STANDARD.encode(self.0)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = DigestError;

            fn try_from(bytes: &[u8]) -> Result<Self, DigestError> {
                bytes.try_into().map(Self).map_err(|_| DigestError {
                    text: format!("{} bytes", bytes.len()),
                    bytes: $len,
                })
            }
        }

        /// Lower-case hexadecimal.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        /// Upper-case hexadecimal, as content URLs have it (fact 34).
        impl fmt::UpperHex for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            /// Reads hexadecimal in either case.
            fn from_str(text: &str) -> Result<Self, DigestError> {
                let error = || DigestError { text: text.chars().take(64).collect(), bytes: $len };
                let digits = text.as_bytes();
                if digits.len() != 2 * $len {
                    return Err(error());
                }
                let mut bytes = [0; $len];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    let high = (pair[0] as char).to_digit(16).ok_or_else(error)?;
                    let low = (pair[1] as char).to_digit(16).ok_or_else(error)?;
                    *byte = (high << 4 | low) as u8;
                }
                Ok(Self(bytes))
            }
        }
    };
}

digest! {
    /// The SHA-1 digest of a file: its name in the protocols, never the proof of its content.
    Sha1Digest, 20
}
digest! {
    /// The SHA-256 digest of a file: its name in our content store.
    Sha256Digest, 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_file_location_names_the_digest_of_its_update() {
        let digest = Sha1Digest::from_base64("hlQslyYcRtWzeaQ+yJX5fq9Am6I=").expect("a digest");
        assert_eq!(format!("{digest:X}"), "86542C97261C46D5B379A43EC895F97EAF409BA2");
        assert_eq!(digest, "86542c97261c46d5b379a43ec895f97eaf409ba2".parse().expect("hexadecimal"));
        assert_eq!(digest.to_base64(), "hlQslyYcRtWzeaQ+yJX5fq9Am6I=");
    }

    #[test]
    fn a_digest_of_another_length_is_refused() {
        assert!(Sha1Digest::from_base64("AAAA").is_err());
        assert!(Sha256Digest::from_base64("hlQslyYcRtWzeaQ+yJX5fq9Am6I=").is_err());
        assert!("8654".parse::<Sha1Digest>().is_err());
    }
}
