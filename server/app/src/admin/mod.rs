//! What administrators ask for: one file per noun.

pub mod approvals;
pub mod computers;
pub mod deletion;
pub mod downstream;
pub mod groups;
pub mod import;
mod import_files;
pub mod licence;
pub mod policy;
pub mod preview;
pub mod server;
pub mod status;
pub mod updates;

pub use headwater_model::chain;
