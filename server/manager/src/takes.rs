//! From where servers have their approvals.

use std::collections::HashMap;

use headwater_api::linkage::WsusMode;
use headwater_api::{ServerFollow, TreeServer};
use headwater_model::ServerId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    IsTop,
    /// By its own synchronisation, from a server that has those of the top.
    FromAbove,
    /// By orders: an autonomous server synchronises none, and follows.
    Orders,
    /// It decides by itself, or takes from one that does.
    Nothing,
}

/// Of each server, each after the one above it.
pub(crate) fn takes<'a>(servers: impl IntoIterator<Item = &'a TreeServer>) -> HashMap<ServerId, Takes> {
    let mut all: HashMap<ServerId, Takes> = HashMap::new();
    for server in servers {
        let takes = match (server.mode, server.parent) {
            (_, None) => Takes::IsTop,
            (Some(WsusMode::Autonomous), _) if server.follow == ServerFollow::GroupsAndApprovals => {
                Takes::Orders
            }
            (Some(WsusMode::Autonomous), _) => Takes::Nothing,
            (_, Some(parent)) if all.get(&parent) == Some(&Takes::Nothing) => Takes::Nothing,
            _ => Takes::FromAbove,
        };
        all.insert(server.id, takes);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::sample_server;

    #[test]
    fn who_takes_from_one_that_decides_by_itself_has_its_approvals() {
        use Takes::{FromAbove, IsTop, Nothing, Orders};
        let (replica, autonomous) = (Some(WsusMode::Replica), Some(WsusMode::Autonomous));
        let tree = [
            (1, None, Some(WsusMode::Top), ServerFollow::Nothing, IsTop),
            (2, Some(1), replica, ServerFollow::Nothing, FromAbove),
            (3, Some(2), None, ServerFollow::Nothing, FromAbove),
            (4, Some(1), autonomous, ServerFollow::Nothing, Nothing),
            (5, Some(4), replica, ServerFollow::Nothing, Nothing),
            (6, Some(5), autonomous, ServerFollow::GroupsAndApprovals, Orders),
            (7, Some(6), replica, ServerFollow::Nothing, FromAbove),
        ];
        let server = |(id, parent, mode, follow, _): &(u128, Option<u128>, _, _, _)| TreeServer {
            parent: parent.map(ServerId::from_u128),
            mode: *mode,
            follow: *follow,
            ..sample_server(ServerId::from_u128(*id), "a server").server
        };
        let servers: Vec<TreeServer> = tree.iter().map(server).collect();
        let found = takes(&servers);
        for (id, .., expected) in &tree {
            assert_eq!(found[&ServerId::from_u128(*id)], *expected, "server {id}");
        }
    }
}
