//! `headwater up`: everything in one process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use headwater_app::content::{ContentMode, ContentSettings, Express, Patience, Trust, keep_content};
use headwater_app::downstream_server::{DownstreamSettings, PlainHttp, follow_upstream};
use headwater_app::{App, Clock, FirstAdministrator, Settings, Targeting, admin};
use headwater_http::console::{self, Console};
use headwater_http::updates::{self, ContentUrls, Updates};
use headwater_http::{Limits, Listener};
use headwater_policy::offer::PageLimits;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::sync::watch;

use crate::config::{self, Config};
use crate::demo::Demo;
use crate::{logging, tls};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  headwater up --data /var/lib/headwater --updates 0.0.0.0:8531 --console 127.0.0.1:8580"
)]
pub struct UpArguments {
    /// A configuration file; what is given here beside it wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of everything that the server keeps [default: headwater-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where update agents ask [default: 127.0.0.1:8530].
    #[arg(long, value_name = "ADDRESS")]
    updates: Option<SocketAddr>,
    /// Where administrators ask [default: 127.0.0.1:8580].
    #[arg(long, value_name = "ADDRESS")]
    console: Option<SocketAddr>,
    /// Serve plain HTTP beyond loopback: for laboratories only.
    #[arg(long)]
    insecure_http: bool,
    /// Add an invented catalogue and a few simulated computers that use it.
    #[arg(long)]
    demo: bool,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
enum UpError {
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error(transparent)]
    App(#[from] headwater_app::AppError),
    #[error(transparent)]
    Listen(#[from] headwater_http::ListenError),
    #[error("`{path}` cannot be written")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the system refused")]
    System(#[from] std::io::Error),
    #[error("the metrics cannot be started")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

#[allow(clippy::print_stderr)]
pub fn run(arguments: UpArguments) -> ExitCode {
    logging::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the system gave no threads: {error}");
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(up(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", admin::chain(&error));
            ExitCode::from(1)
        }
    }
}

fn configure(arguments: UpArguments) -> Result<Config, UpError> {
    let mut config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    config.data = arguments.data.unwrap_or(config.data);
    config.updates = arguments.updates.unwrap_or(config.updates);
    config.console = arguments.console.unwrap_or(config.console);
    config.insecure_http |= arguments.insecure_http;
    config.check()?;
    Ok(config)
}

async fn up(arguments: UpArguments) -> Result<(), UpError> {
    let demo = arguments.demo;
    let config = configure(arguments)?;
    if demo && !is_plain(&config, config.updates) {
        let advice = "`--demo` speaks plain HTTP: keep `updates` on loopback".to_owned();
        return Err(config::ConfigError::Meaning(advice).into());
    }
    let metrics = PrometheusBuilder::new().install_recorder()?;
    // All addresses are taken before anything is written, so that a taken port harms nothing.
    let mut updates_listener = Listener::bind(config.updates, Limits::default()).await?;
    let mut console_listener = Listener::bind(config.console, Limits::default()).await?;
    let content_urls = content_urls(&config, updates_listener.address()?.port());
    let content_listener = match is_plain(&config, config.updates) {
        true => None,
        false => {
            let beside = SocketAddr::new(config.updates.ip(), content_urls.port);
            Some(Listener::bind(beside, Limits::default()).await?)
        }
    };
    let updates_url = url(&config, config.updates, updates_listener.address()?);
    let console_url = url(&config, config.console, console_listener.address()?);

    let app = App::start(settings(&config)?, Clock::system()).await?;
    let given = config.admin_password()?;
    let is_given = given.is_some();
    let first = app.operators.first_administrator(given, app.clock.now()).await?.filter(|_| !is_given);
    for (listener, address) in
        [(&mut updates_listener, config.updates), (&mut console_listener, config.console)]
    {
        if !is_plain(&config, address) {
            listener.secure(tls::server_config(&config.tls, &config.data, address.ip())?);
        }
    }
    leave_for_commands(&app, &config.data, &console_url).await?;

    let updates = Arc::new(Updates { app: app.clone(), content: content_urls });
    let console = Console {
        app: app.clone(),
        updates_url: updates_url.clone(),
        console_url: console_url.clone(),
        metrics: Arc::new(move || metrics.render()),
    };
    let (stop, stopped) = watch::channel(false);
    let mut tasks = vec![
        tokio::spawn(updates_listener.serve(updates::router(updates), stopped.clone())),
        tokio::spawn(console_listener.serve(console::router(console), stopped.clone())),
        tokio::spawn(keep_content(app.clone(), stopped.clone())),
        tokio::spawn(follow_upstream(app.clone(), stopped.clone())),
        tokio::spawn(rotate_keys(app.clone(), stopped.clone())),
    ];
    if demo {
        let demo = Demo { app: app.clone(), updates_url: updates_url.clone() };
        tasks.push(tokio::spawn(demo.run(stopped.clone())));
    }
    if let Some(listener) = content_listener {
        tasks.push(tokio::spawn(listener.serve(updates::content::router(app.clone()), stopped)));
    }
    announce(&updates_url, &console_url, &config, first.as_ref());

    stop_signal().await;
    tracing::info!("stopping");
    // The receivers are in the tasks that are waited for below.
    let _ = stop.send(true);
    for task in tasks {
        let _ = task.await;
    }
    app.stop().await;
    tracing::info!("stopped");
    Ok(())
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
            name: config.name.clone().or_else(tls::machine_name).unwrap_or_else(|| "localhost".to_owned()),
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
    match bound.ip().is_unspecified() {
        true => format!("{scheme}://localhost:{}", bound.port()),
        false => format!("{scheme}://{bound}"),
    }
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
async fn leave_for_commands(app: &App, data: &Path, console_url: &str) -> Result<(), UpError> {
    let token = app.operators.local_token(app.clock.now()).await?;
    for (name, text) in [("api-url", console_url), ("admin.token", &token)] {
        let path = data.join(name);
        tls::write_secret(&path, text.as_bytes()).map_err(|source| UpError::Write { path, source })?;
    }
    Ok(())
}

#[allow(clippy::print_stdout)]
fn announce(updates: &str, console: &str, config: &Config, first: Option<&FirstAdministrator>) {
    println!("updates   {updates}");
    println!("console   {console}");
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
