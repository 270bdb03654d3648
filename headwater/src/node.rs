//! One data folder with its roles: an update server, a Linkage, a managing server, and the listeners of
//! each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use headwater_app::content::{ContentMode, ContentSettings, Express, Patience, Trust, keep_content};
use headwater_app::downstream_server::{DownstreamSettings, PlainHttp, follow_upstream};
use headwater_app::{App, Clock, FirstAdministrator, Operators, Settings, Targeting, admin};
use headwater_cli::LINKAGE_URL_FILE;
use headwater_http::updates::{self, ContentUrls, Updates};
use headwater_http::{Limits, Listener, linkage};
use headwater_linkage::{Linkage, Microsoft, Wsus, follow_parent, keep_memberships};
use headwater_manager::{Manager, follow_linkages, follow_wsus, keep_schedule, spread_halts};
use headwater_model::Timestamp;
use headwater_policy::offer::PageLimits;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::config::{self, Config, ConfigError, Role};
use crate::serve::ServeError;
use crate::tls;

/// The addresses of a node, taken before anything is written, so that a taken port harms nothing.
pub struct Bound {
    config: Config,
    updates: Option<BoundUpdates>,
    console: Listener,
    linkage: Option<Listener>,
}

struct BoundUpdates {
    listener: Listener,
    content: ContentUrls,
    content_listener: Option<Listener>,
    url: String,
}

/// A node as it runs.
pub struct Node {
    pub config: Config,
    pub app: Option<Arc<App>>,
    pub manager: Option<Arc<Manager>>,
    pub linkage: Option<Arc<Linkage>>,
    /// Where agents and servers below ask, if it has an update server.
    pub updates_url: Option<String>,
    pub console_url: String,
    /// Where the managing server and Linkages below ask, if it has a Linkage.
    pub linkage_url: Option<String>,
    pub linkage_url_for_others: Option<String>,
    /// The account that the first start made up.
    pub first: Option<FirstAdministrator>,
    /// Holds the connection to the Linkage above.
    following: Option<AbortHandle>,
    /// A node without an update server holds the folder itself.
    _lock: Option<std::fs::File>,
}

/// The listeners of a node that is open, until it serves.
pub struct Listeners {
    updates: Option<BoundUpdates>,
    console: Listener,
    linkage: Option<Listener>,
}

impl Bound {
    pub async fn bind(config: Config) -> Result<Self, ServeError> {
        let updates = match config.has(Role::UpdateServer) {
            true => Some(BoundUpdates::bind(&config).await?),
            false => None,
        };
        let console = Listener::bind(config.console, Limits::default()).await?;
        let linkage = match config.has(Role::Linkage) {
            true => Some(Listener::bind(config.linkage.listen, Limits::default()).await?),
            false => None,
        };
        Ok(Self { config, updates, console, linkage })
    }

    /// Where its Linkage is going to answer those on this machine, if it has one.
    pub fn linkage_url(&self) -> Result<Option<String>, ServeError> {
        self.linkage_url_by("localhost")
    }

    fn linkage_url_by(&self, name: &str) -> Result<Option<String>, ServeError> {
        let listener = self.linkage.as_ref();
        listener
            .map(|listener| Ok(format!("https://{}/linkage", named(listener.address()?, name))))
            .transpose()
    }
}

impl BoundUpdates {
    async fn bind(config: &Config) -> Result<Self, ServeError> {
        let listener = Listener::bind(config.updates, Limits::default()).await?;
        let content = content_urls(config, listener.address()?.port());
        let content_listener = match is_plain(config, config.updates) {
            true => None,
            false => {
                let beside = SocketAddr::new(config.updates.ip(), content.port);
                Some(Listener::bind(beside, Limits::default()).await?)
            }
        };
        let url = url(config, config.updates, listener.address()?, &name(config));
        Ok(Self { listener, content, content_listener, url })
    }
}

impl Node {
    /// Opens the data folder, which no other process may have open.
    pub async fn open(bound: Bound) -> Result<(Self, Listeners), ServeError> {
        let linkage_url = bound.linkage_url()?;
        let linkage_url_for_others = bound.linkage_url_by(&name(&bound.config))?;
        let Bound { config, updates, console, linkage } = bound;
        let mut listeners = Listeners { updates, console, linkage };
        let lock =
            if config.has(Role::UpdateServer) { None } else { Some(headwater_app::lock(&config.data)?) };
        let app = match config.has(Role::UpdateServer) {
            true => Some(App::start(settings(&config)?, Clock::system()).await?),
            false => None,
        };
        let manager = match config.has(Role::Manager) {
            true => Some(open_manager(&config, app.as_deref()).await?),
            false => None,
        };
        let linkage = match config.has(Role::Linkage) {
            true => Some(Linkage::open(&config.data, wsus(&config, app.as_ref())?, Clock::system())?),
            false => None,
        };
        listeners.secure(&config, linkage.as_deref())?;
        let mut node = Self {
            updates_url: listeners.updates.as_ref().map(|updates| updates.url.clone()),
            // For the commands on this machine.
            console_url: url(&config, config.console, listeners.console.address()?, "localhost"),
            linkage_url,
            linkage_url_for_others,
            config,
            app,
            manager,
            linkage,
            first: None,
            following: None,
            _lock: lock,
        };
        node.let_operators_in().await?;
        node.tell_of_linkage()?;
        Ok((node, listeners))
    }

    /// Leaves for `wsus sync` on this machine where its Linkage is. Beside a managing server that is asked itself.
    fn tell_of_linkage(&self) -> Result<(), ServeError> {
        let path = self.config.data.join(LINKAGE_URL_FILE);
        let told = match self.linkage_url.as_ref().filter(|_| self.manager.is_none()) {
            Some(url) => headwater_app::write_secret(&path, url.as_bytes()),
            None => match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        };
        told.map_err(|source| ServeError::Write { path, source })
    }

    /// A Linkage alone has no operators: its managing server has.
    fn operators(&self) -> Option<&Operators> {
        let managing = self.manager.as_ref().map(|manager| &manager.operators);
        self.app.as_ref().map(|app| &app.operators).or(managing)
    }

    /// Makes the first account, and leaves for the commands on this machine where the API is, and a token.
    async fn let_operators_in(&mut self) -> Result<(), ServeError> {
        let Some(operators) = self.operators() else { return Ok(()) };
        // Afterwards nobody needs the file with the first password.
        let mut first = None;
        if !operators.has_accounts().await? {
            let given = self.config.admin_password()?;
            let is_given = given.is_some();
            first = operators.first_administrator(given, now()).await?.filter(|_| !is_given);
        }
        let token = operators.local_token(now()).await?;
        for (name, text) in [("api-url", &self.console_url), ("admin.token", &token)] {
            let path = self.config.data.join(name);
            headwater_app::write_secret(&path, text.as_bytes())
                .map_err(|source| ServeError::Write { path, source })?;
        }
        self.first = first;
        Ok(())
    }

    /// Answers from now on until `stopped`.
    pub fn serve(
        &mut self,
        listeners: Listeners,
        console: axum::Router,
        stopped: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let mut tasks = vec![tokio::spawn(listeners.console.serve(console, stopped.clone()))];
        if let Some(manager) = &self.manager {
            tasks.push(tokio::spawn(follow_wsus(manager.clone(), stopped.clone())));
            tasks.push(tokio::spawn(keep_schedule(manager.clone(), stopped.clone())));
            tasks.push(tokio::spawn(spread_halts(manager.clone(), stopped.clone())));
            tasks.push(tokio::spawn(follow_linkages(manager.clone(), stopped.clone())));
        }
        if let (Some(app), Some(updates)) = (&self.app, listeners.updates) {
            tasks.extend(serve_updates(app, updates, stopped));
        }
        if let (Some(linkage), Some(listener)) = (&self.linkage, listeners.linkage) {
            tasks.push(tokio::spawn(listener.serve(linkage::router(linkage.clone()), stopped.clone())));
            tasks.push(tokio::spawn(keep_memberships(linkage.clone(), stopped.clone())));
            if let Some(parent) = self.config.linkage.parent.as_ref().and_then(|url| url.parse().ok()) {
                let following = tokio::spawn(follow_parent(linkage.clone(), parent, stopped.clone()));
                self.following = Some(following.abort_handle());
                tasks.push(following);
            }
        }
        tasks
    }

    /// Hangs up on the Linkage above: from now on it is not reached.
    pub fn fall_silent(&self) {
        if let Some(following) = &self.following {
            following.abort();
        }
    }

    /// Lets go of servers below and of pages that wait for news.
    pub fn hang_up(&self) {
        if let Some(app) = &self.app {
            app.hang_up();
        }
        if let Some(manager) = &self.manager {
            manager.hang_up();
        }
        if let Some(linkage) = &self.linkage {
            linkage.hang_up();
        }
    }

    /// Ends when everything that was accepted is written.
    pub async fn close(&self) {
        if let Some(app) = &self.app {
            app.stop().await;
        }
        if let Some(manager) = &self.manager {
            manager.close().await;
        }
    }
}

impl Listeners {
    /// TLS for whatever is not plain on purpose.
    fn secure(&mut self, config: &Config, linkage: Option<&Linkage>) -> Result<(), ServeError> {
        if let Some(updates) = self.updates.as_mut().filter(|_| !is_plain(config, config.updates)) {
            updates.listener.secure(tls::server_config(config, config.updates.ip())?);
        }
        if !is_plain(config, config.console) {
            self.console.secure(tls::server_config(config, config.console.ip())?);
        }
        if let (Some(listener), Some(linkage)) = (&mut self.linkage, linkage) {
            listener.secure_with(linkage.tls());
        }
        Ok(())
    }
}

fn serve_updates(
    app: &Arc<App>,
    bound: BoundUpdates,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let updates = Arc::new(Updates { app: app.clone(), content: bound.content });
    let mut tasks = vec![
        tokio::spawn(bound.listener.serve(updates::router(updates), stopped.clone())),
        tokio::spawn(keep_content(app.clone(), stopped.clone())),
        tokio::spawn(follow_upstream(app.clone(), stopped.clone())),
        tokio::spawn(rotate_keys(app.clone(), stopped.clone())),
    ];
    if let Some(listener) = bound.content_listener {
        let content = updates::content::router(app.clone());
        tasks.push(tokio::spawn(listener.serve(content, stopped.clone())));
    }
    tasks
}

/// The WSUS that the Linkage speaks for.
fn wsus(config: &Config, app: Option<&Arc<App>>) -> Result<Wsus, ServeError> {
    match (config.microsoft_wsus()?, app) {
        (None, Some(app)) => Ok(Wsus::Headwater(app.clone())),
        (Some(access), _) => {
            let wsus = headwater_wsus_admin::Wsus::new(access)?;
            Ok(Wsus::Microsoft(Arc::new(Microsoft::new(wsus, name(config), now()))))
        }
        (None, None) => {
            let reason = "the Linkage has no WSUS: see `linkage.microsoft_wsus`".to_owned();
            Err(ConfigError::Meaning(reason).into())
        }
    }
}

/// Beside an update server both are administered by the same operators.
async fn open_manager(config: &Config, app: Option<&App>) -> Result<Arc<Manager>, ServeError> {
    let mut manager = Manager::open(&config.manager_place()?, &name(config), now).await?;
    if let Some(app) = app {
        manager.operators = app.operators.clone();
    }
    manager.watch_record(&config.data).await?;
    Ok(Arc::new(manager))
}

/// The system's time.
pub fn now() -> Timestamp {
    Clock::system().now()
}

/// The name by which other servers know this machine.
pub fn name(config: &Config) -> String {
    config.name.clone().or_else(tls::machine_name).unwrap_or_else(|| "localhost".to_owned())
}

/// An address as others reach it; where it is every one of this machine, by a name.
pub fn named(bound: SocketAddr, name: &str) -> String {
    match bound.ip().is_unspecified() {
        true => format!("{name}:{}", bound.port()),
        false => bound.to_string(),
    }
}

fn settings(config: &Config) -> Result<Settings, ConfigError> {
    Ok(Settings {
        data: config.data.clone(),
        database: config.place()?,
        page: PageLimits { updates_max: config.page.updates_max, bytes_max: config.page.mebibytes_max << 20 },
        targeting: match config.targeting {
            config::Targeting::Server => Targeting::ServerSide,
            config::Targeting::Client => Targeting::ClientSide,
        },
        content: ContentSettings {
            mode: match config.content {
                config::Content::OnApproval => ContentMode::OnApproval,
                config::Content::AtOnce => ContentMode::AtOnce,
            },
            languages: config.content_languages.clone(),
            express: if config.content_express { Express::Hold } else { Express::LeaveOut },
            sources: if config.content_local_sources { Trust::Configured } else { Trust::Announced },
            patience: Patience::default(),
        },
        downstream: DownstreamSettings {
            name: name(config),
            every: Duration::from_secs(60 * u64::from(config.synchronise_every_minutes)),
            plain_http: if config.insecure_http { PlainHttp::Anywhere } else { PlainHttp::OnLoopback },
        },
    })
}

pub fn is_plain(config: &Config, address: SocketAddr) -> bool {
    address.ip().is_loopback() || config.insecure_http
}

pub fn url(config: &Config, asked: SocketAddr, bound: SocketAddr, name: &str) -> String {
    let scheme = if is_plain(config, asked) { "http" } else { "https" };
    format!("{scheme}://{}", named(bound, name))
}

fn content_urls(config: &Config, port: u16) -> ContentUrls {
    ContentUrls { scheme: "http", port: content_port(config, port) }
}

/// Content is plain HTTP: on the same port, or beside HTTPS by fact 51.
pub fn content_port(config: &Config, port: u16) -> u16 {
    match port {
        port if is_plain(config, config.updates) => port,
        443 => 80,
        port => port.saturating_sub(1),
    }
}

/// New cookie keys when they are due; looked at every hour.
async fn rotate_keys(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut hours = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            _ = hours.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = app.rotate_cookie_keys().await {
            tracing::error!(error = admin::chain(&error), "cookie keys could not be renewed");
        }
    }
}
