//! The client against a small server over a real socket.

mod exchanges;
mod fake;
mod imports;
mod manager;
mod trust;

use crate::{Access, Client};

fn client(url: &str) -> Client {
    Client::new(&Access { url: url.into(), token: "t0ken\n".into(), ca_pem: None }).expect("a client")
}
