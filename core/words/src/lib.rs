//! How states, numbers and outcomes are said: commands and pages use the same words.

pub mod approval;
pub mod caveat;
pub mod clean_up;
pub mod csv;
pub mod error;
pub mod licence;
pub mod moment;
pub mod operator;
pub mod products;
pub mod quantity;
pub mod relink;
pub mod report;
pub mod schedule;
pub mod server_deletion;
pub mod synchronisation;
