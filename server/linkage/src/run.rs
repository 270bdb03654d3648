//! A run of the synchronisation command that somebody on this machine asks for. The managing server dials the
//! top Linkage only, so the request waits, signed, in what every Linkage brings to the one above it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_api::linkage::{
    HOLD_MAX, HOLD_SECONDS, RUN, RUN_NEWS, RUN_QUIET_SECONDS, RunNews, RunRequest, RunWanted, RunWatch,
    Signed,
};
use headwater_api::{Problem, SyncEvent, SyncReport};
use headwater_app::Clock;
use headwater_link::{Dial, DialError, LinkageUrl, Party, sign_run_request};
use headwater_model::Guid;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;
use tokio::time::timeout_at;

use crate::relay::number;
use crate::state::State;
use crate::{Linkage, LinkageError, StateError, identity};

/// Who asked is told that nobody heard it, or that nobody says any more how it goes.
const UNHEARD_MAX: Duration = Duration::from_secs(30);
const QUIET_MAX: Duration = Duration::from_secs(RUN_QUIET_SECONDS);
/// Lines that are kept of one run, as many as the managing server keeps.
const EVENTS_MAX: usize = 20_000;
/// For an answer that comes at once, or within the time of a held one.
const PATIENCE: Duration = Duration::from_secs(HOLD_SECONDS + 10);

/// The run that was asked for last.
#[derive(Default)]
pub(crate) struct OwnRun {
    run: Mutex<Option<Run>>,
    /// Counts what was said of it.
    told: watch::Sender<u64>,
}

struct Run {
    id: Guid,
    wanted: RunWanted,
    request: Signed,
    events: Vec<SyncEvent>,
    asked_at: Instant,
    heard_at: Option<Instant>,
}

impl Run {
    fn has_ended(&self) -> bool {
        matches!(self.events.last(), Some(SyncEvent::Finished { .. } | SyncEvent::Failed { .. }))
    }

    /// Why nobody waits for it any longer.
    fn given_up(&self) -> Option<&'static str> {
        match self.heard_at {
            None if self.asked_at.elapsed() > UNHEARD_MAX => Some(
                "the managing server did not hear of it: see there with `headwater wsus doctor` whether this \
                 Linkage is reached",
            ),
            Some(at) if at.elapsed() > QUIET_MAX => Some(
                "the managing server does not say any more how the run goes: `headwater wsus runs` there shows \
                 what became of it",
            ),
            _ => None,
        }
    }
}

impl OwnRun {
    fn run(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is brought to the managing server: until it ended, or is given up.
    fn request(&self) -> Option<Signed> {
        let mut run = self.run();
        let run = run.as_mut()?;
        if let Some(why) = run.given_up().filter(|_| !run.has_ended()) {
            run.events.push(SyncEvent::Failed { problem: not_reached(why) });
            self.told.send_modify(|told| *told += 1);
        }
        (!run.has_ended()).then(|| run.request.clone())
    }

    /// Takes what the managing server says; whether anybody follows that run.
    fn tell(&self, news: RunNews) -> bool {
        let mut run = self.run();
        let Some(run) = run.as_mut().filter(|run| run.id == news.id && !run.has_ended()) else {
            return false;
        };
        run.heard_at = Some(Instant::now());
        for event in news.events {
            let is_line = matches!(event, SyncEvent::Server { .. } | SyncEvent::Attached { .. });
            if !is_line || run.events.len() < EVENTS_MAX {
                run.events.push(event);
            }
        }
        self.told.send_modify(|told| *told += 1);
        true
    }

    /// The events after the seen ones; nothing if another run was asked for since.
    fn after(&self, watch: RunWatch) -> Option<Vec<SyncEvent>> {
        let run = self.run();
        let run = run.as_ref().filter(|run| run.id == watch.id)?;
        Some(run.events.get(watch.seen..).map(<[_]>::to_vec).unwrap_or_default())
    }
}

fn not_reached(detail: &str) -> Problem {
    let (kind, title) = ("/problems/not-reached".to_owned(), "a hop is not reached".to_owned());
    Problem { kind, title, status: 502, detail: detail.to_owned() }
}

impl Linkage {
    /// Asks for a run for this server, or follows the one that goes on. Only who may read its key asks.
    pub fn ask_for_run(
        &self,
        wanted: RunWanted,
        peer: Option<&CertificateDer<'_>>,
    ) -> Result<RunWatch, LinkageError> {
        Self::admit(peer, Party::Linkage(self.id()))?;
        let mut run = self.own_run.run();
        if let Some(run) = run.as_ref().filter(|run| !run.has_ended()) {
            return match run.wanted == wanted {
                true => Ok(RunWatch { id: run.id, seen: 0 }),
                false => Err(LinkageError::Refused(
                    "another run was asked for here and goes on: wait for its end".to_owned(),
                )),
            };
        }
        let mut id = [0; 16];
        let random = SystemRandom::new().fill(&mut id);
        random.map_err(|_| LinkageError::Refused("the system has no randomness".to_owned()))?;
        let id = Guid::from_bytes(id);
        let request = RunRequest { id, from: self.id(), at: self.clock.now(), wanted: wanted.clone() };
        let request = sign_run_request(&request, &self.state.key());
        let request = request.map_err(|error| LinkageError::Refused(error.to_string()))?;
        let asked_at = Instant::now();
        *run = Some(Run { id, wanted, request, events: Vec::new(), asked_at, heard_at: None });
        drop(run);
        self.relay.has_changed();
        Ok(RunWatch { id, seen: 0 })
    }

    /// What was said of a run since: as soon as there is anything, and nothing after a while.
    pub async fn run_news(
        &self,
        watch: RunWatch,
        peer: Option<&CertificateDer<'_>>,
    ) -> Result<RunNews, LinkageError> {
        Self::admit(peer, Party::Linkage(self.id()))?;
        let mut told = self.own_run.told.subscribe();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(HOLD_SECONDS);
        loop {
            // Looks whether it is given up.
            let _ = self.own_run.request();
            let Some(events) = self.own_run.after(watch) else {
                return Err(LinkageError::Refused("another run was asked for since".to_owned()));
            };
            let is_over = !events.is_empty() || self.relay.stops();
            if is_over || timeout_at(deadline, told.changed()).await.is_err() {
                return Ok(RunNews { id: watch.id, events });
            }
        }
    }

    /// Lets go of those that wait here, so that nothing holds up a stop.
    pub fn hang_up(&self) {
        self.relay.hang_up();
        self.own_run.told.send_modify(|told| *told += 1);
    }

    /// The managing server says how the run goes that was asked for here.
    pub(crate) fn tell_run(&self, news: RunNews) -> bool {
        let is_followed = self.own_run.tell(news);
        self.relay.has_changed();
        is_followed
    }

    /// All that is asked for here and below.
    pub(crate) fn run_requests(&self) -> Vec<Signed> {
        self.own_run.request().into_iter().chain(self.relay.run_requests()).take(HOLD_MAX).collect()
    }

    /// The same, once there is one that is not among the seen.
    pub(crate) async fn new_run_requests(&self, seen: &[Guid]) -> Vec<Signed> {
        let mut changes = self.relay.changes();
        let seen: HashSet<Guid> = seen.iter().copied().collect();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(HOLD_SECONDS);
        loop {
            let requests = self.run_requests();
            let is_new = |one: &Signed| number(one).is_some_and(|id| !seen.contains(&id));
            let is_over = requests.iter().any(is_new) || self.relay.stops();
            if is_over || timeout_at(deadline, changes.changed()).await.is_err() {
                return requests;
            }
        }
    }
}

/// Why the Linkage of this machine could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("this Linkage has no managing server: pair it there with `headwater wsus pair` and its code")]
    NotPaired,
    #[error(transparent)]
    Dial(#[from] DialError),
}

/// Asks the Linkage that runs with this folder for a run for its server, and follows it to its end.
pub async fn ask_own_linkage(
    folder: &Path,
    url: &LinkageUrl,
    wanted: &RunWanted,
    watched: &mut dyn FnMut(&SyncEvent),
) -> Result<Result<SyncReport, Problem>, AskError> {
    let state = State::open(folder)?;
    let identity = identity(&state).ok_or(AskError::NotPaired)?;
    let watch = crate::watch(&Clock::system());
    let dial = Dial::linkage(url.clone(), Party::Linkage(state.id()), &identity, &watch)?;
    let mut watch: RunWatch = dial.post(RUN, wanted, PATIENCE).await?;
    loop {
        let news: RunNews = dial.post(RUN_NEWS, &watch, PATIENCE).await?;
        watch.seen += news.events.len();
        for event in news.events {
            watched(&event);
            match event {
                SyncEvent::Server { .. } | SyncEvent::Attached { .. } => {}
                SyncEvent::Finished { report } => return Ok(Ok(report)),
                SyncEvent::Failed { problem } => return Ok(Err(problem)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::SyncPhase;
    use headwater_model::LinkageId;

    use super::*;

    const ID: Guid = Guid::from_u128(7);

    fn asked() -> OwnRun {
        let own = OwnRun::default();
        let (linkage, body, signature) = (LinkageId::from_u128(1), String::new(), String::new());
        let request = Signed { linkage, body, signature };
        let (wanted, asked_at) = (RunWanted::default(), Instant::now());
        *own.run() = Some(Run { id: ID, wanted, request, events: Vec::new(), asked_at, heard_at: None });
        own
    }

    fn line() -> SyncEvent {
        SyncEvent::Server {
            name: "berlin".to_owned(),
            phase: SyncPhase::Updates,
            line: "120".to_owned(),
            done: 0,
            total: None,
            seconds: 0,
        }
    }

    fn problem(own: &OwnRun) -> String {
        match own.after(RunWatch { id: ID, seen: 0 }).expect("the run").pop() {
            Some(SyncEvent::Failed { problem }) => problem.detail,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_run_is_asked_for_until_its_end_and_followed_by_its_number() {
        let own = asked();
        assert!(own.request().is_some());
        let news = |id, event| RunNews { id, events: vec![event] };
        assert!(!own.tell(news(Guid::from_u128(8), line())), "of another run");
        assert!(own.tell(news(ID, line())) && own.request().is_some());
        let end = SyncEvent::Finished { report: SyncReport::default() };
        assert!(own.tell(news(ID, end.clone())));
        assert_eq!(own.request(), None);
        assert!(!own.tell(news(ID, line())), "it has ended");
        assert_eq!(own.after(RunWatch { id: ID, seen: 1 }), Some(vec![end]));
        assert_eq!(own.after(RunWatch { id: ID, seen: 9 }), Some(vec![]));
        assert_eq!(own.after(RunWatch { id: Guid::from_u128(8), seen: 0 }), None);
    }

    #[test]
    fn a_run_that_nobody_hears_of_or_speaks_of_is_given_up() {
        let long_ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).expect("a time");
        let own = asked();
        own.run().as_mut().expect("a run").asked_at = long_ago(31);
        assert_eq!(own.request(), None);
        assert!(problem(&own).contains("did not hear of it"));

        let own = asked();
        own.run().as_mut().expect("a run").asked_at = long_ago(3_600);
        own.tell(RunNews { id: ID, events: Vec::new() });
        assert!(own.request().is_some(), "it goes on");
        own.run().as_mut().expect("a run").heard_at = Some(long_ago(121));
        assert_eq!(own.request(), None);
        assert!(problem(&own).contains("does not say any more"));
    }
}
