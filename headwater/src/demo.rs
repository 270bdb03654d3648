//! `up --demo`: an invented catalogue, a few groups and approvals, and simulated computers that
//! scan, download, install, fail and report at a visible pace, over the same sockets as real ones.

use std::sync::Arc;
use std::time::Duration;

use headwater_app::admin::approvals::Terms;
use headwater_app::admin::updates::UpdateFilter;
use headwater_app::{App, AppError, UpdateState};
use headwater_app::{Operator, admin};
use headwater_fleet::{Catalogue, Profile, Spec};
use headwater_model::{ClientId, GroupId, UpdateId};
use headwater_policy::approval::Action;
use headwater_simulated_agent::{Agent, AgentError, Event};
use rand::Rng as _;
use tokio::sync::watch;

/// Updates of the invented catalogue.
const UPDATES: u32 = 600;
/// Bytes of its files together.
const CONTENT_BYTES: u64 = 16 << 20;
const COMPUTERS: u64 = 12;
/// Of a hundred installations so many fail.
const FAILURES_PERCENT: u32 = 10;
/// `WU_E_INSTALL_NOT_ALLOWED`, a failure that administrators know.
const FAILURE: i32 = 0x8024_0016_u32 as i32;

/// What the demonstration needs of the server.
#[derive(Clone)]
pub struct Demo {
    pub app: Arc<App>,
    /// Where the simulated computers ask, plain HTTP.
    pub updates_url: String,
}

impl Demo {
    /// Fills an empty server and lets the computers work until `stopped`.
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        let work = async {
            match self.fill().await {
                Ok(groups) => self.computers(groups).await,
                Err(error) => tracing::error!(error = admin::chain(&error), "the demonstration cannot start"),
            }
        };
        tokio::select! {
            () = work => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    }

    /// Imports the catalogue, makes groups and approvals; on a server that has any catalogue it only
    /// finds the groups.
    async fn fill(&self) -> Result<Vec<GroupId>, AppError> {
        let operator = Operator { name: "demo".to_owned() };
        if self.app.catalogue_counts().revisions == 0 {
            self.import(&operator).await?;
        }
        let berlin = self.group(&operator, "Berlin", None).await?;
        let pilot = self.group(&operator, "Pilot", Some(berlin)).await?;
        let paris = self.group(&operator, "Paris", None).await?;
        if self.app.catalogue_counts().approvals == 0 {
            let approvable = self.approvable();
            let share = approvable.len() / 3;
            self.app.approve(&operator, &approvable[..share], berlin, Some(Action::Install.into())).await?;
            let deadline = Some(self.app.clock.now().plus_seconds(7 * 86_400));
            let terms = Terms { deadline, ..Action::Install.into() };
            self.app.approve(&operator, &approvable[share..2 * share], pilot, Some(terms)).await?;
        }
        Ok(vec![berlin, pilot, paris])
    }

    async fn import(&self, operator: &Operator) -> Result<(), AppError> {
        let folder = self.app.settings.data.join("demo-catalogue");
        let target = folder.clone();
        let written = tokio::task::spawn_blocking(move || {
            let spec = Spec { content_bytes_max: Some(CONTENT_BYTES), ..Spec::new(UPDATES) };
            let catalogue = Catalogue::new(spec).map_err(|error| error.to_string())?;
            headwater_fleet::write(&catalogue, &target).map_err(|error| error.to_string())
        });
        let written = written.await.map_err(|_| AppError::Internal("writing the catalogue was stopped"))?;
        written.map_err(AppError::Refused)?;
        self.app.import(operator, "invented catalogue", folder.clone(), |_| {}).await?;
        std::fs::remove_dir_all(&folder)
            .map_err(|source| AppError::Io { path: folder.display().to_string(), source })
    }

    async fn group(
        &self,
        operator: &Operator,
        name: &str,
        parent: Option<GroupId>,
    ) -> Result<GroupId, AppError> {
        let known = self.app.live.served().offers.groups.by_name(name).map(|group| group.id);
        match known {
            Some(id) => Ok(id),
            None => Ok(self.app.create_group(operator, name, parent).await?.group.id),
        }
    }

    /// What can be approved, the newest first.
    fn approvable(&self) -> Vec<UpdateId> {
        let served = self.app.live.served();
        let found = self.app.find_updates(&served, &UpdateFilter::default());
        let wanted = found.into_iter().filter(|at| served.state(*at) == UpdateState::Approvable);
        wanted.map(|at| served.catalogue.index.update(at).id).collect()
    }

    async fn computers(&self, groups: Vec<GroupId>) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..COMPUTERS {
            let (demo, group) = (self.clone(), groups[number as usize % groups.len()]);
            tasks.spawn(async move {
                if let Err(error) = demo.computer(number, group).await {
                    tracing::warn!(number, error = admin::chain(&error), "a simulated computer gave up");
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// One computer: it scans, installs one update after the other, and rests between.
    async fn computer(&self, number: u64, group: GroupId) -> Result<(), AgentError> {
        let id = format!("de300000-0000-4000-8000-{number:012x}");
        let name = format!("pc-{number:02}.demo.example");
        let mut agent = Agent::new(&self.updates_url, &id, &name, Box::new(Profile::new(number)))
            .map_err(|source| AgentError::Connection { operation: "start".to_owned(), source })?;
        rest(0.2, 3.0).await;
        agent.scan().await?;
        self.join(&id, group).await;
        loop {
            agent.scan().await?;
            let wanted = agent.to_install();
            agent.report(&[Event::detected(wanted.len()), Event::status(agent.walk.cache())]).await?;
            rest(2.0, 8.0).await;
            if let Some(update) = wanted.first() {
                install(&mut agent, *update).await?;
            } else {
                rest(20.0, 40.0).await;
            }
        }
    }

    async fn join(&self, id: &str, group: GroupId) {
        let operator = Operator { name: "demo".to_owned() };
        let Ok(client) = id.parse::<ClientId>() else { return };
        if let Err(error) = self.app.move_computer(&operator, &client, &[group]).await {
            tracing::warn!(
                computer = id,
                error = admin::chain(&error),
                "a simulated computer could not be moved"
            );
        }
    }
}

/// Downloads and installs an update, or fails to.
async fn install(agent: &mut Agent, update: UpdateId) -> Result<(), AgentError> {
    let Some(identity) = agent.cached(update).map(|cached| cached.identity) else { return Ok(()) };
    let title = update.to_string();
    if let Err(error) = agent.download(update).await {
        tracing::debug!(%update, error = admin::chain(&error), "a simulated download failed");
    }
    let mut events = vec![Event::download_started(identity), Event::download_succeeded(identity)];
    agent.report(&events).await?;
    rest(1.0, 4.0).await;
    events = vec![Event::installation_started(identity, &title)];
    if rand::rng().random_range(0..100) < FAILURES_PERCENT {
        events.push(Event::installation_failed(identity, &title, FAILURE));
    } else {
        agent.installed(update);
        events.push(Event::installation_succeeded(identity, &title));
    }
    agent.report(&events).await?;
    Ok(())
}

/// A pause of so many seconds, from and to.
async fn rest(from: f64, to: f64) {
    let seconds = rand::rng().random_range(from..to);
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
