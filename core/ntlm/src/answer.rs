//! The client's proof ([MS-NLMP] 2.2.1.3, 3.1.5.1.2).

use headwater_model::Timestamp;

use crate::account::utf16le;
use crate::negotiate::{OFFERED, SIGNATURE, TARGET_INFO, negotiate};
use crate::{Account, Challenge, ChannelBindings, ServiceName, keys};

const MESSAGE_TYPE: u32 = 3;
const HEADER_BYTES: usize = 88;

const LM_RESPONSE_AT: usize = 12;
const NT_RESPONSE_AT: usize = 20;
const DOMAIN_AT: usize = 28;
const USER_AT: usize = 36;
const WORKSTATION_AT: usize = 44;
const SESSION_KEY_AT: usize = 52;
const FLAGS_AT: usize = 60;
const MIC_AT: usize = 72;

/// What stands for an LM response (3.1.5.1.2). One of LMv2 would be bound to nothing but the challenge,
/// so there is none for old servers either.
const NO_LM_RESPONSE: [u8; 24] = [0; 24];

/// All that an answer is made of, beside the challenge.
#[derive(Debug, Clone)]
pub struct Login<'a> {
    pub account: &'a Account,
    pub service: &'a ServiceName,
    pub bindings: ChannelBindings,
    /// Used only where the challenge has no time.
    pub now: Timestamp,
    /// Random, and never the same twice.
    pub client_challenge: [u8; 8],
}

impl Challenge<'_> {
    /// The AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3) for this challenge, which must have followed
    /// [`negotiate`] on the same connection.
    ///
    /// It has a MIC over all three messages if the challenge has a time; others do not know of it.
    pub fn answer(&self, login: &Login<'_>) -> Vec<u8> {
        let filetime = self.target_info.timestamp().unwrap_or_else(|| filetime(login.now));
        let target_info = self.target_info.answer(login.bindings, login.service);
        let client_blob = keys::client_blob(filetime, login.client_challenge, &target_info);
        let key = keys::response_key(login.account);
        let response = keys::respond(&key, &self.server_challenge, &client_blob);

        let mut message = self.without_mic(login.account, &response.nt_response);
        if self.target_info.timestamp().is_some() {
            let mic = keys::hmac_md5(&response.session_key, &[&negotiate(), self.message, &message]);
            message[MIC_AT..HEADER_BYTES].copy_from_slice(&mic);
        }
        message
    }

    fn without_mic(&self, account: &Account, nt_response: &[u8]) -> Vec<u8> {
        let mut message = vec![0; HEADER_BYTES];
        message[..8].copy_from_slice(SIGNATURE);
        message[8..12].copy_from_slice(&MESSAGE_TYPE.to_le_bytes());
        let flags = self.flags & (OFFERED | TARGET_INFO);
        message[FLAGS_AT..][..4].copy_from_slice(&flags.to_le_bytes());
        // Text first: it must begin at even offsets.
        place(&mut message, DOMAIN_AT, &utf16le(&account.domain));
        place(&mut message, USER_AT, &utf16le(&account.user));
        place(&mut message, WORKSTATION_AT, &[]);
        place(&mut message, LM_RESPONSE_AT, &NO_LM_RESPONSE);
        place(&mut message, NT_RESPONSE_AT, nt_response);
        place(&mut message, SESSION_KEY_AT, &[]);
        message
    }
}

/// Appends `value` and points the field at `field_at` to it. Challenges and names have limits, so
/// the length fits into 16 bits.
fn place(message: &mut Vec<u8>, field_at: usize, value: &[u8]) {
    let value_bytes = (value.len() as u16).to_le_bytes();
    let value_at = (message.len() as u32).to_le_bytes();
    message[field_at..][..2].copy_from_slice(&value_bytes);
    message[field_at + 2..][..2].copy_from_slice(&value_bytes);
    message[field_at + 4..][..4].copy_from_slice(&value_at);
    message.extend_from_slice(value);
}

/// Steps of 100 nanoseconds since 1601 ([MS-DTYP] 2.3.3); what was before is 1601.
fn filetime(time: Timestamp) -> [u8; 8] {
    const MICROS_FROM_1601_TO_1970: i64 = 11_644_473_600_000_000;
    let micros = (time.as_micros() + MICROS_FROM_1601_TO_1970).max(0);
    (micros * 10).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_as_windows_counts_it() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0x019d_b1de_d53e_8000),
            ("1601-01-01T00:00:00.000001Z", 10),
            ("1601-01-01T00:00:00Z", 0),
            ("0001-01-01T00:00:00Z", 0),
            ("9999-12-31T23:59:59.999999Z", 0x24c8_5a5e_d1c0_3ff6),
        ];
        for (time, expected) in cases {
            assert_eq!(i64::from_le_bytes(filetime(time.parse().unwrap())), expected, "{time}");
        }
    }
}
