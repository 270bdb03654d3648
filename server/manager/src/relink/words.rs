//! A plan as it is told.

use std::collections::BTreeMap;

use headwater_api::{RelinkCounts, RelinkPlan, RelinkStep};
use headwater_model::{ClientId, GroupId, Timestamp, UpdateId};
use headwater_tree::difference::Approval;
use headwater_tree::relink::{Open, Plan, Source, Step, Successor};

use crate::Mirror;
use crate::approvals::said;
use crate::ask::Way;
use crate::compare::action;
use crate::fingerprint::fingerprint;

pub(super) fn told(
    plan: &Plan,
    source: &Source,
    successor: Successor,
    mirror: &Mirror,
    way: &Way,
    read_at: Timestamp,
) -> RelinkPlan {
    let names = Names {
        source,
        successor,
        mirror,
        computers: successor.computers.iter().map(|one| (&one.client, one.name.as_str())).collect(),
    };
    let steps: Vec<RelinkStep> = plan.steps.iter().map(|step| names.step(step)).collect();
    let state = fingerprint(&steps).to_string();
    RelinkPlan {
        url: way.dial.url().to_string(),
        linkage: way.top.linkage,
        server: successor.server,
        name: way.top.name.clone(),
        read_at,
        steps,
        open: plan.open.iter().map(|open| names.open(open)).collect(),
        only_there: plan.only_there.iter().map(|approval| names.approval(approval)).collect(),
        linked: false,
        state,
    }
}

/// Of the linked WSUS itself, behind a Linkage that was installed anew.
pub(super) fn nothing(way: &Way, read_at: Timestamp) -> RelinkPlan {
    RelinkPlan {
        url: way.dial.url().to_string(),
        linkage: way.top.linkage,
        server: way.top.server,
        name: way.top.name.clone(),
        read_at,
        steps: Vec::new(),
        open: Vec::new(),
        only_there: Vec::new(),
        linked: true,
        state: fingerprint(&Vec::<RelinkStep>::new()).to_string(),
    }
}

/// What updates, groups and computers are called, here or there.
struct Names<'a> {
    source: &'a Source,
    successor: Successor<'a>,
    mirror: &'a Mirror,
    computers: BTreeMap<&'a ClientId, &'a str>,
}

impl Names<'_> {
    fn title(&self, update: UpdateId) -> String {
        self.mirror.updates.title(update)
    }

    fn group(&self, id: GroupId) -> String {
        let sides = [&self.source.contents, self.successor.contents];
        let made = sides.iter().find_map(|side| side.groups.get(&id)).map(|group| group.name.clone());
        let built_in = || sides.iter().find_map(|side| side.built_in.get(&id)).cloned();
        made.or_else(built_in).unwrap_or_else(|| id.to_string())
    }

    fn computer(&self, client: &ClientId) -> String {
        let before = || self.mirror.computers.get(client).map(|known| known.name.clone());
        let there = self.computers.get(client).map(|name| (*name).to_owned());
        there.or_else(before).unwrap_or_else(|| client.to_string())
    }

    fn step(&self, step: &Step) -> RelinkStep {
        match step {
            Step::CreateGroup { group, name, parent } => {
                RelinkStep::CreateGroup { group: *group, name: name.clone(), parent: *parent }
            }
            Step::Withdraw(approval) => RelinkStep::Withdraw {
                update: approval.update,
                title: self.title(approval.update),
                group: approval.group,
                group_name: self.group(approval.group),
            },
            Step::Decline(update) => RelinkStep::Decline { update: *update, title: self.title(*update) },
            Step::Approve { approval, replaces } => RelinkStep::Approve {
                update: approval.update,
                title: self.title(approval.update),
                revision: approval.revision,
                group: approval.group,
                group_name: self.group(approval.group),
                action: action(approval.action),
                deadline: approval.deadline,
                replaces: replaces.as_ref().map(terms),
            },
            Step::AddMember { place, group } => RelinkStep::AddMember {
                server: place.server,
                client: place.client.clone(),
                name: self.computer(&place.client),
                group: *group,
                group_name: self.group(*group),
            },
        }
    }

    fn open(&self, open: &Open) -> String {
        match open {
            Open::Approval { approval, why } => format!("{}: {why}", self.approval(approval)),
            Open::Decline(update) => {
                format!("{} is to be declined: the update is not there yet", self.title(*update))
            }
            Open::Member { client, group, why } => {
                format!("{} is to be in `{}`: {why}", self.computer(client), self.group(*group))
            }
        }
    }

    fn approval(&self, approval: &Approval) -> String {
        let (title, group) = (self.title(approval.update), self.group(approval.group));
        format!("{title}, approved for `{group}` ({})", terms(approval))
    }
}

fn terms(approval: &Approval) -> String {
    format!("revision {}, {}", approval.revision, said(action(approval.action), approval.deadline))
}

/// One step, in words.
pub(super) fn step(step: &RelinkStep) -> String {
    match step {
        RelinkStep::CreateGroup { name, .. } => format!("the group `{name}` is to be made"),
        RelinkStep::Withdraw { title, group_name, .. } => {
            format!("{title} is to be withdrawn from `{group_name}`")
        }
        RelinkStep::Decline { title, .. } => format!("{title} is to be declined"),
        RelinkStep::Approve { title, group_name, action, deadline, .. } => {
            format!("{title} is to be approved for `{group_name}` ({})", said(*action, *deadline))
        }
        RelinkStep::AddMember { name, group_name, .. } => format!("{name} is to be in `{group_name}`"),
    }
}

/// For the record.
pub(super) fn counted(counts: &RelinkCounts) -> String {
    let RelinkCounts { groups, withdrawn, declines, approvals, members } = counts;
    format!(
        "{groups} groups, {approvals} approvals, {declines} declines, {members} members written, {withdrawn} \
         approvals withdrawn"
    )
}
