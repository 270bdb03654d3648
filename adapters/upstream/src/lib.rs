//! An upstream server: another WSUS, Microsoft Update or another Headwater, asked over MS-WSUSSS.
//!
//! [`Upstream`] goes through the handshake when it has to, keeps one connection open, and turns the
//! answers into our own values. Everything that it reads is a stranger's: bodies, times and sizes
//! have limits, redirections are not followed, and nothing is decided here.

mod address;
mod calls;
mod changes;
mod error;
mod handshake;
mod link;
mod parcel;
mod rollup;
#[cfg(test)]
mod tests;
mod trust;

use headwater_model::ServerId;
use headwater_wsus::wsusss::Cookie;
use tokio::sync::Mutex;

pub use address::Address;
pub use calls::{Config, Decisions, Documents, RevisionList, RevisionQuery};
pub use changes::Hint;
pub use error::{Error, Result};
pub use parcel::{Parcel, ParcelError};

use link::Link;

/// Where an upstream server is, and as whom it is asked.
#[derive(Debug, Clone)]
pub struct Access {
    pub address: Address,
    /// Certificates in PEM of the only authorities to trust; without them, the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// The fully qualified name of this server.
    pub account_name: String,
    pub account_id: ServerId,
}

/// An upstream server. Requests follow each other on one connection; waiting for a change and
/// reporting have their own.
#[derive(Debug)]
pub struct Upstream {
    access: Access,
    link: Mutex<Link>,
    waiting: Mutex<Link>,
    reporting: Mutex<Link>,
    cookie: Mutex<Option<Cookie>>,
}

impl Upstream {
    /// Connects to nothing yet.
    pub fn new(access: Access) -> Result<Self> {
        let tls = trust::client_config(access.ca_pem.as_deref())?;
        let link = || Mutex::new(Link::new(access.address.clone(), tls.clone()));
        Ok(Self { link: link(), waiting: link(), reporting: link(), cookie: Mutex::new(None), access })
    }

    pub fn address(&self) -> &Address {
        &self.access.address
    }

    /// The fully qualified name of this server, as the upstream server is told.
    pub fn account_name(&self) -> &str {
        &self.access.account_name
    }
}
