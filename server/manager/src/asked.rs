//! Runs of the synchronisation command that are asked for at lower servers, through their Linkages.
//!
//! The managing server asks the top Linkage for them, for nobody dials it. A Linkage asks with its own signature
//! and for its own server only; what follows is a run like any other, which is kept as begun by that Linkage
//! and holds what would remove too many members.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use headwater_api::linkage::{CLOCK_SECONDS_MAX, RUN_QUIET_SECONDS, RunNews, RunRequest, Signed};
use headwater_api::{Problem, SyncEvent, SyncReport, SyncRequest};
use headwater_link::{PublicKey, open_run_request};
use headwater_model::{Guid, LinkageId, ServerId, chain};
use headwater_store::LinkageRow;
use headwater_tree::asked::{APART_SECONDS, Answer, Asked};
use headwater_tree::order::Ended;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::ask::Way;
use crate::runs::Looking;
use crate::sync::count;
use crate::{ErrorKind, Manager, ManagerError, Running};

/// Between two questions: a Linkage that was stolen may ask without end.
const PAUSE: Duration = Duration::from_secs(1);
/// Until the next question where nothing is linked, or the top does not answer.
const PAUSE_NOT_REACHED: Duration = Duration::from_secs(2);
/// The same where it does not understand: it is of an earlier version.
const PAUSE_NOT_UNDERSTOOD: Duration = Duration::from_secs(60);
/// Who asked hears at least so often that the run goes on, more often than a Linkage gives it up.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// Runs that are waited for before the one that is asked for: others may ask all the time.
const RUNS_BEFORE_MAX: usize = 4;
/// Between two tries to tell the end of a run.
const TELL_AGAIN: Duration = Duration::from_secs(5);

/// Begins the runs that Linkages ask for, until the stop.
pub async fn follow_linkages(manager: Arc<Manager>, mut stopped: watch::Receiver<bool>) {
    let (mut asked, mut seen, mut answering) = (Asked::default(), Vec::new(), HashMap::new());
    loop {
        let step = tokio::select! {
            step = manager.take_runs(&mut asked, &mut seen, &mut answering) => step,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        let pause = match step {
            Ok(()) => PAUSE,
            // The mirror tells what is not reached.
            Err(ManagerError::NotLinked | ManagerError::NotReached { .. }) => PAUSE_NOT_REACHED,
            Err(error) => {
                tracing::warn!(error = chain(&error), "it is not known which runs Linkages ask for");
                PAUSE_NOT_UNDERSTOOD
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

impl Manager {
    /// Waits for the runs that are asked for, and begins them.
    async fn take_runs(
        self: &Arc<Self>,
        asked: &mut Asked,
        seen: &mut Vec<Guid>,
        answering: &mut HashMap<LinkageId, JoinHandle<()>>,
    ) -> Result<(), ManagerError> {
        let way = self.way().await?;
        let signed = self.runs_asked(&way, std::mem::take(seen)).await?;
        let linkages = self.store.linkages().await?;
        for signed in signed {
            let Some(row) = linkages.iter().find(|row| row.linkage == signed.linkage) else { continue };
            match self.read_run(&signed, row) {
                Ok(request) => {
                    seen.push(request.id);
                    let answer = asked.take(request.id, row.linkage, self.now(), CLOCK_SECONDS_MAX);
                    // One after the other, however long the last one takes.
                    let is_answered = answering.get(&row.linkage).is_some_and(|task| !task.is_finished());
                    let answer = match answer {
                        Answer::Begin if is_answered => Answer::TooSoon(APART_SECONDS),
                        answer => answer,
                    };
                    if answer != Answer::Repeated {
                        let task = self.clone().answer_run(way.clone(), row.clone(), request, answer);
                        let task = tokio::spawn(task);
                        if answer == Answer::Begin {
                            answering.insert(row.linkage, task);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(server = row.name, error = chain(&error), "a run is asked for in vain");
                }
            }
        }
        Ok(())
    }

    fn read_run(&self, signed: &Signed, row: &LinkageRow) -> Result<RunRequest, ManagerError> {
        self.must_not_be_revoked(row.linkage, &row.name)?;
        let key = PublicKey::from_bytes(row.public_key.clone())?;
        let untrusted = |source| ManagerError::Untrusted { server: row.name.clone(), source };
        open_run_request(signed, &key, self.now()).map_err(untrusted)
    }

    async fn answer_run(self: Arc<Self>, way: Way, row: LinkageRow, request: RunRequest, answer: Answer) {
        let told = Told { manager: &self, way: &way, row: &row, id: request.id };
        let ended = match answer {
            Answer::TooSoon(seconds) => Err(problem(&ManagerError::Refused(format!(
                "the last run for {} was asked for a moment ago: ask again in {} s",
                row.name,
                seconds.max(1)
            )))),
            Answer::Begin | Answer::Repeated => self.run_for(&request, &told).await,
        };
        let last = match ended {
            Ok(report) => SyncEvent::Finished { report },
            Err(problem) => SyncEvent::Failed { problem },
        };
        until_heard(|| told.try_to_tell(vec![last.clone()])).await;
    }

    /// Begins a run for the server of the Linkage, or watches the one that goes on and does it all, to its end.
    async fn run_for(self: &Arc<Self>, request: &RunRequest, told: &Told<'_>) -> Result<SyncReport, Problem> {
        told.tell(Vec::new()).await;
        let row = told.row;
        let (sync, by) = (request.wanted.at(row.server.to_string()), format!("the Linkage of {}", row.name));
        let mut busy = None;
        for _ in 0..RUNS_BEFORE_MAX {
            // What a run does that is being stopped, or does less, is not what was asked for.
            if let Some(first) = self.running().await.filter(|one| goes_first(one, &sync)) {
                let line = format!("Run {}, begun by {}, is to end first.", first.number, first.started_by);
                told.tell(vec![SyncEvent::Attached { line }]).await;
                told.follow(&first, |_| false).await;
            }
            let running = match self.synchronise(&sync, &by, Looking::Reader).await {
                Ok(running) => running,
                Err(error @ ManagerError::Busy(_)) => {
                    busy = Some(error);
                    continue;
                }
                Err(error) => return Err(problem(&error)),
            };
            // That it is about others too is no news to this one.
            let (at, below) = (running.request.at.clone(), running.request.below.clone());
            let asked = SyncRequest { at, below, ..sync.clone() };
            let attached = running.otherwise(&asked).map(|line| SyncEvent::Attached { line });
            told.tell(Vec::from_iter(attached)).await;
            told.follow(&running, |event| is_of(event, &row.name)).await;
            return match running.result() {
                Some(Ok(report)) => of_one(report, row.server).ok_or_else(|| {
                    problem(&ManagerError::NotFound(format!("{} left the tree meanwhile", row.name)))
                }),
                Some(Err(error)) => Err(problem(error)),
                None => Err(problem(&ManagerError::Refused("the managing server stops".to_owned()))),
            };
        }
        Err(problem(&busy.unwrap_or_else(|| {
            ManagerError::Busy(format!("runs for other servers than {} go on", row.name))
        })))
    }
}

/// Whether a run has to end before there can be one that does all that is asked for. What only compares goes on
/// beside any other.
fn goes_first(running: &Running, wanted: &SyncRequest) -> bool {
    !wanted.dry_run && !running.has_ended() && (running.stopped_by().is_some() || !running.covers(wanted))
}

/// The Linkage that hears how its run goes.
struct Told<'a> {
    manager: &'a Manager,
    way: &'a Way,
    row: &'a LinkageRow,
    id: Guid,
}

impl Told<'_> {
    /// A run is kept here, so one who does not hear of it loses nothing but the news.
    async fn tell(&self, events: Vec<SyncEvent>) {
        if let Err(error) = self.try_to_tell(events).await {
            tracing::debug!(server = self.row.name, error = chain(&error), "how a run goes is not heard");
        }
    }

    /// Tells what a run says, as far as it is for this one, until it has ended.
    async fn follow(&self, running: &Running, is_told: impl Fn(&SyncEvent) -> bool) {
        let mut seen = 0;
        loop {
            match timeout(TELL_EVERY, running.lines(seen)).await {
                Ok(Some(new)) => {
                    seen += new.len();
                    self.tell(new.into_iter().filter(&is_told).collect()).await;
                }
                Ok(None) => return,
                Err(_) => self.tell(Vec::new()).await,
            }
        }
    }

    async fn try_to_tell(&self, events: Vec<SyncEvent>) -> Result<(), ManagerError> {
        self.manager.tell_run(self.way, self.row, RunNews { id: self.id, events }).await
    }
}

/// Tells the end of a run again while a Linkage connects anew, until nobody waits for it any more.
async fn until_heard<T: Future<Output = Result<(), ManagerError>>>(tell: impl Fn() -> T) {
    let given_up_at = Instant::now() + Duration::from_secs(RUN_QUIET_SECONDS);
    loop {
        match tell().await {
            Ok(()) | Err(ManagerError::NotFound(_)) => return,
            Err(_) if Instant::now() < given_up_at => sleep(TELL_AGAIN).await,
            Err(error) => return tracing::debug!(error = chain(&error), "the end of a run is not heard"),
        }
    }
}

/// What is said of other servers is not for this one.
fn is_of(event: &SyncEvent, server: &str) -> bool {
    matches!(event, SyncEvent::Server { name, .. } if name.eq_ignore_ascii_case(server))
}

/// What a report says of one server.
fn of_one(report: &SyncReport, server: ServerId) -> Option<SyncReport> {
    let one = report.servers.iter().find(|one| one.id == server)?.clone();
    let mut ended = Ended::default();
    count(&mut ended, one.state);
    Some(SyncReport { exit: ended.exit_code(), servers: vec![one], ..*report })
}

/// As the API of the managing server says it.
fn problem(error: &ManagerError) -> Problem {
    let (status, kind, title) = match error.kind() {
        ErrorKind::NotLinked => (409, "/problems/not-linked", "no WSUS is linked"),
        ErrorKind::NotReached => (502, "/problems/not-reached", "a hop is not reached"),
        _ => (409, "about:blank", "refused"),
    };
    let detail = match error.kind() {
        ErrorKind::Internal => {
            tracing::error!(error = chain(error), "a run that a Linkage asked for failed");
            "the managing server failed; its log says why".to_owned()
        }
        _ => chain(error),
    };
    Problem { kind: kind.to_owned(), title: title.to_owned(), status, detail }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use headwater_api::SyncServerState;
    use headwater_model::Timestamp;

    use super::*;
    use crate::sync::untouched;

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_run_is_told_until_it_is_heard_or_nobody_waits() {
        // What is answered after so many tries that fail, and how often it is told.
        let told = async |fail: u64, answer: fn() -> Result<(), ManagerError>| {
            let tries = Cell::new(0);
            until_heard(|| {
                tries.set(tries.get() + 1);
                let not_reached = || Err(ManagerError::NotReached { hop: "s1".to_owned(), source: None });
                ready(if tries.get() > fail { answer() } else { not_reached() })
            })
            .await;
            tries.get()
        };
        assert_eq!(told(0, || Ok(())).await, 1);
        assert_eq!(told(3, || Ok(())).await, 4);
        assert_eq!(told(1, || Err(ManagerError::NotFound("nobody follows".to_owned()))).await, 2);
        let most = 1 + RUN_QUIET_SECONDS / TELL_AGAIN.as_secs();
        assert_eq!(told(u64::MAX, || Ok(())).await, most);
    }

    #[test]
    fn only_a_run_that_goes_on_and_does_not_do_it_all_is_waited_for() {
        let wanted = SyncRequest { at: Some("s1".to_owned()), ..SyncRequest::default() };
        let running = |request: &SyncRequest| {
            Running::new(1, request.clone(), "anna", Timestamp::EPOCH, watch::Sender::default())
        };
        let others = SyncRequest { at: Some("s2".to_owned()), ..SyncRequest::default() };
        assert!(goes_first(&running(&others), &wanted));
        assert!(!goes_first(&running(&SyncRequest::default()), &wanted));
        let compared = SyncRequest { dry_run: true, ..wanted.clone() };
        assert!(!goes_first(&running(&others), &compared));
        let stopped = running(&wanted);
        stopped.stop("anna");
        assert!(goes_first(&stopped, &wanted));
        for ended in [running(&others), stopped] {
            ended.end(Ok(SyncReport::default()));
            assert!(!goes_first(&ended, &wanted), "what it did was done before this was asked for");
        }
    }

    #[test]
    fn a_linkage_hears_of_its_own_server_alone() {
        let server =
            |number: u128, state| untouched(ServerId::from_u128(number), &format!("s{number}"), None, state);
        let servers = vec![server(1, SyncServerState::Failed), server(2, SyncServerState::InStep)];
        let report = SyncReport { run: Some(7), servers, exit: 1, ..SyncReport::default() };
        let own = of_one(&report, ServerId::from_u128(2)).expect("is there");
        assert_eq!((own.run, own.exit, own.servers.len()), (Some(7), 0, 1));
        assert_eq!(own.servers[0].name, "s2");
        assert_eq!(of_one(&report, ServerId::from_u128(1)).expect("is there").exit, 1);
        assert_eq!(of_one(&report, ServerId::from_u128(3)), None);
    }
}
