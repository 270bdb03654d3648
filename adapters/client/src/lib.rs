//! Headwater's own API over HTTP, blocking, as the commands use it.
//!
//! [`Client`] has one method for each operation of [`headwater_api::path`] and decides nothing. The
//! token goes to the named server only: over TLS, or to this very machine; never through a proxy
//! and never to where a redirect points.

mod address;
mod answer;
mod client;
mod error;
mod folder;
mod import;
mod lines;
mod manager;
mod operations;
mod operators;
mod synchronise;

pub use answer::Answer;
pub use client::{Access, Client};
pub use error::Error;
pub use folder::{DEPTH_MAX, FILES_MAX};
pub use import::{ImportSource, ImportStep};

#[cfg(test)]
mod tests;
