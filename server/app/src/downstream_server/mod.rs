//! What this server asks of the server above it and tells it. (We are the *downstream server* here,
//! the DSS of the specification.)

mod rollup;
mod server_summary;

pub use rollup::{RolledUp, RollupError};
