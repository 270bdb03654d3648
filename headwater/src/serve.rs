//! A process with its roles: the wiring.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headwater_app::content::{ContentMode, ContentSettings, Express, Patience, Trust, keep_content};
use headwater_app::downstream_server::{DownstreamSettings, PlainHttp, follow_upstream};
use headwater_app::{App, Clock, FirstAdministrator, Operators, Settings, Targeting, admin};
use headwater_http::console::{self, Console};
use headwater_http::updates::{self, ContentUrls, Updates};
use headwater_http::{Limits, Listener, linkage, manager};
use headwater_linkage::{Linkage, Microsoft, Wsus, follow_parent};
use headwater_manager::{Manager, follow_wsus};
use headwater_model::Timestamp;
use headwater_policy::offer::PageLimits;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{self, Config, Role};
use crate::demo::Demo;
use crate::tls;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error(transparent)]
    App(#[from] headwater_app::AppError),
    #[error(transparent)]
    Linkage(#[from] headwater_linkage::LinkageError),
    #[error("the managing server does not start")]
    Manager(#[from] headwater_manager::ManagerError),
    #[error("the Microsoft WSUS cannot be asked")]
    MicrosoftWsus(#[from] headwater_wsus_admin::Error),
    #[error(transparent)]
    Operators(#[from] headwater_operators::OperatorsError),
    #[error(transparent)]
    Listen(#[from] headwater_http::ListenError),
    #[error("`{path}` cannot be written")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the system refused")]
    System(#[from] std::io::Error),
    #[error("the metrics cannot be started")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// What an update server in this process adds to it.
struct UpdateServer {
    app: Arc<App>,
    url: String,
    listener: Listener,
    content: ContentUrls,
    content_listener: Option<Listener>,
}

pub async fn run(config: Config, demo: bool) -> Result<(), ServeError> {
    if demo && !is_plain(&config, config.updates) {
        let advice = "`--demo` speaks plain HTTP: keep `updates` on loopback".to_owned();
        return Err(config::ConfigError::Meaning(advice).into());
    }
    let metrics = PrometheusBuilder::new().install_recorder()?;
    // All addresses are taken before anything is written, so that a taken port harms nothing.
    let bound = match config.has(Role::UpdateServer) {
        true => Some(bind_updates(&config).await?),
        false => None,
    };
    let mut console_listener = Listener::bind(config.console, Limits::default()).await?;
    let mut linkage_listener = match config.has(Role::Linkage) {
        true => Some(Listener::bind(config.linkage.listen, Limits::default()).await?),
        false => None,
    };
    let console_url = url(&config, config.console, console_listener.address()?);

    // A process without an update server holds the folder itself.
    let _lock = if bound.is_none() { Some(headwater_app::lock(&config.data)?) } else { None };
    let update_server = match bound {
        Some(bound) => Some(open_update_server(&config, bound).await?),
        None => None,
    };
    let app = update_server.as_ref().map(|server| server.app.clone());
    let manager = match config.has(Role::Manager) {
        true => Some(open_manager(&config, app.as_deref()).await?),
        false => None,
    };
    // A Linkage alone has no operators: its managing server has.
    let operators = match (&app, &manager) {
        (Some(app), _) => Some(app.operators.clone()),
        (None, Some(manager)) => Some(manager.operators.clone()),
        (None, None) => None,
    };
    let mut first = None;
    if let Some(operators) = &operators {
        let given = config.admin_password()?;
        let is_given = given.is_some();
        first = operators.first_administrator(given, now()).await?.filter(|_| !is_given);
    }
    if !is_plain(&config, config.console) {
        console_listener.secure(tls::server_config(&config.tls, &config.data, config.console.ip())?);
    }
    let linkage = match &mut linkage_listener {
        Some(listener) => {
            let linkage = Linkage::open(&config.data, wsus(&config, app.as_ref())?, Clock::system())?;
            listener.secure_with(linkage.tls());
            Some(linkage)
        }
        None => None,
    };
    if let Some(operators) = &operators {
        leave_for_commands(operators, &config.data, &console_url).await?;
    }

    let (stop, stopped) = watch::channel(false);
    let router = console_router(&update_server, manager.clone(), &console_url, metrics);
    let mut tasks = vec![tokio::spawn(console_listener.serve(router, stopped.clone()))];
    let updates_url = update_server.as_ref().map(|server| server.url.clone());
    if let Some(manager) = &manager {
        tasks.push(tokio::spawn(follow_wsus(manager.clone(), stopped.clone())));
    }
    if let Some(server) = update_server {
        tasks.extend(start_update_server(server, demo, &stopped));
    }
    let linkage_url = match &linkage_listener {
        Some(listener) => Some(format!("https://{}/linkage", named(listener.address()?))),
        None => None,
    };
    if let (Some(linkage), Some(listener)) = (&linkage, linkage_listener) {
        tasks.push(tokio::spawn(listener.serve(linkage::router(linkage.clone()), stopped.clone())));
        if let Some(parent) = config.linkage.parent.as_ref().and_then(|url| url.parse().ok()) {
            tasks.push(tokio::spawn(follow_parent(linkage.clone(), parent, stopped.clone())));
        }
    }
    drop(stopped);
    let shown = linkage_url.as_deref().zip(linkage.as_deref());
    announce(updates_url.as_deref(), &console_url, shown, &config, first.as_ref());

    stop_signal().await;
    tracing::info!("stopping");
    if let Some(app) = &app {
        app.hang_up();
    }
    // The receivers are in the tasks that are waited for below.
    let _ = stop.send(true);
    for task in tasks {
        let _ = task.await;
    }
    if let Some(app) = app {
        app.stop().await;
    }
    if let Some(manager) = manager {
        manager.close().await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// The listeners of an update server.
struct BoundUpdates {
    listener: Listener,
    content: ContentUrls,
    content_listener: Option<Listener>,
    url: String,
}

async fn bind_updates(config: &Config) -> Result<BoundUpdates, ServeError> {
    let listener = Listener::bind(config.updates, Limits::default()).await?;
    let content = content_urls(config, listener.address()?.port());
    let content_listener = match is_plain(config, config.updates) {
        true => None,
        false => {
            let beside = SocketAddr::new(config.updates.ip(), content.port);
            Some(Listener::bind(beside, Limits::default()).await?)
        }
    };
    let url = url(config, config.updates, listener.address()?);
    Ok(BoundUpdates { listener, content, content_listener, url })
}

async fn open_update_server(config: &Config, bound: BoundUpdates) -> Result<UpdateServer, ServeError> {
    let BoundUpdates { mut listener, content, content_listener, url } = bound;
    let app = App::start(settings(config)?, Clock::system()).await?;
    if !is_plain(config, config.updates) {
        listener.secure(tls::server_config(&config.tls, &config.data, config.updates.ip())?);
    }
    Ok(UpdateServer { app, url, listener, content, content_listener })
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
            Err(config::ConfigError::Meaning(reason).into())
        }
    }
}

/// Beside an update server both are administered by the same operators.
async fn open_manager(config: &Config, app: Option<&App>) -> Result<Arc<Manager>, ServeError> {
    let mut manager = Manager::open(&config.manager_place()?, &name(config), now).await?;
    if let Some(app) = app {
        manager.operators = app.operators.clone();
    }
    Ok(Arc::new(manager))
}

fn console_router(
    update_server: &Option<UpdateServer>,
    manager: Option<Arc<Manager>>,
    console_url: &str,
    metrics: PrometheusHandle,
) -> axum::Router {
    let metrics: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(move || metrics.render());
    let managing = manager.clone().map(manager::router).unwrap_or_default();
    let pages = manager.clone().map(headwater_console::router).unwrap_or_default();
    let managing = managing.merge(pages);
    match update_server {
        Some(server) => console::router(Console {
            app: server.app.clone(),
            updates_url: server.url.clone(),
            console_url: console_url.to_owned(),
            metrics,
        })
        .merge(managing),
        None => managing
            .merge(manager.map(manager::wsus_router).unwrap_or_default())
            .merge(console::monitoring(metrics)),
    }
}

fn start_update_server(
    server: UpdateServer,
    demo: bool,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let UpdateServer { app, url, listener, content, content_listener } = server;
    let updates = Arc::new(Updates { app: app.clone(), content });
    let mut tasks = vec![
        tokio::spawn(listener.serve(updates::router(updates), stopped.clone())),
        tokio::spawn(keep_content(app.clone(), stopped.clone())),
        tokio::spawn(follow_upstream(app.clone(), stopped.clone())),
        tokio::spawn(rotate_keys(app.clone(), stopped.clone())),
    ];
    if demo {
        let demo = Demo { app: app.clone(), updates_url: url };
        tasks.push(tokio::spawn(demo.run(stopped.clone())));
    }
    if let Some(listener) = content_listener {
        tasks.push(tokio::spawn(listener.serve(updates::content::router(app), stopped.clone())));
    }
    tasks
}

/// The system's time.
fn now() -> Timestamp {
    Clock::system().now()
}

/// The name by which other servers know this machine.
fn name(config: &Config) -> String {
    config.name.clone().or_else(tls::machine_name).unwrap_or_else(|| "localhost".to_owned())
}

/// An address as others on this machine reach it.
fn named(bound: SocketAddr) -> String {
    match bound.ip().is_unspecified() {
        true => format!("localhost:{}", bound.port()),
        false => bound.to_string(),
    }
}

fn settings(config: &Config) -> Result<Settings, config::ConfigError> {
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

fn is_plain(config: &Config, address: SocketAddr) -> bool {
    address.ip().is_loopback() || config.insecure_http
}

fn url(config: &Config, asked: SocketAddr, bound: SocketAddr) -> String {
    let scheme = if is_plain(config, asked) { "http" } else { "https" };
    format!("{scheme}://{}", named(bound))
}

/// Content is plain HTTP: on the same port, or beside HTTPS by fact 51.
fn content_urls(config: &Config, port: u16) -> ContentUrls {
    let content_port = match port {
        port if is_plain(config, config.updates) => port,
        443 => 80,
        port => port.saturating_sub(1),
    };
    ContentUrls { scheme: "http", port: content_port }
}

/// What the commands on this machine need: where the API is, and a token.
async fn leave_for_commands(operators: &Operators, data: &Path, console_url: &str) -> Result<(), ServeError> {
    let token = operators.local_token(now()).await?;
    for (name, text) in [("api-url", console_url), ("admin.token", &token)] {
        let path = data.join(name);
        headwater_app::write_secret(&path, text.as_bytes())
            .map_err(|source| ServeError::Write { path, source })?;
    }
    Ok(())
}

#[allow(clippy::print_stdout)]
fn announce(
    updates: Option<&str>,
    console: &str,
    linkage: Option<(&str, &Linkage)>,
    config: &Config,
    first: Option<&FirstAdministrator>,
) {
    if let Some(updates) = updates {
        println!("updates   {updates}");
    }
    println!("console   {console}");
    if let Some((url, linkage)) = linkage {
        println!("linkage   {url}");
        println!("          {}", linkage.fingerprint());
        match linkage.code() {
            Some(code) => println!("code      {code}   (for the managing server, once)"),
            None => println!("manager   {}", linkage.manager().unwrap_or_default()),
        }
    }
    println!("data      {}", config.data.display());
    if let Some(first) = first {
        println!("user      {}", first.name);
        println!("password  {}   (shown this once)", first.password);
    }
    let open = [config.updates, config.console].iter().any(|address| !address.ip().is_loopback());
    if open && config.insecure_http {
        println!(
            "warning   plain HTTP beyond this machine: whoever is between can run programs on your computers"
        );
    }
    println!("headwater: ready");
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

async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without signals the process is stopped from outside.
    let _ = tokio::signal::ctrl_c().await;
}
