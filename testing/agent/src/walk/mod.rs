//! What an agent sends next, and what it makes of the answers ([MS-WUSP] 3.1.5 and 3.2).
//!
//! A walk is a list of stages. Whatever a stage needs first (a configuration, a cookie, a
//! registration, a refreshed cache) is done first if the walk does not have it, and a fault only
//! takes such a thing away: so the handshake of a first scan, its omission in later ones and the
//! recovery from faults are one rule.

mod extended;
mod handshake;
mod sync;
mod violation;

use std::collections::{HashMap, VecDeque};

use headwater_model::{Sha1Digest, Timestamp, UpdateId, UpdateIdentity};
use headwater_wsus::simple_auth::GetAuthorizationCookie;
use headwater_wsus::soap::{ErrorCode, Fault, Request, decode_response, encode_request};
use headwater_wsus::wusp::{AuthorizationCookie, Config, Cookie, RefreshCacheResult};

use crate::{Cache, Computer, Evaluator};
use sync::Pass;
pub use violation::Violation;

/// An agent gives up a scan after so many calls of SyncUpdates, with 0x80244010 (fact 27).
const SYNC_CALLS_MAX: u32 = 200;
/// Faults that are obeyed in one walk; more are no recovery any more.
const FAULTS_MAX: usize = 8;
/// Where the services are; a server knows them in any letter case (fact 1).
pub(crate) const CLIENT_PATH: &str = "/ClientWebService/client.asmx";
pub(crate) const REPORTING_PATH: &str = "/ReportingWebService/ReportingWebService.asmx";

/// A part of what an agent does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    GetConfig,
    GetAuthorizationCookie,
    GetCookie,
    RegisterComputer,
    /// Asks which categories to scan by, then scans by them alone.
    CategoryScan(Vec<UpdateId>),
    /// Calls SyncUpdates until nothing new comes.
    Software,
    /// Asks for drivers, unless the software stage was told that there are none (fact 26).
    Drivers,
    /// Asks for what is shown and downloaded, of categories and of what the computer needs.
    Extended,
}

impl Stage {
    /// What a scan consists of.
    pub const SCAN: [Self; 3] = [Self::Software, Self::Drivers, Self::Extended];
}

/// When the calls of the software stage end; the specification says both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopRule {
    /// When an answer has no new update ([MS-WUSP] 3.1.5.7). The captured agent does so.
    #[default]
    NothingNew,
    /// When an answer is not truncated and has only leaves ([MS-WUSP] 2.2.2.2.4, *Truncated*).
    OnlyLeaves,
}

/// A request of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub path: String,
    /// The value of the header `SOAPAction`, without quotes.
    pub action: String,
    pub body: String,
}

impl Exchange {
    pub(crate) fn new<R: Request>(path: &str, request: &R) -> Self {
        Self { path: path.to_owned(), action: R::action(), body: encode_request(request) }
    }
}

/// What came of a walk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Answers of all operations.
    pub calls: u32,
    /// Answers of SyncUpdates.
    pub sync_calls: u32,
    /// Numbers of the revisions that came as new, in their order.
    pub new: Vec<i32>,
    /// Those whose deployment or place in the graph changed.
    pub changed: Vec<i32>,
    /// Those that were forgotten.
    pub out_of_scope: Vec<i32>,
    /// Those that stay deployed, but are not part of this scan (fact 56).
    pub deployed_out_of_scope: Vec<i32>,
    /// Faults that were obeyed.
    pub faults: Vec<ErrorCode>,
}

/// Why a walk ended early.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    #[error("the answer was not understood: {0}")]
    Message(#[from] headwater_wsus::soap::Error),
    #[error("{operation} was refused with {:?} `{}`", fault.code, fault.message)]
    Refused { operation: &'static str, fault: Box<Fault> },
    #[error("the answer breaks a rule: {0}")]
    Violation(#[from] Violation),
    #[error("the scan has made {SYNC_CALLS_MAX} calls and is not done")]
    TooManyCalls,
    #[error("an answer came that nobody asked for")]
    Unasked,
}

/// One agent's side of the protocol.
#[derive(Debug, Clone)]
pub struct Walk {
    pub computer: Computer,
    pub stop: StopRule,
    memory: Memory,
    tasks: VecDeque<Task>,
    scan: Scan,
}

/// What an agent keeps between its scans ([MS-WUSP] 3.2.1).
#[derive(Debug, Clone, Default)]
struct Memory {
    config: Option<Config>,
    /// Used once, for the next GetCookie.
    authorization: Option<AuthorizationCookie>,
    cookie: Option<Cookie>,
    /// The cookie is to be exchanged for a new one.
    renew: bool,
    registered: bool,
    /// The numbers in the cache are another server's.
    foreign: bool,
    /// The last software stage was told that there are no drivers.
    no_drivers: bool,
    cache: Cache,
    locations: HashMap<Sha1Digest, String>,
}

/// A stage under way.
#[derive(Debug, Clone)]
enum Task {
    Config,
    Authorization,
    Cookie,
    Register,
    Refresh { left: Vec<UpdateIdentity>, known: Vec<RefreshCacheResult> },
    Categories(Vec<UpdateId>),
    Sync(Pass),
    Drivers,
    Extended,
}

/// Whether a task has more to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

impl Walk {
    pub fn new(computer: Computer) -> Self {
        Self {
            computer,
            stop: StopRule::default(),
            memory: Memory::default(),
            tasks: VecDeque::new(),
            scan: Scan::default(),
        }
    }

    /// Plans stages; what was planned before is dropped.
    pub fn begin(&mut self, stages: impl IntoIterator<Item = Stage>) {
        self.scan = Scan::default();
        self.tasks = stages
            .into_iter()
            .map(|stage| match stage {
                Stage::GetConfig => Task::Config,
                Stage::GetAuthorizationCookie => Task::Authorization,
                Stage::GetCookie => Task::Cookie,
                Stage::RegisterComputer => Task::Register,
                Stage::CategoryScan(categories) => Task::Categories(categories),
                Stage::Software => Task::Sync(Pass::default()),
                Stage::Drivers => Task::Drivers,
                Stage::Extended => Task::Extended,
            })
            .collect();
    }

    /// The next request, the same until its answer is received; `None` when all is done.
    pub fn next(&mut self, now: Timestamp) -> Option<Exchange> {
        loop {
            let task = self.tasks.front()?;
            if let Some(first) = self.needed_before(task, now) {
                self.tasks.push_front(first);
                continue;
            }
            match self.message(task, now) {
                Some(exchange) => return Some(exchange),
                None => drop(self.tasks.pop_front()),
            }
        }
    }

    /// Takes in the answer to the last request: the text of its body, be it a response or a fault.
    pub fn receive(&mut self, answer: &str, evaluator: &dyn Evaluator) -> Result<(), WalkError> {
        let mut task = self.tasks.pop_front().ok_or(WalkError::Unasked)?;
        self.scan.calls += 1;
        match self.take(&mut task, answer, evaluator) {
            Ok(Progress::Done) => Ok(()),
            Ok(Progress::More) => {
                self.tasks.push_front(task);
                Ok(())
            }
            Err(WalkError::Refused { operation, fault }) => {
                self.tasks.push_front(task);
                self.obey(&fault).ok_or(WalkError::Refused { operation, fault })
            }
            Err(error) => Err(error),
        }
    }

    /// What the walk has come to so far.
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    pub fn cache(&self) -> &Cache {
        &self.memory.cache
    }

    /// A revision's evaluation changes where the computer does: after an installation for example.
    pub fn evaluate_again(&mut self, update: UpdateId, evaluation: crate::Evaluation) {
        let known = self.memory.cache.of_update(update).map(|(id, _)| id);
        if let Some(cached) = known.and_then(|id| self.memory.cache.get_mut(id)) {
            cached.evaluation = evaluation;
        }
    }

    /// Forgets all updates, as when the folder `SoftwareDistribution` is deleted.
    pub fn clear_cache(&mut self) {
        self.memory.cache = Cache::default();
        self.memory.locations.clear();
    }

    pub fn cookie(&self) -> Option<&Cookie> {
        self.memory.cookie.as_ref()
    }

    /// Replaces the cookie, for what no honest agent does.
    pub fn set_cookie(&mut self, cookie: Option<Cookie>) {
        self.memory.cookie = cookie;
    }

    /// Where a file is, if an answer said so.
    pub fn location(&self, digest: Sha1Digest) -> Option<&str> {
        self.memory.locations.get(&digest).map(String::as_str)
    }

    /// What has to be done before a task because the walk lacks it.
    fn needed_before(&self, task: &Task, now: Timestamp) -> Option<Task> {
        let memory = &self.memory;
        let config = || memory.config.is_none().then_some(Task::Config);
        let authorization = || config().or(memory.authorization.is_none().then_some(Task::Authorization));
        let cookie = || {
            let alive = memory.cookie.as_ref().is_some_and(|cookie| cookie.expiration > now);
            if alive && !memory.renew { None } else { authorization().or(Some(Task::Cookie)) }
        };
        let registration = || {
            let required = memory.config.as_ref().is_none_or(|config| config.is_registration_required);
            cookie().or((required && !memory.registered).then_some(Task::Register))
        };
        let refreshed = || {
            registration().or_else(|| {
                let left = memory.cache.iter().map(|(_, cached)| cached.identity).collect();
                memory.foreign.then_some(Task::Refresh { left, known: Vec::new() })
            })
        };
        match task {
            Task::Config => None,
            Task::Authorization | Task::Categories(_) => config(),
            Task::Cookie => authorization(),
            Task::Register => cookie(),
            Task::Refresh { .. } => registration(),
            Task::Sync(_) | Task::Drivers | Task::Extended => refreshed(),
        }
    }

    /// The request of a task; `None` where there is nothing to ask.
    fn message(&self, task: &Task, now: Timestamp) -> Option<Exchange> {
        match task {
            Task::Config => Some(self.get_config()),
            Task::Authorization => Some(self.get_authorization_cookie()),
            Task::Cookie => self.get_cookie(now),
            Task::Register => self.register_computer(),
            Task::Refresh { left, .. } => self.refresh_cache(left),
            Task::Categories(categories) => self.start_category_scan(categories),
            Task::Sync(pass) => self.sync_updates(pass),
            Task::Drivers => self.sync_drivers(),
            Task::Extended => self.get_extended_update_info(),
        }
    }

    fn take(
        &mut self,
        task: &mut Task,
        answer: &str,
        evaluator: &dyn Evaluator,
    ) -> Result<Progress, WalkError> {
        match task {
            Task::Config => self.take_config(answer),
            Task::Authorization => self.take_authorization(answer),
            Task::Cookie => self.take_cookie(answer),
            Task::Register => self.take_registration(answer),
            Task::Refresh { left, known } => self.take_refreshed(left, known, answer),
            Task::Categories(categories) => self.take_categories(categories, answer),
            Task::Sync(pass) => self.take_page(pass, answer, evaluator),
            Task::Drivers => self.take_drivers(answer, evaluator),
            Task::Extended => self.take_extended(answer),
        }
    }

    /// Takes away what a fault says is no longer good ([MS-WUSP] 2.2.2.4, fact 53), so that the next
    /// request repairs it. `None` for faults that end a scan.
    fn obey(&mut self, fault: &Fault) -> Option<()> {
        let memory = &mut self.memory;
        let code = fault.code.filter(|_| self.scan.faults.len() < FAULTS_MAX)?;
        match code {
            ErrorCode::CookieExpired => (memory.authorization, memory.renew) = (None, true),
            ErrorCode::ConfigChanged => {
                (memory.config, memory.authorization, memory.renew) = (None, None, true);
            }
            ErrorCode::RegistrationRequired => memory.registered = false,
            ErrorCode::InvalidAuthorizationCookie => memory.authorization = None,
            ErrorCode::InvalidCookie | ErrorCode::ServerChanged => {
                (memory.config, memory.authorization, memory.cookie) = (None, None, None);
                memory.foreign = !memory.cache.is_empty();
                self.tasks.retain(|task| !matches!(task, Task::Refresh { .. }));
                for task in &mut self.tasks {
                    if let Task::Sync(pass) = task {
                        pass.unlisted.clear();
                    }
                }
            }
            _ => return None,
        }
        self.scan.faults.push(code);
        Some(())
    }
}

/// Reads the answer to a request, or the fault instead.
fn read<R: Request>(answer: &str) -> Result<R::Response, WalkError> {
    decode_response::<R>(answer)?
        .map_err(|fault| WalkError::Refused { operation: R::NAME, fault: Box::new(fault) })
}

impl Computer {
    pub(crate) fn authorize(&self) -> GetAuthorizationCookie {
        GetAuthorizationCookie {
            client_id: self.client_id.clone(),
            target_group_name: self.target_group.clone(),
            dns_name: self.dns_name.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
