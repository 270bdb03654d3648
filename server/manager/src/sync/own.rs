//! The own synchronisation of a server: begun or joined, and waited for up to a limit.

use std::time::{Duration, Instant};

use headwater_api::linkage::SyncState;
use headwater_api::{DifferenceKind, SERVER_LIMIT_SECONDS, SyncDifference, SyncPhase, SyncServer};
use headwater_store::LinkageRow;
use headwater_tree::server::Server;
use headwater_words::quantity::seconds_passed;

use super::Run;
use crate::ManagerError;
use crate::running::Said;

/// Between two looks at a server's own synchronisation.
const PAUSE: Duration = Duration::from_millis(200);
/// How a server's own synchronisation was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    All,
    /// It goes on, past the limit.
    Longer,
}

pub(super) fn still_running(limit_seconds: u64) -> SyncDifference {
    let text = format!(
        "It still synchronises with the server above, and was left to go on by itself after {}: see what holds it up \
         there; the next `headwater wsus sync` joins it and does the rest.",
        seconds_passed(limit_seconds)
    );
    SyncDifference { kind: DifferenceKind::Update, text }
}

impl Run<'_> {
    pub(super) fn limit_seconds(&self) -> u64 {
        self.request.server_limit_seconds.unwrap_or(SERVER_LIMIT_SECONDS)
    }

    /// Starts or joins the server's own synchronisation, and waits for its end.
    pub(super) async fn take_updates(
        &self,
        server: &Server,
        linkage: &LinkageRow,
        done: &mut SyncServer,
    ) -> Result<Took, ManagerError> {
        let begun = Instant::now();
        let limit = Duration::from_secs(self.limit_seconds());
        let started = self.manager.synchronise_on(self.way, linkage, self.by).await?;
        let line = match started.joined {
            true => "joining the synchronisation that goes on",
            false => "synchronising with the server above",
        };
        self.say(server, SyncPhase::Updates, line);
        let mut said = (SyncPhase::Updates, 0, 0);
        loop {
            let now = self.manager.progress_of(self.way, linkage, started.run).await?;
            let phase = if now.decisions { SyncPhase::Approvals } else { SyncPhase::Updates };
            if (phase, now.documents, now.documents_total) != said {
                said = (phase, now.documents, now.documents_total);
                let line = match now.decisions {
                    true => "taking groups and approvals".to_owned(),
                    false => format!("{} documents", now.documents),
                };
                let (counted, total) = (!now.decisions, now.documents_total);
                let done = if counted { now.documents } else { 0 };
                let total = Some(total).filter(|total| counted && *total > 0);
                self.tell(server, Said::new(phase, line).counted(done, total));
            }
            match now.state {
                SyncState::Running if begun.elapsed() < limit => {
                    self.goes_on()?;
                    tokio::time::sleep(PAUSE).await;
                }
                SyncState::Running => return Ok(Took::Longer),
                SyncState::Failed => {
                    let problem = now.problem.unwrap_or_else(|| "its log says why".to_owned());
                    return Err(ManagerError::Refused(format!("its synchronisation failed: {problem}")));
                }
                SyncState::Done | SyncState::Partial => {
                    if now.added > 0 {
                        done.changed.push(format!("{} documents came", now.added));
                    }
                    return Ok(Took::All);
                }
            }
        }
    }
}
