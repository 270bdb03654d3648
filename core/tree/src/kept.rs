//! Which memberships a server's Linkage keeps for computers that have not reported there yet.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use headwater_model::{ClientId, GroupId, HostId};

use crate::computer::Computer;
use crate::group_plan::{Plan, Reason};
use crate::host::Host;
use crate::server::{Server, Targeting};

/// The computers that may appear on a server, each with the groups that it is to be in then. Who has a record
/// there is not among them, for a run writes those; nor is who could be several machines.
pub fn kept(
    server: &Server,
    plan: &Plan,
    hosts: &[Host],
    computers: &[Computer],
) -> BTreeMap<ClientId, BTreeSet<GroupId>> {
    let mut kept: BTreeMap<ClientId, BTreeSet<GroupId>> = BTreeMap::new();
    if !server.has_managed_groups() || server.targeting != Targeting::Server {
        return kept;
    }
    let here = computers.iter().filter(|computer| computer.server == server.id);
    let here: HashSet<&ClientId> = here.map(|computer| &computer.client).collect();
    let clients: HashMap<HostId, &ClientId> =
        hosts.iter().filter_map(|host| Some((host.id, host.client.as_ref()?))).collect();
    for group in plan.groups.iter().filter(|group| group.target.is_written()) {
        let Some(id) = group.target.id() else { continue };
        let registered =
            group.servers.values().flat_map(|members| members.added.iter().chain(&members.unchanged));
        let elsewhere = group.unregistered.iter().filter(|(_, reason)| may_appear(reason));
        let elsewhere = elsewhere.filter_map(|(host, _)| clients.get(host).copied());
        for client in registered.chain(elsewhere).filter(|client| !here.contains(client)) {
            kept.entry(client.clone()).or_default().insert(id);
        }
    }
    kept
}

fn may_appear(reason: &Reason) -> bool {
    match reason {
        Reason::NeverSeen | Reason::OutsideLink(_) | Reason::UpdatesOnly(_) | Reason::Policy { .. } => true,
        Reason::DuplicateName(_) | Reason::SharedId(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group_plan::{Request, State, plan};
    use crate::host::HostGroups;
    use crate::naming::{Owner, WsusGroup};
    use crate::sample::{client, computer, host, host_group, server};
    use crate::server::{Follow, Mode};

    fn names(kept: &BTreeMap<ClientId, BTreeSet<GroupId>>) -> Vec<(&ClientId, usize)> {
        kept.iter().map(|(client, groups)| (client, groups.len())).collect()
    }

    #[test]
    fn whoever_may_appear_is_kept_and_nobody_else() {
        // 1 reports to the top, 2 to the lower server, 3 nowhere, 4 and 5 have one name, and 6 is 7 now.
        let computers = [
            computer(1, 1, "pc1", (0, 9)),
            computer(2, 2, "pc2", (0, 9)),
            computer(1, 4, "twin", (0, 9)),
            computer(2, 5, "twin", (0, 9)),
            computer(1, 6, "pc6", (0, 3)),
            computer(1, 7, "pc6", (4, 9)),
        ];
        let hosts = [
            host(1, "pc1", Some(1)),
            host(2, "pc2", Some(2)),
            host(3, "pc3", Some(3)),
            host(4, "twin", Some(4)),
            host(6, "pc6", Some(6)),
            host(7, "pc6", Some(7)),
        ];
        let groups =
            [host_group(1, "Berlin", None, &[1, 2, 3, 4, 6]), host_group(2, "Cellar", Some(1), &[3])];
        let host_groups = HostGroups::new(groups.clone()).expect("a tree");
        let servers = [server(1, None), server(2, Some(1))];
        let wsus = groups.iter().zip([11, 12]).map(|(group, id)| WsusGroup {
            id: GroupId::from_u128(id),
            name: group.name.clone(),
            owner: Owner::Ours(group.id),
        });
        let state = State {
            host_groups: &host_groups,
            hosts: &hosts,
            groups: &wsus.collect::<Vec<_>>(),
            servers: &servers,
            computers: &computers,
            sightings: &[],
        };
        let plan = plan(
            &Request { chosen: groups.iter().map(|one| one.id).collect(), ..Request::default() },
            &state,
        );
        let on = |server: &Server| kept(server, &plan, &hosts, &computers);
        let (one, two, three, seven) = (client(1), client(2), client(3), client(7));
        assert_eq!(names(&on(&servers[0])), [(&two, 1), (&three, 2)]);
        assert_eq!(names(&on(&servers[1])), [(&one, 1), (&three, 2), (&seven, 1)]);
        let client_targeting = Server { targeting: Targeting::Client, ..servers[1].clone() };
        let updates_only = Server { mode: Mode::Autonomous(Follow::Nothing), ..servers[1].clone() };
        assert!(on(&client_targeting).is_empty() && on(&updates_only).is_empty());
    }
}
