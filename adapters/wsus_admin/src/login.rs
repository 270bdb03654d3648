//! The login with NTLM: three messages on one connection, each with the whole request ([MS-NTHT] 3.1.5).

use std::time::{SystemTime, UNIX_EPOCH};

use headwater_model::Timestamp;
use headwater_ntlm::header::{Offer, authorization, offer};
use headwater_ntlm::{Account, Challenge, Login, ServiceName, negotiate};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::link::{Answer, Call, Open};
use crate::{Address, Error, Result};

/// How much of what a server offers is told. Real ones offer two or three schemes.
const SCHEMES_SHOWN: usize = 8;

/// Makes a call on a connection on which the server does not know us yet. The answer has status 401 where
/// it does not accept the account. A server that asks for no login is taken at its word.
pub(crate) async fn introduce(
    open: &mut Open,
    address: &Address,
    account: &Account,
    service: &ServiceName,
    call: &Call,
) -> Result<Answer> {
    let first = open.send(address, call, Some(secret(&negotiate())?)).await?;
    if first.status != StatusCode::UNAUTHORIZED {
        return Ok(first);
    }
    let message = challenge(&first.headers)?;
    let challenge = Challenge::parse(&message).map_err(Error::Ntlm)?;
    let login = Login {
        account,
        service,
        bindings: open.bindings,
        now: now(),
        client_challenge: client_challenge()?,
    };
    let answer = challenge.answer(&login);
    if !open.is_kept().await {
        return Err(Error::LoginCutOff);
    }
    open.send(address, call, Some(secret(&answer)?)).await
}

/// The bytes of the challenge among all that the server offers.
fn challenge(headers: &HeaderMap) -> Result<Vec<u8>> {
    let mut offered = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let text = String::from_utf8_lossy(value.as_bytes());
        if let Some(Offer::Challenge(message)) = offer(&text).map_err(Error::Ntlm)? {
            return Ok(message);
        }
        if offered.len() < SCHEMES_SHOWN {
            offered.push(text.chars().take(100).collect::<String>());
        }
    }
    let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
    Err(Error::NtlmNotOffered { offered })
}

fn secret(message: &[u8]) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(authorization(message))
        .map_err(|_| Error::Credentials("its name makes a login that is no header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn client_challenge() -> Result<[u8; 8]> {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::Credentials("this computer has no random numbers for a login"))?;
    Ok(bytes)
}

fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
