//! Events: what an agent reports, and which of them tell the state of an update.

use headwater_model::{Timestamp, UpdateIdentity};

use super::packed::whole_millis;
use super::{Inventory, State};

/// All clients send this namespace, and others may be ignored ([MS-WUSP] 2.2.2.3.1).
const NAMESPACE: i32 = 1;
/// AGENT_STATUS_30: the inventory (fact 41).
pub(super) const INVENTORY_EVENT: u16 = 156;
/// Clocks that differ by less are taken to be right.
const CLOCK_DIFFERENCE_MAX_SECONDS: i64 = 300;

/// The events that tell in which state an update is from then on, by the server's own table of
/// client events (fact 42): its errors about an update are failures, its successes say what they
/// did. In that table 203 is a success after the restart, which [MS-WUSP] has as a failure.
///
/// Events that are not here leave the state as it is: those that only begin something, those a
/// user cancelled, *Installation pending* (201, fact 41), and what takes effect after a restart
/// (224, 523, 544). The next inventory tells how they went.
const EFFECTS: [(u16, State); 25] = [
    (161, State::Failed),                 // download
    (162, State::Downloaded),             // download
    (164, State::Downloaded),             // download, partly from a peer
    (182, State::Failed),                 // installation
    (183, State::Installed),              // installation
    (184, State::InstalledPendingReboot), // installation
    (187, State::Failed),                 // installation, killed by the agent
    (190, State::Installed),              // scheduled installation
    (191, State::InstalledPendingReboot), // scheduled installation
    (192, State::Failed),                 // scheduled installation, killed by the agent
    (195, State::Failed),                 // scheduled installation
    (197, State::Installed),              // installation at shutdown
    (198, State::Failed),                 // installation at shutdown
    (199, State::InstalledPendingReboot), // installation at shutdown
    (200, State::Failed),                 // installation at shutdown, killed by the agent
    (203, State::Installed),              // installation, after the restart
    (204, State::Failed),                 // installation, after the restart
    (221, State::Failed),                 // uninstallation
    (222, State::NotInstalled),           // uninstallation
    (225, State::Failed),                 // uninstallation, killed by the agent
    (522, State::Failed),                 // commit
    (525, State::Failed),                 // commit, killed by the agent
    (541, State::Failed),                 // rollback
    (542, State::NotInstalled),           // rollback
    (545, State::Failed),                 // rollback, killed by the agent
];

/// The state of an update after an event about it; `None` where the event leaves it as it is.
pub fn effect(event: u16) -> Option<State> {
    let at = EFFECTS.binary_search_by_key(&event, |(id, _)| *id).ok()?;
    EFFECTS.get(at).map(|(_, state)| *state)
}

/// An event as it is on the wire, as far as it is read here ([MS-WUSP] 2.2.2.3.1).
#[derive(Debug, Clone)]
pub struct Reported<'a> {
    pub namespace: i32,
    pub event: i32,
    /// *TimeAtTarget*, by the computer's clock.
    pub at: Timestamp,
    /// With an id of zeros where the event is about no update.
    pub update: Option<UpdateIdentity>,
    pub hresult: i32,
    pub misc_data: &'a [String],
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened, by the server's clock, to the millisecond.
    pub at: Timestamp,
    /// Of the table of client events (fact 42), or newer.
    pub id: u16,
    pub update: Option<UpdateIdentity>,
    pub hresult: i32,
    /// In event 156 only.
    pub inventory: Option<Inventory>,
}

impl Event {
    /// Reads an event that was received at `now` from a computer whose clock then showed
    /// `client_time`; `None` for an event of another namespace or without a possible id.
    pub fn read(reported: &Reported<'_>, client_time: Timestamp, now: Timestamp) -> Option<Self> {
        if reported.namespace != NAMESPACE {
            return None;
        }
        let id = u16::try_from(reported.event).ok()?;
        Some(Self {
            at: moment(reported.at, client_time, now),
            id,
            update: reported.update.filter(|update| !update.id.is_nil()),
            hresult: reported.hresult,
            inventory: (id == INVENTORY_EVENT)
                .then(|| Inventory::read(reported.misc_data.iter().map(String::as_str))),
        })
    }
}

/// When an event happened. The computer's word is taken unless its clock is wrong; then the
/// event's age by that clock counts. Nothing happens in the future.
fn moment(at: Timestamp, client_time: Timestamp, now: Timestamp) -> Timestamp {
    let difference = now.as_micros().saturating_sub(client_time.as_micros());
    let happened = match difference.unsigned_abs() <= CLOCK_DIFFERENCE_MAX_SECONDS as u64 * 1_000_000 {
        true => at,
        false => Timestamp::from_micros(at.as_micros().saturating_add(difference)),
    };
    whole_millis(happened.min(now))
}

#[cfg(test)]
mod tests {
    use headwater_model::UpdateId;

    use super::*;

    #[track_caller]
    fn check_moment(at: &str, client_time: &str, expected: &str) {
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        let now = time("2026-10-04T12:00:00.1234567Z");
        assert_eq!(moment(time(at), time(client_time), now), time(expected), "{at}");
    }

    #[test]
    fn a_wrong_clock_is_put_right() {
        check_moment("2026-10-04T11:00:00.123Z", "2026-10-04T12:00:02Z", "2026-10-04T11:00:00.123Z");
        check_moment("2026-10-04T12:00:02Z", "2026-10-04T12:00:02Z", "2026-10-04T12:00:00.123Z");
        // Ten minutes slow, and an hour ago.
        check_moment("2026-10-04T10:50:00Z", "2026-10-04T11:50:00Z", "2026-10-04T11:00:00.123Z");
        // A battery that is empty.
        check_moment("2001-01-01T00:00:10Z", "2001-01-01T00:01:10Z", "2026-10-04T11:59:00.123Z");
        check_moment("2099-01-01T00:00:00Z", "2099-01-02T00:00:00Z", "2026-10-03T12:00:00.123Z");
    }

    #[test]
    fn effects_are_sorted_by_event() {
        assert!(EFFECTS.is_sorted_by_key(|(id, _)| *id));
        assert_eq!(effect(182), Some(State::Failed));
        assert_eq!(effect(201), None);
        assert_eq!(effect(0), None);
    }

    #[test]
    fn other_namespaces_and_ids_of_zeros_are_nothing() {
        let update = UpdateIdentity { id: UpdateId::from_u128(1), revision: 200 };
        let reported = Reported {
            namespace: 1,
            event: 162,
            at: Timestamp::EPOCH,
            update: Some(update),
            hresult: 0,
            misc_data: &["U=x".to_owned()],
        };
        let read = |reported: &Reported<'_>| Event::read(reported, Timestamp::EPOCH, Timestamp::EPOCH);
        let event = read(&reported).expect("an event");
        assert_eq!((event.update, event.inventory), (Some(update), None));
        let zeros = UpdateIdentity { id: UpdateId::from_u128(0), revision: 0 };
        assert_eq!(
            read(&Reported { update: Some(zeros), ..reported.clone() }).and_then(|event| event.update),
            None
        );
        assert_eq!(read(&Reported { namespace: 2, ..reported.clone() }), None);
        assert_eq!(read(&Reported { event: -1, ..reported }), None);
    }
}
