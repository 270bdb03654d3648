//! What one WSUS server says of one computer.

use std::fmt;
use std::sync::Arc;

use headwater_model::{ClientId, GroupId, ServerId, Timestamp};

use crate::silent::CLOCK_SECONDS_MAX;

/// The longest silence, in days, with which a computer still counts as in contact.
pub const CONTACT_DAYS: i64 = 30;

/// The record of one computer on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computer {
    pub server: ServerId,
    pub client: ClientId,
    /// The full DNS name, or the short one where the computer has no domain.
    pub name: String,
    pub address: String,
    pub os: String,
    pub os_version: String,
    pub architecture: String,
    /// Of the update agent.
    pub agent_version: String,
    /// Of the machine, as its firmware has it.
    pub manufacturer: String,
    pub model: String,
    /// `None` where nothing is known of it.
    pub first_contact_at: Option<Timestamp>,
    pub last_contact_at: Timestamp,
    /// What its policy asks for: names of groups, separated by semicolons.
    pub requested_group: String,
    /// Those that it is in itself.
    pub groups: Vec<GroupId>,
    /// What it has by its last scan; `None` where that is not known.
    pub products: Option<Products>,
}

/// The products that a computer has, by title. Thousands have the same ones and share them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Products(Arc<[Product]>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Product {
    title: String,
    folded: String,
}

impl Products {
    pub fn new(titles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let product = |title: String| Product { folded: folded(&title), title };
        let mut products: Vec<Product> = titles.into_iter().map(|title| product(title.into())).collect();
        products.sort_by(|one, other| one.title.cmp(&other.title));
        products.dedup_by(|one, other| one.title == other.title);
        Self(products.into())
    }

    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|product| product.title.as_str())
    }

    /// The titles as names are compared.
    pub(crate) fn folded(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|product| product.folded.as_str())
    }
}

/// Which record: a client may have one on each of several servers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub server: ServerId,
    pub client: ClientId,
}

impl Computer {
    pub fn place(&self) -> Place {
        Place { server: self.server, client: self.client.clone() }
    }

    /// Whether it was in contact within [`CONTACT_DAYS`] before `now`.
    pub fn is_in_contact(&self, now: Timestamp) -> bool {
        self.last_contact_at >= now.plus_seconds(-CONTACT_DAYS * 86_400)
    }

    /// Whether its policy asks for the group of this name.
    pub fn requests(&self, group_name: &str) -> bool {
        let wanted = folded(group_name);
        self.requested().any(|name| folded(name) == wanted)
    }

    /// The names of the groups that its policy asks for.
    pub fn requested(&self) -> impl Iterator<Item = &str> {
        self.requested_group.split(';').map(str::trim).filter(|name| !name.is_empty())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.client, self.server)
    }
}

/// A time that a server told, by the clock here: of two servers that know a computer, the one whose clock is ahead
/// is not its home for that. No clock is exact to the second, and neither is how it was read; and 1970 is no time.
pub fn by_our_clock(told: Timestamp, ahead_seconds: Option<i64>) -> Timestamp {
    match ahead_seconds {
        Some(ahead) if ahead.abs() > CLOCK_SECONDS_MAX && told != Timestamp::EPOCH => {
            told.plus_seconds(-ahead)
        }
        _ => told,
    }
}

/// A name as names are compared, without regard to case.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The first label of a DNS name, as names are compared.
pub(crate) fn short_folded(name: &str) -> String {
    let name = folded(name);
    name.split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_and_requests() {
        let now = Timestamp::EPOCH.plus_seconds(100 * 86_400);
        let computer = Computer {
            server: ServerId::from_u128(1),
            client: "c".parse().expect("an id"),
            name: "PC1.example.org".into(),
            address: String::new(),
            os: String::new(),
            os_version: String::new(),
            architecture: String::new(),
            agent_version: String::new(),
            manufacturer: String::new(),
            model: String::new(),
            first_contact_at: None,
            last_contact_at: now.plus_seconds(-30 * 86_400),
            requested_group: " Berlin ;; Berlin - Pilot".into(),
            groups: vec![],
            products: None,
        };
        assert!(computer.is_in_contact(now));
        assert!(!computer.is_in_contact(now.plus_seconds(1)));
        assert!(computer.requests("BERLIN") && computer.requests("berlin - pilot"));
        assert!(!computer.requests("Pilot") && !computer.requests(""));
        assert_eq!(short_folded(&computer.name), "pc1");
    }
}
