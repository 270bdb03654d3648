//! The synchronisation command: it brings every lower WSUS in step with the top.
//!
//! A parent before its children, four at a time. Per server: its own synchronisation (updates, and for a
//! replica groups and approvals), then the members of groups, then the comparison with the top. What the
//! run has to do follows from what the servers say and never from an earlier run: the next one completes
//! one that was cut off, and the second in a row changes nothing.

mod follow;
mod left_out;
mod own;
mod register;
mod stopped;
mod wants;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use headwater_api::linkage::{Contents, WsusMode};
use headwater_api::{
    OutsideServer, SyncPart, SyncPhase, SyncReport, SyncRequest, SyncServer, SyncServerState, TreeServer,
};
use headwater_model::{ServerId, chain};
use headwater_store::RunKind;
use headwater_tree::changed::changed;
use headwater_tree::in_step::Wanted;
use headwater_tree::order::{Ended, Progress, Tree as Order};
use headwater_tree::server::{Mode, Server};
use headwater_tree::window::Window;
use jiff::tz::TimeZone;

use self::own::Took;
use self::register::Registered;
use self::stopped::stopping;
use self::wants::{Seen, Wants};
use crate::ask::Way;
use crate::compare::{contents, in_words};
use crate::known::Known;
use crate::recreate::Old;
use crate::running::{Running, Said};
use crate::runs::Looking;
use crate::server_settings::closed;
use crate::tree::Tree;
use crate::writers::Writable;
use crate::{Manager, ManagerError};

/// Between the beginnings of siblings, which all take from one server above.
const STAGGER: Duration = Duration::from_millis(500);

/// What holds for all servers of a run.
struct Run<'a> {
    manager: &'a Manager,
    way: &'a Way,
    tree: &'a Tree,
    selected: &'a Selected,
    request: &'a SyncRequest,
    by: &'a str,
    /// Whoever watches; nobody where servers are only compared.
    watched: Option<&'a Running>,
    /// What is compared with, where it was just read; else it is read for each server, for a run may take hours.
    top: Option<&'a Contents>,
}

/// The run that goes on, if it does all that is asked for.
fn going_on(
    current: &Option<Arc<Running>>,
    request: &SyncRequest,
) -> Result<Option<Arc<Running>>, ManagerError> {
    let goes_on = |one: &&Arc<Running>| !one.has_ended() && one.stopped_by().is_none();
    let Some(running) = current.as_ref().filter(goes_on) else { return Ok(None) };
    if running.covers(request) {
        return Ok(Some(running.clone()));
    }
    Err(ManagerError::Busy(format!(
        "another synchronisation goes on, begun by {}, which does less than that: try again when it has ended, or end it \
         with `headwater wsus sync stop`",
        running.started_by
    )))
}

impl Manager {
    /// Begins to bring the servers in step, or to say what differs. Where a run goes on already that does all of
    /// it, it is that one, for a second one would only be in its way; while another one goes on it is
    /// [`Busy`](ManagerError::Busy). It goes on when nobody watches any more. `who` matters where it only compares.
    pub async fn synchronise(
        self: &Arc<Self>,
        request: &SyncRequest,
        by: &str,
        who: Looking,
    ) -> Result<Arc<Running>, ManagerError> {
        match request.dry_run {
            true => self.list_differences(request, by, who).await,
            false => self.begin_run(request, by).await,
        }
    }

    async fn list_differences(
        self: &Arc<Self>,
        request: &SyncRequest,
        by: &str,
        who: Looking,
    ) -> Result<Arc<Running>, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let selected = Selected::of(&tree, request)?;
        self.comparisons.must_be_few(who)?;
        // It is no write, so it is kept like a run and not on the record.
        let number = self.store.begin_sync_run(RunKind::Dry, by, self.now()).await?;
        let running = Running::new(number, request.clone(), by, self.now(), self.changed.clone());
        let running = Arc::new(running);
        self.comparisons.add(who, running.clone());
        tokio::spawn(self.clone().carry_through(way, tree, selected, running.clone(), None));
        Ok(running)
    }

    async fn begin_run(
        self: &Arc<Self>,
        request: &SyncRequest,
        by: &str,
    ) -> Result<Arc<Running>, ManagerError> {
        // One that is being stopped does none of it any more.
        let stopped = stopping(&*self.running.lock().await);
        if let Some(stopping) = stopped {
            return self.begin_after(stopping, request, by).await;
        }
        if let Some(running) = going_on(&*self.running.lock().await, request)? {
            return Ok(running);
        }
        // A server that does not answer takes its time, and who stops or watches a run waits for nobody.
        let (way, tree) = self.writable_tree().await?;
        let selected = Selected::of(&tree, request)?;
        let mut current = self.running.lock().await;
        if let Some(running) = going_on(&current, request)? {
            return Ok(running);
        }
        if let Some(stopping) = stopping(&current) {
            drop((current, way));
            return self.begin_after(stopping, request, by).await;
        }
        let running = self.note_run(&mut current, request, by).await?;
        tokio::spawn(self.clone().carry_through((*way).clone(), tree, selected, running.clone(), Some(way)));
        Ok(running)
    }

    async fn carry_through(
        self: Arc<Self>,
        way: Way,
        tree: Tree,
        selected: Selected,
        running: Arc<Running>,
        writes: Option<Writable>,
    ) {
        let Running { request, started_by, number, .. } = &*running;
        running.select(&selected.servers);
        let (way, tree, selected) = (&way, &tree, &selected);
        let run = Run {
            manager: &self,
            way,
            tree,
            selected,
            request,
            by: started_by,
            watched: Some(&running),
            top: None,
        };
        let report = run.begin().await;
        let report = report.map(|report| SyncReport { run: Some(*number as u64), ..report });
        self.keep_end(*number, &report).await;
        if !request.dry_run {
            self.look_again();
        }
        drop(writes);
        running.end(report);
        self.comparisons.forget_old();
    }

    /// What every server lacks to be in step with what the top holds.
    pub(crate) async fn differences(
        &self,
        way: &Way,
        tree: &Tree,
        known: Known,
        top: &Contents,
    ) -> Result<SyncReport, ManagerError> {
        let request = &SyncRequest { dry_run: true, ..SyncRequest::default() };
        let selected = &Selected::of(tree, request)?;
        let run = Run { manager: self, way, tree, selected, request, by: "", watched: None, top: Some(top) };
        run.all(known, Vec::new()).await
    }

    /// The run that goes on, or the last one of this process.
    pub async fn running(&self) -> Option<Arc<Running>> {
        self.running.lock().await.clone()
    }
}

/// The servers that a run is about: the whole tree, a branch of it, or one.
struct Selected {
    order: Order,
    servers: BTreeSet<ServerId>,
}

impl Selected {
    fn of(tree: &Tree, request: &SyncRequest) -> Result<Self, ManagerError> {
        let SyncRequest { below, at, .. } = request;
        let order = Order::new(tree.decided());
        let order = order.map_err(|error| ManagerError::Refused(error.to_string()))?;
        let servers = match (at, below) {
            (Some(name), _) => order.named(name).map(|server| BTreeSet::from([server.id])),
            (None, Some(name)) => order.below(name),
            (None, None) => Ok(order.all()),
        };
        let named = at.as_ref().or(below.as_ref());
        let is_named = |one: &&OutsideServer| {
            named.is_some_and(|name| one.id.to_string() == *name || one.name.eq_ignore_ascii_case(name))
        };
        match servers {
            Ok(servers) => Ok(Self { order, servers }),
            Err(error) => Err(match tree.outside.iter().find(is_named) {
                Some(one) => ManagerError::Refused(format!("{} is outside the link: {}", one.name, one.why)),
                None => {
                    ManagerError::Invalid(format!("{error}; `headwater wsus show` lists those there are"))
                }
            }),
        }
    }
}

/// What a run read when it began, and what it has seen and written since.
struct Begun {
    wants: Arc<Wants>,
    seen: Mutex<Seen>,
    /// Groups that were made again at the top.
    made: Vec<String>,
}

impl Begun {
    /// Why it is not known whether the groups of a server have their members: it did not tell its computers.
    fn unread(&self, server: &Server) -> Option<&ManagerError> {
        let unread = self.wants.known.unread.get(&server.id).filter(|_| server.has_managed_groups());
        unread.map(|error| &**error)
    }
}

impl Run<'_> {
    /// Makes the groups again that the host groups need, then all servers.
    async fn begin(&self) -> Result<SyncReport, ManagerError> {
        let mut known = self.until_given_up("the tree", self.manager.known(self.way, self.tree)).await?;
        let does_groups = self.request.only.is_none_or(|only| only == SyncPart::Groups);
        // They are made and deleted at the top, and stand among its changes.
        let is_about_top = self.selected.servers.contains(&self.way.top.server);
        let does_groups = does_groups && is_about_top;
        let mut made = Vec::new();
        if does_groups && !self.request.dry_run {
            self.goes_on()?;
            made = self.manager.make_lost_groups(self.way, &known, self.by, &|| self.goes_on()).await?;
        }
        if !made.is_empty() {
            known = self.until_given_up("the tree", self.manager.known(self.way, self.tree)).await?;
        }
        let mut report = self.all(known, made).await?;
        if does_groups && self.goes_on().is_ok() {
            let old = if self.request.dry_run { Old::List } else { Old::Delete };
            let goes_on = || self.goes_on();
            let replaced = self.manager.delete_replaced(self.way, self.tree, old, self.by, &goes_on).await;
            replaced.tell(&mut report);
        }
        Ok(report)
    }

    async fn all(&self, known: Known, made: Vec<String>) -> Result<SyncReport, ManagerError> {
        let Selected { order, servers: selected } = self.selected;
        let seen = Mutex::new(Seen::new(&known));
        let begun = Begun { wants: Arc::new(self.wanted(known, 0)), seen, made };
        let mut progress: BTreeMap<ServerId, Progress> = BTreeMap::new();
        let mut ended: BTreeMap<ServerId, SyncServer> = BTreeMap::new();
        let mut working = FuturesUnordered::new();
        loop {
            let ready: Vec<&Server> =
                order.ready(selected, &progress).into_iter().filter_map(|id| order.get(id)).collect();
            for (at, &server) in ready.iter().enumerate() {
                progress.insert(server.id, Progress::Running);
                let siblings = ready[..at].iter().filter(|other| other.parent == server.parent).count();
                let (pause, begun) = (STAGGER * siblings as u32, &begun);
                working.push(async move {
                    if !self.request.dry_run {
                        tokio::time::sleep(pause).await;
                    }
                    self.one(server, begun).await
                });
            }
            let Some(done) = working.next().await else { break };
            progress.insert(
                done.id,
                match done.state {
                    SyncServerState::Failed | SyncServerState::NotReached => Progress::Failed,
                    SyncServerState::StillRunning => Progress::StillRunning,
                    SyncServerState::InStep | SyncServerState::Differs | SyncServerState::NoLinkage => {
                        Progress::Done
                    }
                },
            );
            ended.insert(done.id, done);
        }
        let not_reached: BTreeSet<ServerId> = order.not_reached(selected, &progress).into_iter().collect();
        let mut report = SyncReport { dry_run: self.request.dry_run, ..SyncReport::default() };
        let mut counts = Ended::default();
        for server in order.servers().iter().filter(|server| selected.contains(&server.id)) {
            let one = ended.remove(&server.id).unwrap_or_else(|| {
                let is_below = not_reached.contains(&server.id);
                let state = if is_below { SyncServerState::NotReached } else { SyncServerState::NoLinkage };
                let (replaced, beside) = (self.tree.replaced(server.id), self.tree.beside(server.id));
                let why = match (state, replaced, beside) {
                    (_, Some(replaced), _) => replaced.to_owned(),
                    (SyncServerState::NotReached, ..) => "a server above it is not in step yet".to_owned(),
                    (_, None, Some(beside)) => format!(
                        "{beside}; then install WSUS Linkage there and pair it with `headwater wsus pair`"
                    ),
                    _ => format!(
                        "install WSUS Linkage there and pair it with `headwater wsus pair`; if it is gone for good, \
                         delete its record with `headwater wsus server delete {}`",
                        self.tree.called(server.id, &server.name)
                    ),
                };
                SyncServer { problem: Some(why), ..self.untouched(server, state) }
            });
            count(&mut counts, one.state);
            report.servers.push(one);
        }
        report.exit = counts.exit_code();
        Ok(report)
    }

    fn untouched(&self, server: &Server, state: SyncServerState) -> SyncServer {
        untouched(server.id, &server.name, self.told(server).and_then(|told| told.mode), state)
    }

    fn told(&self, server: &Server) -> Option<&TreeServer> {
        self.tree.servers.iter().find(|one| one.id == server.id)
    }

    /// The time window of a server, if it has one that is closed now.
    fn closed(&self, server: &Server) -> Option<Window> {
        closed(self.told(server)?.window.as_deref(), self.manager.now(), &TimeZone::system())
    }

    fn say(&self, server: &Server, phase: SyncPhase, line: impl Into<String>) {
        self.tell(server, Said::new(phase, line));
    }

    fn tell(&self, server: &Server, said: Said) {
        if let Some(running) = self.watched {
            running.tell(server.id, &server.name, said);
        }
    }

    /// Where a run that somebody stopped ends: between two calls.
    fn goes_on(&self) -> Result<(), ManagerError> {
        match self.watched.and_then(Running::stopped_by) {
            Some(by) => Err(ManagerError::Refused(format!("{by} stopped the run"))),
            None => Ok(()),
        }
    }

    /// What the top holds: what is decided there while a run goes on is as good as what was before.
    async fn top(&self) -> Result<Cow<'_, Contents>, ManagerError> {
        match self.top {
            Some(top) => Ok(Cow::Borrowed(top)),
            None => Ok(Cow::Owned(self.manager.contents_of(self.way, &self.way.top).await?)),
        }
    }

    /// One server, from its own synchronisation to the comparison.
    async fn one(&self, server: &Server, begun: &Begun) -> SyncServer {
        let started = Instant::now();
        let mut done = self.untouched(server, SyncServerState::InStep);
        let failed = |error: &ManagerError| match error {
            ManagerError::NotReached { .. } | ManagerError::OtherVersion(_) => {
                (SyncServerState::NotReached, chain(error))
            }
            _ => (SyncServerState::Failed, chain(error)),
        };
        // A run asks once more: what was looked at when it began may be long ago. One of another version stays so,
        // and one that was rebuilt.
        let is_final = |error: &&ManagerError| {
            self.request.dry_run
                || matches!(error, ManagerError::OtherVersion(_))
                || self.tree.is_rebuilt(server.id)
        };
        let unread = begun.unread(server).filter(|_| self.request.dry_run);
        let known = self.tree.problem(server.id).filter(is_final).or(unread);
        let problem = match (self.tree.replaced(server.id), known) {
            (Some(line), _) => Some((SyncServerState::NotReached, line.to_owned())),
            (None, Some(error)) => Some(failed(error)),
            (None, None) => {
                let steps = self.steps(server, begun, &mut done);
                let ended = self.until_given_up(&server.name, steps).await;
                ended.err().map(|error| failed(&error))
            }
        };
        if let Some((state, problem)) = problem {
            (done.state, done.problem) = (state, Some(problem));
        }
        done.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let word = match done.state {
            SyncServerState::InStep => "in step".to_owned(),
            SyncServerState::Differs => format!("{} differences", done.differences_total),
            SyncServerState::Failed => "failed".to_owned(),
            SyncServerState::StillRunning => "still running".to_owned(),
            SyncServerState::NotReached => "not reached".to_owned(),
            SyncServerState::NoLinkage => "no Linkage".to_owned(),
        };
        if let Some(running) = self.watched {
            running.server_ended(&done);
        }
        self.say(server, SyncPhase::Done, word);
        done
    }

    async fn steps(&self, server: &Server, begun: &Begun, done: &mut SyncServer) -> Result<(), ManagerError> {
        let linkage = self.tree.linkages.get(&server.id).ok_or(ManagerError::NotLinked)?;
        let SyncRequest { dry_run, only, with_upstream, .. } = *self.request;
        if server.mode == Mode::Top {
            done.changed.extend(begun.made.iter().map(|name| format!("group {name} was made again")));
        }
        let closed = self.closed(server);
        let left = closed.filter(|_| self.request.keep_windows);
        let writes = !dry_run && left.is_none();
        match (left, closed) {
            (Some(window), _) => {
                done.problem = Some(format!("its time window {window} is closed: it was left for later"));
                if !dry_run {
                    self.manager.store.leave_server(server.id).await?;
                }
            }
            (None, Some(window)) if writes => {
                let line =
                    format!("its time window {window} is closed, which a run by hand does not wait for");
                self.say(server, SyncPhase::Updates, line);
            }
            _ => {}
        }
        self.goes_on()?;
        let takes = only != Some(SyncPart::Clients) && (server.mode != Mode::Top || with_upstream);
        let before = match writes && takes && server.mode != Mode::Top {
            true => Some(self.manager.contents_of(self.way, linkage).await?),
            false => None,
        };
        if writes && takes && self.take_updates(server, linkage, done).await? == Took::Longer {
            // Nothing else is asked of it meanwhile: what it holds is about to change.
            done.state = SyncServerState::StillRunning;
            done.differences = vec![own::still_running(self.limit_seconds())];
            done.differences_total = 1;
            return Ok(());
        }
        let mut missing = BTreeSet::new();
        if writes {
            missing = self.follow(server, linkage, begun).await?;
        }
        self.goes_on()?;
        let registers = only.is_none_or(|only| only == SyncPart::Clients);
        let mut registered = Registered::default();
        if writes && registers && server.has_managed_groups() {
            registered = self.register(server, linkage, begun, &missing, done).await?;
        }
        let is_unread = begun.unread(server).is_some();
        let wants = match registered.wants {
            // Of a large tree it takes seconds to find out.
            Some(wants) => wants,
            None if writes || is_unread => self.wants(server, linkage, begun, registered.removed).await?,
            None => begun.wants.clone(),
        };
        if writes && registers {
            self.keep(server, linkage, &wants).await?;
        }
        self.say(server, SyncPhase::Compare, "comparing with the top");
        // Before the top: what comes there in between is missing here, and what is here came from there.
        let here = match server.mode {
            Mode::Top => None,
            Mode::Replica | Mode::Autonomous(_) => Some(self.manager.contents_of(self.way, linkage).await?),
        };
        let top = &*self.top().await?;
        let here = here.as_ref().unwrap_or(top);
        let mirror = self.manager.mirror();
        let titles = |update| mirror.updates.get(update).map(|known| known.title.clone());
        if let Some(before) = before {
            done.changed.extend(changed(&contents(&before), &contents(here), &titles));
        }
        let left_out = self.left_out(server).await?;
        let wanted = Wanted { refused: registered.refused, left_out, ..wants.on(server.id) };
        let compared = self.manager.compare(server, self.tree, top, here, &wants.known, &wanted);
        done.differences_total = compared.counts.values().sum::<usize>() as u64;
        done.differences = in_words(&compared, &titles);
        done.local = compared.own();
        (done.files_held, done.files_wanted) = (here.files_held, here.files_held + here.files_wanted);
        if done.differences_total > 0 {
            done.state = SyncServerState::Differs;
        }
        Ok(())
    }
}

pub(crate) fn count(counts: &mut Ended, state: SyncServerState) {
    match state {
        SyncServerState::InStep => {}
        SyncServerState::Differs => counts.different += 1,
        SyncServerState::Failed => counts.failed += 1,
        SyncServerState::StillRunning => counts.still_running += 1,
        SyncServerState::NotReached => counts.not_reached += 1,
        SyncServerState::NoLinkage => counts.without_linkage += 1,
    }
}

/// A server of which nothing else is known.
pub(crate) fn untouched(
    id: ServerId,
    name: &str,
    mode: Option<WsusMode>,
    state: SyncServerState,
) -> SyncServer {
    SyncServer {
        id,
        name: name.to_owned(),
        mode,
        state,
        changed: Vec::new(),
        differences: Vec::new(),
        differences_total: 0,
        files_held: 0,
        files_wanted: 0,
        ms: 0,
        local: None,
        problem: None,
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;
    use crate::sample;

    #[tokio::test]
    async fn who_asks_for_a_run_after_a_stop_gets_another_one() {
        let (_folder, manager) = sample::manager(|| Timestamp::EPOCH).await;
        let (manager, request) = (Arc::new(manager), SyncRequest::default());
        let running = Running::new(1, request.clone(), "anna", Timestamp::EPOCH, manager.changed.clone());
        let running = Arc::new(running);
        *manager.running.lock().await = Some(running.clone());
        let joined = manager.synchronise(&request, "ben", Looking::Writer).await.expect("it goes on");
        assert!(Arc::ptr_eq(&joined, &running));

        running.stop("anna");
        let ends = async { running.end(Ok(SyncReport::default())) };
        // The one that is stopped is not joined; another one begins when it has ended, and nothing is linked here.
        let (asked, ()) = tokio::join!(biased; manager.synchronise(&request, "ben", Looking::Writer), ends);
        assert!(matches!(asked, Err(ManagerError::NotLinked)));
    }
}
