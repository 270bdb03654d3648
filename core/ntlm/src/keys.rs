//! The arithmetic of NTLMv2 ([MS-NLMP] 3.3.2).

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;

use crate::Account;
use crate::account::utf16le;

/// An NTLMv2_RESPONSE ([MS-NLMP] 2.2.2.8) and the key that comes of it.
pub(crate) struct Response {
    pub(crate) nt_response: Vec<u8>,
    /// As no key is exchanged, also the one that the MIC is made with (3.1.5.1.2, 3.4.5.1).
    pub(crate) session_key: [u8; 16],
}

/// Answers `server_challenge` with `key` of [`response_key`] and `client_blob` of [`client_blob`].
pub(crate) fn respond(key: &[u8; 16], server_challenge: &[u8; 8], client_blob: &[u8]) -> Response {
    let proof = hmac_md5(key, &[server_challenge, client_blob]);
    Response { nt_response: [&proof[..], client_blob].concat(), session_key: hmac_md5(key, &[&proof]) }
}

/// NTOWFv2.
pub(crate) fn response_key(account: &Account) -> [u8; 16] {
    let user: String = account.user.chars().map(upper_case).collect();
    hmac_md5(&account.password.hash(), &[&utf16le(&user), &utf16le(&account.domain)])
}

/// The NTLMv2_CLIENT_CHALLENGE ([MS-NLMP] 2.2.2.7; `temp` in 3.3.2). `target_info` has its end.
pub(crate) fn client_blob(filetime: [u8; 8], client_challenge: [u8; 8], target_info: &[u8]) -> Vec<u8> {
    const VERSIONS: [u8; 8] = [1, 1, 0, 0, 0, 0, 0, 0];
    [&VERSIONS[..], &filetime, &client_challenge, &[0; 4], target_info, &[0; 4]].concat()
}

pub(crate) fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("a key may have any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Windows' table of capital letters is not in the specification. It is one unit for one, and leaves
/// alone what does not become the same small letter again, such as `ß`, `µ` and `ı`; the final sigma is
/// the exception.
fn upper_case(letter: char) -> char {
    let capital = only(letter.to_uppercase()).filter(|capital| capital.len_utf16() == 1);
    let is_pair = |capital: &char| letter == 'ς' || only(capital.to_lowercase()) == Some(letter);
    capital.filter(is_pair).unwrap_or(letter)
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_one_for_one() {
        let cases = [
            ("user", "USER"),
            ("jürgen.weiß", "JÜRGEN.WEIß"),
            ("ŝtefan", "ŜTEFAN"),
            ("γιώργος", "ΓΙΏΡΓΟΣ"),
            ("иван", "ИВАН"),
            ("µıſ", "µıſ"),
            ("ÿ", "Ÿ"),
            ("𐐨", "𐐨"),
            ("1_$@", "1_$@"),
        ];
        for (small, capital) in cases {
            assert_eq!(small.chars().map(upper_case).collect::<String>(), capital);
        }
    }
}
