//! The first message and the flags of all three ([MS-NLMP] 2.2.1.1, 2.2.2.5).

pub(crate) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// All strings are UTF-16 (bit A).
pub(crate) const UNICODE: u32 = 0x0000_0001;
/// The challenge names its realm (bit C).
const REQUEST_TARGET: u32 = 0x0000_0004;
const NTLM: u32 = 0x0000_0200;
/// A session key exists although nothing is signed: the MIC is made with it (bit M).
const ALWAYS_SIGN: u32 = 0x0000_8000;
/// LM is not used (bit P, 3.1.5.1.1).
const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
/// The challenge has target information (bit S).
pub(crate) const TARGET_INFO: u32 = 0x0080_0000;
/// Servers may refuse clients without it, although nothing is encrypted (3.2.1.1, <60>).
const KEYS_OF_128_BITS: u32 = 0x2000_0000;

/// What we ask for: neither signing and sealing, nor the exchange of keys that only they use
/// (3.1.5.1.2).
pub(crate) const OFFERED: u32 =
    UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED_SESSION_SECURITY | KEYS_OF_128_BITS;

const MESSAGE_TYPE: u32 = 1;
const BYTES: usize = 40;

/// The NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1). It is always the same, and tells nothing of this
/// computer: neither domain, nor name, nor version.
pub fn negotiate() -> [u8; BYTES] {
    let mut message = [0; BYTES];
    message[..8].copy_from_slice(SIGNATURE);
    message[8..12].copy_from_slice(&MESSAGE_TYPE.to_le_bytes());
    message[12..16].copy_from_slice(&OFFERED.to_le_bytes());
    // Where the domain and the workstation would be if there were any.
    message[20..24].copy_from_slice(&(BYTES as u32).to_le_bytes());
    message[28..32].copy_from_slice(&(BYTES as u32).to_le_bytes());
    message
}
