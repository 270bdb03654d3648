//! The executable's tests, in one binary.

mod process;
mod requests;
mod scan;
mod server_sync;
