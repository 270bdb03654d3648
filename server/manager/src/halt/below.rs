//! How a halt reaches the servers below: each takes it from the one above, so the one above comes first, and one
//! that is not reached has its turn when it is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use headwater_api::{Approval, TreeServer, UpdateDetail};
use headwater_model::{GroupId, ServerId, Timestamp, UpdateId, chain};
use headwater_store::{HaltRow, LinkageRow};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::ask::Way;
use crate::details::ASKED_AT_ONCE;
use crate::takes::{Takes, takes};
use crate::{Manager, ManagerError};

/// Between two looks while a server is on its way, and else.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_LONG: Duration = Duration::from_secs(30);
/// Between two questions to a server that does not come to its end.
const PAUSE_MAX: Duration = Duration::from_secs(600);
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
    let (mut steps, takes) = (Vec::new(), takes(servers.iter().copied()));
    let mut ready: HashSet<ServerId> = HashSet::new();
    for server in servers {
        let standing = standings.get(&server.id).copied().unwrap_or(Standing::NotKnown);
        let takes = takes.get(&server.id).copied().unwrap_or(Takes::Nothing);
        match (takes, server.parent) {
            (Takes::Nothing, _) => continue,
            (Takes::FromAbove, Some(parent)) if !ready.contains(&parent) => continue,
            _ => {}
        }
        match (standing, takes) {
            (Standing::Withdrawn, _) | (_, Takes::IsTop) => drop(ready.insert(server.id)),
            // Nothing can be ordered there.
            (Standing::Offered, _) if server.read_only => {}
            (Standing::Offered, Takes::FromAbove) => steps.push((server.id, Step::Synchronise)),
            (Standing::Offered, _) => steps.push((server.id, Step::Withdraw)),
            (Standing::NotKnown, _) => {}
        }
    }
    steps
}

/// How far one halt is, as far as this process has seen.
#[derive(Default)]
struct Spreading {
    /// Servers that withdrew it.
    confirmed: BTreeSet<ServerId>,
    /// How often a server was asked, and before when it is not asked again.
    asked: HashMap<ServerId, (u32, Instant)>,
}

impl Spreading {
    fn is_due(&self, server: ServerId, now: Instant) -> bool {
        self.asked.get(&server).is_none_or(|(_, again)| *again <= now)
    }

    /// Notes a question; whether it was the first one. The pauses double, so that one that cannot is not worn out.
    fn note(&mut self, server: ServerId, now: Instant) -> bool {
        let (times, again) = self.asked.entry(server).or_insert((0, now));
        let pause = PAUSE.saturating_mul(1 << (*times).min(10)).min(PAUSE_MAX);
        (*times, *again) = (*times + 1, now + pause);
        *times == 1
    }
}

/// By the update and when it was halted: who halts it once more means all servers.
type Halts = HashMap<(UpdateId, Timestamp), Spreading>;

/// Carries halts down the tree until `stopped` turns true: at once, after each reading of the mirror, and in short
/// pauses while servers are on their way.
pub async fn spread_halts(manager: Arc<Manager>, mut stopped: watch::Receiver<bool>) {
    let mut halts = Halts::new();
    loop {
        let pause = match manager.spread(&mut halts).await {
            Ok(true) => PAUSE,
            Ok(false) | Err(ManagerError::NotLinked) => PAUSE_LONG,
            Err(error) => {
                tracing::debug!(error = chain(&error), "halts cannot be carried down");
                PAUSE_LONG
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = manager.halted.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

impl Manager {
    /// One look at the halts, and a step for each server that needs one. Answers whether servers are on their way.
    async fn spread(&self, known: &mut Halts) -> Result<bool, ManagerError> {
        let halts: Vec<HaltRow> =
            self.store.halts().await?.into_iter().filter(|halt| halt.done_at.is_some()).collect();
        known.retain(|key, _| halts.iter().any(|halt| (halt.update, halt.asked_at) == *key));
        let way = self.way().await?;
        if way.review.is_some() || halts.is_empty() {
            return Ok(false);
        }
        let linkages: HashMap<ServerId, LinkageRow> =
            self.store.linkages().await?.into_iter().map(|row| (row.server, row)).collect();
        let managed = self.managed_groups().await?;
        let mirror = self.mirror();
        let servers: Vec<&TreeServer> = mirror.tree.servers.iter().map(|one| &one.server).collect();
        let mut are_on_their_way = false;
        for halt in halts {
            let known = known.entry((halt.update, halt.asked_at)).or_default();
            let standings =
                self.standings(&way, &servers, &linkages, &managed, halt.update, &mut known.confirmed).await;
            let due: Vec<_> = steps(&servers, &standings)
                .into_iter()
                .filter(|(server, _)| known.is_due(*server, Instant::now()))
                .collect();
            if due.is_empty() {
                continue;
            }
            // What keeps everything else from being written keeps these orders back too.
            let way = self.writable().await?;
            are_on_their_way = true;
            for (server, step) in due {
                let Some(of) = linkages.get(&server) else { continue };
                let is_first = known.note(server, Instant::now());
                let done = match step {
                    Step::Synchronise => self.synchronise_on(&way, of, &halt.asked_by).await.map(drop),
                    Step::Withdraw => {
                        self.withdraw_at(&way, of, halt.update, &managed, &halt.asked_by).await.map(drop)
                    }
                };
                if let Err(error) = done
                    && is_first
                {
                    let update = halt.update;
                    tracing::warn!(server = of.name, %update, error = chain(&error), "a halt waits there");
                }
            }
        }
        Ok(are_on_their_way)
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
        let takes = takes(servers.iter().copied());
        let is_asked = |server: &&&TreeServer| {
            let takes = takes.get(&server.id);
            matches!(takes, Some(Takes::FromAbove | Takes::Orders)) && !confirmed.contains(&server.id)
        };
        let open = servers.iter().filter(|server| server.reached).filter(is_asked);
        let open: Vec<(LinkageRow, Takes)> = open
            .filter_map(|server| Some((linkages.get(&server.id)?.clone(), *takes.get(&server.id)?)))
            .collect();
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
        let is_meant =
            |one: &Approval| one.action.offers() && (takes != Takes::Orders || managed.contains(&one.group));
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
        let groups = approvals.iter().map(|one| one.group).filter(|group| managed.contains(group));
        self.withdraw_on(way, of, update, groups, by).await
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::ServerFollow;
    use headwater_api::linkage::WsusMode;

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

    #[test]
    fn who_does_not_come_to_its_end_is_asked_less_and_less() {
        let (mut spreading, begun) = (Spreading::default(), Instant::now());
        let mut pauses = Vec::new();
        let mut now = begun;
        for round in 0..12 {
            assert!(spreading.is_due(ID(2), now));
            assert_eq!(spreading.note(ID(2), now), round == 0);
            let again = spreading.asked[&ID(2)].1;
            assert!(
                !spreading.is_due(ID(2), again - Duration::from_millis(1)) && spreading.is_due(ID(3), now)
            );
            pauses.push((again - now).as_secs());
            now = again;
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
    }
}
