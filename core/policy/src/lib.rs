//! Decisions about updates, made over snapshots and tested as data: which approval counts for a
//! computer ([`approval`]), what a server offers at all ([`serving`]), what one agent is told in one
//! call ([`offer`]), which files are held ([`content`]) and whose licence terms ([`licence`]), what
//! leaves the catalogue ([`deletion`]); and what agents report of their updates ([`compliance`]).
//! Between servers: what a downstream server is told ([`sync_plan`]), which documents it asks for
//! ([`fetch_plan`]), and what a replica makes of decisions ([`replica_plan`]); what servers are told of
//! computers ([`rollup_plan`]) and make of it ([`rollup`]).

pub mod approval;
pub mod compliance;
pub mod content;
pub mod deletion;
pub mod fetch_plan;
pub mod group;
pub mod licence;
pub mod offer;
pub mod products;
pub mod replica_plan;
pub mod rollup;
pub mod rollup_plan;
pub mod seen;
pub mod serving;
pub mod snapshot;
pub mod sync_plan;
