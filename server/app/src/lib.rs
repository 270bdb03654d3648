//! Use cases, one file per verb, and the background work of a server.
//!
//! Everything here knows the store, the content and the snapshots; nothing here knows HTTP, SOAP,
//! JSON or HTML. Agents are answered from two snapshots behind atomic pointers ([`Live`]); what
//! they make the server write goes through one task ([`writer`]).

pub mod admin;
mod catalogue;
mod clock;
pub mod content;
mod cookie;
pub mod downstream_server;
mod error;
mod intake;
mod live;
pub mod oracle;
mod private_folder;
mod start;
pub mod update_server;
pub mod upstream_server;
mod writer;

pub use admin::updates::UpdateState;
pub use catalogue::{Card, CardFile, Catalogue};
pub use clock::Clock;
pub use cookie::{COOKIE_BYTES, Cookie, CookieError, CookieJar, Purpose};
pub use error::{AppError, ClientFault};
pub use headwater_operators::{FirstAdministrator, Operator, Operators};
pub use live::{Live, Served};
#[cfg(windows)]
pub use private_folder::{ADMINISTRATORS, SYSTEM, icacls};
pub use private_folder::{make_private, write_secret};
pub use start::{App, DATABASE, Settings, Targeting, lock};
