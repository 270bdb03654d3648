//! What an approval would mean before it is made: which computers on which servers act on it, and how many
//! bytes go over which link.

use std::collections::BTreeMap;

use headwater_model::ServerId;

/// Computers that are named of each server.
pub const NAMED_MAX: usize = 20;

/// A server that the approval reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub server: ServerId,
    /// What it has yet to fetch, in bytes; `None` where that is not known.
    pub missing: Option<u64>,
}

/// A computer of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub server: ServerId,
    pub name: String,
    pub is_silent: bool,
    pub effect: Effect,
}

/// What one update would do on one computer, or several together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Effect {
    /// It does not need it.
    #[default]
    Nothing,
    /// It is not known whether it does.
    Unknown,
    /// It acts and fetches so many bytes; `None` where the size is not known.
    Acts(Option<u64>),
}

impl Effect {
    /// Of this one and another update on the same computer.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Acts(one), Self::Acts(other)) => {
                Self::Acts(one.zip(other).map(|(one, other)| one + other))
            }
            (acts @ Self::Acts(_), _) | (_, acts @ Self::Acts(_)) => acts,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

/// What it means on one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnServer {
    pub computers: u64,
    pub acting: u64,
    pub unknown: u64,
    pub silent: u64,
    /// From the server above, or from the source; `None` where that is not known.
    pub fetched: Option<u64>,
    /// To its computers; `None` where that is not known.
    pub sent: Option<u64>,
    /// The first of those that act, by name.
    pub names: Vec<String>,
}

/// What it means on each server that it reaches and that has a computer of the group or something to fetch, in
/// their order.
pub fn impact(targets: &[Target], mut members: Vec<Member>) -> Vec<(ServerId, OnServer)> {
    members.sort_by_cached_key(|member| member.name.to_lowercase());
    let mut by_server: BTreeMap<ServerId, Vec<Member>> = BTreeMap::new();
    for member in members {
        by_server.entry(member.server).or_default().push(member);
    }
    let on = |target: &Target| {
        let members = by_server.remove(&target.server).unwrap_or_default();
        let is_touched = !members.is_empty() || target.missing != Some(0);
        is_touched.then(|| (target.server, on_server(target, &members)))
    };
    targets.iter().filter_map(on).collect()
}

fn on_server(target: &Target, members: &[Member]) -> OnServer {
    let count = |holds: fn(&Member) -> bool| members.iter().filter(|member| holds(member)).count() as u64;
    let acting = || members.iter().filter(|member| matches!(member.effect, Effect::Acts(_)));
    let sizes = acting().map(|member| match member.effect {
        Effect::Acts(size) => size,
        Effect::Nothing | Effect::Unknown => Some(0),
    });
    let unknown = count(|member| member.effect == Effect::Unknown);
    OnServer {
        computers: members.len() as u64,
        acting: acting().count() as u64,
        unknown,
        silent: count(|member| member.is_silent),
        fetched: target.missing,
        // Those of which nothing is known may fetch something too.
        sent: sizes.sum::<Option<u64>>().filter(|sent| *sent > 0 || unknown == 0),
        names: acting().take(NAMED_MAX).map(|member| member.name.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> ServerId {
        ServerId::from_u128(number)
    }

    fn member(server: u128, name: &str, effect: Effect) -> Member {
        Member { server: id(server), name: name.to_owned(), is_silent: name.contains("silent"), effect }
    }

    fn target(server: u128, missing: Option<u64>) -> Target {
        Target { server: id(server), missing }
    }

    #[test]
    fn only_those_that_need_it_act_and_each_link_is_counted() {
        let targets = [target(1, Some(0)), target(2, Some(700)), target(3, Some(70)), target(4, Some(0))];
        let members = vec![
            member(2, "pc3", Effect::Acts(Some(700))),
            member(2, "PC1", Effect::Acts(Some(700))),
            member(2, "pc2", Effect::Nothing),
            member(2, "silent", Effect::Unknown),
            member(1, "pc4", Effect::Nothing),
            // The approval does not reach its server.
            member(9, "pc9", Effect::Acts(Some(700))),
        ];
        let found = impact(&targets, members);
        let two = OnServer {
            computers: 4,
            acting: 2,
            unknown: 1,
            silent: 1,
            fetched: Some(700),
            sent: Some(1_400),
            names: vec!["PC1".to_owned(), "pc3".to_owned()],
        };
        let one = OnServer { computers: 1, fetched: Some(0), sent: Some(0), ..OnServer::default() };
        let three = OnServer { fetched: Some(70), sent: Some(0), ..OnServer::default() };
        assert_eq!(found, [(id(1), one), (id(2), two), (id(3), three)]);
    }

    #[test]
    fn a_size_that_is_not_known_is_never_nothing() {
        let sent = |effects: &[Effect]| {
            let members = effects.iter().map(|effect| member(1, "pc", *effect)).collect();
            impact(&[target(1, None)], members)[0].1.sent
        };
        assert_eq!(sent(&[Effect::Acts(None), Effect::Acts(Some(7))]), None);
        assert_eq!(sent(&[Effect::Unknown, Effect::Nothing]), None);
        assert_eq!(sent(&[Effect::Unknown, Effect::Acts(Some(7))]), Some(7));
        assert_eq!(sent(&[Effect::Nothing]), Some(0));
        assert_eq!(impact(&[target(1, None)], Vec::new())[0].1.fetched, None);
    }

    #[test]
    fn several_updates_add_up_on_a_computer() {
        let check = |one: Effect, other: Effect, expected: Effect| {
            assert_eq!((one.and(other), other.and(one)), (expected, expected));
        };
        let acts = |size| Effect::Acts(Some(size));
        check(acts(3), acts(4), acts(7));
        check(acts(3), Effect::Acts(None), Effect::Acts(None));
        check(acts(3), Effect::Unknown, acts(3));
        check(Effect::Nothing, Effect::Unknown, Effect::Unknown);
        check(Effect::Nothing, Effect::Nothing, Effect::Nothing);
    }
}
