//! Which of the runs are begun that Linkages ask for.

use std::collections::HashMap;

use headwater_model::{Guid, LinkageId, Timestamp};

/// Between two runs for one Linkage, in seconds: one that was stolen does not keep its server busy.
pub const APART_SECONDS: i64 = 60;
/// Requests that are remembered; more than Linkages that ask within the time that one is believed.
const REMEMBERED_MAX: usize = 100_000;

/// The requests of late, and when a run was last begun for each Linkage.
#[derive(Debug, Default)]
pub struct Asked {
    seen: HashMap<Guid, Timestamp>,
    begun: HashMap<LinkageId, Timestamp>,
}

/// What is done about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Begin,
    /// It was answered before, whoever brings it again.
    Repeated,
    /// In so many seconds a run may be asked for again.
    TooSoon(i64),
}

impl Asked {
    /// Decides about a request. The number of each is remembered for so many seconds, as long as it is believed
    /// by its time.
    pub fn take(&mut self, id: Guid, from: LinkageId, now: Timestamp, believed_seconds: i64) -> Answer {
        // A clock may be behind by as much as another one is ahead.
        self.seen.retain(|_, at| *at > now.plus_seconds(-2 * believed_seconds));
        self.begun.retain(|_, at| *at > now.plus_seconds(-APART_SECONDS));
        if self.seen.len() >= REMEMBERED_MAX || self.seen.contains_key(&id) {
            return Answer::Repeated;
        }
        self.seen.insert(id, now);
        match self.begun.get(&from) {
            Some(at) => {
                Answer::TooSoon((at.plus_seconds(APART_SECONDS).as_micros() - now.as_micros()) / 1_000_000)
            }
            None => {
                self.begun.insert(from, now);
                Answer::Begin
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_once_and_a_linkage_waits_between_two() {
        let mut asked = Asked::default();
        let mut take = |id: u128, from: u128, at: i64| {
            let now = Timestamp::EPOCH.plus_seconds(at);
            asked.take(Guid::from_u128(id), LinkageId::from_u128(from), now, 600)
        };
        assert_eq!(take(1, 1, 0), Answer::Begin);
        assert_eq!(take(1, 1, 0), Answer::Repeated);
        assert_eq!(take(2, 1, 20), Answer::TooSoon(40));
        assert_eq!(take(3, 2, 20), Answer::Begin, "each waits for itself");
        assert_eq!(take(4, 1, 60), Answer::Begin, "who was refused is not made to wait for longer");
        assert_eq!(take(2, 1, 130), Answer::Repeated, "nor what was refused");
        assert_eq!(take(1, 3, 1199), Answer::Repeated);
        assert_eq!(take(1, 1, 1200), Answer::Begin, "its time has passed");
    }
}
