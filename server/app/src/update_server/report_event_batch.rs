//! ReportEventBatch ([MS-WUSP] 3.1.5.11).

use headwater_model::{ClientId, Timestamp};
use headwater_policy::compliance::{Event, Reported};
use headwater_store::Report;

use super::Session;
use crate::error::{AppError, ClientFault};
use crate::start::App;
use crate::writer::WriteError;

/// An event, and the computer that it says it is about.
#[derive(Debug, Clone)]
pub struct ReportedEvent<'a> {
    pub sid: &'a str,
    pub reported: Reported<'a>,
}

impl App {
    /// Keeps what happened on a computer. Says whether that is done: an agent that hears no sends
    /// the events again later.
    pub async fn report_event_batch(
        &self,
        session: &Session,
        client_time: Timestamp,
        events: &[ReportedEvent<'_>],
    ) -> Result<bool, ClientFault> {
        let client = &session.cookie.client;
        // Deleted since it got its cookie: it has to introduce itself again.
        let member = self.live.member(client).ok_or(ClientFault::ConfigChanged)?;
        self.writer.contact(client, session.now, false);
        let own: Vec<&ReportedEvent<'_>> =
            events.iter().filter(|event| event.sid.parse::<ClientId>().as_ref() == Ok(client)).collect();
        refuse_foreign(client, events.len() - own.len());
        let read = |event: &&ReportedEvent<'_>| Event::read(&event.reported, client_time, session.now);
        let report = Report {
            computer: member.computer,
            at: session.now,
            events: own.iter().filter_map(read).collect(),
        };
        if report.events.is_empty() {
            return Ok(true);
        }
        match self.writer.report(report).await {
            Ok(()) => Ok(true),
            Err(WriteError::Busy) => Ok(false),
            Err(WriteError::Failed) => Err(AppError::Internal("a report was not written").into()),
        }
    }
}

/// A computer speaks for itself only: with the name of another it could hide what that one lacks.
fn refuse_foreign(client: &ClientId, events: usize) {
    if events > 0 {
        metrics::counter!("headwater_events_foreign_total").increment(events as u64);
        tracing::warn!(%client, events, "a computer reported in the name of another; that is not applied");
    }
}
