//! Cookies: small tokens of a fixed layout, sealed with AES-256-GCM (threat A7, fact 53).
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version of the layout |
//! | 4 | id of the key, little-endian |
//! | 12 | nonce |
//! | 190 | sealed: purpose, server id, epoch, client id, protocol, configuration, watermark, membership, expiry |
//! | 16 | tag |

use std::collections::HashMap;

use headwater_model::{ClientId, ProtocolVersion, ServerId, Timestamp};
use headwater_store::CookieKey;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

const VERSION: u8 = 1;
const PREFIX_BYTES: usize = 5;
const PLAIN_BYTES: usize = 1 + 16 + 8 + 1 + ClientId::CHARS_MAX + 4 + 8 + 8 + 8 + 8;
/// The length of every cookie.
pub const COOKIE_BYTES: usize = PREFIX_BYTES + NONCE_LEN + PLAIN_BYTES + 16;
/// The length of a key.
pub const KEY_BYTES: usize = 32;

/// What a cookie is good for; one kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// SimpleAuth gives it, GetCookie takes it.
    Authorization = 1,
    /// The client service.
    Client = 2,
    /// The two of MS-WSUSSS.
    ServerAuthorization = 3,
    Server = 4,
}

/// What a cookie says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub client: ClientId,
    pub protocol: ProtocolVersion,
    /// The configuration that the client knows.
    pub config_change: Timestamp,
    /// The client knows all changes up to this value of the server-wide counter.
    pub watermark: u64,
    /// The client knows what its groups of this value of the counter mean for it. They change
    /// without a decision, so that the watermark may be behind them.
    pub membership: u64,
    pub expires: Timestamp,
}

/// Why a cookie is not accepted ([MS-WUSP] 2.2.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CookieError {
    #[error("the cookie cannot be decrypted")]
    Invalid,
    #[error("the cookie is from another server or from before a restore")]
    ServerChanged,
}

/// Seals and opens the cookies of one server.
pub struct CookieJar {
    server: ServerId,
    epoch: i64,
    newest: u32,
    keys: HashMap<u32, LessSafeKey>,
    random: SystemRandom,
}

impl std::fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CookieJar({} keys)", self.keys.len())
    }
}

impl CookieJar {
    /// `keys` has the newest first; those of another length are left out.
    pub fn new(server: ServerId, epoch: i64, keys: &[CookieKey]) -> Self {
        let usable: Vec<(u32, LessSafeKey)> = keys
            .iter()
            .filter_map(|key| {
                let unbound = UnboundKey::new(&AES_256_GCM, &key.secret).ok()?;
                Some((u32::try_from(key.id).ok()?, LessSafeKey::new(unbound)))
            })
            .collect();
        let newest = usable.iter().map(|(id, _)| *id).max().unwrap_or(0);
        Self { server, epoch, newest, keys: usable.into_iter().collect(), random: SystemRandom::new() }
    }

    /// Seals a cookie with the newest key. `None` only where the system has no randomness or no
    /// key was made.
    pub fn seal(&self, purpose: Purpose, cookie: &Cookie) -> Option<Vec<u8>> {
        let key = self.keys.get(&self.newest)?;
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut token = Vec::with_capacity(COOKIE_BYTES);
        token.push(VERSION);
        token.extend_from_slice(&self.newest.to_le_bytes());
        token.extend_from_slice(&nonce);
        let mut plain = self.encode(purpose, cookie);
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&token[..PREFIX_BYTES]),
                &mut plain,
            )
            .ok()?;
        token.extend_from_slice(&plain);
        token.extend_from_slice(tag.as_ref());
        Some(token)
    }

    /// Opens a cookie. Whether it has expired is the caller's question.
    pub fn open(&self, purpose: Purpose, token: &[u8]) -> Result<Cookie, CookieError> {
        if token.len() != COOKIE_BYTES || token[0] != VERSION {
            return Err(CookieError::Invalid);
        }
        let (prefix, rest) = token.split_at(PREFIX_BYTES);
        let (nonce, sealed) = rest.split_at(NONCE_LEN);
        let key_id = prefix[1..].try_into().map(u32::from_le_bytes).map_err(|_| CookieError::Invalid)?;
        let key = self.keys.get(&key_id).ok_or(CookieError::Invalid)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CookieError::Invalid)?;
        let mut plain = sealed.to_vec();
        let plain =
            key.open_in_place(nonce, Aad::from(prefix), &mut plain).map_err(|_| CookieError::Invalid)?;
        self.decode(purpose, plain)
    }

    pub(crate) fn encode(&self, purpose: Purpose, cookie: &Cookie) -> Vec<u8> {
        let id = cookie.client.as_str().as_bytes();
        let mut padded = [0; ClientId::CHARS_MAX];
        padded[..id.len()].copy_from_slice(id);
        let mut plain = Vec::with_capacity(PLAIN_BYTES);
        plain.push(purpose as u8);
        plain.extend_from_slice(self.server.as_bytes());
        plain.extend_from_slice(&self.epoch.to_le_bytes());
        plain.push(id.len() as u8);
        plain.extend_from_slice(&padded);
        plain.extend_from_slice(&cookie.protocol.major.to_le_bytes());
        plain.extend_from_slice(&cookie.protocol.minor.to_le_bytes());
        plain.extend_from_slice(&cookie.config_change.as_micros().to_le_bytes());
        plain.extend_from_slice(&cookie.watermark.to_le_bytes());
        plain.extend_from_slice(&cookie.membership.to_le_bytes());
        plain.extend_from_slice(&cookie.expires.as_micros().to_le_bytes());
        plain
    }

    pub(crate) fn decode(&self, purpose: Purpose, plain: &[u8]) -> Result<Cookie, CookieError> {
        let mut fields = Fields(plain);
        if fields.take::<1>()? != [purpose as u8] {
            return Err(CookieError::Invalid);
        }
        let server = fields.take::<16>()?;
        let epoch = i64::from_le_bytes(fields.take()?);
        if server != *self.server.as_bytes() || epoch != self.epoch {
            return Err(CookieError::ServerChanged);
        }
        let [id_bytes] = fields.take::<1>()?;
        let padded = fields.take::<{ ClientId::CHARS_MAX }>()?;
        let id = padded.get(..usize::from(id_bytes)).and_then(|id| std::str::from_utf8(id).ok());
        Ok(Cookie {
            client: id.and_then(|id| id.parse().ok()).ok_or(CookieError::Invalid)?,
            protocol: ProtocolVersion {
                major: u16::from_le_bytes(fields.take()?),
                minor: u16::from_le_bytes(fields.take()?),
            },
            config_change: Timestamp::from_micros(i64::from_le_bytes(fields.take()?)),
            watermark: u64::from_le_bytes(fields.take()?),
            membership: u64::from_le_bytes(fields.take()?),
            expires: Timestamp::from_micros(i64::from_le_bytes(fields.take()?)),
        })
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CookieError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(CookieError::Invalid)?;
        self.0 = rest;
        Ok(*field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(server: u128, epoch: i64, keys: &[i64]) -> CookieJar {
        let keys: Vec<CookieKey> = keys
            .iter()
            .map(|id| CookieKey { id: *id, secret: vec![*id as u8; KEY_BYTES], created_at: Timestamp::EPOCH })
            .collect();
        CookieJar::new(ServerId::from_u128(server), epoch, &keys)
    }

    fn cookie() -> Cookie {
        Cookie {
            client: "e1da06a3-5601-43c9-bac3-52d5db701494".parse().expect("an id"),
            protocol: ProtocolVersion::new(2, 90),
            config_change: Timestamp::from_micros(5),
            watermark: 77,
            membership: 78,
            expires: Timestamp::from_micros(9_000_000),
        }
    }

    #[test]
    fn a_cookie_is_opened_by_the_server_that_sealed_it() {
        let token = jar(1, 1, &[1]).seal(Purpose::Client, &cookie()).expect("seals");
        assert_eq!(token.len(), COOKIE_BYTES);
        assert_eq!(
            jar(1, 1, &[2, 1]).open(Purpose::Client, &token),
            Ok(cookie()),
            "an older key still opens"
        );
        assert_eq!(jar(1, 1, &[1]).open(Purpose::Authorization, &token), Err(CookieError::Invalid));
        assert_eq!(jar(1, 1, &[2]).open(Purpose::Client, &token), Err(CookieError::Invalid));
        assert_eq!(jar(1, 2, &[1]).open(Purpose::Client, &token), Err(CookieError::ServerChanged));
        assert_eq!(jar(2, 1, &[1]).open(Purpose::Client, &token), Err(CookieError::ServerChanged));
    }

    #[test]
    fn a_change_of_any_byte_or_of_the_length_makes_it_invalid() {
        let jar = jar(1, 1, &[1]);
        let token = jar.seal(Purpose::Client, &cookie()).expect("seals");
        for at in 0..token.len() {
            let mut forged = token.clone();
            forged[at] ^= 1;
            assert_eq!(jar.open(Purpose::Client, &forged), Err(CookieError::Invalid), "byte {at}");
        }
        assert_eq!(jar.open(Purpose::Client, &token[1..]), Err(CookieError::Invalid));
        assert_eq!(jar.open(Purpose::Client, &[]), Err(CookieError::Invalid));
    }

    #[test]
    fn cookies_are_all_of_one_length() {
        let mut long = cookie();
        long.client = "x".repeat(ClientId::CHARS_MAX).parse().expect("an id");
        let token = jar(1, 1, &[1]).seal(Purpose::Client, &long).expect("seals");
        assert_eq!(token.len(), COOKIE_BYTES);
        assert_eq!(jar(1, 1, &[1]).open(Purpose::Client, &token), Ok(long));
    }
}
