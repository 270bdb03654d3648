//! The state of the server at a glance.

use headwater_catalog::{Kind, UpdateIx};

use crate::start::App;

/// What the catalogue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CatalogueCounts {
    /// Software and drivers that can stand alone.
    pub updates: u64,
    pub revisions: u64,
    pub categories: u64,
    pub detectoids: u64,
    pub incomplete: u64,
    pub declined: u64,
    pub quarantined: u64,
    pub approvals: u64,
    /// Revisions that agents can be offered.
    pub offered: u64,
}

impl App {
    pub fn catalogue_counts(&self) -> CatalogueCounts {
        let served = self.live.served();
        let index = &served.catalogue.index;
        let mut counts = CatalogueCounts {
            revisions: index.revisions().len() as u64,
            quarantined: served.catalogue.quarantined as u64,
            offered: served.offers.serving().count() as u64,
            ..CatalogueCounts::default()
        };
        for (at, update) in index.updates().iter().enumerate() {
            let newest = index.revision(update.revisions[0]);
            match newest.kind {
                Kind::Category => counts.categories += 1,
                Kind::Detectoid => counts.detectoids += 1,
                Kind::Software | Kind::Driver => counts.updates += u64::from(newest.explicitly_deployable),
            }
            counts.incomplete += u64::from(!newest.complete);
            // A decline outlives its update.
            counts.declined += u64::from(served.offers.declined.contains(&update.id));
            let standing =
                served.offers.approvals(UpdateIx(at as u32)).filter(|approval| approval.action.is_some());
            counts.approvals += standing.count() as u64;
        }
        counts
    }
}
