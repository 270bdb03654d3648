//! The two records of a process that is an update server and a managing server, as one.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use headwater_api::{AuditEntry, Page};

/// Entries of the managing server before a page, among which the order to an entry of the update server is looked
/// for: more are not recorded within the seconds that lie between the two.
pub(crate) const AHEAD: u32 = 100;

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

/// A page that is put together from both records, the newest first.
pub(crate) struct Merge {
    pub at: At,
    limit: usize,
    items: Vec<AuditEntry>,
    is_over: bool,
}

impl Merge {
    pub fn begin(at: At, limit: usize) -> Self {
        Self { at, limit, items: Vec::new(), is_over: false }
    }

    /// Whether more is to be read.
    pub fn goes_on(&self) -> bool {
        !self.is_over && self.items.len() < self.limit
    }

    /// Takes what follows in both records: of the update server one more than the page holds, and of the managing
    /// server those before the page too.
    pub fn take(&mut self, changes: Vec<(i64, AuditEntry)>, orders: Vec<(i64, AuditEntry)>) {
        let known: Vec<AuditEntry> = orders.iter().map(|(_, order)| order.clone()).collect();
        let follows = |(id, _): &(i64, AuditEntry)| self.at.orders.is_none_or(|at| *id < at);
        let mut orders: VecDeque<_> = orders.into_iter().filter(follows).collect();
        let mut changes = VecDeque::from(changes);
        let (cut_changes, cut_orders) = (changes.len() > self.limit, orders.len() > self.limit);
        while self.items.len() < self.limit {
            let is_change = match (changes.front(), orders.front()) {
                (None, None) => break,
                (Some((_, change)), Some((_, order))) => change.at >= order.at,
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
    fn pages(changes: &[(i64, &str)], orders: &[(i64, &str)], limit: usize) -> Vec<Vec<String>> {
        let rows = |all: &[(i64, &str)], below: Option<i64>, limit: usize| -> Vec<(i64, AuditEntry)> {
            let numbered = (1..).zip(all).map(|(id, (at, what))| (id, entry(*at, what)));
            let mut found: Vec<_> =
                numbered.filter(|(id, _)| below.is_none_or(|below| *id < below)).collect();
            found.reverse();
            found.truncate(limit);
            found
        };
        let (mut pages, mut at) = (Vec::new(), At::default());
        loop {
            let mut merge = Merge::begin(at, limit);
            while merge.goes_on() {
                let ahead = merge.at.orders.map(|at| at + i64::from(AHEAD));
                let orders = rows(orders, ahead, limit + 1 + AHEAD as usize);
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
        let changes = [(10, "a"), (30, "c"), (50, "e")];
        let orders = [(20, "b"), (40, "d"), (60, "f"), (70, "g")];
        assert_eq!(pages(&changes, &orders, 3), [vec!["g", "f", "e"], vec!["d", "c", "b"], vec!["a"]]);
        assert_eq!(pages(&changes, &[], 2), [vec!["e", "c"], vec!["a"]]);
        assert_eq!(pages(&[], &orders, 9), [vec!["g", "f", "d", "b"]]);
        assert_eq!(pages(&[], &[], 9), [Vec::<String>::new()]);
    }

    #[test]
    fn what_was_ordered_is_told_once_however_much_it_changed() {
        // One order that changed twenty things, which are recorded a moment before it.
        let mut changes = vec![(10, "first")];
        changes.extend((0..20).map(|_| (100, "approve")));
        let orders = [(50, "second"), (101, "approve")];
        assert_eq!(pages(&changes, &orders, 1), [["approve"], ["second"], ["first"]]);
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
