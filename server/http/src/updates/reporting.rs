//! The reporting service of agents.

use headwater_wsus::reporting::{ReportEventBatch, ReportEventBatchResponse};
use headwater_wsus::soap::{Envelope, Message, encode_response};

use super::answer::Answer;
use super::{Call, Failure};

pub(crate) use headwater_wsus::reporting::REPORTING;

pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    if envelope.name != ReportEventBatch::NAME {
        return Err(Failure::UnknownOperation(envelope.name.chars().take(64).collect()));
    }
    let version = envelope.version;
    let message: ReportEventBatch = envelope.decode()?;
    call.updates.app.session(&message.cookie.encrypted_data)?;
    // Events are not kept yet: agents are told so and send them again later.
    let response = ReportEventBatchResponse { result: false };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}
