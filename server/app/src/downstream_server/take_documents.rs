//! Documents: while some are derived and kept, the next are asked for.

use std::collections::HashSet;

use headwater_catalog::DOCUMENT_BYTES_MAX;
use headwater_download::Address;
use headwater_model::UpdateIdentity;
use headwater_packages::Document as PackedDocument;
use headwater_policy::fetch_plan::FetchPlan;
use headwater_store::RunQuarantine;
use headwater_upstream::{Documents, Parcel};
use tokio::sync::mpsc;

use super::Link;
use super::problem::SyncError;
use super::synchronise::{Run, Taken};
use crate::admin::chain;
use crate::error::AppError;
use crate::intake::{Refusal, derive_all, unreadable};

/// Documents that one run names as kept apart; the others are counted.
const QUARANTINED_TOLD_MAX: usize = 1_000;

impl Run<'_> {
    /// Asks for documents until all have come, and keeps them. Agents see nothing of it yet.
    pub(super) async fn take_documents(
        &self,
        wanted: Vec<UpdateIdentity>,
        batch_max: usize,
        taken: &mut Taken,
    ) -> Result<(), SyncError> {
        let mut plan = FetchPlan::new(wanted, batch_max);
        // One answer waits while another is derived: together some dozen megabytes.
        let (answers, arriving) = mpsc::channel(1);
        let ask = ask_for_all(self.link, &mut plan, answers);
        // What has come is kept, even if asking fails then.
        let (asked, kept) = tokio::join!(ask, self.keep_all(arriving, taken));
        kept?;
        asked?;
        for identity in plan.refused() {
            tracing::warn!(%identity, url = self.link.setting.url, "the upstream server does not give a document");
        }
        taken.refused += plan.refused().len();
        Ok(())
    }

    async fn keep_all(
        &self,
        mut arriving: mpsc::Receiver<Documents>,
        taken: &mut Taken,
    ) -> Result<(), SyncError> {
        while let Some(Documents { parcels, sources }) = arriving.recv().await {
            let arrivals = tokio::task::spawn_blocking(move || derive_all(parcels, unpack))
                .await
                .map_err(|_| AppError::Internal("reading documents was stopped"))?;
            let kept = self.app.keep(arrivals).await?;
            // Before the catalogue announces the files: whoever wants them knows where they are.
            let usable = |(_, url): &(_, String)| url.parse::<Address>().is_ok();
            let sources: Vec<_> = sources.into_iter().filter(usable).collect();
            self.app.store.add_sources(&sources).await?;
            taken.added += kept.added.len() as u64;
            taken.quarantined += kept.refused.len() as u64;
            self.tell(|run| {
                run.documents += kept.documents;
                run.added += kept.added.len() as u64;
                let room = QUARANTINED_TOLD_MAX.saturating_sub(run.quarantined.len());
                run.quarantined.extend(kept.refused.into_iter().take(room).map(|refused| RunQuarantine {
                    name: refused.name,
                    update: refused.update,
                    reason: refused.reason,
                }));
            });
        }
        Ok(())
    }
}

/// Asks for what the plan says. Documents that were not asked for are dropped.
async fn ask_for_all(
    link: &Link,
    plan: &mut FetchPlan,
    answers: mpsc::Sender<Documents>,
) -> Result<(), SyncError> {
    while let Some(asked) = plan.next_batch() {
        match link.upstream.documents(&asked).await {
            Ok(mut documents) => {
                let expected: HashSet<UpdateIdentity> = asked.iter().copied().collect();
                let mut came = HashSet::new();
                documents
                    .parcels
                    .retain(|parcel| expected.contains(&parcel.identity) && came.insert(parcel.identity));
                plan.came(asked, &came)?;
                if answers.send(documents).await.is_err() {
                    // Keeping has failed, and says so itself.
                    return Ok(());
                }
            }
            Err(error) if error.refuses_request() => {
                tracing::debug!(documents = asked.len(), error = chain(&error), "asking for fewer");
                plan.was_refused(asked)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn unpack(parcel: Parcel) -> Result<PackedDocument, Refusal> {
    let identity = parcel.identity;
    match parcel.unpack(2 * DOCUMENT_BYTES_MAX) {
        Ok(xml) => Ok(PackedDocument { name: identity.to_string(), identity: Some(identity), xml }),
        Err(error) => Err(unreadable(identity, error.to_string())),
    }
}
