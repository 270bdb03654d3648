//! Properties that hold for any bytes, for fuzzers and tests.

use headwater_model::{ServerId, Timestamp};
use headwater_store::CookieKey;

use crate::cookie::{CookieJar, KEY_BYTES, Purpose};

/// The purpose, the server and the epoch, which stand before what a cookie says.
const HEAD_BYTES: usize = 1 + 16 + 8;
const SERVER: ServerId = ServerId::from_u128(1);
const EPOCH: i64 = 1;

/// Nobody makes a cookie without the key; and what is sealed, be it the work of another version, is
/// refused or comes back as it was understood.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_cookie(data: &[u8]) {
    let jar = jar();
    let purpose = Purpose::Client;
    assert!(jar.open(purpose, data).is_err(), "a forged cookie");
    let _ = jar.decode(purpose, data);
    let head = [&[purpose as u8][..], SERVER.as_bytes(), &EPOCH.to_le_bytes()].concat();
    debug_assert_eq!(head.len(), HEAD_BYTES);
    if let Ok(cookie) = jar.decode(purpose, &[&head, data].concat()) {
        let sealed = jar.seal(purpose, &cookie).expect("our own key");
        assert_eq!(jar.open(purpose, &sealed), Ok(cookie));
    }
}

fn jar() -> CookieJar {
    let key = CookieKey { id: 1, secret: vec![7; KEY_BYTES], created_at: Timestamp::EPOCH };
    CookieJar::new(SERVER, EPOCH, &[key])
}

#[cfg(test)]
mod tests {
    use headwater_model::ProtocolVersion;

    use super::*;
    use crate::cookie::Cookie;

    #[test]
    fn every_edit_of_a_cookie_keeps_the_oracle() {
        let cookie = Cookie {
            client: "e1da06a3-5601-43c9-bac3-52d5db701494".parse().expect("an id"),
            protocol: ProtocolVersion::new(2, 90),
            config_change: Timestamp::from_micros(5),
            watermark: 77,
            membership: 78,
            expires: Timestamp::from_micros(9_000_000),
        };
        let plain = jar().encode(Purpose::Client, &cookie);
        let said = &plain[HEAD_BYTES..];
        assert_eq!(jar().decode(Purpose::Client, &plain), Ok(cookie.clone()));
        let sealed = jar().seal(Purpose::Client, &cookie).expect("seals");
        for good in [said, &plain, &sealed] {
            for at in 0..good.len() {
                fuzz_cookie(&good[..at]);
                for byte in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut edited = good.to_vec();
                    edited[at] = byte;
                    if edited != *good {
                        fuzz_cookie(&edited);
                    }
                }
            }
        }
    }
}
