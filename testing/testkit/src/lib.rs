//! Servers to test against: everything real but the process.
//!
//! [`TestServer`] runs the use cases and both listeners on free ports over a folder of its own.
//! [`Administrator`] speaks to its JSON API with the client of the commands. [`builders`] writes
//! update documents.

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod administrator;
mod authority;
pub mod builders;
mod clock;
mod patience;
mod real_data;
mod server;

pub use administrator::{Administrator, Refused};
pub use authority::TestAuthority;
pub use clock::TestClock;
pub use patience::eventually;
pub use real_data::shared;
pub use server::{PASSWORD, ServerOptions, StartError, TestServer, client_id, postgres};
