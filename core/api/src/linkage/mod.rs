//! What a managing server and WSUS Linkages say to each other, over HTTPS.
//!
//! The managing server dials the Linkage of the top WSUS; every other Linkage dials the one of the
//! server above its own and holds the connection. An [`Order`] travels down, signed by the managing
//! server; a [`Report`] comes back, signed by the Linkage that carried it out. Who stands between can
//! delay or drop them, and alter none. The paths:
//!
//! | path | from | body | answer |
//! | --- | --- | --- | --- |
//! | `GET /linkage` | anybody | – | [`About`] |
//! | `POST /linkage/pair` | anybody who knows the code | [`Pairing`] | [`PairingAnswer`] |
//! | `POST /linkage/orders` | the managing server | [`Signed`] of an [`Order`] | [`Signed`] of a [`Report`] |
//! | `POST /linkage/hold` | a Linkage below | [`Hold`] | [`Handed`] |
//! | `POST /linkage/join` | a Linkage without a managing server | [`Join`] | [`Introduction`] |
//! | `POST /linkage/run` | who has its own certificate | [`RunWanted`] | [`RunWatch`] |
//! | `POST /linkage/run/news` | who has its own certificate | [`RunWatch`] | [`RunNews`] |
//!
//! All but the first, the second and `join` ask for a certificate of the managing server's authority.

mod ask;
mod clean_up;
mod keep;
mod order;
mod pairing;
mod preview;
mod relay;
mod run;
mod trust;
mod wsus;

pub use ask::Ask;
pub use clean_up::{DeleteComputers, DeleteUpdates, ObsoleteUpdate, SilentComputer};
pub use keep::{KEPT_COMPUTERS_MAX, KEPT_GROUPS_MAX, Keeping, KeptComputer, KeptMemberships};
pub use order::{Failure, FailureKind, Order, Report, Signed};
pub use pairing::{About, LinkVersion, Pairing, PairingAnswer};
pub use preview::{
    Clients, FileOfUpdates, FilesOfUpdate, FilesOfUpdates, StatesOfUpdates, StatesPart, UpdatesOnComputer,
};
pub use relay::{HOLD_MAX, Handed, Hold, Introduction, Join, Joining, Reached};
pub use run::{RUN_QUIET_SECONDS, RUN_REQUEST_BYTES_MAX, RunNews, RunRequest, RunWanted, RunWatch};
pub use trust::{Refused, Renewal, Revocations, SignedRevocations, Trust};
pub use wsus::{
    Approve, Contents, Decided, Decline, LastSync, MembershipChange, Memberships, StartedSync,
    StateOnComputer, SubscribedCategory, Subscription, SyncProgress, SyncState, UpdateCount, WsusApproval,
    WsusComputer, WsusComputers, WsusGroup, WsusIdentity, WsusKind, WsusLower, WsusMode, WsusTargeting,
};

/// The version of these messages. A Linkage of another one is asked who it is ([`Ask::Identity`]) and nothing else.
pub const PROTOCOL: u32 = 6;
/// Where a Linkage answers; what stands in the managing server's settings ends in it.
pub const ROOT: &str = "/linkage";
pub const PAIR: &str = "/linkage/pair";
pub const ORDERS: &str = "/linkage/orders";
pub const HOLD: &str = "/linkage/hold";
pub const JOIN: &str = "/linkage/join";
pub const RUN: &str = "/linkage/run";
pub const RUN_NEWS: &str = "/linkage/run/news";
/// A held connection is answered after so many seconds at the latest.
pub const HOLD_SECONDS: u64 = 20;
/// The longest body, in bytes: a page of computers, or of memberships.
pub const BODY_BYTES_MAX: usize = 32 << 20;
/// Clocks may differ by so many seconds; beyond, an order is refused.
pub const CLOCK_SECONDS_MAX: i64 = 600;
/// Computers of one page.
pub const COMPUTERS_PER_PAGE: usize = 5_000;
/// Linkages that one managing server may ever revoke: far more than a tree has, and a list of them still fits
/// into an answer.
pub const REVOKED_MAX: usize = 10_000;
