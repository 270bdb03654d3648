//! The managing server: linked with exactly one WSUS, the top one of its tree.
//!
//! It reaches every WSUS through its Linkage, and only the top Linkage itself: orders for the others
//! travel down the tree, signed ([`ask`]). It knows nothing of the update server, which may run in the
//! same process.

mod approvals;
mod arrival;
mod ask;
mod asked;
mod by_hand;
mod certificates;
mod clean_up;
mod clocks;
mod compare;
mod delete_server;
mod details;
mod effective;
mod error;
mod fingerprint;
mod group_plan;
mod halt;
mod host_groups;
mod impact;
mod kept;
mod known;
mod link;
mod lost_run;
mod members;
mod memberships;
mod mirror;
mod namesakes;
mod notes;
mod outside;
mod pair;
mod pause;
mod plan_record;
mod put_back;
mod reach;
mod recreate;
mod reimaged;
mod relink;
mod remembered;
mod report;
mod revoke;
mod running;
mod runs;
#[cfg(test)]
mod sample;
mod schedule;
mod seen;
mod server_settings;
mod sightings;
mod states;
mod sync;
mod takes;
mod tree;
mod trust;
mod undo;
mod why;
mod writers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use headwater_link::{Authority, Identity};
use headwater_model::{Timestamp, UpdateId, chain};
use headwater_operators::Operators;
use headwater_store::{ManagerStore, Place};
use tokio::sync::{Notify, watch};

use trust::Trust;
use writers::Writers;

pub use approvals::Terms;
pub use asked::follow_linkages;
pub use details::Silent;
pub use error::{ErrorKind, FieldError, ManagerError};
pub use halt::spread_halts;
pub use headwater_api::{ComputerOrder, UpdateOrder};
pub use headwater_store::{AuditFilter, AuditOrder, AuditRow};
pub use host_groups::HostGroupName;
pub use link::Linked;
pub use lost_run::LostRun;
pub use mirror::{Computers, Direction, Mirror, Problem, ServerView, TreeView, Updates, follow_wsus};
pub use notes::{has_duplicate_name, has_shared_id};
pub use reach::GroupPaths;
pub use report::{Part, standing};
pub use running::{Changed, LastLine, Running};
pub use runs::{Looking, RunStanding, RunSummary, action_for};
pub use schedule::BY as SCHEDULE;
pub use schedule::keep_schedule;
pub use undo::LastPlan;

/// What its clock says.
pub type Now = fn() -> Timestamp;

/// A running managing server without its listener.
pub struct Manager {
    pub operators: Operators,
    /// By which Linkages call it.
    pub name: String,
    store: ManagerStore,
    authority: ArcSwap<Authority>,
    /// What it shows to Linkages: a key that is made now and then, certified by its authority.
    identity: ArcSwap<Identity>,
    trust: Trust,
    now: Now,
    /// The run of the synchronisation command that goes on, or the last one.
    running: tokio::sync::Mutex<Option<Arc<Running>>>,
    /// Runs that only list what differs: those that go on, and the last ones.
    comparisons: runs::Comparisons,
    /// What lists tell of the runs that ended.
    ended_runs: runs::Ended,
    /// For the next page of the same host group.
    made_members: Mutex<Option<members::Made>>,
    mirror: ArcSwap<Mirror>,
    /// What was decided from here since the mirror was read; absent until it was since this server started.
    written: Mutex<seen::Decisions>,
    /// Counts changes of the mirror and of runs, for pages that are open.
    changed: watch::Sender<Changed>,
    /// Asks for the mirror to be read.
    look: Notify,
    /// Lets a halt be carried down the tree.
    halted: Notify,
    /// Halts that are not done, as far as this process has tried them.
    pending_halts: Mutex<HashMap<UpdateId, halt::Pending>>,
    /// Updates that are being halted, or approved, which ends a halt: neither undoes the other half way.
    deciding: halt::Deciding,
    /// Tells pages that are open to end.
    hung_up: watch::Sender<bool>,
    /// One clean-up goes on at a time.
    cleaning: tokio::sync::Mutex<()>,
    /// Whatever changes the link.
    linking: tokio::sync::Mutex<()>,
    /// Who writes to the tree: runs, plans and clean-ups side by side, or a relink alone.
    writers: Writers,
    /// Absent where no data folder is known.
    record: Option<put_back::Kept>,
}

impl Manager {
    /// Opens its database, and makes its authority at the first time.
    pub async fn open(place: &Place, name: &str, now: Now) -> Result<Self, ManagerError> {
        let store = ManagerStore::open(place).await?;
        let fresh = Authority::generate(now())?;
        let (secret, certificate) = store.authority(&fresh.key.secret(), &fresh.certificate, now()).await?;
        let authority = Authority::from_parts(&secret, certificate)?;
        let identity = trust::own_identity(&authority, now())?;
        let manager = Self {
            operators: Operators::new(store.operators()),
            name: name.to_owned(),
            store,
            authority: ArcSwap::from_pointee(authority),
            identity: ArcSwap::from_pointee(identity),
            trust: Trust::default(),
            now,
            running: tokio::sync::Mutex::new(None),
            comparisons: runs::Comparisons::default(),
            ended_runs: runs::Ended::default(),
            made_members: Mutex::default(),
            mirror: ArcSwap::default(),
            written: Mutex::default(),
            changed: watch::Sender::default(),
            look: Notify::new(),
            halted: Notify::new(),
            pending_halts: Mutex::default(),
            deciding: halt::Deciding::default(),
            hung_up: watch::Sender::new(false),
            cleaning: tokio::sync::Mutex::new(()),
            linking: tokio::sync::Mutex::new(()),
            writers: Writers::default(),
            record: None,
        };
        manager.read_revocations().await?;
        manager.mirror.store(Arc::new(manager.kept_mirror().await?));
        Ok(manager)
    }

    /// What operators did, each with its number.
    pub async fn audited(&self, filter: &AuditFilter<'_>) -> Result<Vec<(i64, AuditRow)>, ManagerError> {
        Ok(self.store.audited(filter).await?)
    }

    /// Who did anything, by name.
    pub async fn audited_operators(&self) -> Result<Vec<String>, ManagerError> {
        Ok(self.store.audited_operators().await?)
    }

    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Lets go of the pages that wait for news, so that nothing holds up a stop.
    pub fn hang_up(&self) {
        self.hung_up.send_replace(true);
    }

    /// Turns true when the server stops.
    pub fn stops(&self) -> watch::Receiver<bool> {
        self.hung_up.subscribe()
    }

    /// Writes what was accepted and closes the database.
    pub async fn close(&self) {
        if let Err(error) = self.keep_record().await {
            tracing::warn!(error = chain(&error), "the end of the record could not be kept");
        }
        self.store.close().await;
    }
}
