//! Simulated computers that scan, download, install, fail, restart and report at a visible pace.

use std::time::Duration;

use headwater_app::admin;
use headwater_fleet::Profile;
use headwater_model::{ClientId, UpdateId};
use headwater_simulated_agent::{Agent, AgentError, Core, Evaluation, Evaluator, Event, Stage, UpdateType};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{DemoError, SILENT, SITES, Server, Site};

/// `ERROR_INSTALL_FAILURE`, the failure that administrators meet most often.
const FAILURE: i32 = 0x8007_0643_u32 as i32;
/// Of a hundred tries of a computer that needs it so many are with the update that fails.
const FAILING_PERCENT: u32 = 30;
/// Of a hundred installations so many need a restart.
const RESTARTS_PERCENT: u32 = 30;
/// Of a hundred updates that a computer of the fleet has, one of the demonstration lacks so many: there is
/// something to install for a while.
const LACKING_PERCENT: u8 = 35;

/// One computer of a place.
#[derive(Clone)]
pub(super) struct Computer {
    pub site: &'static Site,
    /// From 1, counted among the workstations or the servers of the place.
    pub number: u64,
    pub is_server: bool,
    /// Counted over all places.
    ordinal: u64,
}

/// The computers of a place.
pub(super) fn of(site: &'static Site) -> impl Iterator<Item = Computer> {
    let before = SITES.iter().take_while(|one| one.name != site.name);
    let first: u64 = before.map(|one| one.workstations + one.servers).sum();
    let workstations = (1..=site.workstations).map(|number| (number, false));
    let servers = (1..=site.servers).map(|number| (number, true));
    (first..).zip(workstations.chain(servers)).map(move |(ordinal, (number, is_server))| Computer {
        site,
        number,
        is_server,
        ordinal,
    })
}

impl Computer {
    fn id(&self) -> String {
        format!("de300000-0000-4000-8000-{:012x}", self.ordinal)
    }

    pub fn client(&self) -> Result<ClientId, DemoError> {
        self.id().parse().map_err(|_| DemoError::Refused(format!("`{}` is no id", self.id())))
    }

    fn name(&self) -> String {
        match self.is_server {
            true => format!("{}-SRV-{:02}.corp.example", self.site.code, self.number),
            false => format!("{}-WS-{:03}.corp.example", self.site.code, self.number),
        }
    }

    fn agent(&self, url: &str, failing: Option<UpdateId>) -> Result<Agent, AgentError> {
        let windows = Windows { profile: Profile::new(self.ordinal), ordinal: self.ordinal, failing };
        let mut agent = Agent::new(url, &self.id(), &self.name(), Box::new(windows))
            .map_err(|source| AgentError::Connection { operation: "start".to_owned(), source })?;
        let system = if self.is_server { "Windows Server 2022 Standard" } else { "Windows 11 Pro" };
        agent.walk.computer.info.os_description = Some(system.to_owned());
        Ok(agent)
    }
}

/// What a computer makes of an update: as those of the fleet, but it lacks more, and half of all need the
/// one that fails.
struct Windows {
    profile: Profile,
    ordinal: u64,
    failing: Option<UpdateId>,
}

impl Evaluator for Windows {
    fn evaluate(&self, core: &Core<'_>) -> Evaluation {
        let id = core.identity.id;
        if self.failing == Some(id) {
            return if self.ordinal.is_multiple_of(2) {
                Evaluation::INSTALLABLE
            } else {
                Evaluation::NOT_APPLICABLE
            };
        }
        let evaluated = self.profile.evaluate(core);
        let draw =
            id.as_bytes()[15].wrapping_mul(37).wrapping_add(self.ordinal as u8 ^ id.as_bytes()[14]) % 100;
        match core.update_type {
            UpdateType::Software if evaluated.installed && draw < LACKING_PERCENT => Evaluation::INSTALLABLE,
            _ => evaluated,
        }
    }
}

/// Every computer of every place tells its server who it is; those that fall silent then scan too, for they
/// have no other time. Says how many did.
pub(super) async fn register(servers: &[Server], failing: Option<UpdateId>) -> usize {
    let mut contacts = JoinSet::new();
    for server in servers {
        for computer in of(server.site) {
            let url = server.updates_url.clone();
            contacts.spawn(async move {
                let mut agent = computer.agent(&url, failing)?;
                match computer.site.name == SILENT {
                    true => scan(&mut agent).await.map(drop),
                    false => agent.run([Stage::RegisterComputer]).await.map(drop),
                }
            });
        }
    }
    let mut registered = 0;
    while let Some(done) = contacts.join_next().await {
        match done {
            Ok(Ok(())) => registered += 1,
            Ok(Err(error)) => tracing::warn!(error = admin::chain(&error), "a simulated computer gave up"),
            Err(_) => {}
        }
    }
    registered
}

/// The computers of one place, until the stop.
pub(super) async fn work(server: Server, failing: Option<UpdateId>, mut stopped: watch::Receiver<bool>) {
    let mut working = JoinSet::new();
    for computer in of(server.site) {
        let url = server.updates_url.clone();
        working.spawn(async move {
            let name = computer.name();
            if let Err(error) = live(&computer, &url, failing).await {
                tracing::warn!(name, error = admin::chain(&error), "a simulated computer gave up");
            }
        });
    }
    tokio::select! {
        () = async { while working.join_next().await.is_some() {} } => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}

/// One computer: it scans, installs one update after the other, and rests between.
async fn live(computer: &Computer, url: &str, failing: Option<UpdateId>) -> Result<(), AgentError> {
    let mut agent = computer.agent(url, failing)?;
    rest(0.2, 20.0).await;
    loop {
        let wanted = scan(&mut agent).await?;
        rest(2.0, 10.0).await;
        match choose(&wanted, failing) {
            Some(update) => install(&mut agent, update, url, failing).await?,
            None => rest(20.0, 40.0).await,
        }
    }
}

/// What fails is tried again and again, between others.
fn choose(wanted: &[UpdateId], failing: Option<UpdateId>) -> Option<UpdateId> {
    let mut random = rand::rng();
    let again = failing.filter(|id| wanted.contains(id) && random.random_range(0..100) < FAILING_PERCENT);
    again.or_else(|| wanted.choose(&mut random).copied())
}

/// Says what is to be installed.
async fn scan(agent: &mut Agent) -> Result<Vec<UpdateId>, AgentError> {
    agent.scan().await?;
    let wanted = agent.to_install();
    agent.report(&[Event::detected(wanted.len()), Event::status(agent.walk.cache())]).await?;
    Ok(wanted)
}

/// Downloads and installs an update, or fails to; some need a restart.
async fn install(
    agent: &mut Agent,
    update: UpdateId,
    url: &str,
    failing: Option<UpdateId>,
) -> Result<(), AgentError> {
    let Some(cached) = agent.cached(update) else { return Ok(()) };
    let identity = cached.identity;
    let title = cached.extended.as_ref().map_or_else(|| update.to_string(), |told| told.title.clone());
    agent.report(&[Event::download_started(identity)]).await?;
    match agent.download(update).await {
        Ok(_) => agent.report(&[Event::download_succeeded(identity)]).await?,
        // The files are on their way to this server; the next scan tries again.
        Err(error) => {
            tracing::debug!(%update, error = admin::chain(&error), "a simulated download failed");
            return Ok(());
        }
    };
    agent.report(&[Event::installation_started(identity, &title)]).await?;
    rest(2.0, 8.0).await;
    if failing == Some(update) {
        agent.report(&[Event::installation_failed(identity, &title, FAILURE)]).await?;
        return Ok(());
    }
    if rand::rng().random_range(0..100) < RESTARTS_PERCENT {
        agent.report(&[Event::installation_pending(identity)]).await?;
        rest(5.0, 15.0).await;
        restart(agent, url)?;
    }
    agent.installed(update);
    agent.report(&[Event::installation_succeeded(identity, &title)]).await?;
    Ok(())
}

/// The computer comes back with a connection of its own.
fn restart(agent: &mut Agent, url: &str) -> Result<(), AgentError> {
    agent.move_to(url).map_err(|source| AgentError::Connection { operation: "restart".to_owned(), source })
}

/// A pause of so many seconds, from and to.
async fn rest(from: f64, to: f64) {
    let seconds = rand::rng().random_range(from..to);
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
