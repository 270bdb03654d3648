//! The server's side ([MS-NLMP] 3.2.5.1.2), written from the specification without the crate's own
//! arithmetic, for tests only.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;

const SIGN_OR_SEAL: u32 = 0x10 | 0x20;
const KEY_EXCHANGE: u32 = 0x4000_0000;

pub const FLAGS: u16 = 6;
pub const TIMESTAMP: u16 = 7;
pub const TARGET_NAME: u16 = 9;
pub const CHANNEL_BINDINGS: u16 = 10;

/// One exchange, as the server sees it.
pub struct Acceptor<'a> {
    pub negotiate: &'a [u8],
    pub challenge: &'a [u8],
    pub password: &'a str,
    /// The MD5 of the server's own channel bindings, if it looks at them.
    pub bindings: Option<[u8; 16]>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    Malformed,
    Proof,
    Mic,
    Bindings,
}

#[derive(Debug)]
pub struct Accepted {
    pub domain: String,
    pub user: String,
    pub workstation: String,
    pub flags: u32,
    pub lm_response: Vec<u8>,
    pub session_key: [u8; 16],
    pub filetime: [u8; 8],
    pub attributes: BTreeMap<u16, Vec<u8>>,
}

impl Acceptor<'_> {
    pub fn accept(&self, message: &[u8]) -> Result<Accepted, Refusal> {
        self.read(message).ok_or(Refusal::Malformed)?
    }

    fn read(&self, message: &[u8]) -> Option<Result<Accepted, Refusal>> {
        message.starts_with(b"NTLMSSP\0\x03\0\0\0").then_some(())?;
        let response = field(message, 20)?;
        let (proof, temp) = response.split_first_chunk::<16>()?;
        let (domain, user) = (text(field(message, 28)?), text(field(message, 36)?));
        let key = self.response_key(&domain, &user);
        let server_challenge = self.challenge.get(24..32)?;
        if hmac_md5(&key, &[server_challenge, temp]) != *proof {
            return Some(Err(Refusal::Proof));
        }
        let flags = u32_at(message, 60)?;
        let session_base_key = hmac_md5(&key, &[proof]);
        let session_key = if flags & KEY_EXCHANGE != 0 && flags & SIGN_OR_SEAL != 0 {
            rc4(&session_base_key, field(message, 52)?).try_into().ok()?
        } else {
            session_base_key
        };
        let attributes = attributes(temp.get(28..)?)?;
        if let Some(refusal) = self.refusal(message, &session_key, &attributes) {
            return Some(Err(refusal));
        }
        Some(Ok(Accepted {
            domain,
            user,
            workstation: text(field(message, 44)?),
            flags,
            lm_response: field(message, 12)?.to_vec(),
            session_key,
            filetime: temp.get(8..16)?.try_into().ok()?,
            attributes,
        }))
    }

    fn refusal(
        &self,
        message: &[u8],
        session_key: &[u8; 16],
        attributes: &BTreeMap<u16, Vec<u8>>,
    ) -> Option<Refusal> {
        let with_mic = attributes.get(&FLAGS).is_some_and(|flags| flags[0] & 2 != 0);
        if with_mic && self.mic(message, session_key) != message[72..88] {
            return Some(Refusal::Mic);
        }
        let said = attributes.get(&CHANNEL_BINDINGS).map(Vec::as_slice);
        let unbound = self.bindings.is_some_and(|bindings| said != Some(&bindings));
        unbound.then_some(Refusal::Bindings)
    }

    pub fn mic(&self, message: &[u8], session_key: &[u8; 16]) -> [u8; 16] {
        let mut without_mic = message.to_vec();
        without_mic[72..88].fill(0);
        hmac_md5(session_key, &[self.negotiate, self.challenge, &without_mic])
    }

    /// NTOWFv2 and LMOWFv2, of names in ASCII.
    pub fn response_key(&self, domain: &str, user: &str) -> [u8; 16] {
        let hash: [u8; 16] = Md4::digest(utf16(self.password)).into();
        hmac_md5(&hash, &[&utf16(&user.to_ascii_uppercase()), &utf16(domain)])
    }
}

pub fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    Hmac::<Md5>::new_from_slice(key).unwrap().chain_update(parts.concat()).finalize().into_bytes().into()
}

fn attributes(mut list: &[u8]) -> Option<BTreeMap<u16, Vec<u8>>> {
    let mut attributes = BTreeMap::new();
    loop {
        let (head, rest) = list.split_first_chunk::<4>()?;
        let (id, bytes) = (u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]));
        if id == 0 {
            return Some(attributes);
        }
        let (value, rest) = rest.split_at_checked(bytes.into())?;
        attributes.insert(id, value.to_vec()).is_none().then_some(())?;
        list = rest;
    }
}

fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let bytes = u16::from_le_bytes(*message.get(at..)?.first_chunk()?);
    message.get(u32_at(message, at + 4)? as usize..)?.get(..bytes.into())
}

fn u32_at(message: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*message.get(at..)?.first_chunk()?))
}

fn text(utf16le: &[u8]) -> String {
    let units: Vec<u16> = utf16le.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16(&units).unwrap()
}

pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Only the specification's example exchanges keys.
fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=255).collect();
    let mut j = 0usize;
    for i in 0..256 {
        j = (j + usize::from(state[i]) + usize::from(key[i % key.len()])) % 256;
        state.swap(i, j);
    }
    let (mut i, mut j) = (0usize, 0usize);
    let mut next = || {
        i = (i + 1) % 256;
        j = (j + usize::from(state[i])) % 256;
        state.swap(i, j);
        state[(usize::from(state[i]) + usize::from(state[j])) % 256]
    };
    data.iter().map(|byte| byte ^ next()).collect()
}
