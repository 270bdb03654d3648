//! A simulated Windows update agent.
//!
//! [`Walk`] decides what an agent sends next and takes the answers in: it knows no sockets and no
//! clock, so a load generator can drive thousands of them. [`Agent`] is one walk with a connection
//! of its own. Both do what an unmodified agent of Windows 11 was seen doing ([MS-WUSP] 3.1.5, 3.2
//! and the facts that the comments name), and watch each answer for the rules that real agents
//! rely on: an answer that breaks one is a [`Violation`].
//!
//! What a computer makes of an update is an [`Evaluator`]'s to say.

mod agent;
mod cache;
mod computer;
mod connection;
mod core_fragment;
mod download;
mod evaluate;
mod event;
mod extended_fragment;
mod products;
mod walk;

pub use agent::{Agent, AgentError};
pub use cache::{Cache, Cached};
pub use computer::Computer;
pub use connection::{Answer, Connection, ConnectionError, read_and_drop};
pub use core_fragment::{Core, UpdateType};
pub use download::{Download, DownloadError, RANGE_BYTES, download, file_bytes, open_range, ranges};
pub use evaluate::{BySet, DetectoidsInstalled, Evaluation, Evaluator};
pub use event::{Event, batch};
pub use extended_fragment::{Extended, PayloadFile};
pub use walk::{Exchange, Scan, Stage, StopRule, Violation, Walk, WalkError};
