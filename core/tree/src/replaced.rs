//! Which servers another one took the place of. A server that is built anew under its old name gets another id, and
//! whoever is above remembers both.

use std::collections::BTreeMap;

use headwater_model::{ServerId, Timestamp};

use crate::computer::folded;

/// A server, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub id: ServerId,
    pub name: String,
    /// Whether its Linkage answers.
    pub answers: bool,
    /// When it, or the one above it, last heard of it.
    pub heard_at: Option<Timestamp>,
}

/// The servers that were replaced, each with the one that has its name now: the one of the name that was heard of
/// last. One that answers was not replaced, whatever others are called.
pub fn replaced(servers: &[Sight]) -> BTreeMap<ServerId, ServerId> {
    let newer = |old: &Sight| {
        let others = servers.iter().filter(|one| {
            one.id != old.id && folded(&one.name) == folded(&old.name) && one.heard_at > old.heard_at
        });
        others.max_by_key(|one| one.heard_at)
    };
    let silent = servers.iter().filter(|one| !one.answers);
    silent.filter_map(|old| Some((old.id, newer(old)?.id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::day;

    /// Of servers by number, with a name, whether they answer and when they were heard of.
    fn check(servers: &[(u128, &str, bool, Option<i64>)], expected: &[(u128, u128)]) {
        let sight = |(id, name, answers, heard): &(u128, &str, bool, Option<i64>)| Sight {
            id: ServerId::from_u128(*id),
            name: (*name).to_owned(),
            answers: *answers,
            heard_at: heard.map(day),
        };
        let servers: Vec<Sight> = servers.iter().map(sight).collect();
        let pair = |(old, new): &(u128, u128)| (ServerId::from_u128(*old), ServerId::from_u128(*new));
        assert_eq!(replaced(&servers), expected.iter().map(pair).collect());
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
    }

    #[test]
    fn who_answers_was_not_replaced() {
        check(&[(2, "b", true, Some(3)), (3, "b", true, Some(9))], &[]);
        // The old one was taken out of its cupboard again: the one that is silent now is older.
        check(&[(2, "b", true, Some(9)), (3, "b", false, Some(3))], &[(3, 2)]);
    }
}
