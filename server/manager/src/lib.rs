//! The managing server: linked with exactly one WSUS, the top one of its tree.
//!
//! It reaches every WSUS through its Linkage, and only the top Linkage itself: orders for the others
//! travel down the tree, signed ([`ask`]). It knows nothing of the update server, which may run in the
//! same process.

mod approvals;
mod ask;
mod compare;
mod error;
mod host_groups;
mod link;
mod pair;
mod sync;
mod tree;

use headwater_link::{Authority, Identity, Key, Party};
use headwater_model::Timestamp;
use headwater_operators::Operators;
use headwater_store::{ManagerStore, Place};

pub use approvals::Terms;
pub use error::ManagerError;

/// What its clock says.
pub type Now = fn() -> Timestamp;

/// A running managing server without its listener.
pub struct Manager {
    pub operators: Operators,
    /// By which Linkages call it.
    pub name: String,
    store: ManagerStore,
    authority: Authority,
    /// What it shows to Linkages: a key of this start, certified by its authority.
    identity: Identity,
    now: Now,
    /// One run of the synchronisation command at a time.
    synchronising: tokio::sync::Mutex<()>,
    /// Whatever changes the link.
    linking: tokio::sync::Mutex<()>,
}

impl Manager {
    /// Opens its database, and makes its authority at the first time.
    pub async fn open(place: &Place, name: &str, now: Now) -> Result<Self, ManagerError> {
        let store = ManagerStore::open(place).await?;
        let fresh = Authority::generate()?;
        let (secret, certificate) = store.authority(&fresh.key.secret(), &fresh.certificate, now()).await?;
        let authority = Authority::from_parts(&secret, certificate)?;
        let key = Key::generate()?;
        let identity = Identity {
            certificate: authority.certify(Party::Manager, &key.public())?,
            key: key.secret(),
            authority: authority.certificate.clone(),
        };
        Ok(Self {
            operators: Operators::new(store.operators()),
            name: name.to_owned(),
            store,
            authority,
            identity,
            now,
            synchronising: tokio::sync::Mutex::new(()),
            linking: tokio::sync::Mutex::new(()),
        })
    }

    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Writes what was accepted and closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
