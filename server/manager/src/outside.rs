//! Which servers stand in the linked tree. One that was paired and takes from elsewhere since is listed and left
//! alone, and so is what is below it.

use std::collections::HashMap;

use headwater_api::linkage::{WsusIdentity, WsusMode};
use headwater_api::{OutsideServer, TreeServer};
use headwater_model::ServerId;
use headwater_store::LinkageRow;

use crate::ManagerError;

/// The servers of the tree, each after the one above it, and those outside, by name.
pub(crate) struct Places {
    pub servers: Vec<TreeServer>,
    pub outside: Vec<OutsideServer>,
}

/// What is told of servers, by those above them and by themselves.
pub(crate) struct Told<'a> {
    pub top: TreeServer,
    /// All but the top, each below the one that told of it.
    pub below: HashMap<ServerId, TreeServer>,
    /// What those say of themselves that are reached.
    pub identities: &'a HashMap<ServerId, WsusIdentity>,
    pub linkages: &'a HashMap<ServerId, LinkageRow>,
    /// A server that does not tell now which ones are below it.
    pub untold: Option<String>,
}

impl Told<'_> {
    /// Where each server stands. Whom it takes from it knows best itself: the one above may not have heard yet that
    /// it went.
    pub fn places(self) -> Places {
        let mut below = self.below;
        for (id, server) in &mut below {
            let Some(identity) = self.identities.get(id) else { continue };
            if identity.mode == WsusMode::Top {
                server.parent = None;
            } else if identity.upstream_id.is_some() {
                server.parent = identity.upstream_id;
            }
        }
        let mut open: Vec<TreeServer> = below.into_values().collect();
        open.sort_by(|one, other| other.name.cmp(&one.name));
        let mut servers = vec![self.top];
        let mut at = 0;
        while let Some(above) = servers.get(at).map(|server| server.id) {
            let (below, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|one| one.parent == Some(above));
            open = rest;
            for server in below {
                servers.insert(at + 1, server);
            }
            at += 1;
        }
        let names: HashMap<ServerId, String> = open.iter().map(|one| (one.id, one.name.clone())).collect();
        let mut outside: Vec<OutsideServer> = Vec::new();
        for server in open {
            let identity = self.identities.get(&server.id);
            let above = server.parent.and_then(|parent| names.get(&parent)).map(String::as_str);
            outside.push(listed(server.id, server.name, server.linkage, why(identity, above, None)));
        }
        for row in self.linkages.values() {
            if servers.iter().any(|one| one.id == row.server)
                || outside.iter().any(|one| one.id == row.server)
            {
                continue;
            }
            let why = why(self.identities.get(&row.server), None, self.untold.as_deref());
            outside.push(listed(row.server, row.name.clone(), Some(row.linkage), why));
        }
        outside.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        Places { servers, outside }
    }
}

fn listed(
    id: ServerId,
    name: String,
    linkage: Option<headwater_model::LinkageId>,
    why: String,
) -> OutsideServer {
    let next = match linkage {
        None => String::new(),
        Some(_) => format!(
            ": let it take from a server of this tree, and synchronise once, or let go of its Linkage with `headwater \
             wsus revoke {name}`"
        ),
    };
    OutsideServer { id, name, linkage, why: why + &next }
}

/// Why a server is outside, by what it says of itself, the name of the one above it if that is outside too, and who
/// does not tell now what is below it.
fn why(identity: Option<&WsusIdentity>, above: Option<&str>, untold: Option<&str>) -> String {
    match (identity, above, untold) {
        (Some(identity), ..) if identity.mode == WsusMode::Top => "it takes from no server".to_owned(),
        (_, Some(above), _) => format!("it takes from {above}, which is outside the link"),
        (_, None, Some(untold)) => {
            format!("no server that is reached knows it, and {untold} tells nothing now")
        }
        (Some(WsusIdentity { upstream: Some(upstream), .. }), None, None) => {
            format!("it takes from {upstream}, and no server of this tree knows it as below")
        }
        (_, None, None) => "no server of this tree knows it".to_owned(),
    }
}

/// Refuses to pair with a WSUS that stands in no linked tree.
pub(crate) fn must_be_inside(identity: &WsusIdentity, servers: &[TreeServer]) -> Result<(), ManagerError> {
    let told = servers.iter().any(|one| one.id == identity.server);
    let is_below = match (identity.mode, identity.upstream_id) {
        (WsusMode::Top, _) => false,
        (_, Some(above)) => servers.iter().any(|one| one.id == above),
        (_, None) => told,
    };
    if is_below && told {
        return Ok(());
    }
    Err(ManagerError::Refused(format!(
        "{} is not in the linked tree: {}. Let it take from a server of the tree with `headwater upstream set`, or in \
         the options of a Microsoft WSUS, synchronise it once, and pair it then",
        identity.name,
        why(Some(identity), None, None)
    )))
}

#[cfg(test)]
mod tests {
    use headwater_api::ServerFollow;
    use headwater_api::linkage::{LinkVersion, WsusKind, WsusTargeting};
    use headwater_model::{LinkageId, Timestamp};

    use super::*;

    fn server(number: u128, name: &str, parent: Option<u128>) -> TreeServer {
        TreeServer {
            id: ServerId::from_u128(number),
            name: name.to_owned(),
            parent: parent.map(ServerId::from_u128),
            kind: None,
            mode: None,
            linkage: Some(LinkageId::from_u128(number)),
            reached: true,
            problem: None,
            read_only: false,
            last_contact_at: None,
            last_sync_at: None,
            computers: 0,
            follow: ServerFollow::Nothing,
            window: None,
            client_targeting: false,
        }
    }

    fn identity(number: u128, mode: WsusMode, upstream: Option<u128>) -> WsusIdentity {
        WsusIdentity {
            subscription: None,
            server: ServerId::from_u128(number),
            name: format!("wsus{number}"),
            kind: WsusKind::Headwater,
            version: String::new(),
            mode,
            upstream: (mode != WsusMode::Top).then(|| "http://above.example".to_owned()),
            upstream_id: upstream.map(ServerId::from_u128),
            targeting: WsusTargeting::Server,
            read_only: false,
            computers: 0,
            at: Timestamp::EPOCH,
            speaks: LinkVersion::own(),
        }
    }

    fn row(number: u128) -> LinkageRow {
        LinkageRow {
            linkage: LinkageId::from_u128(number),
            public_key: Vec::new(),
            server: ServerId::from_u128(number),
            name: format!("wsus{number}"),
            paired_by: String::new(),
            paired_at: Timestamp::EPOCH,
            certificate_until: None,
        }
    }

    /// Who stands in the tree, and who outside with how its reason begins.
    fn check(
        below: &[TreeServer],
        identities: &[WsusIdentity],
        paired: &[u128],
        inside: &[&str],
        outside: &[(&str, &str)],
    ) {
        let linkages = paired.iter().map(|number| (ServerId::from_u128(*number), row(*number))).collect();
        let identities = identities.iter().map(|one| (one.server, one.clone())).collect();
        let told = Told {
            top: server(1, "top", None),
            below: below.iter().map(|one| (one.id, one.clone())).collect(),
            identities: &identities,
            linkages: &linkages,
            untold: None,
        };
        let places = told.places();
        let names: Vec<&str> = places.servers.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, inside);
        assert_eq!(places.outside.len(), outside.len(), "{:?}", places.outside);
        for (one, (name, begins)) in places.outside.iter().zip(outside) {
            assert!(one.name == *name && one.why.starts_with(begins), "{one:?}");
        }
    }

    #[test]
    fn who_left_the_tree_is_outside_with_all_below_it() {
        let berlin = server(2, "berlin", Some(1));
        let shop = server(3, "shop", Some(2));
        let both = [berlin.clone(), shop.clone()];
        check(&both, &[], &[1, 2, 3], &["top", "berlin", "shop"], &[]);
        // It takes from nobody, though the top remembers it.
        check(
            &both,
            &[identity(2, WsusMode::Top, None)],
            &[1, 2, 3],
            &["top"],
            &[
                ("berlin", "it takes from no server: let it"),
                ("shop", "it takes from berlin, which is outside"),
            ],
        );
        // It takes from a server that is not in the tree.
        let elsewhere = identity(2, WsusMode::Replica, Some(9));
        let why = "it takes from http://above.example, and no server of this tree";
        check(std::slice::from_ref(&berlin), &[elsewhere], &[1, 2], &["top"], &[("berlin", why)]);
        // Nobody tells of it, and it is not reached.
        check(
            &[berlin],
            &[],
            &[1, 2, 4],
            &["top", "berlin"],
            &[("wsus4", "no server of this tree knows it")],
        );
    }

    #[test]
    fn a_server_stands_where_it_says_that_it_takes_from() {
        let (berlin, munich, shop) =
            (server(2, "berlin", Some(1)), server(4, "munich", Some(1)), server(3, "shop", Some(2)));
        let moved = identity(3, WsusMode::Replica, Some(4));
        check(&[berlin, munich, shop], &[moved], &[1, 2, 3, 4], &["top", "berlin", "munich", "shop"], &[]);
    }

    #[test]
    fn only_what_is_told_of_and_takes_from_the_tree_is_paired() {
        let tree = [server(1, "top", None), server(2, "berlin", Some(1))];
        let is_taken = |one: WsusIdentity| must_be_inside(&one, &tree).is_ok();
        assert!(is_taken(identity(2, WsusMode::Replica, Some(1))));
        assert!(is_taken(identity(2, WsusMode::Autonomous, None)));
        assert!(!is_taken(identity(2, WsusMode::Replica, Some(9))));
        assert!(!is_taken(identity(2, WsusMode::Top, None)));
        assert!(!is_taken(identity(3, WsusMode::Replica, Some(1))), "it has not synchronised yet");
    }
}
