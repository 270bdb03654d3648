//! The browser on pages whose faults are known.

#![allow(clippy::unwrap_used)]

mod driving;
mod rules;
mod site;
mod survival;
