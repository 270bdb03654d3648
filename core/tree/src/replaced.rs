//! Which servers have the name of another one: in whose place it is, or beside which it lives. A server that is built
//! anew under its old name gets another id, and whoever is above remembers both.

use std::collections::BTreeMap;

use headwater_model::{ServerId, Timestamp};

use crate::computer::folded;

/// A WSUS synchronises once a day or more often. One that was not heard of for two is silent, though one night failed.
const SILENT_SECONDS: i64 = 2 * 86_400;

/// A server, as far as it matters here; all times by one clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub id: ServerId,
    pub name: String,
    /// Whether its Linkage answers.
    pub answers: bool,
    /// When one above it first heard of it; `None` where that is not told.
    pub first_heard_at: Option<Timestamp>,
    /// When it, or the one above it, last heard of it.
    pub heard_at: Option<Timestamp>,
}

/// What another server of its name is to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namesake {
    /// It is in this one's place.
    InPlace(ServerId),
    /// Both live, as far as is known.
    Beside(ServerId),
}

/// The servers that have the name of another one. Replaced is who was silent before a newer one was first heard of:
/// whoever spoke after that is a second server of the name, and so is one that answers, whatever others are called.
pub fn namesakes(servers: &[Sight]) -> BTreeMap<ServerId, Namesake> {
    let others = |this: &Sight| {
        let (id, name) = (this.id, folded(&this.name));
        servers.iter().filter(move |one| one.id != id && folded(&one.name) == name)
    };
    let newer = |old: &Sight| {
        let after = others(old).filter(|new| !old.answers && is_after(new, old));
        after.max_by_key(|one| one.heard_at).map(|one| one.id)
    };
    let replaced: BTreeMap<ServerId, ServerId> =
        servers.iter().filter_map(|old| Some((old.id, newer(old)?))).collect();
    let namesake = |one: &Sight| {
        if let Some(new) = replaced.get(&one.id) {
            return Some((one.id, Namesake::InPlace(*new)));
        }
        let living = others(one).filter(|other| !replaced.contains_key(&other.id));
        Some((one.id, Namesake::Beside(living.max_by_key(|other| other.heard_at)?.id)))
    };
    servers.iter().filter_map(namesake).collect()
}

/// Whether one came after another one was silent.
fn is_after(new: &Sight, old: &Sight) -> bool {
    let (Some(heard), Some(newest)) = (old.heard_at, new.heard_at) else {
        return new.heard_at > old.heard_at;
    };
    match new.first_heard_at {
        Some(first) => heard < first,
        // It may have been there all the time, so the old one must have missed what a living one would not.
        None => heard.plus_seconds(SILENT_SECONDS) <= newest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::day;

    fn id(number: u128) -> ServerId {
        ServerId::from_u128(number)
    }

    /// A server by number, with a name, whether it answers and when it was heard of, first and last.
    type Seen<'a> = (u128, &'a str, bool, Option<i64>, Option<i64>);

    fn found(servers: &[Seen]) -> BTreeMap<ServerId, Namesake> {
        let sight = |(number, name, answers, first, last): &Seen| Sight {
            id: id(*number),
            name: (*name).to_owned(),
            answers: *answers,
            first_heard_at: first.map(day),
            heard_at: last.map(day),
        };
        let servers: Vec<Sight> = servers.iter().map(sight).collect();
        namesakes(&servers)
    }

    /// Of those of which no first contact is told: who was replaced by whom.
    fn check(servers: &[(u128, &str, bool, Option<i64>)], expected: &[(u128, u128)]) {
        let servers: Vec<_> = servers
            .iter()
            .map(|(number, name, answers, last)| (*number, *name, *answers, None, *last))
            .collect();
        let replaced = found(&servers).into_iter().filter_map(|(old, namesake)| match namesake {
            Namesake::InPlace(new) => Some((old, new)),
            Namesake::Beside(_) => None,
        });
        let expected = expected.iter().map(|(old, new)| (id(*old), id(*new)));
        assert_eq!(replaced.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn who_is_silent_and_has_a_newer_namesake_was_replaced() {
        let top = (1, "top", true, Some(9));
        check(&[top, (2, "berlin", false, Some(3)), (3, "munich", false, Some(9))], &[]);
        check(&[top, (2, "berlin", false, Some(3)), (3, "BERLIN", false, Some(9))], &[(2, 3)]);
        // Twice, by the last.
        let thrice = [(2, "b", false, Some(3)), (3, "b", false, Some(5)), (4, "b", true, Some(7))];
        check(&thrice, &[(2, 4), (3, 4)]);
        // Nobody has heard of it, or both are heard of at the same time.
        check(&[(2, "b", false, None), (3, "b", false, Some(1))], &[(2, 3)]);
        check(&[(2, "b", false, Some(1)), (3, "b", false, Some(1))], &[]);
        // It may live: a night was missed, or it synchronises less often than the other.
        check(&[(2, "b", false, Some(8)), (3, "b", true, Some(9))], &[]);
        check(&[(2, "b", false, Some(7)), (3, "b", true, Some(9))], &[(2, 3)]);
    }

    #[test]
    fn who_answers_was_not_replaced() {
        check(&[(2, "b", true, Some(3)), (3, "b", true, Some(9))], &[]);
        // The old one was taken out of its cupboard again: the one that is silent now is older.
        check(&[(2, "b", true, Some(9)), (3, "b", false, Some(3))], &[(3, 2)]);
    }

    #[test]
    fn two_that_were_heard_of_at_the_same_time_live_beside_each_other() {
        use Namesake::{Beside, InPlace};
        type Case<'a> = (&'a [Seen<'a>], &'a [(u128, Namesake)]);
        let cases: &[Case] = &[
            (&[(2, "b", false, Some(1), Some(3)), (3, "c", false, Some(4), Some(9))], &[]),
            // It was silent before the other one came, be it for a moment or for long.
            (&[(2, "b", false, Some(1), Some(3)), (3, "B", false, Some(4), Some(4))], &[(2, InPlace(id(3)))]),
            // It was heard of since, though not last.
            (
                &[(2, "b", false, Some(1), Some(8)), (3, "b", true, Some(4), Some(9))],
                &[(2, Beside(id(3))), (3, Beside(id(2)))],
            ),
            // Of one that came at an unknown time only a long silence tells.
            (
                &[(2, "b", false, Some(1), Some(8)), (3, "b", false, None, Some(9))],
                &[(2, Beside(id(3))), (3, Beside(id(2)))],
            ),
            (&[(2, "b", false, Some(1), Some(3)), (3, "b", false, None, Some(9))], &[(2, InPlace(id(3)))]),
            // The name is twice in use, whether or not both answer.
            (
                &[(2, "b", true, Some(1), Some(3)), (3, "b", true, Some(4), Some(9))],
                &[(2, Beside(id(3))), (3, Beside(id(2)))],
            ),
            // One of two was replaced, and the two that live are told of each other.
            (
                &[
                    (2, "b", false, Some(1), Some(3)),
                    (3, "b", true, Some(1), Some(9)),
                    (4, "b", false, Some(5), Some(8)),
                ],
                &[(2, InPlace(id(4))), (3, Beside(id(4))), (4, Beside(id(3)))],
            ),
        ];
        for (servers, expected) in cases {
            let expected: BTreeMap<_, _> = expected.iter().map(|(one, what)| (id(*one), *what)).collect();
            assert_eq!(found(servers), expected, "{servers:?}");
        }
    }
}
