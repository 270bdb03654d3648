//! Writing memberships on one server: in orders that a Linkage carries out in time, and on past what is refused.

use headwater_api::linkage::{Decided, MembershipChange, Memberships};
use headwater_store::LinkageRow;

use crate::ask::Way;
use crate::{Manager, ManagerError};

/// Changes of one order: a report is waited for no longer than 100 s, and a Microsoft WSUS takes them one by one.
const CHANGES_PER_ORDER: usize = 200;

/// What became of changes.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub done: Decided,
    /// Why those that are in no list of `done` were given up.
    pub failed: Option<ManagerError>,
}

impl Manager {
    /// Writes memberships, as many as there are. A server that fails is asked no more.
    pub(crate) async fn write_members(
        &self,
        way: &Way,
        of: &LinkageRow,
        memberships: Memberships,
    ) -> Written {
        let mut written = Written::default();
        for order in orders(memberships) {
            match self.change_memberships_on(way, of, order).await {
                Ok(done) => {
                    written.done.applied.extend(done.applied);
                    written.done.unchanged.extend(done.unchanged);
                    written.done.refused.extend(done.refused);
                }
                Err(error) => {
                    written.failed = Some(error);
                    break;
                }
            }
        }
        written
    }
}

/// Cuts them so that all changes of one computer are in one order: it never is in no group between two.
fn orders(memberships: Memberships) -> Vec<Memberships> {
    let Memberships { by, add, remove } = memberships;
    let mut changes: Vec<(MembershipChange, bool)> = add
        .into_iter()
        .map(|change| (change, true))
        .chain(remove.into_iter().map(|change| (change, false)))
        .collect();
    changes.sort_by(|(one, _), (other, _)| one.client.cmp(&other.client));
    let mut orders: Vec<Memberships> = Vec::new();
    let mut rest = changes.chunk_by(|(one, _), (other, _)| one.client == other.client).peekable();
    while rest.peek().is_some() {
        let mut order = Memberships { by: by.clone(), ..Memberships::default() };
        let count = |order: &Memberships| order.add.len() + order.remove.len();
        while let Some(of_one) = rest.next_if(|of_one| {
            let all = count(&order) + of_one.len();
            count(&order) == 0 || all <= CHANGES_PER_ORDER
        }) {
            for (change, is_added) in of_one {
                let list = if *is_added { &mut order.add } else { &mut order.remove };
                list.push(change.clone());
            }
        }
        orders.push(order);
    }
    orders
}

#[cfg(test)]
mod tests {
    use headwater_model::GroupId;

    use super::*;

    fn change(client: usize, group: u128) -> MembershipChange {
        let client = format!("pc{client:05}").parse().expect("an id");
        MembershipChange { client, group: GroupId::from_u128(group) }
    }

    #[test]
    fn many_changes_go_in_several_orders_and_those_of_one_computer_in_one() {
        let add: Vec<_> = (0..450).map(|client| change(client, 1)).collect();
        let remove: Vec<_> = (0..450).rev().map(|client| change(client, 2)).collect();
        let all = Memberships { by: "ada".to_owned(), add: add.clone(), remove: remove.clone() };
        let cut = orders(all);
        let sizes: Vec<_> = cut.iter().map(|order| (order.add.len(), order.remove.len())).collect();
        assert_eq!(sizes, [(100, 100), (100, 100), (100, 100), (100, 100), (50, 50)]);
        for order in &cut {
            let clients = |changes: &[MembershipChange]| {
                changes.iter().map(|change| change.client.clone()).collect::<Vec<_>>()
            };
            assert_eq!((clients(&order.add), order.by.as_str()), (clients(&order.remove), "ada"));
        }
        let mut again: Vec<_> = cut.iter().flat_map(|order| order.add.clone()).collect();
        assert_eq!(again, add);
        again = cut.iter().rev().flat_map(|order| order.remove.iter().rev().cloned()).collect();
        assert_eq!(again, remove);

        // Whoever is in more groups than fit into one goes alone.
        let many = (0..500).map(|group| change(7, group)).chain([change(8, 1)]).collect();
        let cut = orders(Memberships { add: many, ..Memberships::default() });
        assert_eq!(cut.iter().map(|order| order.add.len()).collect::<Vec<_>>(), [500, 1]);
        assert!(orders(Memberships::default()).is_empty());
    }
}
