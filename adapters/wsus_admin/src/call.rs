//! A call: what is sent, and what an answer means.

use bytes::Bytes;
use headwater_wsus::soap::{self, Envelope, Fault, Request, encode_request};
use headwater_wsus::wsusar::reason;
use http::{HeaderMap, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use crate::link::{Answer, Call};
use crate::operation::{Effect, Operation, Weight};
use crate::{Error, Patience, Result, Role, Wsus};

/// Answers from here on are read on a thread of their own, so that others are not held up meanwhile: this
/// many bytes take some milliseconds.
const OWN_THREAD_BYTES: usize = 256 << 10;

/// Words in the reason of a fault by which a server says that the account lacks a role. No list of them is
/// known; these stand in the texts of the exceptions of .NET that it throws then.
const ROLE_WORDS: [&str; 4] =
    ["principal permission", "SecurityException", "UnauthorizedAccess", "0x8013150A"];

impl Wsus {
    /// Asks for any of the operations that are known here. Calls follow each other on one connection.
    ///
    /// A write is refused here, and not sent, where the account may only read. Where its outcome is
    /// [`Error::Broken`], [`Error::CutOff`], [`Error::Silent`] or [`Error::Slow`] it may have been carried out.
    pub async fn call<O: Operation>(&self, operation: &O) -> Result<O::Response> {
        if O::EFFECT == Effect::Write && self.identity().await?.role == Role::Reader {
            return Err(Error::ReadOnly { operation: O::NAME, account: self.account.clone() });
        }
        self.ask(operation).await
    }

    /// A call without a look at the role.
    pub(crate) async fn ask<O: Operation>(&self, operation: &O) -> Result<O::Response> {
        let call = prepare(operation, &self.patience);
        // A call that stands behind another one, which a silent server was sent, does not wait for both.
        let silent = |_| Error::Silent { operation: O::NAME, waited: call.allowed };
        let mut link = timeout_at(call.begins_by, self.link.lock()).await.map_err(silent)?;
        let answer = link.exchange(&call).await?;
        drop(link);
        let account = self.account.clone();
        if answer.body.len() < OWN_THREAD_BYTES {
            return read::<O>(&answer, account);
        }
        match tokio::task::spawn_blocking(move || read::<O>(&answer, account)).await {
            Ok(read) => read,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
}

fn prepare<O: Operation>(operation: &O, patience: &Patience) -> Call {
    let allowed = match O::WEIGHT {
        Weight::Small => patience.small_answer,
        Weight::Large => patience.large_answer,
    };
    Call {
        operation: O::NAME,
        action: O::action(),
        body: Bytes::from(encode_request(operation)),
        effect: O::EFFECT,
        bytes_max: O::WEIGHT.bytes_max(),
        allowed,
        begins_by: Instant::now() + allowed,
        piece: patience.piece,
        whole: patience.whole,
    }
}

/// A fault comes with status 500, and is no fault of HTTP.
fn read<R: Request>(answer: &Answer, account: String) -> Result<R::Response> {
    let (operation, status) = (R::NAME, answer.status);
    match status {
        StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR => {}
        StatusCode::FORBIDDEN => return Err(Error::Forbidden { operation }),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            return Err(Error::NotWsus { operation, status });
        }
        _ if status.is_redirection() => return Err(Error::NotWsus { operation, status }),
        _ => return Err(Error::Status { operation, status }),
    }
    if answer.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Error::Encoding { operation });
    }
    match open::<R>(answer) {
        Err(_) | Ok(Ok(_)) if status != StatusCode::OK => Err(Error::Status { operation, status }),
        Ok(Err(fault)) => Err(refusal(operation, account, &fault)),
        Ok(Ok(response)) => Ok(response),
        Err(error) => Err(error),
    }
}

/// The response in an answer, or the fault that came instead.
fn open<R: Request>(answer: &Answer) -> Result<Result<R::Response, Fault>> {
    let operation = R::NAME;
    let not_soap = |source| Error::NotSoap { operation, source };
    let message = |source| Error::Message { operation, source };
    let text = soap::decode_text(&answer.body, charset(&answer.headers).as_deref()).map_err(not_soap)?;
    let envelope = Envelope::parse(&text).map_err(not_soap)?;
    if envelope.is_fault() {
        return envelope.decode_fault().map(Err).map_err(message);
    }
    envelope.decode().map(Ok).map_err(message)
}

fn refusal(operation: &'static str, account: String, fault: &Fault) -> Error {
    let reason = match reason(fault) {
        "" => "a fault without a reason".to_owned(),
        text => text.to_owned(),
    };
    if ROLE_WORDS.iter().any(|words| fault.message.contains(words)) {
        Error::NotPermitted { operation, account, reason }
    } else {
        Error::Refused { operation, reason }
    }
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = media_type.split(';').skip(1).filter_map(|one| one.trim().split_once('='));
    parameters.find(|(name, _)| name.eq_ignore_ascii_case("charset")).map(|(_, charset)| charset.to_owned())
}
