//! What stands in the record of a plan: what is begun, and what became of each group of it.

use headwater_api::linkage::Decided;
use headwater_api::{GroupChange, GroupPlan, PlannedGroup};
use headwater_model::Timestamp;
use headwater_store::AuditRow;
use headwater_words::quantity::counted;

use crate::memberships::Written;

/// What a plan is about to do, for the record.
pub(crate) fn intent(plan: &GroupPlan, by: &str, now: Timestamp) -> AuditRow {
    let added: usize = plan.groups.iter().map(|group| group.add.len()).sum();
    let (groups, added) = (counted(plan.groups.len() as u64, "group"), counted(added as u64, "member"));
    let after =
        format!("begun for {groups}: {added} to add, {} to remove", counted(plan.removed(), "member"));
    AuditRow { after: Some(after), ..AuditRow::of(now, by, "begin group plan", &plan.host_group) }
}

/// What became of one change of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    Written,
    /// It was so already.
    Unchanged,
    Refused,
    /// The order failed: it may be written or not.
    Unknown,
    /// Nothing was sent: members of a group that was just made reach a lower server with a synchronisation, and a
    /// server that failed is asked no more.
    NotBegun,
}

/// By the ids of computers, as a server answers: it does not tell of each of their groups.
pub(crate) fn became(written: &Written) -> Vec<(String, Became)> {
    let Decided { applied, unchanged, refused } = &written.done;
    let applied = applied.iter().map(|client| (client.clone(), Became::Written));
    let unchanged = unchanged.iter().map(|client| (client.clone(), Became::Unchanged));
    let refused = refused.iter().map(|(client, _)| (client.clone(), Became::Refused));
    let unknown = written.unknown.iter().map(|client| (client.to_string(), Became::Unknown));
    applied.chain(unchanged).chain(refused).chain(unknown).collect()
}

/// What became of one group of a plan, for the record.
pub(crate) fn outcome(
    planned: &PlannedGroup,
    became: impl Fn(&GroupChange) -> Became,
    by: &str,
    now: Timestamp,
) -> AuditRow {
    let [add, remove]: [Vec<Became>; 2] =
        [&planned.add, &planned.remove].map(|these| these.iter().map(&became).collect());
    let count = |these: &[Became], what: Became| these.iter().filter(|one| **one == what).count();
    let both = |what: Became| count(&add, what) + count(&remove, what);
    let is_so = |these: &[Became]| count(these, Became::Written) + count(these, Became::Unchanged);
    let before = planned.unchanged as usize + planned.remove.len();
    let mut after = format!(
        "{} members, {} added, {} removed",
        before + is_so(&add) - is_so(&remove),
        count(&add, Became::Written),
        count(&remove, Became::Written)
    );
    for (what, words) in [
        (Became::Unchanged, "as wanted before"),
        (Became::Refused, "refused"),
        (Became::Unknown, "not known to be written"),
        (Became::NotBegun, "not written yet"),
    ] {
        match both(what) {
            0 => {}
            count => after += &format!(", {count} {words}"),
        }
    }
    AuditRow {
        before: Some(format!("{before} members")),
        after: Some(after),
        ..AuditRow::of(now, by, "apply group plan", &planned.host_group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManagerError;
    use crate::group_plan::sample::{group, plan};

    #[test]
    fn the_record_says_what_is_begun_and_what_was_written_of_it() {
        let planned = group(&["a", "b", "c"], &["d"]);
        let row = intent(&plan(vec![planned.clone()]), "ada", Timestamp::EPOCH);
        let after = "begun for 1 group: 3 members to add, 1 member to remove";
        assert_eq!((&*row.what, row.after.as_deref()), ("begin group plan", Some(after)));
        let check = |became: &dyn Fn(&str) -> Became, after: &str| {
            let row = outcome(&planned, |change| became(&change.name), "ada", Timestamp::EPOCH);
            assert_eq!((row.before.as_deref(), row.after.as_deref()), (Some("6 members"), Some(after)));
        };
        check(&|_| Became::Written, "8 members, 3 added, 1 removed");
        let first = |name: &str| if name == "a" { Became::Written } else { Became::NotBegun };
        check(&first, "7 members, 1 added, 0 removed, 3 not written yet");
        // An order with the first two of which one was so before, one that failed, and one after it.
        let failed = |name: &str| match name {
            "a" => Became::Written,
            "b" => Became::Unchanged,
            "c" => Became::Unknown,
            _ => Became::NotBegun,
        };
        let after =
            "8 members, 1 added, 0 removed, 1 as wanted before, 1 not known to be written, 1 not written yet";
        check(&failed, after);
        check(&|_| Became::Refused, "6 members, 0 added, 0 removed, 4 refused");
    }

    #[test]
    fn a_server_tells_what_became_of_each_computer() {
        let one = |name: &str| vec![name.to_owned()];
        let refused = vec![("c".to_owned(), "no such computer".to_owned())];
        let written = Written {
            done: Decided { applied: one("a"), unchanged: one("b"), refused },
            unknown: ["d".parse().expect("an id")].into(),
            failed: Some(ManagerError::NotLinked),
        };
        let expected = [
            ("a", Became::Written),
            ("b", Became::Unchanged),
            ("c", Became::Refused),
            ("d", Became::Unknown),
        ];
        let expected = expected.map(|(client, became)| (client.to_owned(), became));
        assert_eq!(became(&written), expected);
    }
}
