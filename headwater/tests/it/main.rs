//! The executable's tests, in one binary.
// What fails here is a failed test.
#![allow(clippy::unwrap_used)]

mod administration;
mod asked;
mod bad_days;
mod certificates;
mod cleanup;
mod computers;
mod console;
mod content;
mod conversation;
mod demo;
mod downstream;
mod drift;
mod host_groups;
mod licences;
mod linkage;
mod load;
mod many_groups;
mod memberships;
mod mischief;
mod narrowed;
mod odd_names;
mod offers;
mod operations;
mod operators;
mod process;
mod relink;
mod reporting;
mod requests;
mod rollup;
mod rollup_upward;
mod runs;
mod scan;
mod seen;
mod server_sync;
mod servers;
mod sessions;
mod sightings;
mod site;
mod sources;
mod tree;
mod up;
mod whole;
mod windows;
mod wire;
