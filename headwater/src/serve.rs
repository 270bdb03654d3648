//! A process: one node or several, until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;

use axum::middleware;
use headwater_http::begun::{Begun, to_its_end};
use headwater_http::console::{self, Console};
use headwater_http::{Limits, linked, manager, operators};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::config::{self, Config};
use crate::node::{Bound, Node};
use crate::own_link::{self, Own};
use crate::stop_signal::stop_signal;
use crate::{demo, tls};

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
    #[error("the demonstration cannot be set up")]
    Demo(#[from] demo::DemoError),
    #[error("`{path}` cannot be written")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the system gave no threads")]
    Threads(#[source] std::io::Error),
    #[error("the system refused")]
    System(#[from] std::io::Error),
    #[error("the metrics cannot be started")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// What runs beside each other in one process.
pub struct Process {
    metrics: PrometheusHandle,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    nodes: Vec<Arc<Node>>,
    begun: Begun,
}

impl Process {
    pub fn begin() -> Result<Self, ServeError> {
        let metrics = PrometheusBuilder::new().install_recorder()?;
        let (stop, begun) = (watch::Sender::new(false), Begun::default());
        Ok(Self { metrics, stop, tasks: Vec::new(), nodes: Vec::new(), begun })
    }

    /// Opens a node and lets it answer.
    pub async fn start(&mut self, bound: Bound) -> Result<Arc<Node>, ServeError> {
        let (mut node, listeners) = Node::open(bound).await?;
        let console = console_router(&node, self.metrics.clone(), self.begun.clone());
        self.tasks.extend(node.serve(listeners, console, &self.stopped()));
        let node = Arc::new(node);
        self.nodes.push(node.clone());
        Ok(node)
    }

    /// Turns true when everything is to end.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Something that goes on until the stop.
    pub fn add(&mut self, task: JoinHandle<()>) {
        self.tasks.push(task);
    }

    /// Ends when open requests are answered and everything that was accepted is written.
    pub async fn end(self) {
        tracing::info!("stopping");
        let cut_off_at = Instant::now() + Limits::default().stop_timeout;
        for node in &self.nodes {
            node.hang_up();
        }
        self.stop.send_replace(true);
        for task in self.tasks {
            // A task that failed has said so.
            let _ = task.await;
        }
        // Listeners wait for those who listen still, and not for what was begun by one who hung up.
        if timeout_at(cut_off_at, self.begun.ended()).await.is_err() {
            tracing::warn!("requests that were begun are cut off");
        }
        for node in self.nodes {
            node.close().await;
        }
        tracing::info!("stopped");
    }
}

/// Whether a managing server is to be linked with the WSUS of the same process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linking {
    Own,
    ByHand,
}

/// One node in the foreground, until it is told to stop.
pub async fn run(config: Config, linking: Linking) -> Result<(), ServeError> {
    run_until(config, linking, foreground, stop_signal()?).await
}

/// One node until `stop` comes. `ready` is given what a person has to know, once the node answers.
pub async fn run_until(
    config: Config,
    linking: Linking,
    ready: impl FnOnce(&str),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let bound = Bound::bind(config).await?;
    let mut process = Process::begin()?;
    let set_up = async {
        let node = process.start(bound).await?;
        let link = match linking {
            Linking::Own => Some(own_link::see_to(&node).await),
            Linking::ByHand => None,
        };
        ready(&announcement(&node, link.as_ref()));
        Ok(())
    };
    let done = until(stop, set_up).await;
    process.end().await;
    done
}

/// `up --demo`: a whole tree with its computers.
pub async fn run_demo(config: Config) -> Result<(), ServeError> {
    let stop = stop_signal()?;
    let data = config.data.clone();
    let bounds = demo::bind(config).await?;
    let mut process = Process::begin()?;
    let set_up = async {
        demo::start(&mut process, bounds).await?;
        demo::tell_what_to_try(&data);
        ready();
        Ok(())
    };
    let done = until(stop, set_up).await;
    process.end().await;
    done
}

/// Ends when it is told to stop, while it is set up too, or when that failed.
async fn until(
    stop: impl Future<Output = ()>,
    set_up: impl Future<Output = Result<(), ServeError>>,
) -> Result<(), ServeError> {
    tokio::pin!(stop);
    tokio::select! {
        done = set_up => done?,
        () = &mut stop => return Ok(()),
    }
    stop.await;
    Ok(())
}

/// All that the console's listener answers: the API of each role, health and metrics.
fn console_router(node: &Node, metrics: PrometheusHandle, begun: Begun) -> axum::Router {
    let metrics: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(move || metrics.render());
    let manager = node.manager.clone();
    let managing = manager.clone().map(manager::router).unwrap_or_default();
    let pages = manager.clone().map(headwater_console::router).unwrap_or_default();
    let administered = operators::Administered::new(node.app.clone(), manager.clone());
    let managing = managing.merge(pages).merge(administered.map(operators::router).unwrap_or_default());
    let own = match (&node.app, &node.updates_url) {
        (Some(app), Some(updates_url)) => {
            let update_server = console::router(Console {
                app: app.clone(),
                updates_url: updates_url.clone(),
                console_url: node.console_url.clone(),
                metrics,
            });
            match manager {
                Some(manager) => linked::router(update_server, manager, app.server.id),
                None => update_server,
            }
        }
        _ => {
            let elsewhere = manager.clone().map(manager::elsewhere_router).unwrap_or_default();
            let linked = manager.map(manager::wsus_router).unwrap_or_default();
            linked.merge(elsewhere).merge(console::monitoring(metrics))
        }
    };
    own.merge(managing).layer(middleware::from_fn_with_state(begun, to_its_end))
}

/// Where everything is.
pub fn announcement(node: &Node, link: Option<&Own>) -> String {
    let mut lines = Vec::new();
    if let Some(updates) = &node.updates_url {
        lines.push(format!("updates   {updates}"));
    }
    lines.push(format!("console   {}", node.console_url));
    if let (Some(url), Some(linkage)) = (&node.linkage_url_for_others, &node.linkage) {
        lines.extend([format!("linkage   {url}"), format!("          {}", linkage.fingerprint())]);
        lines.push(match (link, linkage.code()) {
            (Some(Own::Linked), _) => {
                "linked    with this update server, the top WSUS of its tree".to_owned()
            }
            (_, Some(code)) => format!("code      {code}   (for the managing server, once)"),
            (_, None) => format!("manager   {}", linkage.manager().unwrap_or_default()),
        });
    }
    if let Some(manager) = node.linkage.as_ref().and_then(|linkage| linkage.revoked_by()) {
        lines.push(format!(
            "warning   {manager} revoked this Linkage, which does nothing for it any more; to use it again, pair it \
             there with the code"
        ));
    }
    if let Some(Own::Failed { why }) = link {
        lines.push(format!("warning   {why}"));
    }
    lines.push(format!("data      {}", node.config.data.display()));
    if let Some(first) = &node.first {
        lines.push(format!("user      {}", first.name));
        lines.push(format!("password  {}   (shown this once)", first.password));
    }
    let config = &node.config;
    let open = [config.updates, config.console].iter().any(|address| !address.ip().is_loopback());
    if open && config.insecure_http {
        lines.push(
            "warning   plain HTTP beyond this machine: whoever is between can run programs on your computers"
                .to_owned(),
        );
    }
    lines.join("\n")
}

#[allow(clippy::print_stdout)]
fn foreground(announcement: &str) {
    println!("{announcement}");
    ready();
}

/// For whoever waits until it answers.
#[allow(clippy::print_stdout)]
fn ready() {
    println!("headwater: ready");
}
