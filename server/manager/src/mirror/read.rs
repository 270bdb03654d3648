//! Reading the mirror: a reconciler that runs on a timer and on a signal.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::{UpdateCount, WsusKind};
use headwater_api::{ComputerSummary, ServerRef, SyncServer, SyncServerState, TreeServer, UpdateSummary};
use headwater_model::{ClientId, ServerId, UpdateId, chain};
use headwater_policy::group::DOWNSTREAM_SERVERS;
use headwater_store::LinkageRow;
use headwater_tree::matching::matched;
use tokio::sync::watch;

use super::{Computers, Counts, Mirror, Problem, ServerView, TreeView, Updates, products};
use crate::ask::Way;
use crate::details::ASKED_AT_ONCE;
use crate::notes::note;
use crate::sync::untouched;
use crate::tree::Tree;
use crate::{Changed, Manager, ManagerError};

/// Between two readings at least. Else so long that reading by itself takes no more than a third of the time, for
/// the servers have other work; what is changed from here is read at once.
const PAUSE_MIN: Duration = Duration::from_secs(5);
const PAUSES_PER_READING: u32 = 2;
/// At most after a reading that failed: most of that was waiting, and an end of it is to be noticed.
const PAUSE_FAILED_MAX: Duration = Duration::from_secs(60);
/// How often at most the mirror is written to the database.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// Keeps the mirror up to date until `stopped` turns true.
pub async fn follow_wsus(manager: Arc<Manager>, mut stopped: watch::Receiver<bool>) {
    let mut kept_at: Option<Instant> = None;
    loop {
        let begun = Instant::now();
        tokio::select! {
            () = manager.follow() => {}
            _ = stopped.wait_for(|stop| *stop) => break,
        }
        let took = begun.elapsed();
        if let Err(error) = manager.keep_record().await {
            tracing::warn!(error = chain(&error), "the end of the record could not be kept");
        }
        tracing::debug!(ms = took.as_millis() as u64, "the mirror was read");
        if kept_at.is_none_or(|at| at.elapsed() > KEEP_EVERY) {
            keep(&manager).await;
            kept_at = Some(Instant::now());
        }
        let is_whole = manager.mirror().problem.is_none();
        tokio::select! {
            () = tokio::time::sleep(pause(took, is_whole)) => {}
            () = manager.look.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
    keep(&manager).await;
}

fn pause(took: Duration, is_whole: bool) -> Duration {
    let pause = (took * PAUSES_PER_READING).max(PAUSE_MIN);
    if is_whole { pause } else { pause.min(PAUSE_FAILED_MAX) }
}

async fn keep(manager: &Manager) {
    if let Err(error) = manager.keep_mirror().await {
        tracing::warn!(error = chain(&error), "the mirror could not be written");
    }
    if let Err(error) = manager.keep_compliance().await {
        tracing::warn!(error = chain(&error), "how the computers stand today could not be written");
    }
}

impl Manager {
    /// The mirror as it is.
    pub fn mirror(&self) -> Arc<Mirror> {
        self.mirror.load_full()
    }

    /// Lets the mirror be read soon, for something has changed.
    pub fn look_again(&self) {
        self.look.notify_one();
    }

    /// Tells of every new state of the mirror, and of all that a run does.
    pub fn changes(&self) -> watch::Receiver<Changed> {
        self.changed.subscribe()
    }

    /// Certificates first: a WSUS that does not answer is no reason for one to run out.
    async fn follow(&self) {
        match self.keep_trust().await {
            // The mirror tells what is not reached or not understood.
            Ok(())
            | Err(
                ManagerError::NotLinked | ManagerError::NotReached { .. } | ManagerError::OtherVersion(_),
            ) => {}
            Err(error) => tracing::warn!(error = chain(&error), "certificates cannot be seen to"),
        }
        self.refresh_mirror().await;
    }

    async fn refresh_mirror(&self) {
        let (before, begun) = (self.mirror(), Instant::now());
        let next = match self.read_mirror(&before).await {
            Ok(next) => next,
            Err(ManagerError::NotLinked) => Mirror::default(),
            Err(error) => {
                let since = before.problem.as_ref().map_or_else(|| self.now(), |problem| problem.since);
                if before.problem.is_none() {
                    tracing::warn!(error = chain(&error), "the linked WSUS cannot be read");
                }
                Mirror { problem: Some(Problem { what: error.in_words(), since }), ..(*before).clone() }
            }
        };
        let is_new = next.problem.is_none();
        self.mirror.store(Arc::new(next));
        if is_new {
            self.shown_since(begun);
            // A server may be reached that was not when something was halted.
            self.halted.notify_one();
        }
        self.changed.send_modify(|changed| changed.readings += 1);
    }

    async fn read_mirror(&self, before: &Mirror) -> Result<Mirror, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let mut top = self.contents_of(&way, &way.top).await?;
        // First, so that whoever appears between the two is not taken for one that was there already.
        let (mut computers, unread) = self.read_computers(&way, &tree, &before.computers).await?;
        let known = self.known(&way, &tree).await?;
        let differences = self.differences(&way, &tree, known.clone(), &top).await?;
        // No computer is in that group, and nobody approves for it.
        top.groups.retain(|group| group.id != DOWNSTREAM_SERVERS);
        let joining = self.waiting(&way).await?.into_iter().map(|(_, one)| one).collect();
        let mut updates = self.read_updates(&way).await?;
        let counts = self.read_counts(&way, &tree, &before.counts).await;
        let has_computers = |server: ServerId| {
            computers.iter().any(|one| one.server.as_ref().is_some_and(|home| home.id == server))
        };
        add_counts(&mut updates, &counts, has_computers);
        // Of one that never told its computers it is not known that there are none.
        let may_have = |server: ServerId| has_computers(server) || unread.contains(&server);
        let uncounted = uncounted(&tree.servers, &counts, may_have);
        if tree.servers.first().is_some_and(|top| top.kind == Some(WsusKind::Microsoft)) {
            self.see_listed(&updates).await?;
        }
        self.remember_sightings(before.computers.all(), &computers).await?;
        self.remember_appearances(before, &computers, &known.computers).await?;
        let matching = matched(&known.hosts, &known.computers, &known.sightings);
        note(&mut computers, &matching, &known, &tree.servers);
        let now = self.now();
        let mut standing: HashMap<ServerId, SyncServer> =
            differences.servers.into_iter().map(|one| (one.id, one)).collect();
        let mut silent: HashMap<Option<ServerId>, u64> = HashMap::new();
        for computer in computers.iter().filter(|computer| computer.silent) {
            *silent.entry(computer.server.as_ref().map(|server| server.id)).or_default() += 1;
        }
        let servers = tree.servers.iter().map(|server| {
            let was = before.tree.server(server.id);
            let standing = standing.remove(&server.id).unwrap_or_else(|| {
                // The comparison said nothing about it.
                untouched(server.id, &server.name, server.mode, SyncServerState::NotReached)
            });
            ServerView {
                depth: depth(&tree.servers, server),
                silent: silent.get(&Some(server.id)).copied().unwrap_or(0),
                since: Some(ServerView::standing_since(&standing, was, now)),
                standing,
                ahead_seconds: tree.ahead_seconds(server),
                // One that is not reached is of the kind that it was.
                server: TreeServer { kind: server.kind.or_else(|| was?.server.kind), ..server.clone() },
            }
        });
        // What was read while another WSUS took the place of the linked one is of neither.
        let still = self.identity_of(&way, &way.top).await?;
        self.must_be_linked(&still, &way).await?;
        Ok(Mirror {
            read_at: Some(now),
            problem: None,
            tree: Arc::new(TreeView {
                url: way.dial.url().to_string(),
                suspended: tree.suspended(),
                servers: servers.collect(),
                outside: tree.outside.clone(),
                joining,
                groups: top.groups,
                approvals: top.approvals,
            }),
            updates: Arc::new(Updates::new(updates)),
            counts,
            uncounted,
            products: Arc::new(products::read(&computers, &known.computers, &before.products)),
            computers: Arc::new(Computers::new(computers)),
            reimaged: Arc::new(matching.reimaged()),
            known: Some(Arc::new(known)),
        })
    }

    async fn read_updates(&self, way: &Way) -> Result<Vec<UpdateSummary>, ManagerError> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self.updates_of(way, &way.top, after.take()).await?;
            found.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// What computers say of updates that the linked WSUS does not count. Of servers that are not reached, or
    /// cannot be read, it is what they last told to this process; but not of one with others below, which it may
    /// have counted and which are asked themselves now.
    async fn read_counts(&self, way: &Way, tree: &Tree, before: &Counts) -> Counts {
        let apart = told_apart(&tree.servers).skip(1);
        let stands_alone = |id: ServerId| tree.servers.iter().all(|server| server.parent != Some(id));
        let apart: Vec<(LinkageRow, Option<Arc<[UpdateCount]>>)> = apart
            .filter_map(|server| {
                let told = before.get(&server.id).filter(|_| stands_alone(server.id));
                Some((tree.linkages.get(&server.id)?.clone(), told.cloned()))
            })
            .collect();
        let asked = stream::iter(apart).map(|(of, told)| self.counts_at(way, of, told));
        let told: Vec<_> = asked.buffer_unordered(ASKED_AT_ONCE).collect().await;
        told.into_iter().flatten().collect()
    }

    async fn counts_at(
        &self,
        way: &Way,
        of: LinkageRow,
        told: Option<Arc<[UpdateCount]>>,
    ) -> Option<(ServerId, Arc<[UpdateCount]>)> {
        let counts = self.update_counts_of(way, &of).await.ok().map(Arc::from);
        Some((of.server, counts.or(told)?))
    }

    /// A Headwater tells the computers of its whole tree, a Microsoft WSUS only its own: so the servers
    /// below one are asked too. Those of servers that are not reached, or cannot be read, stay as
    /// they were; these servers are told too.
    async fn read_computers(
        &self,
        way: &Way,
        tree: &Tree,
        before: &Computers,
    ) -> Result<(Vec<ComputerSummary>, HashSet<ServerId>), ManagerError> {
        let mut found: HashMap<ClientId, ComputerSummary> = HashMap::new();
        let mut unread: HashSet<ServerId> = HashSet::new();
        for server in told_apart(&tree.servers) {
            let linkage = tree.linkages.get(&server.id).filter(|_| server.reached);
            let Some(linkage) = linkage else {
                unread.insert(server.id);
                continue;
            };
            let home = ServerRef { id: server.id, name: server.name.clone() };
            let mut after = None;
            loop {
                let page = match self.tree_computers_of(way, linkage, after.take()).await {
                    // Its computers stay as they were last told.
                    Err(_) if linkage.linkage != way.top.linkage => {
                        unread.insert(server.id);
                        break;
                    }
                    page => page?,
                };
                for mut computer in page.items {
                    computer.server.get_or_insert_with(|| home.clone());
                    call_as_it_does(&mut computer, &tree.servers);
                    tell_by_our_clock(&mut computer, tree);
                    newest(&mut found, computer);
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        for computer in &before.all {
            if computer.server.as_ref().is_some_and(|home| unread.contains(&home.id)) {
                newest(&mut found, computer.clone());
            }
        }
        Ok((found.into_values().collect(), unread))
    }
}

/// The servers below the top whose counts are missing, by name, of those that may have computers.
fn uncounted(
    servers: &[TreeServer],
    counts: &Counts,
    may_have_computers: impl Fn(ServerId) -> bool,
) -> Arc<[String]> {
    let apart = told_apart(servers).skip(1);
    let missing = apart.filter(|one| !counts.contains_key(&one.id) && may_have_computers(one.id));
    missing.map(|one| one.name.clone()).collect()
}

/// A server that tells no states of anything, or only of some updates, is of an earlier version: of no update it is known
/// then what its computers said of it.
fn add_counts(updates: &mut [UpdateSummary], counts: &Counts, has_computers: impl Fn(ServerId) -> bool) {
    let tells_states = |(server, counts): (&ServerId, &Arc<[UpdateCount]>)| {
        counts.iter().all(|one| one.states.is_some()) && !(counts.is_empty() && has_computers(*server))
    };
    let is_told = counts.iter().all(tells_states);
    let mut below: HashMap<UpdateId, Vec<&UpdateCount>> = HashMap::new();
    for one in counts.values().flat_map(|counts| counts.iter()) {
        below.entry(one.update).or_default().push(one);
    }
    for update in updates {
        update.states = update.states.filter(|_| is_told);
        for one in below.remove(&update.id).into_iter().flatten() {
            add_count(update, one);
        }
    }
}

/// Adds what another server counted. By state it is told only if both tell it.
pub(crate) fn add_count(update: &mut UpdateSummary, more: &UpdateCount) {
    update.needed += more.needed;
    update.installed += more.installed;
    update.failed += more.failed;
    update.states = update.states.zip(more.states).map(|(mut states, more)| {
        states += more;
        states
    });
}

/// Each server, the top first, with the one that tells what its computers say: a Headwater tells of all below it, a
/// Microsoft WSUS of its own computers.
pub(crate) fn tellers<'a>(
    servers: impl IntoIterator<Item = &'a TreeServer>,
) -> impl Iterator<Item = (&'a TreeServer, ServerId)> {
    let mut covered: HashMap<ServerId, ServerId> = HashMap::new();
    servers.into_iter().map(move |server| {
        let above = server.parent.and_then(|parent| covered.get(&parent).copied());
        let teller = above.unwrap_or(server.id);
        if above.is_some() || server.kind == Some(WsusKind::Headwater) {
            covered.insert(server.id, teller);
        }
        (server, teller)
    })
}

/// The servers that are to be asked for what computers say, the top first.
pub(crate) fn told_apart<'a>(
    servers: impl IntoIterator<Item = &'a TreeServer>,
) -> impl Iterator<Item = &'a TreeServer> {
    tellers(servers).filter(|(server, teller)| server.id == *teller).map(|(server, _)| server)
}

/// A server is called as it calls itself, and not as the one above it does.
fn call_as_it_does(computer: &mut ComputerSummary, servers: &[TreeServer]) {
    let Some(home) = &mut computer.server else { return };
    if let Some(known) = servers.iter().find(|one| one.id == home.id) {
        home.name.clone_from(&known.name);
    }
}

fn tell_by_our_clock(computer: &mut ComputerSummary, tree: &Tree) {
    let Some(home) = &computer.server else { return };
    computer.last_contact_at = tree.by_our_clock(home.id, computer.last_contact_at);
    computer.last_report_at = computer.last_report_at.map(|told| tree.by_our_clock(home.id, told));
}

/// Of a computer that several servers know, the one that it last spoke with counts.
fn newest(found: &mut HashMap<ClientId, ComputerSummary>, computer: ComputerSummary) {
    let known = found.entry(computer.id.clone()).or_insert_with(|| computer.clone());
    if known.last_contact_at < computer.last_contact_at {
        *known = computer;
    }
}

fn depth(servers: &[TreeServer], server: &TreeServer) -> usize {
    let mut depth = 0;
    let mut at = server;
    while let Some(parent) =
        servers.iter().find(|one| Some(one.id) == at.parent).filter(|_| depth < servers.len())
    {
        at = parent;
        depth += 1;
    }
    depth
}

#[cfg(test)]
mod tests {
    use headwater_api::{UpdateCounts, UpdateStates};

    use super::*;
    use crate::mirror::{sample_server, sample_update};

    /// A tree of servers by number, each below the one that is named.
    fn tree(servers: &[(u128, Option<u128>, WsusKind)]) -> Vec<TreeServer> {
        let server = |(id, parent, kind): &(u128, Option<u128>, WsusKind)| TreeServer {
            parent: parent.map(ServerId::from_u128),
            kind: Some(*kind),
            ..sample_server(ServerId::from_u128(*id), "a server").server
        };
        servers.iter().map(server).collect()
    }

    #[test]
    fn a_headwater_tells_of_all_below_it_and_a_microsoft_wsus_of_its_own() {
        use WsusKind::{Headwater, Microsoft};
        let told = |servers: &[(u128, Option<u128>, WsusKind)]| {
            told_apart(&tree(servers)).map(|server| server.id).collect::<Vec<_>>()
        };
        let all_below = [(1, None, Headwater), (2, Some(1), Microsoft), (3, Some(2), Microsoft)];
        assert_eq!(told(&all_below), [ServerId::from_u128(1)]);
        let mixed = [
            (1, None, Microsoft),
            (2, Some(1), Microsoft),
            (3, Some(2), Headwater),
            (4, Some(3), Microsoft),
            (5, Some(1), Headwater),
        ];
        assert_eq!(told(&mixed), [1, 2, 3, 5].map(ServerId::from_u128));
    }

    #[test]
    fn a_server_that_never_told_anything_is_missing_in_the_counts() {
        let mut servers = tree(&[
            (1, None, WsusKind::Microsoft),
            (2, Some(1), WsusKind::Microsoft),
            (3, Some(1), WsusKind::Microsoft),
            (4, Some(1), WsusKind::Microsoft),
        ]);
        for (server, name) in servers.iter_mut().zip(["top", "counted", "silent", "empty"]) {
            server.name = name.to_owned();
        }
        let id = ServerId::from_u128;
        let counts = HashMap::from([(id(2), Arc::from([]))]);
        let named = |may_have: &[u128]| {
            let may_have: Vec<ServerId> = may_have.iter().copied().map(id).collect();
            uncounted(&servers, &counts, |server| may_have.contains(&server)).to_vec()
        };
        // The top tells its own counts with its updates.
        assert_eq!(named(&[1, 2, 3]), ["silent"]);
        assert_eq!(named(&[]), [""; 0]);
    }

    #[test]
    fn reading_takes_no_more_than_a_third_of_the_time() {
        let check = |took_ms: u64, is_whole, expected_ms: u64| {
            let found = pause(Duration::from_millis(took_ms), is_whole);
            assert_eq!(found, Duration::from_millis(expected_ms), "{took_ms} {is_whole}");
        };
        check(300, true, 5_000);
        check(20_000, true, 40_000);
        check(90_000, true, 180_000);
        check(110_000, false, 60_000);
        check(1_000, false, 5_000);
    }

    fn states(needed: u64, silent: Option<u64>) -> Option<UpdateStates> {
        let counts = |needed| UpdateCounts { needed, ..UpdateCounts::default() };
        Some(UpdateStates::new(counts(needed), silent.map(counts)))
    }

    /// What is told of two updates, the first of which the top counts too, where one lower server tells these.
    fn added(counts: Vec<UpdateCount>) -> Vec<UpdateSummary> {
        let id = UpdateId::from_u128;
        let top = UpdateSummary { needed: 5, states: states(5, Some(1)), ..sample_update(id(1)) };
        let mut updates = vec![top, UpdateSummary { states: states(0, Some(0)), ..sample_update(id(2)) }];
        let other =
            UpdateCount { update: id(1), needed: 7, installed: 2, failed: 1, states: states(6, Some(2)) };
        let (lower, alone) = (ServerId::from_u128(2), ServerId::from_u128(3));
        let counts = HashMap::from([(lower, Arc::from(counts)), (alone, Arc::from([other]))]);
        add_counts(&mut updates, &counts, |server| server == lower);
        updates
    }

    #[test]
    fn what_lower_servers_count_is_added() {
        let count = |update, needed, states| UpdateCount {
            update: UpdateId::from_u128(update),
            needed,
            installed: 0,
            failed: 0,
            states,
        };
        let told = added(vec![count(1, 3, states(3, Some(1))), count(9, 1, states(1, Some(0)))]);
        let sums = told.iter().map(|one| (one.needed, one.installed, one.failed));
        assert_eq!(sums.collect::<Vec<_>>(), [(15, 2, 1), (0, 0, 0)]);
        assert_eq!((told[0].states, told[1].states), (states(14, Some(4)), states(0, Some(0))));

        // One that does not tell who is silent, and those that tell no states: not even of what nobody needs there.
        let told = added(vec![count(1, 3, states(3, None))]);
        assert_eq!((told[0].states, told[1].states), (states(14, None), states(0, Some(0))));
        for earlier in [vec![count(1, 3, None)], vec![]] {
            let told = added(earlier);
            assert_eq!((told[0].states, told[1].states), (None, None));
            assert_eq!(told[0].installed, 2);
        }
    }
}
