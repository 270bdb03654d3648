//! Finding updates and computers in the mirror. Pages go by key: where the last one ended.

use std::cmp::Reverse;
use std::collections::HashSet;

use headwater_api::{
    ApprovalFilter, ComputerOrder, ComputerQuery, ComputerSummary, Page, Standing, UpdateKind, UpdateOrder,
    UpdateQuery, UpdateState, UpdateSummary, page_limit,
};
use headwater_catalog::Search;
use headwater_model::{GroupId, Timestamp};

use super::{Computers, TreeView, Updates};
use crate::report::standing;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Usual,
    Reversed,
}

impl Direction {
    pub fn of(is_reversed: bool) -> Self {
        if is_reversed { Self::Reversed } else { Self::Usual }
    }

    /// Puts a list that is in the usual order into this one.
    pub fn turn<T>(self, list: &mut [T]) {
        if self == Self::Reversed {
            list.reverse();
        }
    }
}

impl Updates {
    /// A page of those that match, in an order; where that says nothing, the newest arrivals first.
    pub fn find(&self, query: &UpdateQuery, order: UpdateOrder, direction: Direction) -> Page<UpdateSummary> {
        let wanted = Wanted::new(query);
        let places = (0..self.all.len()).filter(|at| wanted.accepts(&self.all[*at], &self.folded[*at]));
        let mut places: Vec<usize> = places.collect();
        let all = &self.all;
        match order {
            UpdateOrder::Arrival => {}
            UpdateOrder::Title => places.sort_by(|one, other| self.folded[*one].cmp(&self.folded[*other])),
            UpdateOrder::State => places.sort_by_key(|at| urgency(&all[*at])),
            UpdateOrder::Needed => places.sort_by_key(|at| Reverse(all[*at].needed)),
            UpdateOrder::Installed => places.sort_by_key(|at| Reverse(all[*at].installed)),
            UpdateOrder::Failed => places.sort_by_key(|at| Reverse(all[*at].failed)),
        }
        page(
            places,
            direction,
            query.limit,
            query.after.as_deref(),
            |at| all[at].id.to_string(),
            |at| all[at].clone(),
        )
    }
}

impl Computers {
    /// A page of those that match, in an order; where that says nothing, by name.
    pub fn find(
        &self,
        query: &ComputerQuery,
        tree: &TreeView,
        now: Timestamp,
        order: ComputerOrder,
        direction: Direction,
    ) -> Page<ComputerSummary> {
        let search = query.search.as_deref().unwrap_or_default().trim().to_lowercase();
        let groups = query.group.map(|group| HashSet::from_iter(tree.group_tree().subtree(group)));
        let (until, after) = (query.contact_until(now), query.contact_after(now));
        let accepts = |at: &usize| {
            let contact_at = self.all[*at].last_contact_at;
            (search.is_empty() || self.folded[*at].contains(&search))
                && groups.as_ref().is_none_or(|groups| is_in(&self.all[*at], groups))
                && until.is_none_or(|until| contact_at <= until)
                && after.is_none_or(|after| contact_at > after)
                && (!query.outside || tree.is_outside(&self.all[*at]))
                && query.state.is_none_or(|wanted| standing(&self.all[*at]) == wanted)
                && query
                    .server
                    .is_none_or(|server| self.all[*at].server.as_ref().is_some_and(|home| home.id == server))
        };
        let mut places: Vec<usize> = (0..self.all.len()).filter(accepts).collect();
        let all = &self.all;
        match order {
            ComputerOrder::Name => {}
            ComputerOrder::Server => places.sort_by_key(|at| server(&all[*at])),
            ComputerOrder::State => places.sort_by_key(|at| badness(&all[*at])),
            ComputerOrder::LastContact => places.sort_by_key(|at| Reverse(all[*at].last_contact_at)),
            ComputerOrder::Needed => places.sort_by_key(|at| Reverse(open(&all[*at]))),
            ComputerOrder::Failed => places.sort_by_key(|at| Reverse(all[*at].status.failed)),
        }
        page(
            places,
            direction,
            query.limit,
            query.after.as_deref(),
            |at| all[at].id.to_string(),
            |at| all[at].clone(),
        )
    }
}

fn server(computer: &ComputerSummary) -> &str {
    computer.server.as_ref().map_or("", |server| &server.name)
}

/// One that cannot be approved is not called unapproved: nobody can do anything about that.
fn is_so_approved(update: &UpdateSummary, wanted: ApprovalFilter) -> bool {
    let may_be = || matches!(update.state, UpdateState::Approvable | UpdateState::Incomplete);
    match wanted {
        ApprovalFilter::Approved => update.approved_groups > 0,
        ApprovalFilter::Unapproved => update.approved_groups == 0 && may_be(),
    }
}

/// The place of an update in the order of states: what waits for a decision first.
fn urgency(update: &UpdateSummary) -> u8 {
    match update.state {
        UpdateState::Incomplete => 0,
        UpdateState::Approvable if update.approved_groups > 0 => 3,
        UpdateState::Approvable if update.superseded => 4,
        UpdateState::Approvable if update.needed > 0 => 1,
        UpdateState::Approvable => 2,
        UpdateState::Implicit => 5,
        UpdateState::Expired => 6,
        UpdateState::Declined => 7,
    }
}

/// The place of a computer in the order of states: the worst first, and last those of which nothing is known.
fn badness(computer: &ComputerSummary) -> u8 {
    match standing(computer) {
        Standing::Failing => 0,
        Standing::Needing => 1,
        Standing::PendingRestart => 2,
        Standing::Complete => 3,
        Standing::Unreported => 4,
        Standing::Silent => 5,
    }
}

/// What it needs and does not have.
fn open(computer: &ComputerSummary) -> u64 {
    computer.status.needed + computer.status.downloaded
}

/// Whether it is in one of these groups.
pub(crate) fn is_in(computer: &ComputerSummary, groups: &HashSet<GroupId>) -> bool {
    computer.groups.iter().any(|own| groups.contains(&own.id))
}

/// Cuts a page of items that are told by their places.
pub(crate) fn page<T>(
    mut places: Vec<usize>,
    direction: Direction,
    limit: Option<u32>,
    after: Option<&str>,
    key: impl Fn(usize) -> String,
    item: impl Fn(usize) -> T,
) -> Page<T> {
    direction.turn(&mut places);
    Page::cut(places, page_limit(limit), after, |at| key(*at)).map(item)
}

/// A filter, prepared.
struct Wanted<'a> {
    query: &'a UpdateQuery,
    search: Search,
    product: Option<String>,
    classification: Option<String>,
}

impl<'a> Wanted<'a> {
    fn new(query: &'a UpdateQuery) -> Self {
        let folded = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
        Self {
            query,
            search: Search::new(query.search.as_deref().unwrap_or_default()),
            product: folded(&query.product),
            classification: folded(&query.classification),
        }
    }

    fn accepts(&self, update: &UpdateSummary, title: &str) -> bool {
        let query = self.query;
        let is = |wanted: Option<bool>, value: bool| wanted.is_none_or(|wanted| wanted == value);
        let named = |wanted: &Option<String>, names: &[String]| {
            wanted.as_ref().is_none_or(|wanted| names.iter().any(|name| name.to_lowercase() == *wanted))
        };
        let kind = query.kind.unwrap_or(UpdateKind::Software);
        let kind_fits = update.kind == kind || (query.kind.is_none() && update.kind == UpdateKind::Driver);
        let severity = update.severity.as_deref().unwrap_or_default();
        kind_fits
            && query.severity.as_deref().is_none_or(|wanted| severity.eq_ignore_ascii_case(wanted))
            && query.arrived_since.is_none_or(|since| update.arrived_at >= since)
            && query.arrived_before.is_none_or(|before| update.arrived_at < before)
            && is(query.declined, update.state == UpdateState::Declined)
            && is(query.incomplete, update.state == UpdateState::Incomplete)
            && is(query.superseded, update.superseded)
            && is(query.implicit, update.state == UpdateState::Implicit)
            && is(query.expired, update.state == UpdateState::Expired)
            && is(query.needed, update.needed > 0)
            && is(query.failed, update.failed > 0)
            && query.approval.is_none_or(|wanted| is_so_approved(update, wanted))
            && named(&self.product, &update.products)
            && named(&self.classification, update.classification.as_slice())
            && self.search.finds(update.id, title, &update.kb, &update.cves)
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
