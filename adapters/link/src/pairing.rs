//! Pairing by a code: SPAKE2, and proofs by its secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_api::linkage::{Pairing, PairingAnswer};
use headwater_model::{LinkageId, Timestamp};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use spake2::{Ed25519Group, Identity, Password, Spake2};

use crate::{Authority, Key, KeyError, Party, PublicKey, Term};

const MANAGER: &[u8] = b"headwater manager";
const LINKAGE: &[u8] = b"headwater linkage";
/// The longest name of a managing server, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// Why two did not come to know each other.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    #[error("a code has eight digits, such as 1234-5678")]
    Code,
    #[error("the code is not the one that the Linkage shows now")]
    WrongCode,
    #[error("the other side said something out of turn")]
    Message,
    #[error("the Linkage refuses: {0}")]
    Refused(String),
    #[error("the system has no randomness")]
    Random,
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What a person carries from the Linkage to the managing server.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

impl Code {
    const DIGITS: usize = 8;

    pub fn generate() -> Result<Self, PairingError> {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes).map_err(|_| PairingError::Random)?;
        Ok(Self(format!("{:08}", u64::from_be_bytes(bytes) % 100_000_000)))
    }

    /// Reads eight digits, whatever stands between them.
    pub fn parse(text: &str) -> Result<Self, PairingError> {
        let digits: String = text.chars().filter(|c| !" -".contains(*c)).collect();
        let is_code = digits.len() == Self::DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Ok(Self(digits)) } else { Err(PairingError::Code) }
    }

    /// As people are shown it.
    pub fn shown(&self) -> String {
        format!("{}-{}", &self.0[..4], &self.0[4..])
    }

    fn password(&self) -> Password {
        Password::new(self.0.as_bytes())
    }
}

/// The managing server's side, between the two answers of a Linkage.
pub struct ManagerSide {
    exchange: Spake2<Ed25519Group>,
}

impl ManagerSide {
    pub fn begin(code: &Code) -> (Self, Pairing) {
        let (exchange, message) = Spake2::<Ed25519Group>::start_a(
            &code.password(),
            &Identity::new(MANAGER),
            &Identity::new(LINKAGE),
        );
        (Self { exchange }, Pairing::Begin { message: STANDARD.encode(message) })
    }

    /// Takes the Linkage's first answer: who it is, its key, and what to send it.
    pub fn finish(
        self,
        answer: PairingAnswer,
        authority: &Authority,
        name: &str,
        now: Timestamp,
    ) -> Result<(LinkageId, PublicKey, Pairing), PairingError> {
        let (linkage, message, key, proof) = match answer {
            PairingAnswer::Begun { linkage, message, key, proof } => (linkage, message, key, proof),
            PairingAnswer::Refused { reason } => return Err(PairingError::Refused(reason)),
            PairingAnswer::Finished => return Err(PairingError::Message),
        };
        let secret = self.exchange.finish(&decode(&message)?).map_err(|_| PairingError::Message)?;
        let key = PublicKey::from_bytes(decode(&key)?)?;
        check(&secret, LINKAGE, &[linkage.as_bytes(), key.as_bytes()], &proof)?;
        let certificate = authority.certify(Party::Linkage(linkage), &key, Term::of_party(now))?;
        let public = authority.key.public();
        let parts = [&authority.certificate, public.as_bytes(), &certificate, name.as_bytes()];
        let finish = Pairing::Finish {
            proof: prove(&secret, MANAGER, &parts),
            authority: STANDARD.encode(&authority.certificate),
            key: STANDARD.encode(public.as_bytes()),
            certificate: STANDARD.encode(&certificate),
            manager: name.to_owned(),
        };
        Ok((linkage, key, finish))
    }
}

/// The Linkage's side, between the two messages of the managing server.
pub struct LinkageSide {
    secret: Vec<u8>,
}

/// What a Linkage keeps of its managing server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paired {
    pub authority: Vec<u8>,
    pub manager_key: PublicKey,
    pub certificate: Vec<u8>,
    pub manager: String,
}

impl LinkageSide {
    pub fn begin(
        code: &Code,
        message: &str,
        linkage: LinkageId,
        key: &Key,
    ) -> Result<(Self, PairingAnswer), PairingError> {
        let (exchange, mine) = Spake2::<Ed25519Group>::start_b(
            &code.password(),
            &Identity::new(MANAGER),
            &Identity::new(LINKAGE),
        );
        let secret = exchange.finish(&decode(message)?).map_err(|_| PairingError::Message)?;
        let public = key.public();
        let answer = PairingAnswer::Begun {
            linkage,
            message: STANDARD.encode(mine),
            proof: prove(&secret, LINKAGE, &[linkage.as_bytes(), public.as_bytes()]),
            key: STANDARD.encode(public.as_bytes()),
        };
        Ok((Self { secret }, answer))
    }

    /// Believes the managing server, if it knew the code.
    pub fn finish(self, message: &Pairing) -> Result<Paired, PairingError> {
        let Pairing::Finish { authority, key, certificate, manager, proof } = message else {
            return Err(PairingError::Message);
        };
        if manager.len() > NAME_BYTES_MAX {
            return Err(PairingError::Message);
        }
        let (authority, certificate) = (decode(authority)?, decode(certificate)?);
        let key = decode(key)?;
        check(&self.secret, MANAGER, &[&authority, &key, &certificate, manager.as_bytes()], proof)?;
        let manager_key = PublicKey::from_bytes(key)?;
        Ok(Paired { authority, manager_key, certificate, manager: manager.clone() })
    }
}

fn decode(text: &str) -> Result<Vec<u8>, PairingError> {
    STANDARD.decode(text).map_err(|_| PairingError::Message)
}

/// Each part with its length, so that no two lists of parts are the same bytes.
fn joined(side: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = side.to_vec();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn prove(secret: &[u8], side: &[u8], parts: &[&[u8]]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &joined(side, parts)))
}

fn check(secret: &[u8], side: &[u8], parts: &[&[u8]], proof: &str) -> Result<(), PairingError> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, &joined(side, parts), &decode(proof)?).map_err(|_| PairingError::WrongCode)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: LinkageId = LinkageId::from_u128(1);

    fn pair(shown: &str, typed: &str, alter: impl FnOnce(&mut Pairing)) -> Result<Paired, PairingError> {
        let (authority, key) = (Authority::generate(Timestamp::EPOCH)?, Key::generate()?);
        let (manager, begin) = ManagerSide::begin(&Code::parse(typed)?);
        let Pairing::Begin { message } = begin else { panic!("begins with another message") };
        let (linkage, answer) = LinkageSide::begin(&Code::parse(shown)?, &message, ME, &key)?;
        let (id, its_key, mut finish) = manager.finish(answer, &authority, "hq", Timestamp::EPOCH)?;
        assert_eq!((id, its_key), (ME, key.public()));
        alter(&mut finish);
        let paired = linkage.finish(&finish)?;
        assert_eq!(
            (&paired.authority, &paired.manager_key),
            (&authority.certificate, &authority.key.public())
        );
        Ok(paired)
    }

    #[test]
    fn who_knows_the_code_is_believed() {
        assert_eq!(pair("1234-5678", "12345678", |_| ()).expect("pairs").manager, "hq");
        assert!(matches!(pair("1234-5678", "1234-5679", |_| ()), Err(PairingError::WrongCode)));
    }

    #[test]
    fn who_stands_between_alters_nothing() {
        let stranger = Authority::generate(Timestamp::EPOCH).expect("an authority");
        let altered = pair("1234-5678", "1234-5678", |finish| {
            if let Pairing::Finish { authority, .. } = finish {
                *authority = STANDARD.encode(&stranger.certificate);
            }
        });
        assert!(matches!(altered, Err(PairingError::WrongCode)));
    }

    #[test]
    fn codes_are_eight_digits() {
        for text in ["", "1234-567", "1234-56789", "1234-567a"] {
            assert!(matches!(Code::parse(text), Err(PairingError::Code)), "{text}");
        }
        let code = Code::generate().expect("a code");
        assert_eq!(Code::parse(&code.shown()).expect("its own form"), code);
        assert_eq!(format!("{code:?}"), "Code");
    }
}
