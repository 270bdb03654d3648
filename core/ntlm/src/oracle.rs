//! Properties that hold for any bytes, for fuzzers and tests.

use headwater_model::Timestamp;

use crate::target_info::TargetInfo;
use crate::{Account, Challenge, ChannelBindings, Login, Password, ServiceName, header};

const BINDINGS: [u8; 16] = [7; 16];

/// No bytes make reading a challenge or its header panic. What is answered says of channel and service
/// what we say, once, whatever the server said of them, and has a MIC exactly if the server has a
/// time.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_challenge(data: &[u8]) {
    if let Ok(value) = std::str::from_utf8(data) {
        let _ = header::offer(value);
    }
    assert_eq!(
        header::offer(&header::authorization(data)).is_err(),
        data.len() > crate::CHALLENGE_BYTES_MAX.next_multiple_of(3)
    );
    let Ok(challenge) = Challenge::parse(data) else { return };
    let account = Account::new(r"Domain\User", Password::new("Password")).expect("a short name");
    let service = ServiceName::http("wsus.example.org").expect("a short name");
    let bindings = ChannelBindings::from_md5(BINDINGS);
    let login = Login {
        account: &account,
        service: &service,
        bindings,
        now: Timestamp::EPOCH,
        client_challenge: [0xaa; 8],
    };
    let answer = challenge.answer(&login);

    let target_info = nt_response(&answer).and_then(|it| it.get(44..)).expect("a response of NTLMv2");
    let said = TargetInfo::parse(target_info).expect("our own list");
    assert_eq!(said.timestamp(), challenge.target_info.timestamp());
    assert_eq!(said.answer(bindings, &service), target_info[..target_info.len() - 4]);
    assert_eq!(answer[72..88] != [0; 16], said.timestamp().is_some());
}

fn nt_response(answer: &[u8]) -> Option<&[u8]> {
    let bytes = u16::from_le_bytes([*answer.get(20)?, *answer.get(21)?]);
    let at = u32::from_le_bytes(*answer.get(24..)?.first_chunk()?);
    answer.get(at as usize..)?.get(..usize::from(bytes))
}
