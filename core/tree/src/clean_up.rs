//! What a clean-up of the tree does: which updates are declined at the top, and which are deleted on
//! every server because none wants them any more.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Timestamp, UpdateId};

/// When updates are obsolete enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub superseded_days: u32,
    pub declined_days: u32,
    pub now: Timestamp,
}

impl Terms {
    fn is_due(self, since: Timestamp, days: u32) -> bool {
        since <= self.now.plus_seconds(-i64::from(days) * 86_400)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    Declined,
    Expired,
    Superseded,
}

/// An update that a server could do without, as it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obsolete {
    pub because: Because,
    pub since: Timestamp,
    /// Whether a computer needs it, of those that the server counts.
    pub is_needed: bool,
    /// Why the server would not delete it.
    pub kept: Option<String>,
}

/// What a server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    pub updates: BTreeSet<UpdateId>,
    pub obsolete: BTreeMap<UpdateId, Obsolete>,
}

/// A server below the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lower {
    pub name: String,
    /// Whether declines come from the top.
    pub is_replica: bool,
    /// Whether a server above it counts its computers.
    pub is_counted_above: bool,
    /// `None` where it cannot be asked.
    pub holdings: Option<Holdings>,
}

/// Why an update stays that is obsolete enough.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Kept {
    #[error("computers need it")]
    Needed,
    #[error("computers of {0} need it")]
    NeededAt(String),
    #[error("{0} is not reached, and its computers may need it")]
    NeedsUnknown(String),
    #[error("{0} does not call it obsolete yet, and its computers may need it")]
    NotObsoleteAt(String),
    #[error("{0} is not reached, and may have it")]
    NotReached(String),
    #[error("{0} has not declined it")]
    NotDeclinedAt(String),
    #[error("{server}: {reason}")]
    KeptAt { server: String, reason: String },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub decline: BTreeSet<UpdateId>,
    pub delete: BTreeSet<UpdateId>,
    pub kept: BTreeMap<UpdateId, Vec<Kept>>,
}

/// Decides by what the top has, whose name is given for what keeps an update there, and what the others do.
pub fn plan(top: (&str, &Holdings), lower: &[Lower], terms: Terms) -> Plan {
    let mut plan = Plan::default();
    for (id, obsolete) in &top.1.obsolete {
        let (is_due, kept) = match obsolete.because {
            // Nobody can approve it any more, so nobody is helped by its being offered.
            Because::Expired => (true, Vec::new()),
            Because::Superseded => {
                (terms.is_due(obsolete.since, terms.superseded_days), needs(*id, obsolete, lower))
            }
            Because::Declined => {
                (terms.is_due(obsolete.since, terms.declined_days), holders(*id, obsolete, top.0, lower))
            }
        };
        match (is_due, obsolete.because) {
            (false, _) => {}
            _ if !kept.is_empty() => drop(plan.kept.insert(*id, kept)),
            (true, Because::Declined) => drop(plan.delete.insert(*id)),
            (true, Because::Expired | Because::Superseded) => drop(plan.decline.insert(*id)),
        }
    }
    plan
}

/// Which computers need an update that only replicas would decline with the top.
fn needs(id: UpdateId, at_top: &Obsolete, lower: &[Lower]) -> Vec<Kept> {
    let mut kept = Vec::new();
    if at_top.is_needed {
        kept.push(Kept::Needed);
    }
    for server in lower.iter().filter(|server| server.is_replica && !server.is_counted_above) {
        match &server.holdings {
            None => kept.push(Kept::NeedsUnknown(server.name.clone())),
            Some(holdings) => match holdings.obsolete.get(&id) {
                Some(one) if one.is_needed => kept.push(Kept::NeededAt(server.name.clone())),
                Some(_) => {}
                // It has the update and does not call it obsolete: it is behind, and tells nothing of who needs it.
                None if holdings.updates.contains(&id) => kept.push(Kept::NotObsoleteAt(server.name.clone())),
                None => {}
            },
        }
    }
    kept
}

/// Which servers do not let go of an update.
fn holders(id: UpdateId, at_top: &Obsolete, top: &str, lower: &[Lower]) -> Vec<Kept> {
    let kept_at = |server: &str, obsolete: &Obsolete| {
        let reason = obsolete.kept.clone()?;
        Some(Kept::KeptAt { server: server.to_owned(), reason })
    };
    let mut kept: Vec<Kept> = kept_at(top, at_top).into_iter().collect();
    for server in lower {
        let name = || server.name.clone();
        let Some(holdings) = &server.holdings else {
            kept.push(Kept::NotReached(name()));
            continue;
        };
        match holdings.obsolete.get(&id).filter(|one| one.because == Because::Declined) {
            Some(declined) => kept.extend(kept_at(&server.name, declined)),
            None if holdings.updates.contains(&id) => kept.push(Kept::NotDeclinedAt(name())),
            // It has deleted it, or never had it.
            None => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: UpdateId = UpdateId::from_u128(1);
    const DAY: i64 = 86_400;
    const NOW: Timestamp = Timestamp::EPOCH;
    const TERMS: Terms = Terms { superseded_days: 30, declined_days: 10, now: NOW };

    fn obsolete(because: Because, days: i64) -> Obsolete {
        let since = NOW.plus_seconds(-days * DAY);
        Obsolete { because, since, is_needed: false, kept: None }
    }

    fn needed(days: i64) -> Obsolete {
        Obsolete { is_needed: true, ..obsolete(Because::Superseded, days) }
    }

    fn stuck(days: i64) -> Obsolete {
        Obsolete { kept: Some("it is required".to_owned()), ..obsolete(Because::Declined, days) }
    }

    /// A server that has the update, obsolete or not.
    fn has(obsolete: Option<Obsolete>) -> Holdings {
        let obsolete = obsolete.into_iter().map(|one| (A, one)).collect();
        Holdings { updates: [A].into(), obsolete }
    }

    fn replica(holdings: Option<Holdings>) -> Lower {
        Lower { name: "berlin".to_owned(), is_replica: true, is_counted_above: false, holdings }
    }

    #[track_caller]
    fn check(at_top: Obsolete, lower: &[Lower], expected: Result<&str, &[&str]>) {
        let plan = plan(("top", &has(Some(at_top))), lower, TERMS);
        let found = match (plan.decline.contains(&A), plan.delete.contains(&A)) {
            (true, false) => "decline",
            (false, true) => "delete",
            _ => "nothing",
        };
        let kept: Vec<String> = plan.kept.into_values().flatten().map(|kept| kept.to_string()).collect();
        match expected {
            Ok(expected) => assert_eq!((found, kept), (expected, vec![])),
            Err(why) => {
                assert_eq!((found, kept.iter().map(String::as_str).collect()), ("nothing", why.to_vec()))
            }
        }
    }

    #[test]
    fn what_is_superseded_for_long_and_nobody_needs_is_declined() {
        check(obsolete(Because::Superseded, 30), &[], Ok("decline"));
        check(obsolete(Because::Superseded, 29), &[], Ok("nothing"));
        check(obsolete(Because::Expired, 0), &[replica(None)], Ok("decline"));
        check(needed(29), &[], Ok("nothing"));
        check(needed(30), &[], Err(&["computers need it"]));
        let old = || obsolete(Because::Superseded, 40);
        check(old(), &[replica(None)], Err(&["berlin is not reached, and its computers may need it"]));
        check(old(), &[replica(Some(has(Some(needed(1)))))], Err(&["computers of berlin need it"]));
        let behind = "berlin does not call it obsolete yet, and its computers may need it";
        check(old(), &[replica(Some(has(None)))], Err(&[behind]));
        check(old(), &[replica(Some(Holdings::default()))], Ok("decline"));
        check(old(), &[Lower { is_counted_above: true, ..replica(None) }], Ok("decline"));
        // It decides for itself: a decline at the top takes nothing from its computers.
        check(old(), &[Lower { is_replica: false, ..replica(Some(has(Some(needed(1))))) }], Ok("decline"));
    }

    #[test]
    fn what_every_server_has_declined_for_long_is_deleted() {
        let declined = |days| obsolete(Because::Declined, days);
        check(declined(10), &[], Ok("delete"));
        check(declined(9), &[], Ok("nothing"));
        check(stuck(10), &[], Err(&["top: it is required"]));
        let lower = |holdings| [replica(Some(holdings))];
        // Below it may be declined since yesterday, or be gone already.
        check(declined(10), &lower(has(Some(declined(1)))), Ok("delete"));
        check(declined(10), &lower(Holdings::default()), Ok("delete"));
        check(declined(10), &lower(has(None)), Err(&["berlin has not declined it"]));
        let superseded = has(Some(obsolete(Because::Superseded, 90)));
        check(declined(10), &lower(superseded), Err(&["berlin has not declined it"]));
        check(declined(10), &lower(has(Some(stuck(1)))), Err(&["berlin: it is required"]));
        check(declined(10), &[replica(None)], Err(&["berlin is not reached, and may have it"]));
        let alone = Lower { is_replica: false, ..replica(Some(has(None))) };
        check(declined(10), &[alone], Err(&["berlin has not declined it"]));
    }
}
