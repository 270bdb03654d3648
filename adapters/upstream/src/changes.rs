//! Waiting for a change above: Headwater's own extension, which a WSUS does not know.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater_api::Changes;
use http::{Request, StatusCode, header};

use crate::link::Limits;
use crate::{Error, Result, Upstream};

/// What is known of changes above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The upstream server's stamp: another one than before says that something may have changed.
    Stamp(u64),
    /// The upstream server is no Headwater.
    Unknown,
}

const OPERATION: &str = "changes";
const LIMITS: Limits = Limits {
    bytes_max: 4_096,
    first_byte: Duration::from_secs(Changes::WAIT_SECONDS_MAX + 15),
    whole: Duration::from_secs(Changes::WAIT_SECONDS_MAX + 30),
};

impl Upstream {
    /// Waits up to a minute for another stamp than `after`.
    pub async fn changes(&self, after: u64) -> Result<Hint> {
        let (_, is_new) = self.cookie().await?;
        match self.ask_for_changes(after).await? {
            (StatusCode::UNAUTHORIZED, _) if !is_new => {
                self.forget_cookie().await;
                let (status, body) = self.ask_for_changes(after).await?;
                hint(status, &body)
            }
            (status, body) => hint(status, &body),
        }
    }

    async fn ask_for_changes(&self, after: u64) -> Result<(StatusCode, Vec<u8>)> {
        let (cookie, _) = self.cookie().await?;
        let secret = STANDARD.encode(&cookie.encrypted_data);
        let request = Request::get(format!("{}?after={after}", Changes::PATH))
            .header(header::AUTHORIZATION, format!("{} {secret}", Changes::SCHEME))
            .header(header::USER_AGENT, concat!("headwater/", env!("CARGO_PKG_VERSION")))
            .body(Bytes::new())
            .map_err(|_| Error::Unsuitable("its cookie cannot be sent"))?;
        let answer = self.waiting.lock().await.exchange(OPERATION, &request, LIMITS).await?;
        Ok((answer.status, answer.body))
    }
}

fn hint(status: StatusCode, body: &[u8]) -> Result<Hint> {
    match status {
        StatusCode::OK => match serde_json::from_slice::<Changes>(body) {
            Ok(changes) => Ok(Hint::Stamp(changes.stamp)),
            Err(_) => Ok(Hint::Unknown),
        },
        // IIS answers 404 for what is not there, and 401, 403 or 405 for some paths.
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::FORBIDDEN => Ok(Hint::Unknown),
        status => Err(Error::Status { operation: OPERATION, status }),
    }
}
