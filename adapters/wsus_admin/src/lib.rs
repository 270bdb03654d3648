//! The administration service of a Microsoft WSUS, `ApiRemoting30`, asked over HTTP: what a WSUS Linkage
//! needs of it. Not verified on a live WSUS.
//!
//! [`Wsus`] keeps one connection, on which its calls follow each other: a login with NTLM holds for the
//! connection. Every operation goes through [`Wsus::call`]; the verbs beside it turn rows into values of our
//! own and decide nothing. What a server says is a stranger's: answers have limits in bytes and time,
//! redirections are not followed, and rows of unknown length are refused with the numbers (facts 70 to 84).

mod access;
mod address;
mod approvals;
mod bindings;
mod call;
mod computers;
mod downstream;
mod error;
mod groups;
mod identity;
mod link;
mod login;
mod operation;
mod rows;
mod status;
mod subscription;
mod synchronisation;
#[cfg(test)]
mod tests;
mod trust;
mod updates;

use tokio::sync::{Mutex, RwLock};

pub use access::{Access, Credentials, Patience, PlainHttp, Secret};
pub use address::Address;
pub use approvals::{Action, Approval, ApprovalAction, Approving};
pub use computers::{Computer, Home, OsVersion, Scope};
pub use downstream::DownstreamServer;
pub use error::{Error, Result};
pub use groups::{Group, GroupKind};
pub use headwater_ntlm::{Account, NtlmError, Password};
pub use identity::{Database, Identity, Mode, Role, Source, Targeting};
pub use operation::{Effect, Operation, Weight};
pub use status::{ComputerSummary, Counts, Installation, InstallationState, UpdateSummary};
pub use subscription::{Category, Subscription};
pub use synchronisation::{Progress, SyncEvent, SyncEventKind, SyncPhase, SyncStart, Taken, outcome};
pub use updates::{Update, UpdateState};

use link::Link;

/// A WSUS that is administered over its service.
#[derive(Debug)]
pub struct Wsus {
    address: Address,
    /// How the account is named in errors.
    account: String,
    patience: Patience,
    link: Mutex<Link>,
    identity: RwLock<Option<Identity>>,
}

impl Wsus {
    /// Connects to nothing yet.
    pub fn new(access: Access) -> Result<Self> {
        Ok(Self {
            link: Mutex::new(Link::new(&access)?),
            account: access.credentials.name(),
            address: access.address,
            patience: access.patience,
            identity: RwLock::new(None),
        })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }
}
