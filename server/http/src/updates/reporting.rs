//! The reporting service: what agents report of themselves. What lower servers report stands in
//! [`rollup`].

use headwater_app::update_server::{Reported, ReportedEvent};
use headwater_wsus::reporting::{ReportEventBatch, ReportEventBatchResponse, ReportingEvent};
use headwater_wsus::soap::{Envelope, Message, encode_response};

use super::answer::Answer;
use super::{Call, Failure, rollup};

pub(crate) use headwater_wsus::reporting::REPORTING;

pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    if envelope.name != ReportEventBatch::NAME {
        return rollup::answer(call, envelope).await;
    }
    let version = envelope.version;
    let message: ReportEventBatch = envelope.decode()?;
    let session = call.updates.app.session(&message.cookie.encrypted_data)?;
    let events: Vec<ReportedEvent<'_>> = message.event_batch.iter().map(reported).collect();
    let result = call.updates.app.report_event_batch(&session, message.client_time, &events).await?;
    let response = ReportEventBatchResponse { result };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

fn reported(event: &ReportingEvent) -> ReportedEvent<'_> {
    let basic = &event.basic_data;
    ReportedEvent {
        sid: &basic.target_id.sid,
        reported: Reported {
            namespace: basic.namespace_id,
            event: basic.event_id,
            at: basic.time_at_target,
            update: basic.update_id,
            hresult: basic.win32_hresult,
            misc_data: event.extended_data.as_ref().map_or(&[], |extended| &extended.misc_data),
        },
    }
}
