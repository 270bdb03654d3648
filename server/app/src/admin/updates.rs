//! Finding updates and looking at one.

use headwater_catalog::{CategoryKind, Facts, Kind, RevisionIx, Search, Severity, UpdateIx};
use headwater_model::{GroupId, Timestamp, UpdateId};
pub use headwater_store::{ApprovalRow, AuditFilter, AuditOrder, Change};

use crate::catalogue::{Card, decompress};
use crate::content::FileStanding;
use crate::error::AppError;
use crate::live::Served;
use crate::start::App;

/// Which updates are wanted. All that is said must hold.
#[derive(Debug, Clone, Default)]
pub struct UpdateFilter {
    /// Words of the title, `KB…`, `CVE-…`, or an id or its first eight digits or more.
    pub search: Option<String>,
    /// `None`: software and drivers.
    pub kind: Option<Kind>,
    /// The id or the exact title of a product, without regard to case; the next one likewise.
    pub product: Option<String>,
    pub classification: Option<String>,
    /// The publisher's word, without regard to case.
    pub severity: Option<String>,
    /// When the newest revision came: then or later, and before.
    pub arrived_since: Option<Timestamp>,
    pub arrived_before: Option<Timestamp>,
    /// Whether it is for any group; `false`: for none, though it could be.
    pub approved: Option<bool>,
    pub declined: Option<bool>,
    pub incomplete: Option<bool>,
    pub superseded: Option<bool>,
    pub implicit: Option<bool>,
    pub expired: Option<bool>,
}

/// What an administrator can do with an update; the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateState {
    Declined,
    Expired,
    Incomplete,
    Implicit,
    Approvable,
}

impl UpdateState {
    /// Now, or once what it lacks is here.
    fn may_be_approved(self) -> bool {
        matches!(self, Self::Approvable | Self::Incomplete)
    }
}

/// What an update's page shows beside the catalogue.
#[derive(Debug)]
pub struct UpdatePage {
    /// Of the newest revision.
    pub facts: Facts,
    /// Of each of its files, in their order.
    pub files: Vec<FileStanding>,
    pub approvals: Vec<ApprovalRow>,
    pub changes: Vec<Change>,
}

/// How many entries of an update's history are shown.
const HISTORY_MAX: u32 = 100;

impl App {
    /// The updates that match, newest arrivals first.
    pub fn find_updates(&self, served: &Served, filter: &UpdateFilter) -> Vec<UpdateIx> {
        let index = &served.catalogue.index;
        let wanted = Wanted::new(filter);
        let mut found: Vec<UpdateIx> = (0..index.updates().len() as u32)
            .map(UpdateIx)
            .filter(|at| wanted.accepts(served, *at))
            .collect();
        found.sort_by_key(|at| {
            let newest = index.revision(index.update(*at).revisions[0]);
            (std::cmp::Reverse(newest.arrived_at), newest.id)
        });
        found
    }

    /// Everything about one update. Its facts are read from its document.
    pub async fn update_page(&self, update: UpdateId) -> Result<UpdatePage, AppError> {
        let newest = {
            let served = self.live.served();
            let known = served.catalogue.index.update_by_id(update);
            known.map(|at| served.catalogue.index.revision(served.newest(at)).id)
        };
        let missing =
            || AppError::NotFound(format!("the catalogue has no update {update}; import or synchronise it"));
        let (packed, bytes) = self.store.document(newest.ok_or_else(missing)?).await?.ok_or_else(missing)?;
        let document = headwater_catalog::read(&decompress(&packed, bytes)?)
            .map_err(|_| AppError::Internal("a stored document cannot be read any more"))?;
        Ok(UpdatePage {
            files: self.file_standings(&document.facts.files).await?,
            facts: document.facts,
            approvals: self.store.approvals_of(update).await?,
            changes: self.store.changes(Some(update), None, HISTORY_MAX).await?,
        })
    }

    /// The newest changes, of one update or group if given.
    pub async fn history(
        &self,
        update: Option<UpdateId>,
        group: Option<GroupId>,
        limit: u32,
    ) -> Result<Vec<Change>, AppError> {
        Ok(self.store.changes(update, group, limit).await?)
    }

    /// What operators did, each with its number, the newest first.
    pub async fn audited(&self, filter: &AuditFilter<'_>) -> Result<Vec<(i64, Change)>, AppError> {
        Ok(self.store.audited(filter).await?)
    }
}

impl Served {
    pub fn newest(&self, update: UpdateIx) -> RevisionIx {
        self.catalogue.index.update(update).revisions[0]
    }

    pub fn state(&self, update: UpdateIx) -> UpdateState {
        let index = &self.catalogue.index;
        let newest = index.revision(self.newest(update));
        if self.offers.declined.contains(&index.update(update).id) {
            UpdateState::Declined
        } else if newest.expired {
            UpdateState::Expired
        } else if index.newest_complete(update).is_none() {
            UpdateState::Incomplete
        } else if matches!(newest.kind, Kind::Category | Kind::Detectoid) || !newest.explicitly_deployable {
            UpdateState::Implicit
        } else {
            UpdateState::Approvable
        }
    }

    pub fn approved_groups(&self, update: UpdateIx) -> u64 {
        self.offers.approvals(update).filter(|approval| approval.action.is_some()).count() as u64
    }

    /// Whether an update that is not declined supersedes it.
    pub fn superseded(&self, update: UpdateIx) -> bool {
        let index = &self.catalogue.index;
        let by = &index.update(update).superseded_by;
        by.iter().any(|newer| !self.offers.declined.contains(&index.update(*newer).id))
    }

    pub fn titles(&self, at: RevisionIx, kind: CategoryKind) -> Vec<&str> {
        let index = &self.catalogue.index;
        let categories = self.catalogue.categories(at, kind);
        categories.into_iter().filter_map(|update| self.catalogue.title(index.update(update).id)).collect()
    }
}

/// A filter, prepared.
struct Wanted<'a> {
    filter: &'a UpdateFilter,
    search: Search,
}

impl<'a> Wanted<'a> {
    fn new(filter: &'a UpdateFilter) -> Self {
        Self { filter, search: Search::new(filter.search.as_deref().unwrap_or_default()) }
    }

    fn accepts(&self, served: &Served, at: UpdateIx) -> bool {
        let index = &served.catalogue.index;
        let newest = served.newest(at);
        let revision = index.revision(newest);
        let kind_fits = match self.filter.kind {
            Some(kind) => revision.kind == kind,
            None => matches!(revision.kind, Kind::Software | Kind::Driver) || self.search.is_id(),
        };
        let is =
            |wanted: Option<bool>, value: &dyn Fn() -> bool| wanted.is_none_or(|wanted| wanted == value());
        let category = |wanted: &Option<String>, kind| {
            wanted.as_deref().is_none_or(|wanted| has_category(served, newest, kind, wanted))
        };
        let severity = served.catalogue.card(newest).severity.map_or("", Severity::name);
        kind_fits
            && self.filter.severity.as_deref().is_none_or(|wanted| severity.eq_ignore_ascii_case(wanted))
            && self.filter.arrived_since.is_none_or(|since| revision.arrived_at >= since)
            && self.filter.arrived_before.is_none_or(|before| revision.arrived_at < before)
            && self.found_by_search(index.update(at).id, served.catalogue.card(newest))
            && self.filter.approved.is_none_or(|approved| match approved {
                true => served.approved_groups(at) > 0,
                false => served.approved_groups(at) == 0 && served.state(at).may_be_approved(),
            })
            && is(self.filter.declined, &|| served.offers.declined.contains(&index.update(at).id))
            && is(self.filter.incomplete, &|| index.newest_complete(at).is_none())
            && is(self.filter.superseded, &|| served.superseded(at))
            && is(self.filter.implicit, &|| served.state(at) == UpdateState::Implicit)
            && is(self.filter.expired, &|| served.state(at) == UpdateState::Expired)
            && category(&self.filter.product, CategoryKind::Product)
            && category(&self.filter.classification, CategoryKind::Classification)
    }

    fn found_by_search(&self, id: UpdateId, card: &Card) -> bool {
        self.search.finds(id, &card.title.to_lowercase(), &card.kb, &card.cves)
    }
}

fn has_category(served: &Served, at: RevisionIx, kind: CategoryKind, wanted: &str) -> bool {
    let index = &served.catalogue.index;
    served.catalogue.categories(at, kind).into_iter().any(|update| {
        let id = index.update(update).id;
        let title = served.catalogue.title(id).unwrap_or_default();
        wanted.parse() == Ok(id) || title.to_lowercase() == wanted.to_lowercase()
    })
}
