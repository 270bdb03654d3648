//! Documents: while some are derived and kept, the next are asked for.

use std::collections::HashSet;

use headwater_catalog::DOCUMENT_BYTES_MAX;
use headwater_download::Address;
use headwater_model::UpdateIdentity;
use headwater_packages::Document as PackedDocument;
use headwater_policy::fetch_plan::FetchPlan;
use headwater_store::{RunQuarantine, RunRow};
use headwater_upstream::Parcel;
use tokio::sync::mpsc;

use super::problem::SyncError;
use super::synchronise::{Run, Taken};
use crate::admin::chain;
use crate::intake::{Kept, Refusal, unreadable};

/// Documents that came and wait to be derived.
const UNREAD_MAX: usize = 64;
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
        let (unread, arriving) = mpsc::channel(UNREAD_MAX);
        let told = |kept: Kept| {
            taken.added += kept.added.len() as u64;
            taken.quarantined += kept.refused.len() as u64;
            self.tell(|run| tell_kept(run, kept));
        };
        // What has come is kept, even if asking fails then.
        let (asked, kept) =
            tokio::join!(self.ask_for_all(&mut plan, unread), self.app.take_in(arriving, unpack, told));
        kept?;
        asked?;
        for identity in plan.refused() {
            let url = &self.link.setting.url;
            tracing::warn!(%identity, url, "the upstream server does not give a document");
        }
        taken.refused += plan.refused().len();
        Ok(())
    }

    /// Asks for what the plan says. Documents that were not asked for are dropped.
    async fn ask_for_all(&self, plan: &mut FetchPlan, unread: mpsc::Sender<Parcel>) -> Result<(), SyncError> {
        while let Some(asked) = plan.next_batch() {
            let documents = match self.link.upstream.documents(&asked).await {
                Ok(documents) => documents,
                Err(error) if error.refuses_request() => {
                    tracing::debug!(documents = asked.len(), error = chain(&error), "asking for fewer");
                    plan.was_refused(asked)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            // Before the catalogue announces the files: whoever wants them knows where they are.
            let usable = |(_, url): &(_, String)| url.parse::<Address>().is_ok();
            let sources: Vec<_> = documents.sources.into_iter().filter(usable).collect();
            self.app.store.add_sources(&sources).await?;
            let expected: HashSet<UpdateIdentity> = asked.iter().copied().collect();
            let mut came = HashSet::new();
            for parcel in documents.parcels {
                if expected.contains(&parcel.identity)
                    && came.insert(parcel.identity)
                    && unread.send(parcel).await.is_err()
                {
                    // Keeping has failed, and says so itself.
                    return Ok(());
                }
            }
            plan.came(asked, &came)?;
        }
        Ok(())
    }
}

/// Counts what was kept of a run.
fn tell_kept(run: &mut RunRow, kept: Kept) {
    run.documents += kept.documents;
    run.added += kept.added.len() as u64;
    let room = QUARANTINED_TOLD_MAX.saturating_sub(run.quarantined.len());
    run.quarantined.extend(kept.refused.into_iter().take(room).map(|refused| RunQuarantine {
        name: refused.name,
        update: refused.update,
        reason: refused.reason,
    }));
}

fn unpack(parcel: Parcel) -> Result<PackedDocument, Refusal> {
    let identity = parcel.identity;
    match parcel.unpack(2 * DOCUMENT_BYTES_MAX) {
        Ok(xml) => Ok(PackedDocument { name: identity.to_string(), identity: Some(identity), xml }),
        Err(error) => Err(unreadable(identity, error.to_string())),
    }
}
