//! Deleting updates that nobody needs any more. It is work of each server: a replica does it too.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Entry, Index, UpdateIx};
use headwater_model::{Timestamp, UpdateId};
use headwater_operators::Operator;
use headwater_policy::deletion::{Deletion, Kept, decide};
use headwater_store::LeavingUpdate;

use super::approvals::Outcome;
use crate::catalogue::stored_facts;
use crate::error::AppError;
use crate::live::Served;
use crate::start::App;

/// An update that administrators could do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obsolete {
    pub update: UpdateIx,
    pub is_declined: bool,
    /// Since when it is declined, or else superseded.
    pub since: Option<Timestamp>,
    /// Why it could not be deleted if it is declined.
    pub kept: Option<Kept>,
}

impl App {
    /// What is declined; and what its publisher has withdrawn or another update replaces, unless it is
    /// approved or not approved by itself.
    pub async fn obsolete_updates(&self, served: &Served) -> Result<Vec<Obsolete>, AppError> {
        let since = self.store.declined_since().await?;
        let index = &served.catalogue.index;
        let declined: Vec<UpdateId> = served.offers.declined.iter().copied().collect();
        let kept: HashMap<UpdateId, Kept> = served.deletion(&declined).kept.into_iter().collect();
        let obsolete = (0..index.updates().len() as u32).map(UpdateIx).filter_map(|update| {
            let id = index.update(update).id;
            if served.offers.declined.contains(&id) {
                let (since, kept) = (since.get(&id).copied(), kept.get(&id).copied());
                return Some(Obsolete { update, is_declined: true, since, kept });
            }
            let newest = index.revision(served.newest(update));
            let is_free = newest.explicitly_deployable && served.approved_groups(update) == 0;
            let is_obsolete = is_free && (newest.expired || served.superseded(update));
            let since = served.superseded_since(update);
            is_obsolete.then_some(Obsolete { update, is_declined: false, since, kept: None })
        });
        Ok(obsolete.collect())
    }

    /// Deletes declined updates with the parts that only they have, and the files that nothing announces
    /// then. Not while anything arrives.
    pub async fn delete_updates(
        &self,
        operator: &Operator,
        updates: &[UpdateId],
    ) -> Result<Outcome, AppError> {
        let busy = |what: &str| AppError::Busy(format!("{what}: nothing is deleted meanwhile"));
        let _no_import = self.importing.try_lock().map_err(|_| busy("updates are being imported"))?;
        let _no_run = self.no_run().await.ok_or_else(|| busy("this server synchronises"))?;
        let served = self.live.served_full();
        let Deletion { delete, parts, kept, gone } = served.deletion(updates);
        let refused = kept.into_iter().map(|(id, why)| (id, why.to_string())).collect();
        if !delete.is_empty() {
            let leaving: Vec<LeavingUpdate> = delete
                .iter()
                .map(|id| (id, false))
                .chain(parts.iter().map(|id| (id, true)))
                .map(|(id, is_part)| LeavingUpdate {
                    id: *id,
                    title: served.catalogue.title(*id).unwrap_or_default().to_owned(),
                    is_part,
                })
                .collect();
            self.let_go(operator, &served, &leaving).await?;
        }
        self.drop_unannounced_files().await?;
        Ok(Outcome { applied: delete, unchanged: gone, refused })
    }

    async fn let_go(
        &self,
        operator: &Operator,
        served: &Served,
        leaving: &[LeavingUpdate],
    ) -> Result<(), AppError> {
        let ids: HashSet<UpdateId> = leaving.iter().map(|update| update.id).collect();
        let after = self.index_without(&ids).await?;
        let (before, now) = (&*served.catalogue.index, self.clock.now());
        if !self.store.delete_updates(leaving, (before, &after), &operator.name, now).await? {
            let what = "somebody approved one of these updates, or took its decline back, meanwhile";
            return Err(AppError::Refused(what.to_owned()));
        }
        tracing::info!(updates = leaving.len(), by = operator.name, "updates were deleted");
        self.locations
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .retain(|identity, _| !ids.contains(&identity.id));
        self.publish_catalogue().await
    }

    async fn index_without(&self, leaving: &HashSet<UpdateId>) -> Result<Index, AppError> {
        let rows = self.store.revisions().await?;
        let stay = rows.iter().filter(|row| !leaving.contains(&row.identity.id));
        let entries = stay.map(|row| {
            let facts = stored_facts(row)?;
            Ok(Entry::new(row.id, &facts, row.core_bytes, row.arrived_at))
        });
        Ok(Index::build(entries.collect::<Result<_, AppError>>()?))
    }
}

impl Served {
    fn deletion(&self, updates: &[UpdateId]) -> Deletion {
        let is_approved = |at| self.approved_groups(at) > 0;
        decide(&self.catalogue.index, &self.offers.declined, is_approved, updates)
    }

    /// When the first update arrived that supersedes it and is not declined.
    fn superseded_since(&self, update: UpdateIx) -> Option<Timestamp> {
        let index = &self.catalogue.index;
        let by = index.update(update).superseded_by.iter();
        let standing = by.filter(|newer| !self.offers.declined.contains(&index.update(**newer).id));
        standing.map(|newer| index.revision(self.newest(*newer)).arrived_at).min()
    }
}
