//! What a plan does, group by group: the page names some, the export everybody.

use headwater_api::{GroupChange, GroupPlan, PlannedGroup};
use headwater_manager::Mirror;
use headwater_words::csv::line;
use headwater_words::quantity::counted;

use crate::look::and_more;

/// Computers that are named in each part of a difference.
const NAMED_MAX: usize = 200;

/// What happens to one WSUS group.
pub(super) struct Planned {
    pub name: String,
    pub note: String,
    pub add: Vec<Member>,
    pub add_total: usize,
    /// How many are not named, in words; so of the others.
    pub add_more: String,
    pub remove: Vec<Member>,
    pub remove_total: usize,
    pub remove_more: String,
    pub unchanged: u64,
    pub not_registered: Vec<(String, String)>,
    pub not_registered_total: usize,
    pub not_registered_more: String,
}

pub(super) struct Member {
    pub name: String,
    pub server: String,
    pub href: String,
}

pub(super) fn planned(group: PlannedGroup, mirror: &Mirror) -> Planned {
    let member = |change: &GroupChange| Member {
        name: change.name.clone(),
        server: server(change, mirror).to_owned(),
        href: format!("/computers/{}", change.client),
    };
    let named = |changes: &[GroupChange]| changes.iter().take(NAMED_MAX).map(member).collect();
    let more = |all: usize| and_more(all, NAMED_MAX);
    Planned {
        note: match (&group.recreates, group.group) {
            (Some(old), _) => format!(
                "takes the place of {}, with {} to copy, when it is applied",
                old.name,
                counted(old.approvals, "approval")
            ),
            (None, None) => "the WSUS group is made when it is applied".to_owned(),
            (None, Some(_)) if group.adopted => "the WSUS group is taken over when it is applied".to_owned(),
            (None, Some(_)) => String::new(),
        },
        add: named(&group.add),
        add_total: group.add.len(),
        add_more: more(group.add.len()),
        remove: named(&group.remove),
        remove_total: group.remove.len(),
        remove_more: more(group.remove.len()),
        unchanged: group.unchanged,
        not_registered_more: more(group.not_registered.len()),
        not_registered_total: group.not_registered.len(),
        not_registered: group.not_registered.into_iter().take(NAMED_MAX).collect(),
        name: group.name,
    }
}

/// The name of the server that a computer reports to; nothing where it is in the tree no more.
fn server<'a>(change: &GroupChange, mirror: &'a Mirror) -> &'a str {
    mirror.tree.server(change.server).map_or("", |one| &one.server.name)
}

/// All of it as CSV.
pub(super) fn lines(plan: &GroupPlan, mirror: &Mirror) -> String {
    let mut text = line(["group", "change", "name", "id", "server", "because"]);
    for group in &plan.groups {
        for (what, changes) in [("added", &group.add), ("removed", &group.remove)] {
            for one in changes {
                text += &line([&group.name, what, &one.name, one.client.as_str(), server(one, mirror), ""]);
            }
        }
        for (name, reason) in &group.not_registered {
            text += &line([&group.name, "not registered", name, "", "", reason]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use headwater_model::ServerId;

    use super::*;

    fn plan(added: usize) -> GroupPlan {
        let change = |number: usize| GroupChange {
            client: format!("client-{number}").parse().expect("an id"),
            name: format!("pc{number}"),
            server: ServerId::from_u128(1),
        };
        let group = PlannedGroup {
            host_group: "Pilot".to_owned(),
            name: "Pilot".to_owned(),
            group: None,
            adopted: false,
            recreates: None,
            add: (0..added).map(change).collect(),
            remove: Vec::new(),
            unchanged: 0,
            not_registered: vec![("pc, old".to_owned(), "it is not known".to_owned())],
        };
        let plan = serde_json::json!({ "host_group": "Pilot", "groups": [group], "held": [], "state": "" });
        serde_json::from_value(plan).expect("a plan")
    }

    #[test]
    fn whoever_is_not_named_is_counted_and_exported() {
        let mirror = Mirror::default();
        let few = planned(plan(NAMED_MAX).groups.remove(0), &mirror);
        assert_eq!((few.add.len(), &*few.add_more), (NAMED_MAX, ""));
        let many = planned(plan(NAMED_MAX + 3).groups.remove(0), &mirror);
        assert_eq!((many.add.len(), many.add_total, &*many.add_more), (NAMED_MAX, 203, "and 3 more"));
        assert_eq!((&*many.remove_more, &*many.not_registered_more), ("", ""));
        let text = lines(&plan(NAMED_MAX + 3), &mirror);
        assert_eq!(text.lines().count(), 1 + 203 + 1);
        assert!(text.contains(r#""Pilot","added","pc202","client-202","","""#), "{text}");
        let last = r#""Pilot","not registered","pc, old","","","it is not known""#;
        assert_eq!(text.lines().last(), Some(last));
    }
}
