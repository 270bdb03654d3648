//! The computers of a fleet, by their numbers.

use headwater_simulated_agent::{Agent, Computer, ConnectionError};

use crate::Profile;

/// The first number of those that are there to be many; few others scan in full.
pub(crate) const FIRST_OF_MANY: u64 = 1_000_000;

pub(crate) fn computer(number: u64) -> Computer {
    let client_id = format!("f1ee0000-0000-4000-8000-{number:012x}");
    Computer::new(&client_id, &format!("pc{number:06}.fleet.example"))
}

pub(crate) fn agent(url: &str, number: u64) -> Result<Agent, ConnectionError> {
    let computer = computer(number);
    Agent::new(url, &computer.client_id, &computer.dns_name, Box::new(Profile::new(number)))
}
