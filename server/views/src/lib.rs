//! What an update server shows to administrators, in the words of our API.
//!
//! The JSON API answers so, and WSUS Linkage tells the managing server so.

pub mod approvals;
pub mod computers;
pub mod groups;
pub mod history;
pub mod licence;
mod paging;
pub mod status;
pub mod updates;
