//! How a halt reaches the servers below: each takes it from the one above, so the one above comes first, and one
//! that is not reached has its turn when it is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::{Approve, WsusMode};
use headwater_api::{Approval, NewRevisions, ServerFollow, TreeServer, UpdateDetail};
use headwater_model::{GroupId, ServerId, UpdateId, chain};
use headwater_store::LinkageRow;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::ask::Way;
use crate::details::ASKED_AT_ONCE;
use crate::{Manager, ManagerError};

/// Between two looks while a server is on its way, and while nothing is but some are not reached.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_LONG: Duration = Duration::from_secs(30);
/// A server that is silent for longer is asked again in the next round, so that it holds up no other.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server does with a halted update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Offered,
    Withdrawn,
    NotKnown,
}

/// What makes a server withdraw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It takes from the server above.
    Synchronise,
    /// It has taken over the top's approvals for managed groups, and synchronises none.
    Withdraw,
}

/// What is to be done now, the servers in the order of the tree. Servers that decide by themselves, and those
/// below them, are left alone: what they offer is theirs.
fn steps(servers: &[&TreeServer], standings: &BTreeMap<ServerId, Standing>) -> Vec<(ServerId, Step)> {
    let mut steps = Vec::new();
    let mut ready: HashSet<ServerId> = HashSet::new();
    for server in servers {
        let standing = standings.get(&server.id).copied().unwrap_or(Standing::NotKnown);
        let takes = match (takes(server), server.parent) {
            (Takes::Nothing, _) => continue,
            (Takes::FromAbove, Some(parent)) if !ready.contains(&parent) => continue,
            (takes, _) => takes,
        };
        match (standing, takes) {
            (Standing::Withdrawn, _) | (_, Takes::IsTop) => drop(ready.insert(server.id)),
            (Standing::Offered, Takes::FromAbove) => steps.push((server.id, Step::Synchronise)),
            (Standing::Offered, _) => steps.push((server.id, Step::Withdraw)),
            (Standing::NotKnown, _) => {}
        }
    }
    steps
}

/// From where a server has its approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    IsTop,
    FromAbove,
    /// By orders, for an autonomous server synchronises none.
    Orders,
    Nothing,
}

fn takes(server: &TreeServer) -> Takes {
    match (server.mode, server.parent) {
        (_, None) => Takes::IsTop,
        (Some(WsusMode::Autonomous), _) if server.follow == ServerFollow::GroupsAndApprovals => Takes::Orders,
        (Some(WsusMode::Autonomous), _) => Takes::Nothing,
        _ => Takes::FromAbove,
    }
}

/// Whose halts are done everywhere, as far as this process has seen.
type Confirmed = HashMap<UpdateId, BTreeSet<ServerId>>;

/// Carries halts down the tree until `stopped` turns true.
pub async fn spread_halts(manager: Arc<Manager>, mut stopped: watch::Receiver<bool>) {
    let mut confirmed = Confirmed::new();
    loop {
        let pause = match manager.spread(&mut confirmed).await {
            Ok(pause) => pause,
            Err(ManagerError::NotLinked) => None,
            Err(error) => {
                tracing::debug!(error = chain(&error), "halts cannot be carried down");
                Some(PAUSE_LONG)
            }
        };
        tokio::select! {
            () = async { match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            } } => {}
            () = manager.halted.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

impl Manager {
    /// One look at the halts, and a step for each server that needs one. Answers when to look again; nothing where
    /// all is done.
    async fn spread(&self, confirmed: &mut Confirmed) -> Result<Option<Duration>, ManagerError> {
        let mut pause = None;
        let way = self.way().await?;
        let halts = self.store.halts().await?;
        confirmed.retain(|update, _| halts.iter().any(|halt| halt.update == *update));
        if way.review.is_some() || halts.is_empty() {
            return Ok(None);
        }
        let linkages: HashMap<ServerId, LinkageRow> =
            self.store.linkages().await?.into_iter().map(|row| (row.server, row)).collect();
        let managed: HashSet<GroupId> =
            self.store.host_groups().await?.into_iter().filter_map(|row| row.wsus_group).collect();
        let mirror = self.mirror();
        let servers: Vec<&TreeServer> = mirror.tree.servers.iter().map(|one| &one.server).collect();
        for halt in halts.into_iter().filter(|halt| halt.done_at.is_some()) {
            let confirmed = confirmed.entry(halt.update).or_default();
            let standings = self.standings(&way, &servers, &linkages, &managed, halt.update, confirmed).await;
            let steps = steps(&servers, &standings);
            let is_open = servers.iter().any(|server| {
                matches!(takes(server), Takes::FromAbove | Takes::Orders) && !confirmed.contains(&server.id)
            });
            let wait = if steps.is_empty() { PAUSE_LONG } else { PAUSE };
            if is_open {
                pause = Some(pause.map_or(wait, |pause: Duration| pause.min(wait)));
            }
            for (server, step) in steps {
                let Some(of) = linkages.get(&server) else { continue };
                let done = match step {
                    Step::Synchronise => self.synchronise_on(&way, of, &halt.asked_by).await.map(drop),
                    Step::Withdraw => {
                        self.withdraw_at(&way, of, halt.update, &managed, &halt.asked_by).await.map(drop)
                    }
                };
                if let Err(error) = done {
                    tracing::warn!(server = of.name, update = %halt.update, error = chain(&error), "a halt waits there");
                }
            }
        }
        Ok(pause)
    }

    /// What the servers do with an update that is halted at the top. Those that withdrew it stay confirmed.
    async fn standings(
        &self,
        way: &Way,
        servers: &[&TreeServer],
        linkages: &HashMap<ServerId, LinkageRow>,
        managed: &HashSet<GroupId>,
        update: UpdateId,
        confirmed: &mut BTreeSet<ServerId>,
    ) -> BTreeMap<ServerId, Standing> {
        let open = servers.iter().filter(|server| server.reached && !confirmed.contains(&server.id));
        let open: Vec<(LinkageRow, Takes)> =
            open.filter_map(|server| Some((linkages.get(&server.id)?.clone(), takes(server)))).collect();
        let asked = stream::iter(open).map(|(of, takes)| self.offers(way, of, takes, managed, update));
        let told: Vec<_> = asked.buffer_unordered(ASKED_AT_ONCE).collect().await;
        let told: Vec<(ServerId, bool)> = told.into_iter().flatten().collect();
        confirmed.extend(told.iter().filter(|(_, is_offered)| !is_offered).map(|(id, _)| *id));
        let withdrawn = confirmed.iter().map(|id| (*id, Standing::Withdrawn));
        let offered =
            told.iter().filter(|(_, is_offered)| *is_offered).map(|(id, _)| (*id, Standing::Offered));
        withdrawn.chain(offered).collect()
    }

    /// Whether a server offers an update that it takes from the top; nothing where it does not say.
    async fn offers(
        &self,
        way: &Way,
        of: LinkageRow,
        takes: Takes,
        managed: &HashSet<GroupId>,
        update: UpdateId,
    ) -> Option<(ServerId, bool)> {
        let approvals = match timeout(PATIENCE, self.update_at(way, &of, update)).await.ok()? {
            Ok(UpdateDetail { approvals, .. }) => approvals,
            Err(ManagerError::NotFound(_)) => Vec::new(),
            Err(_) => return None,
        };
        let is_meant = |one: &Approval| takes != Takes::Orders || managed.contains(&one.group);
        Some((of.server, approvals.iter().any(is_meant)))
    }

    /// Takes back what a server has taken over from the top.
    async fn withdraw_at(
        &self,
        way: &Way,
        of: &LinkageRow,
        update: UpdateId,
        managed: &HashSet<GroupId>,
        by: &str,
    ) -> Result<(), ManagerError> {
        let approvals = self.update_at(way, of, update).await?.approvals;
        for approval in approvals.into_iter().filter(|one| managed.contains(&one.group)) {
            let withdraw = Approve {
                by: by.to_owned(),
                updates: vec![update],
                group: approval.group,
                action: None,
                deadline: None,
                new_revisions: NewRevisions::default(),
                seen: Vec::new(),
            };
            let done = self.approve_on(way, of, withdraw).await?;
            if let Some((_, reason)) = done.refused.first() {
                return Err(ManagerError::Refused(format!("{}: {reason}", of.name)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::sample_server;

    const ID: fn(u128) -> ServerId = ServerId::from_u128;

    fn server(id: u128, parent: Option<u128>, mode: WsusMode, follow: ServerFollow) -> TreeServer {
        TreeServer {
            parent: parent.map(ID),
            mode: Some(mode),
            follow,
            ..sample_server(ID(id), "a server").server
        }
    }

    #[test]
    fn a_server_has_its_turn_after_the_one_above_it() {
        use ServerFollow::Nothing;
        use Standing::{NotKnown, Offered, Withdrawn};
        let tree = [
            server(1, None, WsusMode::Top, Nothing),
            server(2, Some(1), WsusMode::Replica, Nothing),
            server(3, Some(2), WsusMode::Replica, Nothing),
            server(4, Some(1), WsusMode::Replica, Nothing),
        ];
        let servers: Vec<&TreeServer> = tree.iter().collect();
        let cases: [([Standing; 3], &[u128]); 6] = [
            ([Offered, Offered, Offered], &[2, 4]),
            ([Withdrawn, Offered, Offered], &[3, 4]),
            ([Withdrawn, Withdrawn, Withdrawn], &[]),
            ([NotKnown, Offered, Offered], &[4]),
            // Whoever took it from the top by itself.
            ([Offered, Withdrawn, Withdrawn], &[2]),
            ([Withdrawn, NotKnown, Withdrawn], &[]),
        ];
        for (standings, expected) in cases {
            let standings = (2..).map(ID).zip(standings).collect();
            let expected: Vec<_> = expected.iter().map(|id| (ID(*id), Step::Synchronise)).collect();
            assert_eq!(steps(&servers, &standings), expected, "{standings:?}");
        }
    }

    #[test]
    fn who_follows_is_told_and_who_decides_by_itself_is_left_alone() {
        use Standing::{Offered, Withdrawn};
        let tree = [
            server(1, None, WsusMode::Top, ServerFollow::Nothing),
            server(2, Some(1), WsusMode::Autonomous, ServerFollow::GroupsAndApprovals),
            server(3, Some(2), WsusMode::Replica, ServerFollow::Nothing),
            server(4, Some(1), WsusMode::Autonomous, ServerFollow::Nothing),
            server(5, Some(4), WsusMode::Replica, ServerFollow::Nothing),
        ];
        let servers: Vec<&TreeServer> = tree.iter().collect();
        let all = |standing: Standing| (2..6).map(|id| (ID(id), standing)).collect::<BTreeMap<_, _>>();
        assert_eq!(steps(&servers, &all(Offered)), [(ID(2), Step::Withdraw)]);
        let mut next = all(Offered);
        next.insert(ID(2), Withdrawn);
        assert_eq!(steps(&servers, &next), [(ID(3), Step::Synchronise)]);
    }
}
