//! The questions before a plan is undone and a host group is deleted.

use axum::extract::State;
use axum::response::Html;
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::fields::{Fields, Query, encoded};
use crate::frame::Frame;
use crate::session::Visitor;

/// Whether the last plan is to be undone.
pub(crate) async fn undo(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let name = fields.get("group");
    manager.for_host_group(visitor.asking(), name).await??;
    let last = manager.last_plan(name).await?;
    let last = last.ok_or_else(|| Failure::changed(format!("no plan was applied to {name}")))?;
    let back = format!("/groups?group={}", encoded(name));
    let frame = Frame::new(&manager, &visitor, "/groups", "Undo", &Fields::default());
    let question = Confirm {
        verdict: format!(
            "Undo the last plan for {name}? {} restored, {} taken out.",
            counted(last.removed, "member"),
            grouped(last.added)
        ),
        note: format!(
            "{} applied it at {}. The members are held then, until a plan is applied again.",
            last.applied_by,
            minute(last.applied_at)
        ),
        hidden: vec![("group", name.to_owned())],
        button: format!("Undo: restore {}, take {} out", grouped(last.removed), grouped(last.added)),
        ..Confirm::new(frame, "/groups/undo", back)
    };
    question.counting("restored", last.removed).counting("taken out", last.added).page()
}

/// Whether a host group is to be deleted.
pub(crate) async fn delete(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let name = fields.get("group");
    manager.for_host_group(visitor.asking(), name).await??;
    let found = manager.host_groups().await?.into_iter().find(|group| group.name == name);
    let group = found.ok_or_else(|| Failure::not_found(format!("there is no host group {name}")))?;
    let mirror = manager.mirror();
    let made = group.wsus_group.and_then(|id| mirror.tree.group(id));
    let members: Vec<String> = mirror
        .computers
        .all()
        .iter()
        .filter(|one| one.groups.iter().any(|of| Some(of.id) == group.wsus_group))
        .map(|one| one.name.clone())
        .collect();
    let frame = Frame::new(&manager, &visitor, "/groups", "Delete", &Fields::default());
    let question = Confirm {
        verdict: format!("Delete the host group {name}? It has {}.", counted(group.hosts, "host")),
        note: match made {
            Some(made) => format!(
                "Its WSUS group {} stays with its members and approvals, as one that was not made here: runs look after \
                 it no more.",
                made.name
            ),
            None => "No WSUS group is made from it.".to_owned(),
        },
        hidden: vec![("group", name.to_owned())],
        button: format!("Delete the host group {name}"),
        ..Confirm::new(frame, "/groups/delete", format!("/groups?group={}", encoded(name)))
    };
    let question =
        question.counting("hosts", group.hosts).counting("members that stay", members.len() as u64);
    question.listing("Computers that stay in its WSUS group", members).page()
}
