//! Generated catalogues, read back as a server reads them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of it is a test, which tells what it counted"
)]

mod delivery;
mod folder;
mod shape;
mod statistics;
