//! The executable's tests, in one binary.

mod content;
mod process;
mod requests;
mod scan;
mod server_sync;
mod sources;
