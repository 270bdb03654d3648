//! Whole exchanges with an acceptor that is made from the specification, and first proves itself by the
//! specification's example.

#![allow(clippy::unwrap_used)]

mod acceptor;

use acceptor::{Acceptor, CHANNEL_BINDINGS, FLAGS, Refusal, TARGET_NAME, TIMESTAMP, hmac_md5, utf16};
use headwater_ntlm::header::{self, Offer};
use headwater_ntlm::{Account, Challenge, ChannelBindings, Login, Password, ServiceName, negotiate};

const BINDINGS: [u8; 16] = [7; 16];
const SERVER_TIME: [u8; 8] = [0x80, 0xb5, 0xe0, 0x8d, 0x93, 0xef, 0xd1, 0x01];
/// 1970, as a FILETIME.
const NOW: [u8; 8] = [0x00, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 0x01];

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// [MS-NLMP] 4.2.4.3
fn example() -> Vec<u8> {
    hex(include_str!("data/challenge.hex"))
}

/// The example's challenge with these attributes instead of its own.
fn challenge(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut message = example();
    message.truncate(0x44);
    let end = (0, &[][..]);
    for (id, value) in attributes.iter().chain([&end]) {
        message.extend_from_slice(&[id.to_le_bytes(), (value.len() as u16).to_le_bytes()].concat());
        message.extend_from_slice(value);
    }
    let list_bytes = (message.len() as u16 - 0x44).to_le_bytes();
    message[0x28..0x2a].copy_from_slice(&list_bytes);
    message
}

/// What a server says since Windows Vista.
fn modern(more: &[(u16, &[u8])]) -> Vec<u8> {
    let (domain, server, host) = (utf16("Domain"), utf16("Server"), utf16("server.example.org"));
    let usual: [(u16, &[u8]); 4] = [(2, &domain), (1, &server), (3, &host), (TIMESTAMP, &SERVER_TIME)];
    challenge(&[&usual, more].concat())
}

fn answer_as(account: &Account, challenge: &[u8]) -> Vec<u8> {
    Challenge::parse(challenge).unwrap().answer(&Login {
        account,
        service: &ServiceName::http("server.example.org").unwrap(),
        bindings: ChannelBindings::from_md5(BINDINGS),
        now: "1970-01-01T00:00:00Z".parse().unwrap(),
        client_challenge: [0xaa; 8],
    })
}

fn answer(challenge: &[u8]) -> Vec<u8> {
    answer_as(&Account::new(r"Domain\User", Password::new("Password")).unwrap(), challenge)
}

fn acceptor<'a>(negotiate: &'a [u8], challenge: &'a [u8]) -> Acceptor<'a> {
    Acceptor { negotiate, challenge, password: "Password", bindings: Some(BINDINGS) }
}

/// [MS-NLMP] 4.2.4.3: the proof of 4.2.4.2.2, the LMv2 response of 4.2.4.2.1, and the random session key
/// of 4.2.1, which 4.2.4.2.3 encrypts.
#[test]
fn the_acceptor_accepts_the_example_of_the_specification() {
    let (challenge, message) = (example(), hex(include_str!("data/authenticate.hex")));
    let acceptor = Acceptor { bindings: None, ..acceptor(&[], &challenge) };
    let accepted = acceptor.accept(&message).unwrap();
    let names = [accepted.domain.as_str(), &accepted.user, &accepted.workstation];
    assert_eq!(names, ["Domain", "User", "COMPUTER"]);
    assert_eq!(accepted.session_key, [0x55; 16]);
    let lm_key = acceptor.response_key("Domain", "User");
    let lm_proof = hmac_md5(&lm_key, &[&challenge[24..32], &[0xaa; 8]]);
    assert_eq!(accepted.lm_response, [&lm_proof[..], &[0xaa; 8]].concat());
    assert_eq!(accepted.attributes, [(1, utf16("Server")), (2, utf16("Domain"))].into());
}

/// The specification's example has no MIC. This one is from the tests of ntlm-auth, another client; its
/// challenge is the example with a shorter target name.
#[test]
fn the_acceptor_accepts_the_mic_of_another_client() {
    let mut challenge = example();
    challenge[12] = 3;
    let negotiate = hex(include_str!("data/negotiate_other_client.hex"));
    let mut message = hex(include_str!("data/authenticate_other_client.hex"));
    let acceptor = Acceptor { bindings: None, ..acceptor(&negotiate, &challenge) };
    let accepted = acceptor.accept(&message).unwrap();
    assert_eq!(accepted.session_key, [0x55; 16]);
    assert_eq!(accepted.lm_response, [0; 24]);
    assert_eq!(accepted.attributes[&FLAGS], [2, 0, 0, 0]);
    message[72] ^= 1;
    assert_eq!(acceptor.accept(&message).err(), Some(Refusal::Mic));
}

#[test]
fn an_answer_to_a_modern_server() {
    let (negotiate, challenge) = (negotiate(), modern(&[]));
    let accepted = acceptor(&negotiate, &challenge).accept(&answer(&challenge)).unwrap();
    let names = [accepted.domain.as_str(), &accepted.user, &accepted.workstation];
    assert_eq!(names, ["Domain", "User", ""]);
    // Of what the server takes, what we asked for: no signing, no sealing, no keys, no version.
    assert_eq!(accepted.flags, 0x2088_8201);
    assert_eq!(accepted.lm_response, [0; 24]);
    assert_eq!(accepted.filetime, SERVER_TIME);
    let expected = [
        (1, utf16("Server")),
        (2, utf16("Domain")),
        (3, utf16("server.example.org")),
        (FLAGS, vec![2, 0, 0, 0]),
        (TIMESTAMP, SERVER_TIME.to_vec()),
        (TARGET_NAME, utf16("HTTP/server.example.org")),
        (CHANNEL_BINDINGS, BINDINGS.to_vec()),
    ];
    assert_eq!(accepted.attributes, expected.into());
}

#[test]
fn an_answer_to_a_server_without_time_has_ours_and_no_mic() {
    let (negotiate, challenge) = (negotiate(), example());
    let message = answer(&challenge);
    let accepted = acceptor(&negotiate, &challenge).accept(&message).unwrap();
    assert_eq!(accepted.filetime, NOW);
    assert_eq!(message[72..88], [0; 16]);
    assert_eq!(accepted.lm_response, [0; 24]);
    assert_eq!(accepted.attributes.get(&FLAGS), None);
    assert_eq!(accepted.attributes[&CHANNEL_BINDINGS], BINDINGS);
}

#[test]
fn a_server_says_nothing_of_what_is_ours_to_say() {
    let negotiate = negotiate();
    let others: [(u16, &[u8]); 3] =
        [(CHANNEL_BINDINGS, &[9; 16]), (TARGET_NAME, &[9, 0]), (FLAGS, &[0x05, 0, 0, 0])];
    let challenge = modern(&others);
    let accepted = acceptor(&negotiate, &challenge).accept(&answer(&challenge)).unwrap();
    assert_eq!(accepted.attributes[&CHANNEL_BINDINGS], BINDINGS);
    assert_eq!(accepted.attributes[&TARGET_NAME], utf16("HTTP/server.example.org"));
    // The account's restriction comes back, the distrust in the name does not.
    assert_eq!(accepted.attributes[&FLAGS], [3, 0, 0, 0]);
}

#[test]
fn the_acceptor_refuses_what_was_changed_on_the_way() {
    let (negotiate, challenge) = (negotiate(), modern(&[]));
    let message = answer(&challenge);
    let acceptor = acceptor(&negotiate, &challenge);
    let mut flags_changed = message.clone();
    flags_changed[60] ^= 0x10;
    assert_eq!(acceptor.accept(&flags_changed).err(), Some(Refusal::Mic));
    let mut response_changed = message.clone();
    *response_changed.last_mut().unwrap() ^= 1;
    assert_eq!(acceptor.accept(&response_changed).err(), Some(Refusal::Proof));
    let other_channel = Acceptor { bindings: Some([8; 16]), ..acceptor };
    assert_eq!(other_channel.accept(&message).err(), Some(Refusal::Bindings));
    let other_password = Acceptor { password: "password", ..other_channel };
    assert_eq!(other_password.accept(&message).err(), Some(Refusal::Proof));
    assert_eq!(other_password.accept(&message[..100]).err(), Some(Refusal::Malformed));
}

#[test]
fn the_longest_names_and_challenge_make_a_message_that_is_read() {
    let name = "x".repeat(1_024);
    let account = Account::new(&format!("{name}\\{name}"), Password::new("Password")).unwrap();
    let room = headwater_ntlm::CHALLENGE_BYTES_MAX - modern(&[(20, &[])]).len();
    let (negotiate, challenge) = (negotiate(), modern(&[(20, &vec![1; room])]));
    let accepted = acceptor(&negotiate, &challenge).accept(&answer_as(&account, &challenge)).unwrap();
    assert_eq!((accepted.domain, accepted.user), (name.clone(), name));
    assert_eq!(accepted.attributes[&20].len(), room);
}

#[test]
fn an_exchange_in_headers() {
    assert_eq!(header::offer("NTLM"), Ok(Some(Offer::Begin)));
    let challenge = modern(&[]);
    let Ok(Some(Offer::Challenge(bytes))) = header::offer(&header::authorization(&challenge)) else {
        panic!("the challenge in its header is not read");
    };
    assert_eq!(bytes, challenge);
    assert!(header::authorization(&answer(&bytes)).starts_with("NTLM TlRMTVNTUAADAAAA"));
}
