//! A server that plays its part over real sockets, well or badly. What it answers is written by hand, with
//! prefixes that are not ours. Not verified on a live WSUS.

mod answers;
mod failures;
mod logins;
mod server;
mod verbs;
