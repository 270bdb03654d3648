//! What this server does as a *downstream server* (the DSS of the specification): it takes updates
//! from the server above, and as a replica everything that was decided about them.
//!
//! [`follow_upstream`] is the reconciler. It begins a run when an operator asks for one, when the
//! upstream server hints at a change, and now and then in any case. A run takes no argument: the
//! setting and the anchors in the database say what to ask for, and anchors move only when all that
//! they cover is stored. So a run that was cut off anywhere is completed by the next one.

mod follow;
mod problem;
mod rollup;
mod runs;
mod server_summary;
mod setting;
mod synchronise;
mod take_decisions;
mod take_documents;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_model::{ServerId, Timestamp};
use headwater_store::{Store, UpstreamSetting};
use headwater_upstream::{Access, Upstream};
use tokio::sync::{Notify, watch};

pub use follow::follow_upstream;
pub use headwater_store::{RunRow, RunState, RunStep, UpstreamFilter, UpstreamMode};
pub use rollup::{RolledUp, RollupError};
pub use runs::StartedRun;
pub use setting::{UpstreamReport, none_is_set};
pub use synchronise::Subscription;

use crate::error::AppError;

/// Where SOAP may be spoken without TLS (threat A1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    #[default]
    OnLoopback,
    /// For laboratories.
    Anywhere,
}

/// How this server is a downstream server.
#[derive(Debug, Clone)]
pub struct DownstreamSettings {
    /// The name by which servers know this one, fully qualified if it can be.
    pub name: String,
    /// The longest time between two runs; only an upstream server that is no Headwater needs it.
    pub every: Duration,
    pub plain_http: PlainHttp,
}

impl Default for DownstreamSettings {
    fn default() -> Self {
        Self {
            name: "localhost".to_owned(),
            every: Duration::from_secs(3_600),
            plain_http: PlainHttp::default(),
        }
    }
}

/// The upstream server of this moment: the setting and the way there.
#[derive(Debug)]
pub(crate) struct Link {
    pub setting: UpstreamSetting,
    pub upstream: Upstream,
    /// It has no content: Microsoft has it ([MS-WSUSSS] 3.1.1, *CatalogOnlySync*).
    catalog_only: AtomicBool,
}

impl Link {
    /// Connects to nothing yet. Fails if the setting names no server, or no authority.
    pub fn new(
        setting: UpstreamSetting,
        name: &str,
        server: ServerId,
    ) -> Result<Self, headwater_upstream::Error> {
        let upstream = Upstream::new(Access {
            address: setting.url.parse()?,
            ca_pem: setting.ca_pem.clone().map(String::into_bytes),
            account_name: name.to_owned(),
            account_id: server,
        })?;
        Ok(Self { setting, upstream, catalog_only: AtomicBool::new(false) })
    }

    /// Whether the server itself has files, or Microsoft does.
    pub fn has_content(&self) -> bool {
        !self.catalog_only.load(Ordering::Relaxed)
    }
}

/// A run that is going, or about to.
#[derive(Debug, Clone)]
struct Current {
    run: RunRow,
    /// Of the setting that it began under.
    generation: i64,
}

/// The state of being a downstream server.
#[derive(Debug)]
pub(crate) struct Downstream {
    link: watch::Sender<Option<Arc<Link>>>,
    current: Mutex<Option<Current>>,
    /// When everything was last taken, since this start.
    synced: Mutex<Option<Timestamp>>,
    /// Only one run begins at a time.
    beginning: tokio::sync::Mutex<()>,
    /// Somebody asked for a run.
    asked: Notify,
    /// The run that somebody ended last, and who.
    stopped: watch::Sender<Option<(i64, String)>>,
}

impl Downstream {
    /// Reads the setting. Runs of an earlier life of the server have ended.
    pub async fn open(store: &Store, name: &str, server: ServerId) -> Result<Self, AppError> {
        let link = match store.upstream().await?.map(|setting| Link::new(setting, name, server)) {
            None => None,
            Some(Ok(link)) => Some(Arc::new(link)),
            Some(Err(error)) => {
                let error = crate::admin::chain(&error);
                tracing::error!(error, "the upstream server's setting cannot be used; set it again");
                None
            }
        };
        let (link, _) = watch::channel(link);
        let beginning = tokio::sync::Mutex::default();
        Ok(Self {
            link,
            current: Mutex::default(),
            synced: Mutex::default(),
            beginning,
            asked: Notify::new(),
            stopped: watch::Sender::new(None),
        })
    }

    pub fn link(&self) -> Option<Arc<Link>> {
        self.link.borrow().clone()
    }

    /// Whether groups, approvals and declines come from above; then nothing is decided here.
    pub fn replica_of(&self) -> Option<String> {
        let link = self.link.borrow();
        let replica = link.as_ref().filter(|link| link.setting.mode == UpstreamMode::Replica);
        replica.map(|link| link.setting.url.clone())
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn synced(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the run that is going.
    fn running(&self) -> Option<i64> {
        self.current().as_ref().map(|current| current.run.number)
    }

    /// Changes what is told of a run, as long as it is going.
    fn tell(&self, number: i64, change: impl FnOnce(&mut RunRow)) {
        if let Some(current) = self.current().as_mut().filter(|current| current.run.number == number) {
            change(&mut current.run);
        }
    }
}
