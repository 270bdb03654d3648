//! The messages in the headers of HTTP ([MS-NTHT] 2.2.1, 2.2.2).
//!
//! The client sends its request with [`authorization`] of the first message, is answered 401 with a
//! challenge, and sends the request again on the same connection with the answer. A second 401 says that
//! the account is not accepted; another challenge in it is not answered (3.1.5.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{CHALLENGE_BYTES_MAX, NtlmError};

const SCHEME: &str = "NTLM";
const CHALLENGE_CHARACTERS_MAX: usize = CHALLENGE_BYTES_MAX.div_ceil(3) * 4;

/// What a server says of NTLM in a `WWW-Authenticate` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// It takes NTLM: begin.
    Begin,
    /// The bytes for [`crate::Challenge::parse`].
    Challenge(Vec<u8>),
}

/// The value of an `Authorization` header with one of our messages.
pub fn authorization(message: &[u8]) -> String {
    format!("{SCHEME} {}", STANDARD.encode(message))
}

/// Reads the value of one `WWW-Authenticate` header, which may name several schemes. None if NTLM is not
/// among them; `Negotiate` does not count.
pub fn offer(www_authenticate: &str) -> Result<Option<Offer>, NtlmError> {
    www_authenticate.split(',').find_map(of_scheme).map(read).transpose()
}

/// What follows the name of the scheme, or nothing.
fn of_scheme(scheme: &str) -> Option<&str> {
    let scheme = scheme.trim();
    let (name, data) = scheme.split_once([' ', '\t']).unwrap_or((scheme, ""));
    name.eq_ignore_ascii_case(SCHEME).then(|| data.trim_start())
}

fn read(data: &str) -> Result<Offer, NtlmError> {
    if data.is_empty() {
        return Ok(Offer::Begin);
    }
    if data.len() > CHALLENGE_CHARACTERS_MAX {
        return Err(NtlmError::ChallengeTooLarge);
    }
    STANDARD.decode(data).map(Offer::Challenge).map_err(|_| NtlmError::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::negotiate;

    #[test]
    fn what_a_server_says_of_ntlm() {
        let long = format!("NTLM {}", "A".repeat(CHALLENGE_CHARACTERS_MAX + 4));
        let cases = [
            ("NTLM", Ok(Some(Offer::Begin))),
            ("ntlm ", Ok(Some(Offer::Begin))),
            ("Negotiate", Ok(None)),
            ("Negotiate, NTLM", Ok(Some(Offer::Begin))),
            (r#"Basic realm="x", NTLM"#, Ok(Some(Offer::Begin))),
            ("NTLM TlRM", Ok(Some(Offer::Challenge(b"NTL".to_vec())))),
            ("NTLM  TlRMTQ==", Ok(Some(Offer::Challenge(b"NTLM".to_vec())))),
            ("NTLMSSP TlRM", Ok(None)),
            ("NTLM TlR", Err(NtlmError::NotBase64)),
            ("NTLM TlRM TlRM", Err(NtlmError::NotBase64)),
            (&long, Err(NtlmError::ChallengeTooLarge)),
            (&long[..long.len() - 4], Ok(Some(Offer::Challenge(vec![0; CHALLENGE_BYTES_MAX + 2])))),
            ("", Ok(None)),
        ];
        for (value, expected) in cases {
            assert_eq!(offer(value), expected, "{value}");
        }
    }

    #[test]
    fn the_first_message_in_its_header() {
        assert_eq!(
            authorization(&negotiate()),
            "NTLM TlRMTVNTUAABAAAABYIIIAAAAAAoAAAAAAAAACgAAAAAAAAAAAAAAA=="
        );
    }
}
