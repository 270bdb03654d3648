//! The questions before what is approved is taken back: for one group, by a decline, by a halt.

use axum::extract::{Path, State};
use axum::response::Html;
use headwater_manager::Mirror;
use headwater_model::{GroupId, Timestamp};
use headwater_operators::Action;
use headwater_words::approval::action;
use headwater_words::moment::minute;
use headwater_words::quantity::counted;

use super::one::{parsed, seen, seen_for, written};
use crate::Shared;
use crate::confirm::{Confirm, Reach};
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::session::Visitor;

/// `Pilot: install, deadline 2026-12-24 03:00 UTC`
fn line(mirror: &Mirror, group: GroupId, does: &str, deadline: Option<Timestamp>) -> String {
    let name = mirror.tree.group(group).map_or_else(|| group.to_string(), |group| group.name.clone());
    let until = deadline.map_or_else(String::new, |at| format!(", deadline {}", minute(at)));
    format!("{name}: {does}{until}")
}

/// `is`, `are`
fn verb(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

pub(crate) async fn withdraw(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let update = parsed(&id)?;
    let group: GroupId = fields.get("group").parse().map_err(|_| Failure::invalid("choose a group"))?;
    manager.for_group(visitor.asking(), group).await??;
    let mirror = manager.mirror();
    let detail = manager.update_now(update).await?;
    let Some(own) = detail.approvals.iter().find(|one| one.group == group) else {
        let what = format!("{} is not approved for this group any more", detail.summary.title);
        return Err(Failure::changed(what).back_to(format!("/updates/{update}"), "To the update"));
    };
    let reach = Reach::of(&mirror, &[group]);
    let computers = counted(reach.computers(), "computer");
    let frame = Frame::new(&manager, &visitor, "/updates", "Withdraw", &Fields::default());
    let question = Confirm {
        verdict: format!(
            "Withdraw {} from {}? It reaches {computers} on {} now.",
            detail.summary.title,
            own.group_name,
            counted(reach.servers(), "server")
        ),
        note: format!(
            "Now: {}. What is approved for a group above it holds for it then, and what is approved for one beneath it stays. \
             What is installed stays installed.",
            line(&mirror, group, action(own.action), own.deadline)
        ),
        hidden: vec![("group", group.to_string()), ("seen", written(&seen_for(&detail, group))?)],
        button: format!("Withdraw from {}", own.group_name),
        ..Confirm::new(frame, format!("/updates/{update}/withdraw"), format!("/updates/{update}"))
    };
    question.listing("Computers by server", reach.lines()).page()
}

pub(crate) async fn decline(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Html<String>, Failure> {
    let update = parsed(&id)?;
    visitor.permitted(Action::Administer)?;
    let mirror = manager.mirror();
    let detail = manager.update_now(update).await?;
    let groups: Vec<GroupId> = detail.approvals.iter().map(|one| one.group).collect();
    let (reach, title) = (Reach::of(&mirror, &groups), &detail.summary.title);
    let count = groups.len() as u64;
    let approvals = counted(count, "approval");
    let frame = Frame::new(&manager, &visitor, "/updates", "Decline", &Fields::default());
    let question = Confirm {
        verdict: match count {
            0 => format!("Decline {title}? It is approved for no group."),
            _ => format!("Decline {title}? {approvals} {} taken back.", verb(count)),
        },
        note: "No server offers it from then on. The decline can be undone; approvals do not come back with that."
            .to_owned(),
        hidden: vec![("seen", written(&seen(&detail))?)],
        button: match count {
            0 => "Decline".to_owned(),
            _ => format!("Decline, and take {approvals} back"),
        },
        ..Confirm::new(frame, format!("/updates/{update}/decline"), format!("/updates/{update}"))
    };
    let lines = detail.approvals.iter().map(|one| line(&mirror, one.group, action(one.action), one.deadline));
    let question = question.listing("Approvals that are taken back", lines.collect());
    let question = question.counting("approvals", count).counting("computers they reach", reach.computers());
    question.counting("servers", mirror.tree.servers.len() as u64).page()
}

/// Asks nobody: a halt is wanted most while a server is slow, or not reached.
pub(crate) async fn halt(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Html<String>, Failure> {
    let update = parsed(&id)?;
    visitor.permitted(Action::ForEveryGroup)?;
    let mirror = manager.mirror();
    let title = mirror.updates.title(update);
    let known = manager.known_decisions(&[update]);
    let approvals = || known.iter().flat_map(|update| &update.approvals);
    let groups: Vec<GroupId> = approvals().map(|one| one.group).collect();
    let reach = Reach::of(&mirror, &groups);
    let (count, below) = (groups.len() as u64, mirror.tree.servers.len().saturating_sub(1) as u64);
    let frame = Frame::new(&manager, &visitor, "/updates", "Halt", &Fields::default());
    let question = Confirm {
        verdict: format!(
            "Halt {title}? {} {} withdrawn, {} synchronised.",
            counted(count, "approval"),
            verb(count),
            counted(below, "server")
        ),
        note: match &mirror.problem {
            None => "What is installed stays installed. Approving it again ends the halt.".to_owned(),
            Some(_) => "The linked WSUS is not reached: the halt is pending until it is, and is then done."
                .to_owned(),
        },
        button: format!("Halt for {}", counted(reach.computers(), "computer")),
        is_urgent: true,
        ..Confirm::new(frame, format!("/updates/{update}/halt"), format!("/updates/{update}"))
    };
    let lines = approvals().map(|one| line(&mirror, one.group, action(one.action), one.deadline));
    let question = question.listing("Approvals that are withdrawn", lines.collect());
    let question = question.counting("approvals", count).counting("computers they reach", reach.computers());
    question.counting("servers below the top", below).page()
}
