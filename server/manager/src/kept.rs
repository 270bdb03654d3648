//! Memberships that a Linkage keeps for computers that have not reported to its WSUS yet.

use std::collections::{BTreeMap, BTreeSet};

use headwater_api::linkage::{KEPT_COMPUTERS_MAX, KEPT_GROUPS_MAX, KeptComputer, KeptMemberships};
use headwater_model::{ClientId, GroupId};
use headwater_store::LinkageRow;
use headwater_tree::group_plan::Plan;
use headwater_tree::kept::kept;
use headwater_tree::server::Server;

use crate::ask::Way;
use crate::fingerprint::fingerprint;
use crate::known::Known;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

impl Manager {
    /// Hands a Linkage its list, unless it has that one; says how many computers are on it.
    pub(crate) async fn keep_at(
        &self,
        way: &Way,
        linkage: &LinkageRow,
        wanted: &BTreeMap<ClientId, BTreeSet<GroupId>>,
        by: &str,
    ) -> Result<usize, ManagerError> {
        let list = list(wanted, by)?;
        let computers = list.computers.len();
        let has = self.kept_at(way, linkage).await?.mark;
        let is_there = match &has {
            Some(mark) => *mark == list.mark,
            None => list.computers.is_empty(),
        };
        if !is_there {
            self.keep_on(way, linkage, list).await?;
        }
        Ok(computers)
    }

    /// Hands all Linkages that are reached their lists, as computers and host groups are now.
    pub(crate) async fn keep_everywhere(&self, way: &Way, tree: &Tree, by: &str) -> Result<(), ManagerError> {
        let known = self.known(way, tree).await?;
        let (plan, held) = (known.managed(), known.held());
        for server in &known.servers {
            let told = tree.servers.iter().find(|told| told.id == server.id);
            let Some(linkage) = told.and_then(|told| tree.reached(told)) else { continue };
            self.keep_at(way, linkage, &wanted_later(server, &plan, &known, &held), by).await?;
        }
        Ok(())
    }
}

/// Who is to be in which groups once it first reports to a server, but for groups that nobody writes for now.
pub(crate) fn wanted_later(
    server: &Server,
    plan: &Plan,
    known: &Known,
    held: &BTreeMap<GroupId, String>,
) -> BTreeMap<ClientId, BTreeSet<GroupId>> {
    let mut wanted = kept(server, plan, &known.hosts, &known.computers);
    wanted.values_mut().for_each(|groups| groups.retain(|group| !held.contains_key(group)));
    wanted.retain(|_, groups| !groups.is_empty());
    wanted
}

fn list(wanted: &BTreeMap<ClientId, BTreeSet<GroupId>>, by: &str) -> Result<KeptMemberships, ManagerError> {
    let groups: BTreeSet<GroupId> = wanted.values().flatten().copied().collect();
    if wanted.len() > KEPT_COMPUTERS_MAX || groups.len() > KEPT_GROUPS_MAX {
        return Err(ManagerError::Refused(format!(
            "a Linkage keeps {KEPT_COMPUTERS_MAX} computers and {KEPT_GROUPS_MAX} groups at most: make WSUS groups of \
             fewer host groups"
        )));
    }
    let places: BTreeMap<GroupId, u16> = groups.iter().copied().zip(0..).collect();
    let computers = wanted.iter().map(|(client, groups)| KeptComputer {
        client: client.clone(),
        groups: groups.iter().filter_map(|group| places.get(group).copied()).collect(),
    });
    let list = KeptMemberships {
        mark: String::new(),
        by: String::new(),
        groups: groups.iter().copied().collect(),
        computers: computers.collect(),
    };
    // Of what is wanted alone: another operator's run makes no other list.
    let mark = fingerprint(&list).to_string();
    Ok(KeptMemberships { mark, by: by.to_owned(), ..list })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_known_by_what_it_wants() {
        let wanted = |groups: &[u128]| {
            let groups = groups.iter().map(|id| GroupId::from_u128(*id)).collect();
            BTreeMap::from([("pc1".parse().expect("an id"), groups)])
        };
        let first = list(&wanted(&[7, 9]), "ada").expect("a list");
        assert_eq!(first.check(), Ok(()));
        let groups: Vec<GroupId> = first.groups_of(&first.computers[0]).collect();
        assert_eq!(groups, [GroupId::from_u128(7), GroupId::from_u128(9)]);
        assert_eq!(first.mark, list(&wanted(&[9, 7]), "eve").expect("a list").mark);
        assert_ne!(first.mark, list(&wanted(&[7]), "ada").expect("a list").mark);
        let many =
            (0..=KEPT_COMPUTERS_MAX).map(|n| (format!("pc{n}").parse().expect("an id"), BTreeSet::new()));
        assert!(list(&many.collect(), "ada").is_err());
    }
}
