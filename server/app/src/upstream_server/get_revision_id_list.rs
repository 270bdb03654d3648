//! GetRevisionIdList ([MS-WSUSSS] 3.1.4.5).

use std::collections::BTreeSet;

use headwater_model::{UpdateId, UpdateIdentity};
pub use headwater_policy::sync_plan::{RevisionFilter, Wanted};
use headwater_policy::sync_plan::{and_beneath, revisions};

use super::{Mark, ServerSession};
use crate::error::ClientFault;
use crate::start::App;

/// The revisions that are new to a downstream server.
#[derive(Debug)]
pub struct RevisionList {
    pub revisions: Vec<UpdateIdentity>,
    /// Whoever takes them has everything up to here.
    pub mark: Mark,
}

impl App {
    /// `anchor` is the mark of the caller's last list; what it says of the filter's `after` counts.
    pub fn get_revision_id_list(
        &self,
        _: &ServerSession,
        mut filter: RevisionFilter,
        anchor: Option<u64>,
    ) -> Result<RevisionList, ClientFault> {
        filter.after = anchor.map(|anchor| self.stamp_of(anchor)).transpose()?;
        let served = self.live.served_full();
        let stamp = |at| served.catalogue.card(at).stamp;
        Ok(RevisionList {
            revisions: revisions(&served.catalogue.index, stamp, &filter),
            mark: self.mark_of(served.offers.stamp),
        })
    }

    /// The software and drivers that a downstream server does not take which takes these only. What stands
    /// beneath a category goes with it.
    pub fn left_out(&self, categories: &[UpdateId], classifications: &[UpdateId]) -> Vec<UpdateId> {
        let all = |ids: &[UpdateId]| ids.iter().map(|id| Wanted { id: *id, only_changes: false }).collect();
        let served = self.live.served_full();
        let (categories, classifications) =
            (all(&and_beneath(&served.catalogue.index, categories)), all(classifications));
        let wanted = RevisionFilter { categories, classifications, ..RevisionFilter::default() };
        let listed = |filter: &RevisionFilter| -> BTreeSet<UpdateId> {
            let found = revisions(&served.catalogue.index, |_| 0, filter);
            found.into_iter().map(|one| one.id).collect()
        };
        let taken = listed(&wanted);
        listed(&RevisionFilter::default()).into_iter().filter(|id| !taken.contains(id)).collect()
    }
}
