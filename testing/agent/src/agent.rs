//! One agent on one connection.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use headwater_model::{Guid, Timestamp, UpdateId};
use headwater_wsus::reporting::ReportEventBatch;
use headwater_wsus::soap::{Fault, Message, Request, decode_response};
use headwater_wsus::wusp::{CLIENT, DeploymentAction};

use crate::walk::{CLIENT_PATH, REPORTING_PATH};
use crate::{
    Cached, Computer, Connection, ConnectionError, Download, DownloadError, Evaluation, Evaluator, Event,
    Exchange, Scan, Stage, Walk, WalkError, batch, download,
};

/// Why an agent did not come to the end of what it does.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("{operation}: {source}")]
    Connection { operation: String, source: ConnectionError },
    #[error("{operation}: {source}")]
    Walk { operation: String, source: WalkError },
    #[error("the agent has no cookie: let it scan first")]
    NoCookie,
    #[error("update {0} is not cached, or nothing is known of its files")]
    NoFiles(UpdateId),
    #[error(transparent)]
    Download(#[from] DownloadError),
}

/// The agent of one computer.
pub struct Agent {
    pub walk: Walk,
    pub connection: Connection,
    evaluator: Box<dyn Evaluator>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Agent {
    /// An agent that has never heard of its server.
    pub fn new(
        url: &str,
        client_id: &str,
        dns_name: &str,
        evaluator: Box<dyn Evaluator>,
    ) -> Result<Self, ConnectionError> {
        Ok(Self {
            walk: Walk::new(Computer::new(client_id, dns_name)),
            connection: Connection::new(url)?,
            evaluator,
            clock: Arc::new(system_time),
        })
    }

    /// Tells the time by another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        self.clock = clock;
        self
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The computer is another one from now on: what comes is evaluated so.
    pub fn set_evaluator(&mut self, evaluator: Box<dyn Evaluator>) {
        self.evaluator = evaluator;
    }

    /// Goes to another server, as after a change of policy. The agent learns there whether its
    /// cookie and its cache are good.
    pub fn move_to(&mut self, url: &str) -> Result<(), ConnectionError> {
        let accept_xpress = self.connection.accept_xpress;
        self.connection = Connection::new(url)?;
        self.connection.accept_xpress = accept_xpress;
        Ok(())
    }

    /// All that an agent does on its timer.
    pub async fn scan(&mut self) -> Result<Scan, AgentError> {
        self.run(Stage::SCAN).await
    }

    /// The scan by categories that precedes another (captured in the first scan of a new computer).
    pub async fn category_scan(&mut self, categories: Vec<UpdateId>) -> Result<Scan, AgentError> {
        self.run([Stage::CategoryScan(categories), Stage::Extended]).await
    }

    /// Does these stages, and before each what it needs first.
    pub async fn run(&mut self, stages: impl IntoIterator<Item = Stage>) -> Result<Scan, AgentError> {
        self.walk.begin(stages);
        while let Some(exchange) = self.walk.next(self.now()) {
            let text = self.post(&exchange).await?.text;
            let received = self.walk.receive(&text, &*self.evaluator);
            received.map_err(|source| AgentError::Walk { operation: exchange.action, source })?;
        }
        Ok(self.walk.scan().clone())
    }

    /// Sends one message of the client service beside the walk, for what no honest agent says.
    pub async fn call<R: Request>(&mut self, request: &R) -> Result<Result<R::Response, Fault>, AgentError> {
        let path = if R::SERVICE == CLIENT { CLIENT_PATH } else { REPORTING_PATH };
        let exchange = Exchange::new(path, request);
        let answer = self.post(&exchange).await?;
        decode_response::<R>(&answer.text)
            .map_err(|source| AgentError::Walk { operation: exchange.action, source: source.into() })
    }

    async fn post(&mut self, exchange: &Exchange) -> Result<crate::Answer, AgentError> {
        let answer = self.connection.post(exchange).await;
        answer.map_err(|source| AgentError::Connection { operation: exchange.action.clone(), source })
    }

    /// The revision of an update, as the server offers it.
    pub fn cached(&self, update: UpdateId) -> Option<&Cached> {
        self.walk.cache().of_update(update).map(|(_, cached)| cached)
    }

    /// What the server wants done with an update; `None` where the agent has not heard of it.
    pub fn action(&self, update: UpdateId) -> Option<DeploymentAction> {
        self.cached(update).map(|cached| cached.deployment.action)
    }

    /// Updates that the agent would install now.
    pub fn to_install(&self) -> Vec<UpdateId> {
        let wanted = |cached: &&Cached| {
            cached.deployment.action == DeploymentAction::Install && cached.evaluation.installable
        };
        self.walk.cache().iter().map(|(_, cached)| cached).filter(wanted).map(|c| c.identity.id).collect()
    }

    /// Downloads the files of an update and verifies them by both digests.
    pub async fn download(&mut self, update: UpdateId) -> Result<Vec<Download>, AgentError> {
        let cached = self.cached(update).and_then(|cached| cached.extended.as_ref());
        let files = cached.ok_or(AgentError::NoFiles(update))?.files.clone();
        let mut downloads = Vec::with_capacity(files.len());
        for file in files {
            let url = self.walk.location(file.sha1).ok_or(AgentError::NoFiles(update))?;
            downloads.push(download(url, file).await?);
        }
        Ok(downloads)
    }

    /// An update is installed from now on.
    pub fn installed(&mut self, update: UpdateId) {
        self.walk.evaluate_again(update, Evaluation::INSTALLED);
    }

    /// Reports events; says whether the server has them.
    pub async fn report(&mut self, events: &[Event]) -> Result<bool, AgentError> {
        let cookie = self.walk.cookie().cloned().ok_or(AgentError::NoCookie)?;
        let random = || Guid::from_u128(rand::random());
        let request = batch(&self.walk.computer, cookie, self.now(), events, random);
        match self.call(&request).await? {
            Ok(response) => Ok(response.result),
            Err(fault) => {
                let source = WalkError::Refused { operation: ReportEventBatch::NAME, fault: Box::new(fault) };
                Err(AgentError::Walk { operation: ReportEventBatch::action(), source })
            }
        }
    }
}

fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
