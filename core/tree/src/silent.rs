//! Which records of computers a clean-up deletes: those that have not contacted their server for long, and those
//! that a re-imaged machine left behind. Where a server's word is in doubt, all of its computers stay.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{ServerId, Timestamp};

use crate::computer::{Computer, Place};
use crate::matching::{Sighting, Superseded, matched};

/// How far a server's clock may be off before it is named. Orders are refused long after it.
pub const CLOCK_SECONDS_MAX: i64 = 60;

/// A server, as far as its computers are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub server: ServerId,
    /// By how much its clock is ahead; `None` where the server or its computers are not told.
    pub ahead_seconds: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Days without a contact.
    pub days: u32,
    /// From when they are counted back.
    pub at: Timestamp,
    /// Not before `at`.
    pub now: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    Silent,
    Reimaged,
}

/// Why all computers of a server stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("it is not reached")]
    NotReached,
    #[error("its clock differs by {0} s")]
    Clock(i64),
    #[error("a computer made contact with it on {}, which is to come: its clock was wrong", .0.date())]
    ContactToCome(Timestamp),
    #[error("none of its computers has made contact for {0} days: see whether they reach it")]
    NobodyInContact(u32),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub delete: BTreeMap<Place, Because>,
    /// The servers whose computers all stay.
    pub doubts: BTreeMap<ServerId, Doubt>,
}

/// How many days the record of a computer that was re-imaged has been silent before it goes: until then it may be
/// another machine of the same name, which was switched off.
const REIMAGED_DAYS: i64 = 7;

/// Decides over the computers of all servers that tell them. Whoever was not silent at [`Terms::at`] is not later
/// either, so that a plan that is made again for the same time only loses computers.
pub fn plan(asked: &[Asked], computers: &[Computer], sightings: &[Sighting], terms: Terms) -> Plan {
    let doubt = |one: &Asked| {
        let of = || computers.iter().filter(|computer| computer.server == one.server);
        Some((one.server, doubt(one, of, terms)?))
    };
    let doubts: BTreeMap<ServerId, Doubt> = asked.iter().filter_map(doubt).collect();
    let trusted: BTreeSet<ServerId> =
        asked.iter().map(|one| one.server).filter(|server| !doubts.contains_key(server)).collect();
    let since = terms.at.plus_seconds(-i64::from(terms.days) * 86_400);
    let first_contact = |computer: &Computer| Some((computer.place(), computer.first_contact_at?));
    let first_contacts: BTreeMap<Place, Timestamp> = computers.iter().filter_map(first_contact).collect();
    let matching = matched(&[], computers, sightings);
    let reimaged = matching.reimaged();
    let because = |computer: &Computer| {
        if !trusted.contains(&computer.server) || is_unknown(computer) {
            return None;
        }
        if computer.last_contact_at <= since {
            return Some((computer.place(), Because::Silent));
        }
        if computer.last_contact_at > terms.at.plus_seconds(-REIMAGED_DAYS * 86_400) {
            return None;
        }
        let superseded = matching.superseded.get(&computer.place());
        let superseded = superseded.filter(|_| reimaged.contains_key(&computer.client));
        let Some(Superseded::Reimaged { by }) = superseded else { return None };
        let was_there = first_contacts.get(by).is_some_and(|first| *first <= terms.at);
        (was_there && trusted.contains(&by.server)).then(|| (computer.place(), Because::Reimaged))
    };
    Plan { delete: computers.iter().filter_map(because).collect(), doubts }
}

/// Whether the contacts that a server tells can be believed, by how much its clock is ahead.
pub fn doubt_of_clock(ahead_seconds: Option<i64>) -> Option<Doubt> {
    match ahead_seconds {
        None => Some(Doubt::NotReached),
        Some(ahead) if ahead.abs() > CLOCK_SECONDS_MAX => Some(Doubt::Clock(ahead.abs())),
        Some(_) => None,
    }
}

/// Some servers know a computer before it has contacted them.
fn is_unknown(computer: &Computer) -> bool {
    computer.last_contact_at == Timestamp::EPOCH
}

fn doubt<'a, I: Iterator<Item = &'a Computer>>(
    asked: &Asked,
    computers: impl Fn() -> I,
    terms: Terms,
) -> Option<Doubt> {
    if let Some(doubt) = doubt_of_clock(asked.ahead_seconds) {
        return Some(doubt);
    }
    let newest = computers().map(|computer| computer.last_contact_at).max()?;
    if newest > terms.now.plus_seconds(CLOCK_SECONDS_MAX) {
        return Some(Doubt::ContactToCome(newest));
    }
    // It was switched off, perhaps, or cut off from its computers.
    let days = terms.days.max(1);
    let nobody = newest < terms.at.plus_seconds(-i64::from(days) * 86_400);
    nobody.then_some(Doubt::NobodyInContact(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{computer, day, place};

    const TERMS_DAYS: u32 = 30;

    fn terms() -> Terms {
        Terms { days: TERMS_DAYS, at: day(100), now: day(101) }
    }

    fn asked(server: u128, ahead_seconds: Option<i64>) -> Asked {
        Asked { server: ServerId::from_u128(server), ahead_seconds }
    }

    /// Two servers with a computer in contact each, and more computers.
    #[track_caller]
    fn check(asked: &[Asked], more: &[Computer], expected: &[(Place, Because)], doubts: &[&str]) {
        let mut computers = vec![computer(1, 1, "pc1", (0, 99)), computer(2, 2, "pc2", (0, 99))];
        computers.extend_from_slice(more);
        let plan = plan(asked, &computers, &[], terms());
        assert_eq!(plan.delete, expected.iter().cloned().collect());
        assert_eq!(plan.doubts.values().map(ToString::to_string).collect::<Vec<_>>(), doubts);
    }

    #[test]
    fn who_is_silent_or_left_behind_is_deleted_where_it_reports() {
        let both = [asked(1, Some(0)), asked(2, Some(-60))];
        check(&both, &[], &[], &[]);
        let silent = [computer(1, 3, "pc3", (0, 70)), computer(2, 3, "pc3", (0, 69))];
        let expected = [(place(1, 3), Because::Silent), (place(2, 3), Because::Silent)];
        check(&both, &silent, &expected, &[]);
        check(&both, &[computer(1, 3, "pc3", (0, 71))], &[], &[]);
        // It was never in contact, as far as its server knows.
        check(&both, &[computer(1, 3, "pc3", (0, 0))], &[], &[]);
        let reimaged = |from| [computer(1, 3, "pc3", (0, 90)), computer(2, 4, "pc3", (from, 100))];
        check(&both, &reimaged(91), &[(place(1, 3), Because::Reimaged)], &[]);
        // It may be another machine of that name.
        check(&both, &[computer(1, 3, "pc3", (0, 94)), computer(2, 4, "pc3", (95, 100))], &[], &[]);
        // It was one of two that are in contact under that name, or neither.
        let twin = computer(1, 5, "pc3", (0, 100));
        check(&both, &[reimaged(91).as_slice(), &[twin]].concat(), &[], &[]);
        // Both are in contact under that name.
        check(&both, &reimaged(80), &[], &[]);
        // It appeared after the plan was made.
        check(&both, &[computer(1, 3, "pc3", (0, 90)), computer(2, 4, "pc3", (101, 101))], &[], &[]);
    }

    #[test]
    fn where_a_server_is_in_doubt_all_of_its_computers_stay() {
        let silent = computer(1, 3, "pc3", (0, 10));
        let other = [(place(2, 5), Because::Silent)];
        let with = |more: &[Computer]| [&[silent.clone(), computer(2, 5, "pc5", (0, 10))], more].concat();
        let trusted = asked(2, Some(0));
        check(&[asked(1, None), trusted], &with(&[]), &other, &["it is not reached"]);
        check(&[asked(1, Some(-61)), trusted], &with(&[]), &other, &["its clock differs by 61 s"]);
        let to_come = "a computer made contact with it on 1970-04-13, which is to come: its clock was wrong";
        let later = computer(1, 4, "pc4", (0, 102));
        check(&[asked(1, Some(0)), trusted], &with(&[later]), &other, &[to_come]);
        // Left behind by a machine of which a server tells that is in doubt.
        let reimaged = [computer(2, 6, "pc6", (0, 90)), computer(1, 7, "pc6", (95, 100))];
        check(&[asked(1, None), trusted], &with(&reimaged), &other, &["it is not reached"]);

        let alone = [computer(1, 1, "pc1", (0, 69)), computer(1, 2, "pc2", (0, 50))];
        let found = plan(&[asked(1, Some(0))], &alone, &[], terms());
        assert_eq!(found.delete, BTreeMap::new());
        assert_eq!(found.doubts.into_values().collect::<Vec<_>>(), [Doubt::NobodyInContact(TERMS_DAYS)]);
        let at_once =
            plan(&[asked(1, Some(0))], &[computer(1, 1, "pc1", (0, 100))], &[], Terms { days: 0, ..terms() });
        assert_eq!((at_once.delete.len(), at_once.doubts.len()), (1, 0));
    }
}
