//! A server of its own for a test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use headwater_app::content::{ContentSettings, keep_content};
use headwater_app::downstream_server::{DownstreamSettings, follow_upstream};
use headwater_app::{App, AppError, Clock, DATABASE, Settings, Targeting};
use headwater_http::console::{self, Console};
use headwater_http::operators;
use headwater_http::updates::{self, ContentUrls, Updates};
use headwater_http::{Limits, ListenError, Listener};
use headwater_policy::offer::PageLimits;
use headwater_simulated_agent::{Agent, Evaluator};
use headwater_store::Place;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Administrator, TestAuthority, TestClock};

/// How long a stopped server may keep its threads.
const RUNTIME_TIMEOUT: Duration = Duration::from_secs(10);

/// How a server is started.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The system's time, or a time that the test moves.
    pub clock: Option<TestClock>,
    /// Where agents ask.
    pub updates_ip: IpAddr,
    /// Agents are asked to speak TLS, with a certificate of this authority for 127.0.0.1.
    pub authority: Option<Arc<TestAuthority>>,
    /// SQLite in the server's folder, or a database of its own on PostgreSQL.
    pub database: Option<Place>,
    pub page: PageLimits,
    pub targeting: Targeting,
    pub content: ContentSettings,
    pub downstream: DownstreamSettings,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            clock: None,
            updates_ip: Ipv4Addr::LOCALHOST.into(),
            authority: None,
            database: database_of_the_run(),
            page: PageLimits { updates_max: 200, bytes_max: 5 << 20 },
            targeting: Targeting::ServerSide,
            content: ContentSettings::default(),
            downstream: DownstreamSettings::default(),
        }
    }
}

/// A new database on PostgreSQL, or `None`, said aloud, where there is none.
pub fn postgres() -> Option<Place> {
    headwater_private_postgres::database().map(|url| url.parse().unwrap())
}

/// With `HEADWATER_TEST_DATABASE=postgres` every server of a run is on PostgreSQL.
fn database_of_the_run() -> Option<Place> {
    let wanted = std::env::var("HEADWATER_TEST_DATABASE");
    (wanted.as_deref() == Ok("postgres")).then(|| postgres().expect("PostgreSQL"))
}

/// The password of the account `admin` on every server.
pub const PASSWORD: &str = "correct Hörse battery";

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("the system refused: {0}")]
    Io(#[from] std::io::Error),
}

/// A running server on free ports. It has threads of its own, so that it can be killed whole.
pub struct TestServer {
    /// Where agents ask, such as `http://127.0.0.1:40123`.
    pub updates_url: String,
    pub console_url: String,
    pub admin: Administrator,
    /// Of `admin`, for programs.
    pub token: String,
    data: Arc<TempDir>,
    options: ServerOptions,
    /// Not there while it stops: it holds the folder.
    app: Option<Arc<App>>,
    stop: watch::Sender<bool>,
    running: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

/// What starting a server yields.
struct Started {
    updates: SocketAddr,
    console: SocketAddr,
    token: String,
    app: Arc<App>,
    running: JoinHandle<()>,
}

impl TestServer {
    /// Starts a server with an empty catalogue.
    pub async fn start() -> Self {
        Self::start_with(ServerOptions::default()).await
    }

    pub async fn start_with(options: ServerOptions) -> Self {
        let data = Arc::new(TempDir::new().unwrap());
        Self::start_on(data, options).await.unwrap()
    }

    async fn start_on(data: Arc<TempDir>, options: ServerOptions) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = watch::channel(false);
        let started = runtime.spawn(bring_up(data.clone(), options.clone(), stopped)).await.unwrap();
        let started = match started {
            Ok(started) => started,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let console_url = format!("http://{}", started.console);
        let scheme = if options.authority.is_some() { "https" } else { "http" };
        Ok(Self {
            updates_url: format!("{scheme}://{}", started.updates),
            admin: Administrator::new(&console_url, &started.token),
            console_url,
            token: started.token,
            data,
            options,
            app: Some(started.app),
            stop,
            running: Some(started.running),
            runtime: Some(runtime),
        })
    }

    /// An agent that has not heard of this server. `number` gives it its id and its name.
    pub fn agent(&self, number: u32, evaluator: impl Evaluator + 'static) -> Agent {
        let (client_id, dns_name) = (client_id(number), format!("pc{number}.test.example"));
        let agent = Agent::new(&self.updates_url, &client_id, &dns_name, Box::new(evaluator)).unwrap();
        match &self.options.clock {
            Some(clock) => agent.with_clock(clock.for_agent()),
            None => agent,
        }
    }

    /// The use cases, for what nobody can ask for over a socket.
    pub fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    /// The folder of everything that the server keeps.
    pub fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Lets open requests end, writes what was accepted and gives the folder free.
    pub async fn stop(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        // The tasks that listen to it are waited for below.
        let _ = self.stop.send(true);
        if let Some(running) = self.running.take() {
            running.await.unwrap();
        }
        self.drop_runtime().await;
    }

    /// Stops and starts again on the same folder, on other ports.
    pub async fn restart(mut self) -> Self {
        self.end().await;
        Self::start_on(self.data.clone(), self.options.clone()).await.unwrap()
    }

    /// Drops everything where it stands, as a crash does, and starts again on the same folder.
    pub async fn crash(mut self) -> Self {
        self.drop_runtime().await;
        Self::start_on(self.data.clone(), self.options.clone()).await.unwrap()
    }

    /// A second server on the same folder, which has to be refused.
    pub async fn start_twice(&self) -> Result<Self, StartError> {
        Self::start_on(self.data.clone(), self.options.clone()).await
    }

    async fn drop_runtime(&mut self) {
        self.app = None;
        if let Some(runtime) = self.runtime.take() {
            tokio::task::spawn_blocking(move || runtime.shutdown_timeout(RUNTIME_TIMEOUT)).await.unwrap();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The id of the agent of this number.
pub fn client_id(number: u32) -> String {
    format!("a9e47000-0000-4000-8000-{number:012x}")
}

async fn bring_up(
    data: Arc<TempDir>,
    options: ServerOptions,
    stopped: watch::Receiver<bool>,
) -> Result<Started, StartError> {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let updates_at = SocketAddr::new(options.updates_ip, 0);
    let mut updates_listener = Listener::bind(updates_at, Limits::default()).await?;
    if let Some(authority) = &options.authority {
        updates_listener.secure(authority.server_config());
    }
    let console_listener = Listener::bind(free, Limits::default()).await?;
    let (updates, console) = (updates_listener.address()?, console_listener.address()?);
    let clock = options.clock.map_or_else(Clock::system, |clock| clock.clock());
    let settings = Settings {
        data: data.path().join("data"),
        database: options.database.unwrap_or_else(|| Place::file(data.path().join("data").join(DATABASE))),
        page: options.page,
        targeting: options.targeting,
        content: options.content,
        downstream: options.downstream,
    };
    let app = App::start(settings, clock).await?;
    app.operators
        .first_administrator(Some(PASSWORD.to_owned()), app.clock.now())
        .await
        .map_err(AppError::from)?;
    let token = app.operators.local_token(app.clock.now()).await.map_err(AppError::from)?;
    let updates_router = updates::router(Arc::new(Updates {
        app: app.clone(),
        content: ContentUrls { scheme: "http", port: updates.port() },
    }));
    let console_router = console::router(Console {
        app: app.clone(),
        updates_url: format!("http://{updates}"),
        console_url: format!("http://{console}"),
        metrics: Arc::new(String::new),
    });
    let administered = operators::Administered::new(Some(app.clone()), None);
    let console_router = console_router.merge(administered.map(operators::router).unwrap_or_default());
    let held = app.clone();
    let running = tokio::spawn(async move {
        tokio::join!(
            updates_listener.serve(updates_router, stopped.clone()),
            console_listener.serve(console_router, stopped.clone()),
            keep_content(app.clone(), stopped.clone()),
            follow_upstream(app.clone(), stopped),
        );
        app.stop().await;
    });
    Ok(Started { updates, console, token, app: held, running })
}
