//! The example of [MS-NLMP] 4.2.4 as far as a client without keys computes it. Its messages are read
//! in `tests/exchange.rs`.

use crate::negotiate::{TARGET_INFO, UNICODE};
use crate::{Account, Challenge, ChannelBindings, NtlmError, Password, ServiceName, keys};

const CHALLENGE: &str = include_str!("../tests/data/challenge.hex");

/// 4.2.1, and the flags and attributes of 4.2.4.
const TIME: &str = "00 00 00 00 00 00 00 00";
const CLIENT_CHALLENGE: &str = "aa aa aa aa aa aa aa aa";
const SERVER_CHALLENGE: &str = "01 23 45 67 89 ab cd ef";
const FLAGS: u32 = 0xe28a_8233;
const TARGET_INFO_LIST: &str = "02 00 0c 00 44 00 6f 00 6d 00 61 00 69 00 6e 00
    01 00 0c 00 53 00 65 00 72 00 76 00 65 00 72 00 00 00 00 00";

/// 4.2.4.1.1
const NTOWF_V2: &str = "0c 86 8a 40 3b fd 7a 93 a3 00 1e f2 2e f0 2e 3f";
/// 4.2.4.1.2
const SESSION_BASE_KEY: &str = "8d e4 0c ca db c1 4a 82 f1 5c b0 ad 0d e9 5c a3";
/// 4.2.4.1.3
const TEMP: &str = "01 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 aa aa aa aa aa aa aa aa 00 00 00 00
    02 00 0c 00 44 00 6f 00 6d 00 61 00 69 00 6e 00 01 00 0c 00 53 00 65 00 72 00 76 00 65 00 72 00
    00 00 00 00 00 00 00 00";
/// 4.2.4.2.2
const NT_PROOF: &str = "68 cd 0a b8 51 e5 1c 96 aa bc 92 7b eb ef 6a 1c";

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn bytes<const BYTES: usize>(text: &str) -> [u8; BYTES] {
    hex(text).try_into().unwrap()
}

fn account() -> Account {
    Account::new(r"Domain\User", Password::new("Password")).unwrap()
}

#[test]
fn response_key() {
    assert_eq!(keys::response_key(&account()), bytes(NTOWF_V2));
}

#[test]
fn client_blob() {
    let blob = keys::client_blob(bytes(TIME), bytes(CLIENT_CHALLENGE), &hex(TARGET_INFO_LIST));
    assert_eq!(blob, hex(TEMP));
}

#[test]
fn response_and_session_key() {
    let response = keys::respond(&bytes(NTOWF_V2), &bytes(SERVER_CHALLENGE), &hex(TEMP));
    assert_eq!(response.nt_response, [hex(NT_PROOF), hex(TEMP)].concat());
    assert_eq!(response.session_key, bytes(SESSION_BASE_KEY));
}

#[test]
fn challenge() {
    let message = hex(CHALLENGE);
    let challenge = Challenge::parse(&message).unwrap();
    assert_eq!(challenge.target_name(), "Server");
    assert_eq!(challenge.flags, FLAGS);
    assert_eq!(challenge.server_challenge, bytes(SERVER_CHALLENGE));
    assert_eq!(challenge.target_info.timestamp(), None);
    let list = challenge.target_info.answer(ChannelBindings::NONE, &ServiceName::http("s").unwrap());
    let ours = "0a 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        09 00 0c 00 48 00 54 00 54 00 50 00 2f 00 73 00 00 00 00 00";
    assert_eq!(list, [&hex(TARGET_INFO_LIST)[..32], &hex(ours)].concat());
}

/// Puts `bytes` at `at` of the example, cuts it off after `length`, and expects the error.
#[track_caller]
fn check(at: usize, bytes: &[u8], length: usize, expected: NtlmError) {
    let mut message = hex(CHALLENGE);
    message[at..at + bytes.len()].copy_from_slice(bytes);
    message.truncate(length);
    assert_eq!(Challenge::parse(&message).err(), Some(expected));
}

#[test]
fn challenges_that_lie() {
    let whole = hex(CHALLENGE).len();
    let outside = |field| NtlmError::OutOfBounds { field };
    check(0, b"", 0, NtlmError::NotAChallenge);
    check(0, b"", 47, NtlmError::NotAChallenge);
    check(0, b"X", whole, NtlmError::NotAChallenge);
    check(8, &[3], whole, NtlmError::NotAChallenge);
    check(20, &(FLAGS & !UNICODE).to_le_bytes(), whole, NtlmError::NotUnicode);
    check(20, &(FLAGS & !TARGET_INFO).to_le_bytes(), whole, NtlmError::NoTargetInfo);
    // Offsets before and after the payload, lengths beyond it, and both at their largest.
    check(16, &[47], whole, outside("target name"));
    check(16, &[whole as u8 - 11], whole, outside("target name"));
    check(12, &[49], whole, outside("target name"));
    check(44, &[69], whole, outside("target information"));
    check(44, &[0xff; 4], whole, outside("target information"));
    check(40, &[37], whole, outside("target information"));
    check(40, &[0xff; 8], whole, outside("target information"));
    check(0, b"", whole - 1, outside("target information"));
    // Lists without an end, and values beyond it.
    check(40, &[0], whole, NtlmError::TargetInfoCutOff);
    check(40, &[32], whole, NtlmError::TargetInfoCutOff);
    check(70, &[33], whole, NtlmError::TargetInfoCutOff);
    check(70, &[0xff; 2], whole, NtlmError::TargetInfoCutOff);
    check(68, &[1], whole, NtlmError::RepeatedAttribute { id: 1 });
    check(68, &[6], whole, NtlmError::AttributeLength { id: 6, bytes: 12, expected_bytes: 4 });
    check(68, &[7], whole, NtlmError::AttributeLength { id: 7, bytes: 12, expected_bytes: 8 });
}

#[test]
fn challenges_have_a_limit() {
    let mut message = hex(CHALLENGE);
    message.resize(crate::CHALLENGE_BYTES_MAX, 0);
    assert!(Challenge::parse(&message).is_ok());
    message.push(0);
    assert_eq!(Challenge::parse(&message).err(), Some(NtlmError::ChallengeTooLarge));
}
