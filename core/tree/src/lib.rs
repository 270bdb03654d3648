//! Decisions about the tree of WSUS servers that a managing server is linked with, made over snapshots
//! and tested as data: which computer of which server a host is ([`matching`]), what a computer group made
//! from a host group is called ([`naming`]) and who belongs to it ([`group_plan`]), also once it appears
//! elsewhere ([`kept`]), whether a plan may still be carried out ([`plan_guard`]), whether a group that another
//! took the place of may go ([`recreate`]), whether a server is in step with the top ([`in_step`],
//! [`difference`]), what is written on one that follows by itself ([`follow`]), what one in the place of the top
//! lacks ([`relink`]), which one another took the place of ([`replaced`]), what an approval would mean ([`impact`]), which server is next ([`order`]), which runs are begun that Linkages ask for ([`asked`]), and
//! what is cleaned up ([`clean_up`], [`silent`]).

pub mod asked;
pub mod changed;
pub mod clean_up;
pub mod computer;
pub mod difference;
pub mod follow;
pub mod group_plan;
pub mod host;
pub mod impact;
pub mod in_step;
pub mod kept;
pub mod matching;
pub mod naming;
pub mod order;
pub mod plan_guard;
pub mod recreate;
pub mod relink;
pub mod replaced;
pub mod rule;
#[cfg(test)]
mod sample;
pub mod server;
pub mod silent;
pub mod window;
