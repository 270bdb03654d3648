//! How a halt reaches the servers below: each takes it from the one above, so the one above comes first, and one
//! that is not reached has its turn when it is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_api::{DifferenceKind, TreeServer};
use headwater_model::{GroupId, ServerId, Timestamp, UpdateId, chain};
use headwater_store::{HaltRow, LinkageRow};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::carry_out_halts;
use crate::ask::Way;
use crate::pause::doubled;
use crate::takes::{Takes, takes};
use crate::{Manager, ManagerError, Mirror};

/// Between two looks at the halts where nobody says that there is something to do.
const PAUSE_LONG: Duration = Duration::from_secs(30);
/// Before a server is visited again that did not withdraw the update yet: at first, and at most.
const AGAIN_MIN: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(600);
/// Servers that are visited at a time: a silent one takes a place for minutes, and a tree has few of those.
const VISITS_MAX: usize = 64;

/// How a server comes to withdraw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It takes from the server above.
    Synchronise,
    /// It has taken over the top's approvals for managed groups, and synchronises none.
    Withdraw,
}

/// Whose turn it is, in the order of the tree: those below one that withdrew it, and those that are told. Servers
/// that decide by themselves, and those below them, are left alone: what they offer is theirs.
fn turns(servers: &[&TreeServer], withdrew: impl Fn(ServerId) -> bool) -> Vec<(ServerId, Step)> {
    let (mut turns, takes) = (Vec::new(), takes(servers.iter().copied()));
    let mut ready: HashSet<ServerId> = HashSet::new();
    for server in servers {
        let step = match (takes.get(&server.id), server.parent) {
            (Some(Takes::Orders), _) => Step::Withdraw,
            (Some(Takes::FromAbove), Some(parent)) if ready.contains(&parent) => Step::Synchronise,
            (Some(Takes::IsTop), _) => {
                ready.insert(server.id);
                continue;
            }
            _ => continue,
        };
        if withdrew(server.id) {
            ready.insert(server.id);
        } else if server.reached {
            turns.push((server.id, step));
        }
    }
    turns
}

/// How far one halt is, as far as this process has seen.
#[derive(Default)]
struct Spreading {
    /// Servers that withdrew it, and when they said so.
    withdrew: HashMap<ServerId, Timestamp>,
    /// How often others were visited, and before when they are not again.
    visited: HashMap<ServerId, (u32, Instant)>,
}

impl Spreading {
    fn again(&self, server: ServerId) -> Option<Instant> {
        self.visited.get(&server).map(|(_, again)| *again)
    }

    /// Notes a visit after which it is still offered; whether it was the first one.
    fn note(&mut self, server: ServerId, now: Instant) -> bool {
        let (times, again) = self.visited.entry(server).or_insert((0, now));
        let pause = doubled(*times, AGAIN_MIN, AGAIN_MAX);
        (*times, *again) = (*times + 1, now + pause);
        *times == 1
    }

    /// One that is told what to do may be told otherwise by somebody else, and then is visited again: where the
    /// mirror, read since, knows an approval of it that the top does not have.
    fn doubt(&mut self, mirror: &Mirror) {
        self.withdrew.retain(|server, at| {
            let is_newer = mirror.read_at.is_some_and(|read| read > *at);
            let differs = mirror.tree.server(*server).is_some_and(|one| {
                one.standing.differences.iter().any(|one| one.kind == DifferenceKind::Approval)
            });
            let stays = !(is_newer && differs);
            if !stays {
                self.visited.remove(server);
            }
            stays
        });
    }
}

/// By the update and when it was halted: who halts it once more means all servers.
type Key = (UpdateId, Timestamp);

/// What is known of all halts, and the visits that go on: one of a server at a time.
#[derive(Default)]
struct Halts {
    known: HashMap<Key, Spreading>,
    visits: JoinSet<(Key, ServerId, Result<bool, ManagerError>)>,
    busy: HashSet<ServerId>,
}

/// Carries halts out, and down the tree, until `stopped` turns true: at once, after each reading of the mirror, and
/// in short pauses while servers are on their way.
pub async fn spread_halts(manager: Arc<Manager>, mut stopped: watch::Receiver<bool>) {
    let waiting = carry_out_halts(&manager, stopped.clone());
    let spreading = async {
        let mut halts = Halts::default();
        loop {
            let pause = match manager.spread(&mut halts).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::debug!(error = chain(&error), "halts cannot be carried down");
                    PAUSE_LONG
                }
            };
            tokio::select! {
                Some(visit) = halts.visits.join_next() => match visit {
                    Ok((halt, server, withdrew)) => manager.note_visit(&mut halts, halt, server, withdrew),
                    Err(error) => tracing::error!(%error, "a visit of a server broke off"),
                },
                () = tokio::time::sleep(pause) => {}
                () = manager.halted.notified() => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    };
    tokio::join!(waiting, spreading);
}

impl Manager {
    /// One look at the halts, and a visit of each server whose turn it is. Answers when to look again.
    async fn spread(self: &Arc<Self>, halts: &mut Halts) -> Result<Duration, ManagerError> {
        let rows: Vec<HaltRow> =
            self.store.halts().await?.into_iter().filter(|halt| halt.done_at.is_some()).collect();
        halts.known.retain(|key, _| rows.iter().any(|halt| (halt.update, halt.asked_at) == *key));
        let way = self.way().await?;
        if way.review.is_some() || rows.is_empty() {
            return Ok(PAUSE_LONG);
        }
        let linkages: HashMap<ServerId, LinkageRow> =
            self.store.linkages().await?.into_iter().map(|row| (row.server, row)).collect();
        let managed = Arc::new(self.managed_groups().await?);
        let mirror = self.mirror();
        let servers: Vec<&TreeServer> = mirror.tree.servers.iter().map(|one| &one.server).collect();
        if halts.visits.is_empty() {
            // One that broke off keeps no server from being visited.
            halts.busy.clear();
        }
        let (now, mut pause) = (Instant::now(), PAUSE_LONG);
        for halt in rows {
            let key = (halt.update, halt.asked_at);
            let known = halts.known.entry(key).or_default();
            known.doubt(&mirror);
            for (server, step) in turns(&servers, |server| known.withdrew.contains_key(&server)) {
                let Some(of) = linkages.get(&server) else { continue };
                let wait = known.again(server).map_or(Duration::ZERO, |again| again.duration_since(now));
                if !wait.is_zero() {
                    pause = pause.min(wait);
                } else if halts.visits.len() < VISITS_MAX && halts.busy.insert(server) {
                    let (manager, way, of) = (self.clone(), way.clone(), of.clone());
                    let (managed, halt) = (managed.clone(), halt.clone());
                    halts.visits.spawn(async move {
                        (key, server, manager.visit(&way, &of, step, &managed, &halt).await)
                    });
                }
            }
        }
        Ok(pause)
    }

    fn note_visit(
        &self,
        halts: &mut Halts,
        halt: Key,
        server: ServerId,
        withdrew: Result<bool, ManagerError>,
    ) {
        halts.busy.remove(&server);
        // It may be approved again meanwhile.
        let Some(known) = halts.known.get_mut(&halt) else { return };
        match withdrew {
            Ok(true) => {
                known.withdrew.insert(server, self.now());
            }
            Ok(false) => {
                known.note(server, Instant::now());
            }
            Err(error) => {
                if known.note(server, Instant::now()) {
                    tracing::warn!(%server, update = %halt.0, error = chain(&error), "a halt waits there");
                }
            }
        }
    }

    /// Whether a server offers a halted update to nobody. One that does is told to withdraw it.
    async fn visit(
        &self,
        way: &Way,
        of: &LinkageRow,
        step: Step,
        managed: &HashSet<GroupId>,
        halt: &HaltRow,
    ) -> Result<bool, ManagerError> {
        let approvals = match self.update_at(way, of, halt.update).await {
            Err(ManagerError::NotFound(_)) => Vec::new(),
            found => found?.approvals,
        };
        let is_meant = |group: &GroupId| step == Step::Synchronise || managed.contains(group);
        let offers = approvals.iter().filter(|one| one.action.offers());
        let groups: Vec<GroupId> = offers.map(|one| one.group).filter(is_meant).collect();
        if groups.is_empty() {
            return Ok(true);
        }
        // What keeps everything else from being written keeps these orders back too.
        let way = self.writable().await?;
        match step {
            Step::Synchronise => drop(self.synchronise_on(&way, of, &halt.asked_by).await?),
            Step::Withdraw => {
                self.withdraw_on(&way, of, halt.update, groups.into_iter(), &halt.asked_by).await?;
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::linkage::WsusMode;
    use headwater_api::{ServerFollow, SyncDifference};

    use super::*;
    use crate::mirror::{TreeView, sample_server};

    const ID: fn(u128) -> ServerId = ServerId::from_u128;

    fn server(id: u128, parent: Option<u128>, mode: WsusMode, follow: ServerFollow) -> TreeServer {
        TreeServer {
            parent: parent.map(ID),
            mode: Some(mode),
            follow,
            ..sample_server(ID(id), "a server").server
        }
    }

    /// Whose turn it is where these withdrew it.
    fn check(tree: &[TreeServer], withdrew: &[u128], expected: &[(u128, Step)]) {
        let servers: Vec<&TreeServer> = tree.iter().collect();
        let found = turns(&servers, |server| withdrew.iter().any(|id| ID(*id) == server));
        let expected: Vec<_> = expected.iter().map(|(id, step)| (ID(*id), *step)).collect();
        assert_eq!(found, expected, "{withdrew:?}");
    }

    #[test]
    fn a_server_has_its_turn_after_the_one_above_it() {
        use ServerFollow::Nothing;
        use Step::Synchronise;
        let mut tree = vec![
            server(1, None, WsusMode::Top, Nothing),
            server(2, Some(1), WsusMode::Replica, Nothing),
            server(3, Some(2), WsusMode::Replica, Nothing),
            server(4, Some(1), WsusMode::Replica, Nothing),
        ];
        check(&tree, &[], &[(2, Synchronise), (4, Synchronise)]);
        check(&tree, &[2], &[(3, Synchronise), (4, Synchronise)]);
        check(&tree, &[2, 4], &[(3, Synchronise)]);
        check(&tree, &[2, 3, 4], &[]);
        // Whoever took it from the top by itself.
        check(&tree, &[3, 4], &[(2, Synchronise)]);
        // Nobody waits for one that is not reached, but those below it.
        tree[1].reached = false;
        check(&tree, &[], &[(4, Synchronise)]);
    }

    #[test]
    fn who_follows_is_told_and_who_decides_by_itself_is_left_alone() {
        use Step::{Synchronise, Withdraw};
        let tree = [
            server(1, None, WsusMode::Top, ServerFollow::Nothing),
            server(2, Some(1), WsusMode::Autonomous, ServerFollow::GroupsAndApprovals),
            server(3, Some(2), WsusMode::Replica, ServerFollow::Nothing),
            server(4, Some(1), WsusMode::Autonomous, ServerFollow::Nothing),
            server(5, Some(4), WsusMode::Replica, ServerFollow::Nothing),
        ];
        check(&tree, &[], &[(2, Withdraw)]);
        check(&tree, &[2], &[(3, Synchronise)]);
    }

    #[test]
    fn who_does_not_come_to_its_end_is_visited_less_and_less() {
        let (mut spreading, begun) = (Spreading::default(), Instant::now());
        let (mut pauses, mut now) = (Vec::new(), begun);
        for round in 0..13 {
            assert_eq!(spreading.note(ID(2), now), round == 0);
            let again = spreading.again(ID(2)).expect("a time");
            pauses.push((again - now).as_millis());
            now = again;
        }
        let seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600].map(|seconds| seconds * 1_000);
        assert_eq!(pauses, [&[500], &seconds[..]].concat());
        assert_eq!(spreading.again(ID(3)), None);
    }

    #[test]
    fn who_shows_it_again_is_visited_again() {
        let at = Timestamp::EPOCH;
        let withdrew = |kind, read_at| {
            let mut view = sample_server(ID(2), "a server");
            view.standing.differences.push(SyncDifference { kind, text: String::new() });
            let tree = Arc::new(TreeView { servers: vec![view], ..TreeView::default() });
            let mirror = Mirror { read_at: Some(read_at), tree, ..Mirror::default() };
            let mut spreading = Spreading::default();
            spreading.note(ID(2), Instant::now());
            spreading.withdrew.insert(ID(2), at);
            spreading.doubt(&mirror);
            (spreading.withdrew.contains_key(&ID(2)), spreading.again(ID(2)).is_some())
        };
        assert_eq!(withdrew(DifferenceKind::Approval, at.plus_seconds(1)), (false, false));
        // As it was before it withdrew it; and what is no matter of approvals.
        assert_eq!(withdrew(DifferenceKind::Approval, at), (true, true));
        assert_eq!(withdrew(DifferenceKind::Member, at.plus_seconds(1)), (true, true));
    }
}
