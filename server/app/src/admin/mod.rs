//! What administrators ask for: one file per noun.

pub mod approvals;
pub mod computers;
pub mod groups;
pub mod import;
mod import_files;
pub mod policy;
pub mod server;
pub mod status;
pub mod updates;

/// An error with all its causes, for a log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}
