//! The two records of a process that is an update server and a managing server, as one.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use headwater_api::{AuditEntry, Page};
use headwater_manager::AuditOrder;

/// Entries of the managing server before and after a page, among which the order to an entry of the update server
/// is looked for: more are not recorded within the seconds that lie between the two.
const AHEAD: u32 = 100;

/// The last entry of each record that was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct At {
    /// Of the update server.
    pub changes: Option<i64>,
    /// Of the managing server.
    pub orders: Option<i64>,
}

impl fmt::Display for At {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |at: Option<i64>| at.map_or_else(String::new, |at| at.to_string());
        write!(to, "{}.{}", text(self.changes), text(self.orders))
    }
}

impl FromStr for At {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "`after` is not the `next` of a page";
        let part = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| WRONG),
        };
        let (changes, orders) = text.split_once('.').ok_or(WRONG)?;
        Ok(Self { changes: part(changes)?, orders: part(orders)? })
    }
}

/// A page that is put together from both records, in an order that both are read in.
pub(crate) struct Merge {
    pub at: At,
    order: AuditOrder,
    limit: usize,
    items: Vec<AuditEntry>,
    is_over: bool,
}

impl Merge {
    pub fn begin(at: At, order: AuditOrder, limit: usize) -> Self {
        Self { at, order, limit, items: Vec::new(), is_over: false }
    }

    /// From which entry of the managing server on what follows is to be read: those around the page, of which an entry
    /// of the update server may be the other half, among them.
    pub fn orders_from(&self) -> Option<i64> {
        let ahead = i64::from(AHEAD);
        self.at.orders.map(|at| match self.order {
            AuditOrder::NewestFirst => at.saturating_add(ahead),
            AuditOrder::OldestFirst => at.saturating_sub(ahead),
        })
    }

    /// How many of them: on the way from old to new the order comes after what it changed.
    pub fn orders_limit(&self) -> usize {
        let ahead = AHEAD as usize;
        self.limit + 1 + if self.order == AuditOrder::NewestFirst { ahead } else { 2 * ahead }
    }

    /// Whether more is to be read.
    pub fn goes_on(&self) -> bool {
        !self.is_over && self.items.len() < self.limit
    }

    /// Takes what follows in both records: of the update server one more than the page holds, and of the managing
    /// server those before the page too.
    pub fn take(&mut self, changes: Vec<(i64, AuditEntry)>, orders: Vec<(i64, AuditEntry)>) {
        let known: Vec<AuditEntry> = orders.iter().map(|(_, order)| order.clone()).collect();
        let is_newest_first = self.order == AuditOrder::NewestFirst;
        let follows = |(id, _): &(i64, AuditEntry)| {
            self.at.orders.is_none_or(|at| if is_newest_first { *id < at } else { *id > at })
        };
        let mut orders: VecDeque<_> = orders.into_iter().filter(follows).collect();
        let mut changes = VecDeque::from(changes);
        let (cut_changes, cut_orders) = (changes.len() > self.limit, orders.len() > self.limit);
        while self.items.len() < self.limit {
            let is_change = match (changes.front(), orders.front()) {
                (None, None) => break,
                (Some((_, change)), Some((_, order))) if is_newest_first => change.at >= order.at,
                (Some((_, change)), Some((_, order))) => change.at <= order.at,
                (change, _) => change.is_some(),
            };
            // What follows in a record of which all that was read is taken is not known yet.
            if (changes.is_empty() && cut_changes) || (orders.is_empty() && cut_orders) {
                return;
            }
            let Some((id, entry)) = (if is_change { changes.pop_front() } else { orders.pop_front() }) else {
                break;
            };
            match is_change {
                true => self.at.changes = Some(id),
                false => self.at.orders = Some(id),
            }
            if !is_change || !known.iter().any(|order| is_of_order(&entry, order)) {
                self.items.push(entry);
            }
        }
        self.is_over = changes.is_empty() && orders.is_empty() && !cut_changes && !cut_orders;
    }

    pub fn page(self) -> Page<AuditEntry> {
        let next = (!self.is_over).then(|| self.at.to_string());
        Page { items: self.items, next, total: None }
    }
}

/// Whether an entry of the update server is what the managing server in the same process ordered, which records it
/// itself as it was asked for.
fn is_of_order(entry: &AuditEntry, order: &AuditEntry) -> bool {
    const WITHIN_SECONDS: i64 = 5;
    let (from, until) = (entry.at.plus_seconds(-WITHIN_SECONDS), entry.at.plus_seconds(WITHIN_SECONDS));
    (&entry.by, &entry.what) == (&order.by, &order.what) && (from..=until).contains(&order.at)
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;

    fn entry(seconds: i64, what: &str) -> AuditEntry {
        AuditEntry {
            at: Timestamp::EPOCH.plus_seconds(seconds),
            by: "ada".to_owned(),
            what: what.to_owned(),
            detail: String::new(),
            before: None,
            after: None,
        }
    }

    /// All pages of two records, whose entries are named by their seconds.
    fn pages(
        changes: &[(i64, &str)],
        orders: &[(i64, &str)],
        order: AuditOrder,
        limit: usize,
    ) -> Vec<Vec<String>> {
        let is_newest_first = order == AuditOrder::NewestFirst;
        let rows = |all: &[(i64, &str)], from: Option<i64>, limit: usize| -> Vec<(i64, AuditEntry)> {
            let numbered = (1..).zip(all).map(|(id, (at, what))| (id, entry(*at, what)));
            let follows =
                |id: i64| from.is_none_or(|from| if is_newest_first { id < from } else { id > from });
            let mut found: Vec<_> = numbered.filter(|(id, _)| follows(*id)).collect();
            if is_newest_first {
                found.reverse();
            }
            found.truncate(limit);
            found
        };
        let (mut pages, mut at) = (Vec::new(), At::default());
        loop {
            let mut merge = Merge::begin(at, order, limit);
            while merge.goes_on() {
                let orders = rows(orders, merge.orders_from(), merge.orders_limit());
                merge.take(rows(changes, merge.at.changes, limit + 1), orders);
            }
            let page = merge.page();
            pages.push(page.items.iter().map(|one| one.what.clone()).collect());
            match page.next {
                Some(next) => at = next.parse().expect("a key"),
                None => return pages,
            }
        }
    }

    #[test]
    fn two_records_are_read_to_their_end_in_the_order_of_time() {
        let newest = AuditOrder::NewestFirst;
        let changes = [(10, "a"), (30, "c"), (50, "e")];
        let orders = [(20, "b"), (40, "d"), (60, "f"), (70, "g")];
        assert_eq!(
            pages(&changes, &orders, newest, 3),
            [vec!["g", "f", "e"], vec!["d", "c", "b"], vec!["a"]]
        );
        assert_eq!(pages(&changes, &[], newest, 2), [vec!["e", "c"], vec!["a"]]);
        assert_eq!(pages(&[], &orders, newest, 9), [vec!["g", "f", "d", "b"]]);
        assert_eq!(pages(&[], &[], newest, 9), [Vec::<String>::new()]);
        let oldest = AuditOrder::OldestFirst;
        assert_eq!(
            pages(&changes, &orders, oldest, 3),
            [vec!["a", "b", "c"], vec!["d", "e", "f"], vec!["g"]]
        );
        assert_eq!(pages(&changes, &[], oldest, 2), [vec!["a", "c"], vec!["e"]]);
    }

    #[test]
    fn what_was_ordered_is_told_once_however_much_it_changed() {
        // One order that changed twenty things, which are recorded a moment before it.
        let mut changes = vec![(10, "first")];
        changes.extend((0..20).map(|_| (100, "approve")));
        let orders = [(50, "second"), (101, "approve")];
        assert_eq!(
            pages(&changes, &orders, AuditOrder::NewestFirst, 1),
            [["approve"], ["second"], ["first"]]
        );
        assert_eq!(
            pages(&changes, &orders, AuditOrder::OldestFirst, 1),
            [["first"], ["second"], ["approve"]]
        );
    }

    #[test]
    fn a_key_is_one_or_refused() {
        for at in
            [At::default(), At { changes: Some(3), orders: None }, At { changes: None, orders: Some(9) }]
        {
            assert_eq!(at.to_string().parse(), Ok(at));
        }
        for wrong in ["", "3", "a.b", "1.2.3"] {
            assert!(wrong.parse::<At>().is_err(), "{wrong}");
        }
    }
}
